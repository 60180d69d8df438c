//! The secrets of the store as this process holds them, and how it learns that they were renewed elsewhere.
//!
//! The row [`layout::KEYRING`] says which secrets are in use. Whoever seals a key compares it in the same commit, so
//! after a renewal no key is sealed under an old secret any more; whoever does not find a key looks whether its own
//! secrets are old before it says so.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use super::{KeyringAt, OpenError};
use crate::{
    domain::Entropy,
    seal::{Age, KeyringError, StoreKeys, obtain},
};

/// The secrets, and where they come from.
#[derive(Debug)]
pub(super) struct Keys {
    file: Option<PathBuf>,
    store: [u8; 16],
    held: RwLock<Arc<StoreKeys>>,
}

impl Keys {
    pub(super) fn open(
        keyring: KeyringAt<'_>,
        store: [u8; 16],
        age: Age,
        entropy: &dyn Entropy,
    ) -> Result<Self, OpenError> {
        let (file, keys) = match keyring {
            KeyringAt::File(path) => {
                (Some(path.to_owned()), obtain(path, store, age, entropy).map_err(OpenError::Keyring)?)
            }
            KeyringAt::Copied(path) => (None, obtain(path, store, Age::InUse, entropy).map_err(OpenError::Keyring)?),
            KeyringAt::Process => (None, StoreKeys::generate(store, entropy)),
        };
        Ok(Self { file, store, held: RwLock::new(Arc::new(keys)) })
    }

    /// The file of the keyring, where there is one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The secrets as they were last read.
    pub(super) fn held(&self) -> Arc<StoreKeys> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The secrets, read anew unless the ones that are held have these numbers.
    pub(super) fn at_least(&self, numbers: (u32, u32), entropy: &dyn Entropy) -> Result<Arc<StoreKeys>, KeyringError> {
        let held = self.held();
        if held.numbers() >= numbers {
            return Ok(held);
        }
        self.reload(entropy)
    }

    /// Reads the keyring anew.
    pub(super) fn reload(&self, entropy: &dyn Entropy) -> Result<Arc<StoreKeys>, KeyringError> {
        let Some(file) = &self.file else { return Ok(self.held()) };
        let keys = Arc::new(obtain(file, self.store, Age::InUse, entropy)?);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&keys);
        Ok(keys)
    }
}

/// The value of the row that says which secrets are in use.
pub(super) fn encode((digest, seal): (u32, u32)) -> Vec<u8> {
    [digest.to_be_bytes(), seal.to_be_bytes()].concat()
}

/// Reads it; a store whose secrets were never renewed has none.
pub(super) fn decode(row: Option<&[u8]>) -> (u32, u32) {
    let number = |bytes: Option<&[u8]>| bytes.and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
    (number(row.and_then(|row| row.get(..4))), number(row.and_then(|row| row.get(4..))))
}
