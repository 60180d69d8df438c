//! Tells cargo about the Python files of the prelude: `py_freeze!` reads them without telling, and an edited file would
//! otherwise leave yesterday's bytecode in the program.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/python/prelude");
}
