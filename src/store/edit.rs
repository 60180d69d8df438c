//! The same change of very many values, said once for all of them: which rows, and which parts of their values become
//! what. Short in the journal and on the socket however many the rows are.
//!
//! It may be applied again and again: a row that was written by this change or a later one is left as it is.

use super::{Revision, prefix_end};

/// A part of a value, in the order in which the parts stand in it. What follows the last one stays.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// These bytes stand here. A value with others is of another kind, and stays.
    Is(Vec<u8>),
    /// So many bytes stay.
    Keep(u32),
    /// A length (`u32`, little-endian) and so many bytes behind it stay.
    KeepSized,
    /// These bytes come in the place of as many.
    Set(Vec<u8>),
    /// These bytes, with their length before them, come in the place of some with their length before them.
    SetSized(Vec<u8>),
    /// Of the bits of one byte, some are cleared, then some are set.
    Bits {
        /// The former.
        clear: u8,
        /// The latter.
        set: u8,
    },
    /// These bytes come in the place of all that follow.
    SetRest(Vec<u8>),
}

impl Part {
    /// The bytes that it brings or asks for.
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Is(bytes) | Self::Set(bytes) | Self::SetSized(bytes) | Self::SetRest(bytes) => bytes,
            Self::Keep(_) | Self::KeepSized | Self::Bits { .. } => &[],
        }
    }

    /// Whether it is of the same bytes as one at the same place, and nothing is left of what that one does there.
    fn hides(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Set(mine), Self::Set(theirs)) => mine.len() == theirs.len(),
            (Self::Set(mine), Self::Keep(kept)) => mine.len() == *kept as usize,
            (Self::SetSized(_), Self::SetSized(_) | Self::KeepSized) | (Self::SetRest(_), Self::SetRest(_)) => true,
            (Self::Bits { clear, set }, Self::Bits { clear: cleared, set: given }) => {
                (cleared | given) & !(clear | set) == 0
            }
            (mine, theirs) => mine == theirs && matches!(mine, Self::Is(_) | Self::Keep(_) | Self::KeepSized),
        }
    }
}

/// A change of the values of all rows that there are in spans of keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edit {
    spans: Vec<(Vec<u8>, Vec<u8>)>,
    parts: Vec<Part>,
    rows: u64,
}

impl Edit {
    /// So many bytes it may bring to a value, which may become longer than [`super::MAX_VALUE`] by that: whoever makes an
    /// edit looks at what there is.
    pub const MOST: usize = 2048;

    /// Of the rows from each first key up to and with its last one, about so many rows in all. None where the spans do
    /// not rise.
    #[must_use]
    pub fn new(spans: Vec<(Vec<u8>, Vec<u8>)>, parts: Vec<Part>, rows: u64) -> Option<Self> {
        let rise =
            spans.iter().all(|(first, last)| first <= last) && spans.is_sorted_by(|(_, last), (next, _)| last < next);
        (rise && !spans.is_empty()).then_some(Self { spans, parts, rows })
    }

    /// First and last keys.
    #[must_use]
    pub fn spans(&self) -> &[(Vec<u8>, Vec<u8>)] {
        &self.spans
    }

    /// What becomes of a value.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// About how many rows there are in the spans.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let keys = self.spans.iter().map(|(first, last)| first.len() + last.len() + 64).sum::<usize>();
        keys + self.brought() + 64 * self.parts.len()
    }

    /// How many bytes it brings to each value.
    pub(crate) fn brought(&self) -> usize {
        self.parts.iter().map(|part| part.bytes().len()).sum()
    }

    /// The length of its longest key.
    pub(crate) fn longest_key(&self) -> usize {
        self.spans.iter().map(|(first, last)| first.len().max(last.len())).max().unwrap_or(0)
    }

    /// The first bytes that its keys may have.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = u8> {
        let kind = |key: &[u8]| key.first().copied().unwrap_or(0);
        self.spans.iter().flat_map(move |(first, last)| kind(first)..=kind(last))
    }

    /// Whether a key lies in one of the spans.
    #[must_use]
    pub fn covers(&self, key: &[u8]) -> bool {
        let at = self.spans.partition_point(|(_, last)| last.as_slice() < key);
        self.spans.get(at).is_some_and(|(first, _)| first.as_slice() <= key)
    }

    /// Whether a key that begins so may lie in one of the spans.
    #[must_use]
    pub fn touches(&self, prefix: &[u8]) -> bool {
        let end = prefix_end(prefix);
        self.spans.iter().any(|(first, last)| last.as_slice() >= prefix && *first < end)
    }

    /// The new value; none where it is of another kind: then the row stays as it is.
    #[must_use]
    pub fn apply(&self, value: &[u8]) -> Option<Vec<u8>> {
        let mut new = Vec::with_capacity(value.len() + self.brought());
        let mut rest = value;
        for part in &self.parts {
            match part {
                Part::Is(bytes) => {
                    rest = rest.strip_prefix(bytes.as_slice())?;
                    new.extend_from_slice(bytes);
                }
                Part::Keep(length) => new.extend_from_slice(take(&mut rest, *length as usize)?),
                Part::KeepSized => {
                    let whole = sized(rest)?;
                    new.extend_from_slice(take(&mut rest, whole)?);
                }
                Part::Set(bytes) => {
                    take(&mut rest, bytes.len())?;
                    new.extend_from_slice(bytes);
                }
                Part::SetSized(bytes) => {
                    let whole = sized(rest)?;
                    take(&mut rest, whole)?;
                    new.extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_le_bytes());
                    new.extend_from_slice(bytes);
                }
                Part::Bits { clear, set } => {
                    let byte = *take(&mut rest, 1)?.first()?;
                    new.push(byte & !clear | set);
                }
                Part::SetRest(bytes) => {
                    rest = &[];
                    new.extend_from_slice(bytes);
                }
            }
        }
        new.extend_from_slice(rest);
        Some(new)
    }

    /// [`Edit::apply`], where it was made at `revision`, to a row that was written at `changed`.
    pub(crate) fn amended(&self, revision: Revision, key: &[u8], changed: Revision, value: &[u8]) -> Option<Vec<u8>> {
        if changed < revision && self.covers(key) { self.apply(value) } else { None }
    }

    /// Whether nothing is left of an earlier one: the same rows, and no part that that one changed and this one leaves.
    #[must_use]
    pub fn hides(&self, earlier: &Self) -> bool {
        self.spans == earlier.spans
            && self.parts.len() == earlier.parts.len()
            && self.parts.iter().zip(&earlier.parts).all(|(mine, theirs)| mine.hides(theirs))
    }
}

/// So many of the first bytes.
fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

/// How many bytes a length and what it is of take.
fn sized(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(*bytes.first_chunk()?);
    usize::try_from(length).ok()?.checked_add(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(parts: Vec<Part>) -> Edit {
        let span = |first: &str, last: &str| (first.into(), last.into());
        Edit::new(vec![span("b", "d"), span("f", "f")], parts, 4).expect("the spans rise")
    }

    #[test]
    fn parts_are_replaced_and_all_else_stays() {
        let value = [&[1, 7, 7, 2, 0, 0, 0][..], b"ab", &[0b101], &[3, 0, 0, 0], b"abc", b"rest"].concat();
        let parts = vec![
            Part::Is(vec![1]),
            Part::Set(vec![8, 9]),
            Part::SetSized(b"long".to_vec()),
            Part::Bits { clear: 0b100, set: 0b10 },
            Part::KeepSized,
            Part::Keep(1),
        ];
        let wanted = [&[1, 8, 9, 4, 0, 0, 0][..], b"long", &[0b11], &[3, 0, 0, 0], b"abc", b"rest"].concat();
        assert_eq!(edit(parts.clone()).apply(&value), Some(wanted.clone()));
        assert_eq!(edit(parts.clone()).apply(&wanted), Some(wanted), "twice is as once");
        let end = edit([parts, vec![Part::SetRest(b"!".to_vec())]].concat());
        assert!(end.apply(&value).is_some_and(|new| new.ends_with(b"abcr!")));
    }

    #[test]
    fn a_value_of_another_kind_stays_as_it_is() {
        for (parts, value) in [
            (vec![Part::Is(vec![1])], &[2_u8][..]),
            (vec![Part::Keep(3)], &[1, 2]),
            (vec![Part::KeepSized], &[9, 0, 0, 0, 1]),
            (vec![Part::KeepSized], &[255, 255, 255, 255, 1]),
            (vec![Part::SetSized(vec![])], &[0, 0, 0]),
            (vec![Part::Bits { clear: 0, set: 1 }], &[]),
        ] {
            assert_eq!(edit(parts).apply(value), None);
        }
    }

    #[test]
    fn its_rows_are_those_in_its_spans() {
        let edit = edit(vec![]);
        let covered = ["a", "b", "bb", "d", "da", "e", "f", "g"].map(|key| edit.covers(key.as_bytes()));
        assert_eq!(covered, [false, true, true, true, false, false, true, false]);
        let touched = ["", "a", "c", "da", "f", "fa"].map(|prefix| edit.touches(prefix.as_bytes()));
        assert_eq!(touched, [true, false, true, false, true, false]);
        assert_eq!(edit.kinds().collect::<Vec<_>>(), b"bcdf");
        let span = |first: &str, last: &str| (first.into(), last.into());
        assert_eq!(Edit::new(vec![span("b", "d"), span("d", "e")], vec![], 1), None);
        assert_eq!(Edit::new(vec![span("b", "a")], vec![], 1), None);
    }

    #[test]
    fn an_edit_hides_an_earlier_one_only_where_nothing_of_that_is_left() {
        let one = edit(vec![Part::Keep(1), Part::SetSized(b"a".to_vec()), Part::Bits { clear: 2, set: 0 }]);
        let same = edit(vec![Part::Keep(1), Part::SetSized(b"b".to_vec()), Part::Bits { clear: 1, set: 2 }]);
        let other = edit(vec![Part::Set(b"xy".to_vec()), Part::KeepSized, Part::Bits { clear: 1, set: 2 }]);
        assert!(same.hides(&one) && one.hides(&one));
        assert!(!one.hides(&same) && !other.hides(&one) && !one.hides(&other));
        let more = edit(vec![Part::Set(b"x".to_vec()), Part::SetSized(vec![]), Part::Bits { clear: 3, set: 0 }]);
        assert!(more.hides(&one) && more.hides(&same) && !one.hides(&more));
        let fewer = Edit::new(vec![(b"b".to_vec(), b"d".to_vec())], same.parts().to_vec(), 3).expect("a span");
        assert!(!fewer.hides(&one));
    }
}
