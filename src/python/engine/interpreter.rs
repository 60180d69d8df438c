//! Builds the interpreter: which modules it has, and which of them are ours.

use rustpython_vm as vm;
use vm::signal::UserSignalReceiver;
use vm::{Interpreter, Settings};

use crate::python::bridge;

/// The Python files of the prelude, compiled when this program is built. They win over the standard library's.
const PRELUDE: &vm::frozen::FrozenLib = vm::py_freeze!(dir = "../prelude");

pub(super) fn build(argv: Vec<String>, signals: Option<UserSignalReceiver>) -> Interpreter {
    let mut settings = Settings::default();
    settings.argv = argv;
    settings.install_signal_handlers = false;
    settings.write_bytecode = false;
    let builder = Interpreter::builder(settings);
    let mut native = rustpython_stdlib::stdlib_module_defs(&builder.ctx);
    native.extend(bridge::modules(&builder.ctx));
    native.extend([super::streams::module_def(&builder.ctx), super::system::module_def(&builder.ctx)]);
    native.extend([super::system::posix_def(&builder.ctx), super::files::module_def(&builder.ctx)]);
    let builder = builder
        .add_native_modules(&native)
        .add_frozen_modules(rustpython_pylib::FROZEN_STDLIB)
        .add_frozen_modules(PRELUDE);
    match signals {
        Some(receiver) => builder.init_hook(|vm| vm.set_user_signal_channel(receiver)).build(),
        None => builder.build(),
    }
}
