//! How near we are to the real Django and DRF: eight tests over recordings of what those answered.
//!
//! Each prints `parity FILE: N of M, D diverge on purpose`: N cases agree, of the M that are not among the D that
//! `docs/differences.md` covers. `docs/parity.md` says how to run one, list what fails, and run other recordings.

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod differences;
mod forms;
mod http;
mod interactive;
mod judge;
mod keys;
mod passwords;
mod process;
mod recordings;
mod scripts;
mod seed;
mod state;
mod workers;

#[test]
fn http() {
    judge::conclude("http", http::cases());
}

#[test]
fn interactive() {
    judge::conclude("interactive", interactive::cases("shell_interactive.json"));
}

#[test]
fn statements() {
    judge::conclude("statements", interactive::cases("shell_statements.json"));
}

#[test]
fn process() {
    judge::conclude("process", process::cases());
}

#[test]
fn keys() {
    judge::conclude("keys", keys::cases());
}

#[test]
fn commands() {
    judge::conclude("commands", commands::cases());
}

#[test]
fn passwords() {
    judge::conclude("passwords", passwords::cases());
}

#[test]
fn scripts() {
    judge::conclude("scripts", scripts::cases());
}
