//! A row as a list of values, in the order of the table of models.

use super::cache::Link;
use crate::{
    domain::{ContentType, Group, Permission, Token, User, Value},
    store::Revision,
};

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// The number by which the store keeps it: the primary key, but for tokens, whose key is that.
    pub id: i64,
    /// A value for each field of the model. Of a token, what must be looked up (the key, the use) is not in here.
    pub values: Vec<Value>,
    /// The commit that wrote it, where it was read from the store together with many others.
    pub(super) changed: Option<Revision>,
    /// The token, where it is one.
    pub token: Option<Box<Token>>,
}

impl Row {
    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        let texts = self.values.iter().map(|value| if let Value::Text(text) = value { text.len() + 16 } else { 0 });
        let token = self.token.as_ref().map_or(0, |_| 512);
        96 + self.values.len() * size_of::<Value>() + texts.sum::<usize>() + token
    }

    fn of(id: i64, values: Vec<Value>) -> Self {
        Self { id, values, changed: None, token: None }
    }

    pub(super) fn link((id, left, right): Link) -> Self {
        Self::of(id, vec![Value::Int(id), Value::Int(left), Value::Int(right)])
    }

    pub(super) fn token(token: Token) -> Self {
        let revoked = token.revoked.as_ref();
        let text = |text: Option<&String>| text.map_or(Value::Null, |text| Value::Text(text.clone()));
        let values = vec![
            Value::Null,
            Value::Int(token.user),
            Value::Time(token.created),
            Value::Text(token.id.to_string()),
            text(token.name.as_ref()),
            token.expires.into(),
            revoked.map(|revoked| revoked.at).into(),
            text(revoked.and_then(|revoked| revoked.reason.as_ref())),
            Value::Null,
            Value::Null,
            Value::Null,
        ];
        Self { id: token.serial, values, changed: None, token: Some(Box::new(token)) }
    }
}

impl From<User> for Row {
    fn from(user: User) -> Self {
        let values = vec![
            Value::Int(user.id),
            Value::Text(user.password),
            user.last_login.into(),
            Value::Bool(user.is_superuser),
            Value::Text(user.username),
            Value::Text(user.first_name),
            Value::Text(user.last_name),
            Value::Text(user.email),
            Value::Bool(user.is_staff),
            Value::Bool(user.is_active),
            Value::Time(user.date_joined),
        ];
        Self::of(user.id, values)
    }
}

impl From<Group> for Row {
    fn from(group: Group) -> Self {
        Self::of(group.id, vec![Value::Int(group.id), Value::Text(group.name)])
    }
}

impl From<Permission> for Row {
    fn from(permission: Permission) -> Self {
        let values = vec![
            Value::Int(permission.id),
            Value::Text(permission.name),
            Value::Int(permission.content_type),
            Value::Text(permission.codename),
        ];
        Self::of(permission.id, values)
    }
}

impl From<ContentType> for Row {
    fn from(content_type: ContentType) -> Self {
        let values =
            vec![Value::Int(content_type.id), Value::Text(content_type.app_label), Value::Text(content_type.model)];
        Self::of(content_type.id, values)
    }
}
