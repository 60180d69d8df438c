//! How alike a password and a user's attribute are: Python's `SequenceMatcher.quick_ratio`.

use std::collections::HashMap;

/// From this ratio on a password is refused.
const TOO_SIMILAR: f64 = 0.7;

/// Whether `password` resembles `value` or a word of it, as `UserAttributeSimilarityValidator` tells. Both are
/// compared in lower case.
pub(super) fn too_similar(password: &str, value: &str) -> bool {
    let password = password.to_lowercase();
    let value = value.to_lowercase();
    // Python's split leaves an empty word where the value begins or ends with a separator; to an empty password
    // that one is alike.
    let ends = if value.starts_with(is_word) && value.ends_with(is_word) { None } else { Some("") };
    let parts = value.split(|c| !is_word(c)).filter(|part| !part.is_empty());
    parts
        .chain(ends)
        .chain([value.as_str()])
        .any(|part| !far_longer(&password, part) && quick_ratio(&password, part) >= TOO_SIMILAR)
}

/// `\w` of Python's `re`, for one character: a letter, a number of any kind, or the underscore. Unlike
/// `char::is_alphanumeric` without combining marks, which Python takes for the end of a word.
fn is_word(c: char) -> bool {
    c == '_' || (c.is_alphanumeric() && !is_mark(c))
}

/// Marks that Unicode calls alphabetic.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// The password is so much longer that the ratio cannot be high: Django's `exceeds_maximum_length_ratio`.
fn far_longer(password: &str, value: &str) -> bool {
    let (password, value) = (password.chars().count(), value.chars().count());
    let bound = TOO_SIMILAR / 2.0 * count(password);
    password >= 10 * value && count(value) < bound
}

/// Twice the characters in common by the characters of both; 1 for two empty texts.
fn quick_ratio(a: &str, b: &str) -> f64 {
    let total = a.chars().count() + b.chars().count();
    if total == 0 {
        return 1.0;
    }
    let mut left: HashMap<char, usize> = HashMap::new();
    for c in b.chars() {
        *left.entry(c).or_default() += 1;
    }
    let in_common = a
        .chars()
        .filter(|c| {
            left.get_mut(c).filter(|n| **n > 0).is_some_and(|n| {
                *n -= 1;
                true
            })
        })
        .count();
    2.0 * count(in_common) / count(total)
}

fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}
