//! CPython's words for errors that the engine words otherwise, where its text tells all that CPython's needs. `str()` of
//! such an exception, and so its traceback, gives the text that people search for; what it was raised with stays.

use rustpython_vm as vm;
use vm::builtins::{PyBaseException, PyType};
use vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};

/// Gives the classes of errors that are reworded a `__str__` of their own.
pub(super) fn install(vm: &VirtualMachine) {
    let errors = &vm.ctx.exceptions;
    for class in [
        errors.type_error,
        errors.value_error,
        errors.zero_division_error,
        errors.index_error,
        errors.recursion_error,
        errors.unbound_local_error,
    ] {
        let class: &'static Py<PyType> = class;
        class.set_attr(vm.ctx.intern_str("__str__"), vm.new_method("__str__", class, said).into());
    }
}

/// `str()` of an exception.
fn said(exc: PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
    let args = exc.downcast_ref::<PyBaseException>().map(|exc| exc.args());
    let text = match args.as_ref().map(|args| args.as_slice()) {
        None | Some([]) => return Ok(String::new()),
        Some([one]) => one.str(vm)?.to_string_lossy().into_owned(),
        Some(_) => return Ok(args.expect("matched just above").as_object().repr(vm)?.to_string_lossy().into_owned()),
    };
    Ok(reword(&text).unwrap_or(text))
}

/// CPython 3.11's text for one of the engine's; `None` where they agree or are not known to differ.
fn reword(text: &str) -> Option<String> {
    operands(text).or_else(|| items(text)).or_else(|| others(text))
}

fn operands(text: &str) -> Option<String> {
    let concatenate = |of: &str, what: &str| format!("can only concatenate {of} (not \"{what}\") to {of}");
    if let Some((_, what)) = text
        .strip_prefix("unsupported operand type(s) for +")
        .and_then(|rest| rest.trim_start_matches('=').split_once(": 'str' and '"))
    {
        return Some(concatenate("str", what.trim_end_matches('\'')));
    }
    if let Some(what) = text.strip_prefix("Cannot add list and ") {
        return Some(concatenate("list", what));
    }
    if let Some(rest) = text.strip_prefix("can only concatenate tuple (not '") {
        return Some(concatenate("tuple", rest.split('\'').next()?));
    }
    // The classes of datetime are written in Python here; CPython's say their module.
    let compared =
        text.starts_with("unsupported operand type(s)") || text.contains("' not supported between instances");
    let mut named = text.to_owned();
    if compared {
        for class in ["datetime", "timedelta", "date"] {
            named = named.replace(&format!("'{class}'"), &format!("'datetime.{class}'"));
        }
    }
    (named != text).then_some(named)
}

fn items(text: &str) -> Option<String> {
    if let Some((of, what)) =
        text.split_once(" indices must be integers or slices or classes that override __index__ operator, not ")
    {
        return Some(match of {
            "str" => format!("string indices must be integers, not {what}"),
            "bytes" => format!("byte indices must be integers or slices, not {}", what.trim_matches('\'')),
            of => format!("{of} indices must be integers or slices, not {}", what.trim_matches('\'')),
        });
    }
    for what in ["assignment", "deletion"] {
        let of = text.strip_suffix(&format!("' does not support item {what}"));
        if let Some(of) = of {
            return Some(format!("{of}' object does not support item {what}"));
        }
    }
    if let Some((start, _)) = text.split_once(", got ")
        && start.starts_with("too many values to unpack (expected ")
    {
        return Some(format!("{start})"));
    }
    (text == "assignment index out of range").then(|| "list assignment index out of range".to_owned())
}

fn others(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix("local variable '") {
        let name = rest.strip_suffix("' referenced before assignment")?;
        return Some(format!("cannot access local variable '{name}' where it is not associated with a value"));
    }
    if let Some((class, methods)) =
        text.strip_prefix("class ").and_then(|rest| rest.split_once(" without an implementation for abstract method"))
    {
        let (plural, methods) = methods.strip_prefix('s').map_or(("", methods), |methods| ("s", methods));
        return Some(format!(
            "Can't instantiate abstract class {class} with abstract method{plural}{}",
            methods.replace('\'', "")
        ));
    }
    if let Some(class) = text.strip_suffix(" object is not an iterator").filter(|class| !class.starts_with('\'')) {
        return Some(format!("'{class}' object is not an iterator"));
    }
    if text.starts_with("exceptions must be classes or instances deriving from BaseException") {
        return Some("exceptions must derive from BaseException".into());
    }
    for start in ["isinstance() arg 2 must be a ", "issubclass() arg "] {
        if let Some((kept, _)) = text.rsplit_once(", not ").filter(|_| text.starts_with(start)) {
            return Some(kept.to_owned());
        }
    }
    if let Some(kept) = text.strip_suffix(" (missed __exit__ method)") {
        return Some(kept.to_owned());
    }
    let said = match text {
        "zero to a negative power" => "0.0 cannot be raised to a negative power",
        "max() iterable argument is empty" => "max() arg is an empty sequence",
        "min() iterable argument is empty" => "min() arg is an empty sequence",
        "byte must be in range(0, 256)" => "bytes must be in range(0, 256)",
        "expected a positive input" => "math domain error",
        "maximum recursion depth exceeded " => "maximum recursion depth exceeded",
        text if text.starts_with("expected a nonnegative input, got ") => "math domain error",
        text if text.starts_with("type ") && text.ends_with(" doesn't define __round__") => {
            return Some(format!("{text} method"));
        }
        text => {
            let real = [
                ("format: a number is required, not ", "format: a real number is required, not "),
                ("argument must be a string or a number, not ", "argument must be a string or a real number, not "),
            ];
            return real.iter().find(|(ours, _)| text.contains(ours)).map(|(ours, theirs)| text.replace(ours, theirs));
        }
    };
    Some(said.to_owned())
}

#[cfg(test)]
mod tests {
    use super::reword;

    #[test]
    fn the_texts_that_people_know() {
        for (ours, theirs) in [
            ("unsupported operand type(s) for +: 'str' and 'int'", "can only concatenate str (not \"int\") to str"),
            ("unsupported operand type(s) for +=: 'str' and 'int'", "can only concatenate str (not \"int\") to str"),
            ("Cannot add list and tuple", "can only concatenate list (not \"tuple\") to list"),
            (
                "local variable 'x' referenced before assignment",
                "cannot access local variable 'x' where it is not associated with a value",
            ),
            ("too many values to unpack (expected 2, got 3)", "too many values to unpack (expected 2)"),
            (
                "'<' not supported between instances of 'datetime' and 'int'",
                "'<' not supported between instances of 'datetime.datetime' and 'int'",
            ),
            ("'tuple' does not support item assignment", "'tuple' object does not support item assignment"),
        ] {
            assert_eq!(reword(ours).as_deref(), Some(theirs));
        }
    }

    #[test]
    fn other_texts_stay() {
        for text in ["unsupported operand type(s) for +: 'int' and 'str'", "no luck", "'str' object is not an iterator"]
        {
            assert_eq!(reword(text), None, "{text}");
        }
    }
}
