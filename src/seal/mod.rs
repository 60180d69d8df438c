//! Digests by which keys are found, seals under which they are kept, and the keyring that holds the secrets for both.
//!
//! A key is found by a keyed BLAKE3 digest of it, so the index says nothing to who has the store alone. It is kept
//! encrypted with XChaCha20-Poly1305 under a random nonce, bound to the store, its token and its digest: a sealed key
//! copied to another record does not open.

mod error;
mod file;
mod keyring;

use std::fmt;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use zeroize::Zeroizing;

pub use error::KeyringError;
pub use keyring::{Age, Digests, obtain, renew, retire};

use crate::domain::{Digest, Entropy, Key, Sealed, TokenId};

/// A secret of the keyring: 32 random bytes, wiped when dropped.
pub(crate) struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut *bytes);
        Self(bytes)
    }
}

/// A secret with its number in the keyring.
pub(crate) struct Numbered {
    number: u32,
    secret: Secret,
}

/// The secrets of one store: the last of each kind is the one in use, the ones before it still read.
pub struct StoreKeys {
    store: [u8; 16],
    digest_keys: Vec<Numbered>,
    seal_keys: Vec<Numbered>,
}

/// A sealed key did not open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OpenError {
    /// The keyring has no seal key with this number.
    NoSuchKey {
        /// The number.
        number: u32,
    },
    /// It was altered, or belongs to another record.
    Refused,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchKey { number } => write!(f, "the keyring has no seal key {number}"),
            Self::Refused => f.write_str("a sealed key does not open: it was altered, or is not this token's"),
        }
    }
}

impl std::error::Error for OpenError {}

impl fmt::Debug for StoreKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKeys(..)")
    }
}

impl StoreKeys {
    /// Draws the secrets of a new store.
    #[must_use]
    pub fn generate(store: [u8; 16], entropy: &dyn Entropy) -> Self {
        let first = || vec![Numbered { number: 1, secret: Secret::generate(entropy) }];
        Self { store, digest_keys: first(), seal_keys: first() }
    }

    /// The numbers of the digest key and the seal key in use: they grow with each renewal.
    #[must_use]
    pub fn numbers(&self) -> (u32, u32) {
        (newest(&self.digest_keys).number, newest(&self.seal_keys).number)
    }

    /// How many digest keys and seal keys there are. More than one seal key: a renewal was begun and not ended.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.digest_keys.len(), self.seal_keys.len())
    }

    fn is_renewing(&self) -> bool {
        self.seal_keys.len() > 1
    }

    fn renewed(mut self, entropy: &dyn Entropy) -> Self {
        for keys in [&mut self.digest_keys, &mut self.seal_keys] {
            let number = newest(keys).number + 1;
            keys.push(Numbered { number, secret: Secret::generate(entropy) });
        }
        self
    }

    fn retired(mut self, digests: Digests) -> Self {
        self.seal_keys.drain(..self.seal_keys.len() - 1);
        if digests == Digests::Newest {
            self.digest_keys.drain(..self.digest_keys.len() - 1);
        }
        self
    }

    /// The digest under which `key` is kept from now on.
    #[must_use]
    pub fn digest(&self, key: &Key) -> Digest {
        digest_under(newest(&self.digest_keys), key)
    }

    /// The digests under which `key` may stand, the newest first.
    pub fn digests<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = Digest> + 'a {
        self.digest_keys.iter().rev().map(move |under| digest_under(under, key))
    }

    /// Seals `key` for the record of `token`.
    #[must_use]
    pub fn seal(&self, key: &Key, token: TokenId, digest: &Digest, entropy: &dyn Entropy) -> Sealed {
        let under = newest(&self.seal_keys);
        let mut nonce = [0; 24];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: key.expose().as_bytes(), aad: &self.binding(token, digest) };
        let ciphertext = cipher(&under.secret)
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a key is far shorter than what the cipher takes");
        Sealed { seal_key: under.number, nonce, ciphertext }
    }

    /// Opens what [`StoreKeys::seal`] made for the same token and digest.
    ///
    /// # Errors
    /// Where it was made under a secret that the keyring does not have, or for another record, or altered.
    pub fn open(&self, sealed: &Sealed, token: TokenId, digest: &Digest) -> Result<Key, OpenError> {
        let number = sealed.seal_key;
        let under = self.seal_keys.iter().find(|k| k.number == number).ok_or(OpenError::NoSuchKey { number })?;
        let payload = Payload { msg: &sealed.ciphertext, aad: &self.binding(token, digest) };
        let bytes = cipher(&under.secret).decrypt(&XNonce::from(sealed.nonce), payload);
        let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(OpenError::Refused)?;
        Ok(Key::from_text(text))
    }

    /// What a sealed key is bound to.
    fn binding(&self, token: TokenId, digest: &Digest) -> Vec<u8> {
        let epoch = digest.epoch.to_le_bytes();
        [b"hallpass key 1".as_slice(), &self.store, &token.0, &epoch, &digest.bytes].concat()
    }
}

fn newest(keys: &[Numbered]) -> &Numbered {
    keys.last().expect("a keyring entry without a key is refused when it is read")
}

fn digest_under(under: &Numbered, key: &Key) -> Digest {
    let bytes = *blake3::keyed_hash(&under.secret.0, key.expose().as_bytes()).as_bytes();
    Digest { epoch: under.number, bytes }
}

fn cipher(secret: &Secret) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&*secret.0).into())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    /// Every draw gives other bytes.
    #[derive(Default)]
    pub(crate) struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn a_sealed_key_opens_for_its_own_record_only() {
        let entropy = Counting::default();
        let keys = StoreKeys::generate([7; 16], &entropy);
        let key = Key::generate(&entropy);
        let (token, digest) = (TokenId([1; 10]), keys.digest(&key));
        let sealed = keys.seal(&key, token, &digest, &entropy);
        assert_eq!(keys.open(&sealed, token, &digest).expect("its own record").expose(), key.expose());
        assert_eq!(keys.open(&sealed, TokenId([2; 10]), &digest), Err(OpenError::Refused));
        let other = keys.digest(&Key::from_text("other".into()));
        assert_eq!(keys.open(&sealed, token, &other), Err(OpenError::Refused));
        let elsewhere = StoreKeys { store: [8; 16], ..keys };
        assert_eq!(elsewhere.open(&sealed, token, &digest), Err(OpenError::Refused));
    }

    #[test]
    fn neither_digest_nor_seal_shows_the_key() {
        let entropy = Counting::default();
        let keys = StoreKeys::generate([7; 16], &entropy);
        let key = Key::from_text("a11cea11cea11ce".into());
        let digest = keys.digest(&key);
        let sealed = keys.seal(&key, TokenId([1; 10]), &digest, &entropy);
        let has = |bytes: &[u8]| bytes.windows(4).any(|w| w == b"a11c");
        assert!(!has(&sealed.ciphertext) && !has(&digest.bytes));
        assert_eq!(format!("{keys:?} {key:?}"), "StoreKeys(..) Key(..)");
    }
}
