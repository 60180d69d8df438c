//! The commits that the tree does not have yet: single rows in a map, runs of very many as they came, and edits, which
//! say of rows that stand in here or in the tree what became of them.
//!
//! A key that stands in several places was written as a whole last where the revision is the greatest. In the map it
//! never stands with an older one than in a run: [`Layers::lay`] sees to that. Edits since then are applied by whoever
//! reads, be the row from here or from the tree: [`Layers::amended`].

use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque, btree_map},
    iter::Peekable,
    ops::Bound,
    sync::Arc,
};

use super::super::{Edit, Revision, Versioned, Write, run::Run};

/// Up to whichever revision.
pub(super) const NEWEST: Revision = Revision(u64::MAX);

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
    /// Oldest first.
    edits: Vec<(Revision, Arc<Edit>)>,
    /// About how much memory the map takes.
    single_bytes: usize,
    /// How much each commit brought, oldest first.
    brought: VecDeque<(Revision, usize)>,
}

/// A row of the layers as it was last written as a whole: its key, the commit that wrote it, the value or none where it
/// is removed.
pub(super) type Layered<'a> = (&'a [u8], Revision, Option<&'a [u8]>);

impl Layers {
    /// About how many rows, those that stand twice counted twice.
    pub(super) fn len(&self) -> usize {
        let edited = self.edits.iter().map(|(_, edit)| rows(edit));
        let rows = self.runs.iter().map(|(_, run)| run.len()).chain(edited);
        rows.fold(self.map.len(), usize::saturating_add)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.map.is_empty() && self.runs.is_empty() && self.edits.is_empty()
    }

    /// About how much memory they take.
    pub(super) fn bytes(&self) -> usize {
        let runs = self.runs.iter().map(|(_, run)| size(run));
        self.single_bytes + runs.chain(self.edits.iter().map(|(_, edit)| edit.weight())).sum::<usize>()
    }

    /// About how much of it the largest run takes.
    pub(super) fn largest_run(&self) -> usize {
        self.runs.iter().map(|(_, run)| size(run)).max().unwrap_or(0)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The newest value of a key, or that it was removed; none where the tree has the row, which edits may be about.
    pub(super) fn get(&self, key: &[u8]) -> Option<(Revision, Option<Cow<'_, [u8]>>)> {
        let (changed, value) = self.written(key)?;
        let Some(value) = value else { return Some((changed, None)) };
        let (changed, value) = self.as_of(NEWEST, key, changed, Cow::Borrowed(value));
        Some((changed, Some(value)))
    }

    /// A row that the commit `changed` had written, as edits up to a revision left it.
    pub(super) fn as_of<'a>(
        &self,
        upto: Revision,
        key: &[u8],
        changed: Revision,
        value: Cow<'a, [u8]>,
    ) -> (Revision, Cow<'a, [u8]>) {
        match self.amended(key, changed, &value, upto) {
            Some((changed, value)) => (changed, Cow::Owned(value)),
            None => (changed, value),
        }
    }

    /// A key as it was last written as a whole.
    pub(super) fn written(&self, key: &[u8]) -> Option<(Revision, Option<&[u8]>)> {
        let single = self.map.get(key).map(|slot| (slot.changed, slot.value.as_deref()));
        let many = || self.runs.iter().rev().find_map(|(changed, run)| Some((*changed, run.value(run.find(key)?))));
        single.or_else(many)
    }

    /// What edits up to a revision made of a row that the commit `changed` had written; none where it is as it was.
    pub(super) fn amended(
        &self,
        key: &[u8],
        changed: Revision,
        value: &[u8],
        upto: Revision,
    ) -> Option<(Revision, Vec<u8>)> {
        let mut amended: Option<(Revision, Vec<u8>)> = None;
        for (revision, edit) in self.edits.iter().take_while(|(revision, _)| *revision <= upto) {
            let old = amended.as_ref().map_or(value, |(_, value)| value);
            if let Some(new) = edit.amended(*revision, key, changed, old) {
                amended = Some((*revision, new));
            }
        }
        amended
    }

    /// The edits up to a revision, oldest first.
    pub(super) fn edits(&self, upto: Revision) -> impl Iterator<Item = (Revision, &Edit)> {
        self.edits
            .iter()
            .take_while(move |(revision, _)| *revision <= upto)
            .map(|(revision, edit)| (*revision, &**edit))
    }

    /// Whether a reader had too many edits to look at with this one.
    pub(super) fn is_crowded_for(&self, edit: &Edit) -> bool {
        self.edits.iter().filter(|(_, earlier)| !edit.hides(earlier)).count() >= MOST
    }

    /// Has an edit be about all rows that are older.
    pub(super) fn edit(&mut self, revision: Revision, edit: Arc<Edit>) {
        self.edits.retain(|(_, earlier)| !edit.hides(earlier));
        self.bring(revision, rows(&edit).saturating_mul(weight(&[], None)));
        self.edits.push((revision, edit));
    }

    /// The rows of a range in order, each as it was last written as a whole.
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

    /// The commit up to which about so much was brought, the oldest at least; none that is later than `end`.
    pub(super) fn first_bytes(&self, bytes: usize, end: Revision) -> Revision {
        let mut rest = bytes;
        for (revision, brought) in self.brought.iter().take_while(|(revision, _)| *revision < end) {
            match rest.checked_sub(*brought) {
                Some(more) if more > 0 => rest = more,
                Some(_) | None => return *revision,
            }
        }
        end
    }

    fn bring(&mut self, revision: Revision, bytes: usize) {
        match self.brought.back_mut() {
            Some((last, sum)) if *last == revision => *sum += bytes,
            Some(_) | None => self.brought.push_back((revision, bytes)),
        }
    }

    /// Puts single rows of a commit over what is there.
    pub(super) fn put(&mut self, revision: Revision, write: Write) {
        self.bring(revision, weight(&write.key, write.value.as_deref()));
        self.single_bytes += weight(&write.key, write.value.as_deref());
        let slot = Slot { changed: revision, value: write.value };
        match self.map.entry(write.key) {
            btree_map::Entry::Occupied(mut place) => {
                let old = place.insert(slot);
                self.single_bytes -= weight(place.key(), old.value.as_deref());
            }
            btree_map::Entry::Vacant(place) => drop(place.insert(slot)),
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
            self.bring(revision, size(&run));
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
        if next.is_none() {
            self.brought.drain(..self.brought.partition_point(|(revision, _)| *revision <= upto));
            // Not before the rows that they are about: those would be seen without them.
            self.edits.retain(|(changed, _)| *changed > upto);
        }
        next
    }
}

fn rows(edit: &Edit) -> usize {
    usize::try_from(edit.rows()).unwrap_or(usize::MAX)
}

fn size(run: &Run) -> usize {
    run.bytes().len() + 4 * run.len()
}

pub(super) fn weight(key: &[u8], value: Option<&[u8]>) -> usize {
    // About what a row takes in the map besides its bytes.
    key.len() + value.map_or(0, <[u8]>::len) + 96
}

/// A row as readers get it; none where it is removed.
pub(super) fn versioned((changed, value): (Revision, Option<Cow<'_, [u8]>>)) -> Option<Versioned> {
    value.map(|value| Versioned { value: value.into_owned(), changed })
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
    use crate::store::Part;

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
            let one = layers.get(key).expect("it is in the range");
            assert_eq!((one.0, one.1.as_deref()), (changed, value), "one row and many are read alike");
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
        assert!(layers.is_empty() && layers.bytes() == 0);
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

    /// All rows between two keys get this first byte.
    fn edit(first: &str, last: &str, set: &str) -> Arc<Edit> {
        let parts = vec![Part::Set(set.into())];
        Arc::new(Edit::new(vec![(first.into(), last.into())], parts, 3).expect("the keys rise"))
    }

    #[test]
    fn an_edit_is_about_rows_that_are_older_wherever_they_stand() {
        let mut layers = Layers::default();
        put(&mut layers, 1, "a", Some("xa"));
        layers.lay(Revision(2), run(&[("b", Some("xb")), ("c", None)]));
        layers.edit(Revision(3), edit("a", "c", "y"));
        put(&mut layers, 4, "b", Some("zb"));
        let text = |layers: &Layers, key: &str| {
            let (changed, value) = layers.get(key.as_bytes()).expect("it is there");
            format!("{}{}", changed.0, String::from_utf8_lossy(&value.unwrap_or_default()))
        };
        assert_eq!(["a", "b", "c"].map(|key| text(&layers, key)), ["3ya", "4zb", "2"]);
        layers.edit(Revision(5), edit("b", "d", "u"));
        assert_eq!(["a", "b"].map(|key| text(&layers, key)), ["3ya", "5ub"]);
        let tree = |changed, upto| layers.amended(b"bb", Revision(changed), b"x", Revision(upto));
        assert_eq!(tree(2, 3), Some((Revision(3), b"y".to_vec())));
        assert_eq!(tree(2, 9), Some((Revision(5), b"u".to_vec())));
        assert_eq!((tree(5, 9), tree(3, 4), tree(2, 2)), (None, None, None));
        // What the tree has goes together with the edits that it has.
        assert_eq!(layers.settle(Revision(4), Bound::Unbounded, 1), Some(b"b".to_vec()));
        assert_eq!(layers.edits(Revision(9)).count(), 2);
        assert_eq!(layers.settle(Revision(4), Bound::Included(b"b".to_vec()), 10), None);
        assert_eq!(layers.edits(Revision(9)).count(), 1);
        assert_eq!(layers.settle(Revision(5), Bound::Unbounded, 10), None);
        assert!(layers.is_empty());
    }

    #[test]
    fn the_oldest_commits_are_told_by_what_they_brought() {
        let mut layers = Layers::default();
        (1..=4).for_each(|revision| put(&mut layers, revision, "abc", Some("x")));
        layers.lay(Revision(5), run(&[("c", Some(&"x".repeat(1000)))]));
        let first = |layers: &Layers, bytes| layers.first_bytes(bytes, Revision(9)).0;
        assert_eq!([1, 100, 101, 350, 500, 5000].map(|bytes| first(&layers, bytes)), [1, 1, 2, 4, 5, 9]);
        assert_eq!(layers.first_bytes(350, Revision(3)), Revision(3));
        assert_eq!(layers.settle(Revision(3), Bound::Unbounded, 10), None);
        assert_eq!([1, 101].map(|bytes| first(&layers, bytes)), [4, 5]);
    }

    #[test]
    fn edits_of_the_same_rows_do_not_pile_up() {
        let mut layers = Layers::default();
        for revision in 1..=1000 {
            layers.edit(Revision(revision), edit("a", "b", "y"));
        }
        assert_eq!(layers.edits(Revision(2000)).count(), 1);
        for n in 0..15 {
            assert!(!layers.is_crowded_for(&edit("c", &format!("d{n}"), "z")));
            layers.edit(Revision(2000 + n), edit("c", &format!("d{n}"), "z"));
        }
        let crowded = ["d", "d3"].map(|last| layers.is_crowded_for(&edit("c", last, "z")));
        assert_eq!(crowded, [true, false], "one takes another's place");
    }
}
