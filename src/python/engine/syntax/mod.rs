//! SyntaxErrors in CPython's words: what is typed, piped or given to `-c` and does not compile is explained as CPython
//! 3.11 explains it. The engine's parser knows where it stopped and why, in its own words; CPython looks first at the
//! letters of the whole source (its tokenizer), then at what the parser expected.

mod targets;
mod tokens;
mod words;

use rustpython_vm as vm;
use vm::builtins::PyBaseExceptionRef;
use vm::compiler::CompileError;
use vm::{PyObjectRef, VirtualMachine};

use super::CONSOLE;
use tokens::{line_of, scan};

/// The deepest nesting of operators that is compiled: beyond it the compiler's own stack would be at stake. CPython
/// stops earlier.
const DEEPEST: usize = 5_000;

/// Which exception it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Class {
    Syntax,
    Indentation,
    Tab,
}

/// Where the carets stand, in bytes of the source.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Carets {
    /// From the offset to here.
    To(usize),
    /// One, at the offset.
    One,
    /// None: the line is shown, no place in it.
    None,
    /// Not even the line is shown: the compiler found it, which has no text.
    NoLine,
}

/// What is wrong, in CPython's words.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Fault {
    class: Class,
    message: String,
    at: usize,
    carets: Carets,
}

impl Fault {
    fn syntax(message: impl Into<String>, at: usize) -> Self {
        Self { class: Class::Syntax, message: message.into(), at, carets: Carets::One }
    }

    fn indentation(message: impl Into<String>, at: usize) -> Self {
        Self { class: Class::Indentation, message: message.into(), at, carets: Carets::None }
    }

    fn tab(message: impl Into<String>, at: usize) -> Self {
        Self { class: Class::Tab, message: message.into(), at, carets: Carets::None }
    }

    /// A letter that Python's grammar has no place for.
    fn strange(c: char, at: usize) -> Self {
        let code = c as u32;
        let shown =
            !c.is_control() && !matches!(code, 0xad | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff);
        let shown = shown && !(c.is_whitespace() && c != ' ');
        Self::syntax(
            if shown {
                format!("invalid character '{c}' (U+{code:04X})")
            } else {
                format!("invalid non-printable character U+{code:04X}")
            },
            at,
        )
    }

    fn to(self, end: usize) -> Self {
        Self { carets: Carets::To(end), ..self }
    }
}

/// What is wrong with source that did not compile.
fn explain(source: &str, error: &CompileError) -> Fault {
    let (line, column) = error.python_location();
    let at = offset_of(source, line, column);
    match error {
        CompileError::Codegen(error) => words::of_compiler(source, &error.error.to_string(), at),
        CompileError::Parse(error) => {
            let tokens = match scan(source) {
                Ok(tokens) => tokens,
                Err(fault) => return fault,
            };
            let (start, end) = (usize::from(error.raw_location.start()), usize::from(error.raw_location.end()));
            let fault = words::of_parser(source, &tokens, error, start, end);
            match tokens.open {
                Some((bracket, place)) if is_behind(source, &fault, place) => {
                    Fault::syntax(format!("'{bracket}' was never closed"), place)
                }
                _ => fault,
            }
        }
    }
}

/// Whether a fault is behind the end of all there is, or on a later line than an open bracket: then the bracket is it.
fn is_behind(source: &str, fault: &Fault, bracket: usize) -> bool {
    let end = source.trim_end().len();
    fault.at >= end || line_of(source, fault.at) > line_of(source, bracket)
}

fn offset_of(source: &str, line: usize, column: usize) -> usize {
    let start: usize = source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let line = source[start.min(source.len())..].split('\n').next().unwrap_or_default();
    start + line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(i, _)| i)
}

/// Refuses what parser and compiler must not see: what would exhaust their stack, and a byte order mark.
///
/// # Errors
/// What Python raises: a `SyntaxError` for brackets, a `RecursionError` for operators.
pub(super) fn check_depth(vm: &VirtualMachine, source: &str, path: &str) -> Result<(), PyBaseExceptionRef> {
    // The engine would pass over a byte order mark; Django hands Python text, in which it is a letter.
    if source.starts_with('\u{feff}') {
        return Err(raise(vm, source, path, &Fault::strange('\u{feff}', 0)));
    }
    // Cheap for what is harmless: nothing is deep that has few of these letters.
    let deep = |c: &u8| b"([{".contains(c);
    let busy = |c: &u8| b"+-*/%&|^~<>=.@([{:".contains(c) || c.is_ascii_alphabetic();
    if source.bytes().filter(|c| deep(c)).count() <= 200 && source.bytes().filter(|c| busy(c)).count() <= DEEPEST {
        return Ok(());
    }
    let Ok(tokens) = scan(source) else {
        // The parser finds the fault again, and its depth is bounded by where the scanner stopped only if that was
        // brackets.
        return match scan(source) {
            Err(fault) if fault.message.starts_with("too many nested") => Err(raise(vm, source, path, &fault)),
            _ => Ok(()),
        };
    };
    if words::longest_expression(source, &tokens) > DEEPEST {
        let text = "maximum recursion depth exceeded during compilation";
        return Err(vm.new_recursion_error(text));
    }
    Ok(())
}

/// The exception for source that did not compile.
pub(super) fn exception(vm: &VirtualMachine, source: &str, path: &str, error: &CompileError) -> PyBaseExceptionRef {
    let mut fault = explain(source, error);
    // The console's compiler has no place for what is missing at the end of a line.
    let at_line_end = source[fault.at.min(source.len())..].chars().next().is_none_or(|c| c == '\n');
    if path == CONSOLE && fault.carets == Carets::One && at_line_end {
        fault.carets = Carets::None;
    }
    raise(vm, source, path, &fault)
}

/// The exception for a byte order mark: the engine's parser skips one, Python takes it in files only.
pub(super) fn byte_order_mark(vm: &VirtualMachine, source: &str, path: &str) -> Option<PyBaseExceptionRef> {
    source.starts_with('\u{feff}').then(|| raise(vm, source, path, &Fault::strange('\u{feff}', 0)))
}

/// The exception for a second statement where one block was to be ended by a blank line.
pub(super) fn second_statement(vm: &VirtualMachine, source: &str, path: &str, at: usize) -> PyBaseExceptionRef {
    let rest = &source[at..];
    let word = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
    raise(vm, source, path, &Fault::syntax("invalid syntax", at).to(at + word.max(1)))
}

/// `except A, B`: Python 3.14 takes it, and there it is another thing than the `except A, b` of old scripts.
pub(super) fn bare_exceptions(
    vm: &VirtualMachine,
    source: &str,
    path: &str,
    (from, to): (usize, usize),
) -> PyBaseExceptionRef {
    raise(vm, source, path, &Fault::syntax("multiple exception types must be parenthesized", from).to(to))
}

fn raise(vm: &VirtualMachine, source: &str, path: &str, fault: &Fault) -> PyBaseExceptionRef {
    let class = match fault.class {
        Class::Syntax => vm.ctx.exceptions.syntax_error,
        Class::Indentation => vm.ctx.exceptions.indentation_error,
        Class::Tab => vm.ctx.exceptions.tab_error,
    };
    let place = Place::of(source, fault);
    let number = |n: Option<usize>| n.map_or_else(|| vm.ctx.none(), |n| vm.ctx.new_int(n).into());
    let text = place.text.map_or_else(|| vm.ctx.none(), |text| vm.ctx.new_str(text).into());
    let details: Vec<PyObjectRef> = vec![
        vm.ctx.new_str(path).into(),
        number(Some(place.line)),
        number(place.offset),
        text,
        number(Some(place.end_line)),
        number(place.end_offset),
    ];
    let args = vec![vm.ctx.new_str(fault.message.as_str()).into(), vm.ctx.new_tuple(details).into()];
    vm.invoke_exception(class.to_owned(), args).unwrap_or_else(|exc| exc)
}

/// Lines and columns (in characters, from 1) of a fault.
#[derive(Debug, Eq, PartialEq)]
struct Place {
    line: usize,
    offset: Option<usize>,
    end_line: usize,
    end_offset: Option<usize>,
    text: Option<String>,
}

impl Place {
    fn of(source: &str, fault: &Fault) -> Self {
        let at = fault.at.min(source.len());
        let start = source[..at].rfind('\n').map_or(0, |i| i + 1);
        let line = source[start..].split('\n').next().unwrap_or_default();
        let column = |offset: usize| {
            let start = source[..offset].rfind('\n').map_or(0, |i| i + 1);
            source[start..offset].chars().count() + 1
        };
        let (offset, end, end_offset) = match fault.carets {
            Carets::To(end) => (Some(column(at)), end, Some(column(end))),
            Carets::One | Carets::NoLine => (Some(column(at)), at, Some(column(at) + 1)),
            Carets::None => (None, at, None),
        };
        Self {
            line: line_of(source, at),
            offset,
            end_line: line_of(source, end.min(source.len())),
            end_offset,
            text: (fault.carets != Carets::NoLine).then(|| format!("{line}\n")),
        }
    }
}

#[cfg(test)]
mod tests;
