//! A question about rows as a tree: what Django's `filter`, `annotate`, `order_by` and `values` build up. Compiled once
//! from names, evaluated in `authority`, by index where there is one.

mod expression;
mod path;
mod pattern;
mod visit;

pub use expression::{Aggregate, Arithmetic, Expr, Func, Hash, Math, Part, Summary, Trunc};
pub use path::{Path, PathError, Step, Target, choices, links};
pub use pattern::{Matcher, Pattern};

use super::{Model, Value};

/// A row that takes part in a query: 0 is the model's own, `n` the one that the join `n - 1` leads to.
pub type Alias = usize;

/// Which tokens are looked at.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum View {
    /// What DRF has: the unnamed token of each user that is not revoked.
    Django,
    /// All of them, with the fields that DRF lacks.
    Every,
}

/// A step to related rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// From which row.
    pub parent: Alias,
    /// How.
    pub step: Step,
    /// The call of `filter` that made it. A step to many rows is shared within one call only, as in Django.
    pub call: u32,
}

/// A condition. It may be unknown, as in SQL, where a value is missing.
#[derive(Clone, Debug, PartialEq)]
pub enum Cond {
    /// Every one holds.
    All(Vec<Self>),
    /// One at least holds.
    Any(Vec<Self>),
    /// An odd number of them holds.
    Odd(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// What is unknown does not hold: Django's `AND ... IS NOT NULL` inside a negation.
    Known(Box<Self>),
    /// Always or never.
    Always(bool),
    /// A comparison.
    Test {
        /// What is compared.
        left: Expr,
        /// How.
        op: Op,
        /// With what.
        right: Right,
    },
    /// There is no value (or, negated with `Not`, there is one).
    IsNull(Expr),
    /// The expression is true.
    Holds(Expr),
    /// The row of the model itself is among those of this query: how an exclusion across many rows is asked.
    Among(Box<Query>),
}

/// A comparison.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Op {
    /// Equal.
    Exact,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// One of several.
    In,
    /// Between two, both included.
    Range,
    /// SQLite's LIKE, which tells no case of ASCII letters: the whole text.
    Like,
    /// LIKE: anywhere in the text.
    Contains,
    /// LIKE: at the beginning.
    StartsWith,
    /// LIKE: at the end.
    EndsWith,
    /// A regular expression matches somewhere.
    Regex,
    /// The same, whatever the case.
    IRegex,
}

/// The right side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Right {
    /// One value.
    One(Expr),
    /// Several.
    Many(Vec<Expr>),
    /// The first selected value of each row of a query.
    Rows(Box<Query>),
    /// A regular expression that was compiled beforehand.
    Pattern(Pattern),
}

/// A value computed for each row, under a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// Its name.
    pub name: String,
    /// The value.
    pub expr: Expr,
    /// Whether it is part of the result (`annotate`) or a name only (`alias`).
    pub shown: bool,
    /// Django's class of field for its values, where it could be told.
    pub class: Option<&'static str>,
}

/// What rows are gathered by where a value sums up several.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Grouping {
    /// Not at all.
    #[default]
    None,
    /// Each row of the model is a group.
    Model,
    /// Rows with equal values of these are a group.
    By(Vec<Expr>),
}

/// One key of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// By what.
    pub by: OrderBy,
    /// From great to small.
    pub descending: bool,
    /// Where rows without a value go; `None`: first, and last where descending, as in SQLite.
    pub nulls: Option<Nulls>,
}

/// What an order is by.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderBy {
    /// A value.
    Expr(Expr),
    /// Chance.
    Random,
}

/// Where rows without a value go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Nulls {
    /// Before all others.
    First,
    /// Behind all others.
    Last,
}

/// What is wanted of each row.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Select {
    /// The row itself.
    #[default]
    Row,
    /// The row, of which only these fields were asked for: their places in the model.
    Only(Vec<usize>),
    /// These values, under these names.
    Values(Vec<(String, Expr)>),
}

/// How the results of queries are put together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Combine {
    /// What is in one of them, once.
    Union,
    /// Everything in all of them.
    UnionAll,
    /// What is in all of them.
    Intersection,
    /// What is in the first and no other.
    Difference,
}

/// A question about the rows of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Whose rows.
    pub model: Model,
    /// Which tokens, where they are the rows.
    pub view: View,
    /// The related rows that take part.
    pub joins: Vec<Join>,
    /// All must hold.
    pub conditions: Vec<Cond>,
    /// Computed values.
    pub annotations: Vec<Annotation>,
    /// How rows are gathered.
    pub grouping: Grouping,
    /// The order that was asked for.
    pub order: Vec<Order>,
    /// Whether the model's own order counts where none was asked for.
    pub default_order: bool,
    /// The other way round.
    pub reversed: bool,
    /// Equal results once only.
    pub distinct: bool,
    /// How many results to leave out at the start.
    pub from: usize,
    /// Before which result to end.
    pub to: Option<usize>,
    /// What is wanted of each row.
    pub select: Select,
    /// Results of other queries that are put together with those of this one.
    pub combined: Option<(Combine, Vec<Self>)>,
    /// Numbers the calls of `filter`.
    pub calls: u32,
}

impl Query {
    /// All rows of a model.
    #[must_use]
    pub fn new(model: Model, view: View) -> Self {
        Self {
            model,
            view,
            joins: Vec::new(),
            conditions: Vec::new(),
            annotations: Vec::new(),
            grouping: Grouping::None,
            order: Vec::new(),
            default_order: true,
            reversed: false,
            distinct: false,
            from: 0,
            to: None,
            select: Select::Row,
            combined: None,
            calls: 0,
        }
    }

    /// The model whose rows an alias stands for.
    #[must_use]
    pub fn model_at(&self, alias: Alias) -> Model {
        match alias.checked_sub(1) {
            None => self.model,
            Some(join) => self.joins[join].step.to(),
        }
    }

    /// The row that `step` leads to from `parent`, joined if it was not yet. Call 0 shares what any call has joined:
    /// an order, a selection or an annotation.
    pub fn join(&mut self, parent: Alias, step: Step, call: u32) -> Alias {
        let shared = |join: &Join| {
            join.parent == parent && join.step == step && (!step.reaches_many() || call == 0 || join.call == call)
        };
        match self.joins.iter().position(shared) {
            Some(at) => at + 1,
            None => {
                self.joins.push(Join { parent, step, call });
                self.joins.len()
            }
        }
    }

    /// Whether this call has joined the steps of `path`.
    #[must_use]
    pub fn has_joined(&self, path: &Path<'_>, call: u32) -> bool {
        let mut alias = 0;
        path.steps.iter().all(|step| {
            let same = |join: &Join| join.parent == alias && join.step == *step && join.call == call;
            match self.joins.iter().position(same) {
                Some(at) => {
                    alias = at + 1;
                    true
                }
                None => false,
            }
        })
    }

    /// Joins the steps of `path` and names the column at its end. A last step to a primary key is not taken: the
    /// column that holds it is there already.
    pub fn column(&mut self, path: &Path, call: u32) -> Expr {
        let mut steps = path.steps.as_slice();
        let mut field = path.target.field;
        if let Some((Step::Forward { field: key, to, .. }, before)) = steps.split_last()
            && field == to.describe().pk
        {
            steps = before;
            field = *key;
        }
        let alias = steps.iter().fold(0, |alias, step| self.join(alias, step.clone(), call));
        Expr::Column { alias, model: self.model_at(alias), field }
    }

    /// The computed value of this name.
    #[must_use]
    pub fn annotation(&self, name: &str) -> Option<&Annotation> {
        self.annotations.iter().find(|annotation| annotation.name == name)
    }

    /// Whether a part of the results was cut out.
    #[must_use]
    pub fn is_sliced(&self) -> bool {
        self.from > 0 || self.to.is_some()
    }

    /// Whether it can be told without a look that there is no result.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.to.is_some_and(|to| to <= self.from) || self.conditions.iter().any(Cond::is_never)
    }

    /// The order that counts: the asked one, else the model's own.
    pub fn effective_order(&mut self) -> Vec<Order> {
        if !self.order.is_empty() || !self.default_order || self.grouping != Grouping::None {
            return self.order.clone();
        }
        let names = self.model.describe().ordering;
        names
            .iter()
            .map(|name| {
                let (name, descending) = name.strip_prefix('-').map_or((*name, false), |name| (name, true));
                let path = Path::resolve(self.model, self.view, name).expect("the table's orders name its own fields");
                Order { by: OrderBy::Expr(self.column(&path, 0)), descending, nulls: None }
            })
            .collect()
    }
}

impl Cond {
    /// A comparison with one value.
    #[must_use]
    pub fn test(left: Expr, op: Op, right: Expr) -> Self {
        Self::Test { left, op, right: Right::One(right) }
    }

    /// Equal to a value.
    #[must_use]
    pub fn equals(left: Expr, value: Value) -> Self {
        Self::test(left, Op::Exact, Expr::Value(value))
    }

    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Always(yes) => Self::Always(!yes),
            other => Self::Not(Box::new(other)),
        }
    }

    /// Whether it can be told without a look that it never holds.
    #[must_use]
    pub fn is_never(&self) -> bool {
        match self {
            Self::Always(yes) => !yes,
            Self::All(all) => all.iter().any(Self::is_never),
            Self::Any(any) => !any.is_empty() && any.iter().all(Self::is_never),
            Self::Known(inner) => inner.is_never(),
            Self::Odd(_) | Self::Not(_) | Self::Test { .. } | Self::IsNull(_) | Self::Holds(_) | Self::Among(_) => {
                false
            }
        }
    }
}
