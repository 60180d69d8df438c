//! Django's password hashes: encoding, checking, whether one is due for a new encoding; and its password validators.
//!
//! Every encoding that Django 5.2 knows is accepted, and a malformed one gets the answer that Django's hashers gave
//! when they were asked (`tests/parity/recordings/passwords.json`, and django.contrib.auth.hashers on CPython 3.11
//! with OpenSSL 3, argon2-cffi 25 and bcrypt 5 for the forms beyond).

mod argon2id;
mod bcrypts;
mod digits;
mod pbkdf2s;
mod python;
mod scrypts;
mod similarity;
mod validators;

use std::fmt;

use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq;

use crate::domain::Entropy;
pub use pbkdf2s::derive;
use python::{split, unpack};
pub use validators::{HELP_TEXTS, Invalid, UserAttributes, validate};

/// The alphabet of Django's `get_random_string`.
const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Characters of a salt: at least 128 bits.
const SALT_CHARS: usize = 22;

/// Begins what no password matches.
const UNUSABLE_PREFIX: char = '!';

/// Random characters after [`UNUSABLE_PREFIX`].
const UNUSABLE_CHARS: usize = 40;

/// A way of hashing, by the name that begins an encoded hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hasher {
    /// Django's default, at 1,000,000 iterations.
    Pbkdf2Sha256,
    /// The same with SHA-1.
    Pbkdf2Sha1,
    /// Argon2, whichever of d, i and id the hash says; id for new ones.
    Argon2,
    /// bcrypt over the hexadecimal SHA-256 of the password.
    BcryptSha256,
    /// bcrypt over the first 72 bytes of the password.
    Bcrypt,
    /// scrypt.
    Scrypt,
    /// Salted MD5.
    Md5,
}

impl Hasher {
    /// All of them, the preferred one first.
    pub const ALL: [Self; 7] =
        [Self::Pbkdf2Sha256, Self::Pbkdf2Sha1, Self::Argon2, Self::BcryptSha256, Self::Scrypt, Self::Bcrypt, Self::Md5];

    /// The name that begins an encoded hash.
    #[must_use]
    pub fn algorithm(self) -> &'static str {
        match self {
            Self::Pbkdf2Sha256 => "pbkdf2_sha256",
            Self::Pbkdf2Sha1 => "pbkdf2_sha1",
            Self::Argon2 => "argon2",
            Self::BcryptSha256 => "bcrypt_sha256",
            Self::Bcrypt => "bcrypt",
            Self::Scrypt => "scrypt",
            Self::Md5 => "md5",
        }
    }

    /// The hasher of this name (`get_hasher`); `default` is the preferred one.
    ///
    /// # Errors
    /// Django's `ValueError` for a name that it does not know.
    pub fn named(algorithm: &str) -> Result<Self, Malformed> {
        if algorithm == "default" {
            return Ok(Self::Pbkdf2Sha256);
        }
        Self::ALL.into_iter().find(|hasher| hasher.algorithm() == algorithm).ok_or_else(|| {
            Malformed::value(format!(
                "Unknown password hashing algorithm '{algorithm}'. Did you specify it in the PASSWORD_HASHERS setting?"
            ))
        })
    }

    /// Draws a salt as this hasher wants it.
    #[must_use]
    pub fn salt(self, entropy: &dyn Entropy) -> String {
        match self {
            Self::BcryptSha256 | Self::Bcrypt => bcrypts::salt(entropy),
            Self::Pbkdf2Sha256 | Self::Pbkdf2Sha1 | Self::Argon2 | Self::Scrypt | Self::Md5 => {
                random_string(SALT_CHARS, entropy)
            }
        }
    }

    /// Hashes `password` with `salt` at this hasher's present cost.
    ///
    /// # Errors
    /// Django's, for a salt that is empty, contains `$`, or (bcrypt) is no salt of bcrypt.
    pub fn encode(self, password: &str, salt: &str) -> Result<String, Malformed> {
        match self {
            Self::Pbkdf2Sha256 | Self::Pbkdf2Sha1 => pbkdf2s::encode(self, password, salt, pbkdf2s::ITERATIONS.into()),
            Self::Argon2 => argon2id::encode(password, salt),
            Self::BcryptSha256 | Self::Bcrypt => bcrypts::encode(self, password, salt),
            Self::Scrypt => scrypts::encode(password, salt, None),
            Self::Md5 => md5(password, salt),
        }
    }

    fn verify(self, password: &str, encoded: &str) -> Result<bool, Malformed> {
        match self {
            Self::Pbkdf2Sha256 | Self::Pbkdf2Sha1 => pbkdf2s::verify(self, password, encoded),
            Self::Argon2 => argon2id::verify(password, encoded),
            Self::BcryptSha256 | Self::Bcrypt => bcrypts::verify(self, password, encoded),
            Self::Scrypt => scrypts::verify(password, encoded),
            Self::Md5 => {
                let [_, salt, _] = unpack(&split(encoded, 2))?;
                Ok(same(encoded, &md5(password, salt)?))
            }
        }
    }
}

/// What a check of a password found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is the password.
    Accepted(Encoding),
    /// It is not, or no password can be: unusable, or hashed in a way that Django does not know.
    Refused,
    /// The encoded text begins as a hash and is none: the exception that Django raises.
    Malformed(Malformed),
}

impl Verdict {
    /// Whether the password was accepted.
    #[must_use]
    pub fn accepted(&self) -> bool {
        match self {
            Self::Accepted(Encoding::Current | Encoding::Outdated) => true,
            Self::Refused | Self::Malformed(_) => false,
        }
    }
}

/// Whether a password is hashed as a new one would be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// It is.
    Current,
    /// By another hasher, at another cost, or with a short salt: Django hashes it anew at the next login.
    Outdated,
}

/// A Python exception that Django raises for a malformed hash or salt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Malformed {
    /// Its class, with the module where it is no builtin: `ValueError`, `argon2.exceptions.InvalidHashError`.
    pub exception: &'static str,
    /// Its message; may be empty.
    pub message: String,
}

impl Malformed {
    fn value(message: impl Into<String>) -> Self {
        Self { exception: "ValueError", message: message.into() }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            return f.write_str("the stored password hash is malformed");
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Malformed {}

/// Hashes a new password: Django's `make_password(password)`. Takes a noticeable part of a second, on purpose.
#[must_use]
pub fn make(password: &str, entropy: &dyn Entropy) -> String {
    let hasher = Hasher::Pbkdf2Sha256;
    hasher.encode(password, &hasher.salt(entropy)).expect("a drawn salt is neither empty nor contains $")
}

/// What no password matches: Django's `make_password(None)`.
#[must_use]
pub fn unusable(entropy: &dyn Entropy) -> String {
    format!("{UNUSABLE_PREFIX}{}", random_string(UNUSABLE_CHARS, entropy))
}

/// Whether a password could match: Django's `is_password_usable`. True for text that is no hash at all.
#[must_use]
pub fn is_usable(encoded: &str) -> bool {
    !encoded.starts_with(UNUSABLE_PREFIX)
}

/// Checks a password: Django's `verify_password`. Takes as long for an unusable or unknown hash as for one of the
/// default hasher, so that the time does not tell which users exist.
#[must_use]
pub fn verify(password: &str, encoded: &str) -> Verdict {
    let hasher = match identify(encoded) {
        Ok(hasher) if is_usable(encoded) => hasher,
        Ok(_) | Err(_) => {
            burn(password);
            return Verdict::Refused;
        }
    };
    let checked = encoding(hasher, encoded).and_then(|encoding| Ok((encoding, hasher.verify(password, encoded)?)));
    match checked {
        Ok((encoding, true)) => Verdict::Accepted(encoding),
        Ok((Encoding::Outdated, false)) if hasher == Hasher::Pbkdf2Sha256 => {
            pbkdf2s::harden(password, encoded);
            Verdict::Refused
        }
        Ok((Encoding::Current | Encoding::Outdated, false)) => Verdict::Refused,
        Err(malformed) => Verdict::Malformed(malformed),
    }
}

/// Spends the time of one check. For a login of a user who does not exist.
pub fn burn(password: &str) {
    let spent = Hasher::Pbkdf2Sha256.encode(password, "spent");
    std::hint::black_box(spent.is_ok());
}

/// By which hasher `encoded` was made: Django's `identify_hasher`.
///
/// # Errors
/// Django's `ValueError` where it knows none of this name, which includes hashes without salt.
pub fn identify(encoded: &str) -> Result<Hasher, Malformed> {
    let chars = encoded.chars().count();
    let algorithm = if (chars == 32 && !encoded.contains('$')) || (chars == 37 && encoded.starts_with("md5$$")) {
        "unsalted_md5"
    } else if chars == 46 && encoded.starts_with("sha1$$") {
        "unsalted_sha1"
    } else {
        encoded.split('$').next().unwrap_or_default()
    };
    Hasher::named(algorithm)
}

/// Whether `encoded` is due for a new hash at the next login. An unusable or unknown one never is.
///
/// # Errors
/// Django's exception for a malformed one.
pub fn must_update(encoded: &str) -> Result<bool, Malformed> {
    match identify(encoded) {
        Ok(hasher) if is_usable(encoded) => Ok(encoding(hasher, encoded)? == Encoding::Outdated),
        Ok(_) | Err(_) => Ok(false),
    }
}

fn encoding(hasher: Hasher, encoded: &str) -> Result<Encoding, Malformed> {
    match hasher {
        Hasher::Pbkdf2Sha256 => pbkdf2s::encoding(encoded),
        Hasher::Pbkdf2Sha1 | Hasher::Argon2 | Hasher::BcryptSha256 | Hasher::Bcrypt | Hasher::Scrypt | Hasher::Md5 => {
            Ok(Encoding::Outdated)
        }
    }
}

fn md5(password: &str, salt: &str) -> Result<String, Malformed> {
    check_salt(salt)?;
    let hash = Md5::new().chain_update(salt).chain_update(password).finalize();
    Ok(format!("md5${salt}${}", lower_hex(&hash)))
}

/// Hexadecimal digits. Not `hex`, which lives with the keys.
fn lower_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(nibble.into(), 16).expect("a nibble is a digit of base 16"));
        }
        text
    })
}

fn check_salt(salt: &str) -> Result<(), Malformed> {
    if salt.is_empty() || salt.contains('$') {
        return Err(Malformed::value("salt must be provided and cannot contain $."));
    }
    Ok(())
}

fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Django's `get_random_string`: every character equally likely.
fn random_string(chars: usize, entropy: &dyn Entropy) -> String {
    let mut text = String::with_capacity(chars);
    while text.len() < chars {
        let mut bytes = [0; 64];
        entropy.fill(&mut bytes);
        // 248 is the greatest multiple of 62 in a byte: a remainder of anything above would be uneven.
        let even = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
        text.extend(even.take(chars - text.len()));
    }
    text
}

#[cfg(test)]
mod tests;
