//! Queries that are combined as sets: `union`, `intersection`, `difference`.

use std::{collections::HashSet, sync::Arc};

use super::{
    QueryError,
    eval::{Env, Eval},
    order::{by_keys, by_values, cut, direction, random},
    run::{Found, fingerprint, results},
};
use crate::domain::{
    Value,
    filter::{Combine, Order, OrderBy, Query, Select},
};

pub(super) fn combine(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    how: Combine,
    others: &[Query],
    outer: Option<&Env<'_>>,
) -> Result<Vec<Found>, QueryError> {
    let mut first = query.clone();
    (first.combined, first.from, first.to) = (None, 0, None);
    first.order.clear();
    first.default_order = false;
    let mut all = results(eval, &first, outer)?;
    for other in others {
        let more = results(eval, other, outer)?;
        let prints: HashSet<_> = more.iter().map(fingerprint).collect();
        match how {
            Combine::Union | Combine::UnionAll => all.extend(more),
            Combine::Intersection => all.retain(|found| prints.contains(&fingerprint(found))),
            Combine::Difference => all.retain(|found| !prints.contains(&fingerprint(found))),
        }
    }
    if how != Combine::UnionAll {
        let mut seen = HashSet::new();
        all.retain(|found| seen.insert(fingerprint(found)));
        all.sort_by(|a, b| by_values(columns(a), columns(b)));
    }
    let order = direction(query.order.clone(), query.reversed);
    if !order.is_empty() {
        let mut keyed = Vec::with_capacity(all.len());
        for found in all {
            keyed.push((combined_keys(eval, query, &order, &found)?, found));
        }
        keyed.sort_by(|(a, _), (b, _)| by_keys(&order, a, b));
        all = keyed.into_iter().map(|(_, found)| found).collect();
    }
    cut(&mut all, query);
    Ok(all)
}

fn combined_keys(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    order: &[Order],
    found: &Found,
) -> Result<Vec<Value>, QueryError> {
    let mut keys = Vec::with_capacity(order.len());
    for key in order {
        let OrderBy::Expr(expr) = &key.by else {
            keys.push(Value::Int(random(eval.rows.tx)));
            continue;
        };
        keys.push(match (found, &query.select) {
            (Found::Values(values), Select::Values(select)) => {
                let place = select.iter().position(|(_, selected)| selected == expr);
                place.and_then(|place| values.get(place)).cloned().unwrap_or_default()
            }
            (Found::Row(row, _), _) => {
                let tuple = [Some(Arc::clone(row))];
                eval.expr(expr, &Env { tuple: &tuple, group: None, outer: None, counted: None })?.into_owned()
            }
            (Found::Values(_), Select::Row | Select::Only(_)) => Value::Null,
        });
    }
    Ok(keys)
}

fn columns(found: &Found) -> &[Value] {
    match found {
        Found::Row(row, _) => &row.values,
        Found::Values(values) => values,
    }
}
