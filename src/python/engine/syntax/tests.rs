//! What CPython 3.11 says, word for word.

use rustpython_vm as vm;

use super::*;

/// The fault of a source, as CPython's console would show its class and message.
fn said(source: &str) -> Option<String> {
    let error = vm::compiler::compile(source, vm::compiler::Mode::Exec, "<string>", Default::default()).err()?;
    let fault = explain(source, &error);
    let class = match fault.class {
        Class::Syntax => "SyntaxError",
        Class::Indentation => "IndentationError",
        Class::Tab => "TabError",
    };
    Some(format!("{class}: {}", fault.message))
}

/// What we say otherwise than CPython 3.11: newer grammar that the engine takes, and rules too rare to be worth words.
const OTHERWISE: &[&str] = &[
    "f'{x['a']}'",
    "f(*a, *)",
    "[(yield x) for x in y]",
    "def f(*, /): pass",
    "def f((a, b)): pass",
    "lambda (a, b): 1",
    "a(b = 1 for b in c)",
    "try:\n    x\nexcept A, B: pass",
    "try:\n    x\nexcept:\n    y\nexcept A:\n    z",
    "try:\n    x\nexcept ValueError, e:\n    pass",
];

#[test]
fn hundreds_of_mistakes_are_explained_as_cpython_explains_them() {
    let cases: Vec<(String, Option<String>)> =
        serde_json::from_str(include_str!("cpython-3.11.json")).expect("the recording is JSON");
    let wrong: Vec<_> = cases
        .iter()
        .map(|(source, expected)| (source, expected, said(source)))
        .filter(|(source, expected, got)| **expected != *got && !OTHERWISE.contains(&source.as_str()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_carets_stand_where_cpython_puts_them() {
    for (source, line, from, to) in [
        ("x = = 1", 1, 5, 6),
        ("print(1)\nprint('it's broken')", 2, 19, 20),
        ("f() = 1", 1, 1, 4),
        ("f(a, b c)", 1, 6, 9),
        ("print 'old style'", 1, 1, 18),
        ("print(\n", 1, 6, 7),
        ("s\u{e9} = 1 2", 1, 8, 9),
    ] {
        let error = vm::compiler::compile(source, vm::compiler::Mode::Exec, "<string>", Default::default());
        let place = Place::of(source, &explain(source, &error.unwrap_err()));
        assert_eq!((place.line, place.offset, place.end_offset), (line, Some(from), Some(to)), "{source}");
    }
}
