//! `argon2`: the algorithm's name and a PHC string, as argon2-cffi and its C library read it.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, STANDARD_NO_PAD as PHC},
};
use subtle::ConstantTimeEq;

use super::{
    Malformed,
    python::{ascii, split, unpack},
};

const MEMORY_KIB: u32 = 102_400;
const PASSES: u32 = 2;
const LANES: u32 = 8;
const HASH_BYTES: usize = 32;

pub(super) fn encode(password: &str, salt: &str) -> Result<String, Malformed> {
    let hash = hash(
        &Parsed {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            memory: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: salt.as_bytes().to_vec(),
            hash: vec![0; HASH_BYTES],
        },
        password,
    )
    .ok_or_else(|| Malformed { exception: "argon2.exceptions.HashingError", message: "Salt is too short".into() })?;
    Ok(format!(
        "argon2$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(hash)
    ))
}

/// What does not even begin as an Argon2 hash raises; what the C library cannot read or does not allow is refused.
pub(super) fn verify(password: &str, encoded: &str) -> Result<bool, Malformed> {
    let [_, rest] = unpack(&split(encoded, 1))?;
    ascii(&encoded["argon2".len()..])?;
    let algorithm = if rest.starts_with("argon2id") {
        Algorithm::Argon2id
    } else if rest.starts_with("argon2i$") {
        Algorithm::Argon2i
    } else if rest.starts_with("argon2d$") {
        Algorithm::Argon2d
    } else {
        return Err(Malformed { exception: "argon2.exceptions.InvalidHashError", message: String::new() });
    };
    let Some(parsed) = parse(algorithm, rest) else { return Ok(false) };
    Ok(hash(&parsed, password).is_some_and(|found| bool::from(found.ct_eq(&parsed.hash))))
}

struct Parsed {
    algorithm: Algorithm,
    version: Version,
    memory: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

fn parse(algorithm: Algorithm, rest: &str) -> Option<Parsed> {
    let mut parts = rest.strip_prefix(algorithm.as_str())?.strip_prefix('$')?.split('$').peekable();
    let version = match parts.peek()?.strip_prefix("v=") {
        Some(version) => {
            parts.next();
            Version::try_from(decimal(version)?).ok()?
        }
        None => Version::V0x10,
    };
    let mut costs = parts.next()?.split(',');
    let mut cost = |name: &str| decimal(costs.next()?.strip_prefix(name)?.strip_prefix('=')?);
    let (memory, passes, lanes) = (cost("m")?, cost("t")?, cost("p")?);
    if costs.next().is_some() {
        return None;
    }
    let salt = PHC.decode(parts.next()?).ok()?;
    let hash = PHC.decode(parts.next()?).ok()?;
    parts.next().is_none().then_some(Parsed { algorithm, version, memory, passes, lanes, salt, hash })
}

/// A decimal number without leading zeros.
fn decimal(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    (digits && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok())?
}

/// `None`: the parameters are out of Argon2's range.
fn hash(parsed: &Parsed, password: &str) -> Option<Vec<u8>> {
    let params = Params::new(parsed.memory, parsed.passes, parsed.lanes, Some(parsed.hash.len())).ok()?;
    let mut out = vec![0; parsed.hash.len()];
    Argon2::new(parsed.algorithm, parsed.version, params)
        .hash_password_into(password.as_bytes(), &parsed.salt, &mut out)
        .ok()?;
    Some(out)
}
