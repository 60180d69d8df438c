//! Methods of the builtins whose errors need more than a text in other words.

use rustpython_vm as vm;
use vm::builtins::PyStrRef;
use vm::common::wtf8::Wtf8Buf;
use vm::function::{ArgIterable, FuncArgs};
use vm::{AsObject, PyObjectRef, PyResult, TryFromObject, VirtualMachine};

/// Puts them in the place of the engine's.
pub(super) fn install(vm: &VirtualMachine) {
    let (text, list) = (vm.ctx.types.str_type, vm.ctx.types.list_type);
    text.set_attr(vm.ctx.intern_str("join"), vm.new_method("join", text, join).into());
    let (truth, float) = (vm.ctx.types.bool_type, vm.ctx.types.float_type);
    truth.set_attr(vm.ctx.intern_str("__format__"), vm.new_method("__format__", truth, format_bool).into());
    if let Some(plain) = float.get_attr(vm.ctx.intern_str("__round__")) {
        let rounded =
            move |args: FuncArgs, vm: &VirtualMachine| round(&args, vm).map_or_else(|| plain.call(args, vm), Ok);
        float.set_attr(vm.ctx.intern_str("__round__"), vm.new_method("__round__", float, rounded).into());
    }
    for (class, name, said) in [
        (text, "format", format_error as fn(&FuncArgs, &VirtualMachine) -> Option<Error>),
        (list, "index", index_error),
        (list, "remove", remove_error),
    ] {
        let Some(plain) = class.get_attr(vm.ctx.intern_str(name)) else { continue };
        let told = move |args: FuncArgs, vm: &VirtualMachine| -> PyResult {
            plain.call(args.clone(), vm).map_err(|error| {
                let exceptions = &vm.ctx.exceptions;
                match said(&args, vm) {
                    Some(Error::Index(text)) if error.class().is(exceptions.index_error) => vm.new_index_error(text),
                    Some(Error::Value(text)) if error.class().is(exceptions.value_error) => vm.new_value_error(text),
                    _ => error,
                }
            })
        };
        class.set_attr(vm.ctx.intern_str(name), vm.new_method(name, class, told).into());
    }
}

/// A truth that is formatted is a number, as soon as there is a form; the engine has none of the forms.
fn format_bool(zelf: PyObjectRef, form: PyStrRef, vm: &VirtualMachine) -> PyResult {
    if form.is_empty() {
        return Ok(zelf.str(vm)?.into());
    }
    let number = vm.ctx.new_int(i32::from(zelf.is(&vm.ctx.true_value)));
    vm.call_method(number.as_object(), "__format__", (form,))
}

/// `round(x, digits)` of the number that `x` is, not of its nearest short text: 2.675 is a little less than that.
fn round(args: &FuncArgs, vm: &VirtualMachine) -> Option<PyObjectRef> {
    let [number, digits] = args.args.as_slice() else { return None };
    let x = number.downcast_ref::<vm::builtins::PyFloat>()?.to_f64();
    let digits: usize = digits.clone().try_into_value::<i32>(vm).ok()?.try_into().ok()?;
    // More digits than a number has change nothing.
    let rounded = if digits > 320 || !x.is_finite() { x } else { format!("{x:.digits$}").parse().ok()? };
    Some(vm.ctx.new_float(rounded).into())
}

/// What is said where the engine raises an exception of that class.
enum Error {
    Index(String),
    Value(String),
}

/// `str.format`, where an argument is missing: which one.
fn format_error(args: &FuncArgs, _vm: &VirtualMachine) -> Option<Error> {
    let format = args.args.first()?.downcast_ref::<vm::builtins::PyStr>()?.to_string_lossy().into_owned();
    let (given, mut automatic) = (args.args.len() - 1, 0);
    let mut rest = format.replace("{{", "").replace("}}", "");
    while let Some((_, field)) = rest.split_once('{') {
        let end = field.find(['}', '!', ':', '.', '[']).unwrap_or(field.len());
        let index = match &field[..end] {
            "" => {
                automatic += 1;
                Some(automatic - 1)
            }
            name => name.parse::<usize>().ok(),
        };
        if let Some(index) = index.filter(|index| *index >= given) {
            return Some(Error::Index(format!("Replacement index {index} out of range for positional args tuple")));
        }
        rest = field[end..].to_owned();
    }
    None
}

fn index_error(args: &FuncArgs, vm: &VirtualMachine) -> Option<Error> {
    let wanted = args.args.get(1)?.repr(vm).ok()?;
    Some(Error::Value(format!("{} is not in list", wanted.to_string_lossy())))
}

fn remove_error(_args: &FuncArgs, _vm: &VirtualMachine) -> Option<Error> {
    Some(Error::Value("list.remove(x): x not in list".to_owned()))
}

/// `str.join`, which says what it cannot join and where that stands.
fn join(between: PyStrRef, parts: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyStrRef> {
    let Ok(parts) = ArgIterable::<PyObjectRef>::try_from_object(vm, parts) else {
        return Err(vm.new_type_error("can only join an iterable"));
    };
    let mut joined = Wtf8Buf::new();
    for (at, part) in parts.iter(vm)?.enumerate() {
        let part: PyStrRef = part?.downcast().map_err(|other: PyObjectRef| {
            vm.new_type_error(format!("sequence item {at}: expected str instance, {} found", other.class().name()))
        })?;
        if at > 0 {
            joined.push_wtf8(between.as_wtf8());
        }
        joined.push_wtf8(part.as_wtf8());
    }
    Ok(vm.ctx.new_str(joined))
}
