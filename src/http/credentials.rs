//! What an `Authorization` header says, by DRF's grammar (`rest_framework/authentication.py`, 3.18): split at Python's
//! whitespace, the keyword in any case.

use crate::domain::Key;

/// What stands in the header.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Credentials<T> {
    /// Nothing, or a scheme that is not ours: as if nothing had been sent.
    None,
    /// Something that can be looked up.
    Given(T),
    /// Our scheme, and something wrong: the message that the client gets.
    Wrong(&'static str),
}

const NO_KEY: &str = "Invalid token header. No credentials provided.";
const SPACES: &str = "Invalid token header. Token string should not contain spaces.";
const NO_TEXT: &str = "Invalid token header. Token string should not contain invalid characters.";

/// All that [`token`] finds wrong.
pub(super) const WRONG: [&str; 3] = [NO_KEY, SPACES, NO_TEXT];

/// `Token <key>`. The key is UTF-8; `None`: it is too long to be anybody's.
pub(super) fn token(header: &[u8]) -> Credentials<Option<Key>> {
    match one_word_after(b"token", header) {
        Words::Foreign => Credentials::None,
        Words::None => Credentials::Wrong(NO_KEY),
        Words::Several => Credentials::Wrong(SPACES),
        Words::One(word) => match str::from_utf8(word) {
            Ok(key) => Credentials::Given((key.len() <= Key::LONGEST).then(|| Key::from_text(key.into()))),
            Err(_) => Credentials::Wrong(NO_TEXT),
        },
    }
}

/// `Basic <base64 of username:password>`, which the login view takes notice of.
pub(super) fn basic(header: &[u8]) -> Credentials<(String, zeroize::Zeroizing<String>)> {
    let word = match one_word_after(b"basic", header) {
        Words::Foreign => return Credentials::None,
        Words::None => return Credentials::Wrong("Invalid basic header. No credentials provided."),
        Words::Several => {
            return Credentials::Wrong("Invalid basic header. Credentials string should not contain spaces.");
        }
        Words::One(word) => word,
    };
    let wrong = Credentials::Wrong("Invalid basic header. Credentials not correctly base64 encoded.");
    let Some(bytes) = super::base64::decode(word) else { return wrong };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => super::text::latin1(error.as_bytes()),
    };
    let text = zeroize::Zeroizing::new(text);
    match text.split_once(':') {
        Some((name, password)) => Credentials::Given((name.into(), zeroize::Zeroizing::new(password.into()))),
        None => wrong,
    }
}

enum Words<'a> {
    Foreign,
    None,
    One(&'a [u8]),
    Several,
}

fn one_word_after<'a>(keyword: &[u8], header: &'a [u8]) -> Words<'a> {
    let (scheme, rest) = first_word(header);
    if !scheme.eq_ignore_ascii_case(keyword) {
        return Words::Foreign;
    }
    match first_word(rest) {
        ([], _) => Words::None,
        (word, rest) if first_word(rest).0.is_empty() => Words::One(word),
        (_, _) => Words::Several,
    }
}

/// The first word, and what follows it.
fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let from = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let text = &text[from..];
    // A long word is stepped over many bytes at once.
    let ends = [memchr::memchr3(b' ', b'\t', b'\r', text), memchr::memchr3(b'\n', b'\x0b', b'\x0c', text)];
    text.split_at(ends.into_iter().flatten().min().unwrap_or(text.len()))
}

/// Python's `bytes.split()`: space, tab, line feed, carriage return, form feed and vertical tab.
fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "a11cea11cea11cea11cea11cea11cea11cea11ce";

    fn said(header: &[u8]) -> String {
        match token(header) {
            Credentials::None => "none".into(),
            Credentials::Given(key) => key.map_or("too long".into(), |key| key.expose().into()),
            Credentials::Wrong(message) => message.into(),
        }
    }

    #[test]
    fn the_keyword_may_have_any_case_and_any_blank() {
        for header in ["Token KEY", "token KEY", "tOkEn\tKEY", "\tToken \t KEY\t", "Token   KEY  "] {
            assert_eq!(said(header.replace("KEY", KEY).as_bytes()), KEY, "{header}");
        }
    }

    #[test]
    fn words_of_every_length_end_where_they_end() {
        for length in 1..=Key::LONGEST {
            let word = "k".repeat(length);
            assert_eq!(said(format!("Token {word}").as_bytes()), word);
            assert_eq!(said(format!("Token {word}\x0b").as_bytes()), word);
            let two = said(format!("Token {word} {word}").as_bytes());
            assert_eq!(two, "Invalid token header. Token string should not contain spaces.");
        }
        assert_eq!(said(format!("Token {}", "k".repeat(Key::LONGEST + 1)).as_bytes()), "too long");
    }

    #[test]
    fn foreign_schemes_are_as_if_nothing_had_been_sent() {
        for header in ["", " ", KEY, "Token=KEY", "Token,KEY", "Bearer KEY", "Basic eA==,Token KEY", "Tokens KEY"] {
            assert_eq!(said(header.as_bytes()), "none", "{header}");
        }
    }

    #[test]
    fn what_is_wrong_with_ours_is_said() {
        assert_eq!(said(b"Token"), "Invalid token header. No credentials provided.");
        assert_eq!(said(b"Token a b"), "Invalid token header. Token string should not contain spaces.");
        assert_eq!(
            said(b"Token \xff\xfe"),
            "Invalid token header. Token string should not contain invalid characters."
        );
        assert_eq!(said("Token cl\u{e9}".as_bytes()), "cl\u{e9}");
    }

    #[test]
    fn basic_credentials_are_decoded_as_python_decodes_them() {
        let given = |header: &str| match basic(header.as_bytes()) {
            Credentials::Given((name, password)) => Ok((name, String::clone(&password))),
            Credentials::Wrong(message) => Err(message),
            Credentials::None => Err("none"),
        };
        assert_eq!(given("Basic YWxpY2U6YWxpY2UtcGFzcy0x"), Ok(("alice".into(), "alice-pass-1".into())));
        assert_eq!(given("basic YTpiOmM="), Ok(("a".into(), "b:c".into())));
        let wrong = "Invalid basic header. Credentials not correctly base64 encoded.";
        for header in ["Basic YQ==", "Basic Y", "Basic !"] {
            assert_eq!(given(header), Err(wrong), "{header}");
        }
    }
}
