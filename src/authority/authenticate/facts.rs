//! What a decision needs to know of a token and of its owner, and how that stands in a few bytes.

use super::Naming;
use crate::domain::{Digest, KeyState, Timestamp, Token, TokenId, User};

/// A key of a token, and what was decided about that token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Facts {
    pub(super) serial: i64,
    pub(super) token: TokenId,
    pub(super) user: i64,
    pub(super) name: Option<Box<str>>,
    pub(super) is_revoked: bool,
    /// It is kept sealed, and so moves when the keyring is rotated; the others move at their next use.
    pub(super) is_sealed: bool,
    pub(super) expires: Option<Timestamp>,
    /// A superseded key is valid before this moment; the current one has none.
    pub(super) until: Option<Timestamp>,
}

/// The owner of a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Owner {
    pub(super) username: Box<str>,
    pub(super) is_active: bool,
}

const REVOKED: u8 = 1;
const EXPIRES: u8 = 2;
const SUPERSEDED: u8 = 4;
const NAMED: u8 = 8;
const SEALED: u8 = 16;

impl Facts {
    /// What is to be known where a key of this digest is presented; `None` where the token has no such key.
    pub(super) fn of(token: &Token, digest: &Digest) -> Option<Self> {
        let state = token.key_with(digest)?;
        let until = token.superseded.as_ref().map(|superseded| superseded.until);
        let is_sealed = token.stored_keys().any(|key| key.digest == *digest && key.sealed.is_some());
        Some(Self {
            serial: token.serial,
            token: token.id,
            user: token.user,
            name: token.name.as_deref().map(Into::into),
            is_revoked: token.revoked.is_some(),
            is_sealed,
            expires: token.expires,
            until: until.filter(|_| state == KeyState::Superseded),
        })
    }

    /// Which of the token's keys it is.
    pub(super) fn key(&self) -> KeyState {
        match self.until {
            Some(_) => KeyState::Superseded,
            None => KeyState::Current,
        }
    }

    pub(super) fn pack(&self) -> Vec<u8> {
        let flag = |is_set: bool, bit| if is_set { bit } else { 0 };
        let flags = flag(self.is_revoked, REVOKED)
            | flag(self.expires.is_some(), EXPIRES)
            | flag(self.until.is_some(), SUPERSEDED)
            | flag(self.name.is_some(), NAMED)
            | flag(self.is_sealed, SEALED);
        let mut out = vec![flags];
        out.extend(self.token.0);
        write_number(&mut out, self.serial);
        write_number(&mut out, self.user);
        for time in [self.expires, self.until].into_iter().flatten() {
            out.extend(time.0.to_le_bytes());
        }
        out.extend(self.name.as_deref().unwrap_or_default().as_bytes());
        out
    }

    /// Reads what `pack` wrote, the name only where it is asked for.
    pub(super) fn unpack(bytes: &[u8], naming: Naming) -> Option<Self> {
        let (&flags, mut rest) = bytes.split_first()?;
        let (token, left) = rest.split_first_chunk::<10>()?;
        rest = left;
        let (serial, user) = (read_number(&mut rest)?, read_number(&mut rest)?);
        let mut time = |bit| match flags & bit {
            0 => Some(None),
            _ => {
                let (number, left) = rest.split_first_chunk::<8>()?;
                rest = left;
                Some(Some(Timestamp(i64::from_le_bytes(*number))))
            }
        };
        let (expires, until) = (time(EXPIRES)?, time(SUPERSEDED)?);
        let name = match (flags & NAMED, naming) {
            (0, _) | (_, Naming::None) => None,
            (_, Naming::All) => Some(std::str::from_utf8(rest).ok()?.into()),
        };
        let (is_revoked, is_sealed) = (flags & REVOKED > 0, flags & SEALED > 0);
        Some(Self { serial, token: TokenId(*token), user, name, is_revoked, is_sealed, expires, until })
    }
}

impl Owner {
    pub(super) fn of(user: &User) -> Self {
        Self { username: user.username.as_str().into(), is_active: user.is_active }
    }

    pub(super) fn pack(&self) -> Vec<u8> {
        [&[self.is_active.into()], self.username.as_bytes()].concat()
    }

    /// Reads what `pack` wrote.
    pub(super) fn unpack(bytes: &[u8]) -> Option<Self> {
        let (is_active, username) = bytes.split_first()?;
        Some(Self { username: std::str::from_utf8(username).ok()?.into(), is_active: *is_active > 0 })
    }
}

/// Ids are small and positive: seven bits to a byte, the last one without its highest bit.
fn write_number(out: &mut Vec<u8>, number: i64) {
    let mut left = number.cast_unsigned();
    while left > 0x7f {
        out.push(u8::try_from(left & 0x7f).expect("seven bits") | 0x80);
        left >>= 7;
    }
    out.push(u8::try_from(left).expect("seven bits"));
}

fn read_number(bytes: &mut &[u8]) -> Option<i64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number.cast_signed());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_out_as_they_went_in() {
        let plain = Facts {
            serial: 1,
            token: TokenId([9; 10]),
            user: -2,
            name: None,
            is_revoked: false,
            is_sealed: false,
            expires: None,
            until: None,
        };
        let every = Facts {
            name: Some("".into()),
            is_revoked: true,
            is_sealed: true,
            expires: Some(Timestamp(-3)),
            until: Some(Timestamp(i64::MAX)),
            ..plain.clone()
        };
        for facts in [plain, every.clone(), Facts { name: Some("c\u{ef}".into()), ..every }] {
            let nameless = Facts { name: None, ..facts.clone() };
            assert_eq!(Facts::unpack(&facts.pack(), Naming::None), Some(nameless));
            assert_eq!(Facts::unpack(&facts.pack(), Naming::All), Some(facts));
        }
        for owner in [("", true), ("alice", false)] {
            let owner = Owner { username: owner.0.into(), is_active: owner.1 };
            assert_eq!(Owner::unpack(&owner.pack()), Some(owner));
        }
        assert_eq!((Facts::unpack(&[], Naming::All), Owner::unpack(&[])), (None, None), "stale");
    }
}
