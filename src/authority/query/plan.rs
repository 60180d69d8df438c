//! Which rows to look at, and in which order SQLite would come across them.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    QueryError, Row,
    cache::Table,
    eval::{Env, Eval},
    rows::token_field,
};
use crate::domain::{
    Model, Value,
    filter::{Alias, Cond, Expr, Grouping, Op, OrderBy, Query, Right, Select, Step},
};

/// The rows of the model that may be among the results, in SQLite's order.
pub(super) fn candidates(eval: &mut Eval<'_, '_>, query: &Query, outer: Option<&Env<'_>>) -> Result<Table, QueryError> {
    let mut found = None;
    for cond in &query.conditions {
        found = by_condition(eval, query, cond, outer)?;
        if found.is_some() {
            break;
        }
    }
    let walked = walked(query);
    let Some(mut rows) = found else {
        let whole = match walked {
            Some(field) => return eval.rows.sorted(query.model, query.view, field),
            None => eval.rows.table(query.model, query.view)?,
        };
        if query.joins.is_empty() {
            return Ok(whole);
        }
        let mut rows = whole.to_vec();
        by_users_name(eval, query, &mut rows)?;
        return Ok(Arc::new(rows));
    };
    match walked {
        Some(field) => sort_by_field(eval, field, &mut rows)?,
        None => by_users_name(eval, query, &mut rows)?,
    }
    Ok(Arc::new(rows))
}

/// The rows that an index has for a condition; `None` where there is no index for it.
fn by_condition(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    cond: &Cond,
    outer: Option<&Env<'_>>,
) -> Result<Option<Vec<Arc<Row>>>, QueryError> {
    match cond {
        Cond::All(list) => {
            for cond in list {
                if let Some(rows) = by_condition(eval, query, cond, outer)? {
                    return Ok(Some(rows));
                }
            }
            Ok(None)
        }
        Cond::Any(list) => {
            let mut all = Vec::new();
            for cond in list {
                match by_condition(eval, query, cond, outer)? {
                    Some(rows) => all.extend(rows),
                    None => return Ok(None),
                }
            }
            all.sort_by_key(|row| row.id);
            all.dedup_by_key(|row| row.id);
            Ok(Some(all))
        }
        Cond::Test { left: Expr::Column { alias, field, .. }, op: op @ (Op::Exact | Op::In), right } => {
            let Some(values) = known_values(eval, query, *op, right, outer)? else { return Ok(None) };
            let Some(rows) = by_values(eval, query, *alias, *field, &values)? else { return Ok(None) };
            back_to_model(eval, query, *alias, rows).map(Some)
        }
        Cond::Odd(_)
        | Cond::Not(_)
        | Cond::Known(_)
        | Cond::Always(_)
        | Cond::Test { .. }
        | Cond::IsNull(_)
        | Cond::Holds(_)
        | Cond::Among(_) => Ok(None),
    }
}

/// The values that a column may have, where they are known without a row of this query.
fn known_values(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    op: Op,
    right: &Right,
    outer: Option<&Env<'_>>,
) -> Result<Option<Vec<Value>>, QueryError> {
    let free = |expr: &Expr| matches!(expr, Expr::Value(_) | Expr::Outer(_));
    let env = Env { tuple: &[], group: None, outer, counted: None };
    match right {
        Right::One(expr) if free(expr) => Ok(Some(vec![eval.expr(expr, &env)?.into_owned()])),
        Right::Many(list) if op == Op::In && list.iter().all(free) => {
            let mut values = Vec::with_capacity(list.len());
            for expr in list {
                values.push(eval.expr(expr, &env)?.into_owned());
            }
            // SQLite looks them up in their own order.
            values.sort_by(Value::order);
            values.dedup();
            Ok(Some(values))
        }
        Right::One(_) | Right::Many(_) => Ok(None),
        Right::Rows(inner) if op == Op::In && query.model != Model::ContentType && !inner.is_correlated() => {
            let mut values = super::run::first_values(eval, inner, None)?;
            values.sort_by(Value::order);
            values.dedup();
            Ok(Some(values))
        }
        Right::Rows(_) | Right::Pattern(_) => Ok(None),
    }
}

/// The rows at an alias whose indexed field has one of these values.
fn by_values(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    alias: Alias,
    field: usize,
    values: &[Value],
) -> Result<Option<Vec<Arc<Row>>>, QueryError> {
    let model = query.model_at(alias);
    let description = model.describe();
    let mut rows = Vec::new();
    match (model.concrete(), description.fields[field].name) {
        (Model::Token, "user") => {
            for value in values {
                if let Some(user) = value.int() {
                    rows.extend(eval.rows.tokens_of(user, query.view)?);
                }
            }
        }
        (Model::User, "username") | (Model::Group, "name") | (Model::Token, "key") => {
            for value in values {
                if let Some(text) = value.text() {
                    rows.extend(eval.rows.named(model, field, text)?);
                }
            }
        }
        (Model::User | Model::Group | Model::Permission | Model::ContentType, "id") => {
            for value in values {
                if let Some(id) = value.int() {
                    rows.extend(eval.rows.row(model, query.view, id)?);
                }
            }
        }
        _ => return Ok(None),
    }
    Ok(Some(rows))
}

/// From rows at an alias back along the joins to the rows of the model.
fn back_to_model(
    eval: &mut Eval<'_, '_>,
    query: &Query,
    mut alias: Alias,
    mut rows: Vec<Arc<Row>>,
) -> Result<Vec<Arc<Row>>, QueryError> {
    while let Some(at) = alias.checked_sub(1) {
        let join = &query.joins[at];
        let parent = query.model_at(join.parent);
        let mut before = Vec::new();
        match &join.step {
            Step::Links { through, far, .. } => {
                for row in &rows {
                    let mut links = eval.rows.links_of(*through, *far, row.id)?;
                    if *far == 1 {
                        // The index of both ends is walked here: by the id of the row it leads to.
                        links.sort_unstable_by_key(|(_, id)| *id);
                    }
                    if links.len() > super::gather::MANY {
                        eval.rows.table(parent, query.view)?;
                    }
                    for (_, id) in links {
                        before.extend(eval.rows.row(parent, query.view, id)?);
                    }
                }
            }
            Step::Back { field, .. } => {
                for row in &rows {
                    if let Some(id) = row.values[*field].int() {
                        before.extend(eval.rows.row(parent, query.view, id)?);
                    }
                }
            }
            Step::Forward { field, .. } => {
                if parent.concrete() == Model::Token && *field == token_field::USER {
                    for row in &rows {
                        before.extend(eval.rows.tokens_of(row.id, query.view)?);
                    }
                } else {
                    let ids: BTreeSet<i64> = rows.iter().map(|row| row.id).collect();
                    let all = eval.rows.table(parent, query.view)?;
                    let named = |row: &&Arc<Row>| row.values[*field].int().is_some_and(|id| ids.contains(&id));
                    before.extend(all.iter().filter(named).cloned());
                }
            }
        }
        rows = before;
        alias = join.parent;
    }
    // A row that several lead to is one candidate; its joins find all of them again.
    let mut seen = std::collections::HashSet::new();
    rows.retain(|row| seen.insert(row.id));
    Ok(rows)
}

/// The field by whose index SQLite walks, where that is not the primary key: where it gathers joined rows by all columns, where the
/// field is compared, or where the index holds all that is asked for.
fn walked(query: &Query) -> Option<usize> {
    let description = query.model.describe();
    let used = used_fields(query, 0);
    let covers = |field: usize| used.as_ref().is_some_and(|used| used.iter().all(|one| *one == 0 || *one == field));
    match query.model {
        Model::User => {
            let name = query.model.field("username")?;
            if query.conditions.iter().any(|cond| pins(cond, description.pk)) {
                return None;
            }
            let named = query.conditions.iter().any(|cond| pins(cond, name));
            let gathered = query.grouping == Grouping::Model && !query.joins.is_empty();
            // What is asked of a joined row lets SQLite begin there.
            let begins_there = |cond: &Cond| {
                let mut fields = Vec::new();
                (1..=query.joins.len()).for_each(|alias| cond.fields_at(alias, &mut fields));
                matches!(cond, Cond::Test { .. }) && !fields.is_empty()
            };
            let alone = !query.conditions.iter().any(begins_there);
            (gathered || named || (alone && covers(name))).then_some(name)
        }
        Model::Token => {
            let only = |field: usize| used.as_ref().is_some_and(|used| used.iter().all(|one| *one == field));
            if query.joins.is_empty() && only(token_field::KEY) {
                return Some(token_field::KEY);
            }
            (query.joins.is_empty() && only(token_field::USER)).then_some(token_field::USER)
        }
        Model::Group
        | Model::Permission
        | Model::ContentType
        | Model::TokenProxy
        | Model::Session
        | Model::LogEntry
        | Model::UserGroups
        | Model::UserPermissions
        | Model::GroupPermissions => None,
    }
}

/// The fields of the row at an alias that a query looks at; `None`: all.
fn used_fields(query: &Query, alias: Alias) -> Option<Vec<usize>> {
    let mut fields = Vec::new();
    match &query.select {
        Select::Row if alias == 0 => return None,
        Select::Only(only) if alias == 0 => fields.clone_from(only),
        Select::Row | Select::Only(_) => {}
        Select::Values(values) => values.iter().for_each(|(_, expr)| expr.fields_at(alias, &mut fields)),
    }
    query.conditions.iter().for_each(|cond| cond.fields_at(alias, &mut fields));
    for order in &query.order {
        if let OrderBy::Expr(expr) = &order.by {
            expr.fields_at(alias, &mut fields);
        }
    }
    Some(fields)
}

/// Tokens are come across by the names of their users, where nothing but names is asked of the users and either nothing
/// but users of the tokens or the name is part of a condition.
fn by_users_name(eval: &mut Eval<'_, '_>, query: &Query, rows: &mut Vec<Arc<Row>>) -> Result<(), QueryError> {
    let leads = |step: &Step| matches!(step, Step::Forward { from: Model::Token, .. });
    let Some(at) = query.joins.iter().position(|join| join.parent == 0 && leads(&join.step)) else { return Ok(()) };
    let Some(name) = Model::User.field("username") else { return Ok(()) };
    if query.model != Model::Token || query.joins.len() != 1 {
        return Ok(());
    }
    let named = used_fields(query, at + 1).is_some_and(|used| used.iter().all(|one| *one == 0 || *one == name));
    let lone = used_fields(query, 0).is_some_and(|used| used.iter().all(|one| *one == token_field::USER));
    let mut asked = Vec::new();
    query.conditions.iter().for_each(|cond| cond.fields_at(at + 1, &mut asked));
    if !named || !(lone || asked.contains(&name)) {
        return Ok(());
    }
    let mut keyed = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        let user = eval.rows.follow(&row, &query.joins[at].step, query.view)?;
        keyed.push((user.first().map(|user| user.values[name].clone()).unwrap_or_default(), row));
    }
    keyed.sort_by(|(a, _), (b, _)| a.order(b));
    rows.extend(keyed.into_iter().map(|(_, row)| row));
    Ok(())
}

/// Whether a condition lets SQLite look the field up in an index.
fn pins(cond: &Cond, wanted: usize) -> bool {
    match cond {
        Cond::All(list) => list.iter().any(|cond| pins(cond, wanted)),
        Cond::Any(list) => !list.is_empty() && list.iter().all(|cond| pins(cond, wanted)),
        Cond::Test {
            left: Expr::Column { alias: 0, field, .. },
            op: Op::Exact | Op::In | Op::Gt | Op::Gte | Op::Lt | Op::Lte | Op::Range,
            ..
        } => *field == wanted,
        Cond::Odd(_)
        | Cond::Not(_)
        | Cond::Known(_)
        | Cond::Always(_)
        | Cond::Test { .. }
        | Cond::IsNull(_)
        | Cond::Holds(_)
        | Cond::Among(_) => false,
    }
}

fn sort_by_field(eval: &mut Eval<'_, '_>, field: usize, rows: &mut Vec<Arc<Row>>) -> Result<(), QueryError> {
    let mut keyed = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        keyed.push((eval.rows.value(&row, field)?.into_owned(), row));
    }
    keyed.sort_by(|(a, _), (b, _)| a.order(b));
    rows.extend(keyed.into_iter().map(|(_, row)| row));
    Ok(())
}
