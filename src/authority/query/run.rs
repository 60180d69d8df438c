//! From the rows to the results: fetched, counted, made distinct.

use std::{collections::HashSet, sync::Arc};

use super::{
    QueryError, Row, Tx,
    combine::combine,
    eval::{Env, Eval},
    gather::{Item, items, items_up_to},
    narrow,
    order::{cut, direction, keyed_items},
    rows::{Purpose, Rows},
};
use crate::domain::{
    Model, Value,
    filter::{Grouping, Query, Select},
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

pub(super) fn results(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    outer: Option<&Env<'_>>,
) -> Result<Vec<Found>, QueryError> {
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
        let mut seen = HashSet::new();
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

pub(super) fn distinct_items(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    items: Vec<Item>,
) -> Result<Vec<Item>, QueryError> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for item in items {
        if seen.insert(fingerprint(&result(eval, query, &item, None)?)) {
            kept.push(item);
        }
    }
    Ok(kept)
}

/// What makes two results equal.
pub(super) fn fingerprint(found: &Found) -> (Option<i64>, Vec<String>) {
    match found {
        Found::Row(row, values) => (Some(row.id), texts(values)),
        Found::Values(values) => (None, texts(values)),
    }
}

/// Values in a form that tells them apart and can be hashed.
pub(super) fn texts(values: &[Value]) -> Vec<String> {
    values.iter().map(|value| value.to_text().map_or_else(String::new, |text| format!("={text}"))).collect()
}

/// The rows of a query whose rows are to be changed or deleted.
pub(super) fn rows_of(tx: &mut Tx<'_>, query: &Query) -> Result<narrow::Picked, QueryError> {
    let mut query = query.clone();
    query.select = Select::Row;
    query.distinct = query.distinct || !query.joins.is_empty();
    if let Some(picked) = pick(tx, &query)? {
        return Ok(picked);
    }
    let fetched = fetch(tx, &query)?;
    let mut seen = HashSet::new();
    let rows = fetched.found.into_iter().filter_map(|found| match found {
        Found::Row(row, _) => Some(row),
        Found::Values(_) => None,
    });
    let rows: Vec<_> = rows.filter(|row| seen.insert(row.id)).collect();
    Ok(narrow::Picked { from: 0, to: rows.len(), rows: Arc::new(rows) })
}
