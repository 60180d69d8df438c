//! A user, with the fields of Django's `auth.User`.

use super::Timestamp;

/// A row of `auth_user`. Text is kept as given: the limits are checked by whoever takes input from a person, as in
/// Django, where SQLite does not enforce them either.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// The primary key.
    pub id: i64,
    /// The encoded hash of the password (see `password`), never the password.
    pub password: String,
    /// When a password was last accepted for a login.
    pub last_login: Option<Timestamp>,
    /// Has every permission.
    pub is_superuser: bool,
    /// Unique.
    pub username: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// May be empty.
    pub email: String,
    /// May use Django's admin site.
    pub is_staff: bool,
    /// An inactive user's tokens and password are refused.
    pub is_active: bool,
    /// When the user was made.
    pub date_joined: Timestamp,
}
