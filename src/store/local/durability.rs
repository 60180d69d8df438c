//! How far the journal is synced: one caller syncs for all who wait, and wakes those who need not wait any longer.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, Thread},
};

use super::{
    super::{Revision, StoreError},
    engine::{Engine, State, Trouble},
};

/// How far the journal is synced.
#[derive(Debug)]
pub(super) struct Durability {
    reached: AtomicU64,
    turns: Mutex<Turns>,
}

/// Whose turn it is to sync, and who waits.
#[derive(Debug)]
pub(super) struct Turns {
    pub(super) mark: File,
    /// Behind the first and up to the second, commits that were seen are gone: a disk threw them away.
    thrown_away: Option<(Revision, Revision)>,
    syncing: Syncing,
    waiting: Vec<Waiter>,
}

/// Who waits until `wanted` is on the disk, or until it is its turn. Only who wakes it takes it off the list: one that
/// left by itself might be chosen to be next, and nobody would be.
#[derive(Debug)]
struct Waiter {
    wanted: Revision,
    woken: Arc<AtomicBool>,
    thread: Thread,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Syncing {
    Nobody,
    Somebody,
}

impl Durability {
    pub(super) fn new(reached: Revision, thrown_away: Option<(Revision, Revision)>, mark: File) -> Self {
        let turns = Turns { mark, thrown_away, syncing: Syncing::Nobody, waiting: Vec::new() };
        Self { reached: AtomicU64::new(reached.0), turns: Mutex::new(turns) }
    }

    /// Everything up to this is on the disk.
    pub(super) fn reached(&self) -> Revision {
        Revision(self.reached.load(Ordering::Acquire))
    }

    /// Says that everything up to `revision` is on the disk.
    pub(super) fn reach(&self, revision: Revision) {
        self.reached.fetch_max(revision.0, Ordering::AcqRel);
    }

    pub(super) fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the turn of whoever synced. Wakes all who got what they waited for, and of the others one, to be next; all
    /// where it did not succeed, for each has to be told.
    fn end_turn(&self, done: Option<Revision>) {
        let mut turns = self.turns();
        turns.syncing = Syncing::Nobody;
        let woken = match done {
            Some(done) => {
                self.reach(done);
                // Only told to the kernel: it serves after a kill, and after a power cut an older one is as true.
                let _ = turns.mark.write_all_at(&mark(self.reached()), 0);
                // The next one first: its sync runs while the others are woken.
                turns.waiting.sort_by_key(|waiter| waiter.wanted <= done);
                let late = turns.waiting.partition_point(|waiter| waiter.wanted > done);
                turns.waiting.split_off(late.saturating_sub(1))
            }
            None => std::mem::take(&mut turns.waiting),
        };
        drop(turns);
        for waiter in woken {
            waiter.woken.store(true, Ordering::Release);
            waiter.thread.unpark();
        }
    }
}

impl Engine {
    /// Returns when everything up to `revision` is on the disk. One caller syncs for all who wait.
    pub(super) fn sync(&self, revision: Revision) -> Result<(), Trouble> {
        {
            let turns = self.durability.turns();
            if turns.thrown_away.is_some_and(|(from, upto)| from < revision && revision <= upto) {
                return Err(StoreError::OutcomeUnknown.into());
            }
        }
        while self.durability.reached() < revision {
            let mut turns = self.durability.turns();
            // Whoever synced says so under the lock.
            if self.durability.reached() >= revision {
                break;
            }
            if turns.syncing == Syncing::Somebody {
                let woken = Arc::new(AtomicBool::new(false));
                turns.waiting.push(Waiter { wanted: revision, woken: Arc::clone(&woken), thread: thread::current() });
                drop(turns);
                // A thread may be unparked for other reasons, and for none.
                while !woken.load(Ordering::Acquire) {
                    thread::park();
                }
                continue;
            }
            turns.syncing = Syncing::Somebody;
            drop(turns);
            let result = self.sync_once(revision);
            self.durability.end_turn(result.as_ref().ok().copied());
            result?;
        }
        Ok(())
    }

    fn sync_once(&self, wanted: Revision) -> Result<Revision, Trouble> {
        let (file, written) = {
            let order = self.order();
            if let State::Failed(failure) = &order.state {
                return Err(failure.error().into());
            }
            (Arc::clone(&order.journal.file), order.revision)
        };
        if written < wanted {
            // The commit died with an owner whose disk refused.
            return Err(StoreError::OutcomeUnknown.into());
        }
        file.sync_data().map_err(|e| {
            let error = StoreError::Disk { what: "the disk refused while syncing the journal".into(), source: e };
            self.fail(&mut self.order().state, "syncing the journal", &error);
            Trouble::Store(error)
        })?;
        Ok(written)
    }
}

/// The bytes of the mark: how far the journal was synced, with a checksum.
pub(super) fn mark(revision: Revision) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&revision.0.to_le_bytes());
    let sum = crc32fast::hash(&bytes[..8]);
    bytes[8..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Reads a mark; one that is torn or missing says nothing.
pub(super) fn read_mark(file: &File) -> Revision {
    let mut bytes = [0; 12];
    match file.read_exact_at(&mut bytes, 0) {
        Ok(()) if bytes[8..] == crc32fast::hash(&bytes[..8]).to_le_bytes() => {
            Revision(u64::from_le_bytes(*bytes.first_chunk().expect("12 bytes have 8")))
        }
        Ok(()) | Err(_) => Revision::default(),
    }
}
