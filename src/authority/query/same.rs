//! The same values for very many users: said once to the store, and once to the rows that are kept.

use std::{borrow::Cow, sync::Arc};

use super::{Row, narrow::Picked, row, write};
use crate::{
    domain::Value,
    store::{
        Edit,
        layout::Table,
        record::{UserField, UserView},
    },
};

/// New values of fields of a user: such as nothing else hangs on.
#[derive(Debug)]
pub(super) struct Same(Vec<(usize, Value)>);

/// The field at a place of the model, if it is one of those.
pub(super) fn field_of(place: usize) -> Option<UserField> {
    Some(match place {
        2 => UserField::LastLogin,
        3 => UserField::IsSuperuser,
        5 => UserField::FirstName,
        6 => UserField::LastName,
        7 => UserField::Email,
        8 => UserField::IsStaff,
        10 => UserField::DateJoined,
        _ => return None,
    })
}

/// Sets a field of a user, if it is one of those; `text` is that of the value.
pub(super) fn set<'v>(user: &mut UserView<'v>, place: usize, value: &Value, text: &'v str) {
    match field_of(place) {
        Some(UserField::LastLogin) => user.last_login = write::time(value),
        Some(UserField::IsSuperuser) => user.is_superuser = write::yes(value),
        Some(UserField::FirstName) => user.first_name = text,
        Some(UserField::LastName) => user.last_name = text,
        Some(UserField::Email) => user.email = text,
        Some(UserField::IsStaff) => user.is_staff = write::yes(value),
        Some(UserField::DateJoined) => user.date_joined = write::time(value).unwrap_or_default(),
        None => {}
    }
}

impl Same {
    /// As a user has these values.
    pub(super) fn of(fitting: &[(usize, &Value, Cow<'_, str>)]) -> Self {
        let mut user = UserView::default();
        fitting.iter().for_each(|(place, value, text)| set(&mut user, *place, value, text));
        Self(fitting.iter().map(|(place, ..)| (*place, row::value(&user, *place))).collect())
    }

    pub(super) fn values(&self) -> &[(usize, Value)] {
        &self.0
    }

    pub(super) fn value(&self, place: usize) -> Option<&Value> {
        self.0.iter().find(|(own, _)| *own == place).map(|(_, value)| value)
    }

    pub(super) fn lay_over<'v>(&'v self, user: &mut UserView<'v>) {
        self.0.iter().for_each(|(place, value)| set(user, *place, value, value.text().unwrap_or_default()));
    }

    /// How many bytes it brings to a record, at most.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|(_, value)| value.text().map_or(16, str::len)).sum()
    }

    /// Whether it says everything that another one says.
    pub(super) fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(place, _)| self.value(*place).is_some())
    }

    /// As an edit of the users in these spans of ids, so many in all; none where there are no such fields, or no users.
    fn edit(&self, ids: &[(i64, i64)], rows: u64) -> Option<Edit> {
        let mut user = UserView::default();
        self.lay_over(&mut user);
        let fields: Vec<_> = self.0.iter().map(|(place, _)| field_of(*place)).collect::<Option<_>>()?;
        let spans = ids.iter().map(|(first, last)| (Table::User.row(*first), Table::User.row(*last)));
        Edit::new(spans.collect(), user.parts(&fields), rows)
    }
}

/// Puts a patch over those that rows have already; rows with the same one before have the same one afterwards.
#[derive(Debug)]
pub(super) struct Merging {
    pub(super) new: Arc<Same>,
    last: Option<(Arc<Same>, Arc<Same>)>,
}

impl Merging {
    pub(super) fn new(new: Arc<Same>) -> Self {
        Self { new, last: None }
    }

    pub(super) fn over(&mut self, old: Option<&Arc<Same>>) -> Arc<Same> {
        let Some(old) = old else { return Arc::clone(&self.new) };
        if let Some((before, merged)) = &self.last
            && Arc::ptr_eq(before, old)
        {
            return Arc::clone(merged);
        }
        let merged = if self.new.covers(old) {
            Arc::clone(&self.new)
        } else {
            let kept = old.0.iter().filter(|(place, _)| self.new.value(*place).is_none());
            Arc::new(Same(self.new.0.iter().chain(kept).cloned().collect()))
        };
        self.last = Some((Arc::clone(old), Arc::clone(&merged)));
        merged
    }
}

/// The users that get the same values, by their ids, and the values.
#[derive(Clone, Debug)]
pub(in crate::authority) struct Followed {
    pub(super) ids: Arc<[(i64, i64)]>,
    pub(super) values: Arc<Same>,
}

/// A change that gives very many users the same values, and the rows among which they are.
#[derive(Debug)]
pub(in crate::authority) struct Edited {
    pub(in crate::authority) edit: Arc<Edit>,
    pub(in crate::authority) followed: Followed,
    rows: Picked,
}

impl Edited {
    /// None where there are no such users, or fields.
    pub(super) fn new(rows: &Picked, ids: &[(i64, i64)], count: u64, values: Arc<Same>) -> Option<Self> {
        let edit = Arc::new(values.edit(ids, count)?);
        Some(Self { edit, followed: Followed { ids: ids.into(), values }, rows: rows.clone() })
    }

    /// Gives `each` the rows that change, key and record.
    pub(in crate::authority) fn spell_out(&self, mut each: impl FnMut(Vec<u8>, Vec<u8>)) {
        let mut spans = self.followed.ids.iter().peekable();
        for row in self.rows.rows() {
            while spans.next_if(|(_, last)| *last < row.id).is_some() {}
            if spans.peek().is_some_and(|(first, _)| *first <= row.id) {
                each(row.user_key().into_owned(), self.record(row));
            }
        }
    }

    fn record(&self, row: &Row) -> Vec<u8> {
        let mut user = row.as_user();
        self.followed.values.lay_over(&mut user);
        let mut record = Vec::new();
        user.encode(&mut record);
        record
    }
}
