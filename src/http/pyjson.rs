//! JSON as Python's `json` decodes it, with its messages and its positions: DRF's clients are told them.

use std::fmt;

/// What a document holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number, as Python's `str` writes it.
    Int(String),
    /// A number, as Python's `str` writes it.
    Float(String),
    /// A string.
    Text(Text),
    /// A list; nobody asks for what is in it.
    List,
    /// An object, in the order of the document.
    Dict(Vec<(Text, Self)>),
}

/// A string. Python's may hold lone surrogates; here U+FFFD stands for them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Text {
    /// The characters.
    pub(super) chars: String,
    /// The first lone surrogate.
    pub(super) surrogate: Option<u32>,
}

/// A document that is none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct JsonError(String);

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Python's `sys.int_info.default_max_str_digits`.
const MOST_DIGITS: usize = 4300;
/// Python gives up at about a thousand, with an error 500.
const DEEPEST: usize = 900;

/// Decodes a document.
pub(super) fn decode(document: &str) -> Result<Value, JsonError> {
    let chars: Vec<char> = document.chars().collect();
    let reader = Reader { chars: &chars };
    if chars.first() == Some(&'\u{feff}') {
        return Err(reader.error("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0));
    }
    let (value, end) = reader.value(reader.blanks(0), 0)?;
    let end = reader.blanks(end);
    if end != chars.len() {
        return Err(reader.error("Extra data", end));
    }
    Ok(value)
}

struct Reader<'a> {
    chars: &'a [char],
}

type Read<T> = Result<(T, usize), JsonError>;

impl Reader<'_> {
    fn at(&self, index: usize) -> Option<char> {
        self.chars.get(index).copied()
    }

    fn error(&self, message: &str, at: usize) -> JsonError {
        let before = &self.chars[..at.min(self.chars.len())];
        let line = before.iter().filter(|c| **c == '\n').count() + 1;
        let column = before.iter().rev().position(|c| *c == '\n').map_or(at + 1, |back| back + 1);
        JsonError(format!("{message}: line {line} column {column} (char {at})"))
    }

    fn blanks(&self, mut index: usize) -> usize {
        while matches!(self.at(index), Some(' ' | '\t' | '\n' | '\r')) {
            index += 1;
        }
        index
    }

    fn is_word(&self, index: usize, word: &str) -> bool {
        word.chars().enumerate().all(|(offset, c)| self.at(index + offset) == Some(c))
    }

    fn value(&self, index: usize, depth: usize) -> Read<Value> {
        if depth > DEEPEST {
            return Err(JsonError("nested too deeply".into()));
        }
        let words = [("null", Value::Null), ("true", Value::Bool), ("false", Value::Bool)];
        match self.at(index) {
            Some('"') => self.text(index + 1).map(|(text, end)| (Value::Text(text), end)),
            Some('{') => self.dict(index + 1, depth),
            Some('[') => self.list(index + 1, depth),
            _ => {
                for (word, value) in words {
                    if self.is_word(index, word) {
                        return Ok((value, index + word.len()));
                    }
                }
                for word in ["NaN", "Infinity", "-Infinity"] {
                    if self.is_word(index, word) {
                        return Err(JsonError(format!("Out of range float values are not JSON compliant: '{word}'")));
                    }
                }
                self.number(index)
            }
        }
    }

    fn dict(&self, index: usize, depth: usize) -> Read<Value> {
        let mut pairs = Vec::new();
        let mut index = self.blanks(index);
        if self.at(index) == Some('}') {
            return Ok((Value::Dict(pairs), index + 1));
        }
        loop {
            if self.at(index) != Some('"') {
                return Err(self.error("Expecting property name enclosed in double quotes", index));
            }
            let (name, end) = self.text(index + 1)?;
            index = self.blanks(end);
            if self.at(index) != Some(':') {
                return Err(self.error("Expecting ':' delimiter", index));
            }
            let (value, end) = self.value(self.blanks(index + 1), depth + 1)?;
            pairs.push((name, value));
            index = self.blanks(end);
            match self.at(index) {
                Some('}') => return Ok((Value::Dict(pairs), index + 1)),
                Some(',') => index = self.blanks(index + 1),
                _ => return Err(self.error("Expecting ',' delimiter", index)),
            }
        }
    }

    fn list(&self, index: usize, depth: usize) -> Read<Value> {
        let mut index = self.blanks(index);
        if self.at(index) == Some(']') {
            return Ok((Value::List, index + 1));
        }
        loop {
            let (_, end) = self.value(index, depth + 1)?;
            index = self.blanks(end);
            match self.at(index) {
                Some(']') => return Ok((Value::List, index + 1)),
                Some(',') => index = self.blanks(index + 1),
                _ => return Err(self.error("Expecting ',' delimiter", index)),
            }
        }
    }

    fn number(&self, start: usize) -> Read<Value> {
        let digits = |mut index: usize| {
            while self.at(index).is_some_and(|c| c.is_ascii_digit()) {
                index += 1;
            }
            index
        };
        let first = start + usize::from(self.at(start) == Some('-'));
        let whole = match self.at(first) {
            Some('0') => first + 1,
            Some('1'..='9') => digits(first),
            _ => return Err(self.error("Expecting value", start)),
        };
        let mut end = whole;
        if self.at(end) == Some('.') && digits(end + 1) > end + 1 {
            end = digits(end + 1);
        }
        if matches!(self.at(end), Some('e' | 'E')) {
            let sign = end + 1 + usize::from(matches!(self.at(end + 1), Some('+' | '-')));
            if digits(sign) > sign {
                end = digits(sign);
            }
        }
        let text: String = self.chars[start..end].iter().collect();
        if end > whole {
            let number = text.parse().expect("the grammar of JSON's numbers is within Rust's");
            return Ok((Value::Float(float_text(number)), end));
        }
        if whole - first > MOST_DIGITS {
            return Err(JsonError(format!(
                "Exceeds the limit ({MOST_DIGITS} digits) for integer string conversion: value has {} digits; use \
                 sys.set_int_max_str_digits() to increase the limit",
                whole - first
            )));
        }
        Ok((Value::Int(if text == "-0" { "0".into() } else { text }), end))
    }

    fn text(&self, start: usize) -> Read<Text> {
        let unterminated = || self.error("Unterminated string starting at", start - 1);
        let mut text = Text::default();
        let mut index = start;
        loop {
            let c = self.at(index).ok_or_else(unterminated)?;
            match c {
                '"' => return Ok((text, index + 1)),
                '\0'..='\x1f' => return Err(self.error("Invalid control character at", index)),
                '\\' => {
                    let escape = self.at(index + 1).ok_or_else(unterminated)?;
                    if escape == 'u' {
                        index = self.unicode_escape(index, &mut text)?;
                        continue;
                    }
                    text.chars.push(match escape {
                        '"' | '\\' | '/' => escape,
                        'b' => '\x08',
                        'f' => '\x0c',
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        _ => return Err(self.error("Invalid \\escape", index)),
                    });
                    index += 2;
                }
                _ => {
                    text.chars.push(c);
                    index += 1;
                }
            }
        }
    }

    /// The escape whose backslash is at `index`; returns where it ends.
    fn unicode_escape(&self, index: usize, text: &mut Text) -> Result<usize, JsonError> {
        let first = self.hex(index)?;
        let end = index + 6;
        if (0xd800..0xdc00).contains(&first) && end + 6 < self.chars.len() && self.is_word(end, "\\u") {
            let second = self.hex(end)?;
            if (0xdc00..0xe000).contains(&second) {
                let joined = 0x1_0000 + ((first - 0xd800) << 10 | (second - 0xdc00));
                text.chars.push(char::from_u32(joined).expect("a pair of surrogates is a character"));
                return Ok(end + 6);
            }
        }
        match char::from_u32(first) {
            Some(c) => text.chars.push(c),
            None => {
                text.chars.push('\u{fffd}');
                text.surrogate.get_or_insert(first);
            }
        }
        Ok(end)
    }

    fn hex(&self, index: usize) -> Result<u32, JsonError> {
        let wrong = || self.error("Invalid \\uXXXX escape", index + 1);
        // Python wants one character more than the digits.
        if index + 6 >= self.chars.len() {
            return Err(wrong());
        }
        self.chars[index + 2..index + 6]
            .iter()
            .try_fold(0, |number, c| c.to_digit(16).map(|digit| number << 4 | digit))
            .ok_or_else(wrong)
    }
}

/// Python's `repr` of a float: the shortest digits that read back, an exponent beyond 16 digits.
fn float_text(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').expect("this format has an exponent");
    let exponent: i32 = exponent.parse().expect("this format's exponent is a number");
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = format!("{number}");
    if plain.contains('.') { plain } else { plain + ".0" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(document: &str) -> String {
        decode(document).expect_err(document).to_string()
    }

    #[test]
    fn errors_are_in_pythons_words_and_places() {
        for (document, error) in [
            ("", "Expecting value: line 1 column 1 (char 0)"),
            ("{\"a\": ", "Expecting value: line 1 column 7 (char 6)"),
            ("{\n \"a\" 1}", "Expecting ':' delimiter: line 2 column 6 (char 7)"),
            ("{\"a\": 1 \"b\"}", "Expecting ',' delimiter: line 1 column 9 (char 8)"),
            ("{\"a\": 1,}", "Expecting property name enclosed in double quotes: line 1 column 9 (char 8)"),
            ("{'a': 1}", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
            ("[1, 2", "Expecting ',' delimiter: line 1 column 6 (char 5)"),
            ("[1,]", "Expecting value: line 1 column 4 (char 3)"),
            ("{} x", "Extra data: line 1 column 4 (char 3)"),
            ("\"abc", "Unterminated string starting at: line 1 column 1 (char 0)"),
            ("\"a\nb\"", "Invalid control character at: line 1 column 3 (char 2)"),
            ("\"\\x\"", "Invalid \\escape: line 1 column 2 (char 1)"),
            ("\"\\u12\"", "Invalid \\uXXXX escape: line 1 column 3 (char 2)"),
            ("[-Infinity]", "Out of range float values are not JSON compliant: '-Infinity'"),
            ("-", "Expecting value: line 1 column 1 (char 0)"),
            ("01", "Extra data: line 1 column 2 (char 1)"),
            ("nul", "Expecting value: line 1 column 1 (char 0)"),
        ] {
            assert_eq!(message(document), error, "{document}");
        }
        assert!(message(&"1".repeat(4301)).starts_with("Exceeds the limit (4300 digits)"));
        assert_eq!(message(&"[".repeat(100_000)), "nested too deeply");
    }

    #[test]
    fn values_are_what_python_makes_of_them() {
        let float = |text: &str| match decode(text).expect(text) {
            Value::Float(text) | Value::Int(text) => text,
            other => panic!("{other:?}"),
        };
        for (text, python) in [
            ("1.0", "1.0"),
            ("-0", "0"),
            ("-0.0", "-0.0"),
            ("1e3", "1000.0"),
            ("1e16", "1e+16"),
            ("123456789012345680.0", "1.2345678901234568e+17"),
            ("0.0001", "0.0001"),
            ("1.5e-5", "1.5e-05"),
            ("1e999", "inf"),
            ("12345678901234567890", "12345678901234567890"),
        ] {
            assert_eq!(float(text), python);
        }
        let text = |document: &str| match decode(document).expect(document) {
            Value::Text(text) => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(text("\"\\ud83d\\ude00\\u00e9\\n\"").chars, "\u{1f600}\u{e9}\n");
        assert_eq!(text("\"\\ud800x\"").surrogate, Some(0xd800));
    }
}
