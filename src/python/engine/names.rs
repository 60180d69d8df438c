//! The names of a session: what is there without an import, and what completes a word.

use rustpython_vm as vm;
use vm::builtins::{PyDictRef, PyStr};
use vm::{Py, PyObjectRef, VirtualMachine};

use super::Engine;

impl Engine {
    /// What `word`, a name or dotted names, may be completed to: as Python's rlcompleter, a callable with its bracket.
    #[must_use]
    pub fn complete(&self, word: &str) -> Vec<String> {
        self.interpreter.enter(|vm| match word.rsplit_once('.') {
            None => names(vm, &self.globals, word),
            Some((object, prefix)) => attributes(vm, &self.globals, object, prefix),
        })
    }
}

fn names(vm: &VirtualMachine, globals: &PyDictRef, prefix: &str) -> Vec<String> {
    const KEYWORDS: &str = "and as assert async await break class continue def del elif else except False finally for from \
                            global if import in is lambda None nonlocal not or pass raise return True try while with yield";
    let mut found: Vec<String> =
        KEYWORDS.split(' ').filter(|word| word.starts_with(prefix)).map(str::to_owned).collect();
    for dict in [globals.clone(), vm.builtins.dict()] {
        for (key, value) in dict {
            if let Some(name) = matching(&key, prefix) {
                found.push(called(vm, name, &value));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Looks the object up by its names only: nothing is called but what its attributes call.
fn attributes(vm: &VirtualMachine, globals: &PyDictRef, path: &str, prefix: &str) -> Vec<String> {
    let mut parts = path.split('.');
    let first = parts.next().unwrap_or_default();
    let looked_up = globals
        .get_item_opt(first, vm)
        .ok()
        .flatten()
        .or_else(|| vm.builtins.get_attr(vm.ctx.intern_str(first), vm).ok())
        .and_then(|start| parts.try_fold(start, |object, name| object.get_attr(vm.ctx.intern_str(name), vm).ok()));
    let Some(object) = looked_up else {
        return Vec::new();
    };
    let Ok(names) = vm.dir(Some(object.clone())) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for key in names.borrow_vec().iter() {
        let Some(name) = matching(key, prefix) else { continue };
        let value = object.get_attr(vm.ctx.intern_str(name.as_str()), vm);
        let name = format!("{path}.{name}");
        found.push(value.map_or(name.clone(), |value| called(vm, name, &value)));
    }
    found.sort();
    found
}

/// The name in `key` if it goes on from `prefix`; private names only for who begins one.
fn matching(key: &PyObjectRef, prefix: &str) -> Option<String> {
    let key: &Py<PyStr> = key.downcast_ref()?;
    let name = key.to_str()?;
    (name.starts_with(prefix) && (!name.starts_with('_') || prefix.starts_with('_'))).then(|| name.to_owned())
}

/// The name as it is typed on: what can be called with its bracket, and closed where nothing can stand in it.
fn called(vm: &VirtualMachine, name: String, value: &PyObjectRef) -> String {
    if !value.is_callable() {
        return name;
    }
    if takes_nothing(vm, value) == Some(true) { format!("{name}()") } else { format!("{name}(") }
}

/// Whether a Python function has no parameter but the one it is bound to; `None` for what is none.
fn takes_nothing(vm: &VirtualMachine, value: &PyObjectRef) -> Option<bool> {
    const STARRED: u32 = 0x04 | 0x08;
    let (function, bound) = match value.get_attr("__func__", vm) {
        Ok(function) => (function, 1),
        Err(_) => (value.clone(), 0),
    };
    let code = function.get_attr("__code__", vm).ok()?;
    let number = |name: &'static str| code.get_attr(name, vm).ok()?.try_into_value::<u32>(vm).ok();
    let named = number("co_argcount")? + number("co_kwonlyargcount")?;
    Some(named <= bound && number("co_flags")? & STARRED == 0)
}
