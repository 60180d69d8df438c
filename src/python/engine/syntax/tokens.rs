//! CPython's tokenizer, as far as its errors go: what is wrong with the letters of a source, in CPython's words, and
//! the tokens of what is right. Run only on source that did not parse.

use super::Fault;

/// What a token is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Name,
    Number,
    Text,
    Op,
    /// The end of a logical line.
    Newline,
}

/// One token: where it is (in bytes), and how many brackets are open at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) level: usize,
}

/// The tokens of a source, and the bracket that was still open at its end.
pub(super) struct Tokens {
    pub(super) all: Vec<Token>,
    pub(super) open: Option<(char, usize)>,
}

/// CPython's limits.
const DEEPEST_BRACKETS: usize = 200;
const DEEPEST_INDENTS: usize = 100;

const OPERATORS: &[&str] = &[
    "**=", "//=", ">>=", "<<=", "...", "!=", "<>", "->", ":=", "**", "//", ">>", "<<", "<=", ">=", "==", "+=", "-=",
    "*=", "/=", "%=", "&=", "|=", "^=", "@=",
];

/// The words that may follow a number without a blank.
const AFTER_NUMBER: &[&str] = &["and", "else", "for", "if", "in", "is", "not", "or"];

struct Scanner<'a> {
    source: &'a str,
    at: usize,
    brackets: Vec<(char, usize)>,
    /// Columns of the open blocks, with tabs to eight and with tabs as one.
    indents: Vec<(usize, usize)>,
    tokens: Vec<Token>,
}

/// Cuts `source` into tokens.
///
/// # Errors
/// What CPython's tokenizer would say.
pub(super) fn scan(source: &str) -> Result<Tokens, Fault> {
    let mut scanner = Scanner { source, at: 0, brackets: Vec::new(), indents: vec![(0, 0)], tokens: Vec::new() };
    scanner.run()?;
    Ok(Tokens { open: scanner.brackets.last().copied(), all: scanner.tokens })
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn run(&mut self) -> Result<(), Fault> {
        let mut line_start = true;
        while self.at < self.source.len() {
            if line_start && self.brackets.is_empty() {
                self.indentation()?;
            }
            line_start = false;
            let Some(c) = self.peek() else { break };
            match c {
                ' ' | '\t' | '\u{c}' | '\r' => self.at += 1,
                '\n' => {
                    if self.brackets.is_empty() && self.tokens.last().is_some_and(|t| t.kind != Kind::Newline) {
                        self.push(Kind::Newline, self.at, self.at);
                    }
                    self.at += 1;
                    line_start = true;
                }
                '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                '\\' => self.continuation()?,
                '0'..='9' => self.number()?,
                '.' if self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number()?,
                '"' | '\'' => self.text(self.at)?,
                c if c == '_' || c.is_alphabetic() => self.name()?,
                _ => self.operator(c)?,
            }
        }
        if self.brackets.is_empty() && self.tokens.last().is_some_and(|t| t.kind != Kind::Newline) {
            self.push(Kind::Newline, self.source.len(), self.source.len());
        }
        Ok(())
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.tokens.push(Token { kind, start, end, level: self.brackets.len() });
    }

    fn indentation(&mut self) -> Result<(), Fault> {
        let line = self.rest();
        let blank = line.len() - line.trim_start_matches([' ', '\t', '\u{c}']).len();
        let (mut wide, mut narrow) = (0, 0);
        for c in line[..blank].chars() {
            match c {
                '\t' => (wide, narrow) = ((wide / 8 + 1) * 8, narrow + 1),
                ' ' => (wide, narrow) = (wide + 1, narrow + 1),
                _ => (wide, narrow) = (0, 0),
            }
        }
        if matches!(line[blank..].chars().next(), None | Some('\n' | '\r' | '#')) {
            return Ok(());
        }
        let end = self.at + line.find('\n').unwrap_or(line.len());
        self.at += blank;
        let tabs = || Fault::tab("inconsistent use of tabs and spaces in indentation", end);
        let (top, top_narrow) = *self.indents.last().expect("the first indent is never taken away");
        if wide == top {
            return if narrow == top_narrow { Ok(()) } else { Err(tabs()) };
        }
        if wide > top {
            if narrow <= top_narrow {
                return Err(tabs());
            }
            if self.indents.len() >= DEEPEST_INDENTS {
                return Err(Fault::indentation("too many levels of indentation", self.at));
            }
            self.indents.push((wide, narrow));
            return Ok(());
        }
        while self.indents.last().is_some_and(|(w, _)| *w > wide) {
            self.indents.pop();
        }
        match self.indents.last() {
            Some(&(w, n)) if w == wide => {
                if n == narrow {
                    Ok(())
                } else {
                    Err(tabs())
                }
            }
            _ => Err(Fault::indentation("unindent does not match any outer indentation level", end)),
        }
    }

    fn continuation(&mut self) -> Result<(), Fault> {
        let after = &self.rest()[1..];
        let after = after.strip_prefix('\r').unwrap_or(after);
        if after.is_empty() || after == "\n" {
            return Err(Fault::syntax("unexpected EOF while parsing", self.at + 1));
        }
        if !after.starts_with('\n') {
            return Err(Fault::syntax("unexpected character after line continuation character", self.at + 1));
        }
        self.at = self.source.len() - after.len() + 1;
        Ok(())
    }

    fn name(&mut self) -> Result<(), Fault> {
        let rest = self.rest();
        let length = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
        let word = &rest[..length];
        let is_prefix = word.len() <= 2
            && ["r", "u", "b", "f", "br", "rb", "fr", "rf"].contains(&word.to_ascii_lowercase().as_str());
        let start = self.at;
        self.at += length;
        if is_prefix && self.rest().starts_with(['"', '\'']) {
            return self.text(start);
        }
        // A letter that no name may have stands in the way of the name.
        if let Some(c) = self.peek()
            && !c.is_ascii()
        {
            return Err(Fault::strange(c, self.at));
        }
        self.push(Kind::Name, start, self.at);
        Ok(())
    }

    /// A string, whose token begins at `start` (with its prefix) and whose quotes begin here.
    fn text(&mut self, start: usize) -> Result<(), Fault> {
        let rest = self.rest();
        let quote = rest.chars().next().unwrap_or('"');
        let triple = rest.starts_with(&quote.to_string().repeat(3));
        let opened = if triple { 3 } else { 1 };
        let mut chars = rest.char_indices().skip(opened).peekable();
        while let Some((i, c)) = chars.next() {
            match c {
                '\\' => {
                    chars.next();
                }
                '\n' if !triple => {
                    return Err(self.unterminated(start, triple, self.at + i));
                }
                c if c == quote && (!triple || rest[i..].starts_with(&quote.to_string().repeat(3))) => {
                    let end = self.at + i + opened;
                    self.at = end;
                    self.push(Kind::Text, start, end);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(self.unterminated(start, triple, self.source.len()))
    }

    fn unterminated(&self, start: usize, triple: bool, seen: usize) -> Fault {
        let seen = self.source[..seen].trim_end_matches('\n');
        let line = 1 + seen.matches('\n').count();
        let kind = if triple { "triple-quoted string" } else { "string" };
        Fault::syntax(format!("unterminated {kind} literal (detected at line {line})"), start)
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let bytes = self.source.as_bytes();
        let digits = |from: usize, radix: u32| -> Result<usize, usize> {
            let mut at = from;
            loop {
                while bytes.get(at).is_some_and(|b| (*b as char).is_digit(radix)) {
                    at += 1;
                }
                match bytes.get(at) {
                    Some(b'_') if bytes.get(at + 1).is_some_and(|b| (*b as char).is_digit(radix)) => at += 1,
                    Some(b'_') => return Err(at + 1),
                    _ => return Ok(at),
                }
            }
        };
        let invalid = |kind: &str, after: usize| Fault::syntax(format!("invalid {kind} literal"), after - 1);
        let radix = match bytes.get(start + 1).filter(|_| bytes[start] == b'0').map(u8::to_ascii_lowercase) {
            Some(b'x') => Some((16, "hexadecimal")),
            Some(b'o') => Some((8, "octal")),
            Some(b'b') => Some((2, "binary")),
            _ => None,
        };
        let (end, kind) = if let Some((radix, kind)) = radix {
            let first = if bytes.get(start + 2) == Some(&b'_') { start + 3 } else { start + 2 };
            let end = digits(first, radix).map_err(|after| invalid(kind, after))?;
            match bytes.get(end) {
                Some(digit @ b'0'..=b'9') => {
                    let text = format!("invalid digit '{}' in {kind} literal", char::from(*digit));
                    return Err(Fault::syntax(text, end));
                }
                _ if end == first => return Err(invalid(kind, first)),
                _ => (end, kind),
            }
        } else {
            let decimal = |after| invalid("decimal", after);
            let whole = if bytes[start] == b'.' { start } else { digits(start, 10).map_err(decimal)? };
            let mut end = whole;
            if bytes.get(end) == Some(&b'.') {
                end += 1;
                if bytes.get(end).is_some_and(u8::is_ascii_digit) {
                    end = digits(end, 10).map_err(decimal)?;
                }
            }
            if let Some(b'e' | b'E') = bytes.get(end) {
                let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
                if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
                    end = digits(end + 1 + sign, 10).map_err(decimal)?;
                } else if sign == 1 {
                    return Err(invalid("decimal", end + 2));
                }
            }
            let imaginary = matches!(bytes.get(end), Some(b'j' | b'J'));
            let text = &self.source[start..end];
            let padded = text.len() > 1 && text.starts_with('0') && text.bytes().any(|b| (b'1'..=b'9').contains(&b));
            if padded && end == whole && !imaginary {
                let text = "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal \
                            integers";
                return Err(Fault::syntax(text, start));
            }
            if imaginary { (end + 1, "imaginary") } else { (end, "decimal") }
        };
        let rest = &self.source[end..];
        let word = &rest[..rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len())];
        if !word.is_empty() && !AFTER_NUMBER.iter().any(|allowed| word.starts_with(allowed)) {
            return Err(invalid(kind, end));
        }
        self.at = end;
        self.push(Kind::Number, start, end);
        Ok(())
    }

    fn operator(&mut self, c: char) -> Result<(), Fault> {
        let start = self.at;
        match c {
            '(' | '[' | '{' => {
                if self.brackets.len() >= DEEPEST_BRACKETS {
                    return Err(Fault::syntax("too many nested parentheses", start));
                }
                self.brackets.push((c, start));
                self.at += 1;
                self.push(Kind::Op, start, start + 1);
                return Ok(());
            }
            ')' | ']' | '}' => {
                let Some((open, place)) = self.brackets.pop() else {
                    return Err(Fault::syntax(format!("unmatched '{c}'"), start));
                };
                if !matches!((open, c), ('(', ')') | ('[', ']') | ('{', '}')) {
                    let (there, here) = (line_of(self.source, place), line_of(self.source, start));
                    let line = if there == here { String::new() } else { format!(" on line {there}") };
                    let text = format!("closing parenthesis '{c}' does not match opening parenthesis '{open}'{line}");
                    return Err(Fault::syntax(text, start));
                }
                self.at += 1;
                self.push(Kind::Op, start, start + 1);
                return Ok(());
            }
            c if !c.is_ascii() || c.is_ascii_control() => return Err(Fault::strange(c, start)),
            _ => {}
        }
        let length = OPERATORS.iter().find(|op| self.rest().starts_with(**op)).map_or(1, |op| op.len());
        self.at += length;
        self.push(Kind::Op, start, self.at);
        Ok(())
    }
}

/// The number of the line (from 1) of an offset.
pub(super) fn line_of(source: &str, offset: usize) -> usize {
    1 + source[..offset].matches('\n').count()
}
