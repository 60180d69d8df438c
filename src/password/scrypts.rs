//! `scrypt`, within the memory that OpenSSL grants it.

use base64::{Engine, engine::general_purpose::STANDARD};
use scrypt::Params;

use super::{
    Malformed, check_salt,
    python::{Int, int, split, unpack},
    same,
};

/// Of a new hash.
const COST: Cost = Cost { work: 1 << 14, block: 8, parallel: 5 };

/// OpenSSL's limit where none is given, in bytes.
const MAX_MEMORY: u128 = 32 * 1024 * 1024;

#[derive(Clone, Copy)]
pub(super) struct Cost {
    work: u64,
    block: u64,
    parallel: u64,
}

pub(super) fn encode(password: &str, salt: &str, cost: Option<Cost>) -> Result<String, Malformed> {
    check_salt(salt)?;
    let Cost { work, block, parallel } = cost.unwrap_or(COST);
    if work < 2 || !work.is_power_of_two() {
        return Err(Malformed::value("n must be a power of 2."));
    }
    let beyond = || Malformed::value("[digital envelope routines] memory limit exceeded");
    let needed = u128::from(parallel) * 128 * u128::from(block) + 128 * u128::from(block) * (u128::from(work) + 2);
    if needed > MAX_MEMORY {
        return Err(beyond());
    }
    let log_n = u8::try_from(work.ilog2()).map_err(|_| beyond())?;
    let r = u32::try_from(block).map_err(|_| beyond())?;
    let p = u32::try_from(parallel).map_err(|_| beyond())?;
    let params = Params::new(log_n, r, p).map_err(|_| beyond())?;
    let mut hash = [0; 64];
    scrypt::scrypt(password.as_bytes(), salt.as_bytes(), &params, &mut hash).map_err(|_| beyond())?;
    Ok(format!("scrypt${work}${salt}${block}${parallel}${}", STANDARD.encode(hash)))
}

pub(super) fn verify(password: &str, encoded: &str) -> Result<bool, Malformed> {
    let [_, work, salt, block, parallel, _] = unpack(&split(encoded, 6))?;
    let (work, block, parallel) = (int(work)?, int(block)?, int(parallel)?);
    check_salt(salt)?;
    let cost = Cost {
        work: unsigned("n", work, COST.work)?,
        block: unsigned("r", block, COST.block)?,
        parallel: unsigned("p", parallel, COST.parallel)?,
    };
    Ok(same(encoded, &encode(password, salt, Some(cost))?))
}

/// Python's `value or default`, then what hashlib demands.
fn unsigned(name: &str, value: Int, default: u64) -> Result<u64, Malformed> {
    match value {
        Int::Fits(0) => Some(default),
        Int::Fits(value) => u64::try_from(value).ok(),
        Int::Above | Int::Below => None,
    }
    .ok_or_else(|| Malformed {
        exception: "TypeError",
        message: format!("{name} is required and must be an unsigned int"),
    })
}
