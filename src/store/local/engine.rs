//! The owner's engine: orders commits, writes them into the journal, shows them, syncs them for many at once.
//!
//! A commit returns when its frame is with the kernel, so that it survives the death of this process; [`Engine::sync`]
//! makes it survive the machine's.

use std::{
    collections::VecDeque,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use super::{
    super::{
        Change, Committed, Notice, Read, Revision, Row, StoreError, StoreId, Versioned, Write,
        events::{self, Chain},
        memory::check_sizes,
    },
    durability::Durability,
    journal::{CommitId, Effect, Entry, Journal, MAX_BODY},
    place::Place,
    recent::Recent,
    status::{Service, Status},
    tree::{Tree, disk},
    view::{self, View},
};

/// Why an engine does not answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is closed: somebody else owns the store by now, or soon will.
    Gone,
    /// The store says no.
    Store(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Whether commits are taken.
#[derive(Debug)]
pub(super) enum State {
    Open,
    Closed,
    /// The disk refused; nothing is acknowledged until the store was opened again.
    Failed(Failure),
}

/// What the disk refused, kept so that each caller can be told.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) what: &'static str,
    pub(super) errno: Option<i32>,
}

impl Failure {
    pub(super) fn error(&self) -> StoreError {
        let source = self.errno.map_or_else(|| std::io::Error::other(self.what), std::io::Error::from_raw_os_error);
        StoreError::Disk { what: format!("the disk refused while {}", self.what), source }
    }
}

/// What the order of commits needs; whoever holds its lock comes next.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) revision: Revision,
    pub(super) chain: Chain,
    pub(super) recent: Recent,
    pub(super) journal: Journal,
    /// Journals that are full; dropped at the next checkpoint.
    pub(super) full: Vec<Journal>,
    pub(super) state: State,
}

/// What the applier is told.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Whether it shall end, and how.
    pub(super) stop: Option<Stop>,
    /// How often it was called.
    pub(super) calls: u64,
    /// Whether it waits for space on the disk.
    pub(super) stuck: bool,
    /// What it shall do besides, and where the answer goes.
    pub(super) jobs: VecDeque<(Service, SyncSender<Result<Status, StoreError>>)>,
}

/// How the applier ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stop {
    /// After filling the tree with what is small enough to be quick.
    Clean,
    /// At once.
    Now,
}

/// The engine.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) id: StoreId,
    pub(super) place: Place,
    pub(super) cache_bytes: u64,
    pub(super) order: Mutex<Order>,
    pub(super) view: RwLock<View>,
    /// The revision that the view shows, for who only asks whether it is still the same.
    pub(super) shown: AtomicU64,
    /// Whether the state is [`State::Failed`], for every read.
    pub(super) has_failed: AtomicBool,
    pub(super) durability: Durability,
    pub(super) work: Mutex<Work>,
    pub(super) work_there: Condvar,
    pub(super) drained: Condvar,
}

/// Above this much in the overlay, commits wait for the tree.
const OVERLAY_LIMIT: usize = 48 << 20;

/// From this much in the overlay on, the applier need not be patient.
pub(super) const OVERLAY_FULL: usize = 24 << 20;

impl Engine {
    pub(super) fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Read<Option<Versioned>>, Trouble> {
        let view = self.view();
        let tree = view.tree.as_ref().ok_or(Trouble::Gone)?;
        Ok(Read { seen: view.visible, found: view::get(&view.overlay, tree, key)? })
    }

    pub(super) fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Read<Vec<Row>>, Trouble> {
        let view = self.view();
        let tree = view.tree.as_ref().ok_or(Trouble::Gone)?;
        Ok(Read { seen: view.visible, found: view::range(&view.overlay, tree, from, to, limit)? })
    }

    /// The last commit that readers see.
    pub(super) fn visible(&self) -> Revision {
        self.view().visible
    }

    /// Tells every write after `since`; `None` where they are not all remembered.
    pub(super) fn news(&self, since: Revision, each: &mut dyn FnMut(&Write)) -> Option<Revision> {
        if self.shown.load(Ordering::Acquire) == since.0 {
            return Some(since);
        }
        self.view().news(since, each)
    }

    pub(super) fn feed(&self, prefix: &[u8], from: Revision) -> Result<Receiver<Notice>, Trouble> {
        let mut view = self.view_mut();
        if view.tree.is_none() {
            return Err(Trouble::Gone);
        }
        Ok(view.feed(prefix, from))
    }

    /// Takes what is in `change` when it applies; leaves it as it was where it does not.
    pub(super) fn commit(&self, id: CommitId, change: &mut Change) -> Result<Committed, Trouble> {
        check_sizes(change)?;
        let bytes = change.writes.iter().map(|w| w.key.len() + w.value.as_ref().map_or(0, Vec::len) + 9);
        let bytes = bytes.chain(change.events.iter().map(|e| e.len() + 128)).sum::<usize>()
            + change.run.bytes().len()
            + change.edit.as_ref().map_or(0, |edit| edit.weight());
        if bytes + 1024 > MAX_BODY {
            return Err(StoreError::TooLarge { bytes, limit: MAX_BODY }.into());
        }
        self.wait_for_room(bytes)?;
        let mut order = self.order();
        match &order.state {
            State::Open => {}
            State::Closed => return Err(Trouble::Gone),
            State::Failed(failure) => return Err(failure.error().into()),
        }
        if let Some(revision) = order.recent.get(id) {
            return Ok(Committed::Applied(revision));
        }
        let edited = {
            let view = self.view();
            let tree = view.tree.as_ref().ok_or(Trouble::Gone)?;
            let read_at = change.read_at;
            if change.unchanged.iter().any(|prefix| view.may_have_changed(prefix, read_at)) {
                return Ok(Committed::Conflict(order.revision));
            }
            for compare in change.compares.iter().filter(|compare| view.may_have_changed(&compare.key, read_at)) {
                let found = view::get(&view.overlay, tree, &compare.key)?;
                if found.map(|v| v.changed) != compare.changed {
                    return Ok(Committed::Conflict(order.revision));
                }
            }
            view.spelled_out(change.edit.as_deref())?
        };
        let mut chain = order.chain;
        let mut change = std::mem::take(change);
        let (run, edit) = (std::mem::take(&mut change.run), change.edit.take());
        let entry = Entry::Change(id, Effect { writes: chained(change, &mut chain), run, edit });
        let revision = Revision(order.revision.0 + 1);
        let durable = self.durability.reached();
        order.journal.append(revision, durable, &entry).map_err(|e| match disk("writing the journal", e) {
            // No room is an answer, not a failure: the next commit may find some.
            full @ StoreError::Full { .. } => Trouble::Store(full),
            error => {
                self.fail(&mut order.state, "writing the journal", &error);
                Trouble::Store(error)
            }
        })?;
        let Entry::Change(_, effect) = entry else { return Err(Trouble::Gone) };
        order.revision = revision;
        order.chain = chain;
        order.recent.insert(id, revision);
        let mut view = self.view_mut();
        view.show(revision, effect, edited);
        self.shown.store(revision.0, Ordering::Release);
        let full = view.overlay.bytes() > OVERLAY_FULL;
        drop(view);
        drop(order);
        if full {
            self.call_applier();
        }
        Ok(Committed::Applied(revision))
    }

    /// After this, nothing is acknowledged. A failed sync may have thrown away what was written: no second try.
    pub(super) fn fail(&self, state: &mut State, what: &'static str, error: &StoreError) {
        let source = std::error::Error::source(error).and_then(|e| e.downcast_ref::<std::io::Error>());
        self.has_failed.store(true, Ordering::Release);
        *state = State::Failed(Failure { what, errno: source.and_then(std::io::Error::raw_os_error) });
    }

    /// Whether the disk refused something: then the store must be opened again.
    pub(super) fn failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }

    /// Waits until a change of so many bytes may join the overlay. What one very large change has brought does not count
    /// against smaller ones: it takes its memory until the tree has all of it, and they would wait for just that.
    fn wait_for_room(&self, bytes: usize) -> Result<(), StoreError> {
        let has_room = || {
            let view = self.view();
            let held = view.overlay.bytes();
            held <= OVERLAY_LIMIT || held - view.overlay.largest_run() + bytes <= OVERLAY_LIMIT
        };
        if has_room() {
            return Ok(());
        }
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        while work.stop.is_none() && !has_room() {
            if work.stuck {
                return Err(StoreError::Full { source: std::io::ErrorKind::StorageFull.into() });
            }
            work.calls += 1;
            self.work_there.notify_all();
            let wait = std::time::Duration::from_millis(100);
            work = self.drained.wait_timeout(work, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// Does one of the store's own services; returns what the store is like afterwards.
    pub(super) fn service(&self, service: Service) -> Result<Status, Trouble> {
        if service == Service::Status {
            return Ok(self.status());
        }
        let (answer, answered) = sync_channel(1);
        {
            let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
            if work.stop.is_some() {
                return Err(Trouble::Gone);
            }
            work.jobs.push_back((service, answer));
        }
        self.work_there.notify_all();
        // An applier that ends drops the jobs that it did not do.
        answered.recv().map_err(|_| Trouble::Gone)?.map_err(Trouble::Store)
    }

    pub(super) fn call_applier(&self) {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).calls += 1;
        self.work_there.notify_all();
    }
}

/// The writes of a change with its events and the new head of their chain.
fn chained(change: Change, chain: &mut Chain) -> Vec<Write> {
    let mut writes = change.writes;
    for event in &change.events {
        let (key, value) = chain.append(event);
        writes.push(Write { key, value: Some(value) });
    }
    if !change.events.is_empty() {
        writes.push(Write { key: events::HEAD.to_vec(), value: Some(chain.head()) });
    }
    writes
}

/// Opens the tree of `place`, on a full disk with the space that was kept for it.
pub(super) fn open_tree(place: &Place, cache_bytes: u64) -> Result<Tree, StoreError> {
    let dir = place.data().join("sled");
    match Tree::open(&dir, cache_bytes, None) {
        Err(StoreError::Full { .. }) if std::fs::remove_file(place.reserve()).is_ok() => {
            Tree::open(&dir, cache_bytes, None)
        }
        result => result,
    }
}
