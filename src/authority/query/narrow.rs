//! Shorter ways to the results of a query over one table: by its columns, and without a tuple for each row.

use std::sync::Arc;

use super::{
    QueryError, Row,
    cache::Table,
    eval::{Env, Eval, Tuple},
    gather, order as ordering, plan,
    rows::is_looked_up,
    run::Found,
};
use crate::domain::{
    Value,
    filter::{Cond, Expr, Grouping, Op, Order, OrderBy, Query, Right, Select, Step, Summary},
};

/// From so many rows on it pays to have a column.
const MANY: usize = 256;

/// More than so many first rows are not looked for one by one.
const FEW: usize = 4096;

/// Rows that are results as they are.
#[derive(Clone, Debug)]
pub struct Picked {
    pub(super) rows: Table,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Picked {
    /// The rows, in order.
    #[must_use]
    pub fn rows(&self) -> &[Arc<Row>] {
        &self.rows[self.from..self.to]
    }

    /// Where the same rows are found as long as nothing changes; what is made of them may be kept under it.
    #[must_use]
    pub fn whole(&self) -> Option<&Arc<Vec<Arc<Row>>>> {
        (self.from == 0 && self.to == self.rows.len()).then_some(&self.rows)
    }
}

/// The own fields that a query selects, where it selects nothing else; a row alone selects none.
fn plain_fields(query: &Query) -> Option<Vec<usize>> {
    match &query.select {
        Select::Row | Select::Only(_) => Some(Vec::new()),
        Select::Values(values) => values.iter().map(|(_, expr)| own_field(query, expr)).collect(),
    }
}

/// The field, where an expression is one of the row itself that lies in it.
pub(super) fn own_field(query: &Query, expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Column { alias: 0, field, .. } if !is_looked_up(query.model, *field) => Some(*field),
        _ => None,
    }
}

/// The results, where each is a row or consists of a row's own values, in the order in which they are come across.
pub(super) fn pick(eval: &mut Eval<'_, '_>, query: &Query) -> Result<Option<Picked>, QueryError> {
    let simple = query.joins.is_empty()
        && query.combined.is_none()
        && query.grouping == Grouping::None
        && !query.distinct
        && query.annotations.iter().all(|annotation| !annotation.shown)
        && query.clone().effective_order().is_empty()
        && plain_fields(query).is_some();
    if !simple {
        return Ok(None);
    }
    let mut rows = Table::default();
    if !query.is_empty() {
        let base = plan::candidates(eval, query, None)?;
        rows = if query.conditions.is_empty() {
            base
        } else {
            let base = narrowed(eval, query, &base)?.unwrap_or(base);
            Arc::new(fulfilling(eval, query, &base)?)
        };
    }
    let to = query.to.unwrap_or(usize::MAX).min(rows.len());
    Ok(Some(Picked { from: query.from.min(to), to, rows }))
}

fn fulfilling(eval: &mut Eval<'_, '_>, query: &Query, base: &Table) -> Result<Vec<Arc<Row>>, QueryError> {
    let conditions: Vec<&Cond> = query.conditions.iter().collect();
    let mut kept = Vec::new();
    // One tuple serves all rows.
    let mut tuple: Tuple = vec![None];
    for row in base.iter() {
        eval.poll()?;
        tuple[0] = Some(Arc::clone(row));
        if gather::holds(eval, &conditions, &Env { tuple: &tuple, group: None, outer: None, counted: None })? {
            kept.push(Arc::clone(row));
            if query.to.is_some_and(|to| kept.len() >= to) {
                break;
            }
        }
    }
    Ok(kept)
}

/// Fewer rows than those of `base` among which all results are, in the same order; none where all must be looked at.
pub(super) fn narrowed(eval: &mut Eval<'_, '_>, query: &Query, base: &Table) -> Result<Option<Table>, QueryError> {
    if base.len() < MANY {
        return Ok(None);
    }
    if let Some((field, op, wanted)) = query.conditions.iter().find_map(|cond| text_test(query, cond))
        && let Some(texts) = eval.rows.texts(base, field)
    {
        return Ok(Some(at_places(base, &texts.like(op, wanted))));
    }
    let plain = query.conditions.is_empty() && query.joins.is_empty() && query.grouping == Grouping::None;
    let Some(top) = query.to.filter(|to| plain && !query.distinct && *to <= FEW) else { return Ok(None) };
    let order = ordering::direction(query.clone().effective_order(), query.reversed);
    let [Order { by: OrderBy::Expr(by), descending, nulls: None }] = order.as_slice() else { return Ok(None) };
    let Some(field) = own_field(query, by) else { return Ok(None) };
    if let Some(numbers) = eval.rows.numbers(base, field) {
        return Ok(Some(at_places(base, &numbers.first(top, *descending))));
    }
    Ok(Some(at_places(base, &first_places(base, field, top, *descending))))
}

fn at_places(base: &Table, places: &[usize]) -> Table {
    Arc::new(places.iter().map(|place| Arc::clone(&base[*place])).collect())
}

/// The places of the first rows in the order of a field, where equal ones keep their order.
fn first_places(base: &Table, field: usize, top: usize, descending: bool) -> Vec<usize> {
    let value = |place: usize| base[place].value(field);
    let before = |a: usize, b: usize| {
        let order = value(a).order(&value(b));
        if descending { order.reverse() } else { order }.then(a.cmp(&b))
    };
    let mut kept: Vec<usize> = Vec::with_capacity(2 * top + MANY);
    for place in 0..base.len() {
        kept.push(place);
        if kept.len() == kept.capacity() {
            kept.sort_unstable_by(|a, b| before(*a, *b));
            kept.truncate(top);
        }
    }
    kept.sort_unstable_by(|a, b| before(*a, *b));
    kept.truncate(top);
    kept.sort_unstable();
    kept
}

/// A condition that must hold and looks for something in a text of the row itself.
fn text_test<'q>(query: &Query, cond: &'q Cond) -> Option<(usize, Op, &'q str)> {
    match cond {
        Cond::All(list) => list.iter().find_map(|cond| text_test(query, cond)),
        Cond::Test { left, op, right: Right::One(Expr::Value(Value::Text(wanted))) } => match op {
            Op::Contains | Op::StartsWith | Op::EndsWith | Op::Like => {
                own_field(query, left).map(|field| (field, *op, wanted.as_str()))
            }
            Op::Exact | Op::Gt | Op::Gte | Op::Lt | Op::Lte | Op::In | Op::Range | Op::Regex | Op::IRegex => None,
        },
        Cond::Test { .. }
        | Cond::Any(_)
        | Cond::Odd(_)
        | Cond::Not(_)
        | Cond::Known(_)
        | Cond::Always(_)
        | Cond::IsNull(_)
        | Cond::Holds(_)
        | Cond::Among(_) => None,
    }
}

/// The results where each row is annotated with nothing but how many rows it is linked to: no group is made for that.
pub(super) fn counted(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    order: &[Order],
) -> Result<Option<Vec<Found>>, QueryError> {
    let [join] = query.joins.as_slice() else { return Ok(None) };
    let many = match &join.step {
        Step::Links { .. } => true,
        Step::Back { to, .. } => to.concrete() == crate::domain::Model::Token,
        Step::Forward { .. } => false,
    };
    let counts = |expr: &Expr| match expr {
        Expr::Aggregate(sum) => {
            let of =
                |expr: &Expr| matches!(expr, Expr::Column { alias: 1, model, field } if *field == model.describe().pk);
            sum.summary == Summary::Count && sum.filter.is_none() && sum.of.as_ref().is_some_and(of)
        }
        _ => false,
    };
    let simple = many
        && query.grouping == Grouping::Model
        && matches!(query.select, Select::Row)
        && query.conditions.is_empty()
        && !query.distinct
        && query.annotations.iter().all(|annotation| counts(&annotation.expr))
        && order.iter().all(|key| match &key.by {
            OrderBy::Expr(expr) => counts(expr) || own_field(query, expr).is_some(),
            OrderBy::Random => false,
        });
    if !simple {
        return Ok(None);
    }
    let base = plan::candidates(eval, query, None)?;
    eval.rows.prepare(&join.step, query.view)?;
    let shown = query.annotations.iter().filter(|annotation| annotation.shown).count();
    let mut kept: Vec<(Vec<Value>, Arc<Row>, i64)> = Vec::new();
    let mut tuple: Tuple = vec![None, None];
    for row in base.iter() {
        eval.poll()?;
        let count = eval.rows.count_of(row, &join.step, query.view)?;
        tuple[0] = Some(Arc::clone(row));
        let env = Env { tuple: &tuple, group: None, outer: None, counted: Some(count) };
        let mut keys = Vec::with_capacity(order.len());
        for key in order {
            if let OrderBy::Expr(expr) = &key.by {
                keys.push(eval.expr(expr, &env)?.into_owned());
            }
        }
        kept.push((keys, Arc::clone(row), count));
        if let Some(top) = query.to.filter(|top| kept.len() > 4 * top.saturating_add(256)) {
            kept.sort_by(|(a, ..), (b, ..)| ordering::by_keys(order, a, b));
            kept.truncate(top);
        } else if order.is_empty() && query.to.is_some_and(|to| kept.len() >= to) {
            break;
        }
    }
    kept.sort_by(|(a, ..), (b, ..)| ordering::by_keys(order, a, b));
    ordering::cut(&mut kept, query);
    let found = |(_, row, count)| Found::Row(row, vec![Value::Int(count); shown]);
    Ok(Some(kept.into_iter().map(found).collect()))
}
