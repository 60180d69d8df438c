//! The endpoint server.

fn main() {}
