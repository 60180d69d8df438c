//! How SQLite, and Django on it, compares texts.

use std::collections::HashMap;

use super::{QueryError, pattern::Pattern};
use crate::domain::filter::{Matcher, Op};

/// SQLite's LIKE with what Django makes of a look-up: ASCII letters are alike in either case, all others are not.
pub(super) fn like(text: &str, op: Op, wanted: &str) -> bool {
    let (text, wanted) = (text.as_bytes(), wanted.as_bytes());
    match op {
        Op::Like => text.eq_ignore_ascii_case(wanted),
        Op::StartsWith => text.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted)),
        Op::EndsWith => {
            let start = text.len().checked_sub(wanted.len());
            start.is_some_and(|start| text[start..].eq_ignore_ascii_case(wanted))
        }
        Op::Contains => contains(text, wanted),
        Op::Exact | Op::Gt | Op::Gte | Op::Lt | Op::Lte | Op::In | Op::Range | Op::Regex | Op::IRegex => false,
    }
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    let Some((first, rest)) = wanted.split_first() else { return true };
    let first = first.to_ascii_lowercase();
    text.iter().enumerate().any(|(at, byte)| {
        byte.to_ascii_lowercase() == first
            && text.get(at + 1..at + wanted.len()).is_some_and(|text| text.eq_ignore_ascii_case(rest))
    })
}

/// Regular expressions, each compiled once for a query.
#[derive(Debug, Default)]
pub(super) struct Patterns(HashMap<(String, bool), Pattern>);

impl Patterns {
    /// Whether `pattern` matches somewhere in `text`.
    pub(super) fn matches(&mut self, text: &str, pattern: &str, any_case: bool) -> Result<bool, QueryError> {
        let key = (pattern.to_owned(), any_case);
        if let Some(compiled) = self.0.get(&key) {
            return Ok(compiled.matches(text));
        }
        let compiled = Pattern::new(pattern, any_case).map_err(|_| QueryError::Pattern)?;
        let found = compiled.matches(text);
        self.0.insert(key, compiled);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_knows_the_case_of_no_ascii_letter_and_of_every_other() {
        assert!(like("zo\u{e9}", Op::Contains, "Zo"));
        assert!(!like("zo\u{e9}", Op::Contains, "\u{c9}"));
        assert!(like("Alice", Op::Like, "aLICE"));
        assert!(like("alice", Op::EndsWith, "CE"));
        assert!(!like("al", Op::StartsWith, "alice"));
        assert!(like("", Op::Contains, ""));
    }
}
