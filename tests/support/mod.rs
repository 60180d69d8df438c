//! What every end-to-end test stands on: a hermetic place to run the programs in, real pseudo-terminals, real servers.
//! Shared by the test targets `suite` and `parity`.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test target uses its own part of this")]

pub mod django;
pub mod env;
pub mod process;
pub mod server;
pub mod terminal;

pub use django::Django;
pub use env::{Program, TestEnv};
pub use process::Output;
pub use server::{Reply, Server};
pub use terminal::{Ended, Terminal};

/// Says that a test cannot do its work on this machine: one line, or a failure where `HALLPASS_CI` says that it must.
#[expect(clippy::print_stderr, reason = "a test that did nothing must say so")]
pub fn skip(reason: &str) {
    assert!(std::env::var_os("HALLPASS_CI").is_none(), "the gate must be able to run this: {reason}");
    eprintln!("SKIPPED: {reason}");
}

/// This process is root, as the gate is; else the test that asks is skipped.
pub fn is_root() -> bool {
    let root = rustix::process::getuid().is_root();
    if !root {
        skip("starting a program under another user needs root");
    }
    root
}
