//! The native modules behind our own `io` and `os`: `_hallpass_system`, and the `posix` that importlib insists on.

use rustpython_vm as vm;
use vm::builtins::{PyBaseExceptionRef, PyModuleDef};
use vm::{Context, PyObjectRef, PyResult, VirtualMachine};

pub(super) use _hallpass_system::module_def;

pub(super) fn posix_def(ctx: &Context) -> &'static PyModuleDef {
    posix::module_def(ctx)
}

/// Puts what Python reaches under other names than ours where it looks for it.
pub(super) fn install(vm: &VirtualMachine) -> PyResult<()> {
    let system = vm.import("_hallpass_system", 0)?;
    let hook = system.get_attr("excepthook", vm)?;
    vm.sys_module.set_attr("excepthook", hook.clone(), vm)?;
    vm.sys_module.set_attr("__excepthook__", hook, vm)?;
    let open = system.get_attr("open", vm)?;
    vm.builtins.set_attr("open", open.clone(), vm)?;
    vm.import("_io", 0)?.set_attr("open", open, vm)?;
    vm.builtins.set_attr("input", system.get_attr("input", vm)?, vm)?;
    vm.import("time", 0)?.set_attr("sleep", system.get_attr("sleep", vm)?, vm)
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
pub(super) fn os_error(vm: &VirtualMachine, error: &std::io::Error) -> PyBaseExceptionRef {
    os_error_about(vm, error, None)
}

/// The same, about the file of that name.
pub(super) fn os_error_about(
    vm: &VirtualMachine,
    error: &std::io::Error,
    path: Option<PyObjectRef>,
) -> PyBaseExceptionRef {
    let class = vm.ctx.exceptions.os_error.to_owned();
    let text = error.to_string();
    let Some(number) = error.raw_os_error() else {
        return vm.invoke_exception(class, vec![vm.ctx.new_str(text).into()]).unwrap_or_else(|e| e);
    };
    let text = text.split(" (os error").next().unwrap_or(&text).to_owned();
    let mut args = vec![vm.ctx.new_int(number).into(), vm.ctx.new_str(text).into()];
    args.extend(path);
    vm.invoke_exception(class, args).unwrap_or_else(|e| e)
}

#[allow(missing_docs, reason = "the items are seen from Python, not from Rust")]
#[vm::pymodule]
mod _hallpass_system {
    use std::io::Read;
    use std::time::Duration;

    use rustpython_vm as vm;
    use vm::builtins::{PyBaseExceptionRef, PyStrRef};
    use vm::function::{FuncArgs, OptionalArg};
    use vm::{AsObject, PyObjectRef, PyResult, VirtualMachine};

    use super::super::{host, streams, terminal, traceback};

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
            .map_err(|e| super::os_error(vm, &e))?;
        Ok(vm.ctx.new_bytes(bytes).into())
    }

    /// `sys.excepthook`.
    #[pyfunction]
    fn excepthook(_type: PyObjectRef, value: PyBaseExceptionRef, _traceback: PyObjectRef, vm: &VirtualMachine) {
        traceback::print_ourselves(vm, &value, traceback::Hints::Offered);
    }

    /// `open`: the work is done in our `io`, which is imported by the first file.
    #[pyfunction]
    fn open(args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        let io = vm.import("io", 0)?;
        io.get_attr("open", vm)?.call(args, vm)
    }

    /// `time.sleep`, which an interrupt ends.
    #[pyfunction]
    fn sleep(seconds: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let class = seconds.class().name().to_string();
        let Ok(time) = seconds.try_float(vm) else {
            return Err(vm.new_type_error(format!("'{class}' object cannot be interpreted as an integer")));
        };
        let time = time.to_f64();
        if time < 0.0 {
            return Err(vm.new_value_error("sleep length must be non-negative"));
        }
        // What was printed before a pause is seen during it.
        streams::flush(vm)?;
        let time = Duration::try_from_secs_f64(time)
            .map_err(|_| vm.new_overflow_error("timestamp too large to convert to C _PyTime_t"))?;
        host::wait(vm, None, Some(time))
    }

    /// `input`: the prompt on standard output, a line of standard input.
    #[pyfunction]
    fn input(prompt: OptionalArg<PyObjectRef>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let stream = |name: &'static str| {
            let found = vm.sys_module.get_attr(name, vm)?;
            if vm.is_none(&found) { Err(vm.new_runtime_error(format!("input(): lost sys.{name}"))) } else { Ok(found) }
        };
        let (stdin, stdout, stderr) = (stream("stdin")?, stream("stdout")?, stream("stderr")?);
        vm.call_method(&stderr, "flush", ())?;
        let own = |stream: &PyObjectRef, class: &str| &*stream.class().name() == class;
        if own(&stdin, "Reader") && own(&stdout, "Writer") {
            vm.call_method(&stdout, "flush", ())?;
            let prompt = match &prompt {
                OptionalArg::Present(prompt) => prompt.str(vm)?.to_string_lossy().into_owned(),
                OptionalArg::Missing => String::new(),
            };
            // The editor draws its own line alone.
            let (above, prompt) = prompt.rsplit_once('\n').map_or(("", &*prompt), |(above, last)| (above, last));
            if !above.is_empty() {
                vm.call_method(&stdout, "write", (format!("{above}\n"),))?;
                vm.call_method(&stdout, "flush", ())?;
            }
            host::settle(vm)?;
            if let Some(line) = host::ask(vm, prompt)? {
                return match line.strip_suffix('\n') {
                    Some(line) => Ok(vm.ctx.new_str(line).into()),
                    None => Err(vm.new_eof_error("")),
                };
            }
        }
        if let OptionalArg::Present(prompt) = prompt {
            vm.call_method(&stdout, "write", (prompt.str(vm)?,))?;
        }
        vm.call_method(&stdout, "flush", ())?;
        let line: PyStrRef = vm.call_method(&stdin, "readline", ())?.try_into_value(vm)?;
        let text = line.to_string_lossy();
        if text.is_empty() {
            return Err(vm.new_eof_error("EOF when reading a line"));
        }
        Ok(vm.ctx.new_str(text.strip_suffix('\n').unwrap_or(&text)).into())
    }

    #[pyfunction]
    fn getppid() -> i32 {
        rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get())
    }

    #[pyfunction]
    fn getuid() -> u32 {
        rustix::process::getuid().as_raw()
    }

    #[pyfunction]
    fn geteuid() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    #[pyfunction]
    fn getgid() -> u32 {
        rustix::process::getgid().as_raw()
    }

    #[pyfunction]
    fn getegid() -> u32 {
        rustix::process::getegid().as_raw()
    }

    #[pyfunction]
    fn strerror(code: i32) -> String {
        let text = std::io::Error::from_raw_os_error(code).to_string();
        text.split(" (os error").next().unwrap_or_default().to_owned()
    }

    #[pyfunction]
    fn uname(vm: &VirtualMachine) -> PyObjectRef {
        let name = rustix::system::uname();
        let parts = [name.sysname(), name.nodename(), name.release(), name.version(), name.machine()];
        vm.ctx.new_tuple(parts.map(|part| vm.ctx.new_str(part.to_string_lossy().into_owned()).into()).to_vec()).into()
    }

    #[pyfunction]
    fn umask(mask: u32) -> u32 {
        rustix::process::umask(rustix::fs::Mode::from_bits_truncate(mask)).bits()
    }

    #[pyfunction]
    fn cpu_count() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    /// Columns and lines of the terminal of descriptor 1, or zeros.
    #[pyfunction]
    fn terminal_size() -> (u16, u16) {
        rustix::termios::tcgetwinsize(rustix::stdio::stdout()).map_or((0, 0), |size| (size.ws_col, size.ws_row))
    }

    /// A line typed without echo; `None` where there is no terminal.
    #[pyfunction]
    fn read_hidden(prompt: String, vm: &VirtualMachine) -> PyResult<Option<String>> {
        streams::flush(vm)?;
        host::settle(vm)?;
        terminal::read_hidden(vm, &prompt)
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
