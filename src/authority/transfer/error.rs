//! Why a fixture was not moved, as the exception that Django raises.

use std::fmt;

use crate::authority::{ChangeError, query::QueryError};

/// A fixture was not moved; nothing was changed.
#[derive(Debug)]
pub enum TransferError {
    /// An exception of Django's.
    Raised {
        /// Its class, with the module where it is no builtin.
        exception: &'static str,
        /// Its text.
        message: String,
    },
    /// An exception of Django's to whose text nothing is added on the way up.
    Whole {
        /// Its class, with the module where it is no builtin.
        exception: &'static str,
        /// Its text.
        message: String,
    },
    /// The change was refused for another reason, or the store failed.
    Change(ChangeError),
}

pub(super) const DESERIALIZATION: &str = "django.core.serializers.base.DeserializationError";
pub(super) const INTEGRITY: &str = "django.db.utils.IntegrityError";
pub(super) const NOT_SUPPORTED: &str = "django.db.utils.NotSupportedError";

impl TransferError {
    pub(super) fn raised(exception: &'static str, message: impl Into<String>) -> Self {
        Self::Raised { exception, message: message.into() }
    }

    pub(super) fn whole(exception: &'static str, message: impl Into<String>) -> Self {
        Self::Whole { exception, message: message.into() }
    }

    pub(super) fn deserialization(message: impl Into<String>) -> Self {
        Self::raised(DESERIALIZATION, message)
    }

    /// The same with words before its text, as Django adds them on the way up.
    pub(super) fn within(self, prefix: &str) -> Self {
        match self {
            Self::Raised { exception, message } => Self::Raised { exception, message: format!("{prefix}{message}") },
            Self::Whole { .. } => self,
            Self::Change(error) => match integrity(&error) {
                Some(message) => Self::raised(INTEGRITY, format!("{prefix}{message}")),
                None => Self::Change(error),
            },
        }
    }
}

/// What SQLite would say of a change that breaks one of its rules.
fn integrity(error: &ChangeError) -> Option<String> {
    match error {
        ChangeError::Unique { .. } | ChangeError::ForeignKey => Some(error.to_string()),
        _ => None,
    }
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raised { exception, message } | Self::Whole { exception, message } => {
                write!(f, "{exception}: {message}")
            }
            Self::Change(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TransferError {}

impl From<ChangeError> for TransferError {
    fn from(error: ChangeError) -> Self {
        Self::Change(error)
    }
}

impl From<QueryError> for TransferError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Change(error) => Self::Change(error),
            other => Self::raised(INTEGRITY, other.to_string()),
        }
    }
}
