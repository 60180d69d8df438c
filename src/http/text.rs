//! Text as Python has it: latin-1, blanks, percent signs.

/// Decodes latin-1: each byte is the character of its number.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Python's `str.strip()`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Python's `str.isspace` for one character: Unicode's white space, and the four separators of ASCII.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

/// Decodes the percent signs of a path or of a part of a form: what is no `%XX` stays.
pub(super) fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let pair = after.get(..2).filter(|pair| *first == b'%' && pair.iter().all(u8::is_ascii_hexdigit));
        match pair {
            Some(pair) => {
                let digits = str::from_utf8(pair).expect("they are hexadecimal digits");
                bytes.push(u8::from_str_radix(digits, 16).expect("two hexadecimal digits are a byte"));
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// Django's `iri_to_uri`, for text that is printable ASCII: percent signs for what RFC 3987 does not allow.
pub(super) fn iri_to_uri(text: &str) -> String {
    let fine = |c: char| c.is_ascii_alphanumeric() || "_.-~/#%[]=:;$&()+,!?*@'".contains(c);
    text.chars().fold(String::with_capacity(text.len()), |mut uri, c| {
        match fine(c) {
            true => uri.push(c),
            false => uri.extend(c.to_string().bytes().flat_map(|byte| {
                let digits = b"0123456789ABCDEF";
                ['%', digits[usize::from(byte >> 4)].into(), digits[usize::from(byte & 15)].into()]
            })),
        }
        uri
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_that_are_none_stay() {
        assert_eq!(percent_decoded(b"/%61pi%2"), b"/api%2");
        assert_eq!(percent_decoded(b"%zz%4%41"), b"%zz%4A");
        assert_eq!(iri_to_uri("a=<b>&c=%20|"), "a=%3Cb%3E&c=%20%7C");
    }

    #[test]
    fn blanks_are_those_of_python() {
        assert_eq!(strip(" \u{1f}\u{a0}\u{3000}x y\u{85}\n"), "x y");
        assert_eq!(strip("\u{200b}x"), "\u{200b}x");
    }
}
