//! Why a command did not do its work, and the exit status that says so.

use std::fmt;

use crate::authority::{ChangeError, OpenError, StoreError};

/// A command failed; nothing was changed unless its text says otherwise.
#[derive(Debug)]
pub enum Failure {
    /// The command was not understood.
    Usage {
        /// What was wrong.
        message: String,
        /// How it is used; printed before the message for Django's own commands.
        usage: String,
        /// What to do.
        hints: Vec<String>,
        /// In whose words.
        style: Style,
    },
    /// What `--help` and its like ask for: no failure, but the end of the command.
    Help(String),
    /// Refused.
    Refused {
        /// What failed.
        message: String,
        /// What to do.
        hints: Vec<String>,
    },
    /// Django's `CommandError`.
    Command {
        /// Its text.
        message: String,
        /// Its exit status.
        returncode: u8,
    },
    /// Another exception of Django's or Python's.
    Raised {
        /// Its class, with the module where it is no builtin.
        exception: String,
        /// Its text; may be empty.
        message: String,
    },
    /// The store or the keyring cannot be reached.
    Unavailable {
        /// What failed.
        message: String,
        /// Why, from the nearest cause on.
        causes: Vec<String>,
        /// What to do.
        hints: Vec<String>,
    },
    /// The person pressed Ctrl-C.
    Interrupted,
}

/// In whose words a usage error is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Style {
    /// Ours.
    Own,
    /// Those of Python's argparse, for Django's commands.
    Argparse,
}

impl Failure {
    /// A refusal without hints.
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), hints: Vec::new() }
    }

    /// A refusal with a hint.
    #[must_use]
    pub fn refused_with(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), hints: vec![hint.into()] }
    }

    /// Django's `CommandError` with its usual exit status.
    #[must_use]
    pub fn command(message: impl Into<String>) -> Self {
        Self::Command { message: message.into(), returncode: 1 }
    }

    /// Another exception.
    #[must_use]
    pub fn raised(exception: &str, message: impl Into<String>) -> Self {
        Self::Raised { exception: exception.into(), message: message.into() }
    }

    /// The exit status; `None`: the process dies by SIGINT.
    #[must_use]
    pub fn status(&self) -> Option<u8> {
        match self {
            Self::Help(_) => Some(0),
            Self::Refused { .. } | Self::Raised { .. } => Some(1),
            Self::Command { returncode, .. } => Some(*returncode),
            Self::Usage { .. } => Some(2),
            Self::Unavailable { .. } => Some(3),
            Self::Interrupted => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage { message, .. }
            | Self::Help(message)
            | Self::Refused { message, .. }
            | Self::Command { message, .. }
            | Self::Unavailable { message, .. } => f.write_str(message),
            Self::Raised { exception, message } if message.is_empty() => f.write_str(exception),
            Self::Raised { exception, message } => write!(f, "{exception}: {message}"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        let hints = error.hint().into_iter().collect();
        match &error {
            ChangeError::Store(StoreError::Interrupted) | ChangeError::Interrupted => Self::Interrupted,
            ChangeError::Store(_) => unavailable(&error, hints),
            ChangeError::ReadOnly => Self::Refused { message: "this shell is read-only".into(), hints },
            _ => Self::Refused { message: error.to_string(), hints },
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Interrupted => Self::Interrupted,
            error => unavailable(&error, error.hint().into_iter().collect()),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        unavailable(&error, error.hint().into_iter().collect())
    }
}

fn unavailable(error: &dyn std::error::Error, hints: Vec<String>) -> Failure {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    Failure::Unavailable { message: error.to_string(), causes, hints }
}
