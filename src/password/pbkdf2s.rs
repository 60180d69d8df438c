//! `pbkdf2_sha256` and `pbkdf2_sha1`.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::Sha1;
use sha2::Sha256;

use super::{
    ALPHABET, Encoding, Hasher, Malformed, check_salt,
    python::{Int, int, split, unpack},
    same,
};

/// Of a new hash.
pub(super) const ITERATIONS: u32 = 1_000_000;

/// Bits that a salt should have.
const SALT_BITS: f64 = 128.0;

struct Decoded<'a> {
    iterations: Int,
    salt: &'a str,
}

fn decode(encoded: &str) -> Result<Decoded<'_>, Malformed> {
    let [_, iterations, salt, _] = unpack(&split(encoded, 3))?;
    Ok(Decoded { iterations: int(iterations)?, salt })
}

pub(super) fn encode(hasher: Hasher, password: &str, salt: &str, iterations: i64) -> Result<String, Malformed> {
    check_salt(salt)?;
    // Python's `iterations or self.iterations`.
    let iterations = if iterations == 0 { ITERATIONS.into() } else { iterations };
    if iterations < 0 {
        return Err(Malformed::value("iteration value must be greater than 0."));
    }
    let rounds = i32::try_from(iterations)
        .ok()
        .and_then(|i| u32::try_from(i).ok())
        .ok_or_else(|| Malformed { exception: "OverflowError", message: "iteration value is too great.".into() })?;
    let (mut sha256, mut sha1) = ([0; 32], [0; 20]);
    let hash: &[u8] = if hasher == Hasher::Pbkdf2Sha1 {
        pbkdf2::pbkdf2_hmac::<Sha1>(password.as_bytes(), salt.as_bytes(), rounds, &mut sha1);
        &sha1
    } else {
        pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt.as_bytes(), rounds, &mut sha256);
        &sha256
    };
    Ok(format!("{}${iterations}${salt}${}", hasher.algorithm(), STANDARD.encode(hash)))
}

/// The work of `hashlib.pbkdf2_hmac`; none for a hash that Django does not use.
pub fn derive(
    hash: &str,
    password: Vec<u8>,
    salt: Vec<u8>,
    rounds: u32,
    length: Option<usize>,
) -> Option<impl FnOnce() -> Vec<u8> + Send + use<>> {
    type Work = fn(&[u8], &[u8], u32, &mut [u8]);
    let (work, usual): (Work, usize) = match hash {
        "sha1" => (pbkdf2::pbkdf2_hmac::<Sha1>, 20),
        "sha256" => (pbkdf2::pbkdf2_hmac::<Sha256>, 32),
        "sha512" => (pbkdf2::pbkdf2_hmac::<sha2::Sha512>, 64),
        _ => return None,
    };
    Some(move || {
        let mut key = vec![0; length.unwrap_or(usual)];
        work(&password, &salt, rounds, &mut key);
        key
    })
}

pub(super) fn verify(hasher: Hasher, password: &str, encoded: &str) -> Result<bool, Malformed> {
    let decoded = decode(encoded)?;
    let iterations = match decoded.iterations {
        Int::Fits(iterations) => iterations,
        Int::Above | Int::Below => {
            check_salt(decoded.salt)?;
            return Err(Malformed {
                exception: "OverflowError",
                message: "Python int too large to convert to C long".into(),
            });
        }
    };
    Ok(same(encoded, &encode(hasher, password, decoded.salt, iterations)?))
}

/// Whether iterations and salt are those of a new hash of the default hasher.
pub(super) fn encoding(encoded: &str) -> Result<Encoding, Malformed> {
    let decoded = decode(encoded)?;
    let per_char = f64::from(u32::try_from(ALPHABET.len()).expect("62")).log2();
    let chars = u32::try_from(decoded.salt.chars().count()).unwrap_or(u32::MAX);
    if decoded.iterations == Int::Fits(ITERATIONS.into()) && f64::from(chars) * per_char >= SALT_BITS {
        return Ok(Encoding::Current);
    }
    Ok(Encoding::Outdated)
}

/// Spends the iterations by which a wrong password for an old hash would be told faster than for a new one.
pub(super) fn harden(password: &str, encoded: &str) {
    let Ok(Decoded { iterations: Int::Fits(iterations), salt }) = decode(encoded) else { return };
    let extra = i64::from(ITERATIONS).saturating_sub(iterations);
    if extra > 0 {
        std::hint::black_box(encode(Hasher::Pbkdf2Sha256, password, salt, extra).is_ok());
    }
}
