//! Whether what was typed so far is a whole statement: the interactive console's question after each line.

use rustpython_ruff_text_size::Ranged;
use rustpython_vm as vm;
use vm::compiler::ast::Stmt;
use vm::compiler::parser::{
    InterpolatedStringErrorType as Interpolated, LexicalErrorType as Lexical, ParseError, ParseErrorType, parse_module,
};

/// What was typed so far is ...
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Completeness {
    /// ... blank, or comments only.
    Nothing,
    /// ... the beginning of something.
    More,
    /// ... a statement, or no Python at all: running it says which.
    Whole,
    /// ... a block and, without the blank line that ends it, another statement, which begins at this byte.
    Second(usize),
}

/// Examines `source`, whose last line is blank or not: a block ends with a blank line.
pub(super) fn examine(source: &str, last_is_blank: bool) -> Completeness {
    if source.lines().all(|line| matches!(line.trim_start().chars().next(), None | Some('#'))) {
        return Completeness::Nothing;
    }
    match parse_module(source) {
        Ok(module) => {
            if let [first, second, ..] = &module.syntax().body[..]
                && opens_a_block(first)
            {
                return Completeness::Second(second.start().into());
            }
            let block = module.syntax().body.last().is_some_and(opens_a_block);
            let continued = source.trim_end_matches('\n').ends_with('\\');
            if !last_is_blank && (block || continued) { Completeness::More } else { Completeness::Whole }
        }
        Err(error) if wants_more(source, &error) => Completeness::More,
        Err(_) => Completeness::Whole,
    }
}

/// The statements that a later line may still belong to.
fn opens_a_block(last: &Stmt) -> bool {
    matches!(
        last,
        Stmt::FunctionDef(_)
            | Stmt::ClassDef(_)
            | Stmt::For(_)
            | Stmt::While(_)
            | Stmt::If(_)
            | Stmt::With(_)
            | Stmt::Match(_)
            | Stmt::Try(_)
    )
}

fn wants_more(source: &str, error: &ParseError) -> bool {
    let body = source.trim_end();
    let (start, end) = (usize::from(error.location.start()), usize::from(error.location.end()));
    let at_end = start >= body.len() || end > body.len();
    match &error.error {
        ParseErrorType::Lexical(Lexical::Eof)
        | ParseErrorType::Lexical(Lexical::FStringError(Interpolated::UnterminatedTripleQuotedString)) => true,
        ParseErrorType::Lexical(Lexical::UnclosedStringError) => {
            let text = source[start..].trim_start_matches(|c: char| c.is_ascii_alphabetic());
            // A backslash takes the string to the next line, until a blank one ends the wait.
            let continued = source.strip_suffix('\n').unwrap_or(source).ends_with('\\');
            text.starts_with("'''") || text.starts_with("\"\"\"") || continued
        }
        ParseErrorType::Lexical(Lexical::LineContinuationError) => body.ends_with('\\'),
        ParseErrorType::OtherError(text) => {
            at_end
                && (text.starts_with("Expected an indented block")
                    || text.contains("`except` or `finally`")
                    || text.contains("after decorator"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(source: &str) -> Completeness {
        let last = source.trim_end_matches('\n').rsplit('\n').next().unwrap_or_default();
        examine(source, last.trim().is_empty() || source.ends_with("\n\n"))
    }

    #[test]
    fn an_open_bracket_string_or_block_wants_more() {
        for source in ["f(\n", "x = '''a\n", "if True:\n", "def f():\n    pass\n", "1 + \\\n", "@d\n", "try:\n  x\n"] {
            assert_eq!(after(source), Completeness::More, "{source:?}");
        }
    }

    #[test]
    fn a_statement_or_an_error_is_whole_at_once() {
        for source in ["1\n", "x = 'a\n", "for\n", ")\n", "if x: pass\n\n"] {
            assert_eq!(after(source), Completeness::Whole, "{source:?}");
        }
    }

    #[test]
    fn a_block_without_its_blank_line_takes_no_other_statement() {
        assert_eq!(after("for i in x:\n    i\nprint(i)\n"), Completeness::Second(18));
    }

    #[test]
    fn a_comment_is_nothing() {
        assert_eq!(after("# hello\n"), Completeness::Nothing);
    }
}
