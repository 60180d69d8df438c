//! A token: the record that says whose requests a key opens.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Actor, Entropy, Timestamp};

/// The public handle of a token, safe in logs and tickets: `tok_` and 16 characters of Crockford's base 32.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TokenId(pub [u8; 10]);

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PREFIX: &str = "tok_";

impl TokenId {
    /// Draws a new one: 80 random bits.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 10];
        entropy.fill(&mut bytes);
        Self(bytes)
    }
}

impl TokenId {
    /// The whole bytes that every id has whose text begins with `text`, capital letters; `None` where none can.
    #[must_use]
    pub fn beginning(text: &str) -> Option<Vec<u8>> {
        let Some(digits) = text.strip_prefix(PREFIX) else {
            return PREFIX.starts_with(text).then(Vec::new);
        };
        let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
        for digit in digits.bytes() {
            let value = ALPHABET.iter().position(|letter| *letter == digit)?;
            bits = bits << 5 | u32::try_from(value).ok()?;
            count += 5;
            if count >= 8 {
                count -= 8;
                bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
            }
        }
        (digits.len() <= 16).then_some(bytes)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        for group in self.0.chunks_exact(5) {
            let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for shift in (0..8).rev() {
                let index = usize::try_from(bits >> (shift * 5) & 31).expect("five bits");
                write!(f, "{}", char::from(ALPHABET[index]))?;
            }
        }
        Ok(())
    }
}

/// The text is no token id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoTokenId;

impl FromStr for TokenId {
    type Err = NoTokenId;

    /// Reads what `Display` writes; the letters in either case, with Crockford's look-alikes (`o` for 0, `i` and `l`
    /// for 1).
    fn from_str(text: &str) -> Result<Self, NoTokenId> {
        let (prefix, digits) = text.split_at_checked(PREFIX.len()).ok_or(NoTokenId)?;
        if !prefix.eq_ignore_ascii_case(PREFIX) || digits.len() != 16 || !digits.is_ascii() {
            return Err(NoTokenId);
        }
        let mut bytes = [0; 10];
        for (group, out) in digits.as_bytes().chunks_exact(8).zip(bytes.chunks_exact_mut(5)) {
            let mut bits = 0_u64;
            for digit in group {
                let digit = match digit.to_ascii_uppercase() {
                    b'O' => b'0',
                    b'I' | b'L' => b'1',
                    other => other,
                };
                let value = ALPHABET.iter().position(|a| *a == digit).ok_or(NoTokenId)?;
                bits = bits << 5 | u64::try_from(value).expect("below 32");
            }
            out.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        Ok(Self(bytes))
    }
}

/// The keyed digest by which a key is found. Says nothing about the key without the digest key of its epoch.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Digest {
    /// Which digest key made it.
    pub epoch: u32,
    /// The digest.
    pub bytes: [u8; 32],
}

/// A key as it is kept: encrypted, authenticated and bound to its token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sealed {
    /// Which seal key made it.
    pub seal_key: u32,
    /// Random, never used twice.
    pub nonce: [u8; 24],
    /// Ciphertext and tag.
    pub ciphertext: Vec<u8>,
}

/// What is kept of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredKey {
    /// By which it is found.
    pub digest: Digest,
    /// From which it is shown again; `None`: it was to be shown once only.
    pub sealed: Option<Sealed>,
    /// Since when it is the token's key.
    pub since: Timestamp,
}

/// A key that was replaced and is still valid for a while.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Superseded {
    /// The old key.
    pub key: StoredKey,
    /// It is valid before this moment.
    pub until: Timestamp,
}

/// That a token was revoked: final.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// Why, if it was said.
    pub reason: Option<String>,
}

/// A token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    /// The order in which tokens were made (SQLite's rowid); the store's own key.
    pub serial: i64,
    /// The public handle.
    pub id: TokenId,
    /// The owner's id.
    pub user: i64,
    /// The label; `None` is DRF's one token of a user.
    pub name: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// From this moment on it is refused.
    pub expires: Option<Timestamp>,
    /// Set once, never taken back.
    pub revoked: Option<Revocation>,
    /// The current key.
    pub key: StoredKey,
    /// The key before that, while it is still valid.
    pub superseded: Option<Superseded>,
}

/// The state of a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenState {
    /// Its current key opens.
    Active,
    /// It was refused from this moment on.
    Expired {
        /// The moment.
        since: Timestamp,
    },
    /// It was revoked at this moment.
    Revoked {
        /// The moment.
        since: Timestamp,
    },
}

/// Which key of a token was presented.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// The one that `token.key` shows.
    Current,
    /// The one before.
    Superseded,
}

impl Token {
    /// The state at `now`. Revocation outranks expiry.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> TokenState {
        if let Some(revocation) = &self.revoked {
            return TokenState::Revoked { since: revocation.at };
        }
        match self.expires {
            Some(since) if since <= now => TokenState::Expired { since },
            Some(_) | None => TokenState::Active,
        }
    }

    /// Whether it was revoked before this moment.
    #[must_use]
    pub fn is_revoked_before(&self, moment: Timestamp) -> bool {
        self.revoked.as_ref().is_some_and(|revoked| revoked.at < moment)
    }

    /// Whether it is there for DRF's eyes: a revoked token is as good as deleted, an expired one is visible.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.revoked.is_none()
    }

    /// Its keys, the current one first.
    pub fn stored_keys(&self) -> impl Iterator<Item = &StoredKey> {
        std::iter::once(&self.key).chain(self.superseded.as_ref().map(|superseded| &superseded.key))
    }

    /// Which of its keys has this digest, valid or not.
    #[must_use]
    pub fn key_with(&self, digest: &Digest) -> Option<KeyState> {
        if self.key.digest == *digest {
            return Some(KeyState::Current);
        }
        let superseded = self.superseded.as_ref()?;
        (superseded.key.digest == *digest).then_some(KeyState::Superseded)
    }
}

/// How a token was used. A row of its own, written behind the requests and never by them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// When its current or superseded key was last accepted.
    pub last_used: Option<Timestamp>,
    /// How often a key of it was accepted.
    pub uses: u64,
    /// How often its superseded key was accepted since it was superseded.
    pub superseded_uses: u64,
    /// When the superseded key was last accepted.
    pub superseded_last: Option<Timestamp>,
    /// The address from which that came.
    pub superseded_from: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_writes() {
        let id = TokenId([0, 1, 2, 3, 4, 250, 251, 252, 253, 254]);
        let text = id.to_string();
        assert_eq!(text.len(), 20);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.to_lowercase().parse(), Ok(id));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "tok_",
            "tok_0123456789ABCDE",
            "tik_0123456789ABCDEF",
            "tok_0123456789ABCDEU",
            "tok_\u{e9}23456789ABCDEF",
        ] {
            assert_eq!(text.parse::<TokenId>(), Err(NoTokenId), "{text}");
        }
    }
}
