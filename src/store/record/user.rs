//! Users, whose records are read where they lie when there are very many of them.

use super::{Reader, Record, VERSION, Writer, damaged, opened};
use crate::{
    domain::{Timestamp, User},
    store::StoreError,
};

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
}
