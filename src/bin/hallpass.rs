//! The admin shell.

fn main() {}
