//! `sys.stdin`, `sys.stdout` and `sys.stderr`: text streams over the three descriptors.
//!
//! Text for standard output is gathered and written when there is much of it, at the end of a statement or when asked;
//! on a terminal, at the end of a line. Nothing is written before [`super::Settle`] has returned.

use rustpython_vm as vm;
use vm::{PyObjectRef, PyPayload, PyResult, VirtualMachine};

pub(super) use _hallpass_streams::module_def;

/// Makes the three streams and puts them where Python looks for them.
pub(super) fn install(vm: &VirtualMachine) -> PyResult<()> {
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
/// What the flush raised.
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

#[allow(missing_docs, reason = "the items are seen from Python, not from Rust")]
#[vm::pymodule]
mod _hallpass_streams {
    use std::cell::{Cell, RefCell};
    use std::io::{IsTerminal, Write};
    use std::rc::Rc;

    use rustpython_vm as vm;
    use vm::builtins::{PyBytesRef, PyStrRef};
    use vm::function::{ArgBytesLike, FuncArgs, OptionalOption};
    use vm::protocol::PyIterReturn;
    use vm::types::{IterNext, Iterable, SelfIter};
    use vm::{AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

    use super::super::host;
    use super::super::system::os_error;

    /// How much text is gathered before it is written.
    const FULL: usize = 64 << 10;

    #[derive(Clone, Copy, Debug)]
    enum Target {
        Out,
        Err,
    }

    /// One of the two descriptors, and what is gathered for it.
    #[derive(Debug)]
    struct Channel {
        target: Target,
        terminal: bool,
        gathered: RefCell<Vec<u8>>,
    }

    impl Channel {
        fn write(&self, bytes: &[u8], vm: &VirtualMachine) -> PyResult<()> {
            let due = {
                let mut gathered = self.gathered.borrow_mut();
                gathered.extend_from_slice(bytes);
                gathered.len() >= FULL
                    || match self.target {
                        Target::Out => self.terminal && bytes.contains(&b'\n'),
                        Target::Err => true,
                    }
            };
            if due { self.flush(vm) } else { Ok(()) }
        }

        fn flush(&self, vm: &VirtualMachine) -> PyResult<()> {
            let bytes = std::mem::take(&mut *self.gathered.borrow_mut());
            if bytes.is_empty() {
                return Ok(());
            }
            host::settle(vm)?;
            let written = match self.target {
                Target::Out => {
                    let mut out = std::io::stdout().lock();
                    out.write_all(&bytes).and_then(|()| out.flush())
                }
                Target::Err => std::io::stderr().lock().write_all(&bytes),
            };
            written.map_err(|e| os_error(vm, &e))
        }

        fn fileno(&self) -> i32 {
            match self.target {
                Target::Out => 1,
                Target::Err => 2,
            }
        }
    }

    #[pyattr]
    #[pyclass(name = "Writer")]
    #[derive(Debug, PyPayload)]
    pub(super) struct Writer {
        channel: Rc<Channel>,
    }

    impl Writer {
        pub(super) fn stdout() -> Self {
            let terminal = std::io::stdout().is_terminal();
            Self { channel: Rc::new(Channel { target: Target::Out, terminal, gathered: RefCell::default() }) }
        }

        pub(super) fn stderr() -> Self {
            let terminal = std::io::stderr().is_terminal();
            Self { channel: Rc::new(Channel { target: Target::Err, terminal, gathered: RefCell::default() }) }
        }
    }

    #[pyclass]
    impl Writer {
        #[pymethod]
        fn write(zelf: &Py<Self>, text: PyStrRef, vm: &VirtualMachine) -> PyResult<usize> {
            match text.to_str() {
                Some(plain) => zelf.channel.write(plain.as_bytes(), vm)?,
                // Lone surrogates: an error on standard output, escapes on standard error, as Python's own streams.
                None => {
                    let errors = Self::errors(zelf);
                    let encoded = vm.call_method(text.as_object(), "encode", ("utf-8", errors))?;
                    let bytes: PyBytesRef = encoded.try_into_value(vm)?;
                    zelf.channel.write(bytes.as_bytes(), vm)?;
                }
            }
            Ok(text.char_len())
        }

        #[pymethod]
        fn writelines(zelf: &Py<Self>, lines: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
            let lines: Vec<PyStrRef> = vm.extract_elements_with(&lines, |line| line.try_into_value(vm))?;
            lines.into_iter().try_for_each(|line| Self::write(zelf, line, vm).map(drop))
        }

        #[pymethod]
        fn flush(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
            zelf.channel.flush(vm)
        }

        #[pymethod]
        fn fileno(zelf: &Py<Self>) -> i32 {
            zelf.channel.fileno()
        }

        #[pymethod]
        fn isatty(zelf: &Py<Self>) -> bool {
            zelf.channel.terminal
        }

        #[pymethod]
        fn writable(_zelf: &Py<Self>) -> bool {
            true
        }

        #[pymethod]
        fn readable(_zelf: &Py<Self>) -> bool {
            false
        }

        #[pymethod]
        fn seekable(_zelf: &Py<Self>) -> bool {
            false
        }

        /// Encoding and buffering are what they are: accepted, without effect.
        #[pymethod]
        fn reconfigure(_zelf: &Py<Self>, _args: FuncArgs) {}

        #[pymethod]
        fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
            zelf.channel.flush(vm)
        }

        #[pymethod]
        fn __enter__(zelf: PyRef<Self>) -> PyRef<Self> {
            zelf
        }

        #[pymethod]
        fn __exit__(zelf: &Py<Self>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
            zelf.channel.flush(vm)
        }

        #[pygetset]
        fn buffer(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<ByteWriter> {
            ByteWriter { channel: Rc::clone(&zelf.channel) }.into_ref(&vm.ctx)
        }

        #[pygetset]
        fn name(zelf: &Py<Self>) -> &'static str {
            match zelf.channel.target {
                Target::Out => "<stdout>",
                Target::Err => "<stderr>",
            }
        }

        #[pygetset]
        fn mode(_zelf: &Py<Self>) -> &'static str {
            "w"
        }

        #[pygetset]
        fn encoding(_zelf: &Py<Self>) -> &'static str {
            "utf-8"
        }

        #[pygetset]
        fn errors(zelf: &Py<Self>) -> &'static str {
            match zelf.channel.target {
                Target::Out => "strict",
                Target::Err => "backslashreplace",
            }
        }

        #[pygetset]
        fn line_buffering(zelf: &Py<Self>) -> bool {
            zelf.channel.terminal || matches!(zelf.channel.target, Target::Err)
        }

        #[pygetset]
        fn newlines(_zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
            vm.ctx.none()
        }

        #[pygetset]
        fn closed(_zelf: &Py<Self>) -> bool {
            false
        }
    }

    /// `sys.stdout.buffer`: the same channel, for bytes.
    #[pyattr]
    #[pyclass(name = "ByteWriter")]
    #[derive(Debug, PyPayload)]
    pub(super) struct ByteWriter {
        channel: Rc<Channel>,
    }

    #[pyclass]
    impl ByteWriter {
        #[pymethod]
        fn write(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<usize> {
            let bytes = data.borrow_buf().to_vec();
            zelf.channel.write(&bytes, vm)?;
            Ok(bytes.len())
        }

        #[pymethod]
        fn flush(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
            zelf.channel.flush(vm)
        }

        #[pymethod]
        fn fileno(zelf: &Py<Self>) -> i32 {
            zelf.channel.fileno()
        }

        #[pymethod]
        fn isatty(zelf: &Py<Self>) -> bool {
            zelf.channel.terminal
        }

        #[pymethod]
        fn writable(_zelf: &Py<Self>) -> bool {
            true
        }

        #[pygetset]
        fn closed(_zelf: &Py<Self>) -> bool {
            false
        }
    }

    /// Standard input: bytes that were read ahead, and whether the end was seen.
    #[pyattr]
    #[pyclass(name = "Reader")]
    #[derive(Debug, Default, PyPayload)]
    pub(super) struct Reader {
        ahead: RefCell<Vec<u8>>,
        ended: Cell<bool>,
    }

    impl Reader {
        /// Reads more; false at the end.
        fn fill(&self, vm: &VirtualMachine) -> PyResult<bool> {
            if self.ended.get() {
                return Ok(false);
            }
            let bytes = host::read_stdin(vm, FULL)?;
            let n = bytes.len();
            self.ahead.borrow_mut().extend(bytes);
            // A terminal's end is one Ctrl-D; there may be more after it.
            self.ended.set(n == 0 && !std::io::stdin().is_terminal());
            Ok(n > 0)
        }

        fn take(&self, n: usize) -> Vec<u8> {
            self.ahead.borrow_mut().drain(..n).collect()
        }

        fn line(&self, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
            let mut seen = 0;
            loop {
                let end = self.ahead.borrow()[seen..].iter().position(|&byte| byte == b'\n');
                if let Some(end) = end {
                    return Ok(self.take(seen + end + 1));
                }
                seen = self.ahead.borrow().len();
                if !self.fill(vm)? {
                    return Ok(self.take(seen));
                }
            }
        }
    }

    /// Text of `bytes`, with every kind of line end as one newline. Python's decoder says what is wrong.
    fn decode(bytes: Vec<u8>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        match String::from_utf8(bytes) {
            Ok(text) if text.contains('\r') => {
                Ok(vm.ctx.new_str(text.replace("\r\n", "\n").replace('\r', "\n")).into())
            }
            Ok(text) => Ok(vm.ctx.new_str(text).into()),
            Err(error) => {
                let bytes = vm.ctx.new_bytes(error.into_bytes());
                vm.call_method(bytes.as_object(), "decode", ("utf-8",))
            }
        }
    }

    #[pyclass(with(IterNext, Iterable))]
    impl Reader {
        #[pymethod]
        fn readline(zelf: &Py<Self>, size: OptionalOption<isize>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
            let mut line = zelf.line(vm)?;
            if let Some(size) = size.flatten().and_then(|size| usize::try_from(size).ok()) {
                // Cut after `size` characters; the rest stays.
                let end =
                    std::str::from_utf8(&line).ok().and_then(|text| text.char_indices().nth(size)).map(|(i, _)| i);
                if let Some(end) = end {
                    let rest = line.split_off(end);
                    zelf.ahead.borrow_mut().splice(..0, rest);
                }
            }
            decode(line, vm)
        }

        #[pymethod]
        fn read(zelf: &Py<Self>, size: OptionalOption<isize>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
            let size = size.flatten().and_then(|size| usize::try_from(size).ok());
            loop {
                let end = size.and_then(|size| {
                    let ahead = zelf.ahead.borrow();
                    let (valid, _) = ahead.utf8_chunks().next().map_or(("", &[][..]), |c| (c.valid(), c.invalid()));
                    if valid.chars().count() < size {
                        None
                    } else {
                        valid.char_indices().nth(size).map_or(Some(valid.len()), |(i, _)| Some(i))
                    }
                });
                if let Some(end) = end {
                    return decode(zelf.take(end), vm);
                }
                if !zelf.fill(vm)? {
                    let all = zelf.ahead.borrow().len();
                    return decode(zelf.take(all), vm);
                }
            }
        }

        #[pymethod]
        fn readlines(zelf: &Py<Self>, _hint: OptionalOption<isize>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
            let mut lines = Vec::new();
            loop {
                let line = zelf.line(vm)?;
                if line.is_empty() {
                    return Ok(vm.ctx.new_list(lines).into());
                }
                lines.push(decode(line, vm)?);
            }
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
        fn readable(_zelf: &Py<Self>) -> bool {
            true
        }

        #[pymethod]
        fn writable(_zelf: &Py<Self>) -> bool {
            false
        }

        #[pymethod]
        fn flush(_zelf: &Py<Self>) {}

        #[pymethod]
        fn reconfigure(_zelf: &Py<Self>, _args: FuncArgs) {}

        #[pygetset]
        fn name(_zelf: &Py<Self>) -> &'static str {
            "<stdin>"
        }

        #[pygetset]
        fn mode(_zelf: &Py<Self>) -> &'static str {
            "r"
        }

        #[pygetset]
        fn buffer(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyRef<ByteReader> {
            ByteReader { reader: zelf }.into_ref(&vm.ctx)
        }

        #[pygetset]
        fn encoding(_zelf: &Py<Self>) -> &'static str {
            "utf-8"
        }

        #[pygetset]
        fn errors(_zelf: &Py<Self>) -> &'static str {
            "strict"
        }

        #[pygetset]
        fn closed(_zelf: &Py<Self>) -> bool {
            false
        }
    }

    impl SelfIter for Reader {}

    impl IterNext for Reader {
        fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
            let line = zelf.line(vm)?;
            if line.is_empty() {
                Ok(PyIterReturn::StopIteration(None))
            } else {
                decode(line, vm).map(PyIterReturn::Return)
            }
        }
    }

    /// `sys.stdin.buffer`.
    #[pyattr]
    #[pyclass(name = "ByteReader")]
    #[derive(Debug, PyPayload)]
    pub(super) struct ByteReader {
        reader: PyRef<Reader>,
    }

    #[pyclass]
    impl ByteReader {
        #[pymethod]
        fn read(zelf: &Py<Self>, size: OptionalOption<isize>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
            let size = size.flatten().and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
            while zelf.reader.ahead.borrow().len() < size && zelf.reader.fill(vm)? {}
            let n = size.min(zelf.reader.ahead.borrow().len());
            Ok(vm.ctx.new_bytes(zelf.reader.take(n)).into())
        }

        #[pymethod]
        fn readline(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
            Ok(vm.ctx.new_bytes(zelf.reader.line(vm)?).into())
        }

        #[pymethod]
        fn fileno(_zelf: &Py<Self>) -> i32 {
            0
        }
    }
}
