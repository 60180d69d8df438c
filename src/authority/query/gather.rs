//! The rows that a query is about: joined, filtered, gathered.

use std::{cmp::Ordering, collections::HashMap, sync::Arc};

use super::{
    QueryError, Row,
    eval::{Env, Eval, Tuple},
    narrow,
    order::direction,
    plan,
    run::texts,
};
use crate::domain::{
    Value,
    filter::{Alias, Cond, Expr, Grouping, Op, OrderBy, Query, Right, Step},
};

/// A row with its joined rows, or several that were gathered.
pub(super) struct Item {
    pub(super) tuple: Tuple,
    pub(super) group: Option<Vec<Tuple>>,
}

/// From so many rows on, what they are joined to is read as a whole.
pub(super) const MANY: usize = 48;

/// The rows that fulfil the conditions, joined and gathered, in the order in which SQLite comes across them.
pub(super) fn items(
    eval: &mut Eval<'_, '_>,
    query: &mut Query,
    outer: Option<&Env<'_>>,
) -> Result<Vec<Item>, QueryError> {
    items_up_to(eval, query, outer, None)
}

pub(super) fn items_up_to(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    outer: Option<&Env<'_>>,
    limit: Option<usize>,
) -> Result<Vec<Item>, QueryError> {
    let view = std::mem::replace(&mut eval.view, query.view);
    let items = gather(eval, query, outer, limit);
    eval.view = view;
    items
}

fn gather(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    outer: Option<&Env<'_>>,
    limit: Option<usize>,
) -> Result<Vec<Item>, QueryError> {
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let base = plan::candidates(eval, query, outer)?;
    let base = narrow::narrowed(eval, query, &base)?.unwrap_or(base);
    let (having, conditions): (Vec<&Cond>, Vec<&Cond>) = query.conditions.iter().partition(|cond| cond.has_aggregate());
    if base.len() > MANY {
        for join in &query.joins {
            eval.rows.prepare(&join.step, query.view)?;
        }
    }
    let driver = driver(query);
    let limit = limit.filter(|_| driver.is_none());
    let mut kept: Vec<Tuple> = Vec::new();
    if query.joins.is_empty() {
        // One tuple serves all rows until one is kept.
        let mut tuple: Tuple = vec![None];
        for row in base.iter() {
            eval.poll()?;
            tuple[0] = Some(Arc::clone(row));
            if holds(eval, &conditions, &Env { tuple: &tuple, group: None, outer, counted: None })? {
                kept.push(tuple.clone());
                if limit.is_some_and(|limit| kept.len() >= limit) {
                    break;
                }
            }
        }
    }
    for row in base.iter().filter(|_| !query.joins.is_empty()) {
        eval.poll()?;
        for tuple in joined(eval, query, Arc::clone(row))? {
            if holds(eval, &conditions, &Env { tuple: &tuple, group: None, outer, counted: None })? {
                kept.push(tuple);
            }
        }
        if limit.is_some_and(|limit| kept.len() >= limit) {
            break;
        }
    }
    if let Some((alias, field)) = driver {
        let key =
            |tuple: &Tuple| tuple[alias].as_ref().and_then(|row| row.values.get(field)).cloned().unwrap_or_default();
        kept.sort_by(|a, b| key(a).order(&key(b)));
    }
    if query.grouping == Grouping::None {
        return Ok(kept.into_iter().map(|tuple| Item { tuple, group: None }).collect());
    }
    let mut items = Vec::new();
    for group in groups(eval, query, kept, outer)? {
        let Some(tuple) = group.first().cloned() else { continue };
        let env = Env { tuple: &tuple, group: Some(&group), outer, counted: None };
        if holds(eval, &having, &env)? {
            items.push(Item { tuple, group: Some(group) });
        }
    }
    Ok(items)
}

/// The column of a linked row by which SQLite comes to the rows, where it begins at the other end of the links: what is
/// asked of an indexed column there.
fn driver(query: &Query) -> Option<(Alias, usize)> {
    fn find(query: &Query, cond: &Cond) -> Option<(Alias, usize)> {
        let indexed = |alias: Alias, field: usize, op: Op| {
            let join = query.joins.get(alias.checked_sub(1)?)?;
            let described = join.step.to().describe();
            let linked = join.parent == 0 && matches!(join.step, Step::Links { .. });
            // The links are sorted by the key; a name leads to a key only where it is wholly known.
            let named = described.fields[field].unique && matches!(op, Op::Exact | Op::In);
            (linked && (field == described.pk || named)).then_some((alias, field))
        };
        match cond {
            Cond::All(list) => list.iter().find_map(|cond| find(query, cond)),
            Cond::Test {
                left: Expr::Column { alias, field, .. },
                op: op @ (Op::Exact | Op::In | Op::Gt | Op::Gte | Op::Lt | Op::Lte | Op::Range),
                right,
            } if !matches!(right, Right::One(Expr::Column { .. })) => indexed(*alias, *field, *op),
            _ => None,
        }
    }
    if query.grouping != Grouping::None {
        return None;
    }
    query.conditions.iter().find_map(|cond| find(query, cond))
}

pub(super) fn holds(eval: &mut Eval<'_, '_>, conditions: &[&Cond], env: &Env<'_>) -> Result<bool, QueryError> {
    for cond in conditions {
        if eval.cond(cond, env)? != Some(true) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A row with the rows that its joins lead to: a left outer join.
fn joined(eval: &mut Eval<'_, '_>, query: &Query, row: Arc<Row>) -> Result<Vec<Tuple>, QueryError> {
    let mut tuples = vec![vec![Some(row)]];
    for join in &query.joins {
        let mut wider = Vec::with_capacity(tuples.len());
        for tuple in tuples {
            let reached = match &tuple[join.parent] {
                Some(parent) => eval.rows.follow(parent, &join.step, query.view)?,
                None => Vec::new(),
            };
            if reached.is_empty() {
                let mut tuple = tuple;
                tuple.push(None);
                wider.push(tuple);
                continue;
            }
            for row in reached {
                let mut next = tuple.clone();
                next.push(Some(row));
                wider.push(next);
            }
        }
        tuples = wider;
    }
    Ok(tuples)
}

/// Rows gathered by what the query gathers by. Groups come in the order of their keys, as from SQLite's sorter; where
/// each row is a group, in the order of the rows.
fn groups(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    tuples: Vec<Tuple>,
    outer: Option<&Env<'_>>,
) -> Result<Vec<Vec<Tuple>>, QueryError> {
    let mut by: Vec<&Expr> = match &query.grouping {
        Grouping::By(by) => by.iter().collect(),
        Grouping::Model | Grouping::None => Vec::new(),
    };
    by.extend(query.annotations.iter().filter(|a| a.shown && !a.expr.has_aggregate()).map(|a| &a.expr));
    by.extend(query.order.iter().filter_map(|order| match &order.by {
        OrderBy::Expr(expr) if !expr.has_aggregate() => Some(expr),
        OrderBy::Expr(_) | OrderBy::Random => None,
    }));
    let mut places: HashMap<(i64, Vec<String>), usize> = HashMap::new();
    let mut groups: Vec<(Vec<Value>, Vec<Tuple>)> = Vec::new();
    for tuple in tuples {
        let env = Env { tuple: &tuple, group: None, outer, counted: None };
        let mut keys = Vec::with_capacity(by.len());
        for expr in &by {
            keys.push(eval.expr(expr, &env)?.into_owned());
        }
        let id = match query.grouping {
            Grouping::Model => tuple.first().and_then(Option::as_ref).map_or(0, |row| row.id),
            Grouping::By(_) | Grouping::None => 0,
        };
        let place = *places.entry((id, texts(&keys))).or_insert_with(|| {
            groups.push((keys, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(tuple);
    }
    if let Grouping::By(_) = query.grouping {
        let descending = backwards(query, &by);
        groups.sort_by(|(a, _), (b, _)| {
            let pairs = a.iter().zip(b).zip(&descending);
            let differ = |((a, b), back): ((&Value, &Value), &bool)| if *back { b.order(a) } else { a.order(b) };
            pairs.map(differ).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

/// Which of the values that rows are gathered by SQLite sorts from great to small: where there are as many as keys of
/// the order, those in the places of descending keys.
fn backwards(query: &Query, by: &[&Expr]) -> Vec<bool> {
    let mut distinct: Vec<&Expr> = Vec::new();
    for expr in by {
        if !distinct.contains(expr) {
            distinct.push(expr);
        }
    }
    let order = direction(query.order.clone(), query.reversed);
    let alike = distinct.len() == order.len();
    let is_back = |expr: &&Expr| {
        let place = distinct.iter().position(|other| other == expr);
        alike && place.and_then(|place| order.get(place)).is_some_and(|key| key.descending)
    };
    by.iter().map(is_back).collect()
}
