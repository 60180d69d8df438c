//! The keyring: one file outside the stores, one entry for each store.
//!
//! It is written only when a store is made or its secrets are renewed: a new file beside it, synced and renamed into
//! place, under a lock, so that no reader ever sees half of it and two writers lose nothing of each other.

use std::path::Path;

use super::{KeyringError, StoreKeys, file};
use crate::domain::{Entropy, to_hex};

/// Whether the store has anything in it already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Age {
    /// Nothing was ever written to it: its secrets are drawn now, unless they stand in the keyring already.
    New,
    /// It has records, sealed under secrets that must be in the keyring.
    InUse,
}

/// The secrets of `store`, from the keyring at `path`. For a new store they are drawn and the file is written (and
/// made, with its directory), durably.
///
/// # Errors
/// See [`KeyringError`]; a missing entry is refused for a store in use.
pub fn obtain(path: &Path, store: [u8; 16], age: Age, entropy: &dyn Entropy) -> Result<StoreKeys, KeyringError> {
    let found = file::read(path)?;
    if let Some(keys) = found.as_ref().and_then(|file| file.find(store)) {
        return keys.map_err(|what| KeyringError::Malformed { path: path.into(), what });
    }
    match (age, found) {
        (Age::New, _) => {
            // Unless another process was faster: then its entry stands.
            file::amend(path, store, |present| Ok(present.is_none().then(|| StoreKeys::generate(store, entropy))))?;
            obtain(path, store, Age::InUse, entropy)
        }
        (Age::InUse, None) => Err(KeyringError::Missing { path: path.into() }),
        (Age::InUse, Some(_)) => Err(KeyringError::NoEntry { path: path.into(), store: to_hex(&store) }),
    }
}

/// Draws new secrets for `store`, which are used from now on; the ones before still read. Where a renewal was begun
/// and not ended by [`retire`], its secrets are the new ones.
///
/// # Errors
/// See [`KeyringError`]; the file is as it was.
pub fn renew(path: &Path, store: [u8; 16], entropy: &dyn Entropy) -> Result<(), KeyringError> {
    file::amend(path, store, |present| match present {
        None => Err(KeyringError::NoEntry { path: path.into(), store: to_hex(&store) }),
        Some(keys) if keys.is_renewing() => Ok(None),
        Some(keys) => Ok(Some(keys.renewed(entropy))),
    })
}

/// Forgets the seal keys before the newest one, and with [`Digests::Newest`] the digest keys too: what they made is not
/// read any more.
///
/// # Errors
/// See [`KeyringError`]; the file is as it was.
pub fn retire(path: &Path, store: [u8; 16], digests: Digests) -> Result<(), KeyringError> {
    file::amend(path, store, |present| match present {
        None => Err(KeyringError::NoEntry { path: path.into(), store: to_hex(&store) }),
        Some(keys) => Ok(Some(keys.retired(digests))),
    })
}

/// Which digest keys stay when old secrets are forgotten.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Digests {
    /// All: there are tokens that only their next use can move.
    All,
    /// The newest.
    Newest,
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{MetadataExt, PermissionsExt},
    };

    use super::*;
    use crate::{domain::Key, seal::tests::Counting};

    const STORE: [u8; 16] = [3; 16];

    fn obtain_in(path: &Path, age: Age) -> Result<StoreKeys, KeyringError> {
        obtain(path, STORE, age, &Counting::default())
    }

    #[test]
    fn a_new_store_gets_an_entry_that_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/keyring");
        let key = Key::from_text("k".into());
        let digest = obtain_in(&path, Age::New).unwrap().digest(&key);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(obtain_in(&path, Age::InUse).unwrap().digest(&key), digest);
        let other = obtain(&path, [4; 16], Age::New, &Counting::default()).unwrap();
        assert_eq!(obtain_in(&path, Age::InUse).unwrap().digest(&key), digest, "the first entry stays");
        assert_eq!(other.digest(&key), digest, "the test's entropy is the same for both");
    }

    #[test]
    fn a_store_in_use_without_its_entry_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring");
        assert!(matches!(obtain_in(&path, Age::InUse), Err(KeyringError::Missing { .. })));
        obtain(&path, [4; 16], Age::New, &Counting::default()).unwrap();
        assert!(matches!(obtain_in(&path, Age::InUse), Err(KeyringError::NoEntry { .. })));
    }

    #[test]
    fn a_keyring_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring");
        obtain_in(&path, Age::New).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = obtain_in(&path, Age::InUse).expect_err("group may read");
        assert!(matches!(error, KeyringError::Mode { mode: 0o640, .. }), "{error}");
        assert!(error.hint().starts_with("chmod 600 "));
    }

    #[test]
    fn a_malformed_keyring_is_refused_without_showing_a_secret() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring");
        obtain_in(&path, Age::New).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let secret = text.split('"').find(|part| part.len() == 64).unwrap().to_owned();
        for broken in [text.replace("version = 1", "version = 9"), text.replace(&secret, &secret[1..]), text + "?"] {
            fs::write(&path, broken).unwrap();
            let error = obtain_in(&path, Age::InUse).expect_err("no keyring");
            assert!(matches!(error, KeyringError::Malformed { .. }), "{error}");
            assert!(!error.to_string().contains(&secret[1..]));
        }
    }

    #[test]
    fn a_renewal_that_was_begun_is_gone_on_with_and_ends_with_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring");
        let entropy = Counting::default();
        let before = obtain(&path, STORE, Age::New, &entropy).unwrap();
        renew(&path, STORE, &entropy).unwrap();
        let key = Key::from_text("k".into());
        let between = obtain_in(&path, Age::InUse).unwrap();
        assert_ne!(between.digest(&key), before.digest(&key));
        assert!(between.digests(&key).any(|digest| digest == before.digest(&key)), "the old one still reads");
        renew(&path, STORE, &entropy).unwrap();
        assert_eq!(obtain_in(&path, Age::InUse).unwrap().digest(&key), between.digest(&key));
        retire(&path, STORE, Digests::Newest).unwrap();
        let after = obtain_in(&path, Age::InUse).unwrap();
        assert_eq!(after.digests(&key).collect::<Vec<_>>(), [between.digest(&key)]);
    }
}
