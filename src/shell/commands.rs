//! Which line is a command and not Python, and how it becomes words.

use std::rc::Rc;

use crate::command;
use crate::python::{lexis, source};

/// Words that do something with the terminal alone, where nothing else has their name.
pub(super) const OF_THE_TERMINAL: [&str; 2] = ["clear", "history"];

/// The commands, as a session sees them.
#[derive(Clone)]
pub struct Commands {
    /// Whether a word is the name of a command.
    pub known: Rc<dyn Fn(&str) -> bool>,
    /// Runs the command that these words are (the first is its name), says what is to be said, and returns its status.
    pub run: Rc<RunCommand>,
}

/// Runs the words of a command and returns its status.
pub type RunCommand = dyn Fn(&[String]) -> u8;

impl Commands {
    /// The command in `line`, if it is one: it begins with `%`, or its first word is a command's name and the line is no
    /// valid Python, or it is valid Python that binds nothing and that word is bound nowhere.
    pub(super) fn recognise<'a>(&self, line: &'a str, bound: impl Fn(&str) -> bool) -> Option<&'a str> {
        let line = line.trim_end();
        if let Some(command) = line.strip_prefix('%') {
            return Some(command.trim_start());
        }
        let word = first_word(line);
        // Those that need a word after them are names that scripts give to a user and a token, or to anything.
        if !(self.known)(word) || (line == word && matches!(word, "user" | "token" | "test")) {
            return None;
        }
        let is_command = if source::is_valid(line) { !bound(word) && source::bindings(line).is_empty() } else { true };
        is_command.then_some(line)
    }

    /// The command that `line`, which Python refuses for its first word, was probably meant to be.
    pub(super) fn meant(&self, line: &str, bound: impl Fn(&str) -> bool) -> Option<String> {
        let word = first_word(line);
        let is_name =
            word.chars().all(|c| c.is_alphanumeric() || c == '_') && lexis::KEYWORDS.binary_search(&word).is_err();
        if word.len() < 3 || !is_name || bound(word) {
            return None;
        }
        let near = command::nearest(word)?;
        let as_meant = format!("{near}{}", &line[word.len()..]);
        self.recognise(&as_meant, bound).is_some().then_some(near)
    }

    /// Runs `command`, a line that [`Commands::recognise`] gave.
    pub(super) fn run_line(&self, command: &str) -> u8 {
        (self.run)(&words(command))
    }
}

/// The first word of a line: up to a blank or the end. Empty where the line begins with a blank.
pub(super) fn first_word(line: &str) -> &str {
    line.split(char::is_whitespace).next().unwrap_or_default()
}

/// Cuts a line into words as a POSIX shell does: quotes hold blanks together, a backslash takes the next character as
/// it is, a word that begins with `#` ends the line.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), _) if c == q => quote = None,
            (Some('"') | None, '\\') => {
                let next = chars.next();
                let kept = word.get_or_insert_default();
                match next {
                    Some(n) if quote.is_none() || matches!(n, '"' | '\\') => kept.push(n),
                    Some(n) => kept.extend(['\\', n]),
                    None => kept.push('\\'),
                }
            }
            (Some(_), _) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, _) if c.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands() -> Commands {
        Commands {
            known: Rc::new(|word| ["tokens", "revoke", "key", "help", "user"].contains(&word)),
            run: Rc::new(|_| 0),
        }
    }

    #[test]
    fn a_line_that_python_would_refuse_is_a_command() {
        let bound = |word: &str| ["help", "user"].contains(&word);
        let commands = commands();
        for line in ["revoke alice", "help regenerate", "user create bob", "tokens", "tokens --json", "%anything"] {
            assert!(commands.recognise(line, bound).is_some(), "{line}");
        }
    }

    #[test]
    fn a_line_that_python_would_take_stays_python() {
        let bound = |word: &str| ["help"].contains(&word);
        let commands = commands();
        for line in ["user", "help", "tokens = 5", "key.x", "key", " tokens", "x revoke", "tokens == (x := 1)"] {
            let taken = commands.recognise(line, bound);
            assert_eq!(taken.is_some(), line == "key", "{line}");
        }
    }

    #[test]
    fn a_line_that_python_refuses_may_have_been_meant_for_a_command() {
        let (commands, bound) = (commands(), |word: &str| ["help", "rewoke"].contains(&word));
        for (line, near) in [("revke alice", "revoke"), ("tokns --json", "tokens"), ("tokns", "tokens")] {
            assert_eq!(commands.meant(line, bound).as_deref(), Some(near), "{line}");
        }
        for line in ["tokns = 5", "rewoke alice", "return x", "import x", "xyz", "", " revke alice", "tokens.x"] {
            assert_eq!(commands.meant(line, bound), None, "{line}");
        }
    }

    #[test]
    fn words_are_cut_as_a_shell_cuts_them() {
        assert_eq!(words(r#"revoke  'a b' "c \" d" e\ f '' # why"#), ["revoke", "a b", "c \" d", "e f", ""]);
        assert_eq!(words("a#b"), ["a#b"]);
    }
}
