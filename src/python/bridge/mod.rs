//! The bridge: the native module `_hallpass`, by which the prelude reaches the authority.

use rustpython_vm::{Context, builtins::PyModuleDef};

/// The native modules of the bridge, for the builder of the interpreter.
pub(crate) fn modules(ctx: &Context) -> Vec<&'static PyModuleDef> {
    vec![_hallpass::module_def(ctx)]
}

#[allow(missing_docs, reason = "the items are seen from Python, not from Rust")]
#[rustpython_vm::pymodule]
mod _hallpass {
    /// The version of this program.
    #[pyfunction]
    fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}
