//! The commits that the tree does not have yet: single rows in a map, and runs of very many as they came.
//!
//! A key that stands in several places has its newest value where the revision is the greatest. In the map it never
//! stands with an older one than in a run: [`Layers::lay`] sees to that.

use std::{
    collections::{BTreeMap, btree_map},
    iter::Peekable,
    ops::Bound,
    sync::Arc,
};

use super::super::{Revision, Versioned, Write, run::Run};

/// From so many bytes on it is looked at whether a run is in the place of an older one.
const CROWDED: usize = 16 << 20;

/// A reader looks into each run: what comes after so many goes into the map.
const MOST: usize = 16;

/// A key as a commit left it: with a value, or removed.
#[derive(Debug)]
struct Slot {
    changed: Revision,
    value: Option<Vec<u8>>,
}

/// The layers.
#[derive(Debug, Default)]
pub(super) struct Layers {
    map: BTreeMap<Vec<u8>, Slot>,
    /// Oldest first.
    runs: Vec<(Revision, Arc<Run>)>,
    /// About how much memory the map takes.
    single_bytes: usize,
}

/// A row of the layers: its key, the commit that wrote it, the value or none where it is removed.
pub(super) type Layered<'a> = (&'a [u8], Revision, Option<&'a [u8]>);

impl Layers {
    /// How many rows, those that stand twice counted twice.
    pub(super) fn len(&self) -> usize {
        self.map.len() + self.runs.iter().map(|(_, run)| run.len()).sum::<usize>()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.map.is_empty() && self.runs.is_empty()
    }

    /// About how much memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.single_bytes + self.runs.iter().map(|(_, run)| run.bytes().len() + 4 * run.len()).sum::<usize>()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The newest value of a key, or that it was removed; none where the tree knows.
    pub(super) fn get(&self, key: &[u8]) -> Option<(Revision, Option<&[u8]>)> {
        let single = self.map.get(key).map(|slot| (slot.changed, slot.value.as_deref()));
        if single.is_some() {
            return single;
        }
        self.runs.iter().rev().find_map(|(changed, run)| run.find(key).map(|at| (*changed, run.value(at))))
    }

    /// The rows of a range in order, each with its newest value.
    pub(super) fn range<'a>(&'a self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> Merged<'a> {
        let runs = self.runs.iter().map(|(changed, run)| {
            let start = match from {
                Bound::Unbounded => 0,
                Bound::Included(key) => run.place(key),
                Bound::Excluded(key) => run.place(key) + usize::from(run.find(key).is_some()),
            };
            let end = match to {
                Bound::Unbounded => run.len(),
                Bound::Included(key) => run.place(key) + usize::from(run.find(key).is_some()),
                Bound::Excluded(key) => run.place(key),
            };
            Cursor { changed: *changed, run, at: start, end: end.max(start) }
        });
        Merged { runs: runs.collect(), map: self.map.range::<[u8], _>((from, to)).peekable() }
    }

    /// Puts single rows of a commit over what is there.
    pub(super) fn put(&mut self, revision: Revision, write: Write) {
        self.single_bytes += weight(&write.key, write.value.as_deref());
        let slot = Slot { changed: revision, value: write.value };
        if let Some(old) = self.map.get_mut(&write.key) {
            self.single_bytes -= weight(&write.key, old.value.as_deref());
            *old = slot;
        } else {
            self.map.insert(write.key, slot);
        }
    }

    /// Lays very many rows of a commit over what is there. None of them is among its single rows.
    pub(super) fn lay(&mut self, revision: Revision, run: Arc<Run>) {
        let Some(last) = run.len().checked_sub(1) else { return };
        let bounds = (Bound::Included(run.key(0)), Bound::Included(run.key(last)));
        let within = self.map.range::<[u8], _>(bounds);
        let old: Vec<Vec<u8>> = within.filter(|(key, _)| run.find(key).is_some()).map(|(key, _)| key.clone()).collect();
        for key in old {
            self.take(&key);
        }
        // Rows that are written again and again, all of them each time, do not pile up.
        if self.bytes() + run.bytes().len() > CROWDED || self.runs.len() >= MOST {
            self.runs.retain(|(_, old)| !old.covers(&run));
        }
        if self.runs.len() < MOST {
            self.runs.push((revision, run));
            return;
        }
        for (key, value) in run.iter() {
            self.put(revision, Write { key: key.to_vec(), value: value.map(<[u8]>::to_vec) });
        }
    }

    fn take(&mut self, key: &[u8]) {
        if let Some(slot) = self.map.remove(key) {
            self.single_bytes -= weight(key, slot.value.as_deref());
        }
    }

    /// Takes off what the tree has by now, single rows at most `limit`, from the given key on. Returns where to go on.
    pub(super) fn settle(&mut self, upto: Revision, from: Bound<Vec<u8>>, limit: usize) -> Option<Vec<u8>> {
        self.runs.retain(|(changed, _)| *changed > upto);
        let mut next = None;
        let mut done = Vec::new();
        for (n, (key, slot)) in self.map.range((from, Bound::Unbounded)).enumerate() {
            if n == limit {
                next = Some(key.clone());
                break;
            }
            if slot.changed <= upto {
                done.push(key.clone());
            }
        }
        for key in done {
            self.take(&key);
        }
        next
    }
}

pub(super) fn weight(key: &[u8], value: Option<&[u8]>) -> usize {
    // About what a row takes in the map besides its bytes.
    key.len() + value.map_or(0, <[u8]>::len) + 96
}

/// A row as readers get it; none where it is removed.
pub(super) fn versioned((changed, value): (Revision, Option<&[u8]>)) -> Option<Versioned> {
    value.map(|value| Versioned { value: value.to_vec(), changed })
}

struct Cursor<'a> {
    changed: Revision,
    run: &'a Run,
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    fn key(&self) -> Option<&'a [u8]> {
        (self.at < self.end).then(|| self.run.key(self.at))
    }
}

/// The rows of the layers in order.
pub(super) struct Merged<'a> {
    map: Peekable<btree_map::Range<'a, Vec<u8>, Slot>>,
    runs: Vec<Cursor<'a>>,
}

impl<'a> Iterator for Merged<'a> {
    type Item = Layered<'a>;

    fn next(&mut self) -> Option<Layered<'a>> {
        let single = self.map.peek().map(|&(key, _)| key.as_slice());
        let least = self.runs.iter().filter_map(Cursor::key).chain(single).min()?;
        let mut newest: Option<(Revision, Option<&[u8]>)> = None;
        for cursor in &mut self.runs {
            if cursor.key() == Some(least) {
                // Later runs are newer.
                newest = Some((cursor.changed, cursor.run.value(cursor.at)));
                cursor.at += 1;
            }
        }
        if single == Some(least)
            && let Some((_, slot)) = self.map.next()
        {
            newest = Some((slot.changed, slot.value.as_deref()));
        }
        newest.map(|(changed, value)| (least, changed, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rows: &[(&str, Option<&str>)]) -> Arc<Run> {
        let mut run = Run::default();
        rows.iter().for_each(|(key, value)| run.push(key.as_bytes(), value.map(str::as_bytes)));
        Arc::new(run)
    }

    fn put(layers: &mut Layers, revision: u64, key: &str, value: Option<&str>) {
        let value = value.map(|value| value.as_bytes().to_vec());
        layers.put(Revision(revision), Write { key: key.into(), value });
    }

    fn seen(layers: &Layers) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let row = |(key, changed, value): Layered<'_>| {
            assert_eq!(layers.get(key), Some((changed, value)), "one row and many are read alike");
            format!("{}{}{} ", text(key), changed.0, value.map_or("-".into(), text))
        };
        layers.range(Bound::Unbounded, Bound::Unbounded).map(row).collect()
    }

    #[test]
    fn the_newest_of_a_key_is_seen_wherever_it_stands_and_nothing_old_comes_back() {
        let mut layers = Layers::default();
        put(&mut layers, 1, "b", Some("x"));
        put(&mut layers, 1, "e", Some("x"));
        layers.lay(Revision(2), run(&[("a", Some("y")), ("b", Some("y")), ("c", None)]));
        put(&mut layers, 3, "a", None);
        layers.lay(Revision(4), run(&[("c", Some("z")), ("d", Some("z"))]));
        assert_eq!(seen(&layers), "a3- b2y c4z d4z e1x ");
        let bounds = (Bound::Excluded(&b"a"[..]), Bound::Excluded(&b"d"[..]));
        assert_eq!(layers.range(bounds.0, bounds.1).count(), 2);
        assert_eq!(layers.settle(Revision(2), Bound::Unbounded, 10), None);
        assert_eq!(seen(&layers), "a3- c4z d4z ");
        assert_eq!(layers.settle(Revision(4), Bound::Unbounded, 10), None);
        assert!(layers.is_empty());
        assert_eq!(layers.bytes(), 0);
    }

    #[test]
    fn rows_that_are_all_written_again_do_not_pile_up() {
        let mut layers = Layers::default();
        for revision in 1..=1000 {
            layers.lay(Revision(revision), run(&[("a", Some("y")), ("b", Some("y"))]));
        }
        assert_eq!(seen(&layers), "a1000y b1000y ");
        assert!(layers.len() <= 2 * MOST, "{} rows are kept", layers.len());
        // Others do not make more runs than a reader can look into.
        for n in 0..100 {
            layers.lay(Revision(2000 + n), run(&[(format!("c{n:03}").as_str(), Some("z"))]));
        }
        assert!(layers.runs.len() <= MOST);
        assert_eq!(layers.range(Bound::Included(&b"c"[..]), Bound::Unbounded).count(), 100);
    }
}
