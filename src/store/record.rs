//! How records stand on the disk. The first byte is the version of the format; a version that is not known is refused.
//!
//! After it: numbers little-endian, text and bytes behind their length (`u32`), what may be missing behind a byte 0
//! or 1, switches as one byte of bits.

mod usages;
mod user;

pub use usages::Usages;
pub use user::{UserField, UserView};

use super::StoreError;
use crate::domain::{
    Actor, Channel, ContentType, Digest, Event, Group, Permission, Revocation, Sealed, StoredKey, Superseded,
    Timestamp, Token, TokenId,
};

/// The version that is written.
const VERSION: u8 = 1;

/// A value that has a form on the disk.
pub trait Record: Sized {
    /// What it is called in an error.
    const NAME: &'static str;

    /// How many bytes it mostly takes.
    const USUAL: usize = 128;

    /// Writes the fields, in order.
    fn write(&self, out: &mut Writer);

    /// Reads what `write` wrote; `None` where the bytes are not that.
    fn read(bytes: &mut Reader<'_>) -> Option<Self>;

    /// The bytes, version first.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::USUAL);
        bytes.push(VERSION);
        let mut out = Writer(bytes);
        self.write(&mut out);
        out.0
    }

    /// Reads `bytes`.
    ///
    /// # Errors
    /// [`StoreError::UnknownFormat`] for a version of the future, [`StoreError::Damaged`] for what is no such record.
    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut reader = opened(Self::NAME, bytes)?;
        let record = Self::read(&mut reader).ok_or_else(|| damaged(Self::NAME))?;
        if reader.0.is_empty() { Ok(record) } else { Err(damaged(Self::NAME)) }
    }
}

/// What follows the version of a record that is called `name` in an error.
fn opened<'a>(name: &'static str, bytes: &'a [u8]) -> Result<Reader<'a>, StoreError> {
    let (version, rest) = bytes.split_first().ok_or_else(|| damaged(name))?;
    if *version != VERSION {
        return Err(StoreError::UnknownFormat { what: name, version: *version });
    }
    Ok(Reader(rest))
}

fn damaged(name: &'static str) -> StoreError {
    StoreError::Damaged {
        what: format!("a {name} in the store cannot be read"),
        hint: Some("hallpass store check".into()),
    }
}

/// Collects the bytes of a record.
#[derive(Debug)]
pub struct Writer(Vec<u8>);

impl Writer {
    fn bytes(&mut self, bytes: &[u8]) {
        let length =
            u32::try_from(bytes.len()).expect("a record is far below 4 GiB: the store refuses more than 16 KiB");
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn int(&mut self, n: i64) {
        self.0.extend_from_slice(&n.to_le_bytes());
    }

    fn time(&mut self, at: Timestamp) {
        self.int(at.0);
    }

    fn u32(&mut self, n: u32) {
        self.0.extend_from_slice(&n.to_le_bytes());
    }

    fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.0.push(value.is_some().into());
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn switches(&mut self, switches: &[bool]) {
        self.0.push(switches.iter().rev().fold(0, |bits, on| bits << 1 | u8::from(*on)));
    }
}

/// Takes the bytes of a record apart.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn str(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn text(&mut self) -> Option<String> {
        self.str().map(str::to_owned)
    }

    fn int(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.int().map(Timestamp)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.array::<1>()? {
            [0] => Some(None),
            [1] => read(self).map(Some),
            _ => None,
        }
    }

    fn switches<const N: usize>(&mut self) -> Option<[bool; N]> {
        let [bits] = self.array::<1>()?;
        (u32::from(bits) >> N == 0).then(|| std::array::from_fn(|i| bits >> i & 1 == 1))
    }
}

impl Record for Group {
    const NAME: &'static str = "group";

    fn write(&self, out: &mut Writer) {
        out.int(self.id);
        out.text(&self.name);
    }

    fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        Some(Self { id: bytes.int()?, name: bytes.text()? })
    }
}

impl Record for Permission {
    const NAME: &'static str = "permission";

    fn write(&self, out: &mut Writer) {
        out.int(self.id);
        out.text(&self.name);
        out.int(self.content_type);
        out.text(&self.codename);
    }

    fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        Some(Self { id: bytes.int()?, name: bytes.text()?, content_type: bytes.int()?, codename: bytes.text()? })
    }
}

impl Record for ContentType {
    const NAME: &'static str = "content type";

    fn write(&self, out: &mut Writer) {
        out.int(self.id);
        out.text(&self.app_label);
        out.text(&self.model);
    }

    fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        Some(Self { id: bytes.int()?, app_label: bytes.text()?, model: bytes.text()? })
    }
}

impl Record for StoredKey {
    const NAME: &'static str = "key";

    fn write(&self, out: &mut Writer) {
        out.u32(self.digest.epoch);
        out.0.extend_from_slice(&self.digest.bytes);
        out.maybe(self.sealed.as_ref(), |out, sealed| {
            out.u32(sealed.seal_key);
            out.0.extend_from_slice(&sealed.nonce);
            out.bytes(&sealed.ciphertext);
        });
        out.time(self.since);
    }

    fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        let digest = Digest { epoch: bytes.u32()?, bytes: bytes.array()? };
        let sealed = bytes.maybe(|bytes| {
            Some(Sealed { seal_key: bytes.u32()?, nonce: bytes.array()?, ciphertext: bytes.bytes()?.to_vec() })
        })?;
        Some(Self { digest, sealed, since: bytes.time()? })
    }
}

impl Record for Actor {
    const NAME: &'static str = "actor";

    fn write(&self, out: &mut Writer) {
        out.text(&self.name);
        out.maybe(self.uid, Writer::u32);
        out.0.push(match self.channel {
            Channel::Shell => 0,
            Channel::Command => 1,
            Channel::Http => 2,
            Channel::System => 3,
        });
    }

    fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        let name = bytes.text()?;
        let uid = bytes.maybe(Reader::u32)?;
        let channel = match bytes.array()? {
            [0] => Channel::Shell,
            [1] => Channel::Command,
            [2] => Channel::Http,
            [3] => Channel::System,
            _ => return None,
        };
        // Where exactly and by which process stands in the audit trail.
        Some(Self::new(name, uid, channel))
    }
}

impl Record for Token {
    const NAME: &'static str = "token";

    fn write(&self, out: &mut Writer) {
        out.int(self.serial);
        out.0.extend_from_slice(&self.id.0);
        out.int(self.user);
        out.maybe(self.name.as_deref(), Writer::text);
        out.time(self.created);
        out.maybe(self.expires, Writer::time);
        out.maybe(self.revoked.as_ref(), |out, revoked| {
            out.time(revoked.at);
            revoked.by.write(out);
            out.maybe(revoked.reason.as_deref(), Writer::text);
        });
        self.key.write(out);
        out.maybe(self.superseded.as_ref(), |out, superseded| {
            superseded.key.write(out);
            out.time(superseded.until);
        });
    }

    fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            serial: bytes.int()?,
            id: TokenId(bytes.array()?),
            user: bytes.int()?,
            name: bytes.maybe(Reader::text)?,
            created: bytes.time()?,
            expires: bytes.maybe(Reader::time)?,
            revoked: bytes.maybe(|bytes| {
                Some(Revocation { at: bytes.time()?, by: Actor::read(bytes)?, reason: bytes.maybe(Reader::text)? })
            })?,
            key: StoredKey::read(bytes)?,
            superseded: bytes.maybe(|bytes| Some(Superseded { key: StoredKey::read(bytes)?, until: bytes.time()? }))?,
        })
    }
}

impl Record for Event {
    const NAME: &'static str = "audit event";

    /// Events are read by people and by other programs: JSON behind the version byte.
    fn write(&self, out: &mut Writer) {
        let json = serde_json::to_vec(self).expect("an event holds only text, numbers and lists");
        out.0.extend_from_slice(&json);
    }

    fn read(bytes: &mut Reader<'_>) -> Option<Self> {
        serde_json::from_slice(std::mem::take(&mut bytes.0)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Action, Subject};

    fn token() -> Token {
        let key = |n| StoredKey {
            digest: Digest { epoch: 2, bytes: [n; 32] },
            sealed: Some(Sealed { seal_key: 7, nonce: [n; 24], ciphertext: vec![n; 56] }),
            since: Timestamp(5),
        };
        let by = Actor::new("ops", Some(1000), Channel::Shell);
        Token {
            serial: 3,
            id: TokenId([9; 10]),
            user: 12,
            name: Some("ci".into()),
            created: Timestamp(-1),
            expires: Some(Timestamp(i64::MAX)),
            revoked: Some(Revocation { at: Timestamp(8), by, reason: Some("leaked".into()) }),
            key: key(1),
            superseded: Some(Superseded { key: key(2), until: Timestamp(9) }),
        }
    }

    #[test]
    fn a_token_reads_back_and_no_shortened_one_does() {
        let bytes = token().encode();
        assert_eq!(Token::decode(&bytes).expect("a token"), token());
        for end in 1..bytes.len() {
            assert!(matches!(Token::decode(&bytes[..end]), Err(StoreError::Damaged { .. })), "cut at {end}");
        }
    }

    #[test]
    fn an_unknown_version_is_refused_by_name() {
        let mut bytes = token().encode();
        bytes[0] = 2;
        let error = Token::decode(&bytes).expect_err("a version of the future");
        assert_eq!(error.to_string(), "the token has format 2, which this version does not know");
    }

    #[test]
    fn an_event_reads_back() {
        let event = Event {
            at: Timestamp(1),
            actor: Actor::new("ops", None, Channel::Http),
            action: Action::Regenerated { overlap_until: Some(Timestamp(2)) },
            subject: Some(Subject::token(&token())),
            owner: Some(12),
            reason: None,
        };
        assert_eq!(Event::decode(&event.encode()).expect("an event"), event);
    }
}
