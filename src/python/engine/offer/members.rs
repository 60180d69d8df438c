//! The names that hang on a thing, and the parameters of what can be called: read, never asked for.

use rustpython_vm as vm;
use vm::builtins::{PyClassMethod, PyDict, PyFunction, PyList, PyModule, PyStaticMethod, PyStr, PyTuple, PyType};
use vm::{AsObject, Py, PyObject, PyObjectRef, VirtualMachine};

use super::thing::{Eyes, Thing, find};

/// A name and what is typed behind it: `(` where it can be called, `()` where nothing can stand in the brackets.
pub(super) type Named = (String, &'static str);

/// The most names that are offered at once.
const MOST: usize = 2_000;

/// The attributes of a thing that begin with `prefix`; private ones only for who begins one.
pub(super) fn attributes(eyes: &Eyes<'_>, of: &Thing, prefix: &str) -> Vec<Named> {
    let mut found = Vec::new();
    let instance =
        !matches!(of, Thing::Value(value) if value.downcastable::<PyType>() || value.downcastable::<PyModule>());
    if let Thing::Value(value) = of {
        if let Some(class) = value.downcast_ref::<PyType>() {
            of_class(eyes, class, prefix, Held::ByClass, &mut found);
        } else if eyes.lists_itself(value) {
            let listed = eyes.vm.dir(Some(value.clone()));
            found.extend(listed.map(|names| texts(&names.borrow_vec(), prefix)).unwrap_or_default());
        } else if let Some(dict) = value.dict() {
            found.extend(entries(eyes.vm, &dict, prefix));
            if value.downcastable::<PyModule>() {
                found.extend(published(eyes.vm, &dict, prefix));
            }
        }
    }
    if matches!(of, Thing::Rows { .. }) {
        // What a query set has of its own.
        found.extend(
            ["model", "query"].into_iter().filter(|name| begins(name, prefix)).map(|name| (name.to_owned(), "")),
        );
    }
    if instance && let Some(class) = eyes.type_of(of) {
        of_class(eyes, &class, prefix, Held::ByInstance, &mut found);
    }
    tidy(found)
}

/// The names in a dict that begin with `prefix`, as in the dict of a module.
pub(super) fn entries(vm: &VirtualMachine, dict: &Py<PyDict>, prefix: &str) -> Vec<Named> {
    let mut found = Vec::new();
    for (key, value) in dict {
        if let Some(name) = key.downcast_ref::<PyStr>().and_then(|key| key.to_str())
            && begins(name, prefix)
        {
            found.push((name.to_owned(), brackets(vm, &value, 0)));
        }
    }
    found
}

/// The names that a module says it has, there or not yet.
pub(super) fn published(vm: &VirtualMachine, dict: &Py<PyDict>, prefix: &str) -> Vec<Named> {
    let Ok(Some(all)) = dict.get_item_opt("__all__", vm) else { return Vec::new() };
    if let Some(list) = all.downcast_ref::<PyList>() {
        return texts(&list.borrow_vec(), prefix);
    }
    all.downcast_ref::<PyTuple>().map_or_else(Vec::new, |tuple| texts(tuple.as_slice(), prefix))
}

fn texts(names: &[PyObjectRef], prefix: &str) -> Vec<Named> {
    let names = names.iter().filter_map(|name| name.downcast_ref::<PyStr>()?.to_str());
    names.filter(|name| begins(name, prefix)).map(|name| (name.to_owned(), "")).collect()
}

pub(super) fn tidy(mut found: Vec<Named>) -> Vec<Named> {
    // Of two with the same name, the one with brackets.
    found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(a.1)));
    found.dedup_by(|a, b| a.0 == b.0);
    found.truncate(MOST);
    found
}

/// From where an attribute of a class is reached.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Held {
    ByClass,
    ByInstance,
}

fn of_class(eyes: &Eyes<'_>, class: &Py<PyType>, prefix: &str, held: Held, found: &mut Vec<Named>) {
    let mut seen: std::collections::HashSet<String> = found.iter().map(|(name, _)| name.clone()).collect();
    for class in class.mro_collect() {
        for (name, value) in class.attributes.read().iter() {
            let name = name.as_str();
            if !begins(name, prefix) || !seen.insert(name.to_owned()) {
                continue;
            }
            // Django's managers are reached by the class alone.
            if held == Held::ByInstance && &*value.class().name() == "ManagerDescriptor" {
                continue;
            }
            let bound = usize::from(held == Held::ByInstance);
            found.push((name.to_owned(), brackets(eyes.vm, value, bound)));
        }
    }
}

pub(super) fn begins(name: &str, prefix: &str) -> bool {
    let private = name.starts_with("__") && !prefix.starts_with("__") || name.starts_with('_') && prefix.is_empty();
    name.starts_with(prefix) && !private
}

/// What is typed behind the name of `value`, `bound` of whose parameters are given by how it is reached.
pub(super) fn brackets(vm: &VirtualMachine, value: &PyObject, bound: usize) -> &'static str {
    if let Some(inner) = inside(value, vm) {
        let bound = usize::from(value.downcastable::<PyClassMethod>());
        return brackets(vm, &inner, bound);
    }
    if let Some(bound_to) = method(value, vm) {
        return brackets(vm, &bound_to, 1);
    }
    match parameters_of_code(vm, value) {
        Some(code) if code.named.len() <= bound && !code.takes_more => "()",
        Some(_) => "(",
        None if matches!(&*value.class().name(), "property" | "getset_descriptor" | "member_descriptor") => "",
        None if value.is_callable() => "(",
        None => "",
    }
}

/// The function inside a class method or a static method.
fn inside(value: &PyObject, vm: &VirtualMachine) -> Option<PyObjectRef> {
    let wraps = value.downcastable::<PyClassMethod>() || value.downcastable::<PyStaticMethod>();
    if wraps { value.get_attr("__func__", vm).ok() } else { None }
}

/// The function of a bound method.
fn method(value: &PyObject, vm: &VirtualMachine) -> Option<PyObjectRef> {
    if value.class().is(vm.ctx.types.bound_method_type) { value.get_attr("__func__", vm).ok() } else { None }
}

struct Parameters {
    /// In order, those that have a name of their own.
    named: Vec<String>,
    /// How many of them are given by position alone.
    positional: usize,
    /// How many of them are given by name alone.
    keyword_only: usize,
    /// Whether there are `*args` or `**kwargs` behind them.
    takes_more: bool,
}

fn parameters_of_code(vm: &VirtualMachine, value: &PyObject) -> Option<Parameters> {
    const STARRED: u32 = 0x04 | 0x08;
    value.downcast_ref::<PyFunction>()?;
    let code = value.get_attr("__code__", vm).ok()?;
    let number = |name: &'static str| code.get_attr(name, vm).ok()?.try_into_value::<u32>(vm).ok();
    let count = number("co_argcount")? + number("co_kwonlyargcount")?;
    let names = code.get_attr("co_varnames", vm).ok()?;
    let names: Vec<String> = names.try_into_value::<vm::function::ArgSequence<String>>(vm).ok()?.into_vec();
    Some(Parameters {
        named: names.into_iter().take(count as usize).collect(),
        positional: number("co_posonlyargcount")? as usize,
        keyword_only: number("co_kwonlyargcount")? as usize,
        takes_more: number("co_flags")? & STARRED != 0,
    })
}

/// How a function is reached: what it is bound to takes its first parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reached {
    /// By its own name.
    Plainly,
    /// Through an instance, or a class in the case of a class method.
    Bound,
}

/// The names of the parameters of `value`, when it is called, that can be named.
pub(super) fn parameters(vm: &VirtualMachine, value: &PyObject, reached: Reached) -> Vec<String> {
    if let Some(inner) = inside(value, vm) {
        return parameters(vm, &inner, reached);
    }
    if let Some(function) = method(value, vm) {
        return parameters(vm, &function, Reached::Bound);
    }
    if let Some(class) = value.downcast_ref::<PyType>() {
        let made = ["__init__", "__new__"].into_iter().filter_map(|name| find(class, name));
        let made = made.map(|raw| inside(&raw, vm).unwrap_or(raw)).find(|raw| raw.downcastable::<PyFunction>());
        return made.map_or_else(Vec::new, |made| parameters(vm, &made, Reached::Bound));
    }
    let skipped = usize::from(reached == Reached::Bound);
    if let Some(code) = parameters_of_code(vm, value) {
        return code.named.into_iter().skip(skipped.max(code.positional)).collect();
    }
    signature_text(vm, value).map_or_else(Vec::new, |text| {
        let inside = text.trim_start_matches('(').trim_end_matches(')');
        let behind_slash = inside.rsplit_once("/,").map_or(inside, |(_, behind)| behind);
        let names = behind_slash.split(',').map(|part| part.split('=').next().unwrap_or_default().trim());
        let named =
            |name: &&str| !name.is_empty() && *name != "self" && name.chars().all(crate::python::lexis::is_in_name);
        names.filter(named).map(str::to_owned).collect()
    })
}

/// The parameters of a function that may be left out, and what they are then, where that can be said in a word.
pub(super) fn defaults(vm: &VirtualMachine, value: &PyObject) -> Vec<(String, String)> {
    let function = inside(value, vm).or_else(|| method(value, vm));
    let function = function.as_deref().unwrap_or(value);
    let Some(code) = parameters_of_code(vm, function) else { return Vec::new() };
    let get = |name: &'static str| function.get_attr(name, vm).ok();
    let mut found = Vec::new();
    if let Some(defaults) = get("__defaults__").as_ref().and_then(|defaults| defaults.downcast_ref::<PyTuple>()) {
        let by_place = code.named.len() - code.keyword_only;
        let with_default = code.named[..by_place].iter().skip(by_place.saturating_sub(defaults.len()));
        found.extend(with_default.cloned().zip(defaults.as_slice().iter().map(|default| written(vm, default))));
    }
    if let Some(defaults) = get("__kwdefaults__").and_then(|defaults| defaults.downcast::<PyDict>().ok()) {
        for (name, default) in defaults {
            found.extend(
                name.downcast_ref::<PyStr>().and_then(|n| n.to_str()).map(|n| (n.to_owned(), written(vm, &default))),
            );
        }
    }
    found
}

/// A value as it is written, if it is one of Python's own simple ones: those of a script may do anything.
fn written(vm: &VirtualMachine, value: &PyObject) -> String {
    let types = &vm.ctx.types;
    let simple = [types.str_type, types.int_type, types.bool_type, types.float_type, types.none_type];
    let repr = simple.iter().any(|class| value.class().is(*class)).then(|| value.repr(vm).ok()).flatten();
    repr.map_or_else(|| "...".to_owned(), |repr| repr.to_string_lossy().into_owned())
}

/// What the engine says of one of its own functions.
fn signature_text(vm: &VirtualMachine, value: &PyObject) -> Option<String> {
    if !matches!(&*value.class().name(), "builtin_function_or_method" | "method_descriptor") {
        return None;
    }
    value.get_attr("__text_signature__", vm).ok()?.downcast_ref::<PyStr>()?.to_str().map(str::to_owned)
}
