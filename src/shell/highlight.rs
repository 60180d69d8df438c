//! Colours for what is typed: Python by its words, commands by their declaration, brackets by their partner. A word that
//! would be refused as a command is marked before Enter.

use crate::command;
use crate::python::engine::Engine;
use crate::python::lexis::{self, Kind, Word};

use super::commands::{Commands, OF_THE_TERMINAL, first_word};

const KEYWORD: &str = "35";
const TEXT: &str = "32";
const NUMBER: &str = "36";
const BUILTIN: &str = "33";
const COMMENT: &str = "90";
const COMMAND: &str = "1;36";
const UNKNOWN: &str = "31";
/// Added to whatever a bracket has.
const PARTNER: &str = "1;4";

/// Which bracket the cursor is at, if its partner is to be shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Partner {
    /// That of the bracket at or before this byte.
    Of(usize),
    /// None: the line is done.
    None,
}

/// `line` with colours; nothing but those is added.
pub(super) fn paint(engine: &Engine, commands: &Commands, line: &str, partner: Partner) -> String {
    if let Some(painted) = paint_command(engine, commands, line) {
        return painted;
    }
    let words = lexis::words(line);
    let marked = match partner {
        Partner::Of(at) => partners(line, &words, at),
        Partner::None => None,
    };
    let mut painted = String::with_capacity(line.len() * 2);
    let mut from = 0;
    let unknown = unknown_command(engine, line, &words);
    for (i, word) in words.iter().enumerate() {
        painted.push_str(&line[from..word.at.start]);
        from = word.at.end;
        let after_dot = i > 0 && words[i - 1].text(line) == ".";
        let colour = match word.kind {
            Kind::Name if i == 0 && unknown => UNKNOWN,
            Kind::Name if !after_dot && engine.is_builtin(word.text(line)) => BUILTIN,
            Kind::Keyword => KEYWORD,
            Kind::Text | Kind::OpenText => TEXT,
            Kind::Number => NUMBER,
            Kind::Comment => COMMENT,
            Kind::Op if marked.is_some_and(|(a, b)| a == i || b == i) => PARTNER,
            Kind::Name | Kind::Op | Kind::Newline => "",
        };
        push(&mut painted, colour, word.text(line));
    }
    painted.push_str(&line[from..]);
    painted
}

fn push(painted: &mut String, colour: &str, text: &str) {
    if colour.is_empty() {
        return painted.push_str(text);
    }
    // A colour does not go on over the end of a line: what draws the line may stop there.
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            painted.push('\n');
        }
        painted.push_str(&format!("\u{1b}[{colour}m{line}\u{1b}[0m"));
    }
}

/// A line that is a command: its name, its options, or that there is no such command.
fn paint_command(engine: &Engine, commands: &Commands, line: &str) -> Option<String> {
    let marked = line.starts_with('%');
    if engine.is_waiting() || (!marked && commands.recognise(line, |word| engine.is_bound(word)).is_none()) {
        return None;
    }
    let start = usize::from(marked);
    let word = first_word(&line[start..]);
    let colour = if (commands.known)(word) {
        COMMAND
    } else if command::names().iter().any(|name| name.starts_with(word)) {
        ""
    } else {
        UNKNOWN
    };
    let mut painted = line[..start].to_owned();
    push(&mut painted, colour, word);
    for (i, part) in line[start + word.len()..].split(' ').enumerate() {
        if i > 0 {
            painted.push(' ');
        }
        push(&mut painted, if part.starts_with('-') { NUMBER } else { "" }, part);
    }
    Some(painted)
}

/// Whether the line can only be meant as a command, and there is none of this name: two bare words side by side, of
/// which the first means nothing.
fn unknown_command(engine: &Engine, line: &str, words: &[Word]) -> bool {
    let [first, rest @ ..] = words else { return false };
    let name = first.text(line);
    let beside = rest.first().is_none_or(|second| {
        matches!(second.kind, Kind::Name | Kind::Number | Kind::Keyword) && second.at.start > first.at.end
    });
    let soft = ["match", "case", "type", "print", "exec"].contains(&name);
    let joined = rest
        .first()
        .is_some_and(|second| second.kind == Kind::Keyword && !matches!(second.text(line), "None" | "True" | "False"));
    let known = || {
        let begun = |command: &str| command.starts_with(name);
        if !rest.is_empty() {
            return engine.is_bound(name);
        }
        OF_THE_TERMINAL.iter().any(|word| begun(word))
            || command::names().iter().any(|command| begun(command))
            || engine.begins_name(name)
    };
    first.kind == Kind::Name
        && first.at.start == 0
        && beside
        && !soft
        && !joined
        && !engine.is_waiting()
        && !line.contains('\n')
        && !known()
}

/// The places, among the words, of the bracket at or before the cursor and of its partner.
fn partners(line: &str, words: &[Word], at: usize) -> Option<(usize, usize)> {
    let is_bracket = |word: &Word| word.kind == Kind::Op && "()[]{}".contains(word.text(line));
    let here = words.iter().position(|word| is_bracket(word) && word.at.start == at);
    let here = here.or_else(|| words.iter().position(|word| is_bracket(word) && word.at.end == at))?;
    let step = |depth: &mut i32, word: &Word| {
        *depth += match word.text(line) {
            "(" | "[" | "{" if word.kind == Kind::Op => 1,
            ")" | "]" | "}" if word.kind == Kind::Op => -1,
            _ => 0,
        };
        *depth == 0
    };
    let mut depth = 0;
    let opens = "([{".contains(words[here].text(line));
    let there = if opens {
        (here..words.len()).find(|&i| step(&mut depth, &words[i]))
    } else {
        (0..=here).rev().find(|&i| step(&mut depth, &words[i]))
    };
    there.map(|there| (here, there))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bracket_finds_its_partner() {
        let line = "f(a, (')', b))";
        let words = lexis::words(line);
        let at = |place| partners(line, &words, place).map(|(a, b)| (words[a].at.start, words[b].at.start));
        assert_eq!(at(1), Some((1, 13)));
        assert_eq!(at(14), Some((13, 1)));
        assert_eq!(at(5), Some((5, 12)));
        assert_eq!(at(3), None);
        assert_eq!(partners("f((", &lexis::words("f(("), 1), None);
    }

    #[test]
    fn a_colour_ends_with_its_line() {
        let mut painted = String::new();
        push(&mut painted, TEXT, "'''a\nb");
        assert_eq!(painted, "\u{1b}[32m'''a\u{1b}[0m\n\u{1b}[32mb\u{1b}[0m");
    }
}
