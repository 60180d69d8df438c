//! The audit chain as bytes: each event's row holds a hash over the one before it and over itself.
//!
//! Whoever orders the commits calls [`Chain::append`] inside the commit, so two writers never meet on the chain and
//! no gap can appear.

use std::{fmt, str::FromStr};

use super::layout::Kind;
use crate::domain::{from_hex, to_hex};

/// The first byte of every key of the chain.
pub const PREFIX: u8 = Kind::Event.letter();

/// Where the number and hash of the newest event stand: what was cut off at the end is missed here.
pub const HEAD: &[u8] = &[Kind::Head.letter()];

const HASH: usize = 32;

/// The newest event's number and hash; what the next event is chained to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Chain {
    number: u64,
    hash: [u8; HASH],
}

impl Chain {
    /// Reads the row at [`HEAD`]; a store without events has none.
    #[must_use]
    pub fn from_head(head: Option<&[u8]>) -> Option<Self> {
        let Some(head) = head else { return Some(Self::default()) };
        let (number, hash) = head.split_first_chunk::<8>()?;
        Some(Self { number: u64::from_be_bytes(*number), hash: hash.try_into().ok()? })
    }

    /// The row for [`HEAD`].
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        [self.number.to_be_bytes().as_slice(), &self.hash].concat()
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.number
    }

    /// Whether there is no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.number == 0
    }

    /// Chains one more event; returns its key and its row.
    #[must_use]
    pub fn append(&mut self, event: &[u8]) -> (Vec<u8>, Vec<u8>) {
        self.number += 1;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.hash);
        hasher.update(&self.number.to_be_bytes());
        hasher.update(event);
        self.hash = *hasher.finalize().as_bytes();
        (key(self.number), [self.hash.as_slice(), event].concat())
    }

    /// Checks that `row` is the next event of the chain, and moves on to it.
    #[must_use]
    pub fn verify(&mut self, key: &[u8], row: &[u8]) -> bool {
        let Some((_, event)) = split(row) else { return false };
        let mut next = *self;
        if next.append(event) != (key.to_vec(), row.to_vec()) {
            return false;
        }
        *self = next;
        true
    }
}

impl fmt::Display for Chain {
    /// As it can be kept elsewhere: the number and the hash in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, to_hex(&self.hash))
    }
}

impl FromStr for Chain {
    type Err = NoHead;

    fn from_str(text: &str) -> Result<Self, NoHead> {
        let (number, hash) = text.trim().split_once(':').ok_or(NoHead)?;
        let secret = from_hex(hash).ok_or(NoHead)?;
        Ok(Self { number: number.parse().map_err(|_| NoHead)?, hash: *secret })
    }
}

/// The text is no head of a chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoHead;

/// The key of the event with this number; the first is 1.
#[must_use]
pub fn key(number: u64) -> Vec<u8> {
    [&[PREFIX], number.to_be_bytes().as_slice()].concat()
}

/// The number that a key of the chain stands for.
#[must_use]
pub fn number(key: &[u8]) -> Option<u64> {
    let (PREFIX, number) = key.split_first().map(|(p, n)| (*p, n))? else { return None };
    Some(u64::from_be_bytes(number.try_into().ok()?))
}

/// Splits a row of the chain into hash and event.
#[must_use]
pub fn split(row: &[u8]) -> Option<([u8; HASH], &[u8])> {
    row.split_first_chunk::<HASH>().map(|(hash, event)| (*hash, event))
}
