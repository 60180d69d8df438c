//! Users, whose records are read where they lie when there are very many of them.

use super::{Reader, Record, VERSION, Writer, damaged, opened};
use crate::{
    domain::{Timestamp, User},
    store::{Part, StoreError},
};

/// A field of a user that nothing else hangs on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the fields are those of the user")]
pub enum UserField {
    FirstName,
    LastName,
    Email,
    IsStaff,
    IsSuperuser,
    DateJoined,
    LastLogin,
}

/// A user whose texts lie elsewhere.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs, reason = "the fields are those of the user")]
pub struct UserView<'a> {
    pub id: i64,
    pub username: &'a str,
    pub password: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub email: &'a str,
    pub is_active: bool,
    pub is_staff: bool,
    pub is_superuser: bool,
    pub date_joined: Timestamp,
    pub last_login: Option<Timestamp>,
}

impl<'a> UserView<'a> {
    /// Reads a record.
    ///
    /// # Errors
    /// As [`Record::decode`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let mut reader = opened(User::NAME, bytes)?;
        let view = Self::read(&mut reader).filter(|_| reader.0.is_empty());
        view.ok_or_else(|| damaged(User::NAME))
    }

    /// The name in a record, without a look at the rest; none where it cannot be read.
    #[must_use]
    pub fn username_of(bytes: &'a [u8]) -> Option<&'a str> {
        let mut reader = opened(User::NAME, bytes).ok()?;
        reader.int()?;
        reader.str()
    }

    /// The first name, the last name or the email in a record, without a look at the rest; none where it cannot be read.
    #[must_use]
    pub fn text_of(bytes: &'a [u8], field: UserField) -> Option<&'a [u8]> {
        let before = match field {
            UserField::FirstName => 2,
            UserField::LastName => 3,
            UserField::Email => 4,
            UserField::IsStaff | UserField::IsSuperuser | UserField::DateJoined | UserField::LastLogin => return None,
        };
        let mut reader = opened(User::NAME, bytes).ok()?;
        reader.int()?;
        for _ in 0..before {
            reader.bytes()?;
        }
        reader.bytes()
    }

    /// How a record becomes one with these fields of this user.
    #[must_use]
    pub fn parts(&self, fields: &[UserField]) -> Vec<Part> {
        let is_set = |field| fields.contains(&field);
        let text = |field, text: &str| {
            if is_set(field) { Part::SetSized(text.as_bytes().to_vec()) } else { Part::KeepSized }
        };
        let mut switches = Writer(Vec::new());
        switches.switches(&[false, is_set(UserField::IsStaff), is_set(UserField::IsSuperuser)]);
        switches.switches(&[false, self.is_staff, self.is_superuser]);
        let (clear, set) = (switches.0[0], switches.0[1]);
        let mut parts = vec![
            Part::Is(vec![VERSION]),
            Part::Keep(8),
            Part::KeepSized,
            Part::KeepSized,
            text(UserField::FirstName, self.first_name),
            text(UserField::LastName, self.last_name),
            text(UserField::Email, self.email),
            Part::Bits { clear, set: set & clear },
            if is_set(UserField::DateJoined) {
                Part::Set(self.date_joined.0.to_le_bytes().to_vec())
            } else {
                Part::Keep(8)
            },
        ];
        if is_set(UserField::LastLogin) {
            let mut rest = Writer(Vec::new());
            rest.maybe(self.last_login, Writer::time);
            parts.push(Part::SetRest(rest.0));
        }
        parts
    }

    /// Appends the record.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.push(VERSION);
        let mut out = Writer(std::mem::take(bytes));
        self.write(&mut out);
        *bytes = out.0;
    }

    fn write(&self, out: &mut Writer) {
        out.int(self.id);
        for text in [self.username, self.password, self.first_name, self.last_name, self.email] {
            out.text(text);
        }
        out.switches(&[self.is_active, self.is_staff, self.is_superuser]);
        out.time(self.date_joined);
        out.maybe(self.last_login, Writer::time);
    }

    fn read(bytes: &mut Reader<'a>) -> Option<Self> {
        let id = bytes.int()?;
        let [username, password, first_name, last_name, email] =
            [bytes.str()?, bytes.str()?, bytes.str()?, bytes.str()?, bytes.str()?];
        let [is_active, is_staff, is_superuser] = bytes.switches()?;
        let date_joined = bytes.time()?;
        let last_login = bytes.maybe(Reader::time)?;
        Some(Self {
            id,
            username,
            password,
            first_name,
            last_name,
            email,
            is_active,
            is_staff,
            is_superuser,
            date_joined,
            last_login,
        })
    }
}

impl<'a> From<&'a User> for UserView<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id,
            username: &user.username,
            password: &user.password,
            first_name: &user.first_name,
            last_name: &user.last_name,
            email: &user.email,
            is_active: user.is_active,
            is_staff: user.is_staff,
            is_superuser: user.is_superuser,
            date_joined: user.date_joined,
            last_login: user.last_login,
        }
    }
}

impl Record for User {
    const NAME: &'static str = "user";

    fn write(&self, out: &mut Writer) {
        UserView::from(self).write(out);
    }

    fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        let view = UserView::read(bytes)?;
        Some(Self {
            id: view.id,
            password: view.password.to_owned(),
            last_login: view.last_login,
            is_superuser: view.is_superuser,
            username: view.username.to_owned(),
            first_name: view.first_name.to_owned(),
            last_name: view.last_name.to_owned(),
            email: view.email.to_owned(),
            is_staff: view.is_staff,
            is_active: view.is_active,
            date_joined: view.date_joined,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Edit;

    #[test]
    fn a_user_reads_alike_where_it_lies_and_taken_out() {
        let user = User {
            id: 7,
            password: "!".into(),
            last_login: Some(Timestamp(3)),
            is_superuser: true,
            username: "al\u{ef}ce".into(),
            first_name: String::new(),
            last_name: "L".into(),
            email: "a@x.org".into(),
            is_staff: false,
            is_active: true,
            date_joined: Timestamp(-5),
        };
        let bytes = user.encode();
        assert_eq!(UserView::decode(&bytes).unwrap(), UserView::from(&user));
        assert_eq!(UserView::username_of(&bytes), Some(user.username.as_str()));
        let mut again = vec![9];
        UserView::from(&user).encode(&mut again);
        assert_eq!(again[1..], bytes);
        for end in 0..bytes.len() {
            assert!(UserView::decode(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn the_parts_of_a_record_are_changed_as_the_fields_of_the_user_are() {
        use UserField::{DateJoined, Email, FirstName, IsStaff, IsSuperuser, LastLogin, LastName};
        let all = [FirstName, LastName, Email, IsStaff, IsSuperuser, DateJoined, LastLogin];
        let old = UserView { id: 7, username: "u", password: "!", email: "e", is_active: true, ..UserView::default() };
        let (at, on) = (Timestamp(1 << 40), true);
        let texts = UserView { first_name: "First", last_name: "L\u{e4}st", email: "", ..old };
        let new = UserView { is_staff: on, is_superuser: on, date_joined: at, last_login: Some(at), ..texts };
        for some in 0..1_u32 << all.len() {
            let fields: Vec<_> = all.iter().enumerate().filter(|(n, _)| some >> n & 1 == 1).map(|(_, f)| *f).collect();
            for (from, to) in [(old, new), (new, old)] {
                let mut wanted = from;
                for field in &fields {
                    match field {
                        FirstName => wanted.first_name = to.first_name,
                        LastName => wanted.last_name = to.last_name,
                        Email => wanted.email = to.email,
                        IsStaff => wanted.is_staff = to.is_staff,
                        IsSuperuser => wanted.is_superuser = to.is_superuser,
                        DateJoined => wanted.date_joined = to.date_joined,
                        LastLogin => wanted.last_login = to.last_login,
                    }
                }
                let mut bytes = Vec::new();
                from.encode(&mut bytes);
                let edit = Edit::new(vec![(vec![1], vec![2])], to.parts(&fields), 1).unwrap();
                let changed = edit.apply(&bytes).unwrap();
                assert_eq!(UserView::decode(&changed).unwrap(), wanted, "{fields:?}");
                for (field, text) in
                    [(FirstName, wanted.first_name), (LastName, wanted.last_name), (Email, wanted.email)]
                {
                    assert_eq!(UserView::text_of(&changed, field), Some(text.as_bytes()));
                }
            }
        }
    }
}
