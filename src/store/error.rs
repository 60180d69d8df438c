//! What can go wrong with a store, in words a person can act on.

use std::{error::Error, fmt, io};

/// An error of a store. `Display` says what failed, `source` why, [`StoreError::hint`] what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be reached or opened: nobody serves it, or the one who does went away.
    Unavailable {
        /// What failed, as a sentence without a period.
        what: String,
        /// What to do.
        hint: Option<String>,
        /// Why.
        source: Option<io::Error>,
    },
    /// What is on the disk is not what was written there.
    Damaged {
        /// What is lost, from where on.
        what: String,
        /// The command that helps.
        hint: Option<String>,
    },
    /// There is no room for the change. Nothing was written.
    Full {
        /// Why.
        source: io::Error,
    },
    /// The disk refused a write or a sync. Nothing is acknowledged from here on.
    Disk {
        /// What was being done.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// A key or a value is longer than any store takes. Nothing was written.
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
        /// The greatest length in bytes.
        limit: usize,
    },
    /// The owner died with this change in flight and it could not be found out whether it took effect.
    OutcomeUnknown,
    /// The person at the terminal did not want to wait any longer. Nothing was made.
    Interrupted,
    /// A record or a store was written by a newer program.
    UnknownFormat {
        /// What was read.
        what: &'static str,
        /// Its version.
        version: u8,
    },
}

impl StoreError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unavailable { hint, .. } | Self::Damaged { hint, .. } => hint.clone(),
            Self::Full { .. } => Some("free some space and run the command again; nothing was changed".into()),
            Self::Disk { .. } => {
                Some("look at the disk, then start the program again; what was acknowledged is kept".into())
            }
            Self::TooLarge { .. } => Some("nothing was changed".into()),
            Self::Interrupted => None,
            Self::OutcomeUnknown => Some("look whether the change is there before you make it again".into()),
            Self::UnknownFormat { .. } => {
                Some("use the version of hallpass that wrote this store, or a newer one".into())
            }
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable { what, .. } | Self::Damaged { what, .. } | Self::Disk { what, .. } => f.write_str(what),
            Self::Full { .. } => f.write_str("the store is full"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "a value of {bytes} bytes is too large for the store, which takes {limit}")
            }
            Self::Interrupted => f.write_str("interrupted"),
            Self::OutcomeUnknown => f.write_str("the store went away while a change was on its way to it"),
            Self::UnknownFormat { what, version } => {
                write!(f, "the {what} has format {version}, which this version does not know")
            }
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable { source, .. } => source.as_ref().map(|e| e as _),
            Self::Full { source } | Self::Disk { source, .. } => Some(source),
            Self::Damaged { .. }
            | Self::TooLarge { .. }
            | Self::OutcomeUnknown
            | Self::Interrupted
            | Self::UnknownFormat { .. } => None,
        }
    }
}
