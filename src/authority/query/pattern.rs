//! Regular expressions as Python writes them: what Django's `regex` and `iregex` on SQLite hand to Python's `re`.

use regex::Regex;

use crate::domain::filter::Matcher;

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// `$` stands in it, which in Python also matches before a last newline.
    ends: bool,
}

/// Python's `re` would refuse it, or it looks around itself.
#[derive(Debug)]
pub(super) struct Unusable;

impl Pattern {
    pub(super) fn new(python: &str, any_case: bool) -> Result<Self, Unusable> {
        let source = translate(python)?;
        let source = if any_case { format!("(?i){source}") } else { source };
        Ok(Self { regex: Regex::new(&source).map_err(|_| Unusable)?, ends: python.contains('$') })
    }
}

impl Matcher for Pattern {
    fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
            || (self.ends && text.strip_suffix('\n').is_some_and(|text| self.regex.is_match(text)))
    }
}

/// The expression, where it needs nothing that only Python's own engine can.
#[must_use]
pub fn pattern(python: &str, any_case: bool) -> Option<impl Matcher> {
    Pattern::new(python, any_case).ok()
}

/// The same expression in the words of the crate.
fn translate(python: &str) -> Result<String, Unusable> {
    let mut out = String::with_capacity(python.len() + 8);
    let mut chars = Chars { rest: python };
    let mut in_class = false;
    let mut first_in_class = false;
    // How many signs of repetition stand before this one: `*`, then `*?`; no more.
    let mut repeated = 0;
    while let Some(c) = chars.next() {
        let first = std::mem::take(&mut first_in_class);
        let repeats = !in_class && matches!(c, '*' | '+' | '?');
        if repeats && (repeated > 1 || (repeated == 1 && c == '*')) {
            return Err(Unusable);
        }
        repeated = if repeats { repeated + 1 } else { 0 };
        match c {
            '\\' => escape(&mut chars, in_class, &mut out)?,
            '[' if !in_class => {
                in_class = true;
                first_in_class = true;
                out.push('[');
                if chars.take("^") {
                    out.push('^');
                }
            }
            ']' if in_class && !first => {
                in_class = false;
                out.push(']');
            }
            // Sets in sets and their operators are not Python's.
            '[' | ']' | '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            '-' if in_class && chars.rest.starts_with('-') => out.push_str("\\-"),
            _ if in_class => out.push(c),
            '(' if chars.take("?") => group(&mut chars, &mut out)?,
            '{' => repeat(&mut chars, &mut out),
            '}' => out.push_str("\\}"),
            _ => out.push(c),
        }
    }
    Ok(out)
}

struct Chars<'a> {
    rest: &'a str,
}

impl Chars<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn take(&mut self, start: &str) -> bool {
        let rest = self.rest.strip_prefix(start);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

/// What follows a backslash. A letter without a meaning is an error.
fn escape(chars: &mut Chars<'_>, in_class: bool, out: &mut String) -> Result<(), Unusable> {
    let c = chars.next().ok_or(Unusable)?;
    match c {
        'Z' if !in_class => out.push_str("\\z"),
        'A' | 'B' if !in_class => out.extend(['\\', c]),
        'b' if in_class => out.push_str("\\x08"),
        'b' | 'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'a' | 'f' | 'n' | 'r' | 't' | 'v' => out.extend(['\\', c]),
        'x' | 'u' | 'U' => {
            let digits = match c {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let (hex, rest) = chars.rest.split_at_checked(digits).ok_or(Unusable)?;
            if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(Unusable);
            }
            chars.rest = rest;
            out.push_str(&format!("\\x{{{hex}}}"));
        }
        '0' => out.push_str("\\x00"),
        _ if c.is_ascii_alphanumeric() => return Err(Unusable),
        // Some of these would begin something of the crate's own.
        '<' | '>' | '\'' | '"' | ' ' | '/' | '_' | '`' => out.push(c),
        _ if c.is_ascii() => out.extend(['\\', c]),
        _ => out.push(c),
    }
    Ok(())
}

/// What follows `(?`.
fn group(chars: &mut Chars<'_>, out: &mut String) -> Result<(), Unusable> {
    if chars.take("#") {
        let (_, rest) = chars.rest.split_once(')').ok_or(Unusable)?;
        chars.rest = rest;
        return Ok(());
    }
    let flags = chars.rest.find(|c: char| !matches!(c, 'a' | 'i' | 'L' | 'm' | 's' | 'u' | 'x' | '-')).unwrap_or(0);
    let (given, rest) = chars.rest.split_at(flags);
    if flags > 0 && rest.starts_with([')', ':']) {
        // Text is Unicode as it is.
        let kept: String = given.chars().filter(|c| !matches!(c, 'a' | 'L' | 'u')).collect();
        chars.rest = rest;
        if kept.is_empty() && chars.take(")") {
            return Ok(());
        }
        out.push_str("(?");
        out.push_str(&kept);
        return Ok(());
    }
    // Names are Python's with a P, and nothing else begins with one.
    let known = ["P<", ":"].iter().any(|start| chars.rest.starts_with(start));
    out.push_str("(?");
    known.then_some(()).ok_or(Unusable)
}

/// What follows `{`: a repetition, or plain text.
fn repeat(chars: &mut Chars<'_>, out: &mut String) {
    let bounds = chars.rest.split_once('}').map(|(bounds, _)| bounds).filter(|bounds| {
        let (least, most) = bounds.split_once(',').unwrap_or((bounds, ""));
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        number(least) && number(most) && (bounds.contains(',') || !least.is_empty())
    });
    match bounds {
        Some(bounds) => {
            chars.rest = &chars.rest[bounds.len() + 1..];
            let zero = if bounds.starts_with(',') { "0" } else { "" };
            out.push_str(&format!("{{{zero}{bounds}}}"));
        }
        None => out.push_str("\\{"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_matches_matches() {
        for (pattern, text, found) in [
            (r"e$", "alice\n", true),
            (r"e\Z", "alice\n", false),
            (r"^[a-c[]+$", "ab[", true),
            (r"a{,2}b$", "aab", true),
            (r"{x}", "{x}", true),
            (r"\d{2}(?#two)", "a12", true),
            (r"(?i)ALICE", "alice", true),
            (r"(?iu)ALICE", "alice", true),
            (r"\u00e9", "zo\u{e9}", true),
            (r"o\'n", "o'neil", true),
            (r"[\w.+-]+@[\w-]+\.[\w.]+", "a.b@x-y.org", true),
            ("\u{c9}", "\u{e9}", false),
        ] {
            let matched = Pattern::new(pattern, false).expect(pattern).matches(text);
            assert_eq!(matched, found, "{pattern} {text:?}");
        }
        assert!(Pattern::new("\u{c9}", true).expect("a letter").matches("\u{e9}"));
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for pattern in ["[", "(", ")", "*", "a**", r"\z", r"\q", "(?<n>a)", "(?z)", "a{2,1}", r"\"] {
            assert!(Pattern::new(pattern, false).is_err(), "{pattern}");
        }
    }
}
