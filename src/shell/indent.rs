//! Automatic indentation: how far the next line of a block goes in, and that it never adds to what comes with an
//! indentation of its own: blanks that are typed take its place, and so does a line that did not come from fingers.

use std::time::{Duration, Instant};

use rustyline::{KeyCode, KeyEvent, Modifiers};

use crate::python::lexis::{self, Kind};

/// One step of indentation.
const STEP: usize = 4;

/// How far a line goes in, in blanks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Depth {
    blanks: usize,
    /// The same, should the line be a further branch of a block above: `else:`.
    branch: usize,
}

impl Depth {
    /// The blanks.
    pub(super) fn text(self) -> String {
        " ".repeat(self.blanks)
    }
}

/// How far the line after `entry` goes in.
pub(super) fn next(entry: &str) -> Depth {
    let blanks = blanks_after(entry);
    Depth { blanks, branch: branch_after(entry, blanks) }
}

/// How far the last block above goes in that can have a further branch.
fn branch_after(entry: &str, at_most: usize) -> usize {
    let mut least = usize::MAX;
    for line in entry.lines().rev().filter(|line| !line.trim().is_empty()) {
        let blanks = line.len() - line.trim_start().len();
        if blanks >= least {
            continue;
        }
        least = blanks;
        let first = line.trim_start().split([' ', ':', '(']).next().unwrap_or_default();
        let branches = ["if", "elif", "else", "for", "while", "try", "except", "with"];
        if blanks <= at_most && branches.contains(&first) {
            return blanks;
        }
    }
    at_most
}

fn blanks_after(entry: &str) -> usize {
    let words = lexis::words(entry);
    let (mut depth, mut last_open) = (0_i32, false);
    for word in &words {
        match word.text(entry) {
            "(" | "[" | "{" if word.kind == Kind::Op => (depth, last_open) = (depth + 1, true),
            ")" | "]" | "}" if word.kind == Kind::Op => (depth, last_open) = (depth - 1, false),
            _ if matches!(word.kind, Kind::Newline | Kind::Comment) => {}
            _ => last_open = false,
        }
    }
    let Some(last) = words.iter().rfind(|word| !matches!(word.kind, Kind::Newline | Kind::Comment)) else { return 0 };
    if last.kind == Kind::OpenText || entry.trim_end_matches('\n').ends_with('\\') {
        return 0;
    }
    // The line that the last word stands on.
    let line = entry[..last.at.start].rfind('\n').map_or(0, |at| at + 1);
    let here = entry[line..].len() - entry[line..].trim_start_matches(' ').len();
    if depth > 0 {
        return if last_open { here + STEP } else { here };
    }
    let first = words.iter().find(|word| word.at.start >= line).map_or("", |word| word.text(entry));
    if last.text(entry) == ":" {
        here + STEP
    } else if ["return", "pass", "break", "continue", "raise"].contains(&first) {
        here.saturating_sub(STEP)
    } else {
        here
    }
}

/// Two keys that come so soon one after the other were not typed by a hand.
const AT_ONCE: Duration = Duration::from_millis(3);

/// How many such keys in a row make sure.
const SURE: usize = 3;

/// What a key does to the line, other than the editor would.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Act {
    /// The line becomes this one, with the cursor at its end.
    Rewrite(String),
    /// The input ends: nothing but the indentation stands on the line.
    End,
}

/// The indentation at the beginning of one line, until it is kept or given up.
#[derive(Debug)]
pub(super) struct Indentation {
    blanks: usize,
    branch: usize,
    /// Whether it may still be given up.
    open: bool,
    typed: String,
    quick: usize,
    slow: usize,
    last: Instant,
    /// The line turned out to bring its own when it was too late to show it.
    given_up: bool,
}

impl Indentation {
    /// For a line that goes in so far.
    pub(super) fn new(Depth { blanks, branch }: Depth) -> Self {
        let (typed, last) = (String::new(), Instant::now());
        Self { blanks, branch, open: blanks > 0, typed, quick: 0, slow: 0, last, given_up: false }
    }

    /// The line is shown as it is now: the next key may come.
    pub(super) fn shown(&mut self) {
        self.last = Instant::now();
    }

    /// What a key does to the indentation, if it does anything that the editor would not.
    pub(super) fn key(&mut self, key: KeyEvent, now: Instant) -> Option<Act> {
        if !self.open {
            return None;
        }
        if !self.typed.is_empty() {
            let at_once = now.duration_since(self.last) < AT_ONCE;
            if at_once { self.quick += 1 } else { self.slow += 1 }
        }
        self.last = now;
        match key {
            KeyEvent(KeyCode::Char(' '), Modifiers::NONE) if self.typed.is_empty() => self.replace(" ".to_owned()),
            KeyEvent(KeyCode::Char(c), Modifiers::NONE) => {
                self.typed.push(c);
                if self.quick >= SURE && self.quick > self.slow {
                    let typed = std::mem::take(&mut self.typed);
                    return self.replace(typed);
                }
                if c == ':' && opens_a_branch(&self.typed) && self.branch < self.blanks {
                    let text = format!("{}{}", " ".repeat(self.branch), self.typed);
                    return self.replace(text);
                }
                None
            }
            KeyEvent(KeyCode::Backspace, _) | KeyEvent(KeyCode::Char('H'), Modifiers::CTRL)
                if self.typed.is_empty() =>
            {
                let step = STEP.min(self.blanks);
                self.blanks -= step;
                self.open = self.blanks > 0;
                Some(Act::Rewrite(" ".repeat(self.blanks)))
            }
            KeyEvent(KeyCode::Char('D'), Modifiers::CTRL) if self.typed.is_empty() => Some(Act::End),
            KeyEvent(KeyCode::Enter, _) | KeyEvent(KeyCode::Char('J' | 'M'), Modifiers::CTRL) => {
                self.given_up = self.quick > self.slow;
                None
            }
            KeyEvent(KeyCode::BracketedPasteStart, _) => {
                self.given_up = self.typed.is_empty();
                self.open = false;
                None
            }
            // The line is worked on: it is as it is meant.
            _ => {
                self.open = false;
                None
            }
        }
    }

    fn replace(&mut self, text: String) -> Option<Act> {
        self.open = false;
        Some(Act::Rewrite(text))
    }

    /// The line as it was meant.
    pub(super) fn finish(&self, line: String) -> String {
        if self.blanks == 0 {
            return line;
        }
        if line.len() == self.blanks && line.trim().is_empty() {
            return String::new();
        }
        match line.strip_prefix(&" ".repeat(self.blanks)) {
            Some(own) if self.given_up => own.to_owned(),
            _ => line,
        }
    }
}

/// The branches that stand one step before the block above them.
fn opens_a_branch(typed: &str) -> bool {
    let word = typed.trim_end_matches(':').split(' ').next().unwrap_or_default();
    matches!(typed, "else:" | "finally:" | "except:") || matches!(word, "elif" | "except") && typed.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_in_as_far_as_the_one_before_says() {
        for (entry, blanks) in [
            ("for x in y:\n", 4),
            ("def f():  # why\n", 4),
            ("def f():\n    x = 1\n", 4),
            ("def f():\n    if x:\n", 8),
            ("def f():\n    return 1\n", 0),
            ("while a:\n    if b:\n        break\n", 4),
            ("f(\n", 4),
            ("f(a,\n", 0),
            ("x = '''a:\n", 0),
            ("1 + \\\n", 0),
            ("x = {\n    'a': 1,\n", 4),
            ("", 0),
        ] {
            assert_eq!(next(entry).blanks, blanks, "{entry:?}");
        }
        for (entry, branch) in [
            ("if a:\n    b\n", 0),
            ("def f():\n    if a:\n        return 1\n", 4),
            ("for x in y:\n    if x:\n        z\n", 4),
        ] {
            assert_eq!(next(entry).branch, branch, "{entry:?}");
        }
    }

    /// The line that comes of the keys in `typed`, each so long after the one before.
    fn line(blanks: usize, typed: &str, apart: Duration) -> String {
        let mut indentation = Indentation::new(Depth { blanks, branch: blanks.saturating_sub(STEP) });
        let mut line = " ".repeat(blanks);
        let mut now = Instant::now() + Duration::from_secs(1);
        for c in typed.chars() {
            now += apart;
            match indentation.key(KeyEvent(KeyCode::Char(c), Modifiers::NONE), now) {
                Some(Act::Rewrite(text)) => line = text,
                Some(Act::End) => panic!("the input ends"),
                None => line.push(c),
            }
        }
        assert_eq!(indentation.key(KeyEvent(KeyCode::Enter, Modifiers::NONE), now + apart), None);
        indentation.finish(line)
    }

    #[test]
    fn what_is_typed_keeps_it_and_blanks_that_are_typed_replace_it() {
        let hand = Duration::from_millis(60);
        assert_eq!(line(4, "pass", hand), "    pass");
        assert_eq!(line(4, "  pass", hand), "  pass");
        assert_eq!(line(4, "        pass", hand), "        pass");
        assert_eq!(line(4, "", hand), "");
        assert_eq!(line(8, "else:", hand), "    else:");
        assert_eq!(line(4, "except ValueError as e:", hand), "except ValueError as e:");
        assert_eq!(line(4, "elsewhere", hand), "    elsewhere");
    }

    #[test]
    fn what_comes_all_at_once_has_its_own() {
        let at_once = Duration::from_micros(50);
        for typed in ["print('end')", "    print(1)", "x", "  x", ")", "else:", ""] {
            assert_eq!(line(4, typed, at_once), typed, "{typed:?}");
        }
    }
}
