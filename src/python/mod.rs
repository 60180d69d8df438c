//! The Python surface: the engine that runs Python, the bridge from Python to the authority, and the prelude, the
//! Python files that carry Django's names.

pub mod bridge;
pub mod engine;
pub mod lexis;
pub mod source;
