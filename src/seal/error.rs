//! Why a keyring cannot be used.

use std::{error::Error, fmt, io, path::PathBuf};

/// The keyring cannot be used. Nothing was changed.
#[derive(Debug)]
pub enum KeyringError {
    /// There is no file.
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file has no entry for this store.
    NoEntry {
        /// The file.
        path: PathBuf,
        /// The store, in hexadecimal.
        store: String,
    },
    /// Others than its owner may read or write it.
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It belongs to another user.
    Owner {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        uid: u32,
    },
    /// It is no keyring.
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it is wrong. Never what stands there.
        what: String,
    },
    /// It could not be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl KeyringError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { .. } | Self::NoEntry { .. } => {
                "the keys of this store cannot be read without the keyring it was made with: name it with --keyring, or \
                 bring it back from a backup"
                    .into()
            }
            Self::Mode { path, .. } => format!("chmod 600 {}", path.display()),
            Self::Owner { .. } => "run hallpass as that user, or name another file with --keyring".into(),
            Self::Malformed { .. } => "bring the file back from a backup".into(),
            Self::Io { .. } => "name another file with --keyring, or make this one readable".into(),
        }
    }
}

impl fmt::Display for KeyringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { path } => write!(f, "there is no keyring at {}", path.display()),
            Self::NoEntry { path, store } => write!(f, "the keyring {} has no entry for store {store}", path.display()),
            Self::Mode { path, mode } => {
                write!(f, "others may use the keyring {}: its mode is {mode:o}", path.display())
            }
            Self::Owner { path, uid } => write!(f, "the keyring {} belongs to user {uid}", path.display()),
            Self::Malformed { path, what } => write!(f, "{} is no keyring: {what}", path.display()),
            Self::Io { path, .. } => write!(f, "could not use the keyring {}", path.display()),
        }
    }
}

impl Error for KeyringError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
