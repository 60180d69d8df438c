//! A script of `-c` or of standard input: Python, with commands between its statements.

use crate::python::engine::{Engine, Exit};
use crate::python::source;

use super::commands::{Commands, first_word};

/// Runs `text`. Without a command in it, it is one module; with commands, the parts run in order until one fails. Text
/// that is neither all Python nor Python and commands runs not at all: Python says what is wrong with it.
pub(super) fn run(engine: &Engine, commands: &Commands, text: &str) -> Exit {
    let Some(lines) = command_lines(engine, commands, text) else {
        return engine.run_module(text);
    };
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let python = without(&all, &lines);
    if !source::is_valid(&python) {
        return engine.run_module(&python);
    }
    let mut from = 0;
    for &line in lines.iter().chain(std::iter::once(&all.len())) {
        let part = all[from..line].concat();
        if !part.trim().is_empty() {
            // Line numbers stay those of the whole text.
            if let Some(exit) = engine.run_part(&format!("{}{part}", "\n".repeat(from))) {
                return exit;
            }
        }
        if let Some(command) = all.get(line) {
            let command = command.trim_end();
            let status = engine.aside(|| commands.run_line(command.strip_prefix('%').unwrap_or(command).trim_start()));
            if status != 0 {
                return Exit::Status(status);
            }
        }
        from = line + 1;
    }
    Exit::Status(0)
}

/// The numbers of the lines (from 0) that are commands; `None` where there are none.
pub(super) fn command_lines(engine: &Engine, commands: &Commands, text: &str) -> Option<Vec<usize>> {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let named = |line: &str| line.starts_with('%') || (commands.known)(first_word(line));
    let mut candidates: Vec<usize> = (0..all.len()).filter(|&i| named(all[i])).collect();
    if candidates.is_empty() {
        return None;
    }
    let bound = source::bindings(text);
    candidates.retain(|&i| {
        let is_bound = |word: &str| bound.contains(word) || engine.is_bound(word);
        commands.recognise(all[i], is_bound).is_some()
    });
    // A line inside a statement (of a text, of a bracket) is none of its own: take it back and look again.
    while !candidates.is_empty() {
        let python = without(&all, &candidates);
        let inside = source::inner_lines(if source::is_valid(text) { text } else { &python });
        let before = candidates.len();
        candidates.retain(|line| !inside.contains(line));
        if candidates.len() == before {
            break;
        }
    }
    // Names that only Python between the commands binds.
    let bound = source::bindings(&without(&all, &candidates));
    candidates.retain(|&i| {
        let is_bound = |word: &str| bound.contains(word) || engine.is_bound(word);
        commands.recognise(all[i], is_bound).is_some()
    });
    (!candidates.is_empty()).then_some(candidates)
}

/// The text with the lines of `taken` emptied.
pub(super) fn without(all: &[&str], taken: &[usize]) -> String {
    let mut taken = taken.iter().peekable();
    let mut text = String::new();
    for (i, line) in all.iter().enumerate() {
        if taken.next_if_eq(&&i).is_some() {
            text.push('\n');
        } else {
            text.push_str(line);
        }
    }
    text
}
