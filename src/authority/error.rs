//! Why a change was not made.

use std::{error::Error, fmt};

use crate::{
    domain::Key,
    seal::{KeyringError, OpenError},
    store::StoreError,
};

/// A change was refused. Nothing of it was kept.
#[derive(Debug)]
#[non_exhaustive]
pub enum ChangeError {
    /// Another row has this value. `constraint` is in SQLite's words: `auth_user.username`.
    Unique {
        /// The column or columns.
        constraint: &'static str,
    },
    /// A row refers to one that does not exist.
    ForeignKey,
    /// The row to change is not there any more.
    Gone {
        /// What it was: `user`, `token`.
        what: &'static str,
    },
    /// The token is revoked, which is final.
    Revoked,
    /// A chosen key is longer than [`Key::LONGEST`].
    KeyTooLong,
    /// The user has as many tokens as the policy allows.
    TooMany {
        /// How many that are.
        limit: usize,
    },
    /// Others changed what this change had read, again and again or while an `atomic()` block was open.
    Locked,
    /// This authority was opened for reading only.
    ReadOnly,
    /// The person at the terminal did not want to wait any longer.
    Interrupted,
    /// A sealed key did not open.
    Seal(OpenError),
    /// The secrets were renewed elsewhere, and the keyring cannot be read any more.
    Keyring(KeyringError),
    /// The store failed.
    Store(StoreError),
}

impl ChangeError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Locked => Some("nothing was changed; try again".into()),
            Self::Revoked => Some("create a new token".into()),
            Self::TooMany { .. } => Some("revoke one of them first".into()),
            Self::Seal(_) => Some("hallpass store check".into()),
            Self::Keyring(error) => Some(error.hint()),
            Self::ReadOnly => Some("nothing was changed; leave the shell, and open it without --read-only".into()),
            Self::Unique { .. } | Self::ForeignKey | Self::Gone { .. } | Self::KeyTooLong | Self::Interrupted => None,
        }
    }
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // SQLite's words, as Django passes them on.
            Self::Unique { constraint } => write!(f, "UNIQUE constraint failed: {constraint}"),
            Self::ForeignKey => f.write_str("FOREIGN KEY constraint failed"),
            Self::Locked => f.write_str("database is locked"),
            Self::ReadOnly => f.write_str("attempt to write a readonly database"),
            // PostgreSQL's words, for a column of that length.
            Self::KeyTooLong => write!(f, "value too long for type character varying({})", Key::LONGEST),
            Self::Gone { what } => write!(f, "the {what} is not there any more"),
            Self::TooMany { limit } => write!(f, "the user has {limit} tokens, and no more are allowed"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Revoked => f.write_str("the token is revoked, and that is final"),
            Self::Seal(error) => error.fmt(f),
            Self::Keyring(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl Error for ChangeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Seal(error) => error.source(),
            Self::Keyring(error) => error.source(),
            Self::Store(error) => error.source(),
            Self::Unique { .. }
            | Self::ForeignKey
            | Self::Gone { .. }
            | Self::KeyTooLong
            | Self::ReadOnly
            | Self::Revoked
            | Self::TooMany { .. }
            | Self::Locked
            | Self::Interrupted => None,
        }
    }
}

impl From<StoreError> for ChangeError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<KeyringError> for ChangeError {
    fn from(error: KeyringError) -> Self {
        Self::Keyring(error)
    }
}

impl From<OpenError> for ChangeError {
    fn from(error: OpenError) -> Self {
        Self::Seal(error)
    }
}
