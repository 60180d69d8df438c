//! The users that the measurements are made with.

use hallpass::{
    clock::SystemClock,
    domain::{Clock, User},
};

/// The user with this number.
pub(crate) fn user(n: i64) -> User {
    User {
        id: n,
        password: "pbkdf2_sha256$1000000$0123456789abcdefghijkl$0123456789012345678901234567890123456789012=".into(),
        last_login: None,
        is_superuser: false,
        username: format!("user{n}"),
        first_name: String::new(),
        last_name: String::new(),
        email: format!("user{n}@example.com"),
        is_staff: false,
        is_active: true,
        date_joined: SystemClock.now(),
    }
}
