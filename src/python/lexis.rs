//! The words of Python source, whole or still being typed: what completion, highlighting and indentation look at. No
//! grammar, and nothing is an error: a text whose end is missing goes to the end.

use std::ops::Range;

/// What a word is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A name that is no keyword.
    Name,
    /// A reserved word.
    Keyword,
    /// A number.
    Number,
    /// A text with its quotes and the letters before them.
    Text,
    /// A text whose end is missing.
    OpenText,
    /// A comment.
    Comment,
    /// An operator or a bracket; brackets, `.` and `,` are words of their own.
    Op,
    /// The end of a line.
    Newline,
}

/// A word and its place, in bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Word {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub at: Range<usize>,
}

impl Word {
    /// Its text in `source`, which it was cut from.
    #[must_use]
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        &source[self.at.clone()]
    }

    /// Of a text: the letters before the quote, the quote, and where the inside begins.
    #[must_use]
    pub fn quote<'a>(&self, source: &'a str) -> (&'a str, &'a str, usize) {
        let text = self.text(source);
        let letters = text.find(['"', '\'']).unwrap_or(0);
        let rest = &text[letters..];
        let wide = ["\"\"\"", "'''"].iter().any(|quote| rest.starts_with(quote)) && rest.len() != 2;
        let quote = &rest[..if wide { 3 } else { rest.len().min(1) }];
        (&text[..letters], quote, self.at.start + letters + quote.len())
    }
}

/// The reserved words.
pub const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Cuts `source` into words, without the blanks between them.
#[must_use]
pub fn words(source: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        let (kind, length) = match first {
            '\n' => (Some(Kind::Newline), 1),
            '#' => (Some(Kind::Comment), rest.find('\n').unwrap_or(rest.len())),
            '"' | '\'' => text(rest, 0),
            '0'..='9' => (Some(Kind::Number), number(rest)),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => (Some(Kind::Number), number(rest)),
            c if begins_name(c) => name(rest),
            c if c.is_whitespace() || c == '\\' => (None, c.len_utf8()),
            c => (Some(Kind::Op), operator(rest).max(c.len_utf8())),
        };
        if let Some(kind) = kind {
            words.push(Word { kind, at: at..at + length });
        }
        at += length;
    }
    words
}

/// Whether a name may begin with `c`.
#[must_use]
pub fn begins_name(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// Whether `c` may stand in a name.
#[must_use]
pub fn is_in_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn name(rest: &str) -> (Option<Kind>, usize) {
    let length = rest.find(|c| !is_in_name(c)).unwrap_or(rest.len());
    let name = &rest[..length];
    if rest[length..].starts_with(['"', '\'']) && length <= 2 && name.chars().all(|c| "rRbBuUfFtT".contains(c)) {
        return text(rest, length);
    }
    (Some(if KEYWORDS.binary_search(&name).is_ok() { Kind::Keyword } else { Kind::Name }), length)
}

fn number(rest: &str) -> usize {
    let mut before = ' ';
    rest.find(|c: char| {
        let exponent = matches!(c, '+' | '-') && matches!(before, 'e' | 'E') && !rest.starts_with("0x");
        before = c;
        !(c.is_ascii_alphanumeric() || c == '_' || c == '.' || exponent)
    })
    .unwrap_or(rest.len())
}

fn operator(rest: &str) -> usize {
    const LONG: [&str; 23] = [
        "**=", "//=", ">>=", "<<=", "...", "!=", "->", ":=", "**", "//", ">>", "<<", "<=", ">=", "==", "+=", "-=",
        "*=", "/=", "%=", "&=", "|=", "^=",
    ];
    LONG.iter().find(|op| rest.starts_with(**op)).map_or(1, |op| op.len())
}

/// A text whose quote stands at `from`.
fn text(rest: &str, from: usize) -> (Option<Kind>, usize) {
    let body = &rest[from..];
    let quote = &body[..1];
    let wide = body.starts_with(&quote.repeat(3));
    let quote = if wide { &body[..3] } else { quote };
    let mut at = from + quote.len();
    while let Some(c) = rest[at..].chars().next() {
        if rest[at..].starts_with(quote) {
            return (Some(Kind::Text), at + quote.len());
        }
        if c == '\n' && !wide {
            return (Some(Kind::OpenText), at);
        }
        at += c.len_utf8();
        // A raw text keeps its backslash, and the quote behind it too.
        if c == '\\'
            && let Some(taken) = rest[at..].chars().next()
        {
            at += taken.len_utf8();
        }
    }
    (Some(Kind::OpenText), at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(source: &str) -> Vec<(Kind, &str)> {
        words(source).into_iter().map(|word| (word.kind, &source[word.at])).collect()
    }

    #[test]
    fn a_line_is_cut_into_its_words() {
        use Kind::{Comment, Keyword, Name, Newline, Number, Op, Text};
        let found = cut("if x.y == 1e-5:  # why\n  f(r'a\\'b', *z)");
        let expected = [
            (Keyword, "if"),
            (Name, "x"),
            (Op, "."),
            (Name, "y"),
            (Op, "=="),
            (Number, "1e-5"),
            (Op, ":"),
            (Comment, "# why"),
            (Newline, "\n"),
            (Name, "f"),
            (Op, "("),
            (Text, "r'a\\'b'"),
            (Op, ","),
            (Op, "*"),
            (Name, "z"),
            (Op, ")"),
        ];
        assert_eq!(found, expected);
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn a_text_without_its_end_is_open() {
        assert_eq!(cut("f('al").last(), Some(&(Kind::OpenText, "'al")));
        assert_eq!(cut("x = '''a\n b").last(), Some(&(Kind::OpenText, "'''a\n b")));
        assert_eq!(cut("x = 'a\ny").last(), Some(&(Kind::Name, "y")));
        assert_eq!(cut("''").last(), Some(&(Kind::Text, "''")));
        let source = "g(rb\"\"\"x";
        let open = words(source).pop().expect("there are words");
        assert_eq!(open.quote(source), ("rb", "\"\"\"", 7));
    }
}
