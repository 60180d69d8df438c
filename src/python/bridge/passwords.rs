//! Django's hashers and validators, for the prelude.

use rustpython_vm::{
    PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyStr},
};

use super::state;
use crate::{
    authority::password::{self, Encoding, Hasher, Malformed, UserAttributes, Verdict, validate},
    python::engine::{host, secrets},
};

/// For so many letters random bytes are drawn at a time.
const AT_ONCE: usize = 1024;

/// Random text of an alphabet.
pub(super) fn random_text(length: usize, alphabet: &str, vm: &VirtualMachine) -> PyResult<String> {
    let letters: Vec<char> = alphabet.chars().collect();
    let Some(limit) = (u32::MAX as usize).checked_div(letters.len()) else { return Ok(String::new()) };
    let limit = limit * letters.len();
    let draw = |tx: &mut crate::authority::Tx<'_>| {
        let (mut text, mut left) = (String::with_capacity(length), length);
        let mut bytes = vec![0; 4 * length.min(AT_ONCE)];
        while left > 0 {
            let bytes = &mut bytes[..4 * left.min(AT_ONCE)];
            tx.entropy().fill(bytes);
            let drawn = bytes.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes) as usize);
            // What lies behind the last whole turn of the alphabet would favour its first letters.
            for drawn in drawn.filter(|drawn| *drawn < limit) {
                text.push(letters[drawn % letters.len()]);
                left -= 1;
            }
        }
        Ok(text)
    };
    state::run(vm, |session| session.transact(draw))
}

/// An encoded hash.
pub(super) fn encode(hasher: &str, password: &PyStr, salt: Option<&PyStr>, vm: &VirtualMachine) -> PyResult<String> {
    let hasher = Hasher::named(hasher).map_err(|error| malformed(&error, vm))?;
    let salt = match salt {
        Some(salt) => salt.to_string_lossy().into_owned(),
        None => state::run(vm, |session| session.transact(|tx| Ok(hasher.salt(tx.entropy()))))?,
    };
    secrets::note(&password.to_string_lossy());
    let password = password.to_string_lossy().into_owned();
    host::patiently(vm, move || hasher.encode(&password, &salt))?.map_err(|error| malformed(&error, vm))
}

/// Whether it is the password, and whether the hash is due for a new one.
pub(super) fn verify(password: &PyStr, encoded: &PyStr, vm: &VirtualMachine) -> PyResult<(bool, bool)> {
    secrets::note(&password.to_string_lossy());
    let (password, encoded) = (password.to_string_lossy().into_owned(), encoded.to_string_lossy().into_owned());
    match host::patiently(vm, move || password::verify(&password, &encoded))? {
        Verdict::Accepted(Encoding::Current) => Ok((true, false)),
        Verdict::Accepted(Encoding::Outdated) => Ok((true, true)),
        Verdict::Refused => Ok((false, false)),
        Verdict::Malformed(error) => Err(malformed(&error, vm)),
    }
}

/// The name of the hasher that made a hash.
pub(super) fn identify(encoded: &PyStr, vm: &VirtualMachine) -> PyResult<&'static str> {
    password::identify(&encoded.to_string_lossy()).map(Hasher::algorithm).map_err(|error| malformed(&error, vm))
}

/// The faults of a password, as (message, code).
pub(super) fn faults(password: &str, attributes: Option<[String; 4]>) -> Vec<(String, &'static str)> {
    secrets::note(password);
    let user = attributes.as_ref().map(|[username, first_name, last_name, email]| UserAttributes {
        username,
        first_name,
        last_name,
        email,
    });
    validate(password, user.as_ref()).into_iter().map(|fault| (fault.message(), fault.code())).collect()
}

fn malformed(error: &Malformed, vm: &VirtualMachine) -> PyBaseExceptionRef {
    // The libraries whose exceptions Django lets through are not here: their nearest builtin takes the place.
    match error.exception {
        "TypeError" => vm.new_type_error(error.message.clone()),
        "OverflowError" => vm.new_overflow_error(error.message.clone()),
        _ => vm.new_value_error(error.message.clone()),
    }
}
