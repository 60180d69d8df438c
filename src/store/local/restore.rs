//! Building a store from a backup, and from what is left of a damaged one. Both need that nobody has the store open.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, TryLockError},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use super::{
    super::{
        Edit, Revision, StoreError, StoreId, Write,
        backup::{self, Step, Summary},
    },
    journal::{self, Effect, Entry},
    open::{begin_at, journals},
    place::{self, Found, Place},
    tree::{BATCH, Put, Tree, disk, guarded},
};

/// What a repair brought back, and what not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Repaired {
    /// How many rows the store has now.
    pub rows: u64,
    /// As of which commit.
    pub revision: Revision,
    /// What could not be brought back, one sentence each; empty when nothing was lost.
    pub lost: Vec<String>,
    /// Where the damaged data are kept.
    pub kept: PathBuf,
}

/// Makes a store in `dir` from a backup. A kill on the way leaves nothing that counts: run it again.
///
/// # Errors
/// [`StoreError`] when there is a store already, when somebody has it open, or when the backup is damaged; nothing
/// was changed.
pub fn restore(dir: &Path, file: &Path) -> Result<Summary, StoreError> {
    // Once through to know that it is whole, before anything is made of it.
    let summary = backup::read(file, |_| Ok(()))?;
    let place = Place::new(dir);
    if let Found::Empty = place.look()? {
        place.make()?;
    }
    let lock = alone(&place)?;
    place.settle().map_err(|e| disk("restoring the store", e))?;
    if place.data().exists() {
        return Err(StoreError::Unavailable {
            what: format!("there is a store in {} already", dir.display()),
            hint: Some("restore into another directory, or move this one away; nothing was changed".into()),
            source: None,
        });
    }
    let mut building = Building::begin(&place, summary.id)?;
    backup::read(file, |step| match step {
        Step::Row(row) => building.add((row.key, row.changed, Some(row.value))),
        // What follows a row may be changes of it.
        Step::Change(revision, Write { key, value }) => building.add((key, revision, value)),
    })?;
    building.finish(&place, summary.revision)?;
    Place::record(&lock, summary.id).map_err(|e| disk("recording the store", e))?;
    Ok(summary)
}

/// Makes a store of what can still be read of the one in `dir`. The damaged data stay beside it.
///
/// # Errors
/// [`StoreError`] when somebody has the store open, or when nothing of it can be read; nothing was changed.
pub fn repair(dir: &Path) -> Result<Repaired, StoreError> {
    salvaged(dir, |place, lock, building, mut repaired| {
        let id = building.id;
        repaired.kept = place.aside();
        building.finish(place, repaired.revision)?;
        Place::record(lock, id).map_err(|e| disk("repairing the store", e))?;
        Ok(repaired)
    })
}

/// What [`repair`] would bring back of the store in `dir`, which stays as it is.
///
/// # Errors
/// As [`repair`].
pub fn survey(dir: &Path) -> Result<Repaired, StoreError> {
    salvaged(dir, |place, _, building, repaired| {
        building.give_up(place)?;
        Ok(repaired)
    })
}

/// Reads what can be read of the store in `dir`, and has `end` do something with it.
fn salvaged(
    dir: &Path,
    end: impl FnOnce(&Place, &File, Building, Repaired) -> Result<Repaired, StoreError>,
) -> Result<Repaired, StoreError> {
    let refused = |e| disk("repairing the store", e);
    let place = Place::new(dir);
    if let Found::Empty = place.look()? {
        return Err(StoreError::Unavailable {
            what: format!("there is no store in {}", dir.display()),
            hint: None,
            source: None,
        });
    }
    let lock = alone(&place)?;
    place.settle().map_err(refused)?;
    let mut repaired = Repaired::default();
    let id = identity(&place, &lock, &mut repaired)?;
    let copy = place.begin_scratch().map_err(refused)?;
    let (mut building, held) = salvage(&place, &copy, id, &mut repaired)?;
    repaired.revision = replay(&place.data(), id, held, &mut building, &mut repaired)?;
    building.flush()?;
    if building.tree.about().rows == 0 {
        building.give_up(&place)?;
        place::remove(&copy).map_err(refused)?;
        return Err(StoreError::Damaged {
            what: "nothing of the store can be read".into(),
            hint: Some("hallpass store restore from a backup; nothing was changed".into()),
        });
    }
    repaired.rows = building.tree.about().rows;
    let repaired = end(&place, &lock, building, repaired)?;
    place::remove(&copy).map_err(refused)?;
    Ok(repaired)
}

/// Takes the lock for work on a store that nobody uses.
fn alone(place: &Place) -> Result<File, StoreError> {
    let lock = place.lock_file().map_err(|e| disk("locking the store", e))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable {
            what: format!("the store in {} is open in another process", place.dir().display()),
            hint: Some("end every shell and server on it first; nothing was changed".into()),
            source: None,
        }),
        Err(TryLockError::Error(e)) => Err(disk("locking the store", e)),
    }
}

/// A store that is being built in `new/`.
struct Building {
    tree: Tree,
    fresh: PathBuf,
    id: StoreId,
    /// What the tree gets next: each key once, the last row counts.
    batch: BTreeMap<Vec<u8>, (Revision, Option<Vec<u8>>)>,
}

impl Building {
    fn begin(place: &Place, id: StoreId) -> Result<Self, StoreError> {
        let refused = |e| disk("making the store", e);
        let fresh = place.begin_fresh().map_err(refused)?;
        let sled = fresh.join("sled");
        DirBuilder::new().mode(0o700).create(&sled).map_err(refused)?;
        Ok(Self { tree: Tree::open(&sled, 32 << 20, Some(id))?, fresh, id, batch: BTreeMap::new() })
    }

    fn add(&mut self, (key, revision, value): Put) -> Result<(), StoreError> {
        self.batch.insert(key, (revision, value));
        if self.batch.len() < BATCH { Ok(()) } else { self.flush() }
    }

    /// Changes the rows that an edit is about and that are older: what has come so far is all that is older.
    fn edit(&mut self, revision: Revision, edit: &Edit) -> Result<(), StoreError> {
        self.flush()?;
        for (first, last) in edit.spans() {
            for row in self.tree.range(first, &[last, [0].as_slice()].concat()) {
                let (key, row) = row?;
                if let Some(value) = edit.amended(revision, &key, row.changed, &row.value) {
                    self.add((key, revision, Some(value)))?;
                }
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.batch).into_iter();
        self.tree.apply(rows.map(|(key, (revision, value))| (key, revision, value)).collect(), Revision(0))
    }

    /// Removes what was built.
    fn give_up(self, place: &Place) -> Result<(), StoreError> {
        self.tree.close()?;
        place::remove(&place.fresh()).map_err(|e| disk("removing what was begun", e))
    }

    fn finish(mut self, place: &Place, revision: Revision) -> Result<(), StoreError> {
        self.flush()?;
        self.tree.apply(Vec::new(), revision)?;
        if self.tree.recount()? != self.tree.about() {
            return Err(super::tree::damaged("what was just written cannot be read back"));
        }
        self.tree.close()?;
        begin_at(&self.fresh, 1, self.id, revision)?;
        place.swap_in().map_err(|e| disk("making the store", e))
    }
}

fn identity(place: &Place, lock: &File, repaired: &mut Repaired) -> Result<StoreId, StoreError> {
    match place::read_identity(&place.data()) {
        Ok(id) => Ok(id),
        Err(error) => {
            repaired.lost.push("the file that identifies the store; the lock file named it".into());
            Place::recorded(lock).ok_or(error)
        }
    }
}

/// Reads what a copy of the tree still gives into a new one, leaving out one part of sled's files after the other.
fn salvage(
    place: &Place,
    copy: &Path,
    id: StoreId,
    repaired: &mut Repaired,
) -> Result<(Building, Revision), StoreError> {
    let from = place.data().join("sled");
    let attempts: [(&str, &[&str]); 3] =
        [("", &[]), ("sled's snapshot", &["snap."]), ("sled's snapshot and settings", &["snap.", "conf"])];
    for (without, left_out) in attempts {
        if copy_without(&from, copy, left_out).is_err() {
            continue;
        }
        let mut building = Building::begin(place, id)?;
        let mut read = 0;
        let mut partial = false;
        // That the new one cannot be written is no damage of the old one.
        let mut unwritten = None;
        let held = guarded(|| {
            let tree = Tree::open(copy, 32 << 20, None)?;
            let about = tree.about();
            for row in tree.rows() {
                let Ok(row) = row else {
                    partial = true;
                    break;
                };
                read += 1;
                if let Err(error) = building.add(row) {
                    unwritten = Some(error);
                    break;
                }
            }
            tree.close()?;
            partial |= read != about.rows;
            Ok(about.revision)
        });
        if let Some(error) = unwritten {
            return Err(error);
        }
        if let Ok(revision) = held {
            if !without.is_empty() {
                repaired.lost.push(format!("{without}, which can be done without"));
            }
            if partial {
                repaired.lost.push(format!("rows of the tree: {read} could be read"));
            }
            return Ok((building, revision));
        }
        building.give_up(place)?;
    }
    repaired.lost.push("the tree as a whole: none of it can be read".into());
    Ok((Building::begin(place, id)?, Revision(0)))
}

fn copy_without(from: &Path, to: &Path, left_out: &[&str]) -> std::io::Result<()> {
    place::remove(to)?;
    DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() && !left_out.iter().any(|part| name.to_string_lossy().starts_with(part)) {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// Applies every frame of the journals that can be read; returns the last revision.
fn replay(
    data: &Path,
    id: StoreId,
    held: Revision,
    building: &mut Building,
    repaired: &mut Repaired,
) -> Result<Revision, StoreError> {
    let mut last = held;
    let mut unwritten = Ok(());
    for (number, path) in journals(data)? {
        let before = last;
        let read = journal::read(&path, number, id, before, |revision, entry| {
            if let Entry::Change(_, Effect { writes, run, edit }) = entry
                && revision > before
                && unwritten.is_ok()
            {
                last = revision;
                let many = run.iter().map(|(key, value)| (key.to_vec(), revision, value.map(<[u8]>::to_vec)));
                let single = writes.into_iter().map(|write| (write.key, revision, write.value));
                let edited = edit.map_or(Ok(()), |edit| building.edit(revision, &edit));
                unwritten = edited.and_then(|()| single.chain(many).try_for_each(|put| building.add(put)));
            }
        });
        std::mem::replace(&mut unwritten, Ok(()))?;
        match read {
            Ok(reading) => {
                if let Some(base) = reading.base.filter(|base| *base > before) {
                    repaired.lost.push(format!("the changes {} to {}", before.0 + 1, base.0));
                }
                if let journal::Tail::Lost(upto) = reading.tail
                    && upto > last
                {
                    repaired.lost.push(format!("the changes {} to {}, at least", last.0 + 1, upto.0));
                }
            }
            Err(_) => repaired.lost.push(format!("the journal {number} cannot be read")),
        }
    }
    let promised =
        super::durability::read_mark(&super::open::open_mark(data).map_err(|e| disk("reading the mark", e))?);
    if promised > last {
        repaired.lost.push(format!("the changes {} to {}", last.0 + 1, promised.0));
        last = promised;
    }
    Ok(last)
}
