use std::sync::atomic::{AtomicU8, Ordering};

use super::*;

/// Bytes that count up.
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
    }
}

fn entropy() -> Counting {
    Counting(AtomicU8::new(0))
}

fn malformed(encoded: &str) -> String {
    match verify("x", encoded) {
        Verdict::Malformed(Malformed { exception, message }) => format!("{exception}: {message}"),
        Verdict::Accepted(_) => "accepted".into(),
        Verdict::Refused => "refused".into(),
    }
}

#[test]
fn a_new_hash_is_of_the_default_hasher_and_accepts_its_password_only() {
    let encoded = make("s3cret-enough", &entropy());
    assert!(encoded.starts_with("pbkdf2_sha256$1000000$abcdefghijklmnopqrstuv$"), "{encoded}");
    assert_eq!(verify("s3cret-enough", &encoded), Verdict::Accepted(Encoding::Current));
    assert_eq!(verify("s3cret-enougH", &encoded), Verdict::Refused);
    assert_eq!(must_update(&encoded), Ok(false));
}

#[test]
fn every_hasher_accepts_what_it_encoded_and_all_but_the_default_are_outdated() {
    for hasher in Hasher::ALL {
        let salt = hasher.salt(&entropy());
        let encoded = hasher.encode("na\u{ef}ve", &salt).expect("a drawn salt is good");
        assert_eq!(identify(&encoded), Ok(hasher));
        let expected = if hasher == Hasher::Pbkdf2Sha256 { Encoding::Current } else { Encoding::Outdated };
        assert_eq!(verify("na\u{ef}ve", &encoded), Verdict::Accepted(expected), "{encoded}");
        assert_eq!(verify("naive", &encoded), Verdict::Refused, "{encoded}");
    }
}

#[test]
fn hashes_of_foreign_making_are_accepted() {
    // Made by argon2-cffi 25 and bcrypt 5.
    for encoded in [
        "argon2$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$7M/OgRr7gJlO9p69bhV8ww",
        "argon2$argon2d$v=16$m=64,t=1,p=1$c2FsdHNhbHQ$40Sy2nyEQSJQ8Ux9Ynf9iQ",
        "bcrypt$$2b$12$fBybAqOBIVHKp6Ei1VXjMuxTu5TV6CM7XLMaWlF1M4sDSDaxGqoEa",
        "bcrypt$$2a$12$fBybAqOBIVHKp6Ei1VXjMuxTu5TV6CM7XLMaWlF1M4sDSDaxGqoEa",
        "bcrypt$$2y$12$fBybAqOBIVHKp6Ei1VXjMuxTu5TV6CM7XLMaWlF1M4sDSDaxGqoEa",
    ] {
        assert_eq!(verify("x", encoded), Verdict::Accepted(Encoding::Outdated), "{encoded}");
    }
}

#[test]
fn an_unusable_or_unknown_hash_refuses_every_password_and_is_never_due() {
    let unusable = unusable(&entropy());
    assert_eq!(unusable.len(), 41);
    for encoded in [unusable.as_str(), "!", "", "sha512$salt$00", "0123456789abcdef0123456789abcdef", "plain"] {
        assert_eq!(verify("", encoded), Verdict::Refused, "{encoded}");
        assert_eq!(must_update(encoded), Ok(false), "{encoded}");
    }
}

#[test]
fn a_malformed_hash_gets_the_exception_of_djangos_hasher() {
    for (encoded, expected) in [
        ("pbkdf2_sha256", "ValueError: not enough values to unpack (expected 4, got 1)"),
        ("pbkdf2_sha256$1$", "ValueError: not enough values to unpack (expected 4, got 3)"),
        ("pbkdf2_sha256$-1$s$h", "ValueError: iteration value must be greater than 0."),
        ("pbkdf2_sha256$+1$s$h", "refused"),
        ("pbkdf2_sha256$ 1 $s$h", "refused"),
        ("pbkdf2_sha256$1_0$s$h", "refused"),
        ("pbkdf2_sha256$1__0$s$h", "ValueError: invalid literal for int() with base 10: '1__0'"),
        ("pbkdf2_sha256$$s$h", "ValueError: invalid literal for int() with base 10: ''"),
        ("pbkdf2_sha256$a'b\n$s$h", "ValueError: invalid literal for int() with base 10: \"a'b\\n\""),
        ("pbkdf2_sha256$\u{663}$s$h", "refused"),
        ("pbkdf2_sha256$1$$h", "ValueError: salt must be provided and cannot contain $."),
        ("pbkdf2_sha256$4294967296000000000$s$h", "OverflowError: iteration value is too great."),
        ("pbkdf2_sha256$99999999999999999999999$s$h", "OverflowError: Python int too large to convert to C long"),
        ("md5$a", "ValueError: not enough values to unpack (expected 3, got 2)"),
        ("md5$a$b$c", "refused"),
        ("scrypt$1", "ValueError: not enough values to unpack (expected 6, got 2)"),
        ("scrypt$1$s$8$1$h", "ValueError: n must be a power of 2."),
        ("scrypt$-2$s$8$1$h", "TypeError: n is required and must be an unsigned int"),
        ("scrypt$16384$s$-8$1$h", "TypeError: r is required and must be an unsigned int"),
        ("scrypt$32768$s$8$1$h", "ValueError: [digital envelope routines] memory limit exceeded"),
        ("scrypt$16384$s$8$1$h$x", "ValueError: too many values to unpack (expected 6)"),
        ("scrypt$2$s$8$1$h", "refused"),
        ("argon2", "ValueError: not enough values to unpack (expected 2, got 1)"),
        ("argon2$x", "argon2.exceptions.InvalidHashError: "),
        ("argon2$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ", "refused"),
        ("argon2$argon2id$v=19$m=1,t=1,p=1$c2FsdHNhbHQ$aaaaaaaa", "refused"),
        (
            "argon2$\u{e9}",
            "UnicodeEncodeError: 'ascii' codec can't encode character '\\xe9' in position 1: ordinal not in range(128)",
        ),
        ("bcrypt", "ValueError: not enough values to unpack (expected 2, got 1)"),
        ("bcrypt$x", "ValueError: Invalid salt"),
        ("bcrypt$$2b$04$aaaaaaaaaaaaaaaaaaaaaa", "ValueError: Invalid salt"),
        ("bcrypt$$2b$03$aaaaaaaaaaaaaaaaaaaaae", "ValueError: Invalid salt"),
        ("bcrypt$$2b$04$aaaaaaaaaaaaaaaaaaaaae", "refused"),
        ("bcrypt$2b$04$aaaaaaaaaaaaaaaaaaaaae", "refused"),
        ("bcrypt$$$2b$04$aaaaaaaaaaaaaaaaaaaaae", "refused"),
        ("bcrypt$$2b$4$aaaaaaaaaaaaaaaaaaaaae", "refused"),
        ("bcrypt$$2b$04$aaaaaaaaaaaaaaaaaaaaae$x", "ValueError: Invalid salt"),
        ("bcrypt_sha256$$2b", "ValueError: Invalid salt"),
    ] {
        assert_eq!(malformed(encoded), expected, "{encoded}");
    }
}

#[test]
fn fewer_iterations_or_a_short_salt_are_due_for_a_new_hash() {
    assert_eq!(must_update("pbkdf2_sha256$870000$abcdefghijklmnopqrstuv$h"), Ok(true));
    assert_eq!(must_update("pbkdf2_sha256$1000000$abcdefghijklmnopqrstu$h"), Ok(true));
    assert_eq!(must_update("pbkdf2_sha256$1000000$abcdefghijklmnopqrstuv$h"), Ok(false));
}

fn complaints(password: &str, username: &str) -> Vec<Invalid> {
    validate(password, Some(&UserAttributes { username, ..UserAttributes::default() }))
}

#[test]
fn a_weak_password_is_told_all_that_is_wrong_in_djangos_order() {
    assert_eq!(complaints("123", "alice"), [Invalid::TooShort, Invalid::TooCommon, Invalid::EntirelyNumeric]);
    assert_eq!(complaints("password", "alice"), [Invalid::TooCommon]);
    assert_eq!(complaints("alice123", "alice"), [Invalid::TooSimilar("username"), Invalid::TooCommon]);
    assert_eq!(complaints("good-enough-9", "alice"), []);
    assert_eq!(complaints(" PassWord ", "alice"), [Invalid::TooCommon], "case and blanks do not help");
}

#[test]
fn digits_of_any_script_are_numeric_and_fractions_are_not() {
    assert_eq!(complaints("\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}\u{b2}", ""), [Invalid::EntirelyNumeric]);
    assert_eq!(complaints("\u{bd}\u{bd}\u{bd}\u{bd}\u{bd}\u{bd}\u{bd}\u{bd}", ""), []);
}

#[test]
fn a_password_is_compared_with_each_word_of_an_attribute() {
    let user = UserAttributes { email: "wonderland@example.com", ..UserAttributes::default() };
    assert_eq!(validate("wonderland7", Some(&user)), [Invalid::TooSimilar("email address")]);
    assert_eq!(validate("wonderland7", None), []);
}
