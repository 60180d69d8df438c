//! What Django checks of what a person typed: usernames and email addresses, with its messages.

use std::{net::Ipv6Addr, sync::LazyLock};

use regex::Regex;

/// The greatest number of characters of a username.
pub const USERNAME_CHARS: usize = 150;

/// The greatest number of characters of an email address.
pub const EMAIL_CHARS: usize = 254;

static USERNAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\A[\p{L}\p{N}_.@+-]+\z").expect("a constant pattern, tried by the tests below"));

static LOCAL: LazyLock<Regex> = LazyLock::new(|| {
    let atom = r"[-!#$%&'*+/=?^_`{}|~0-9A-Z]+";
    let quoted = r#""([\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*""#;
    Regex::new(&format!(r"(?i)\A(?:{atom}(\.{atom})*|{quoted})\z"))
        .expect("a constant pattern, tried by the tests below")
});

static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\A[a-z0-9\x{a1}-\x{ffff}]([a-z0-9\x{a1}-\x{ffff}-]{0,61}[a-z0-9\x{a1}-\x{ffff}])?\z")
        .expect("a constant pattern, tried by the tests below")
});

static TOP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\A(?:[a-z\x{a1}-\x{ffff}-]{2,63}|xn--[a-z0-9]{1,59})\z")
        .expect("a constant pattern, tried by the tests below")
});

/// What is wrong with a username that a person gave; empty where nothing is. In Django's order: not blank, its
/// characters, its length.
#[must_use]
pub fn username(text: &str) -> Vec<String> {
    if text.is_empty() {
        return vec!["This field cannot be blank.".into()];
    }
    let mut wrong = Vec::new();
    if !USERNAME.is_match(text) {
        wrong.push(
            "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.".into(),
        );
    }
    wrong.extend(too_long(text, USERNAME_CHARS));
    wrong
}

/// What is wrong with an email address that a person gave. An empty one is fine.
#[must_use]
pub fn email(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    if !is_email(text) {
        wrong.push("Enter a valid email address.".into());
    }
    wrong.extend(too_long(text, EMAIL_CHARS));
    wrong
}

fn too_long(text: &str, limit: usize) -> Option<String> {
    let chars = text.chars().count();
    (chars > limit).then(|| format!("Ensure this value has at most {limit} characters (it has {chars})."))
}

/// Django's `EmailValidator`.
fn is_email(text: &str) -> bool {
    if text.chars().count() > 320 {
        return false;
    }
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    LOCAL.is_match(local) && (domain == "localhost" || is_domain(domain) || is_literal(domain))
}

/// A host, perhaps more labels, and a top-level domain.
fn is_domain(domain: &str) -> bool {
    let Some((labels, top)) = domain.rsplit_once('.') else { return false };
    let top_is_good = TOP.is_match(top) && !top.starts_with('-') && !top.ends_with('-');
    top_is_good && labels.split('.').all(|label| LABEL.is_match(label) && !label.ends_with('-'))
}

/// An address in brackets.
fn is_literal(domain: &str) -> bool {
    let inner = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| inner.parse::<std::net::Ipv4Addr>().is_ok() || inner.parse::<Ipv6Addr>().is_ok())
}

/// Django's `normalize_email`: the domain in lower case.
#[must_use]
pub fn normalize_email(text: &str) -> String {
    match text.trim().rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
        None => text.to_owned(),
    }
}

/// Django's `normalize_username`: NFKC.
#[must_use]
pub fn normalize_username(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_letters_numbers_and_a_few_signs() {
        for good in ["alice", "zo\u{e9}", "\u{5c71}\u{7530}", "a.b@c+d-e_f", "7"] {
            assert_eq!(username(good), [] as [String; 0], "{good}");
        }
        for bad in ["bad name!", "o'neil", "a\n", "a/b"] {
            assert_eq!(username(bad).len(), 1, "{bad}");
        }
        assert_eq!(username(""), ["This field cannot be blank."]);
        assert_eq!(username(&"x".repeat(151)), ["Ensure this value has at most 150 characters (it has 151)."]);
    }

    #[test]
    fn email_addresses_are_djangos() {
        for good in ["a@b.cc", "a@localhost", "\"a!b\"@c.org", "a@[127.0.0.1]", "a@[::1]", "a+b@xn--c.com", ""] {
            assert_eq!(email(good), [] as [String; 0], "{good}");
        }
        for bad in ["nope", "a@b", "a@b.c", "a@-b.com", "a@b-.com", "a b@c.com", "@c.com", "a@b..com", "a@b.com-"] {
            assert_eq!(email(bad), ["Enter a valid email address."], "{bad}");
        }
    }

    #[test]
    fn the_domain_of_an_address_loses_its_case() {
        assert_eq!(normalize_email("EVE@Example.COM"), "EVE@example.com");
    }
}
