//! `Content-Type`-like headers, as Django's `parse_header_parameters` reads them: Python's `email.message` with all it
//! lets pass, and RFC 2231.

use super::{
    charset::Charset,
    text::{latin1, percent_decoded, strip},
};

/// A main value and its parameters, in the order of the header; a name that stands twice has its last value.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Parameters {
    /// In lower case: `application/json`.
    pub(super) value: String,
    list: Vec<(String, String)>,
}

/// An RFC 2231 parameter names a charset that nobody knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct UnknownCharset;

impl Parameters {
    /// Reads a header.
    pub(super) fn parse(line: &str) -> Result<Self, UnknownCharset> {
        if !line.contains(';') {
            return Ok(Self { value: strip(line).to_lowercase(), list: Vec::new() });
        }
        let mut parts = split(line).into_iter();
        let value = parts.next().map_or_else(String::new, |(name, _)| name.to_lowercase());
        let mut parameters = Self { value, list: Vec::new() };
        let mut extended: Vec<(String, Vec<Segment>)> = Vec::new();
        for (name, value) in parts {
            let value = unquote(&value);
            match Segment::parse(&name, value.clone()) {
                Some((name, segment)) => match extended.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, segments)) => segments.push(segment),
                    None => extended.push((name, vec![segment])),
                },
                None if name.is_empty() => {}
                None => parameters.set(name, value),
            }
        }
        for (name, segments) in extended {
            parameters.set(name, Segment::join(segments)?);
        }
        Ok(parameters)
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.list.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The parameters in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn set(&mut self, name: String, value: String) {
        match self.list.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.list.push((name, value)),
        }
    }
}

/// `email.message._parseparam`: split at the semicolons outside of quotation marks. A backslash hides a mark.
fn split(line: &str) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    let (mut from, mut quotes, mut escaped) = (0, 0_usize, 0_usize);
    let bytes = line.as_bytes();
    for at in 0..=bytes.len() {
        match bytes.get(at) {
            Some(b'"') => {
                quotes += 1;
                escaped += usize::from(at > from && bytes[at - 1] == b'\\');
                continue;
            }
            // Within a pair of marks; the first character of a part is never looked at.
            Some(b';') if at > from && (quotes.wrapping_sub(escaped)) % 2 == 1 => continue,
            Some(b';') | None => {}
            Some(_) => continue,
        }
        let part = &line[from..at];
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (strip(name).to_lowercase(), strip(value)),
            None => (strip(part).into(), ""),
        };
        parts.push((name, value.into()));
        (from, quotes, escaped) = (at + 1, 0, 0);
    }
    parts
}

/// `email.utils.unquote`.
fn unquote(value: &str) -> String {
    let inner = |open, close| value.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    match (inner('"', '"'), inner('<', '>')) {
        (Some(inner), _) => inner.replace("\\\\", "\\").replace("\\\"", "\""),
        (None, Some(inner)) => inner.into(),
        (None, None) => value.into(),
    }
}

/// A piece of an RFC 2231 value: `name*`, `name*0`, `name*0*`.
#[derive(Debug)]
struct Segment {
    number: u32,
    value: String,
    encoded: bool,
}

impl Segment {
    fn parse(name: &str, value: String) -> Option<(String, Self)> {
        let (base, rest) = name.split_once('*')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest[..digits].parse().unwrap_or(0);
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        (!base.is_empty() && base.chars().all(word))
            .then(|| (base.into(), Self { number, value, encoded: name.ends_with('*') }))
    }

    fn join(mut segments: Vec<Self>) -> Result<String, UnknownCharset> {
        segments.sort_by_key(|segment| segment.number);
        let extended = segments.iter().any(|segment| segment.encoded);
        let text = segments.into_iter().fold(String::new(), |text, segment| match segment.encoded {
            true => text + &latin1(&percent_decoded(segment.value.as_bytes())),
            false => text + &segment.value,
        });
        if !extended {
            return Ok(text);
        }
        let mut ticks = text.splitn(3, '\'');
        let (Some(charset), Some(_language), Some(value)) = (ticks.next(), ticks.next(), ticks.next()) else {
            return Ok(text);
        };
        if charset.is_empty() {
            return Ok(value.into());
        }
        let charset = Charset::named(charset).ok_or(UnknownCharset)?;
        let bytes: Vec<u8> = value.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
        Ok(charset.decode_leniently(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Parameters {
        Parameters::parse(line).expect("a header")
    }

    #[test]
    fn parameters_are_split_outside_of_quotation_marks() {
        let read = parse("Multipart/Form-Data ; Boundary=\"a;b\\\"c\" ; x = y; z;x=2");
        assert_eq!(read.value, "multipart/form-data");
        let all: Vec<_> = read.iter().collect();
        assert_eq!(all, [("boundary", "a;b\"c"), ("x", "2"), ("z", "")]);
        assert_eq!(parse(" Application/JSON ").value, "application/json");
        assert_eq!(parse(";").value, "");
        assert_eq!(parse("a/b; c=<d>; e=\"").get("c"), Some("d"));
    }

    #[test]
    fn extended_values_are_decoded_and_joined() {
        assert_eq!(parse("a; filename*=UTF-8''na%C3%AFve").get("filename"), Some("na\u{ef}ve"));
        assert_eq!(parse("a; n*1=c; n*0=b").get("n"), Some("bc"));
        assert_eq!(parse("a; n*0*=utf-8'en'%41; n*1=b").get("n"), Some("Ab"));
        assert_eq!(Parameters::parse("a; n*=nope''x"), Err(UnknownCharset));
    }
}
