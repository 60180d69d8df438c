//! The words of CPython 3.11's library, where the engine's is newer or is written in Python.

use rustpython_vm as vm;
use vm::{AsObject, PyObjectRef, VirtualMachine};

/// The text of an exception of the library; `None` where it is no such one, or says the same.
pub(super) fn reword(vm: &VirtualMachine, exc: &PyObjectRef, text: &str) -> Option<String> {
    let class = exc.class();
    let name = class.name();
    match &*name {
        "JSONDecodeError" => json(vm, exc, text),
        "InvalidOperation" | "DivisionByZero" | "Overflow" | "Underflow" | "Inexact" if !text.starts_with('[') => {
            let signal = match (&*name, text) {
                ("InvalidOperation", text) if text.starts_with("Invalid literal for Decimal") => "ConversionSyntax",
                ("InvalidOperation", "0 / 0") => "DivisionUndefined",
                (name, _) => name,
            };
            let module = class.__module__(vm).str(vm).ok()?;
            (module.to_string_lossy() == "decimal").then(|| format!("[<class 'decimal.{signal}'>]"))
        }
        _ => None,
    }
}

fn json(vm: &VirtualMachine, exc: &PyObjectRef, text: &str) -> Option<String> {
    if let Some((start, rest)) = text.split_once(": U+").or_else(|| text.split_once(" U+"))
        && let Some(at) = rest.find([':', ' '])
    {
        return Some(format!("{start}{}", &rest[at..]));
    }
    let wanted = match text.strip_prefix("Illegal trailing comma before end of ")?.split(':').next()? {
        "array" => "Expecting value",
        _ => "Expecting property name enclosed in double quotes",
    };
    // The place is that of what stands behind the comma.
    let comma: usize = exc.get_attr("pos", vm).ok()?.try_into_value(vm).ok()?;
    let document: String = exc.get_attr("doc", vm).ok()?.try_into_value(vm).ok()?;
    let blank = |c: &char| matches!(c, ' ' | '\t' | '\n' | '\r');
    let at = comma + 1 + document.chars().skip(comma + 1).take_while(blank).count();
    let before: Vec<char> = document.chars().take(at).collect();
    let line = before.iter().filter(|c| **c == '\n').count() + 1;
    let column = at - before.iter().rposition(|c| *c == '\n').map_or(0, |newline| newline + 1) + 1;
    Some(format!("{wanted}: line {line} column {column} (char {at})"))
}
