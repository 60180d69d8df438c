//! A row as a list of values, in the order of the table of models.

use std::{
    borrow::Cow,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use super::{
    cache::Link,
    same::{self, Merging, Same},
};
use crate::{
    domain::{ContentType, Group, Permission, Token, User, Value},
    store::{
        Revision, Run,
        layout::{self, Table},
        record::UserView,
    },
};

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// The number by which the store keeps it: the primary key, but for tokens, whose key is that.
    pub id: i64,
    /// A value for each field of the model. Of a token, what must be looked up (the key, the use) is not in here.
    pub values: Values,
    /// The commit that wrote it, where it was read from the store together with many others.
    pub(super) changed: Option<Revision>,
    /// The token, where it is one.
    pub token: Option<Box<Token>>,
}

/// The values of a row. Those of a user that was read together with many others lie in the record until somebody wants
/// all of them.
#[derive(Clone, Debug)]
pub struct Values {
    record: Option<(Arc<Run>, u32)>,
    /// What holds instead of what the record has.
    patch: Option<Arc<Same>>,
    list: OnceLock<Box<[Value]>>,
}

impl Values {
    fn bytes(&self) -> Option<&[u8]> {
        let (run, at) = self.record.as_ref()?;
        run.value(*at as usize)
    }

    fn record(&self) -> Option<UserView<'_>> {
        let mut user = UserView::decode(self.bytes()?).ok()?;
        if let Some(patch) = &self.patch {
            patch.lay_over(&mut user);
        }
        Some(user)
    }
}

impl From<Vec<Value>> for Values {
    fn from(values: Vec<Value>) -> Self {
        Self { record: None, patch: None, list: OnceLock::from(values.into_boxed_slice()) }
    }
}

impl Deref for Values {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        self.list.get_or_init(|| {
            let user = self.record().expect("it was read when the row was made");
            (0..FIELDS).map(|field| value(&user, field)).collect()
        })
    }
}

/// How many fields a user has.
const FIELDS: usize = 11;

/// The value of a field of a user.
pub(super) fn value(user: &UserView<'_>, field: usize) -> Value {
    match field {
        0 => Value::Int(user.id),
        2 => user.last_login.into(),
        3 => Value::Bool(user.is_superuser),
        8 => Value::Bool(user.is_staff),
        9 => Value::Bool(user.is_active),
        10 => Value::Time(user.date_joined),
        text => text_of(user, text).map_or(Value::Null, Value::from),
    }
}

fn text_of<'a>(user: &UserView<'a>, field: usize) -> Option<&'a str> {
    match field {
        1 => Some(user.password),
        4 => Some(user.username),
        5 => Some(user.first_name),
        6 => Some(user.last_name),
        7 => Some(user.email),
        _ => None,
    }
}

impl Row {
    /// The user whose record stands at a place of a run: one that was read, or written, by this process before.
    pub(super) fn user(run: &Arc<Run>, at: usize, changed: Option<Revision>) -> Option<Self> {
        run.value(at)?;
        let id = layout::last_id(run.key(at))?;
        let values =
            Values { record: Some((Arc::clone(run), u32::try_from(at).ok()?)), patch: None, list: OnceLock::new() };
        Some(Self { id, values, changed, token: None })
    }

    /// The value of a field, without a look at the others.
    #[must_use]
    pub fn value(&self, field: usize) -> Cow<'_, Value> {
        match self.values.list.get() {
            Some(list) => Cow::Borrowed(&list[field]),
            None => match self.values.patch.as_ref().and_then(|patch| patch.value(field)) {
                Some(value) => Cow::Borrowed(value),
                None => self.values.record().map_or(Cow::Owned(Value::Null), |user| Cow::Owned(value(&user, field))),
            },
        }
    }

    /// The text of a field, where it is one.
    #[must_use]
    pub fn text(&self, field: usize) -> Option<&str> {
        match self.values.list.get() {
            Some(list) => list[field].text(),
            // No patch has a name: it is a place.
            None if field == 4 => UserView::username_of(self.values.bytes()?),
            None => text_of(&self.values.record()?, field),
        }
    }

    /// The user, of a row that is one.
    pub(super) fn as_user(&self) -> UserView<'_> {
        if let Some(user) = self.values.record() {
            return user;
        }
        let text = |field: usize| self.values[field].text().unwrap_or_default();
        let yes = |field: usize| self.values[field].int() == Some(1);
        let time = |field: usize| if let Value::Time(at) = self.values[field] { Some(at) } else { None };
        UserView {
            id: self.id,
            username: text(4),
            password: text(1),
            first_name: text(5),
            last_name: text(6),
            email: text(7),
            is_active: yes(9),
            is_staff: yes(8),
            is_superuser: yes(3),
            date_joined: time(10).unwrap_or_default(),
            last_login: time(2),
        }
    }

    /// The key at which the store has the user.
    pub(super) fn user_key(&self) -> Cow<'_, [u8]> {
        match &self.values.record {
            Some((run, at)) => Cow::Borrowed(run.key(*at as usize)),
            None => Cow::Owned(Table::User.row(self.id)),
        }
    }

    /// What it is patched with.
    pub(super) fn patch(&self) -> Option<&Arc<Same>> {
        self.values.patch.as_ref()
    }

    /// At most so many bytes the record of it has, the user that it is.
    pub(super) fn most_bytes(&self) -> usize {
        match &self.values.record {
            Some((run, _)) => run.longest().1 + self.values.patch.as_ref().map_or(0, |patch| patch.bytes()),
            None => {
                let user = self.as_user();
                let texts = [user.username, user.password, user.first_name, user.last_name, user.email];
                128 + texts.map(str::len).iter().sum::<usize>()
            }
        }
    }

    /// Which of a patch's values it does not have: a bit for each.
    pub(super) fn differing(&self, patch: &Same) -> u32 {
        let differs = |(field, new): &(usize, Value)| {
            let plain = self.values.patch.is_none() && self.values.list.get().is_none();
            if let (true, Some(text), Some(bytes), Some(field)) =
                (plain, new.text(), self.values.bytes(), same::field_of(*field))
                && let Some(old) = UserView::text_of(bytes, field)
            {
                return old != text.as_bytes();
            }
            *self.value(*field) != *new
        };
        patch.values().iter().enumerate().fold(0, |bits, (at, value)| bits | u32::from(differs(value)) << at)
    }

    /// Gives it new values, by the commit of this revision.
    pub(super) fn amend(&mut self, changed: Revision, merging: &mut Merging) {
        self.changed = Some(changed);
        let values = &mut self.values;
        if values.record.is_some() {
            values.patch = Some(merging.over(values.patch.as_ref()));
            if values.list.get().is_some() {
                values.list = OnceLock::new();
            }
        } else if let Some(list) = values.list.get_mut() {
            merging.new.values().iter().for_each(|(field, value)| list[*field] = value.clone());
        }
    }

    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        if let Some((run, at)) = &self.values.record {
            // The record, and what the values take once they are wanted.
            return 160 + FIELDS * size_of::<Value>() + 2 * run.value(*at as usize).map_or(0, <[u8]>::len);
        }
        let texts = self.values.iter().map(|value| if let Value::Text(text) = value { text.len() + 16 } else { 0 });
        let token = self.token.as_ref().map_or(0, |_| 512);
        96 + self.values.len() * size_of::<Value>() + texts.sum::<usize>() + token
    }

    pub(super) fn of(id: i64, values: Vec<Value>) -> Self {
        Self { id, values: values.into(), changed: None, token: None }
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
        Self { id: token.serial, values: values.into(), changed: None, token: Some(Box::new(token)) }
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
