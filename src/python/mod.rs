//! The Python surface: engine, bridge and prelude.
