//! Making a store, opening one and closing it: what the journal says is compared with what the tree says and with
//! what was acknowledged, before anybody may read.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64},
    },
};

use super::{
    super::{
        Revision, StoreError, StoreId,
        events::{self, Chain},
    },
    durability::{Durability, mark, read_mark},
    engine::{self, Engine, Order, State, Stop, Work},
    journal::{self, CommitId, Effect, Entry, Journal, Reading, Tail, Unreadable},
    place::{self, Place},
    recent::Recent,
    tree::{Tree, disk},
    view::{self, View},
};

/// Above this much used journal whose commits the tree has, an opener begins a new one.
const WORTH_DROPPING: u64 = 1 << 20;

/// Space that is given up when the disk is full, so that the store can still be opened and read.
const RESERVE: u64 = 8 << 20;

/// Makes an empty store where there is none. The caller holds the lock.
pub(super) fn create(place: &Place, lock: &File, id: StoreId) -> Result<(), StoreError> {
    let refused = |e| disk("making the store", e);
    if let Some(was) = Place::recorded(lock) {
        return Err(StoreError::Damaged {
            what: format!("the store {} is gone from {}: its data are missing", hex(was), place.dir().display()),
            hint: Some("hallpass store restore from a backup; nothing was changed".into()),
        });
    }
    let fresh = place.begin_fresh().map_err(refused)?;
    let tree = fresh.join("sled");
    fs::DirBuilder::new().mode(0o700).create(&tree).map_err(refused)?;
    Tree::open(&tree, 1 << 20, Some(id))?.close()?;
    begin_at(&fresh, 1, id, Revision(0))?;
    place.swap_in().map_err(refused)?;
    Place::record(lock, id).map_err(refused)
}

/// Writes what stands beside the tree into a directory that is being built, and syncs all of it.
pub(super) fn begin_at(fresh: &Path, number: u64, id: StoreId, base: Revision) -> Result<(), StoreError> {
    let refused = |e| disk("making the store", e);
    Journal::create(fresh, number, id, base).map_err(refused)?;
    open_mark(fresh).and_then(|file| file.write_all_at(&mark(base), 0)).map_err(refused)?;
    place::write_identity(fresh, id).map_err(refused)?;
    place::sync_tree(fresh).map_err(refused)
}

/// Opens the store. The caller holds the lock, and knows that revisions up to `given` were given out.
pub(super) fn open(place: &Place, lock: &File, cache_bytes: u64, given: Revision) -> Result<Engine, StoreError> {
    let data = place.data();
    let id = place::read_identity(&data)?;
    match Place::recorded(lock) {
        Some(recorded) if recorded != id => return Err(foreign(recorded, id)),
        Some(_) => {}
        None => Place::record(lock, id).map_err(|e| disk("recording the store", e))?,
    }
    let tree = engine::open_tree(place, cache_bytes)?;
    let about = tree.about();
    if about.id != id {
        return Err(foreign(id, about.id));
    }
    let marked = open_mark(&data).map_err(|e| disk("opening the mark", e))?;
    let promised = read_mark(&marked);
    let mut view = View::new(Arc::new(tree), about.revision);
    let mut past = replay(&data, id, about.revision, promised, &mut view)?;
    past.write_again(&data, id, promised.max(about.revision))?;
    let revision = past.last.max(about.revision);
    let mut order = Order {
        revision,
        chain: chain(&view)?,
        recent: past.recent,
        full: past.full,
        journal: match past.current {
            Some(journal) => journal,
            None => next_journal(&data, past.next_number, id, revision, about.revision)?,
        },
        state: State::Open,
    };
    let thrown_away = skip(&mut order, given, &mut view)?;
    let engine = Engine {
        id,
        place: place.clone(),
        cache_bytes,
        order: Mutex::new(order),
        shown: AtomicU64::new(view.visible.0),
        has_failed: AtomicBool::new(false),
        view: RwLock::new(view),
        // What was read may still be in the kernel's memory only: nothing is durable before the first sync.
        durability: Durability::new(about.revision, thrown_away, marked),
        work: Mutex::new(Work::default()),
        work_there: Condvar::new(),
        drained: Condvar::new(),
    };
    engine.settle_in()?;
    keep_reserve(&place.reserve());
    Ok(engine)
}

/// Passes over the revisions of commits that somebody saw and no disk has, by commits of nothing: a number that was
/// given out once never names another commit. Returns behind which and up to which they are.
fn skip(order: &mut Order, given: Revision, view: &mut View) -> Result<Option<(Revision, Revision)>, StoreError> {
    let held = order.revision;
    if given <= held {
        return Ok(None);
    }
    for revision in (held.0 + 1..=given.0 + 1).map(Revision) {
        let nothing = Entry::Change(CommitId([0; 16]), Effect::default());
        order.journal.append(revision, held, &nothing).map_err(|e| disk("writing the journal", e))?;
        order.revision = revision;
    }
    view.begin_anew(order.revision);
    Ok(Some((held, given)))
}

impl Engine {
    /// Ends the opening: syncs what an earlier owner left unsynced in any journal, and drops the journals that the
    /// tree has made needless.
    fn settle_in(&self) -> Result<(), StoreError> {
        let mut order = self.order();
        let refused = |e| disk("syncing the journal", e);
        for journal in &order.full {
            journal.file.sync_data().map_err(refused)?;
        }
        order.journal.file.sync_data().map_err(refused)?;
        self.durability.reach(order.revision);
        let held = self.view().tree.as_ref().map_or(Revision(0), |tree| tree.about().revision);
        let used = order.journal.used();
        if held == order.revision && (used > WORTH_DROPPING || !order.full.is_empty()) {
            // The tree has just been opened cleanly with everything in it: its snapshot protects all of that.
            match self.turn(&mut order) {
                Ok(()) => drop_journals(&mut order, &self.place.data())?,
                // Another time.
                Err(StoreError::Full { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Begins a new journal; the one before is synced and kept.
    pub(super) fn turn(&self, order: &mut Order) -> Result<(), StoreError> {
        let refused = |e| disk("beginning a journal", e);
        let data = self.place.data();
        let mut next = Journal::create(&data, order.journal.number + 1, self.id, order.revision).map_err(refused)?;
        next.append(order.revision, order.revision, &Entry::Recent(order.recent.list())).map_err(refused)?;
        order.journal.file.sync_data().map_err(refused)?;
        next.file.sync_data().map_err(refused)?;
        place::sync_dir(&data).map_err(refused)?;
        let before = std::mem::replace(&mut order.journal, next);
        order.full.push(before);
        Ok(())
    }

    /// Closes it: syncs, fills the tree with what is little, drops the tree. Readers and writers are told to go.
    pub(super) fn close(&self, how: Stop, applier: Option<std::thread::JoinHandle<()>>) -> Result<(), StoreError> {
        let last = {
            let mut order = self.order();
            if matches!(order.state, State::Open) {
                order.state = State::Closed;
            }
            order.revision
        };
        let synced = match how {
            Stop::Clean => self.sync(last),
            Stop::Now => Ok(()),
        };
        self.work.lock().unwrap_or_else(PoisonError::into_inner).stop = Some(how);
        self.work_there.notify_all();
        if let Some(applier) = applier {
            // A panic of the applier is told by the tree's state: the journal has everything.
            let _ = applier.join();
        }
        let tree = {
            let mut view = self.view_mut();
            view.end_feeds();
            view.tree.take()
        };
        let closed = tree.and_then(Arc::into_inner).map_or(Ok(()), Tree::close);
        if how == Stop::Clean && synced.is_ok() {
            // A clean end is remembered for certain, so that a later loss of the newest commits is noticed.
            let _ = self.durability.turns().mark.sync_all();
        }
        match synced {
            Err(engine::Trouble::Store(error)) => Err(error),
            Ok(()) | Err(engine::Trouble::Gone) => closed,
        }
    }
}

/// What the journals hold.
struct Past {
    last: Revision,
    recent: Recent,
    full: Vec<Journal>,
    current: Option<Journal>,
    next_number: u64,
}

/// Reads every journal, shows what the tree lacks, and refuses where something acknowledged is missing.
fn replay(data: &Path, id: StoreId, held: Revision, promised: Revision, view: &mut View) -> Result<Past, StoreError> {
    let mut past = Past { last: held, recent: Recent::default(), full: Vec::new(), current: None, next_number: 1 };
    let mut lost = promised;
    let mut end: Option<Revision> = None;
    for (number, path) in journals(data)? {
        past.next_number = number + 1;
        let mut shown = past.last;
        let recent = &mut past.recent;
        let mut unread = Ok(());
        let reading = journal::read(&path, number, id, past.last, |revision, entry| match entry {
            Entry::Change(commit, effect) => {
                recent.insert(commit, revision);
                if revision > shown && unread.is_ok() {
                    unread = view.spelled_out(effect.edit.as_deref()).map(|edited| view.show(revision, effect, edited));
                    shown = revision;
                }
            }
            Entry::Recent(list) => list.into_iter().for_each(|(commit, r)| recent.insert(commit, r)),
        });
        unread?;
        let reading = match reading {
            Ok(reading) => reading,
            Err(Unreadable::Version(version)) => return Err(StoreError::UnknownFormat { what: "journal", version }),
            Err(Unreadable::Io(e)) => return Err(disk("reading the journal", e)),
        };
        let before = end.unwrap_or(held).max(held);
        if let Some(base) = reading.base.filter(|base| *base > before) {
            // A gap: the commits between are in no file, and the tree does not have them.
            return Err(missing(before, base));
        }
        end = Some(reading.last);
        past.last = past.last.max(reading.last);
        if let Tail::Lost(revision) = reading.tail {
            lost = lost.max(revision);
        }
        past.keep(path, number, id, &reading)?;
    }
    if lost > past.last {
        return Err(missing(past.last, lost));
    }
    Ok(past)
}

impl Past {
    /// Writes the commits that nobody called durable into a new journal. They were read, but perhaps from the kernel's
    /// memory only: after a sync that failed, it may hold them for written while they are not.
    fn write_again(&mut self, data: &Path, id: StoreId, durable: Revision) -> Result<(), StoreError> {
        if self.last <= durable {
            return Ok(());
        }
        let refused = |e| disk("beginning a journal", e);
        let mut journal = Journal::create(data, self.next_number, id, durable).map_err(refused)?;
        let (mut last, mut failed) = (durable, None);
        let upto = self.next_number;
        for (number, path) in journals(data)?.into_iter().filter(|(number, _)| *number < upto) {
            let read = journal::read(&path, number, id, durable, |revision, entry| {
                if matches!(entry, Entry::Change(..)) && revision > last && failed.is_none() {
                    failed = journal.append(revision, durable, &entry).err();
                    last = revision;
                }
            });
            // It was read a moment ago.
            read.map_err(|_| missing(durable, self.last))?;
        }
        if let Some(e) = failed {
            return Err(refused(e));
        }
        journal.file.sync_data().map_err(refused)?;
        place::sync_dir(data).map_err(refused)?;
        self.full.extend(self.current.take());
        self.current = Some(journal);
        Ok(())
    }

    fn keep(&mut self, path: PathBuf, number: u64, id: StoreId, reading: &Reading) -> Result<(), StoreError> {
        let refused = |e| disk("opening the journal", e);
        let journal = Journal::resume(path, number, id, reading.position).map_err(refused)?;
        self.full.extend(self.current.take());
        // Behind a torn end nothing is written: what lies there could pass for the frames that follow. Nor into a file of
        // an earlier format, where its program would not understand it.
        if reading.current && reading.tail == Tail::Clean && reading.last >= self.last && reading.base.is_some() {
            self.current = Some(journal);
        } else {
            self.full.push(journal);
        }
        Ok(())
    }
}

fn next_journal(
    data: &Path,
    number: u64,
    id: StoreId,
    revision: Revision,
    held: Revision,
) -> Result<Journal, StoreError> {
    let refused = |e| disk("beginning a journal", e);
    // The journals before may end earlier than the tree, where a harmless part of one was lost: a new one that
    // begins behind the gap would look like damage the next time, so it begins where the tree ends.
    let base = revision.max(held);
    let journal = Journal::create(data, number, id, base).map_err(refused)?;
    place::sync_dir(data).map_err(refused)?;
    Ok(journal)
}

/// Removes the journals that are no longer needed.
pub(super) fn drop_journals(order: &mut Order, data: &Path) -> Result<(), StoreError> {
    let refused = |e| disk("dropping a journal", e);
    for journal in order.full.drain(..) {
        fs::remove_file(&journal.path).map_err(refused)?;
    }
    place::sync_dir(data).map_err(refused)
}

/// The journal files, oldest first.
pub(super) fn journals(data: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let refused = |e| disk("listing the journals", e);
    let mut found = Vec::new();
    for entry in fs::read_dir(data).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        if let Some(number) = journal::number(&entry.file_name().to_string_lossy()) {
            found.push((number, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn chain(view: &View) -> Result<Chain, StoreError> {
    let tree = view.tree.as_ref().expect("the view was made with a tree");
    let head = view::get(&view.overlay, tree, events::HEAD)?;
    Chain::from_head(head.as_ref().map(|row| row.value.as_slice())).ok_or_else(|| StoreError::Damaged {
        what: "the head of the audit chain cannot be read".into(),
        hint: Some("hallpass store check".into()),
    })
}

fn missing(last: Revision, promised: Revision) -> StoreError {
    StoreError::Damaged {
        what: format!(
            "the changes {} to {} of the store are missing: they were written and cannot be read",
            last.0 + 1,
            promised.0
        ),
        hint: Some("hallpass store restore from a backup, or hallpass store repair to go on without them".into()),
    }
}

fn foreign(expected: StoreId, found: StoreId) -> StoreError {
    StoreError::Damaged {
        what: format!("parts of two stores stand together: {} and {}", hex(expected), hex(found)),
        hint: Some("put the files of one store back; nothing was changed".into()),
    }
}

fn hex(id: StoreId) -> String {
    id.0.iter().map(|b| format!("{b:02x}")).collect()
}

pub(super) fn open_mark(data: &Path) -> std::io::Result<File> {
    let path = data.join("mark");
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// How many bytes this user may still write there.
pub(super) fn free_space(dir: &Path) -> u64 {
    rustix::fs::statvfs(dir).map_or(u64::MAX, |fs| fs.f_bavail.saturating_mul(fs.f_frsize))
}

fn keep_reserve(path: &Path) {
    // Best effort: a file system without fallocate keeps none, and a full one has none to give.
    if path.exists() || free_space(path.parent().unwrap_or(path)) < 2 * RESERVE {
        return;
    }
    if let Ok(file) = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
        && rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, RESERVE).is_err()
    {
        let _ = fs::remove_file(path);
    }
}
