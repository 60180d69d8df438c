//! JSON and JSON lines, one object at a time: a fixture may be larger than what it would be as values in memory.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;

use super::{error::TransferError, pyrepr::type_name};

type Take<'a> = &'a mut dyn FnMut(Value) -> Result<(), TransferError>;

/// Gives `take` each element of a list. The text is checked whole before the first one is given.
pub(super) fn each(bytes: &[u8], take: Take<'_>) -> Result<(), TransferError> {
    decode(bytes)?;
    let malformed = || TransferError::deserialization("");
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|_| malformed())?;
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'[') => {}
        // Python iterates over the names of a dictionary and the characters of a text.
        _ => match serde_json::from_slice::<Value>(bytes).map_err(|_| malformed())? {
            Value::Object(pairs) => return pairs.into_iter().try_for_each(|(name, _)| take(Value::String(name))),
            Value::String(text) => return text.chars().try_for_each(|c| take(Value::String(c.to_string()))),
            other => {
                let text = format!("'{}' object is not iterable", type_name(&other));
                return Err(TransferError::raised("TypeError", text));
            }
        },
    }
    let mut failed = None;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = reader.deserialize_seq(Each { take, failed: &mut failed });
    match (failed, read) {
        (Some(error), _) => Err(error),
        (None, Err(_)) => Err(malformed()),
        (None, Ok(())) => Ok(()),
    }
}

/// Python's `bytes.decode()`, for its error.
fn decode(bytes: &[u8]) -> Result<(), TransferError> {
    let Err(error) = str::from_utf8(bytes) else { return Ok(()) };
    let at = error.valid_up_to();
    let reason = match (error.error_len(), bytes[at]) {
        (None, _) => "unexpected end of data",
        (Some(_), 0xc2..=0xf4) => "invalid continuation byte",
        (Some(_), _) => "invalid start byte",
    };
    let text = format!("'utf-8' codec can't decode byte 0x{:02x} in position {at}: {reason}", bytes[at]);
    Err(TransferError::whole("UnicodeDecodeError", text))
}

/// Gives `take` the object on each line; blank lines are passed over.
pub(super) fn each_line(bytes: &[u8], take: Take<'_>) -> Result<(), TransferError> {
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    for line in lines {
        let object = serde_json::from_slice(line).map_err(|_| TransferError::deserialization(""))?;
        take(object)?;
    }
    Ok(())
}

struct Each<'a, 'e> {
    take: Take<'a>,
    failed: &'e mut Option<TransferError>,
}

impl<'de> Visitor<'de> for Each<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element()? {
            if let Err(error) = (self.take)(item) {
                *self.failed = Some(error);
                return Err(serde::de::Error::custom("refused"));
            }
        }
        Ok(())
    }
}
