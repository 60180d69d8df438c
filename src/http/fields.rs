//! The fields of a head as far as they say where the request ends, may stand once only, or decide which way it goes.

use super::head::{Framing, Refusal};

/// The fields that say how the body is delimited, and those that may stand once only.
#[derive(Debug, Default)]
pub(super) struct Seen {
    length: Option<u64>,
    chunked: bool,
    coding: bool,
    pub(super) stacked: bool,
    content_type: bool,
    pub(super) host: Option<(usize, usize)>,
    pub(super) authorization: Option<(usize, usize)>,
    accept: bool,
    /// There is something else than what every client sends.
    pub(super) special: bool,
}

impl Seen {
    /// Takes a field; its value stands at `place`.
    pub(super) fn note(&mut self, name: &[u8], value: &[u8], place: (usize, usize)) -> Result<(), Refusal> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        match name.len() {
            4 if is("host") => match self.host.replace(place) {
                None => Ok(()),
                Some(_) => Err(Refusal::Malformed),
            },
            6 if is("accept") => {
                self.special |= std::mem::replace(&mut self.accept, true) || value != b"*/*";
                Ok(())
            }
            6 if is("expect") => match value.eq_ignore_ascii_case(b"100-continue") {
                true => {
                    self.special = true;
                    Ok(())
                }
                false => Err(Refusal::Expectation),
            },
            10 if is("user-agent") => Ok(()),
            10 if is("connection") => {
                self.special |= !value.eq_ignore_ascii_case(b"keep-alive");
                Ok(())
            }
            12 if is("content-type") => once(&mut self.content_type),
            13 if is("authorization") => {
                self.special |= self.authorization.replace(place).is_some();
                Ok(())
            }
            14 if is("content-length") => {
                if self.length.is_some() || value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
                    return Err(Refusal::Malformed);
                }
                let digits = str::from_utf8(value).expect("they are digits: checked above");
                self.length = Some(digits.parse().map_err(|_| Refusal::Malformed)?);
                Ok(())
            }
            17 if is("transfer-encoding") => {
                self.coding = true;
                value.split(|byte| *byte == b',').try_for_each(|coding| self.coding(trim(coding)))
            }
            15 if is("accept-encoding") || is("accept-language") => Ok(()),
            _ => {
                self.special = true;
                Ok(())
            }
        }
    }

    fn coding(&mut self, coding: &[u8]) -> Result<(), Refusal> {
        let is = |known: &str| coding.eq_ignore_ascii_case(known.as_bytes());
        if is("chunked") || is("identity") || is("gzip") || is("deflate") || is("compress") {
            // Chunked is the last one and stands once.
            if self.chunked {
                return Err(Refusal::Malformed);
            }
            self.chunked = is("chunked");
            self.stacked |= !is("chunked") && !is("identity");
            return Ok(());
        }
        Err(Refusal::Coding)
    }

    /// How the body is delimited.
    pub(super) fn framing(&self, minor: u8) -> Result<Framing, Refusal> {
        match (self.coding, self.length) {
            // RFC 9112, 6.1: chunked from a client of 1.0 is always faulty.
            (true, _) if !self.chunked || minor == 0 => Err(Refusal::Malformed),
            (true, Some(_)) => Err(Refusal::Malformed),
            (true, None) => Ok(Framing::Chunked),
            (false, length) => Ok(Framing::Length(length.unwrap_or(0))),
        }
    }
}

fn once(seen: &mut bool) -> Result<(), Refusal> {
    match std::mem::replace(seen, true) {
        true => Err(Refusal::Malformed),
        false => Ok(()),
    }
}

/// Without the blanks around it.
pub(super) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}
