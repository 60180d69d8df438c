//! Bytes of the journal, of the files beside it and of the socket: little-endian numbers, lengths before texts.

use super::super::{Change, Compare, Edit, Part, Revision, Run, Write, run::Found};

/// Collects bytes.
#[derive(Debug, Default)]
pub(super) struct Out(pub(super) Vec<u8>);

impl Out {
    pub(super) fn u8(&mut self, n: u8) {
        self.0.push(n);
    }

    pub(super) fn u32(&mut self, n: u32) {
        self.0.extend_from_slice(&n.to_le_bytes());
    }

    pub(super) fn u64(&mut self, n: u64) {
        self.0.extend_from_slice(&n.to_le_bytes());
    }

    pub(super) fn count(&mut self, n: usize) {
        self.u64(n as u64);
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.u32(u32::try_from(bytes.len()).expect("keys, values and texts are checked to be far below 4 GiB"));
        self.raw(bytes);
    }

    pub(super) fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.u8(value.is_some().into());
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub(super) fn writes(&mut self, writes: &[Write]) {
        self.writes_before(writes, &Run::default());
    }

    /// Writes behind which those of a run are to stand, as they are.
    pub(super) fn writes_before(&mut self, writes: &[Write], run: &Run) {
        self.count(writes.len() + run.len());
        for write in writes {
            self.bytes(&write.key);
            self.maybe(write.value.as_deref(), Self::bytes);
        }
    }

    pub(super) fn change(&mut self, change: &Change) {
        self.count(change.compares.len());
        for compare in &change.compares {
            self.bytes(&compare.key);
            self.maybe(compare.changed, |out, r| out.u64(r.0));
        }
        self.count(change.unchanged.len());
        for prefix in &change.unchanged {
            self.bytes(prefix);
        }
        self.writes_before(&change.writes, &change.run);
        self.raw(change.run.bytes());
        self.u64(change.read_at.0);
        self.count(change.events.len());
        for event in &change.events {
            self.bytes(event);
        }
        self.u8(change.syncs.into());
        self.maybe(change.edit.as_deref(), Self::edit);
    }

    pub(super) fn edit(&mut self, edit: &Edit) {
        self.u64(edit.rows());
        self.count(edit.spans().len());
        for (first, last) in edit.spans() {
            self.bytes(first);
            self.bytes(last);
        }
        self.count(edit.parts().len());
        for part in edit.parts() {
            let (kind, bytes): (u8, &[u8]) = match part {
                Part::Is(bytes) => (1, bytes),
                Part::Keep(length) => (2, &length.to_le_bytes()),
                Part::KeepSized => (3, &[]),
                Part::Set(bytes) => (4, bytes),
                Part::SetSized(bytes) => (5, bytes),
                Part::Bits { clear, set } => (6, &[*clear, *set]),
                Part::SetRest(bytes) => (7, bytes),
            };
            self.u8(kind);
            self.bytes(bytes);
        }
    }
}

/// Takes bytes apart; `None` wherever they do not fit.
#[derive(Debug)]
pub(super) struct In<'a>(pub(super) &'a [u8]);

impl<'a> In<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[n]| n)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    pub(super) fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.u8()? {
            0 => Some(None),
            1 => read(self).map(Some),
            _ => None,
        }
    }

    /// Reads a list whose items take at least one byte each, so that a lying count cannot reserve memory.
    pub(super) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = usize::try_from(self.u64()?).ok().filter(|n| *n <= self.0.len())?;
        let mut list = Vec::with_capacity(count.min(1024));
        for _ in 0..count {
            list.push(read(self)?);
        }
        Some(list)
    }

    pub(super) fn writes(&mut self) -> Option<Vec<Write>> {
        self.list(|bytes| {
            let key = bytes.bytes()?.to_vec();
            Some(Write { key, value: bytes.maybe(|b| b.bytes().map(<[u8]>::to_vec))? })
        })
    }

    /// Writes; where very many at the end of them stand in the order of their keys, those as a run would have them, their
    /// starts counted from `whole`, which these bytes are the end of.
    pub(super) fn writes_and_found(&mut self, whole: usize) -> Option<(Vec<Write>, Found)> {
        let mut looking = In(self.0);
        let (count, mut from) = (looking.u64()?, 0);
        let mut found = Found::default();
        let mut before: Option<&[u8]> = None;
        for at in 0..count {
            let start = whole.checked_sub(looking.0.len())?;
            let key = looking.bytes()?;
            if before.is_some_and(|before| before >= key) {
                from = at;
                found = Found::default();
            }
            before = Some(key);
            let value = looking.maybe(Self::bytes)?.unwrap_or_default();
            found.starts.push(u32::try_from(start).ok()?);
            found.longest = (found.longest.0.max(key.len()), found.longest.1.max(value.len()));
        }
        if found.starts.len() < Run::WORTH {
            return Some((self.writes()?, Found::default()));
        }
        self.u64()?;
        let mut writes = Vec::new();
        for _ in 0..from {
            let key = self.bytes()?.to_vec();
            writes.push(Write { key, value: self.maybe(|b| b.bytes().map(<[u8]>::to_vec))? });
        }
        self.0 = looking.0;
        Some((writes, found))
    }

    /// The same, with a run of its own.
    fn writes_and_run(&mut self) -> Option<(Vec<Write>, Run)> {
        let all = self.0;
        let (writes, mut found) = self.writes_and_found(all.len())?;
        let end = all.len() - self.0.len();
        let begin = found.starts.first().map_or(end, |start| *start as usize);
        found.starts.iter_mut().for_each(|start| *start -= u32::try_from(begin).unwrap_or(0));
        Some((writes, Run::adopt(all[begin..end].to_vec(), found)))
    }

    pub(super) fn change(&mut self) -> Option<Change> {
        let compares = self.list(|bytes| {
            let key = bytes.bytes()?.to_vec();
            Some(Compare { key, changed: bytes.maybe(Self::u64)?.map(Revision) })
        })?;
        let unchanged = self.list(|bytes| bytes.bytes().map(<[u8]>::to_vec))?;
        let (writes, run) = self.writes_and_run()?;
        let read_at = Revision(self.u64()?);
        let events = self.list(|bytes| bytes.bytes().map(<[u8]>::to_vec))?;
        let syncs = match self.u8()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let edit = self.maybe(Self::edit)?.map(Into::into);
        Some(Change { compares, unchanged, writes, run: run.into(), edit, read_at, events, syncs })
    }

    pub(super) fn edit(&mut self) -> Option<Edit> {
        let rows = self.u64()?;
        let spans = self.list(|bytes| Some((bytes.bytes()?.to_vec(), bytes.bytes()?.to_vec())))?;
        let parts = self.list(|bytes| {
            let (kind, bytes) = (bytes.u8()?, bytes.bytes()?);
            Some(match (kind, bytes) {
                (1, bytes) => Part::Is(bytes.to_vec()),
                (2, bytes) => Part::Keep(u32::from_le_bytes(bytes.try_into().ok()?)),
                (3, []) => Part::KeepSized,
                (4, bytes) => Part::Set(bytes.to_vec()),
                (5, bytes) => Part::SetSized(bytes.to_vec()),
                (6, [clear, set]) => Part::Bits { clear: *clear, set: *set },
                (7, bytes) => Part::SetRest(bytes.to_vec()),
                _ => return None,
            })
        })?;
        Edit::new(spans, parts, rows)
    }

    pub(super) fn end<T>(&self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}
