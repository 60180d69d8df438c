//! What CPython says when a builtin is called with the wrong number of arguments. It has three forms, by how the
//! function is written in C; which one is told by its name.

use super::place::Callee;

/// Functions that take exactly one argument and say so with brackets.
const ONE: &str = " abs all any ascii bin callable chr hash hex id len oct ord repr ";
/// Methods of that kind, with the type that they belong to.
const ONE_OF_TYPE: &[(&str, &str)] = &[
    ("list", "append"),
    ("list", "extend"),
    ("list", "remove"),
    ("str", "join"),
    ("set", "add"),
    ("set", "discard"),
    ("str", "removeprefix"),
    ("str", "removesuffix"),
    ("str", "partition"),
    ("str", "rpartition"),
];
/// Methods that take none, with the type that they belong to.
const NONE_OF_TYPE: &[(&str, &str)] = &[
    ("str", "upper"),
    ("str", "lower"),
    ("str", "title"),
    ("str", "capitalize"),
    ("str", "swapcase"),
    ("str", "casefold"),
    ("str", "isdigit"),
    ("str", "isalpha"),
    ("str", "isalnum"),
    ("str", "isspace"),
    ("str", "isupper"),
    ("str", "islower"),
    ("str", "istitle"),
    ("str", "isnumeric"),
    ("str", "isdecimal"),
    ("str", "isidentifier"),
    ("str", "isprintable"),
    ("dict", "keys"),
    ("dict", "values"),
    ("dict", "items"),
    ("list", "reverse"),
];
/// Functions whose least and most numbers of arguments CPython counts, where the engine counts otherwise.
const COUNTED: &[(&str, usize, usize)] = &[
    ("divmod", 2, 2),
    ("hasattr", 2, 2),
    ("isinstance", 2, 2),
    ("issubclass", 2, 2),
    ("setattr", 3, 3),
    ("delattr", 2, 2),
    ("filter", 2, 2),
    ("getattr", 2, 3),
    ("sorted", 1, 1),
    ("input", 0, 1),
    ("iter", 1, 2),
    ("next", 1, 2),
    ("reversed", 1, 1),
    ("format", 1, 2),
    ("list", 0, 1),
    ("tuple", 0, 1),
    ("set", 0, 1),
    ("frozenset", 0, 1),
    ("float", 0, 1),
    ("bool", 0, 1),
    ("dict", 0, 1),
    ("range", 1, 3),
    ("slice", 1, 3),
    ("eval", 1, 3),
    ("vars", 0, 1),
    ("dir", 0, 1),
];

/// The engine's `expected at least N arguments, got M` in the words for this function.
pub(super) fn reword(text: &str, callee: &Callee) -> Option<String> {
    let (bound, got) = text.strip_prefix("expected at ")?.split_once(" arguments, got ")?;
    let got: usize = got.parse().ok()?;
    let (side, bound) = bound.split_once(' ')?;
    let bound: usize = bound.parse().ok()?;
    let name = callee.name.as_str();
    if callee.method {
        // The engine counts the object itself.
        let (bound, got) = (bound.saturating_sub(1), got.saturating_sub(1));
        let of = |kinds: &[(&'static str, &str)]| kinds.iter().find(|(_, one)| *one == name).map(|(of, _)| *of);
        if let Some(of) = of(ONE_OF_TYPE) {
            return Some(format!("{of}.{name}() takes exactly one argument ({got} given)"));
        }
        if let Some(of) = of(NONE_OF_TYPE) {
            if text.ends_with(" got 0") {
                return Some(format!("unbound method {of}.{name}() needs an argument"));
            }
            return Some(format!("{of}.{name}() takes no arguments ({got} given)"));
        }
        return Some(format!("{name} expected at {side} {}, got {got}", arguments(bound)));
    }
    if ONE.contains(&format!(" {name} ")) {
        return Some(format!("{name}() takes exactly one argument ({got} given)"));
    }
    if let Some((_, least, most)) = COUNTED.iter().find(|(one, ..)| *one == name) {
        return Some(match (least, most) {
            (least, most) if least == most => format!("{name} expected {}, got {got}", arguments(*most)),
            (least, _) if got < *least => format!("{name} expected at least {}, got {got}", arguments(*least)),
            (_, most) => format!("{name} expected at most {}, got {got}", arguments(*most)),
        });
    }
    let first = match name {
        "round" => "number",
        "enumerate" if got == 0 => return Some("enumerate() missing required argument 'iterable'".into()),
        "enumerate" => "iterable",
        "open" => "file",
        "pow" if got == 0 => "base",
        "pow" => return Some("pow() missing required argument 'exp' (pos 2)".into()),
        "int" | "str" if side == "most" => {
            return Some(format!("{name}() takes at most {} ({got} given)", arguments(bound)));
        }
        "sum" if got == 0 => return Some("sum() takes at least 1 positional argument (0 given)".into()),
        "type" => return Some("type() takes 1 or 3 arguments".into()),
        _ => return None,
    };
    (side == "least").then(|| format!("{name}() missing required argument '{first}' (pos 1)"))
}

fn arguments(count: usize) -> String {
    format!("{count} argument{}", if count == 1 { "" } else { "s" })
}

/// The engine's `Unexpected keyword argument NAME` in the words for this function.
pub(super) fn reword_keyword(text: &str, callee: &Callee) -> Option<String> {
    let keyword = text.strip_prefix("Unexpected keyword argument ")?;
    let name = callee.name.as_str();
    if name == "sorted" {
        return Some(format!("'{keyword}' is an invalid keyword argument for sort()"));
    }
    let takes_some =
        ["print", "int", "open", "enumerate", "sum", "round", "pow", "str", "max", "min", "sort", "zip", "split"];
    if takes_some.contains(&name) {
        return Some(format!("'{keyword}' is an invalid keyword argument for {name}()"));
    }
    if callee.method {
        let of = ONE_OF_TYPE.iter().chain(NONE_OF_TYPE).find(|(_, one)| *one == name).map(|(of, _)| *of)?;
        return Some(format!("{of}.{name}() takes no keyword arguments"));
    }
    let plain = ONE.contains(&format!(" {name} ")) || COUNTED.iter().any(|(one, ..)| *one == name);
    plain.then(|| format!("{name}() takes no keyword arguments"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_told_by_the_name() {
        let called = |name: &str, method| Callee { name: name.into(), method };
        for (ours, callee, theirs) in [
            (
                "expected at least 1 arguments, got 0",
                called("len", false),
                "len() takes exactly one argument (0 given)",
            ),
            ("expected at least 2 arguments, got 1", called("hasattr", false), "hasattr expected 2 arguments, got 1"),
            ("expected at most 1 arguments, got 2", called("input", false), "input expected at most 1 argument, got 2"),
            (
                "expected at least 2 arguments, got 1",
                called("join", true),
                "str.join() takes exactly one argument (0 given)",
            ),
            (
                "expected at least 3 arguments, got 2",
                called("replace", true),
                "replace expected at least 2 arguments, got 1",
            ),
            ("expected at most 1 arguments, got 2", called("upper", true), "str.upper() takes no arguments (1 given)"),
        ] {
            assert_eq!(reword(ours, &callee).as_deref(), Some(theirs));
        }
    }
}
