//! Django's four default password validators, with their texts.

use sha2::{Digest, Sha256};

use super::{digits::is_digit, python::is_space, similarity::too_similar};

/// Fewer characters are too few.
const MIN_CHARS: usize = 8;

/// The first [`PRINT`] bytes of the SHA-256 of each of Django's 19,640-odd common passwords, in order. Five bytes take
/// a password that is not in the list for one that is once in fifty million times.
/// docs/dependencies.md says where the list comes from and how this file is made.
static COMMON: &[u8] = include_bytes!("common.bin");

/// Bytes of an entry of [`COMMON`].
const PRINT: usize = 5;

/// What Django's validators say beforehand (`password_validators_help_texts()`).
pub const HELP_TEXTS: [&str; 4] = [
    "Your password can\u{2019}t be too similar to your other personal information.",
    "Your password must contain at least 8 characters.",
    "Your password can\u{2019}t be a commonly used password.",
    "Your password can\u{2019}t be entirely numeric.",
];

/// What of a user a password must not resemble.
#[derive(Clone, Copy, Debug, Default)]
pub struct UserAttributes<'a> {
    /// The username.
    pub username: &'a str,
    /// The first name.
    pub first_name: &'a str,
    /// The last name.
    pub last_name: &'a str,
    /// The email address.
    pub email: &'a str,
}

/// Why a password is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Invalid {
    /// It resembles an attribute, named in words for people.
    TooSimilar(&'static str),
    /// It has fewer than eight characters.
    TooShort,
    /// It is in Django's list.
    TooCommon,
    /// It has digits only.
    EntirelyNumeric,
}

impl Invalid {
    /// Django's code of the error.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooSimilar(_) => "password_too_similar",
            Self::TooShort => "password_too_short",
            Self::TooCommon => "password_too_common",
            Self::EntirelyNumeric => "password_entirely_numeric",
        }
    }

    /// Django's message.
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Self::TooSimilar(attribute) => format!("The password is too similar to the {attribute}."),
            Self::TooShort => "This password is too short. It must contain at least 8 characters.".into(),
            Self::TooCommon => "This password is too common.".into(),
            Self::EntirelyNumeric => "This password is entirely numeric.".into(),
        }
    }
}

/// All that speaks against `password`, in Django's order: `validate_password`. Without a user it is compared with no
/// attributes.
#[must_use]
pub fn validate(password: &str, user: Option<&UserAttributes<'_>>) -> Vec<Invalid> {
    let checks = [
        user.and_then(|user| resembled(password, user)).map(Invalid::TooSimilar),
        (password.chars().count() < MIN_CHARS).then_some(Invalid::TooShort),
        is_common(password).then_some(Invalid::TooCommon),
        (!password.is_empty() && password.chars().all(is_digit)).then_some(Invalid::EntirelyNumeric),
    ];
    checks.into_iter().flatten().collect()
}

fn resembled(password: &str, user: &UserAttributes<'_>) -> Option<&'static str> {
    let attributes = [
        (user.username, "username"),
        (user.first_name, "first name"),
        (user.last_name, "last name"),
        (user.email, "email address"),
    ];
    let found = attributes.into_iter().find(|(value, _)| !value.is_empty() && too_similar(password, value));
    found.map(|(_, name)| name)
}

fn is_common(password: &str) -> bool {
    let hash = Sha256::digest(password.to_lowercase().trim_matches(is_space));
    let (prints, rest) = COMMON.as_chunks::<PRINT>();
    debug_assert!(rest.is_empty(), "common.bin is whole entries");
    prints.binary_search_by(|print| print[..].cmp(&hash[..PRINT])).is_ok()
}
