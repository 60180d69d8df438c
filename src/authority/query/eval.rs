//! Evaluating expressions and conditions over a row and the rows joined to it. A condition may be unknown, as in SQL.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use super::{
    QueryError, Row, compare,
    compare::Patterns,
    functions, group,
    rows::{Rows, token_field},
    run,
};
use crate::domain::{
    Key, Token, Value,
    filter::{Arithmetic, Cond, Expr, Op, Query, Right, View},
};

/// A row and the rows joined to it, by alias; none where a join led nowhere.
pub(super) type Tuple = Vec<Option<Arc<Row>>>;

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
pub(super) struct Env<'e> {
    /// The row.
    pub(super) tuple: &'e [Option<Arc<Row>>],
    /// The rows that are summed up, where rows are gathered.
    pub(super) group: Option<&'e [Tuple]>,
    /// The row of the query around this one.
    pub(super) outer: Option<&'e Self>,
    /// What every count gives, where it is known without a group.
    pub(super) counted: Option<i64>,
}

/// What subqueries that do not depend on the row have given.
#[derive(Debug, Default)]
struct Known {
    values: HashMap<usize, Arc<Vec<Value>>>,
    ids: HashMap<usize, Arc<std::collections::HashSet<i64>>>,
    correlated: HashMap<usize, bool>,
}

/// Evaluates over rows.
pub(super) struct Eval<'t, 'a> {
    pub(super) rows: Rows<'t, 'a>,
    pub(super) view: View,
    patterns: Patterns,
    known: Known,
}

impl<'t, 'a> Eval<'t, 'a> {
    pub(super) fn new(rows: Rows<'t, 'a>, view: View) -> Self {
        Self { rows, view, patterns: Patterns::default(), known: Known::default() }
    }

    /// To be called for each of many rows: stops where the person at the terminal does not want to wait any longer.
    pub(super) fn poll(&self) -> Result<(), QueryError> {
        Ok(self.rows.tx.poll()?)
    }

    /// The value of an expression.
    pub(super) fn expr<'e>(&mut self, expr: &'e Expr, env: &Env<'e>) -> Result<Cow<'e, Value>, QueryError> {
        Ok(match expr {
            Expr::Column { alias, field, .. } => match env.tuple.get(*alias) {
                Some(Some(row)) => self.rows.value(row, *field)?,
                Some(None) | None => Cow::Owned(Value::Null),
            },
            Expr::Value(value) => Cow::Borrowed(value),
            Expr::OuterName(_) => Cow::Owned(Value::Null),
            Expr::Outer(inner) => match env.outer {
                Some(outer) => Cow::Owned(self.expr(inner, outer)?.into_owned()),
                None => Cow::Owned(Value::Null),
            },
            Expr::Call(func, args) => {
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    values.push(self.expr(arg, env)?);
                }
                Cow::Owned(functions::call(*func, &values, self.rows.tx.now())?)
            }
            Expr::Arithmetic(op, left, right) => {
                let (left, right) = (self.expr(left, env)?, self.expr(right, env)?);
                Cow::Owned(arithmetic(*op, &left, &right)?)
            }
            Expr::Case(arms, otherwise) => {
                for (cond, then) in arms {
                    if self.cond(cond, env)? == Some(true) {
                        return self.expr(then, env);
                    }
                }
                self.expr(otherwise, env)?
            }
            Expr::Aggregate(aggregate) => Cow::Owned(match env.counted {
                Some(count) => Value::Int(count),
                None => group::summarize(self, aggregate, env)?,
            }),
            Expr::Sub(query) => Cow::Owned(self.first_of(query, env)?),
            Expr::Exists(query) => Cow::Owned(Value::Bool(self.exists(query, env)?)),
            Expr::Test(cond) => Cow::Owned(self.cond(cond, env)?.map_or(Value::Null, Value::Bool)),
        })
    }

    /// Whether an expression has no value. The key of a token need not be opened for that.
    pub(super) fn is_missing(&mut self, expr: &Expr, env: &Env<'_>) -> Result<bool, QueryError> {
        if let Expr::Column { alias, field: token_field::KEY, .. } = expr
            && let Some(Some(row)) = env.tuple.get(*alias)
            && row.token.is_some()
        {
            return Ok(false);
        }
        Ok(self.expr(expr, env)?.is_null())
    }

    /// Whether a condition holds; `None`: unknown.
    pub(super) fn cond(&mut self, cond: &Cond, env: &Env<'_>) -> Result<Option<bool>, QueryError> {
        Ok(match cond {
            Cond::All(list) => {
                let mut all = Some(true);
                for cond in list {
                    match self.cond(cond, env)? {
                        Some(false) => return Ok(Some(false)),
                        Some(true) => {}
                        None => all = None,
                    }
                }
                all
            }
            Cond::Any(list) => {
                let mut any = Some(false);
                for cond in list {
                    match self.cond(cond, env)? {
                        Some(true) => return Ok(Some(true)),
                        Some(false) => {}
                        None => any = None,
                    }
                }
                any
            }
            Cond::Odd(list) => {
                // Django asks SQLite for the sum of those that are true: what is unknown counts as false.
                let mut odd = false;
                for cond in list {
                    odd ^= self.cond(cond, env)? == Some(true);
                }
                Some(odd)
            }
            Cond::Not(inner) => self.cond(inner, env)?.map(|holds| !holds),
            Cond::Known(inner) => Some(self.cond(inner, env)? == Some(true)),
            Cond::Always(holds) => Some(*holds),
            Cond::IsNull(expr) => Some(self.is_missing(expr, env)?),
            Cond::Holds(expr) => {
                let value = self.expr(expr, env)?;
                if value.is_null() { None } else { Some(value.number().is_some_and(|n| n != 0.0)) }
            }
            Cond::Among(query) => {
                let Some(Some(row)) = env.tuple.first() else { return Ok(Some(false)) };
                let id = row.id;
                Some(self.ids_of(query)?.contains(&id))
            }
            Cond::Test { left, op, right } => self.test(left, *op, right, env)?,
        })
    }

    fn test(&mut self, left: &Expr, op: Op, right: &Right, env: &Env<'_>) -> Result<Option<bool>, QueryError> {
        if let Expr::Column { alias, field: token_field::KEY, .. } = left
            && let Some(Some(row)) = env.tuple.get(*alias)
            && let Some(token) = row.token.as_ref().filter(|token| token.key.sealed.is_none())
        {
            return self.test_unseen_key(token, op, right, env);
        }
        let left = self.expr(left, env)?;
        if left.is_null() {
            return Ok(None);
        }
        match right {
            Right::One(right) => {
                let right = self.expr(right, env)?;
                self.compare(&left, op, &right)
            }
            Right::Many(list) if op == Op::Range => {
                let [low, high] = list.as_slice() else { return Ok(None) };
                let (low, high) = (self.expr(low, env)?, self.expr(high, env)?);
                if low.is_null() || high.is_null() {
                    return Ok(None);
                }
                Ok(Some(left.order(&low).is_ge() && left.order(&high).is_le()))
            }
            Right::Many(list) => {
                for right in list {
                    let right = self.expr(right, env)?;
                    if !right.is_null() && same(&left, &right) {
                        return Ok(Some(true));
                    }
                }
                Ok(Some(false))
            }
            Right::Pattern(pattern) => Ok(Some(pattern.matcher.matches(&left.to_text().unwrap_or_default()))),
            Right::Rows(query) => {
                let values = self.values_of(query, env)?;
                if op == Op::In {
                    return Ok(Some(values.iter().any(|value| same(&left, value))));
                }
                match values.first() {
                    Some(first) => self.compare(&left, op, first),
                    None => Ok(None),
                }
            }
        }
    }

    /// A key that was shown once is known by its digest alone: whether it is this one can be told, and nothing else.
    fn test_unseen_key(
        &mut self,
        token: &Token,
        op: Op,
        right: &Right,
        env: &Env<'_>,
    ) -> Result<Option<bool>, QueryError> {
        let wanted = match (op, right) {
            (Op::Exact, Right::One(one)) => vec![self.expr(one, env)?.into_owned()],
            (Op::In, Right::Many(list)) => {
                list.iter().map(|one| Ok(self.expr(one, env)?.into_owned())).collect::<Result<_, QueryError>>()?
            }
            (Op::In, Right::Rows(query)) => self.values_of(query, env)?.to_vec(),
            _ => return Ok(None),
        };
        for text in wanted.iter().filter_map(Value::text) {
            if self.rows.tx.is_key_of(token, &Key::from_text(text.to_owned()))? {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }

    fn compare(&mut self, left: &Value, op: Op, right: &Value) -> Result<Option<bool>, QueryError> {
        if right.is_null() {
            return Ok(None);
        }
        Ok(Some(match op {
            Op::Exact | Op::In | Op::Range => same(left, right),
            Op::Gt => left.order(right).is_gt(),
            Op::Gte => left.order(right).is_ge(),
            Op::Lt => left.order(right).is_lt(),
            Op::Lte => left.order(right).is_le(),
            Op::Like | Op::Contains | Op::StartsWith | Op::EndsWith => match (left.text(), right.text()) {
                (Some(left), Some(right)) => compare::like(left, op, right),
                _ => {
                    let (left, right) = (left.to_text().unwrap_or_default(), right.to_text().unwrap_or_default());
                    compare::like(&left, op, &right)
                }
            },
            Op::Regex | Op::IRegex => {
                let (left, right) = (left.to_text().unwrap_or_default(), right.to_text().unwrap_or_default());
                self.patterns.matches(&left, &right, op == Op::IRegex)?
            }
        }))
    }

    /// Whether a query depends on the row around it, asked once.
    fn is_correlated(&mut self, query: &Query) -> bool {
        *self.known.correlated.entry(address(query)).or_insert_with(|| query.is_correlated())
    }

    fn values_of(&mut self, query: &Query, env: &Env<'_>) -> Result<Arc<Vec<Value>>, QueryError> {
        let correlated = self.is_correlated(query);
        if !correlated && let Some(values) = self.known.values.get(&address(query)) {
            return Ok(Arc::clone(values));
        }
        let values = Arc::new(run::first_values(self, query, Some(env))?);
        if !correlated {
            self.known.values.insert(address(query), Arc::clone(&values));
        }
        Ok(values)
    }

    fn first_of(&mut self, query: &Query, env: &Env<'_>) -> Result<Value, QueryError> {
        if !self.is_correlated(query) {
            return Ok(self.values_of(query, env)?.first().cloned().unwrap_or_default());
        }
        let mut first = query.clone();
        first.to = Some(first.to.unwrap_or(usize::MAX).min(first.from + 1));
        Ok(run::first_values(self, &first, Some(env))?.into_iter().next().unwrap_or_default())
    }

    fn exists(&mut self, query: &Query, env: &Env<'_>) -> Result<bool, QueryError> {
        if !self.is_correlated(query) {
            return Ok(!self.values_of(query, env)?.is_empty());
        }
        Ok(!run::first_values(self, query, Some(env))?.is_empty())
    }

    /// The ids of the rows of a query that does not depend on the row.
    fn ids_of(&mut self, query: &Query) -> Result<Arc<std::collections::HashSet<i64>>, QueryError> {
        if let Some(ids) = self.known.ids.get(&address(query)) {
            return Ok(Arc::clone(ids));
        }
        let ids = Arc::new(run::ids(self, query)?.into_iter().collect());
        self.known.ids.insert(address(query), Arc::clone(&ids));
        Ok(ids)
    }
}

/// Which node of the tree it is: the tree does not move while it is evaluated.
fn address(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}

/// Equal, as SQLite's `=` finds two values that are there.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => a == b,
        (a, b) => a.order(b).is_eq(),
    }
}

fn arithmetic(op: Arithmetic, left: &Value, right: &Value) -> Result<Value, QueryError> {
    if let (Value::Time(at), Value::Span(span)) = (left, right) {
        return Ok(match op {
            Arithmetic::Add => Value::Time(crate::domain::Timestamp(at.0.saturating_add(*span))),
            Arithmetic::Sub => Value::Time(crate::domain::Timestamp(at.0.saturating_sub(*span))),
            Arithmetic::Mul
            | Arithmetic::Div
            | Arithmetic::Mod
            | Arithmetic::Pow
            | Arithmetic::BitAnd
            | Arithmetic::BitOr
            | Arithmetic::BitXor
            | Arithmetic::ShiftLeft
            | Arithmetic::ShiftRight => Value::Null,
        });
    }
    if let (Value::Time(a), Value::Time(b), Arithmetic::Sub) = (left, right, op) {
        return Ok(Value::Span(a.0.saturating_sub(b.0)));
    }
    if left.is_null() || right.is_null() {
        return Ok(Value::Null);
    }
    let spans = matches!((left, right), (Value::Span(_), Value::Span(_)));
    let (left, right) = (&left.counted(), &right.counted());
    if let (Some(a), Some(b)) = (left.int(), right.int()) {
        let whole = match op {
            Arithmetic::Add => a.checked_add(b),
            Arithmetic::Sub => a.checked_sub(b),
            Arithmetic::Mul => a.checked_mul(b),
            Arithmetic::Div if b == 0 => return Ok(Value::Null),
            Arithmetic::Div => a.checked_div(b),
            Arithmetic::Mod if b == 0 => return Ok(Value::Null),
            Arithmetic::Mod => a.checked_rem(b),
            Arithmetic::Pow => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
            Arithmetic::BitAnd => Some(a & b),
            Arithmetic::BitOr => Some(a | b),
            Arithmetic::BitXor => Some(a ^ b),
            Arithmetic::ShiftLeft => Some(shifted(a, b)),
            Arithmetic::ShiftRight => Some(shifted(a, b.saturating_neg())),
        };
        if whole.is_none() && op != Arithmetic::Pow {
            // SQLite goes on with floating-point numbers.
            return float_arithmetic(op, left, right);
        }
        let whole = whole.ok_or(QueryError::Overflow)?;
        return Ok(if spans { Value::Span(whole) } else { Value::Int(whole) });
    }
    float_arithmetic(op, left, right)
}

/// SQLite's `<<`, which shifts the other way by what is negative.
const fn shifted(n: i64, by: i64) -> i64 {
    match by {
        64.. => 0,
        0..64 => n << by,
        -63..0 => n >> -by,
        _ => {
            if n < 0 {
                -1
            } else {
                0
            }
        }
    }
}

fn float_arithmetic(op: Arithmetic, left: &Value, right: &Value) -> Result<Value, QueryError> {
    let (Some(a), Some(b)) = (left.number(), right.number()) else { return Ok(Value::Null) };
    #[expect(clippy::cast_possible_truncation, reason = "SQLite cuts both sides of % to whole numbers as well")]
    let whole = |x: f64| Value::Int(x as i64);
    Ok(match op {
        Arithmetic::Mod => match arithmetic(op, &whole(a), &whole(b))? {
            #[expect(clippy::cast_precision_loss, reason = "a remainder of what was a floating-point number")]
            Value::Int(n) => Value::Float(n as f64),
            other => other,
        },
        Arithmetic::BitAnd | Arithmetic::BitOr | Arithmetic::ShiftLeft | Arithmetic::ShiftRight => {
            arithmetic(op, &whole(a), &whole(b))?
        }
        Arithmetic::Add => Value::Float(a + b),
        Arithmetic::Sub => Value::Float(a - b),
        Arithmetic::Mul => Value::Float(a * b),
        Arithmetic::Div if b == 0.0 => Value::Null,
        Arithmetic::Div => Value::Float(a / b),
        Arithmetic::Pow => Value::Float(a.powf(b)),
        // Django's own function, which Python refuses for what is no whole number.
        Arithmetic::BitXor => return Err(QueryError::Function),
    })
}
