//! CPython's words for errors that the engine words otherwise, where its text tells all that CPython's needs. `str()` of
//! such an exception, and so its traceback, gives the text that people search for; what it was raised with stays.

mod arity;
mod library;
mod methods;
mod place;

use rustpython_vm as vm;
use vm::builtins::{PyBaseException, PyType};
use vm::bytecode::BinaryOperator;
use vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};

use place::{Place, Stopped};

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
        errors.overflow_error,
        errors.attribute_error,
        errors.arithmetic_error,
    ] {
        let class: &'static Py<PyType> = class;
        class.set_attr(vm.ctx.intern_str("__str__"), vm.new_method("__str__", class, said).into());
    }
    methods::install(vm);
}

/// `str()` of an exception.
fn said(exc: PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
    let args = exc.downcast_ref::<PyBaseException>().map(|exc| exc.args());
    let text = match args.as_ref().map(|args| args.as_slice()) {
        None | Some([]) => return Ok(String::new()),
        Some([one]) => one.str(vm)?.to_string_lossy().into_owned(),
        Some(_) => return Ok(args.expect("matched just above").as_object().repr(vm)?.to_string_lossy().into_owned()),
    };
    let text = text.replace("EllipsisType", "ellipsis");
    if let Some(said) = library::reword(vm, &exc, &text) {
        return Ok(said);
    }
    let placed = exc.downcast_ref::<PyBaseException>().and_then(|exc| reword_at(vm, exc, &text));
    Ok(placed.or_else(|| reword(&text)).unwrap_or(text))
}

/// CPython's text where it depends on what was being done.
fn reword_at(vm: &VirtualMachine, exc: &Py<PyBaseException>, text: &str) -> Option<String> {
    const AMBIGUOUS: [&str; 10] = [
        "division by zero",
        "index out of range",
        "expected at ",
        "Unexpected keyword argument ",
        " object is not iterable",
        " object cannot be interpreted as an integer",
        "a bytes-like object is required, not ",
        "unexpected type ",
        "Expected type 'str' but '",
        "Expected type 'int' but '",
    ];
    if !AMBIGUOUS.iter().any(|known| text.starts_with(known) || text.ends_with(known)) {
        return None;
    }
    let stopped = Stopped::of(exc)?;
    match stopped.place() {
        Place::Operator(operator) => reword_operator(text, operator, || stopped.floats(vm)),
        Place::Membership => {
            text.strip_suffix(" object is not iterable").map(|what| format!("argument of type {what} is not iterable"))
        }
        Place::Call(callee) => match text {
            "a bytes-like object is required, not 'str'" if HASHING.contains(&callee.name.as_str()) => {
                Some("Strings must be encoded before hashing".to_owned())
            }
            "division by zero" if callee.name == "divmod" => Some("integer division or modulo by zero".to_owned()),
            _ if ["bytes", "bytearray"].contains(&callee.name.as_str())
                && text.ends_with(" object is not iterable") =>
            {
                let of = text.strip_suffix(" object is not iterable")?;
                Some(format!("cannot convert {of} object to {}", callee.name))
            }
            _ if callee.name == "memoryview" && text.starts_with("a bytes-like") => Some(format!("memoryview: {text}")),
            _ if callee.name == "compile" && text.starts_with("a bytes-like") => {
                Some("compile() arg 1 must be a string, bytes or AST object".to_owned())
            }
            _ => unexpected(text, &callee.name)
                .or_else(|| arity::reword(text, &callee))
                .or_else(|| arity::reword_keyword(text, &callee)),
        },
        Place::Other => None,
    }
}

/// Functions that take bytes and say so in words of their own.
const HASHING: [&str; 9] = ["sha256", "sha1", "sha224", "sha384", "sha512", "md5", "blake2b", "new", "update"];

/// A value of a wrong type, which every function of CPython words for itself.
fn unexpected(text: &str, name: &str) -> Option<String> {
    if let Some(what) = text.strip_prefix("unexpected type ") {
        return match name {
            "ord" => Some(format!("ord() expected string of length 1, but {what} found")),
            "eval" | "exec" => Some(format!("{name}() arg 1 must be a string, bytes or code object")),
            _ => None,
        };
    }
    let (wanted, found) = text.strip_prefix("Expected type '")?.strip_suffix("' found.")?.split_once("' but '")?;
    Some(match (wanted, name) {
        ("int", _) => format!("'{found}' object cannot be interpreted as an integer"),
        ("str", "print") => format!("sep must be None or a string, not {found}"),
        ("str", "split" | "rsplit") => format!("must be str or None, not {found}"),
        ("str", "find" | "rfind" | "index" | "rindex" | "count") => format!("must be str, not {found}"),
        ("str", "upper" | "lower" | "strip" | "title") => {
            format!("descriptor '{name}' for 'str' objects doesn't apply to a '{found}' object")
        }
        ("str", _) => {
            format!("{name}() argument 1 must be str, not {}", if found == "NoneType" { "None" } else { found })
        }
        _ => return None,
    })
}

fn reword_operator(text: &str, operator: BinaryOperator, floats: impl Fn() -> bool) -> Option<String> {
    use BinaryOperator as Op;
    let said = match (text, operator) {
        ("division by zero", Op::TrueDivide | Op::InplaceTrueDivide) if floats() => "float division by zero",
        ("division by zero", Op::FloorDivide | Op::InplaceFloorDivide) if floats() => "float floor division by zero",
        ("division by zero", Op::Remainder | Op::InplaceRemainder) if floats() => "float modulo",
        ("division by zero", Op::FloorDivide | Op::InplaceFloorDivide) => "integer division or modulo by zero",
        ("division by zero", Op::Remainder | Op::InplaceRemainder) => "integer modulo by zero",
        ("index out of range", Op::Subscr) => "string index out of range",
        (text, Op::Add | Op::InplaceAdd) if text.starts_with("a bytes-like object is required, not '") => {
            let what = text.rsplit('\'').nth(1)?;
            return Some(format!("can't concat {what} to bytes"));
        }
        (text, Op::Multiply | Op::InplaceMultiply) => {
            let what = text.strip_suffix(" object cannot be interpreted as an integer")?;
            return Some(format!("can't multiply sequence by non-int of type {what}"));
        }
        _ => return None,
    };
    Some(said.to_owned())
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
    // These classes are written in Python here; CPython's say their module.
    let compared = text.starts_with("unsupported operand type(s)")
        || text.contains("' not supported between instances")
        || text.ends_with("' object is not iterable")
        || text.contains("' object has no attribute '");
    let mut named = text.to_owned();
    if compared {
        for class in ["datetime", "timedelta", "date", "time"] {
            named = named.replace(&format!("'{class}'"), &format!("'datetime.{class}'"));
        }
        named = named.replace("'Decimal'", "'decimal.Decimal'");
    }
    named = named.replace("operand type(s) for divmod:", "operand type(s) for divmod():");
    let mixed = ["'datetime.datetime' and 'datetime.date'", "'datetime.date' and 'datetime.datetime'"];
    if let Some(pair) = mixed.iter().find(|pair| named.contains(&format!("between instances of {pair}"))) {
        return Some(format!("can't compare {}", pair.replace('\'', "").replace(" and ", " to ")));
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
    if let Some(of) = text.strip_suffix("' does not support item assignment") {
        return Some(format!("{of}' object does not support item assignment"));
    }
    for of in ["' does not support item deletion", "' object does not support item deletion"] {
        if let Some(of) = text.strip_suffix(of) {
            // What is a sequence for CPython says it in other words than what is none.
            let sequence = ["'str", "'tuple", "'bytes", "'range", "'set", "'frozenset"].contains(&of);
            return Some(format!(
                "{of}' object {} support item deletion",
                if sequence { "doesn't" } else { "does not" }
            ));
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
    if let Some((low, high)) =
        text.strip_prefix("empty range in randint(").and_then(|rest| rest.strip_suffix(')')?.split_once(", "))
        && let (Ok(low), Ok(high)) = (low.parse::<i64>(), high.parse::<i64>())
    {
        return Some(format!("empty range for randrange() ({low}, {}, {})", high + 1, high + 1 - low));
    }
    if let Some(days) = text.strip_prefix("timedelta # of days is too large: ") {
        let fits = days.parse::<i32>().is_ok();
        return Some(if fits {
            format!("days={days}; must have magnitude <= 999999999")
        } else {
            "Python int too large to convert to C int".to_owned()
        });
    }
    if let Some((said, _)) = text.split_once(" follows default argument '")
        && said.starts_with("non-default argument '")
    {
        return Some(format!("{said} follows default argument"));
    }
    for start in ["isinstance() arg 2 must be a ", "issubclass() arg "] {
        if let Some((kept, _)) = text.rsplit_once(", not ").filter(|_| text.starts_with(start)) {
            return Some(kept.to_owned());
        }
    }
    if let Some(rest) = text.strip_prefix("'SimpleNamespace' object has no attribute") {
        return Some(format!("'types.SimpleNamespace' object has no attribute{rest}"));
    }
    if let Some((said, rest)) = text
        .strip_prefix("error decoding base64: ")
        .and_then(|rest| rest.split_once("number of data characters "))
        .filter(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
    {
        let (count, rest) = rest.split_once(' ')?;
        return Some(format!("{said}number of data characters ({count}) {rest}"));
    }
    if let Some(kept) = text.strip_suffix(" (missed __exit__ method)") {
        return Some(kept.to_owned());
    }
    // The engine says the class of some of these twice.
    for class in ["OverflowError: ", "ValueError: "] {
        if let Some(rest) = text.strip_prefix(class).filter(|rest| rest.starts_with("cannot convert float ")) {
            return Some(rest.to_owned());
        }
    }
    if let Some(bases) = text.strip_prefix("Cannot create a consistent method resolution order (MRO) for ") {
        return Some(format!("Cannot create a consistent method resolution\norder (MRO) for {bases}"));
    }
    if let Some(found) = text.strip_prefix("Expected type 'int' but '").and_then(|rest| rest.strip_suffix("' found.")) {
        return Some(format!("'{found}' object cannot be interpreted as an integer"));
    }
    if let Some(what) =
        text.strip_prefix("sequence indices be integers or slices or classes that override __index__ operator, not '")
    {
        return Some(format!("range indices must be integers or slices, not {}", what.trim_end_matches('\'')));
    }
    if let Some(class) =
        text.strip_prefix("strptime() argument 0 must be str, not <class '").and_then(|rest| rest.strip_suffix("'>"))
    {
        return Some(format!("strptime() argument 1 must be str, not {class}"));
    }
    if text.starts_with("complex() first argument ") {
        return None;
    }
    if let Some(what) = text.strip_prefix("type '").and_then(|rest| rest.split_once("' doesn't define '__"))
        && (what.1.starts_with("ceil") || what.1.starts_with("floor"))
    {
        return Some(format!("must be real number, not {}", what.0));
    }
    if let Some((class, name)) = text
        .split_once(".__new__() missing ")
        .filter(|(class, _)| ["datetime", "date"].contains(class))
        .and_then(|(class, rest)| Some((class, rest.split('\'').nth(1)?)))
        && let Some(at) = ["year", "month", "day"].iter().position(|part| *part == name).filter(|_| !class.is_empty())
    {
        return Some(format!("function missing required argument '{name}' (pos {})", at + 1));
    }
    let said = match text {
        "mode must be \"exec\", \"eval\", or \"single\"" => "compile() mode must be 'exec', 'eval' or 'single'",
        "Unexpected error parsing format string" => "Single '}' encountered in format string",
        "reduce() of empty sequence with no initial value" => "reduce() of empty iterable with no initial value",
        "multiple bases have instance layout conflict" => "multiple bases have instance lay-out conflict",
        "I/O operation on closed file" => "I/O operation on closed file.",
        "expected '}' before end of string" => "Single '{' encountered in format string",
        "expected string got 'bytes'" => "cannot use a string pattern on a bytes-like object",
        text if text.starts_with("expected string got '") => {
            return Some(text.replace("expected string got", "expected string or bytes-like object, got"));
        }
        text if text.starts_with("Out of range float values are not JSON compliant: ") => {
            "Out of range float values are not JSON compliant"
        }
        text if text.starts_with("offset must be a timedelta strictly between") && !text.ends_with('.') => {
            return Some(format!("{text}."));
        }
        "result out of range" => "date value out of range",
        "zero to a negative power" => "0.0 cannot be raised to a negative power",
        "max() iterable argument is empty" => "max() arg is an empty sequence",
        "min() iterable argument is empty" => "min() arg is an empty sequence",
        "byte must be in range(0, 256)" => "bytes must be in range(0, 256)",
        "expected a positive input" => "math domain error",
        "maximum recursion depth exceeded " => "maximum recursion depth exceeded",
        text if text.starts_with("expected a nonnegative input, got ") => "math domain error",
        text if text.starts_with("expected a number in range from ") => "math domain error",
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
