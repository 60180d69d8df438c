//! Many rows by one statement: one event for all of them, and nothing read that the query has read already.

use std::{borrow::Cow, sync::Arc};

use super::{
    Assignment, Patch, QueryError, Row, Tx,
    eval::{Env, Eval},
    narrow::Picked,
    rows::{Rows, token_field},
    same::{Edited, Same, set},
    write::{check_null, check_nulls, group, user},
};
use crate::{
    authority::{ChangeError, Entity, crowd::MANY},
    domain::{
        Key, Model, User, Value, add_to_spans,
        filter::{Expr, Query},
    },
    store::{
        Edit, MAX_VALUE, Run,
        layout::{self, Kind, Table},
        prefix_end,
        record::{Record, UserView},
    },
};

/// The prefix of the index of usernames.
const USERNAMES: &[u8] = &[Kind::Username.letter()];

/// So many rows are computed at a time.
const PORTION: usize = 1024;

/// Whether an update is one of many users' fields that nothing else hangs on: no place, no token, no key.
pub(super) fn suits(model: Model, rows: &[Arc<Row>], assignments: &[Assignment]) -> bool {
    let fields = model.describe().fields;
    let heavy = |field: usize| fields[field].unique || matches!(fields[field].name, "id" | "password" | "is_active");
    model == Model::User && rows.len() >= MANY && !assignments.iter().any(|(field, _)| heavy(*field))
}

/// Changes users: from the old record of each right into the new one, or by one edit for all of them.
pub(super) fn update(
    tx: &mut Tx<'_>,
    query: &Query,
    picked: &Picked,
    assignments: &[Assignment],
) -> Result<(), QueryError> {
    let fixed: Option<Patch> = assignments
        .iter()
        .map(|(field, expr)| if let Expr::Value(value) = expr { Some((*field, value.clone())) } else { None })
        .collect();
    let fixed = fixed.as_ref().map(|patch| fitting(patch)).transpose()?;
    if let Some(fixed) = &fixed
        && update_at_once(tx, picked, fixed)?
    {
        return Ok(());
    }
    let rows = picked.rows();
    // Rows of a whole table, and nothing of this transaction's among them: then the table is compared, not each row.
    let mut before = None;
    let as_read = tx.overlay.is_empty() && rows.iter().all(|row| follows(&mut before, row));
    let mut run = Run::with_capacity(rows.len(), 256 * rows.len().min(64 * PORTION));
    let (mut ids, mut changed) = (Vec::with_capacity(rows.len()), vec![false; assignments.len()]);
    for portion in rows.chunks(PORTION) {
        tx.poll()?;
        let computed = match &fixed {
            Some(_) => Vec::new(),
            None => values(tx, query, portion, assignments)?,
        };
        for (place, row) in portion.iter().enumerate() {
            let own = computed.get(place).map(|patch| fitting(patch)).transpose()?;
            let patch = fixed.as_ref().or(own.as_ref()).expect("a patch was computed for each row");
            let old = row.as_user();
            let mut new = old;
            for (changed, (field, value, text)) in changed.iter_mut().zip(patch) {
                let before = new;
                set(&mut new, *field, value, text);
                *changed |= new != before;
            }
            if new == old {
                continue;
            }
            ids.push(row.id);
            if as_read {
                run.push_with(&row.user_key(), |out| {
                    new.encode(out);
                    true
                });
            } else {
                write(tx, row, &new)?;
            }
        }
    }
    if !run.is_empty() {
        tx.overlay.expect_unchanged(Table::User.prefix());
        tx.overlay.put_run(run.into());
    }
    let changed: Vec<usize> =
        assignments.iter().zip(changed).filter(|(_, changed)| *changed).map(|((field, _), _)| *field).collect();
    tx.record_many("user", &ids, Some(&names(&changed)));
    Ok(())
}

/// Whether a row is as it was read, and comes behind the one `before`.
fn follows(before: &mut Option<i64>, row: &Row) -> bool {
    row.changed.is_some() && before.replace(row.id).is_none_or(|before| before < row.id)
}

/// The names of fields of users.
fn names(fields: &[usize]) -> Vec<String> {
    let description = Model::User.describe();
    fields.iter().map(|field| description.fields[*field].attname.to_owned()).collect()
}

/// Gives users the same values by one edit. `false`, and nothing was done, where they are few, or not as they were read,
/// or a record may become too long.
fn update_at_once(tx: &mut Tx<'_>, picked: &Picked, fixed: &[Fitting<'_>]) -> Result<bool, QueryError> {
    let rows = picked.rows();
    let values = Arc::new(Same::of(fixed));
    let one_each =
        fixed.iter().enumerate().all(|(at, (field, ..))| fixed[..at].iter().all(|(other, ..)| other != field));
    if rows.len() < Run::WORTH || !tx.overlay.is_empty() || values.bytes() > Edit::MOST || !one_each {
        return Ok(false);
    }
    let (mut spans, mut count, mut changed, mut before) = (Vec::new(), 0, 0, None);
    // Of rows that were patched alike before, one is looked at.
    let mut alike: Option<(&Arc<Same>, u32)> = None;
    for portion in rows.chunks(PORTION) {
        tx.poll()?;
        for row in portion {
            if !follows(&mut before, row) || row.most_bytes() + values.bytes() > MAX_VALUE {
                return Ok(false);
            }
            let differing = match (row.patch(), alike) {
                (Some(patch), Some((known, differing))) if Arc::ptr_eq(patch, known) => differing,
                (patch, _) => {
                    let differing = row.differing(&values);
                    alike = patch.filter(|patch| patch.covers(&values)).map(|patch| (patch, differing));
                    differing
                }
            };
            if differing == 0 {
                continue;
            }
            changed |= differing;
            count += 1;
            add_to_spans(&mut spans, row.id);
        }
    }
    if let Some(edited) = Edited::new(picked, &spans, count, values) {
        tx.overlay.expect_unchanged(Table::User.prefix());
        tx.overlay.put_edit(edited);
    }
    let changed: Vec<usize> =
        fixed.iter().enumerate().filter(|(at, _)| changed >> at & 1 == 1).map(|(_, (field, ..))| *field).collect();
    tx.record_spans("user", &spans, Some(&names(&changed)));
    Ok(true)
}

/// A field's place, its new value, and the text of that.
type Fitting<'v> = (usize, &'v Value, Cow<'v, str>);

/// New values, checked and with their texts.
fn fitting(patch: &[(usize, Value)]) -> Result<Vec<Fitting<'_>>, QueryError> {
    let mut fitting = Vec::with_capacity(patch.len());
    for (field, value) in patch {
        check_null(Model::User, *field, value)?;
        fitting.push((*field, value, text(value)));
    }
    Ok(fitting)
}

fn text(value: &Value) -> Cow<'_, str> {
    match value.text() {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(value.to_text().unwrap_or_default()),
    }
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

fn write(tx: &mut Tx<'_>, row: &Row, new: &UserView<'_>) -> Result<(), QueryError> {
    let key = row.user_key();
    let as_read = row.changed.is_some_and(|changed| tx.overlay.note(&key, changed));
    if !as_read && tx.get(&key)?.is_none() {
        return Err(ChangeError::Gone { what: User::NAME }.into());
    }
    let mut record = Vec::with_capacity(User::USUAL);
    new.encode(&mut record);
    tx.put(key.into_owned(), Some(record));
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
        if let Some(made) = self.insert_users(model, patches)? {
            return Ok(made.into_iter().map(Some).collect());
        }
        if model == Model::Token {
            self.look_ahead_new_tokens(patches.iter().map(|patch| {
                let value = |wanted| patch.iter().find(|(field, _)| *field == wanted).map(|(_, value)| value);
                let text = |wanted| match value(wanted) {
                    Some(Value::Text(text)) => Some(text.as_str()),
                    Some(_) | None => None,
                };
                let user = value(token_field::USER).and_then(Value::int).unwrap_or(0);
                (user, text(token_field::NAME), text(token_field::KEY).map(|key| Key::from_text(key.into())))
            }))?;
        }
        self.crowded(patches.len(), |tx| tx.insert_each(model, patches, conflict, told))
    }

    fn insert_each(
        &mut self,
        model: Model,
        patches: &[Patch],
        conflict: OnConflict,
        told: &mut dyn FnMut(u64),
    ) -> Result<Vec<Option<Row>>, QueryError> {
        let many = patches.len() >= MANY && matches!(model, Model::User | Model::Group);
        let mut made = Vec::with_capacity(patches.len());
        for patch in patches {
            told(u64::try_from(made.len()).unwrap_or(u64::MAX));
            let row = if many { self.insert_one_of_many(model, patch) } else { self.insert_row(model, patch.clone()) };
            made.push(match (row, conflict) {
                (Ok(row), _) => Some(row),
                (Err(QueryError::Change(ChangeError::Unique { .. })), OnConflict::Ignore) => {
                    self.skip_id(model)?;
                    None
                }
                (Err(error), _) => return Err(error),
            });
        }
        Ok(made)
    }

    /// Makes very many users at once: names and ids are looked at together, and the rows written in one piece. None where
    /// anything about them is not plain: then they are made one by one, which also tells what is wrong with which.
    fn insert_users(&mut self, model: Model, patches: &[Patch]) -> Result<Option<Vec<Row>>, QueryError> {
        if model != Model::User || patches.len() < Run::WORTH || !self.overlay.is_empty() {
            return Ok(None);
        }
        let first = self.id_at(&Table::User.counter())?.unwrap_or(0) + 1;
        let Some(users) =
            patches.iter().zip(first..).map(|(patch, id)| plain_user(patch, id)).collect::<Option<Vec<_>>>()
        else {
            return Ok(None);
        };
        let mut names: Vec<(&str, i64)> = users.iter().map(|user| (user.username, user.id)).collect();
        names.sort_unstable();
        if !names.is_sorted_by(|(a, _), (b, _)| a < b) || self.is_any_taken(&names)? {
            return Ok(None);
        }
        self.poll()?;
        let bytes: usize = users.iter().map(|user| 160 + 2 * user.username.len() + user.email.len()).sum();
        let mut run = Run::with_capacity(2 * users.len() + 1, bytes);
        let mut key = Vec::new();
        for (name, id) in names {
            key.clear();
            key.extend_from_slice(USERNAMES);
            key.extend_from_slice(name.as_bytes());
            run.push(&key, Some(&layout::number(id)));
        }
        let last = users.last().map_or(first, |user| user.id);
        run.push(&Table::User.counter(), Some(&layout::number(last)));
        let begin = run.len();
        for user in &users {
            run.push_with(&Table::User.row(user.id), |out| {
                user.encode(out);
                true
            });
        }
        let run = Arc::new(run);
        self.overlay.put_run(Arc::clone(&run));
        self.record_many("user", &users.iter().map(|user| user.id).collect::<Vec<_>>(), None);
        Ok(Some((begin..run.len()).filter_map(|at| Row::user(&run, at, None)).collect()))
    }

    /// Whether a user has one of these names, which are in order; nobody may take one until the commit.
    fn is_any_taken(&mut self, names: &[(&str, i64)]) -> Result<bool, QueryError> {
        self.overlay.expect_unchanged(USERNAMES.to_vec());
        let end = prefix_end(USERNAMES);
        let mut rest = names;
        while let Some((name, _)) = rest.first() {
            // Where the next name that there is comes far behind, all before it are free.
            let next = self.overlay.next_key(&*self.core.store, &layout::username(name), &end);
            let Some(next) = next.map_err(ChangeError::from)? else { return Ok(false) };
            let next = &next[USERNAMES.len()..];
            rest = &rest[rest.partition_point(|(name, _)| name.as_bytes() < next)..];
            if rest.first().is_some_and(|(name, _)| name.as_bytes() == next) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn insert_one_of_many(&mut self, model: Model, patch: &Patch) -> Result<Row, QueryError> {
        let mut values = vec![Value::Null; model.describe().fields.len()];
        for (field, value) in patch {
            values[*field] = value.clone();
        }
        check_nulls(model, &values, 1)?;
        values[0] = Value::Int(values[0].int().unwrap_or(0));
        let id = match model {
            Model::User => self.insert(user(|place| &values[place]))?.id(),
            _ => self.insert(group(&values))?.id(),
        };
        values[0] = Value::Int(id);
        Ok(Row::of(id, values))
    }
}

/// The user of new values without a primary key, where each is of the kind that its field has.
fn plain_user(patch: &Patch, id: i64) -> Option<UserView<'_>> {
    let mut user = UserView { id, ..UserView::default() };
    let mut seen = 1;
    for (field, value) in patch {
        match (field, value) {
            (0 | 2, Value::Null) => {}
            (2, Value::Time(at)) => user.last_login = Some(*at),
            (10, Value::Time(at)) => user.date_joined = *at,
            (3, Value::Bool(yes)) => user.is_superuser = *yes,
            (8, Value::Bool(yes)) => user.is_staff = *yes,
            (9, Value::Bool(yes)) => user.is_active = *yes,
            (1, Value::Text(text)) => user.password = text,
            (4, Value::Text(text)) => user.username = text,
            (5, Value::Text(text)) => user.first_name = text,
            (6, Value::Text(text)) => user.last_name = text,
            (7, Value::Text(text)) => user.email = text,
            _ => return None,
        }
        seen |= 1 << field;
    }
    // All but those that may be missing.
    ((seen | (1 << 2)) == (1 << Model::User.describe().fields.len()) - 1).then_some(user)
}
