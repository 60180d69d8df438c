//! Changing rows by their fields: what Django's `save`, `update` and `delete` come down to, in terms of the typed
//! operations.

use std::sync::Arc;

use super::{
    QueryError, Row, Tx,
    eval::{Env, Eval},
    rows::{Rows, is_looked_up, relation, token_field},
    run,
};
use crate::{
    authority::{Cascade, ChangeError, NewToken, Overlap},
    domain::{
        ContentType, Group, Key, Model, Permission, Timestamp, Token, User, Value,
        filter::{Expr, Query, View},
    },
    store::layout::{self, Table},
};

/// New values of fields: the place of each in the model, and what it is to hold.
pub type Patch = Vec<(usize, Value)>;

/// A field and the expression that gives its new value.
pub type Assignment = (usize, Expr);

/// How many rows of which models were deleted, in Django's order. Models without any are not in here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Deleted(pub Vec<(Model, usize)>);

impl Deleted {
    fn add(&mut self, model: Model, count: usize) {
        if count == 0 {
            return;
        }
        match self.0.iter_mut().find(|(counted, _)| *counted == model) {
            Some((_, sum)) => *sum += count,
            None => self.0.push((model, count)),
        }
    }
}

impl Tx<'_> {
    /// Makes a row. A field that is not named is empty; a primary key that is missing is given.
    pub fn insert_row(&mut self, model: Model, patch: Patch) -> Result<Row, QueryError> {
        let description = model.describe();
        let mut values = vec![Value::Null; description.fields.len()];
        for (field, value) in patch {
            values[field] = value;
        }
        if model.concrete() == Model::Token {
            return self.insert_token(model, values);
        }
        let id = values[0].int();
        check_nulls(model, &values, 1)?;
        values[0] = Value::Int(id.unwrap_or(0));
        Ok(match model {
            Model::User => Row::from(self.insert(user(|place| &values[place]))?),
            Model::Group => Row::from(self.insert(group(&values))?),
            Model::Permission => Row::from(self.insert(permission(&values))?),
            Model::ContentType => Row::from(self.insert(content_type(&values))?),
            Model::UserGroups | Model::UserPermissions | Model::GroupPermissions => {
                let relation = relation(model).ok_or(QueryError::NoRows { model })?;
                let (left, right) = (values[1].int().unwrap_or(0), values[2].int().unwrap_or(0));
                if self.link(relation, left, &[right])?.is_empty() {
                    return Err(ChangeError::Unique { constraint: pair(model) }.into());
                }
                let links = self.links(relation, left)?.links;
                let id = links.iter().find(|(_, id)| *id == right).map_or(0, |(link, _)| *link);
                Row::link((id, left, right))
            }
            Model::Token | Model::TokenProxy | Model::Session | Model::LogEntry => {
                return Err(QueryError::NoRows { model });
            }
        })
    }

    /// Uses up an id, as SQLite does for a row that `INSERT OR IGNORE` leaves out.
    pub fn skip_id(&mut self, model: Model) -> Result<(), QueryError> {
        let table = match model {
            Model::User => Table::User,
            Model::Group => Table::Group,
            Model::Permission => Table::Permission,
            Model::ContentType => Table::ContentType,
            Model::Token
            | Model::TokenProxy
            | Model::Session
            | Model::LogEntry
            | Model::UserGroups
            | Model::UserPermissions
            | Model::GroupPermissions => return Ok(()),
        };
        let last = self.id_at(&table.counter())?.unwrap_or(0);
        self.put(table.counter(), Some(layout::number(last + 1).to_vec()));
        Ok(())
    }

    fn insert_token(&mut self, model: Model, values: Vec<Value>) -> Result<Row, QueryError> {
        let key = match &values[token_field::KEY] {
            Value::Null => None,
            other => other.to_text().map(Key::from_text),
        };
        for field in [token_field::CREATED, token_field::USER] {
            check_null(model, field, &values[field])?;
        }
        let new = NewToken {
            name: values[token_field::NAME].to_text(),
            key,
            created: time(&values[token_field::CREATED]),
            expires: time(&values[token_field::EXPIRES]),
            ..NewToken::of(values[token_field::USER].int().unwrap_or(0))
        };
        // SQLite looks at the key first, then at the user; the typed operation does it the other way round.
        if let Some(key) = &new.key
            && self.token_by_key(key)?.is_some()
        {
            return Err(ChangeError::Unique { constraint: "authtoken_token.key" }.into());
        }
        let (token, _) = self.create_token(new)?;
        Ok(Row::token(token))
    }

    /// Changes the row with this primary key. Whether there was one.
    pub fn update_row(&mut self, model: Model, query: &Query, patch: &Patch) -> Result<bool, QueryError> {
        let rows = run::rows_of(self, query)?;
        let Some(row) = rows.rows().first() else { return Ok(false) };
        self.patch_row(model, row, patch)?;
        Ok(true)
    }

    /// Changes the row of this number. Whether there was one.
    pub fn update_by_id(&mut self, model: Model, id: i64, patch: &Patch) -> Result<bool, QueryError> {
        let Some(row) = Rows::new(self).row(model, View::Every, id)? else { return Ok(false) };
        self.patch_row(model, &row, patch)?;
        Ok(true)
    }

    /// Changes every row of a query. How many there were.
    pub fn update_rows(&mut self, query: &Query, assignments: &[Assignment]) -> Result<usize, QueryError> {
        let picked = run::rows_of(self, query)?;
        let rows = picked.rows();
        if super::bulk::suits(query.model, rows, assignments) {
            super::bulk::update(self, query, &picked, assignments)?;
            return Ok(rows.len());
        }
        for row in rows {
            let mut patch = Patch::with_capacity(assignments.len());
            for (field, expr) in assignments {
                let mut eval = Eval::new(Rows::new(self), query.view);
                let tuple = [Some(Arc::clone(row))];
                let value =
                    eval.expr(expr, &Env { tuple: &tuple, group: None, outer: None, counted: None })?.into_owned();
                patch.push((*field, value));
            }
            self.patch_row(query.model, row, &patch)?;
        }
        Ok(rows.len())
    }

    fn patch_row(&mut self, model: Model, row: &Row, patch: &Patch) -> Result<(), QueryError> {
        for (field, value) in patch {
            // What is looked up at every reading is nowhere empty, whatever an instance has of it.
            if *field == token_field::KEY || !is_looked_up(model, *field) {
                check_null(model, *field, value)?;
            }
        }
        if let Some(token) = &row.token {
            return self.patch_token(token, patch);
        }
        let mut values = row.values.to_vec();
        for (field, value) in patch {
            values[*field] = value.clone();
        }
        if values[0].int() != Some(row.id) {
            return self.renumber(model, row, &values);
        }
        match model {
            Model::User => drop(self.update(&user(|place| &values[place]))?),
            Model::Group => drop(self.update(&group(&values))?),
            Model::Permission => drop(self.update(&permission(&values))?),
            Model::ContentType => drop(self.update(&content_type(&values))?),
            Model::UserGroups | Model::UserPermissions | Model::GroupPermissions => {
                self.delete_one(model, row, &mut Deleted::default())?;
                let keep = values.into_iter().enumerate().skip(1).collect();
                self.insert_row(model, keep)?;
            }
            Model::Token | Model::TokenProxy | Model::Session | Model::LogEntry => {}
        }
        Ok(())
    }

    /// Replaces the row with this primary key as a whole: a field that is not named is empty.
    pub(in crate::authority) fn replace_row(&mut self, model: Model, id: i64, patch: &Patch) -> Result<(), QueryError> {
        let mut values = vec![Value::Null; model.describe().fields.len()];
        for (field, value) in patch {
            values[*field] = value.clone();
        }
        values[0] = Value::Int(id);
        match model {
            Model::User => drop(self.update(&user(|place| &values[place]))?),
            Model::Group => drop(self.update(&group(&values))?),
            Model::Permission => drop(self.update(&permission(&values))?),
            Model::ContentType => drop(self.update(&content_type(&values))?),
            Model::UserGroups
            | Model::UserPermissions
            | Model::GroupPermissions
            | Model::Token
            | Model::TokenProxy
            | Model::Session
            | Model::LogEntry => return Err(QueryError::NoRows { model }),
        }
        Ok(())
    }

    /// Gives a row another primary key, which SQLite allows as long as nothing refers to the old one.
    fn renumber(&mut self, model: Model, row: &Row, values: &[Value]) -> Result<(), QueryError> {
        let taken = |constraint| QueryError::from(ChangeError::Unique { constraint });
        let id = values[0].int().unwrap_or(0);
        let lone = |cascade: &Cascade| *cascade == Cascade::default();
        let cascade = match model {
            Model::User if self.find::<User>(id)?.is_some() => return Err(taken("auth_user.id")),
            Model::User => self.delete_user(&user(|place| &row.values[place]))?,
            Model::Group if self.find::<Group>(id)?.is_some() => return Err(taken("auth_group.id")),
            Model::Group => self.delete_group(&group(&row.values))?,
            Model::Permission => self.delete_permission(&permission(&row.values))?,
            Model::ContentType => self.delete_content_type(&content_type(&row.values))?,
            Model::UserGroups
            | Model::UserPermissions
            | Model::GroupPermissions
            | Model::Token
            | Model::TokenProxy
            | Model::Session
            | Model::LogEntry => return Err(QueryError::NoRows { model }),
        };
        if !lone(&cascade) {
            return Err(ChangeError::ForeignKey.into());
        }
        self.insert_row(model, values.iter().cloned().enumerate().collect())?;
        Ok(())
    }

    fn patch_token(&mut self, token: &Token, patch: &Patch) -> Result<(), QueryError> {
        let mut new = token.clone();
        let mut key = None;
        for (field, value) in patch {
            match *field {
                token_field::KEY => key = value.to_text().map(Key::from_text),
                token_field::USER => new.user = value.int().unwrap_or(new.user),
                token_field::CREATED => new.created = time(value).unwrap_or(new.created),
                token_field::NAME => new.name = value.to_text(),
                // Saving the whole row says what is there already.
                token_field::EXPIRES if time(value) != token.expires => {
                    new.expires = self.core.policy().cut(time(value), self.now);
                }
                // The rest is told by facts and cannot be set.
                _ => {}
            }
        }
        self.update(&new)?;
        if let Some(key) = key
            && self.key_of(&new)?.is_none_or(|old| old != key)
        {
            self.regenerate(&new, Some(key), Overlap::None)?;
        }
        Ok(())
    }

    /// Deletes every row of a query with what refers to it.
    pub fn delete_rows(&mut self, query: &Query) -> Result<Deleted, QueryError> {
        let rows = run::rows_of(self, query)?;
        let mut deleted = Deleted::default();
        for row in rows.rows() {
            self.delete_one(query.model, row, &mut deleted)?;
        }
        // Django counts the rows of the model itself last.
        let own = query.model;
        if let Some(at) = deleted.0.iter().position(|(model, _)| *model == own) {
            let last = deleted.0.remove(at);
            deleted.0.push(last);
        }
        Ok(deleted)
    }

    fn delete_one(&mut self, model: Model, row: &Row, deleted: &mut Deleted) -> Result<(), QueryError> {
        if let Some(token) = &row.token {
            self.delete_token(token)?;
            deleted.add(model, 1);
            return Ok(());
        }
        let cascade = match model {
            Model::User => self.delete_user(&user(|place| &row.values[place]))?,
            Model::Group => self.delete_group(&group(&row.values))?,
            Model::Permission => self.delete_permission(&permission(&row.values))?,
            Model::ContentType => self.delete_content_type(&content_type(&row.values))?,
            Model::UserGroups | Model::UserPermissions | Model::GroupPermissions => {
                if let (Some(relation), Some(left), Some(right)) =
                    (relation(model), row.values[1].int(), row.values[2].int())
                {
                    self.unlink(relation, left, &[right])?;
                }
                Cascade::default()
            }
            Model::Token | Model::TokenProxy | Model::Session | Model::LogEntry => return Ok(()),
        };
        // Tokens that DRF does not see are not counted.
        let seen = cascade.tokens.iter().filter(|token| token.name.is_none() && token.is_live()).count();
        deleted.add(Model::GroupPermissions, cascade.group_permissions);
        deleted.add(Model::UserGroups, cascade.user_groups);
        deleted.add(Model::UserPermissions, cascade.user_permissions);
        deleted.add(Model::Token, seen);
        deleted.add(Model::Permission, cascade.permissions);
        deleted.add(model, 1);
        Ok(())
    }
}

pub(super) fn check_nulls(model: Model, values: &[Value], from: usize) -> Result<(), QueryError> {
    values.iter().enumerate().skip(from).try_for_each(|(field, value)| check_null(model, field, value))
}

pub(super) fn check_null(model: Model, field: usize, value: &Value) -> Result<(), QueryError> {
    let description = model.describe();
    let described = &description.fields[field];
    if value.is_null() && !described.null {
        return Err(QueryError::NotNull { column: format!("{}.{}", description.table, described.attname) });
    }
    Ok(())
}

const fn pair(model: Model) -> &'static str {
    match model {
        Model::UserGroups => "auth_user_groups.user_id, auth_user_groups.group_id",
        Model::UserPermissions => "auth_user_user_permissions.user_id, auth_user_user_permissions.permission_id",
        Model::GroupPermissions
        | Model::User
        | Model::Group
        | Model::Permission
        | Model::ContentType
        | Model::Token
        | Model::TokenProxy
        | Model::Session
        | Model::LogEntry => "auth_group_permissions.group_id, auth_group_permissions.permission_id",
    }
}

fn text(value: &Value) -> String {
    value.to_text().unwrap_or_default()
}

pub(super) fn yes(value: &Value) -> bool {
    value.number().is_some_and(|n| n != 0.0)
}

pub(super) fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Time(at) => Some(*at),
        Value::Date(days) => Some(Timestamp(days * 86_400_000_000)),
        Value::Text(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Clock(_) | Value::Span(_) => None,
    }
}

/// The user with these values, by their places.
pub(super) fn user<'v>(value: impl Fn(usize) -> &'v Value) -> User {
    User {
        id: value(0).int().unwrap_or(0),
        password: text(value(1)),
        last_login: time(value(2)),
        is_superuser: yes(value(3)),
        username: text(value(4)),
        first_name: text(value(5)),
        last_name: text(value(6)),
        email: text(value(7)),
        is_staff: yes(value(8)),
        is_active: yes(value(9)),
        date_joined: time(value(10)).unwrap_or_default(),
    }
}

pub(super) fn group(values: &[Value]) -> Group {
    Group { id: values[0].int().unwrap_or(0), name: text(&values[1]) }
}

fn permission(values: &[Value]) -> Permission {
    Permission {
        id: values[0].int().unwrap_or(0),
        name: text(&values[1]),
        content_type: values[2].int().unwrap_or(0),
        codename: text(&values[3]),
    }
}

fn content_type(values: &[Value]) -> ContentType {
    ContentType { id: values[0].int().unwrap_or(0), app_label: text(&values[1]), model: text(&values[2]) }
}
