//! Very many rows of one commit in one piece of memory, in the order of their keys: made once, and from then on only
//! shared and copied as a whole, into the journal, onto the socket, under the eyes of readers.

use std::ops::Range;

/// Rows to be written or removed, each key once and in rising order. They stand as in the journal and on the socket: the
/// length of the key (`u32`, little-endian), the key, 1, the length of the value, the value; 0 instead of the last
/// three removes the key.
#[derive(Clone, Default)]
pub struct Run {
    bytes: Vec<u8>,
    /// Before this stands what the bytes came with.
    from: usize,
    starts: Vec<u32>,
    /// The greatest lengths of a key and of a value.
    longest: (usize, usize),
}

impl Eq for Run {}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

/// Rows that were found to stand one behind the other as a [`Run`] has them.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Where each begins.
    pub(crate) starts: Vec<u32>,
    /// The greatest lengths of a key and of a value.
    pub(crate) longest: (usize, usize),
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("rows", &self.len()).field("bytes", &self.bytes().len()).finish()
    }
}

impl Run {
    /// From so many rows on a run is worth it.
    pub const WORTH: usize = 1024;

    /// An empty one, with room.
    #[must_use]
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), from: 0, starts: Vec::with_capacity(rows), longest: (0, 0) }
    }

    /// The rows that were found at the end of these bytes.
    pub(crate) fn adopt(bytes: Vec<u8>, found: Found) -> Self {
        let from = found.starts.first().map_or(bytes.len(), |start| *start as usize);
        Self { bytes, from, starts: found.starts, longest: found.longest }
    }

    /// Adds a row behind the others; its key must be greater than theirs.
    ///
    /// # Panics
    /// Where it is not, or the run grows beyond 4 GiB: no store takes a tenth of that as one commit.
    pub fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.push_with(key, |out| match value {
            Some(value) => {
                out.extend_from_slice(value);
                true
            }
            None => false,
        });
    }

    /// [`Run::push`] of a value that `write` appends; `false` from it: the key is removed.
    pub(crate) fn push_with(&mut self, key: &[u8], write: impl FnOnce(&mut Vec<u8>) -> bool) {
        assert!(self.is_empty() || self.key(self.len() - 1) < key, "the keys of a run rise");
        let start = u32::try_from(self.bytes.len()).expect("a commit is far below 4 GiB");
        self.bytes.extend_from_slice(&length(key));
        self.bytes.extend_from_slice(key);
        let kind = self.bytes.len();
        self.bytes.extend_from_slice(&[1, 0, 0, 0, 0]);
        let from = self.bytes.len();
        let mut long = 0;
        if write(&mut self.bytes) {
            long = self.bytes.len() - from;
            let length = length(&self.bytes[from..]);
            self.bytes[kind + 1..from].copy_from_slice(&length);
        } else {
            self.bytes.truncate(kind);
            self.bytes.push(0);
        }
        self.longest = (self.longest.0.max(key.len()), self.longest.1.max(long));
        self.starts.push(start);
    }

    /// How many rows it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// All of it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.from..]
    }

    /// The greatest lengths of a key and of a value.
    #[must_use]
    pub fn longest(&self) -> (usize, usize) {
        self.longest
    }

    /// The key at a place.
    #[must_use]
    pub fn key(&self, at: usize) -> &[u8] {
        &self.bytes[self.sized(self.starts[at] as usize)]
    }

    /// The value at a place; none where the key is removed.
    #[must_use]
    pub fn value(&self, at: usize) -> Option<&[u8]> {
        let end = self.sized(self.starts[at] as usize).end;
        (self.bytes[end] == 1).then(|| &self.bytes[self.sized(end + 1)])
    }

    /// The bytes behind the length that stands at a place.
    fn sized(&self, at: usize) -> Range<usize> {
        let length = self.bytes[at..].first_chunk::<4>().expect("a length stands before each key and value");
        at + 4..at + 4 + u32::from_le_bytes(*length) as usize
    }

    /// The first place whose key is not less than this one.
    #[must_use]
    pub fn place(&self, key: &[u8]) -> usize {
        self.starts.partition_point(|start| &self.bytes[self.sized(*start as usize)] < key)
    }

    /// The place of this key.
    #[must_use]
    pub fn find(&self, key: &[u8]) -> Option<usize> {
        let last = self.len().checked_sub(1)?;
        // Most keys that are looked for are of another kind of rows.
        if key < self.key(0) || key > self.key(last) {
            return None;
        }
        Some(self.place(key)).filter(|at| self.key(*at) == key)
    }

    /// The rows at these places.
    pub fn rows(&self, places: Range<usize>) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        places.map(|at| (self.key(at), self.value(at)))
    }

    /// All rows.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.rows(0..self.len())
    }

    /// The places of the keys that begin so.
    #[must_use]
    pub fn under(&self, prefix: &[u8]) -> Range<usize> {
        self.place(prefix)..self.place(&super::prefix_end(prefix))
    }

    /// The first bytes of its keys.
    pub fn kinds(&self) -> impl Iterator<Item = u8> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let kind = *(at < self.len()).then(|| self.key(at).first())??;
            at = kind.checked_add(1).map_or(self.len(), |next| self.place(&[next]));
            Some(kind)
        })
    }

    /// Whether another one writes the same keys.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.len() == other.len() && (0..self.len()).all(|at| self.key(at) == other.key(at))
    }
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).expect("keys and values are far below 4 GiB").to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_finds_its_rows_by_key_place_and_prefix() {
        let mut run = Run::default();
        for (key, value) in [("a", Some("1")), ("b", None), ("bb", Some("")), ("c", Some("3"))] {
            run.push(key.as_bytes(), value.map(str::as_bytes));
        }
        assert_eq!((run.len(), run.longest()), (4, (2, 1)));
        assert_eq!(run.find(b"c").map(|at| run.value(at)), Some(Some(b"3".as_slice())));
        assert_eq!(run.find(b"b").map(|at| run.value(at)), Some(None));
        assert_eq!([run.find(b"ba"), run.find(b"0"), run.find(b"d")], [None; 3]);
        assert_eq!(run.under(b"b"), 1..3);
        assert_eq!(run.kinds().collect::<Vec<_>>(), b"abc");
        assert_eq!(run.rows(2..4).collect::<Vec<_>>(), [(&b"bb"[..], Some(&b""[..])), (b"c", Some(b"3"))]);
    }

    #[test]
    #[should_panic(expected = "the keys of a run rise")]
    fn a_run_takes_no_key_out_of_order() {
        let mut run = Run::default();
        run.push(b"b", None);
        run.push(b"a", None);
    }
}
