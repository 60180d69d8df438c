//! `bcrypt_sha256` and `bcrypt`.

use base64::Engine;
use bcrypt::BASE_64;
use sha2::{Digest, Sha256};

use super::{
    Hasher, Malformed, lower_hex,
    python::{ascii, split, unpack},
    same,
};
use crate::domain::Entropy;

/// Doublings of the work of a new hash.
const ROUNDS: u32 = 12;

/// The bytes of a password that bcrypt takes in, the NUL that ends it included.
const MAX_BYTES: usize = 72;

/// `bcrypt.gensalt(12)`.
pub(super) fn salt(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    format!("$2b${ROUNDS:02}${}", BASE_64.encode(bytes))
}

/// `salt` is one of bcrypt or a whole hash, as in its C library. A password beyond 72 bytes is cut there, as every
/// release of Python's bcrypt before 5 did: hashes that were made so must stay good.
pub(super) fn encode(hasher: Hasher, password: &str, salt: &str) -> Result<String, Malformed> {
    let invalid = || Malformed::value("Invalid salt");
    let salt = ascii(salt)?;
    // As its library cuts it: however many dollars stand between the three parts.
    let parts: Vec<&str> = salt.split('$').filter(|part| !part.is_empty()).collect();
    let [version @ ("2b" | "2a" | "2x" | "2y"), rounds, rest] = parts.as_slice() else { return Err(invalid()) };
    let cost: u32 = rounds.parse().map_err(|_| invalid())?;
    let text = rest.get(..22).ok_or_else(invalid)?;
    let bytes = BASE_64.decode(text).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()).ok_or_else(invalid)?;
    if !(4..=31).contains(&cost) {
        return Err(invalid());
    }
    let mut input = match hasher {
        Hasher::BcryptSha256 => lower_hex(&Sha256::digest(password)).into_bytes(),
        Hasher::Bcrypt | Hasher::Pbkdf2Sha256 | Hasher::Pbkdf2Sha1 | Hasher::Argon2 | Hasher::Scrypt | Hasher::Md5 => {
            password.as_bytes().to_vec()
        }
    };
    input.push(0);
    input.truncate(MAX_BYTES);
    let hash = bcrypt::bcrypt(cost, bytes, &input);
    Ok(format!("{}$${version}${cost:02}${text}{}", hasher.algorithm(), BASE_64.encode(&hash[..23])))
}

pub(super) fn verify(hasher: Hasher, password: &str, encoded: &str) -> Result<bool, Malformed> {
    let [_, data] = unpack(&split(encoded, 1))?;
    Ok(same(encoded, &encode(hasher, password, data)?))
}
