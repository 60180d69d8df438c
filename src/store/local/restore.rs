//! Building a store from a backup, and from what is left of a damaged one. Both need that nobody has the store open.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, TryLockError},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use super::{
    super::{
        Revision, StoreError, StoreId, Write,
        backup::{self, Step, Summary},
    },
    journal::{self, Entry},
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
    let building = Building::begin(&place, summary.id)?;
    // A row may be followed by changes of it: the last one counts, and a batch has each key once.
    let mut batch = Rows::new();
    backup::read(file, |step| {
        let (key, row) = match step {
            Step::Row(row) => (row.key, (row.changed, Some(row.value))),
            Step::Change(revision, Write { key, value }) => (key, (revision, value)),
        };
        batch.insert(key, row);
        if batch.len() == BATCH { building.put(puts(std::mem::take(&mut batch))) } else { Ok(()) }
    })?;
    building.put(puts(batch))?;
    building.finish(&place, summary.revision)?;
    Place::record(&lock, summary.id).map_err(|e| disk("recording the store", e))?;
    Ok(summary)
}

/// Makes a store of what can still be read of the one in `dir`. The damaged data stay beside it.
///
/// # Errors
/// [`StoreError`] when somebody has the store open, or when nothing of it can be read; nothing was changed.
pub fn repair(dir: &Path) -> Result<Repaired, StoreError> {
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
    let (mut rows, held) = salvage(&place.data().join("sled"), &copy, &mut repaired);
    repaired.revision = replay(&place.data(), id, held, &mut rows, &mut repaired)?;
    if rows.is_empty() {
        place::remove(&copy).map_err(refused)?;
        return Err(StoreError::Damaged {
            what: "nothing of the store can be read".into(),
            hint: Some("hallpass store restore from a backup; nothing was changed".into()),
        });
    }
    let building = Building::begin(&place, id)?;
    let mut rows = puts(rows).into_iter().peekable();
    while rows.peek().is_some() {
        building.put(rows.by_ref().take(BATCH).collect())?;
    }
    repaired.rows = building.tree.about().rows;
    repaired.kept = place.aside();
    building.finish(&place, repaired.revision)?;
    place::remove(&copy).map_err(refused)?;
    Place::record(&lock, id).map_err(refused)?;
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
}

impl Building {
    fn begin(place: &Place, id: StoreId) -> Result<Self, StoreError> {
        let refused = |e| disk("making the store", e);
        let fresh = place.begin_fresh().map_err(refused)?;
        let sled = fresh.join("sled");
        DirBuilder::new().mode(0o700).create(&sled).map_err(refused)?;
        Ok(Self { tree: Tree::open(&sled, 32 << 20, Some(id))?, fresh, id })
    }

    fn put(&self, batch: Vec<Put>) -> Result<(), StoreError> {
        self.tree.apply(batch, Revision(0))
    }

    fn finish(self, place: &Place, revision: Revision) -> Result<(), StoreError> {
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

fn puts(rows: Rows) -> Vec<Put> {
    rows.into_iter().map(|(key, (revision, value))| (key, revision, value)).collect()
}

type Rows = BTreeMap<Vec<u8>, (Revision, Option<Vec<u8>>)>;

/// Reads what a copy of the tree still gives, leaving out one part of sled's files after the other.
fn salvage(from: &Path, copy: &Path, repaired: &mut Repaired) -> (Rows, Revision) {
    let attempts: [(&str, &[&str]); 3] =
        [("", &[]), ("sled's snapshot", &["snap."]), ("sled's snapshot and settings", &["snap.", "conf"])];
    for (without, left_out) in attempts {
        if copy_without(from, copy, left_out).is_err() {
            continue;
        }
        let mut rows = Rows::new();
        let mut partial = false;
        let read = guarded(|| {
            let tree = Tree::open(copy, 32 << 20, None)?;
            let about = tree.about();
            for row in tree.rows() {
                match row {
                    Ok((key, revision, value)) => {
                        rows.insert(key, (revision, value));
                    }
                    Err(_) => {
                        partial = true;
                        break;
                    }
                }
            }
            let whole = rows.len() as u64 == about.rows;
            tree.close()?;
            Ok((about.revision, whole))
        });
        if let Ok((revision, whole)) = read {
            if !without.is_empty() {
                repaired.lost.push(format!("{without}, which can be done without"));
            }
            if partial || !whole {
                repaired.lost.push(format!("rows of the tree: {} could be read", rows.len()));
            }
            return (rows, revision);
        }
    }
    repaired.lost.push("the tree as a whole: none of it can be read".into());
    (Rows::new(), Revision(0))
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
    rows: &mut Rows,
    repaired: &mut Repaired,
) -> Result<Revision, StoreError> {
    let mut last = held;
    for (number, path) in journals(data)? {
        let before = last;
        let read = journal::read(&path, number, id, before, |revision, entry| {
            if let Entry::Change(_, writes) = entry
                && revision > before
            {
                last = revision;
                for write in writes {
                    rows.insert(write.key, (revision, write.value));
                }
            }
        });
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
    let promised = super::engine::read_mark(&super::open::open_mark(data).map_err(|e| disk("reading the mark", e))?);
    if promised > last {
        repaired.lost.push(format!("the changes {} to {}", last.0 + 1, promised.0));
        last = promised;
    }
    Ok(last)
}
