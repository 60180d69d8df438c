//! From the rows to the results: joined, filtered, gathered, ordered, cut.

use std::{cmp::Ordering, collections::HashMap, sync::Arc};

use super::{
    QueryError, Row, Tx,
    eval::{Env, Eval, Tuple},
    narrow, plan,
    rows::{Purpose, Rows},
};
use crate::domain::{
    Model, Value,
    filter::{Combine, Cond, Expr, Grouping, Nulls, Order, OrderBy, Query, Select},
};

/// The results of a query.
#[derive(Debug)]
pub struct Fetched {
    /// One for each result, in order.
    pub found: Vec<Found>,
}

/// One result.
#[derive(Clone, Debug)]
pub enum Found {
    /// A row, and the values of the annotations that are shown.
    Row(Arc<Row>, Vec<Value>),
    /// The values that were selected.
    Values(Vec<Value>),
}

/// A row with its joined rows, or several that were gathered.
pub(super) struct Item {
    pub(super) tuple: Tuple,
    pub(super) group: Option<Vec<Tuple>>,
}

/// From so many rows on, what they are joined to is read as a whole.
pub(super) const MANY: usize = 48;

pub(super) fn fetch(tx: &mut Tx<'_>, query: &Query) -> Result<Fetched, QueryError> {
    let mut eval = Eval::new(Rows::new(tx), query.view);
    Ok(Fetched { found: results(&mut eval, query, None)? })
}

pub(super) fn pick(tx: &mut Tx<'_>, query: &Query) -> Result<Option<narrow::Picked>, QueryError> {
    narrow::pick(&mut Eval::new(Rows::new(tx), query.view), query)
}

pub(super) fn count(tx: &mut Tx<'_>, query: &Query) -> Result<usize, QueryError> {
    let plain = query.conditions.is_empty()
        && query.combined.is_none()
        && !query.distinct
        && query.joins.is_empty()
        && !query.is_sliced();
    if plain && query.grouping == Grouping::None {
        let table = match query.model.concrete() {
            Model::User => Some(crate::store::layout::Table::User),
            Model::Group => Some(crate::store::layout::Table::Group),
            Model::Permission => Some(crate::store::layout::Table::Permission),
            Model::ContentType => Some(crate::store::layout::Table::ContentType),
            Model::Token
            | Model::TokenProxy
            | Model::Session
            | Model::LogEntry
            | Model::UserGroups
            | Model::UserPermissions
            | Model::GroupPermissions => None,
        };
        if let Some(table) = table {
            return Rows::new(tx).count(query.model, &table.prefix());
        }
    }
    let mut unordered = query.clone();
    if !query.is_sliced() {
        unordered.order.clear();
        unordered.default_order = false;
    }
    let mut eval = Eval::new(Rows::new(tx), query.view);
    if let Some(picked) = narrow::pick(&mut eval, &unordered)? {
        return Ok(picked.rows().len());
    }
    if query.combined.is_some() || query.distinct {
        return Ok(results(&mut eval, &unordered, None)?.len());
    }
    let mut items = items(&mut eval, &mut unordered, None)?;
    cut(&mut items, query);
    Ok(items.len())
}

/// The first selected value of each result.
pub(super) fn first_values(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    outer: Option<&Env<'_>>,
) -> Result<Vec<Value>, QueryError> {
    let pk = query.model.describe().pk;
    let mut values = Vec::new();
    for found in results(eval, query, outer)? {
        values.push(match found {
            Found::Values(list) => list.into_iter().next().unwrap_or_default(),
            Found::Row(row, _) => eval.rows.value(&row, pk)?.into_owned(),
        });
    }
    Ok(values)
}

/// The ids of the rows of a query.
pub(super) fn ids(eval: &mut Eval<'_, '_>, query: &Query) -> Result<Vec<i64>, QueryError> {
    let mut query = query.clone();
    let items = items(eval, &mut query, None)?;
    Ok(items.iter().filter_map(|item| item.tuple.first()?.as_ref().map(|row| row.id)).collect())
}

fn results(eval: &mut Eval<'_, '_>, query: &Query, outer: Option<&Env<'_>>) -> Result<Vec<Found>, QueryError> {
    if query.is_empty() && query.combined.is_none() {
        return Ok(Vec::new());
    }
    if let Some((how, others)) = &query.combined {
        return combine(eval, query, *how, others, outer);
    }
    let mut query = query.clone();
    let query = &mut query;
    let order = direction(query.effective_order(), query.reversed);
    if outer.is_none()
        && let Some(found) = narrow::counted(eval, query, &order)?
    {
        return Ok(found);
    }
    let early = order.is_empty() && query.grouping == Grouping::None && !query.distinct;
    let items = items_up_to(eval, query, outer, if early { query.to } else { None })?;
    let top = if query.distinct { None } else { query.to };
    let mut sorted = keyed_items(eval, &order, items, outer, top)?;

    let mut found = Vec::with_capacity(sorted.len());
    if query.distinct {
        let mut seen = std::collections::HashSet::new();
        for (keys, item) in sorted {
            let result = result(eval, query, &item, outer)?;
            if seen.insert((fingerprint(&result), texts(&keys))) {
                found.push(result);
            }
        }
        cut(&mut found, query);
        return Ok(found);
    }
    cut(&mut sorted, query);
    for (_, item) in sorted {
        found.push(result(eval, query, &item, outer)?);
    }
    Ok(found)
}

fn result(eval: &mut Eval<'_, '_>, query: &Query, item: &Item, outer: Option<&Env<'_>>) -> Result<Found, QueryError> {
    // What a subquery selects is compared there.
    if outer.is_none() {
        eval.rows.purpose = Purpose::Show;
    }
    let done = shown(eval, query, item, outer);
    eval.rows.purpose = Purpose::Compare;
    done
}

fn shown(eval: &mut Eval<'_, '_>, query: &Query, item: &Item, outer: Option<&Env<'_>>) -> Result<Found, QueryError> {
    let env = Env { tuple: &item.tuple, group: item.group.as_deref(), outer, counted: None };
    let mut values = Vec::new();
    if let Select::Values(select) = &query.select {
        for (_, expr) in select {
            values.push(eval.expr(expr, &env)?.into_owned());
        }
        return Ok(Found::Values(values));
    }
    for annotation in query.annotations.iter().filter(|annotation| annotation.shown) {
        values.push(eval.expr(&annotation.expr, &env)?.into_owned());
    }
    match item.tuple.first() {
        Some(Some(row)) => Ok(Found::Row(Arc::clone(row), values)),
        Some(None) | None => Ok(Found::Values(values)),
    }
}

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
fn keyed_items(
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

/// The rows that fulfil the conditions, joined and gathered, in the order in which SQLite comes across them.
pub(super) fn items(
    eval: &mut Eval<'_, '_>,
    query: &mut Query,
    outer: Option<&Env<'_>>,
) -> Result<Vec<Item>, QueryError> {
    items_up_to(eval, query, outer, None)
}

fn items_up_to(
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
        groups.sort_by(|(a, _), (b, _)| by_values(a, b));
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

pub(super) fn distinct_items(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    items: Vec<Item>,
) -> Result<Vec<Item>, QueryError> {
    let mut seen = std::collections::HashSet::new();
    let mut kept = Vec::new();
    for item in items {
        if seen.insert(fingerprint(&result(eval, query, &item, None)?)) {
            kept.push(item);
        }
    }
    Ok(kept)
}

fn combine(
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
        let prints: std::collections::HashSet<_> = more.iter().map(fingerprint).collect();
        match how {
            Combine::Union | Combine::UnionAll => all.extend(more),
            Combine::Intersection => all.retain(|found| prints.contains(&fingerprint(found))),
            Combine::Difference => all.retain(|found| !prints.contains(&fingerprint(found))),
        }
    }
    if how != Combine::UnionAll {
        let mut seen = std::collections::HashSet::new();
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

/// What makes two results equal.
fn fingerprint(found: &Found) -> (Option<i64>, Vec<String>) {
    match found {
        Found::Row(row, values) => (Some(row.id), texts(values)),
        Found::Values(values) => (None, texts(values)),
    }
}

/// Values in a form that tells them apart and can be hashed.
fn texts(values: &[Value]) -> Vec<String> {
    values.iter().map(|value| value.to_text().map_or_else(String::new, |text| format!("={text}"))).collect()
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

fn by_values(a: &[Value], b: &[Value]) -> Ordering {
    a.iter().zip(b).map(|(a, b)| a.order(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

pub(super) fn cut<T>(results: &mut Vec<T>, query: &Query) {
    if let Some(to) = query.to {
        results.truncate(to);
    }
    results.drain(..query.from.min(results.len()));
}

fn random(tx: &Tx<'_>) -> i64 {
    let mut bytes = [0; 8];
    tx.core.entropy.fill(&mut bytes);
    i64::from_le_bytes(bytes)
}

/// The rows of a query whose rows are to be changed or deleted.
pub(super) fn rows_of(tx: &mut Tx<'_>, query: &Query) -> Result<Vec<Arc<Row>>, QueryError> {
    let mut query = query.clone();
    query.select = Select::Row;
    query.distinct = query.distinct || !query.joins.is_empty();
    if let Some(picked) = pick(tx, &query)? {
        return Ok(picked.rows().to_vec());
    }
    let fetched = fetch(tx, &query)?;
    let mut seen = std::collections::HashSet::new();
    let rows = fetched.found.into_iter().filter_map(|found| match found {
        Found::Row(row, _) => Some(row),
        Found::Values(_) => None,
    });
    Ok(rows.filter(|row| seen.insert(row.id)).collect())
}
