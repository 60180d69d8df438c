//! What a transaction has read and wants to write, over the store: its own writes are visible to it, and a savepoint is
//! a mark to which they can be taken back.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::query::{
    cache::Written,
    same::{Edited, Followed},
};
use crate::store::{Change, Compare, Read, Revision, Row, Run, Store, StoreError, Versioned, Write};

/// How many rows are fetched from the store at a time.
pub(super) const PAGE: usize = 512;

/// Reads by key and the value each key had when it was first read, and the writes so far.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    reads: HashMap<Vec<u8>, Option<Revision>>,
    /// What was read ahead of its being asked for.
    ahead: HashMap<Vec<u8>, Read<Option<Versioned>>>,
    /// Prefixes of keys that were read as a whole and must not have changed since.
    unchanged: Vec<Vec<u8>>,
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// The last thing that was done, where that was one statement over very many rows and nothing was written before.
    run: Arc<Run>,
    /// The same, where it gives very many rows the same values.
    edited: Option<Edited>,
    events: Vec<Vec<u8>>,
    undo: Vec<Undo>,
    /// Whether something was marked after the first write: then every write is noted in `undo`.
    marked: bool,
    /// The least and the greatest revision that any read saw.
    first: Option<Revision>,
    seen: Revision,
}

/// A key that was written, and what stood in `writes` for it before.
#[derive(Debug)]
struct Undo {
    key: Vec<u8>,
    before: Option<Option<Vec<u8>>>,
}

/// A point to which an overlay can be taken back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// None: nothing was written yet.
    undo: Option<usize>,
    events: usize,
}

impl Overlay {
    pub(super) fn seen(&self) -> Revision {
        self.seen
    }

    /// Notes that an answer rests on the store as it was at `revision`.
    pub(super) fn saw(&mut self, revision: Revision) {
        self.first = Some(self.first.map_or(revision, |first| first.min(revision)));
        self.seen = self.seen.max(revision);
    }

    /// Whether what was read by key is of several moments that do not fit together: then an answer or an error that
    /// rests on it may be true of no moment at all.
    pub(super) fn is_torn(&self, store: &dyn Store) -> Result<bool, StoreError> {
        if self.first.is_none_or(|first| first == self.seen) {
            return Ok(false);
        }
        let reads: Vec<_> = self.reads.iter().collect();
        for some in reads.chunks(PAGE) {
            let keys: Vec<_> = some.iter().map(|(key, _)| (*key).clone()).collect();
            let now = store.get_many(&keys)?.into_iter().map(|read| read.found.map(|found| found.changed));
            if !now.eq(some.iter().map(|(_, changed)| **changed)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.has_no_writes() && self.events.is_empty()
    }

    fn has_no_writes(&self) -> bool {
        self.writes.is_empty() && self.run.is_empty() && self.edited.is_none()
    }

    pub(super) fn mark(&mut self) -> Mark {
        self.spill();
        self.marked |= !self.writes.is_empty();
        Mark { undo: self.marked.then_some(self.undo.len()), events: self.events.len() }
    }

    /// Whether a row was written since then; events do not count.
    pub(super) fn wrote_since(&self, mark: Mark) -> bool {
        match mark.undo {
            Some(undo) => self.undo.len() > undo || !self.run.is_empty() || self.edited.is_some(),
            None => !self.has_no_writes(),
        }
    }

    pub(super) fn roll_back(&mut self, mark: Mark) {
        self.events.truncate(mark.events);
        // A mark ends a run: what there is of one came after.
        self.run = Arc::default();
        self.edited = None;
        let Some(undo) = mark.undo else {
            self.writes.clear();
            self.undo.clear();
            return;
        };
        for Undo { key, before } in self.undo.drain(undo..).rev() {
            match before {
                Some(value) => self.writes.insert(key, value),
                None => self.writes.remove(&key),
            };
        }
    }

    /// Reads a key, and has the commit compare it.
    pub(super) fn get(&mut self, store: &dyn Store, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.spill();
        if let Some(own) = self.writes.get(key) {
            return Ok(own.clone());
        }
        // The first read counts: what was not there then is not asked for again.
        if let Some(None) = self.reads.get(key) {
            return Ok(None);
        }
        let read = match self.ahead.get(key) {
            Some(read) => read.clone(),
            None => store.get(key)?,
        };
        self.saw(read.seen);
        // The first read counts: if the key changed between two reads, the commit must not hold.
        self.reads.entry(key.to_vec()).or_insert_with(|| read.found.as_ref().map(|v| v.changed));
        Ok(read.found.map(|Versioned { value, .. }| value))
    }

    /// Reads those of the keys that are not known yet, all at once: for [`Overlay::get`], which will ask for them.
    pub(super) fn look_ahead(&mut self, store: &dyn Store, mut keys: Vec<Vec<u8>>) -> Result<(), StoreError> {
        self.spill();
        keys.retain(|key| !self.writes.contains_key(key) && !self.ahead.contains_key(key));
        let reads = store.get_many(&keys)?;
        self.ahead.extend(keys.into_iter().zip(reads));
        Ok(())
    }

    /// Has the commit compare a key that was read as part of a range, and found as the commit `changed` had written it.
    /// `false`: it was written here since.
    pub(super) fn note(&mut self, key: &[u8], changed: Revision) -> bool {
        self.spill();
        let untouched = !self.writes.contains_key(key);
        if untouched {
            self.reads.entry(key.to_vec()).or_insert(Some(changed));
        }
        untouched
    }

    /// Gives `each` the rows of a range in order with the commits that wrote them (own writes: none), until it returns
    /// `false`. These reads are not compared.
    pub(super) fn range(
        &mut self,
        store: &dyn Store,
        from: &[u8],
        to: &[u8],
        each: impl FnMut(&[u8], &[u8], Option<Revision>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        self.pages(store, (from, to), PAGE, each)
    }

    /// The same, so many rows at a time.
    pub(super) fn pages(
        &mut self,
        store: &dyn Store,
        (from, to): (&[u8], &[u8]),
        rows: usize,
        mut each: impl FnMut(&[u8], &[u8], Option<Revision>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        self.spill();
        let mut from = from.to_vec();
        loop {
            let page = store.range(&from, to, rows)?;
            self.saw(page.seen);
            let last = page.found.len() < rows;
            let end = match page.found.last() {
                Some(row) if !last => successor(&row.key),
                Some(_) | None => to.to_vec(),
            };
            if from < end {
                let own = self.writes.range(from..end.clone());
                for (key, value, changed) in merge(page.found, own) {
                    if !each(&key, &value, changed)? {
                        return Ok(());
                    }
                }
            }
            if last {
                return Ok(());
            }
            from = end;
        }
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.spill();
        if self.marked {
            let before = self.writes.insert(key.clone(), value);
            self.undo.push(Undo { key, before });
        } else {
            self.writes.insert(key, value);
        }
    }

    /// Writes very many rows at once; where anything follows, they become rows like all others.
    pub(super) fn put_run(&mut self, run: Arc<Run>) {
        if self.has_no_writes() && run.len() >= Run::WORTH {
            self.run = run;
            return;
        }
        for (key, value) in run.iter() {
            self.put(key.to_vec(), value.map(<[u8]>::to_vec));
        }
    }

    /// Gives very many rows the same values; where anything was written before or follows, they become rows like all others.
    pub(super) fn put_edit(&mut self, edited: Edited) {
        if self.has_no_writes() {
            self.edited = Some(edited);
        } else {
            edited.spell_out(|key, record| self.put(key, Some(record)));
        }
    }

    /// The first key of the store that is not less than `from`, and less than `to`. Own writes do not count, and the read
    /// is not compared.
    pub(super) fn next_key(
        &mut self,
        store: &dyn Store,
        from: &[u8],
        to: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let page = store.range(from, to, 1)?;
        self.saw(page.seen);
        Ok(page.found.into_iter().next().map(|row| row.key))
    }

    fn spill(&mut self) {
        if !self.run.is_empty() {
            let run = std::mem::take(&mut self.run);
            for (key, value) in run.iter() {
                self.put(key.to_vec(), value.map(<[u8]>::to_vec));
            }
        }
        if let Some(edited) = self.edited.take() {
            edited.spell_out(|key, record| self.put(key, Some(record)));
        }
    }

    /// Has the commit fail where a key that begins so was written since the first read.
    pub(super) fn expect_unchanged(&mut self, prefix: Vec<u8>) {
        self.unchanged.push(prefix);
    }

    pub(super) fn event(&mut self, event: Vec<u8>) {
        self.events.push(event);
    }

    /// The writes, where they are few beside a run; the run, and the rows that get the same values.
    pub(super) fn few_writes(&self, most: usize) -> Option<(Vec<Written>, Arc<Run>, Option<Followed>)> {
        let few = self.writes.len() <= most;
        let writes = || self.writes.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let followed = || self.edited.as_ref().map(|edited| edited.followed.clone());
        few.then(|| (writes(), Arc::clone(&self.run), followed()))
    }

    /// The commit: every key that was read by key is compared.
    pub(super) fn into_change(self) -> Change {
        let compares = self.reads.into_iter().map(|(key, changed)| Compare { key, changed });
        let (mut writes, mut run) = (Vec::new(), self.run);
        if self.writes.len() < Run::WORTH {
            writes.extend(self.writes.into_iter().map(|(key, value)| Write { key, value }));
        } else {
            let size = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| 9 + key.len() + value.as_ref().map_or(0, Vec::len);
            let mut many = Run::with_capacity(self.writes.len(), self.writes.iter().map(size).sum());
            self.writes.into_iter().for_each(|(key, value)| many.push(&key, value.as_deref()));
            run = Arc::new(many);
        }
        Change {
            compares: compares.collect(),
            unchanged: self.unchanged,
            writes,
            run,
            edit: self.edited.map(|edited| edited.edit),
            read_at: self.first.unwrap_or_default(),
            events: self.events,
            syncs: false,
        }
    }
}

/// The least key after `key`.
fn successor(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// The rows of the store with the writes laid over them, both in the order of their keys; of a row of the store, also
/// who wrote it.
fn merge<'a>(
    rows: Vec<Row>,
    own: impl Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
) -> impl Iterator<Item = (Vec<u8>, Vec<u8>, Option<Revision>)> {
    let mut rows = rows.into_iter().peekable();
    let mut own = own.peekable();
    std::iter::from_fn(move || {
        loop {
            let take_own = match (rows.peek(), own.peek()) {
                (None, None) => return None,
                (Some(_), None) => false,
                (None, Some(_)) => true,
                (Some(row), Some((key, _))) => {
                    if row.key == **key {
                        rows.next();
                        true
                    } else {
                        **key < row.key
                    }
                }
            };
            if !take_own {
                return rows.next().map(|row| (row.key, row.value, Some(row.changed)));
            }
            if let Some((key, Some(value))) = own.next() {
                return Some((key.clone(), value.clone(), None));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Committed, StoreId, memory::MemoryStore};

    fn rows(overlay: &mut Overlay, store: &dyn Store) -> Vec<(String, String)> {
        let mut rows = Vec::new();
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        let each = |k: &[u8], v: &[u8], _: Option<Revision>| {
            rows.push((text(k), text(v)));
            Ok(true)
        };
        overlay.range(store, b"a", b"z", each).unwrap();
        rows
    }

    #[test]
    fn what_was_read_ahead_is_compared_like_all_other_reads() {
        let store = MemoryStore::new(StoreId([0; 16]));
        let put = |value: &str| {
            let mut other = Overlay::default();
            other.put(b"a".to_vec(), Some(value.into()));
            assert!(matches!(store.commit(other.into_change()), Ok(Committed::Applied(_))));
        };
        put("1");
        let mut overlay = Overlay::default();
        overlay.put(b"own".to_vec(), Some(b"mine".to_vec()));
        overlay.look_ahead(&store, vec![b"a".to_vec(), b"own".to_vec(), b"none".to_vec()]).unwrap();
        assert_eq!(overlay.get(&store, b"own").unwrap(), Some(b"mine".to_vec()));
        assert_eq!(overlay.get(&store, b"none").unwrap(), None);
        put("2");
        assert_eq!(overlay.get(&store, b"a").unwrap(), Some(b"1".to_vec()), "as of one moment");
        assert!(matches!(store.commit(overlay.into_change()), Ok(Committed::Conflict(_))), "which is over");
    }

    #[test]
    fn own_writes_are_seen_in_order_and_taken_back_to_a_mark() {
        let store = MemoryStore::new(StoreId([0; 16]));
        let mut first = Overlay::default();
        for n in 0..2 * PAGE {
            first.put(format!("k{n:05}").into_bytes(), Some(b"old".to_vec()));
        }
        assert!(matches!(store.commit(first.into_change()), Ok(Committed::Applied(_))));

        let mut overlay = Overlay::default();
        overlay.put(b"k00001".to_vec(), None);
        overlay.put(b"k00002".to_vec(), Some(b"new".to_vec()));
        let mark = overlay.mark();
        overlay.put(b"k00002".to_vec(), Some(b"newer".to_vec()));
        overlay.put(b"y".to_vec(), Some(b"own".to_vec()));
        let seen = rows(&mut overlay, &store);
        assert_eq!(seen.len(), 2 * PAGE);
        assert!(seen.is_sorted());
        assert_eq!(seen[1], ("k00002".into(), "newer".into()));
        assert_eq!(seen[2 * PAGE - 1], ("y".into(), "own".into()));
        overlay.roll_back(mark);
        let seen = rows(&mut overlay, &store);
        assert_eq!((seen.len(), seen[1].1.as_str()), (2 * PAGE - 1, "new"));
    }
}
