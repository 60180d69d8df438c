//! Prints an exception as CPython 3.11 prints it. The library's own `traceback` would say nearly the same, but takes
//! 75 ms to import at the first error; only groups of exceptions are left to it.

use std::collections::HashSet;
use std::fmt::Write as _;

use rustpython_vm as vm;
use vm::builtins::{PyBaseExceptionRef, PyList, PyStrRef, PyType};
use vm::suggestion::offer_suggestions;
use vm::{AsObject, Py, PyObjectRef, VirtualMachine};

/// Whether "Did you mean" is offered: Python does at the top of a script, its console does not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hints {
    Offered,
    Withheld,
}

/// A frame is repeated this often before the rest is counted instead.
const REPEATED: usize = 3;

/// Writes what is to be said about `exc` to `sys.stderr`, or lets the script's own `sys.excepthook` do it.
pub(super) fn print(vm: &VirtualMachine, exc: &PyBaseExceptionRef, hints: Hints) {
    if has_own_hook(vm) {
        vm.print_exception(exc.clone());
    } else {
        print_ourselves(vm, exc, hints);
    }
}

/// Python's `sys.__excepthook__`.
pub(super) fn print_ourselves(vm: &VirtualMachine, exc: &PyBaseExceptionRef, hints: Hints) {
    if holds_group(vm, exc) {
        let printed = vm
            .import("traceback", 0)
            .and_then(|traceback| vm.call_method(&traceback, "print_exception", (exc.clone(),)));
        if printed.is_ok() {
            return;
        }
    }
    let mut text = String::new();
    chain(vm, exc, hints, &mut HashSet::new(), &mut text);
    write_to_stderr(vm, text);
}

/// Writes `text` to `sys.stderr`. There is nobody to tell when that fails.
pub(super) fn write_to_stderr(vm: &VirtualMachine, text: String) {
    if let Ok(stderr) = vm.sys_module.get_attr("stderr", vm)
        && !vm.is_none(&stderr)
    {
        let _ = vm.call_method(&stderr, "write", (text,));
    }
}

fn has_own_hook(vm: &VirtualMachine) -> bool {
    let hook = |name: &'static str| vm.sys_module.get_attr(name, vm).ok();
    match (hook("excepthook"), hook("__excepthook__")) {
        (Some(now), Some(first)) => !now.is(&first),
        _ => true,
    }
}

fn holds_group(vm: &VirtualMachine, exc: &PyBaseExceptionRef) -> bool {
    let mut seen = HashSet::new();
    let mut next = Some(exc.clone());
    while let Some(exc) = next {
        if !seen.insert(exc.get_id()) {
            return false;
        }
        if exc.fast_isinstance(vm.ctx.exceptions.base_exception_group) {
            return true;
        }
        next = exc.__cause__().or_else(|| exc.__context__());
    }
    false
}

fn chain(vm: &VirtualMachine, exc: &PyBaseExceptionRef, hints: Hints, seen: &mut HashSet<usize>, out: &mut String) {
    seen.insert(exc.get_id());
    let suppressed = attribute(vm, exc, "__suppress_context__").is_some_and(|s| s.try_to_bool(vm).unwrap_or(false));
    let before = match (exc.__cause__(), exc.__context__()) {
        (Some(cause), _) => Some((cause, "The above exception was the direct cause of the following exception:")),
        (None, Some(context)) if !suppressed => {
            Some((context, "During handling of the above exception, another exception occurred:"))
        }
        _ => None,
    };
    if let Some((before, link)) = before
        && !seen.contains(&before.get_id())
    {
        chain(vm, &before, Hints::Withheld, seen, out);
        let _ = write!(out, "\n{link}\n\n");
    }
    if exc.__traceback__().is_none() && exc.fast_isinstance(vm.ctx.exceptions.runtime_error) {
        // The engine leaves a bare `raise` at the top without a frame.
        out.push_str("Traceback (most recent call last):\n  File \"<console>\", line 1, in <module>\n");
    }
    frames(vm, exc, out);
    last_lines(vm, exc, hints, out);
}

fn frames(vm: &VirtualMachine, exc: &PyBaseExceptionRef, out: &mut String) {
    let Some(first) = exc.__traceback__() else { return };
    out.push_str("Traceback (most recent call last):\n");
    let mut last = String::new();
    let mut count = 0;
    for entry in first.iter() {
        let code = &entry.frame.code;
        let file = shown_file(vm, code.source_path().as_str());
        let line = format!("  File \"{file}\", line {}, in {}\n", entry.lineno, code.obj_name);
        if line == last {
            count += 1;
        } else {
            repeated(count, out);
            (last, count) = (line, 1);
        }
        if count <= REPEATED {
            out.push_str(&last);
        }
    }
    repeated(count, out);
}

fn repeated(count: usize, out: &mut String) {
    match count.saturating_sub(REPEATED) {
        0 => {}
        1 => out.push_str("  [Previous line repeated 1 more time]\n"),
        more => {
            let _ = writeln!(out, "  [Previous line repeated {more} more times]");
        }
    }
}

/// Modules that are frozen into the program have no file; they are shown as Python shows its own frozen ones.
pub(super) fn shown_file(vm: &VirtualMachine, path: &str) -> String {
    let frozen = !path.starts_with('<') && vm.state.frozen.contains_key(path);
    if frozen { format!("<frozen {path}>") } else { path.to_owned() }
}

fn last_lines(vm: &VirtualMachine, exc: &PyBaseExceptionRef, hints: Hints, out: &mut String) {
    let name = type_name(vm, exc.class());
    if exc.fast_isinstance(vm.ctx.exceptions.syntax_error) {
        syntax_error(vm, exc, &name, out);
    } else {
        let text = match exc.as_object().str(vm) {
            Ok(text) => text.to_string_lossy().into_owned(),
            Err(_) => "<exception str() failed>".into(),
        };
        // The engine's RecursionError ends in a blank.
        let text = if exc.fast_isinstance(vm.ctx.exceptions.recursion_error) { text.trim_end() } else { &text };
        let text = match text {
            "" if exc.fast_isinstance(vm.ctx.exceptions.recursion_error) => "maximum recursion depth exceeded",
            text => text,
        };
        out.push_str(&name);
        if !text.is_empty() {
            let _ = write!(out, ": {text}");
        }
        if hints == Hints::Offered
            && let Some(meant) = suggestion(vm, exc)
        {
            let _ = write!(out, ". Did you mean: '{meant}'?");
        }
        out.push('\n');
    }
    if let Some(notes) = attribute(vm, exc, "__notes__")
        && let Some(notes) = notes.downcast_ref::<PyList>()
    {
        for note in notes.borrow_vec().iter() {
            let note = note.str(vm).map_or_else(|_| "<note str() failed>".into(), |n| n.to_string_lossy().into_owned());
            if is_newer_note(&note) {
                continue;
            }
            note.split('\n').for_each(|line| {
                let _ = writeln!(out, "{line}");
            });
        }
    }
}

/// The name that was probably meant. A script has names without an import of which only those that it spells are put
/// among its globals: for the look at them, the others stand there too.
fn suggestion(vm: &VirtualMachine, exc: &PyBaseExceptionRef) -> Option<PyStrRef> {
    // Python 3.11 has none for a name that cannot be imported.
    if exc.fast_isinstance(vm.ctx.exceptions.import_error) {
        return None;
    }
    let globals = exc
        .__traceback__()
        .filter(|_| exc.fast_isinstance(vm.ctx.exceptions.name_error))
        .and_then(|first| first.iter().last().map(|last| last.frame.globals.clone()));
    let lent = globals.as_ref().map_or_else(Vec::new, |globals| super::namespace::lend(vm, globals));
    let meant = offer_suggestions(exc, vm);
    for name in lent {
        // It was put there just above.
        let _ = globals.as_ref().map(|globals| globals.del_item(name, vm));
    }
    meant
}

/// Whether a note is one that Python 3.11 does not make: json's where in the data it was, a codec's name.
fn is_newer_note(note: &str) -> bool {
    let codec = note.starts_with("encoding with ") || note.starts_with("decoding with ");
    note.starts_with("when serializing ") || (codec && note.ends_with(" codec failed"))
}

/// The class with its module, except for Python's own and the script's.
fn type_name(vm: &VirtualMachine, class: &Py<PyType>) -> String {
    let text = |attribute: &'static str| {
        let value = class.as_object().get_attr(attribute, vm).ok()?;
        Some(value.str(vm).ok()?.to_string_lossy().into_owned())
    };
    let name = text("__qualname__").unwrap_or_else(|| class.name().to_string());
    match text("__module__").as_deref() {
        None | Some("builtins" | "__main__") => name,
        // As it was called before Python 3.13.
        Some("re") if name == "PatternError" => "re.error".to_owned(),
        Some(module) => format!("{module}.{name}"),
    }
}

fn syntax_error(vm: &VirtualMachine, exc: &PyBaseExceptionRef, name: &str, out: &mut String) {
    let text = |attribute_name| {
        let value = attribute(vm, exc, attribute_name)?;
        Some(value.str(vm).ok()?.to_string_lossy().into_owned())
    };
    let number = |attribute_name| attribute(vm, exc, attribute_name)?.try_into_value::<isize>(vm).ok();
    let mut suffix = String::new();
    match (text("filename"), number("lineno")) {
        (file, Some(line)) => {
            let file = file.unwrap_or_else(|| "<string>".into());
            let _ = writeln!(out, "  File \"{file}\", line {line}");
        }
        (Some(file), None) => suffix = format!(" ({file})"),
        (None, None) => {}
    }
    if let Some(line) = text("text") {
        let line = line.trim_end_matches('\n');
        let bare = line.trim_start_matches([' ', '\n', '\u{c}']);
        let spaces = (line.len() - bare.len()).cast_signed();
        let _ = writeln!(out, "    {bare}");
        if let Some(offset) = number("offset") {
            let end = number("end_offset").filter(|end| *end != 0).unwrap_or(offset);
            let end = if end == offset || end == -1 { offset + 1 } else { end };
            if let Ok(column) = usize::try_from(offset - 1 - spaces) {
                let width = usize::try_from(end - offset).unwrap_or(0);
                let pad: String = bare.chars().take(column).map(|c| if c.is_whitespace() { c } else { ' ' }).collect();
                let _ = writeln!(out, "    {pad}{}", "^".repeat(width));
            }
        }
    }
    let said = text("msg").unwrap_or_else(|| "<no detail available>".into());
    let _ = writeln!(out, "{name}: {said}{suffix}");
}

/// An attribute that is there and is not `None`.
fn attribute(vm: &VirtualMachine, exc: &PyBaseExceptionRef, name: &'static str) -> Option<PyObjectRef> {
    exc.as_object().get_attr(name, vm).ok().filter(|value| !vm.is_none(value))
}
