//! Walking through the expressions of a query.

use super::{Aggregate, Alias, Cond, Expr, Grouping, OrderBy, Query, Right, Select};

impl Query {
    /// Replaces each name of the query around this one by what `find` makes of it.
    ///
    /// # Errors
    /// The first one of `find`.
    pub fn bind_outer<E>(&mut self, find: &mut dyn FnMut(&str) -> Result<Expr, E>) -> Result<(), E> {
        let mut first = Ok(());
        self.each_expr(&mut |expr| {
            if let Expr::OuterName(name) = expr {
                match find(name) {
                    Ok(found) => *expr = Expr::Outer(Box::new(found)),
                    Err(error) if first.is_ok() => first = Err(error),
                    Err(_) => {}
                }
            }
        });
        first
    }

    /// Whether it depends on the row of the query around it.
    #[must_use]
    pub fn is_correlated(&self) -> bool {
        let mut found = false;
        // The walk wants a mutable tree; a query is small.
        self.clone().each_expr(&mut |expr| found |= matches!(expr, Expr::Outer(_)));
        found
    }

    fn each_expr(&mut self, f: &mut dyn FnMut(&mut Expr)) {
        self.conditions.iter_mut().for_each(|cond| cond.each_expr(f));
        self.annotations.iter_mut().for_each(|annotation| annotation.expr.each(f));
        if let Grouping::By(by) = &mut self.grouping {
            by.iter_mut().for_each(|expr| expr.each(f));
        }
        for order in &mut self.order {
            if let OrderBy::Expr(expr) = &mut order.by {
                expr.each(f);
            }
        }
        if let Select::Values(values) = &mut self.select {
            values.iter_mut().for_each(|(_, expr)| expr.each(f));
        }
        if let Some((_, others)) = &mut self.combined {
            others.iter_mut().for_each(|query| query.each_expr(f));
        }
    }
}

impl Cond {
    fn each_expr(&mut self, f: &mut dyn FnMut(&mut Expr)) {
        match self {
            Self::All(list) | Self::Any(list) | Self::Odd(list) => list.iter_mut().for_each(|cond| cond.each_expr(f)),
            Self::Not(inner) | Self::Known(inner) => inner.each_expr(f),
            Self::Always(_) => {}
            Self::Test { left, right, .. } => {
                left.each(f);
                match right {
                    Right::One(expr) => expr.each(f),
                    Right::Many(list) => list.iter_mut().for_each(|expr| expr.each(f)),
                    Right::Rows(query) => query.each_expr(f),
                    Right::Pattern(_) => {}
                }
            }
            Self::IsNull(expr) | Self::Holds(expr) => expr.each(f),
            Self::Among(query) => query.each_expr(f),
        }
    }

    /// Whether it sums up several rows of its own query.
    #[must_use]
    pub fn has_aggregate(&self) -> bool {
        let mut found = false;
        self.here(&mut |expr| found |= matches!(expr, Expr::Aggregate(_)));
        found
    }

    /// Adds the fields of the row at an alias that it looks at.
    pub fn fields_at(&self, wanted: Alias, fields: &mut Vec<usize>) {
        self.here(&mut |expr| {
            if let Expr::Column { alias, field, .. } = expr
                && *alias == wanted
            {
                fields.push(*field);
            }
        });
    }

    /// Walks through its own query's expressions, not through those of subqueries.
    fn here<'a>(&'a self, f: &mut dyn FnMut(&'a Expr)) {
        match self {
            Self::All(list) | Self::Any(list) | Self::Odd(list) => list.iter().for_each(|cond| cond.here(f)),
            Self::Not(inner) | Self::Known(inner) => inner.here(f),
            Self::Always(_) | Self::Among(_) => {}
            Self::Test { left, right, .. } => {
                left.here(f);
                match right {
                    Right::One(expr) => expr.here(f),
                    Right::Many(list) => list.iter().for_each(|expr| expr.here(f)),
                    Right::Rows(_) | Right::Pattern(_) => {}
                }
            }
            Self::IsNull(expr) | Self::Holds(expr) => expr.here(f),
        }
    }
}

impl Expr {
    fn each(&mut self, f: &mut dyn FnMut(&mut Self)) {
        f(self);
        match self {
            Self::Column { .. } | Self::Value(_) | Self::OuterName(_) | Self::Outer(_) => {}
            Self::Call(_, args) => args.iter_mut().for_each(|arg| arg.each(f)),
            Self::Arithmetic(_, left, right) => {
                left.each(f);
                right.each(f);
            }
            Self::Case(arms, otherwise) => {
                for (cond, then) in arms {
                    cond.each_expr(f);
                    then.each(f);
                }
                otherwise.each(f);
            }
            Self::Aggregate(aggregate) => {
                let Aggregate { of, filter, .. } = &mut **aggregate;
                of.iter_mut().for_each(|expr| expr.each(f));
                filter.iter_mut().for_each(|cond| cond.each_expr(f));
            }
            Self::Sub(query) | Self::Exists(query) => query.each_expr(f),
            Self::Test(cond) => cond.each_expr(f),
        }
    }

    /// Whether it looks at rows that are joined.
    #[must_use]
    pub fn looks_beyond_own_row(&self) -> bool {
        let mut found = false;
        self.here(&mut |expr| found |= matches!(expr, Self::Column { alias: 1.., .. }));
        found
    }

    /// Adds the fields of the row at an alias that it looks at.
    pub fn fields_at(&self, wanted: Alias, fields: &mut Vec<usize>) {
        self.here(&mut |expr| {
            if let Self::Column { alias, field, .. } = expr
                && *alias == wanted
            {
                fields.push(*field);
            }
        });
    }

    /// Whether it sums up values that sum up rows themselves.
    #[must_use]
    pub fn nests_aggregate(&self) -> bool {
        matches!(self, Self::Aggregate(outer) if outer.of.as_ref().is_some_and(Self::has_aggregate))
    }

    /// Whether it sums up several rows of its own query.
    #[must_use]
    pub fn has_aggregate(&self) -> bool {
        let mut found = false;
        self.here(&mut |expr| found |= matches!(expr, Self::Aggregate(_)));
        found
    }

    fn here<'a>(&'a self, f: &mut dyn FnMut(&'a Self)) {
        f(self);
        match self {
            Self::Column { .. }
            | Self::Value(_)
            | Self::OuterName(_)
            | Self::Outer(_)
            | Self::Sub(_)
            | Self::Exists(_) => {}
            Self::Call(_, args) => args.iter().for_each(|arg| arg.here(f)),
            Self::Arithmetic(_, left, right) => {
                left.here(f);
                right.here(f);
            }
            Self::Case(arms, otherwise) => {
                for (cond, then) in arms {
                    cond.here(f);
                    then.here(f);
                }
                otherwise.here(f);
            }
            Self::Aggregate(aggregate) => {
                aggregate.of.iter().for_each(|expr| expr.here(f));
                aggregate.filter.iter().for_each(|cond| cond.here(f));
            }
            Self::Test(cond) => cond.here(f),
        }
    }
}

impl Query {
    /// Takes over the joins of another query on the same model; returns its conditions, which look at them.
    pub fn adopt(&mut self, other: Self) -> Vec<Cond> {
        let mut places = vec![0];
        self.calls += 1;
        for join in other.joins {
            let parent = places[join.parent];
            let place = self.join(parent, join.step, self.calls);
            places.push(place);
        }
        let mut conditions = other.conditions;
        for cond in &mut conditions {
            cond.own_exprs(&mut |expr| {
                if let Expr::Column { alias, .. } = expr {
                    *alias = places[*alias];
                }
            });
        }
        conditions
    }
}

impl Cond {
    /// As `each_expr`, without going into subqueries, whose aliases are their own.
    fn own_exprs(&mut self, f: &mut dyn FnMut(&mut Expr)) {
        match self {
            Self::All(list) | Self::Any(list) | Self::Odd(list) => list.iter_mut().for_each(|cond| cond.own_exprs(f)),
            Self::Not(inner) | Self::Known(inner) => inner.own_exprs(f),
            Self::Always(_) | Self::Among(_) => {}
            Self::Test { left, right, .. } => {
                left.each(f);
                match right {
                    Right::One(expr) => expr.each(f),
                    Right::Many(list) => list.iter_mut().for_each(|expr| expr.each(f)),
                    Right::Rows(_) | Right::Pattern(_) => {}
                }
            }
            Self::IsNull(expr) | Self::Holds(expr) => expr.each(f),
        }
    }
}
