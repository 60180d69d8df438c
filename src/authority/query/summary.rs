//! Aggregates over all results of a query.

use std::sync::Arc;

use super::{
    QueryError, Row, Tx,
    eval::{Env, Eval, Tuple},
    gather::items,
    order::{cut, direction, sorted_items},
    rows::Rows,
    run::distinct_items,
};
use crate::domain::{
    Model, Value,
    filter::{Expr, Grouping, Query, Select},
};

/// The values of aggregates over all results.
pub(super) fn summarize(tx: &mut Tx<'_>, query: &Query, aggregates: &[Expr]) -> Result<Vec<Value>, QueryError> {
    let mut query = query.clone();
    let nested = query.is_sliced() || query.distinct || query.grouping != Grouping::None;
    if !query.is_sliced() {
        query.order.clear();
        query.default_order = false;
    } else if let Select::Row = query.select {
        // Only what is summed up is asked of the rows, which decides in which order SQLite cuts them.
        let mut fields = vec![query.model.describe().pk];
        aggregates.iter().for_each(|expr| expr.fields_at(0, &mut fields));
        query.select = Select::Only(fields);
    }
    let order = query.effective_order();
    let mut eval = Eval::new(Rows::new(tx), query.view);
    let mut items = items(&mut eval, &mut query, None)?;
    if query.is_sliced() && !order.is_empty() {
        items = sorted_items(&mut eval, &direction(order, query.reversed), items, None)?;
    }
    if query.distinct {
        items = distinct_items(&mut eval, &query, items)?;
    }
    cut(&mut items, &query);
    let groups: Vec<Vec<Tuple>> =
        items.into_iter().map(|item| item.group.unwrap_or_else(|| vec![item.tuple])).collect();
    if nested && aggregates.iter().any(Expr::nests_aggregate) {
        return aggregates.iter().map(|expr| over_groups(&mut eval, expr, &groups)).collect();
    }
    let rows: Vec<Tuple> = if query.grouping == Grouping::None {
        groups.into_iter().flatten().collect()
    } else {
        groups.into_iter().filter_map(|group| group.into_iter().next()).collect()
    };
    let empty: Tuple = vec![None; query.joins.len() + 1];
    let env = Env { tuple: rows.first().unwrap_or(&empty), group: Some(&rows), outer: None, counted: None };
    aggregates.iter().map(|expr| Ok(eval.expr(expr, &env)?.into_owned())).collect()
}

/// An aggregate of values that sum up groups themselves: `Max` of an annotated `Count`.
fn over_groups(eval: &mut Eval<'_, '_>, expr: &Expr, groups: &[Vec<Tuple>]) -> Result<Value, QueryError> {
    let Expr::Aggregate(aggregate) = expr else { return Ok(Value::Null) };
    let mut values = Vec::with_capacity(groups.len());
    for group in groups {
        let Some(tuple) = group.first() else { continue };
        let env = Env { tuple, group: Some(group), outer: None, counted: None };
        if let Some(of) = &aggregate.of {
            values.push(eval.expr(of, &env)?.into_owned());
        }
    }
    // Each value as a row of its own.
    let rows: Vec<Tuple> = values.into_iter().map(|value| vec![Some(Arc::new(Row::of(0, vec![value])))]).collect();
    let column = Expr::Column { alias: 0, model: Model::ContentType, field: 0 };
    let outer = crate::domain::filter::Aggregate { of: Some(column), filter: None, ..(**aggregate).clone() };
    let empty: Tuple = vec![None];
    let env = Env { tuple: &empty, group: Some(&rows), outer: None, counted: None };
    super::group::summarize(eval, &outer, &env)
}
