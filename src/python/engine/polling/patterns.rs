//! Regular expressions that try too much. The engine matches without looking up; so one that may take for ever is tried
//! here first, by the engine's own matcher over a text that listens. What it finds out, the engine need not.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustpython_sre_engine::{Request, SearchIter, State, StrDrive, StringCursor};
use rustpython_vm as vm;
use vm::builtins::{PyBytes, PyStr, PyType, PyTypeRef};
use vm::common::wtf8::Wtf8;
use vm::function::FuncArgs;
use vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};

use super::super::host;

/// Shorter texts are tried out before anybody could want it to end.
const LONG: usize = 20;
/// So many patterns are remembered as Python's `re` keeps.
const KEPT: usize = 512;

struct Risky {
    /// Keeps the identity of the pattern its own.
    _pattern: PyObjectRef,
    code: Vec<u32>,
}

thread_local! {
    static RISKY: RefCell<HashMap<usize, Rc<Risky>>> = RefCell::default();
    static FLAG: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
    static STEPS: Cell<u32> = const { Cell::new(0) };
}

/// How a pattern is applied.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Match,
    FullMatch,
    Search,
    FindAll,
    /// Whatever comes of it, the engine says it.
    Other,
}

/// The methods of a pattern, and which of their arguments is the text.
const WAYS: [(&str, Way, usize); 7] = [
    ("match", Way::Match, 1),
    ("fullmatch", Way::FullMatch, 1),
    ("search", Way::Search, 1),
    ("findall", Way::FindAll, 1),
    ("sub", Way::Other, 2),
    ("subn", Way::Other, 2),
    ("split", Way::Other, 1),
];

/// Has the engine's patterns tried.
///
/// # Errors
/// When the engine has no `_sre`.
pub(super) fn install(vm: &VirtualMachine) -> PyResult<()> {
    let module = vm.import("_sre", 0)?;
    let engines = module.get_attr("compile", vm)?;
    let compile = vm.new_function("compile", move |args: FuncArgs, vm: &VirtualMachine| -> PyResult {
        let made = engines.call(args.clone(), vm)?;
        if let Some(code) = risky_code(&args, vm) {
            RISKY.with_borrow_mut(|risky| {
                if risky.len() >= KEPT {
                    risky.clear();
                }
                risky.insert(made.get_id(), Rc::new(Risky { _pattern: made.clone(), code }));
            });
        }
        Ok(made)
    });
    module.set_attr("compile", compile, vm)?;
    let Ok(class) = module.get_attr("Pattern", vm)?.downcast::<PyType>() else { return Ok(()) };
    // A type of the engine's own lives as long as the program.
    let class: &'static PyTypeRef = Box::leak(Box::new(class));
    let class: &'static Py<PyType> = class;
    for (name, way, at) in WAYS {
        let Some(engines) = class.get_attr(vm.ctx.intern_str(name)) else { continue };
        let tried = move |args: FuncArgs, vm: &VirtualMachine| -> PyResult {
            match attempt(&args, way, at, vm)? {
                Some(answer) => Ok(answer),
                None => engines.call(args, vm),
            }
        };
        class.set_attr(vm.ctx.intern_str(name), vm.new_method(name, class, tried).into());
    }
    Ok(())
}

/// The code of a pattern that may try too much: `_sre.compile(pattern, flags, code, ...)`.
fn risky_code(args: &FuncArgs, vm: &VirtualMachine) -> Option<Vec<u32>> {
    let pattern = args.args.first()?;
    let text = match pattern.downcast_ref::<PyStr>() {
        Some(text) => text.to_string_lossy().into_owned(),
        None => String::from_utf8_lossy(pattern.downcast_ref::<PyBytes>()?.as_bytes()).into_owned(),
    };
    if !is_risky(&text) {
        return None;
    }
    vm.extract_elements_with(args.args.get(2)?, |word| word.try_into_value::<u32>(vm)).ok()
}

/// Whether something is repeated that itself repeats, or so much is repeated that a long text takes very long.
fn is_risky(pattern: &str) -> bool {
    let mut letters = pattern.chars().peekable();
    // For each open group: whether something in it repeats without end.
    let mut groups = vec![false];
    let (mut closed, mut repeats) = (false, 0);
    while let Some(letter) = letters.next() {
        let endless = match letter {
            '\\' => {
                letters.next();
                false
            }
            '[' => {
                // A bracket that comes first, also behind a caret, is one of the letters.
                letters.next_if_eq(&'^');
                letters.next_if_eq(&']');
                while let Some(inside) = letters.next() {
                    match inside {
                        '\\' => drop(letters.next()),
                        ']' => break,
                        _ => {}
                    }
                }
                false
            }
            '(' => {
                groups.push(false);
                false
            }
            ')' => {
                closed = groups.len() > 1 && groups.pop().unwrap_or_default();
                if closed && let Some(outer) = groups.last_mut() {
                    *outer = true;
                }
                continue;
            }
            '*' | '+' => true,
            '{' => {
                let range: String = letters.by_ref().take_while(|c| *c != '}').collect();
                range.ends_with(',') || range.split(',').next_back().and_then(|n| n.parse().ok()) > Some(9)
            }
            _ => false,
        };
        if endless {
            if closed {
                return true;
            }
            repeats += 1;
            if let Some(group) = groups.last_mut() {
                *group = true;
            }
        }
        closed = false;
    }
    repeats > 3
}

/// Tries the pattern; the answer, where that was enough to know it.
fn attempt(args: &FuncArgs, way: Way, text_at: usize, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
    let (Some(pattern), Some(text)) = (args.args.first(), args.args.get(text_at)) else { return Ok(None) };
    let Some(risky) = RISKY.with_borrow(|risky| risky.get(&pattern.get_id()).cloned()) else { return Ok(None) };
    // From another place than the beginning, and for some of all that is found, the engine goes alone.
    let mut rest = args.args.iter().skip(text_at + 1).chain(args.kwargs.values());
    if rest.any(|limit| limit.try_to_value::<i64>(vm).ok() != Some(0)) {
        return Ok(None);
    }
    let Some(found) = found(&risky.code, text, way) else { return Ok(None) };
    match found {
        Err(Stopped) => Err(host::interrupted(vm)),
        Ok(true) => Ok(None),
        Ok(false) => Ok(match way {
            Way::Match | Way::FullMatch | Way::Search => Some(vm.ctx.none()),
            Way::FindAll => Some(vm.ctx.new_list(Vec::new()).into()),
            Way::Other => None,
        }),
    }
}

/// An interrupt has come.
#[derive(Debug)]
struct Stopped;

/// Whether the pattern is found in the text; `None` where it is not worth asking.
fn found(code: &[u32], text: &PyObject, way: Way) -> Option<Result<bool, Stopped>> {
    if let Some(text) = text.downcast_ref::<PyStr>() {
        return (text.as_wtf8().len() >= LONG)
            .then(|| listening(|| try_out(Heard::<&Wtf8>(text.as_wtf8()), code, way)));
    }
    let bytes = text.downcast_ref::<PyBytes>()?.as_bytes();
    (bytes.len() >= LONG).then(|| listening(|| try_out(Heard::<&[u8]>(bytes), code, way)))
}

fn try_out<S: StrDrive>(text: S, code: &[u32], way: Way) -> bool {
    let request = Request::new(text, 0, usize::MAX, code, way == Way::FullMatch);
    match way {
        Way::Match | Way::FullMatch => State::default().py_match(&request),
        Way::Search => State::default().search(request),
        Way::FindAll | Way::Other => SearchIter { req: request, state: State::default() }.count() > 0,
    }
}

/// Whether `code` is found in `text`, for a scan that listens by itself: once an interrupt has come, it is not.
pub(in crate::python) fn search(code: &[u32], text: &str) -> bool {
    listening(|| State::default().search(Request::new(Heard(text), 0, usize::MAX, code, false))).unwrap_or(false)
}

fn listening(work: impl FnOnce() -> bool) -> Result<bool, Stopped> {
    FLAG.replace(host::interrupt_flag());
    let done = catch_unwind(AssertUnwindSafe(work));
    FLAG.replace(None);
    done.map_err(|fault| if fault.is::<Stopped>() { Stopped } else { resume_unwind(fault) })
}

/// One letter was looked at.
fn step() {
    let steps = STEPS.get().wrapping_add(1);
    STEPS.set(steps);
    if steps.is_multiple_of(1 << 16) {
        let stop = FLAG.with_borrow(|flag| flag.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)));
        if stop {
            // The matcher knows no other way out of its middle.
            resume_unwind(Box::new(Stopped));
        }
    }
}

/// A text that counts how often somebody looks at it.
#[derive(Clone, Copy, Debug)]
struct Heard<S>(S);

impl<S: StrDrive> StrDrive for Heard<S> {
    fn count(&self) -> usize {
        self.0.count()
    }

    fn create_cursor(&self, n: usize) -> StringCursor {
        self.0.create_cursor(n)
    }

    fn adjust_cursor(&self, cursor: &mut StringCursor, n: usize) {
        step();
        self.0.adjust_cursor(cursor, n);
    }

    fn advance(cursor: &mut StringCursor) -> u32 {
        step();
        S::advance(cursor)
    }

    fn peek(cursor: &StringCursor) -> u32 {
        step();
        S::peek(cursor)
    }

    fn skip(cursor: &mut StringCursor, n: usize) {
        S::skip(cursor, n);
    }

    fn back_advance(cursor: &mut StringCursor) -> u32 {
        step();
        S::back_advance(cursor)
    }

    fn back_peek(cursor: &StringCursor) -> u32 {
        step();
        S::back_peek(cursor)
    }

    fn back_skip(cursor: &mut StringCursor, n: usize) {
        S::back_skip(cursor, n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_within_a_repetition_is_risky() {
        for pattern in ["(a+)+$", "^(?:[a-z]+\\d*)*x", "(([a-z])+.)+", "(x{2,})*", ".*.*.*.*=", "(a|b+){12}"] {
            assert!(is_risky(pattern), "{pattern}");
        }
        for pattern in ["a+b", "[\\w.+-]+@[\\w-]+", "(ab)+", "\\(a+\\)+", "[(a+)]+", "(a+)(b+)", "x{3}", "[]+*]*"] {
            assert!(!is_risky(pattern), "{pattern}");
        }
    }
}
