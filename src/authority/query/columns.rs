//! Columns of rows that were read as a whole: texts one behind the other and numbers in a row, so that a condition or
//! an order over very many rows looks at nothing else.

use std::collections::BinaryHeap;

use memchr::memmem;

use super::{Row, compare};
use crate::domain::{Value, filter::Op};

/// The texts of a field, ASCII letters small, each behind the one before it.
#[derive(Debug)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// Where the text of each row ends, with the byte behind it that no text holds.
    ends: Vec<usize>,
}

/// Stands behind each text: a byte that occurs in no UTF-8.
const END: u8 = 0xff;

impl Texts {
    /// The texts of the field of rows; none where not every row has one.
    pub(super) fn of<'r>(rows: impl Iterator<Item = &'r Row>, field: usize) -> Option<Self> {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for row in rows {
            let text = row.text(field)?;
            bytes.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
            bytes.push(END);
            ends.push(bytes.len());
        }
        Some(Self { bytes, ends })
    }

    /// The places of the rows whose text may be like what is wanted: all that are, and few others.
    pub(super) fn like(&self, op: Op, wanted: &str) -> Vec<usize> {
        let wanted = wanted.to_ascii_lowercase();
        if wanted.is_empty() {
            return (0..self.ends.len()).collect();
        }
        let mut places = Vec::new();
        let mut from = 0;
        let finder = memmem::Finder::new(wanted.as_bytes());
        while let Some(at) = finder.find(&self.bytes[from..]) {
            let place = self.ends.partition_point(|end| *end <= from + at);
            let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
            let text = &self.bytes[start..self.ends[place] - 1];
            if std::str::from_utf8(text).is_ok_and(|text| compare::like(text, op, &wanted)) {
                places.push(place);
            }
            from = self.ends[place];
        }
        places
    }
}

/// The places of texts in the order of their bytes; equal ones keep theirs.
pub(super) fn in_order(texts: &[&str]) -> Vec<usize> {
    let Some(first) = texts.first() else { return Vec::new() };
    let alike = |text: &&str| first.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
    let common = texts.iter().map(alike).min().unwrap_or(0);
    let rest = |place: usize| &texts[place].as_bytes()[common..];
    // Mostly the eight bytes behind what all have in common tell two texts apart.
    let head = |place: usize| {
        let mut head = [0; 8];
        let bytes = rest(place);
        let length = bytes.len().min(8);
        head[..length].copy_from_slice(&bytes[..length]);
        u64::from_be_bytes(head)
    };
    let mut keyed: Vec<(u64, usize)> = (0..texts.len()).map(|place| (head(place), place)).collect();
    keyed.sort_unstable_by(|(a, x), (b, y)| a.cmp(b).then_with(|| rest(*x).cmp(rest(*y))).then(x.cmp(y)));
    keyed.into_iter().map(|(_, place)| place).collect()
}

/// The numbers of a field by which rows are ordered: moments, whole numbers, switches. What is missing is the least.
#[derive(Debug)]
pub(super) struct Numbers(Vec<i64>);

impl Numbers {
    /// The numbers of the field of rows; none where they are no such numbers.
    pub(super) fn of<'r>(rows: impl Iterator<Item = &'r Row>, field: usize) -> Option<Self> {
        let mut kind = None;
        let numbers = rows.map(|row| {
            let (mine, number) = match &*row.value(field) {
                Value::Null => return Some(i64::MIN),
                Value::Bool(yes) => (0, i64::from(*yes)),
                Value::Int(n) => (0, *n),
                Value::Time(at) => (1, at.0),
                Value::Float(_) | Value::Text(_) | Value::Date(_) | Value::Clock(_) | Value::Span(_) => return None,
            };
            (*kind.get_or_insert(mine) == mine && number != i64::MIN).then_some(number)
        });
        numbers.collect::<Option<_>>().map(Self)
    }

    /// The places of the first `top` rows in the order of the numbers, where equal ones keep their order; those places
    /// in rising order.
    pub(super) fn first(&self, top: usize, descending: bool) -> Vec<usize> {
        let mut kept: BinaryHeap<(i128, usize)> = BinaryHeap::with_capacity(top + 1);
        for (place, number) in self.0.iter().enumerate() {
            let key = if descending { -i128::from(*number) } else { i128::from(*number) };
            if kept.len() < top {
                kept.push((key, place));
            } else if kept.peek().is_some_and(|last| (key, place) < *last) {
                kept.pop();
                kept.push((key, place));
            }
        }
        let mut places: Vec<usize> = kept.into_iter().map(|(_, place)| place).collect();
        places.sort_unstable();
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_in_the_order_of_their_bytes_whatever_they_have_in_common() {
        let texts =
            ["user10", "user1", "user", "user9", "user1000000001", "user1000000000", "user1\0", "user1", "us\u{e9}"];
        let mut wanted: Vec<usize> = (0..texts.len()).collect();
        wanted.sort_by_key(|place| texts[*place]);
        assert_eq!(in_order(&texts), wanted);
        assert_eq!(in_order(&["b", "a"]), [1, 0]);
        assert!(in_order(&[]).is_empty());
    }
}
