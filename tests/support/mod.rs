//! What every end-to-end test stands on: a hermetic place to run the programs in, real pseudo-terminals, real servers.
//! Shared by the test targets `suite` and `parity`.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test target uses its own part of this")]

pub mod env;
pub mod process;
pub mod server;
pub mod terminal;

pub use env::{Program, TestEnv};
pub use process::Output;
pub use server::{Reply, Server};
pub use terminal::{Ended, Terminal};
