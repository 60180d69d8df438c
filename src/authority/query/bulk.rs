//! Many rows by one statement: one event for all of them, and nothing read that the query has read already.

use std::sync::Arc;

use super::{
    Assignment, Patch, QueryError, Row, Tx,
    eval::{Env, Eval},
    rows::Rows,
    write::{check_null, check_nulls, group, user},
};
use crate::{
    authority::{ChangeError, Entity},
    domain::{
        Model, User, Value,
        filter::{Expr, Query},
    },
    store::{layout::Table, record::Record},
};

/// From so many rows on one event tells of all.
const MANY: usize = 100;

/// So many rows are computed at a time.
const PORTION: usize = 1024;

/// Whether an update is one of many users' fields that nothing else hangs on: no place, no token, no key.
pub(super) fn suits(model: Model, rows: &[Arc<Row>], assignments: &[Assignment]) -> bool {
    let fields = model.describe().fields;
    let heavy = |field: usize| fields[field].unique || matches!(fields[field].name, "id" | "password" | "is_active");
    model == Model::User && rows.len() >= MANY && !assignments.iter().any(|(field, _)| heavy(*field))
}

/// Changes users.
pub(super) fn update(
    tx: &mut Tx<'_>,
    query: &Query,
    rows: &[Arc<Row>],
    assignments: &[Assignment],
) -> Result<(), QueryError> {
    let fixed: Option<Patch> = assignments
        .iter()
        .map(|(field, expr)| if let Expr::Value(value) = expr { Some((*field, value.clone())) } else { None })
        .collect();
    let (mut ids, mut changed) = (Vec::with_capacity(rows.len()), vec![false; assignments.len()]);
    for portion in rows.chunks(PORTION) {
        tx.poll()?;
        let computed = match &fixed {
            Some(_) => Vec::new(),
            None => values(tx, query, portion, assignments)?,
        };
        for (place, row) in portion.iter().enumerate() {
            let patch = fixed.as_ref().or(computed.get(place)).expect("a patch was computed for each row");
            for (at, (field, value)) in patch.iter().enumerate() {
                check_null(Model::User, *field, value)?;
                changed[at] |= *value != row.values[*field];
            }
            if patch.iter().any(|(field, value)| *value != row.values[*field]) {
                write(tx, row, patch)?;
                ids.push(row.id);
            }
        }
    }
    let names = Model::User.describe().fields;
    let changed = assignments.iter().zip(changed).filter(|(_, changed)| *changed);
    let fields: Vec<String> = changed.map(|((field, _), _)| names[*field].attname.to_owned()).collect();
    tx.record_many("user", &ids, Some(&fields));
    Ok(())
}

/// The new values of each row.
fn values(
    tx: &mut Tx<'_>,
    query: &Query,
    rows: &[Arc<Row>],
    assignments: &[Assignment],
) -> Result<Vec<Patch>, QueryError> {
    let mut eval = Eval::new(Rows::new(tx), query.view);
    let mut patches = Vec::with_capacity(rows.len());
    for row in rows {
        let tuple = [Some(Arc::clone(row))];
        let env = Env { tuple: &tuple, group: None, outer: None, counted: None };
        let value = |(field, expr): &Assignment| Ok((*field, eval.expr(expr, &env)?.into_owned()));
        patches.push(assignments.iter().map(value).collect::<Result<_, QueryError>>()?);
    }
    Ok(patches)
}

fn write(tx: &mut Tx<'_>, row: &Row, patch: &Patch) -> Result<(), QueryError> {
    let key = Table::User.row(row.id);
    let as_read = row.changed.is_some_and(|changed| tx.overlay.note(&key, changed));
    if !as_read && tx.get(&key)?.is_none() {
        return Err(ChangeError::Gone { what: User::NAME }.into());
    }
    let value = |place: usize| patch.iter().find(|(field, _)| *field == place).map_or(&row.values[place], |(_, v)| v);
    // The id is no field that is changed here.
    let new = user(value);
    tx.put(key, Some(new.encode()));
    Ok(())
}

/// What becomes of a row whose place is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OnConflict {
    /// Nothing is inserted at all.
    Refuse,
    /// It alone is left out.
    Ignore,
}

impl Tx<'_> {
    /// Makes many rows; none for those that were left out. `told` hears before each how many there are.
    pub fn insert_rows(
        &mut self,
        model: Model,
        patches: &[Patch],
        conflict: OnConflict,
        told: &mut dyn FnMut(u64),
    ) -> Result<Vec<Option<Row>>, QueryError> {
        let kind = match model {
            Model::User if patches.len() >= MANY => Some("user"),
            Model::Group if patches.len() >= MANY => Some("group"),
            _ => None,
        };
        let (mut made, mut ids) = (Vec::with_capacity(patches.len()), Vec::new());
        for patch in patches {
            told(u64::try_from(made.len()).unwrap_or(u64::MAX));
            let row = match kind {
                Some(_) => self.insert_one_of_many(model, patch),
                None => self.insert_row(model, patch.clone()),
            };
            made.push(match (row, conflict) {
                (Ok(row), _) => Some(row),
                (Err(QueryError::Change(ChangeError::Unique { .. })), OnConflict::Ignore) => {
                    self.skip_id(model)?;
                    None
                }
                (Err(error), _) => return Err(error),
            });
            ids.extend(made.last().and_then(Option::as_ref).map(|row| row.id));
        }
        if let Some(kind) = kind {
            self.record_many(kind, &ids, None);
        }
        Ok(made)
    }

    fn insert_one_of_many(&mut self, model: Model, patch: &Patch) -> Result<Row, QueryError> {
        let mut values = vec![Value::Null; model.describe().fields.len()];
        for (field, value) in patch {
            values[*field] = value.clone();
        }
        check_nulls(model, &values, 1)?;
        values[0] = Value::Int(values[0].int().unwrap_or(0));
        let id = match model {
            Model::User => self.insert_quietly(user(|place| &values[place]))?.id(),
            _ => self.insert_quietly(group(&values))?.id(),
        };
        values[0] = Value::Int(id);
        Ok(Row { id, values, changed: None, token: None })
    }
}
