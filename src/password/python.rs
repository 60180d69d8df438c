//! The few parts of Python whose errors show through Django's hashers: unpacking, `int()`, `str.encode("ascii")`.

use super::Malformed;
use crate::domain::text::python_repr;

/// `text.split("$", at_most)`.
pub(super) fn split(text: &str, at_most: usize) -> Vec<&str> {
    text.splitn(at_most + 1, '$').collect()
}

/// `a, b, ... = parts`.
pub(super) fn unpack<'a, const N: usize>(parts: &[&'a str]) -> Result<[&'a str; N], Malformed> {
    if parts.len() > N {
        return Err(Malformed::value(format!("too many values to unpack (expected {N})")));
    }
    <[&str; N]>::try_from(parts)
        .map_err(|_| Malformed::value(format!("not enough values to unpack (expected {N}, got {})", parts.len())))
}

/// A Python integer as far as a hash can use one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Int {
    /// It fits.
    Fits(i64),
    /// Above what fits.
    Above,
    /// Below what fits.
    Below,
}

/// `int(text)`: blanks around, a sign, single underscores between digits, digits of any script.
pub(super) fn int(text: &str) -> Result<Int, Malformed> {
    let malformed = || Malformed::value(format!("invalid literal for int() with base 10: {}", python_repr(text)));
    let trimmed = text.trim_matches(is_space);
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let mut value: Option<i64> = Some(0);
    let mut after_digit = false;
    for c in digits.chars() {
        if c == '_' && after_digit {
            after_digit = false;
            continue;
        }
        let digit = decimal(c).ok_or_else(malformed)?;
        value = value.and_then(|v| v.checked_mul(10)?.checked_add(digit.into()));
        after_digit = true;
    }
    if !after_digit {
        return Err(malformed());
    }
    Ok(match (value, negative) {
        (Some(value), true) => Int::Fits(-value),
        (Some(value), false) => Int::Fits(value),
        (None, true) => Int::Below,
        (None, false) => Int::Above,
    })
}

/// What `str.strip()` takes away: beyond Unicode's white space also the four separators of ASCII.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The value of a decimal digit of any script. They come in rows of ten, each beginning with its zero.
fn decimal(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let zero = super::digits::zero_of(c)?;
    Some(u32::from(c) - zero)
}

/// `text.encode("ascii")`.
pub(super) fn ascii(text: &str) -> Result<&str, Malformed> {
    let Some((position, found)) = text.chars().enumerate().find(|(_, c)| !c.is_ascii()) else { return Ok(text) };
    let code = u32::from(found);
    let escaped = match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    };
    // One wrong character is named; a run of them is counted.
    let run = text.chars().skip(position).take_while(|c| !c.is_ascii()).count();
    let what = if run == 1 {
        format!("character '{escaped}' in position {position}")
    } else {
        format!("characters in position {position}-{}", position + run - 1)
    };
    Err(Malformed {
        exception: "UnicodeEncodeError",
        message: format!("'ascii' codec can't encode {what}: ordinal not in range(128)"),
    })
}
