//! Source is made code in one way, whoever asks for it: a session, a script, or `exec`, `eval` and `compile` in one.

use std::borrow::Cow;

use rustpython_vm as vm;
use vm::builtins::{PyBaseExceptionRef, PyBytes, PyCode, PyStr};
use vm::compiler::Mode;
use vm::function::FuncArgs;
use vm::{AsObject, PyObject, PyRef, PyResult, VirtualMachine};

use super::{lint, syntax};

/// Compiles `source`.
///
/// # Errors
/// What Python raises, in its words.
pub(super) fn compile(vm: &VirtualMachine, source: &str, mode: Mode, path: &str) -> PyResult<PyRef<PyCode>> {
    let source = &plain_newlines(source);
    if let Some(fault) = syntax::byte_order_mark(vm, source, path) {
        return Err(fault);
    }
    if source.contains('\0') {
        let text = vm.ctx.new_str("source code string cannot contain null bytes").into();
        return Err(vm.invoke_exception(vm.ctx.exceptions.syntax_error.to_owned(), vec![text])?);
    }
    syntax::check_depth(vm, source, path)?;
    let code =
        vm.compile(source, mode, path.to_owned()).map_err(|error| syntax::exception(vm, source, path, &error))?;
    lint::warn(vm, source, path)?;
    Ok(code)
}

/// Source as Python's tokenizer reads it: every kind of line end is one newline.
fn plain_newlines(source: &str) -> Cow<'_, str> {
    if source.contains('\r') { source.replace("\r\n", "\n").replace('\r', "\n").into() } else { source.into() }
}

/// Lets `exec`, `eval` and `compile` speak of faults as the session does.
///
/// # Errors
/// When the engine lacks one of them.
pub(super) fn install(vm: &VirtualMachine) -> PyResult<()> {
    let engines = vm.builtins.get_attr("exec", vm)?;
    let exec = vm.new_function("exec", move |args: FuncArgs, vm: &VirtualMachine| {
        engines.call(compiled(vm, args, Mode::Exec)?, vm)
    });
    vm.builtins.set_attr("exec", exec, vm)?;
    let engines = vm.builtins.get_attr("eval", vm)?;
    let eval = vm.new_function("eval", move |args: FuncArgs, vm: &VirtualMachine| {
        engines.call(compiled(vm, args, Mode::Eval)?, vm)
    });
    vm.builtins.set_attr("eval", eval, vm)?;
    let engines = vm.builtins.get_attr("compile", vm)?;
    let compile = vm.new_function("compile", move |args: FuncArgs, vm: &VirtualMachine| {
        engines.call(args.clone(), vm).map_err(|error| explained(vm, &args, error))
    });
    vm.builtins.set_attr("compile", compile, vm)
}

/// The arguments of `exec` or `eval` with code for source.
fn compiled(vm: &VirtualMachine, mut args: FuncArgs, mode: Mode) -> PyResult<FuncArgs> {
    let Some(source) = args.args.first().and_then(|source| text(source)) else { return Ok(args) };
    let source = if matches!(mode, Mode::Eval) { source.trim_start_matches([' ', '\t']) } else { &source };
    args.args[0] = compile(vm, source, mode, "<string>")?.into();
    Ok(args)
}

/// The exception of `compile` in Python's words.
fn explained(vm: &VirtualMachine, args: &FuncArgs, error: PyBaseExceptionRef) -> PyBaseExceptionRef {
    if !error.fast_isinstance(vm.ctx.exceptions.syntax_error) {
        return error;
    }
    let argument = |at: usize, name: &str| args.args.get(at).or_else(|| args.kwargs.get(name)).and_then(|a| text(a));
    let (Some(source), Some(path), Some(mode)) = (argument(0, "source"), argument(1, "filename"), argument(2, "mode"))
    else {
        return error;
    };
    let Ok(mode) = mode.parse::<Mode>() else { return error };
    compile(vm, &source, mode, &path).err().unwrap_or(error)
}

/// The text of source; `None` for what is no text, or none in UTF-8.
fn text(source: &PyObject) -> Option<String> {
    if let Some(text) = source.downcast_ref::<PyStr>() {
        return text.to_str().map(str::to_owned);
    }
    let bytes = source.downcast_ref::<PyBytes>()?.as_bytes();
    std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok().map(str::to_owned)
}
