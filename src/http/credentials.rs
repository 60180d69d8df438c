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

/// `Token <key>`. The key is UTF-8.
pub(super) fn token(header: &[u8]) -> Credentials<Key> {
    let key = match one_word_after(b"token", header) {
        Words::Foreign => return Credentials::None,
        Words::None => return Credentials::Wrong("Invalid token header. No credentials provided."),
        Words::Several => {
            return Credentials::Wrong("Invalid token header. Token string should not contain spaces.");
        }
        Words::One(word) => word,
    };
    match str::from_utf8(key) {
        Ok(key) => Credentials::Given(Key::from_text(key.into())),
        Err(_) => Credentials::Wrong("Invalid token header. Token string should not contain invalid characters."),
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
    // Python's bytes.split(): space, tab, line feed, carriage return, form feed and vertical tab.
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let mut words = header.split(blank).filter(|word| !word.is_empty());
    if !words.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case(keyword)) {
        return Words::Foreign;
    }
    match (words.next(), words.next()) {
        (None, _) => Words::None,
        (Some(word), None) => Words::One(word),
        (Some(_), Some(_)) => Words::Several,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "a11cea11cea11cea11cea11cea11cea11cea11ce";

    fn said(header: &[u8]) -> String {
        match token(header) {
            Credentials::None => "none".into(),
            Credentials::Given(key) => key.expose().into(),
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
