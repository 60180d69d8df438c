//! `sys.stdin`, `sys.stdout` and `sys.stderr`: text streams over the three descriptors.
//!
//! Text for standard output is gathered and written when there is much of it, at the end of a statement or when asked;
//! on a terminal, at the end of a line. Nothing is written before [`super::Settle`] has returned.

use std::cell::RefCell;

use rustpython_vm as vm;
use vm::{PyObjectRef, PyPayload, PyResult, VirtualMachine};

use super::Settle;

pub(super) use _hallpass_streams::module_def;

thread_local! {
    static SETTLE: RefCell<Option<Settle>> = const { RefCell::new(None) };
}

/// Makes the three streams and puts them where Python looks for them.
pub(super) fn install(vm: &VirtualMachine, settle: Settle) -> PyResult<()> {
    SETTLE.with_borrow_mut(|slot| *slot = Some(settle));
    // The classes of a native module exist from its first import on.
    vm.import("_hallpass_streams", 0)?;
    let put = |name: &'static str, object: PyObjectRef| {
        vm.sys_module.set_attr(vm.ctx.intern_str(name), object.clone(), vm)?;
        vm.sys_module.set_attr(vm.ctx.intern_str(format!("__{name}__")), object, vm)
    };
    put("stdin", _hallpass_streams::Reader::default().into_ref(&vm.ctx).into())?;
    put("stdout", _hallpass_streams::Writer::stdout().into_ref(&vm.ctx).into())?;
    put("stderr", _hallpass_streams::Writer::stderr().into_ref(&vm.ctx).into())
}

/// Flushes whatever `sys.stdout` and `sys.stderr` are now.
///
/// # Errors
/// What the flush of standard output raised.
pub(super) fn flush(vm: &VirtualMachine) -> PyResult<()> {
    for name in ["stderr", "stdout"] {
        if let Ok(stream) = vm.sys_module.get_attr(name, vm)
            && !vm.is_none(&stream)
        {
            vm.call_method(&stream, "flush", ())?;
        }
    }
    Ok(())
}

fn settle(vm: &VirtualMachine) -> PyResult<()> {
    let hook = SETTLE.with_borrow(Clone::clone);
    match hook.map_or(Ok(()), |hook| hook()) {
        Ok(()) => Ok(()),
        Err(message) => Err(super::system::raise(vm, "django.db.utils", "OperationalError", message)),
    }
}

#[allow(missing_docs, reason = "the items are seen from Python, not from Rust")]
#[vm::pymodule]
mod _hallpass_streams {
    use std::cell::RefCell;
    use std::io::{BufRead, IsTerminal, Read, Write};

    use rustpython_vm as vm;
    use vm::builtins::PyStrRef;
    use vm::function::OptionalArg;
    use vm::{Py, PyPayload, PyResult, VirtualMachine, pyclass};

    /// How much text is gathered before it is written.
    const FULL: usize = 64 << 10;

    #[derive(Debug)]
    enum Target {
        Out,
        Err,
    }

    #[pyattr]
    #[pyclass(name = "Writer")]
    #[derive(Debug, PyPayload)]
    pub(super) struct Writer {
        target: Target,
        terminal: bool,
        gathered: RefCell<Vec<u8>>,
    }

    impl Writer {
        pub(super) fn stdout() -> Self {
            let terminal = std::io::stdout().is_terminal();
            Self { target: Target::Out, terminal, gathered: RefCell::default() }
        }

        pub(super) fn stderr() -> Self {
            let terminal = std::io::stderr().is_terminal();
            Self { target: Target::Err, terminal, gathered: RefCell::default() }
        }

        fn emit(&self, vm: &VirtualMachine) -> PyResult<()> {
            let bytes = std::mem::take(&mut *self.gathered.borrow_mut());
            if bytes.is_empty() {
                return Ok(());
            }
            super::settle(vm)?;
            let written = match self.target {
                Target::Out => {
                    let mut out = std::io::stdout().lock();
                    out.write_all(&bytes).and_then(|()| out.flush())
                }
                Target::Err => std::io::stderr().lock().write_all(&bytes),
            };
            written.map_err(|e| super::super::system::os_error(vm, &e, None))
        }
    }

    #[pyclass]
    impl Writer {
        #[pymethod]
        fn write(zelf: &Py<Self>, text: PyStrRef, vm: &VirtualMachine) -> PyResult<usize> {
            let bytes = text.as_bytes();
            let due = {
                let mut gathered = zelf.gathered.borrow_mut();
                gathered.extend_from_slice(bytes);
                gathered.len() >= FULL
                    || match zelf.target {
                        Target::Out => zelf.terminal && bytes.contains(&b'\n'),
                        Target::Err => true,
                    }
            };
            if due {
                zelf.emit(vm)?;
            }
            Ok(text.char_len())
        }

        #[pymethod]
        fn flush(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
            zelf.emit(vm)
        }

        #[pymethod]
        fn fileno(zelf: &Py<Self>) -> i32 {
            match zelf.target {
                Target::Out => 1,
                Target::Err => 2,
            }
        }

        #[pymethod]
        fn isatty(zelf: &Py<Self>) -> bool {
            zelf.terminal
        }

        #[pymethod]
        fn writable(_zelf: &Py<Self>) -> bool {
            true
        }

        #[pygetset]
        fn encoding(_zelf: &Py<Self>) -> &'static str {
            "utf-8"
        }

        #[pygetset]
        fn errors(zelf: &Py<Self>) -> &'static str {
            match zelf.target {
                Target::Out => "strict",
                Target::Err => "backslashreplace",
            }
        }

        #[pygetset]
        fn closed(_zelf: &Py<Self>) -> bool {
            false
        }
    }

    #[pyattr]
    #[pyclass(name = "Reader")]
    #[derive(Debug, Default, PyPayload)]
    pub(super) struct Reader {}

    #[pyclass]
    impl Reader {
        #[pymethod]
        fn readline(_zelf: &Py<Self>, _n: OptionalArg<isize>, vm: &VirtualMachine) -> PyResult<String> {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map_err(|e| super::super::system::os_error(vm, &e, None))?;
            Ok(line)
        }

        #[pymethod]
        fn read(_zelf: &Py<Self>, _n: OptionalArg<isize>, vm: &VirtualMachine) -> PyResult<String> {
            let mut text = String::new();
            std::io::stdin()
                .lock()
                .read_to_string(&mut text)
                .map_err(|e| super::super::system::os_error(vm, &e, None))?;
            Ok(text)
        }

        #[pymethod]
        fn fileno(_zelf: &Py<Self>) -> i32 {
            0
        }

        #[pymethod]
        fn isatty(_zelf: &Py<Self>) -> bool {
            std::io::stdin().is_terminal()
        }

        #[pymethod]
        fn flush(_zelf: &Py<Self>) {}

        #[pygetset]
        fn encoding(_zelf: &Py<Self>) -> &'static str {
            "utf-8"
        }

        #[pygetset]
        fn errors(_zelf: &Py<Self>) -> &'static str {
            "strict"
        }
    }
}
