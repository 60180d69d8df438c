//! The order of results, and the part of them that is wanted.

use std::cmp::Ordering;

use super::{
    QueryError, Tx,
    eval::{Env, Eval},
    gather::Item,
};
use crate::domain::{
    Value,
    filter::{Nulls, Order, OrderBy, Query},
};

/// So many are sorted without a look at whether somebody still waits for them.
const RUN: usize = 1 << 16;

/// Sorts, equal ones as they come: in runs first, which the last sort merges.
pub(super) fn in_order<T>(
    eval: &Eval<'_, '_>,
    list: &mut [T],
    order: impl Fn(&T, &T) -> Ordering,
) -> Result<(), QueryError> {
    if list.len() > RUN {
        for run in list.chunks_mut(RUN) {
            eval.poll()?;
            run.sort_by(&order);
        }
        eval.poll()?;
    }
    list.sort_by(order);
    Ok(())
}

/// The items in order, each with what it was ordered by.
pub(super) fn keyed_items(
    eval: &mut Eval<'_, '_>,
    order: &[Order],
    items: Vec<Item>,
    outer: Option<&Env<'_>>,
    top: Option<usize>,
) -> Result<Vec<(Vec<Value>, Item)>, QueryError> {
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        eval.poll()?;
        let env = Env { tuple: &item.tuple, group: item.group.as_deref(), outer, counted: None };
        let mut keys = Vec::with_capacity(order.len());
        for key in order {
            keys.push(match &key.by {
                OrderBy::Expr(expr) => eval.expr(expr, &env)?.into_owned(),
                OrderBy::Random => Value::Int(random(eval.rows.tx)),
            });
        }
        keyed.push((keys, item));
        // Of a great many only the first few are wanted: the rest is thrown away as it comes.
        if let Some(top) = top.filter(|top| !order.is_empty() && keyed.len() > 4 * top.saturating_add(256)) {
            keyed.sort_by(|(a, _), (b, _)| by_keys(order, a, b));
            keyed.truncate(top);
        }
    }
    if !order.is_empty() {
        in_order(eval, &mut keyed, |(a, _), (b, _)| by_keys(order, a, b))?;
    }
    Ok(keyed)
}

pub(super) fn sorted_items(
    eval: &mut Eval<'_, '_>,
    order: &[Order],
    items: Vec<Item>,
    outer: Option<&Env<'_>>,
) -> Result<Vec<Item>, QueryError> {
    Ok(keyed_items(eval, order, items, outer, None)?.into_iter().map(|(_, item)| item).collect())
}

pub(super) fn direction(order: Vec<Order>, reversed: bool) -> Vec<Order> {
    if !reversed {
        return order;
    }
    let flip = |nulls| match nulls {
        Nulls::First => Nulls::Last,
        Nulls::Last => Nulls::First,
    };
    let turn = |key: Order| Order { descending: !key.descending, nulls: key.nulls.map(flip), ..key };
    order.into_iter().map(turn).collect()
}

pub(super) fn by_keys(order: &[Order], a: &[Value], b: &[Value]) -> Ordering {
    for ((key, a), b) in order.iter().zip(a).zip(b) {
        let nulls = match (key.nulls, a.is_null(), b.is_null()) {
            (Some(_), true, true) => Ordering::Equal,
            (Some(Nulls::First), true, false) | (Some(Nulls::Last), false, true) => return Ordering::Less,
            (Some(Nulls::First), false, true) | (Some(Nulls::Last), true, false) => return Ordering::Greater,
            (Some(_), false, false) | (None, ..) => Ordering::Equal,
        };
        let values = nulls.then_with(|| a.order(b));
        let directed = if key.descending { values.reverse() } else { values };
        if directed.is_ne() {
            return directed;
        }
    }
    Ordering::Equal
}

pub(super) fn by_values(a: &[Value], b: &[Value]) -> Ordering {
    a.iter().zip(b).map(|(a, b)| a.order(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

pub(super) fn cut<T>(results: &mut Vec<T>, query: &Query) {
    if let Some(to) = query.to {
        results.truncate(to);
    }
    results.drain(..query.from.min(results.len()));
}

pub(super) fn random(tx: &Tx<'_>) -> i64 {
    let mut bytes = [0; 8];
    tx.core.entropy.fill(&mut bytes);
    i64::from_le_bytes(bytes)
}
