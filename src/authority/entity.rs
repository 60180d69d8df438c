//! What every kind of row has in common: an id, the places where it is found, the rows it refers to. Inserting,
//! changing and removing are written once, in [`super::tx`].

use super::{ChangeError, Passwords, Tx};
use crate::{
    domain::{ContentType, Group, Permission, Subject, Token, User},
    store::{
        layout::{self, Table},
        record::Record,
    },
};

/// A row of an index: a key at which the id of the row stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The key.
    pub key: Vec<u8>,
    /// The constraint that a second row there would break, in SQLite's words.
    pub constraint: &'static str,
}

/// A kind of row.
pub trait Entity: Record + Clone + PartialEq {
    /// Where its rows are.
    const TABLE: Table;

    /// The primary key; 0 for one that is still to be given.
    fn id(&self) -> i64;

    /// Sets the primary key.
    fn set_id(&mut self, id: i64);

    /// Where the row is found. Each place holds one row; SQLite checks them in this order.
    fn places(&self) -> Vec<Place>;

    /// The rows that must be there.
    fn refers_to(&self) -> Vec<(Table, i64)>;

    /// How the audit trail names it.
    fn subject(&self) -> Subject;

    /// Whose it is.
    fn owner(&self) -> Option<i64> {
        None
    }

    /// The names of the fields in which `other` differs.
    fn differences(&self, other: &Self) -> Vec<String>;

    /// What else happens in the same commit when these fields were changed to what `self` says.
    fn consequences(&self, _tx: &mut Tx<'_>, _fields: &[String]) -> Result<(), ChangeError> {
        Ok(())
    }
}

/// Names of the fields whose values differ between two rows.
macro_rules! differing {
    ($a:expr, $b:expr, $($field:ident),+) => {{
        let mut names = Vec::new();
        $(if $a.$field != $b.$field { names.push(stringify!($field).to_owned()); })+
        names
    }};
}

impl Entity for User {
    const TABLE: Table = Table::User;

    fn id(&self) -> i64 {
        self.id
    }

    fn set_id(&mut self, id: i64) {
        self.id = id;
    }

    fn places(&self) -> Vec<Place> {
        vec![Place { key: layout::username(&self.username), constraint: "auth_user.username" }]
    }

    fn refers_to(&self) -> Vec<(Table, i64)> {
        Vec::new()
    }

    fn subject(&self) -> Subject {
        Subject::user(self)
    }

    fn owner(&self) -> Option<i64> {
        Some(self.id)
    }

    fn differences(&self, other: &Self) -> Vec<String> {
        differing!(
            self,
            other,
            password,
            last_login,
            is_superuser,
            username,
            first_name,
            last_name,
            email,
            is_staff,
            is_active,
            date_joined
        )
    }

    fn consequences(&self, tx: &mut Tx<'_>, fields: &[String]) -> Result<(), ChangeError> {
        let password = |field: &&String| tx.passwords == Passwords::New || *field != "password";
        let fields: Vec<String> = fields.iter().filter(password).cloned().collect();
        let Some(why) = tx.core.policy().death(&fields, self.is_active) else { return Ok(()) };
        for token in tx.tokens_of(self.id)? {
            tx.revoke_because(&token, Some(why))?;
        }
        Ok(())
    }
}

impl Entity for Group {
    const TABLE: Table = Table::Group;

    fn id(&self) -> i64 {
        self.id
    }

    fn set_id(&mut self, id: i64) {
        self.id = id;
    }

    fn places(&self) -> Vec<Place> {
        vec![Place { key: layout::group_name(&self.name), constraint: "auth_group.name" }]
    }

    fn refers_to(&self) -> Vec<(Table, i64)> {
        Vec::new()
    }

    fn subject(&self) -> Subject {
        Subject { kind: "group".into(), id: self.id, name: Some(self.name.clone()), token: None }
    }

    fn differences(&self, other: &Self) -> Vec<String> {
        differing!(self, other, name)
    }
}

impl Entity for Permission {
    const TABLE: Table = Table::Permission;

    fn id(&self) -> i64 {
        self.id
    }

    fn set_id(&mut self, id: i64) {
        self.id = id;
    }

    fn places(&self) -> Vec<Place> {
        let key = layout::codename(self.content_type, &self.codename);
        vec![Place { key, constraint: "auth_permission.content_type_id, auth_permission.codename" }]
    }

    fn refers_to(&self) -> Vec<(Table, i64)> {
        vec![(Table::ContentType, self.content_type)]
    }

    fn subject(&self) -> Subject {
        Subject { kind: "permission".into(), id: self.id, name: Some(self.codename.clone()), token: None }
    }

    fn differences(&self, other: &Self) -> Vec<String> {
        differing!(self, other, name, content_type, codename)
    }
}

impl Entity for ContentType {
    const TABLE: Table = Table::ContentType;

    fn id(&self) -> i64 {
        self.id
    }

    fn set_id(&mut self, id: i64) {
        self.id = id;
    }

    fn places(&self) -> Vec<Place> {
        let key = layout::content_type(&self.app_label, &self.model);
        vec![Place { key, constraint: "django_content_type.app_label, django_content_type.model" }]
    }

    fn refers_to(&self) -> Vec<(Table, i64)> {
        Vec::new()
    }

    fn subject(&self) -> Subject {
        let name = format!("{}.{}", self.app_label, self.model);
        Subject { kind: "content type".into(), id: self.id, name: Some(name), token: None }
    }

    fn differences(&self, other: &Self) -> Vec<String> {
        differing!(self, other, app_label, model)
    }
}

impl Entity for Token {
    const TABLE: Table = Table::Token;

    fn id(&self) -> i64 {
        self.serial
    }

    fn set_id(&mut self, id: i64) {
        self.serial = id;
    }

    /// A revoked token gives its name free and keeps its other places: its key is still known, and refused.
    fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        if self.is_live() {
            let key = layout::token_name(self.user, self.name.as_deref());
            let constraint = match self.name {
                None => "authtoken_token.user_id",
                Some(_) => "hallpass_token.user_id, hallpass_token.name",
            };
            places.push(Place { key, constraint });
        }
        for key in self.stored_keys() {
            places.push(Place { key: layout::digest(&key.digest), constraint: "authtoken_token.key" });
        }
        places.push(Place { key: layout::token_id(self.id), constraint: "hallpass_token.id" });
        places.push(Place { key: layout::owned(self.user, self.serial), constraint: "hallpass_token.serial" });
        places
    }

    fn refers_to(&self) -> Vec<(Table, i64)> {
        vec![(Table::User, self.user)]
    }

    fn subject(&self) -> Subject {
        Subject::token(self)
    }

    fn owner(&self) -> Option<i64> {
        Some(self.user)
    }

    fn differences(&self, other: &Self) -> Vec<String> {
        differing!(self, other, user, name, created, expires, revoked, key, superseded)
    }
}
