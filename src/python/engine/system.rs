//! The native modules behind our own `io` and `os`: `_hallpass_system`, and the `posix` that importlib insists on.

use rustpython_vm as vm;
use vm::builtins::PyBaseExceptionRef;
use vm::{Context, VirtualMachine, builtins::PyModuleDef};

pub(super) use _hallpass_system::module_def;

pub(super) fn posix_def(ctx: &Context) -> &'static PyModuleDef {
    posix::module_def(ctx)
}

/// An exception of a class that Python defines. What goes wrong while it is made is raised instead.
pub(super) fn raise(
    vm: &VirtualMachine,
    module: &'static str,
    class: &'static str,
    message: String,
) -> PyBaseExceptionRef {
    let made = vm
        .import(module, 0)
        .and_then(|_| vm.sys_module.get_attr("modules", vm))
        .and_then(|modules| modules.get_item(module, vm))
        .and_then(|module| module.get_attr(class, vm))
        .and_then(|class| class.call((message,), vm));
    match made {
        Ok(exc) => exc.downcast().unwrap_or_else(|_| vm.new_type_error(format!("{module}.{class} is no exception"))),
        Err(exc) => exc,
    }
}

/// The `OSError` for `error`, of the subclass that its number asks for.
pub(super) fn os_error(vm: &VirtualMachine, error: &std::io::Error, path: Option<&str>) -> PyBaseExceptionRef {
    let class = vm.ctx.exceptions.os_error.to_owned();
    let Some(number) = error.raw_os_error() else {
        return vm.invoke_exception(class, vec![vm.ctx.new_str(error.to_string()).into()]).unwrap_or_else(|e| e);
    };
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text).to_owned();
    let mut args = vec![vm.ctx.new_int(number).into(), vm.ctx.new_str(text).into()];
    args.extend(path.map(|path| vm.ctx.new_str(path).into()));
    vm.invoke_exception(class, args).unwrap_or_else(|e| e)
}

#[allow(missing_docs, reason = "the items are seen from Python, not from Rust")]
#[vm::pymodule]
mod _hallpass_system {
    use std::io::Read;

    use rustpython_vm as vm;
    use vm::{PyObjectRef, PyResult, VirtualMachine};

    #[pyfunction]
    fn environ(vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let dict = vm.ctx.new_dict();
        for (name, value) in std::env::vars_os() {
            dict.set_item(&*name.to_string_lossy(), vm.ctx.new_str(value.to_string_lossy().into_owned()).into(), vm)?;
        }
        Ok(dict.into())
    }

    #[pyfunction]
    fn urandom(n: usize, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let mut bytes = vec![0; n];
        std::fs::File::open("/dev/urandom")
            .and_then(|mut file| file.read_exact(&mut bytes))
            .map_err(|e| super::os_error(vm, &e, Some("/dev/urandom")))?;
        Ok(vm.ctx.new_bytes(bytes).into())
    }

    #[pyfunction]
    fn getpid() -> u32 {
        std::process::id()
    }
}

#[allow(missing_docs, reason = "the items are seen from Python, not from Rust")]
#[vm::pymodule(name = "posix")]
mod posix {
    use rustpython_vm as vm;
    use vm::function::FuncArgs;
    use vm::{PyObjectRef, PyResult, VirtualMachine};

    fn refuse(vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let text = vm.ctx.new_str("not available in this shell").into();
        Err(vm.invoke_exception(vm.ctx.exceptions.permission_error.to_owned(), vec![text])?)
    }

    #[pyfunction]
    fn stat(_args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        refuse(vm)
    }

    #[pyfunction]
    fn lstat(_args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        refuse(vm)
    }

    #[pyfunction]
    fn listdir(_args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        refuse(vm)
    }

    #[pyfunction]
    fn open(_args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        refuse(vm)
    }

    #[pyfunction]
    fn getcwd() -> &'static str {
        "/"
    }

    #[pyfunction]
    fn fspath(path: PyObjectRef) -> PyObjectRef {
        path
    }
}
