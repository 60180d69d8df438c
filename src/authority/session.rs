//! Somebody at work: an actor, the revisions they have seen, and the `atomic()` block they may have open.

use std::sync::{Arc, atomic::AtomicBool};

use super::{
    Access, Core,
    error::ChangeError,
    overlay::{Mark, Overlay},
    query::cache::FOLLOWED,
    reveals::Reveals,
    tx::Tx,
};
use crate::{
    domain::{Actor, Channel, Entropy},
    store::{Change, Committed, Revision, StoreError},
};

/// How often a change is tried again when others were faster.
const TRIES: usize = 64;

/// A session. One thread uses it at a time.
#[derive(Debug)]
pub struct Session {
    pub(super) core: Arc<Core>,
    pub(super) actor: Actor,
    pub(super) reason: Option<String>,
    passwords: Passwords,
    pub(super) seen: Revision,
    pub(super) reveals: Reveals,
    open: Option<Open>,
    /// Whether more changes follow before anything is said of this one.
    pub(super) goes_on: bool,
    /// Whether the person at the terminal wants no more of what runs.
    stop: Arc<AtomicBool>,
}

/// What the new values of passwords are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Passwords {
    /// New passwords: what dies with a password dies.
    #[default]
    New,
    /// The same passwords, hashed anew.
    Rehashed,
}

/// An open `atomic()` block, with the savepoints inside it.
#[derive(Debug, Default)]
struct Open {
    overlay: Overlay,
    savepoints: Vec<Mark>,
}

impl Session {
    pub(super) fn new(core: Arc<Core>, actor: Actor) -> Self {
        Self {
            core,
            actor,
            reason: None,
            passwords: Passwords::New,
            seen: Revision::default(),
            reveals: Reveals::default(),
            open: None,
            goes_on: false,
            stop: Arc::default(),
        }
    }

    /// Has all work stop with [`ChangeError::Interrupted`] while this is set, wherever nothing is committed yet.
    pub fn heed(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    /// Who is at work.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The random bytes that this session draws from.
    pub(super) fn entropy(&self) -> &dyn Entropy {
        &*self.core.entropy
    }

    /// What is said in the audit trail of the changes from here on.
    pub fn set_reason(&mut self, reason: Option<String>) {
        self.reason = reason;
    }

    /// Says what the passwords are that are written from here on.
    pub fn set_passwords(&mut self, passwords: Passwords) {
        self.passwords = passwords;
    }

    /// Runs `work` as one change: all of it or nothing. Inside an `atomic()` block it becomes part of the block;
    /// otherwise it is committed here, and run again where others changed what it had read.
    ///
    /// # Errors
    /// What `work` returned: then nothing of it is kept. [`ChangeError::Locked`] where others were always faster.
    pub fn transact<T, E: From<ChangeError>>(
        &mut self,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let syncs = self.syncs();
        let (core, actor, reason) = (&*self.core, &self.actor, self.reason.as_deref());
        let (passwords, reveals, stop) = (self.passwords, &mut self.reveals, &*self.stop);
        let mut run = |overlay: &mut Overlay| {
            let now = core.clock.now();
            work(&mut Tx { core, overlay, actor, reason, passwords, reveals, now, stop, crowd: None })
        };
        if let Some(open) = &mut self.open {
            let mark = open.overlay.mark();
            let done = run(&mut open.overlay);
            let done = done.and_then(|value| may_write(core, &open.overlay, mark).map(|()| value).map_err(E::from));
            if done.is_err() {
                open.overlay.roll_back(mark);
            }
            self.seen = self.seen.max(open.overlay.seen());
            return done;
        }
        // The first try takes no lock; those after a conflict go one at a time within this process.
        let mut turn = None;
        for _ in 0..TRIES {
            let mut overlay = Overlay::default();
            let done = run(&mut overlay);
            self.seen = self.seen.max(overlay.seen());
            // A commit compares what was read; an answer and an error have nobody else to look.
            if (done.is_err() || overlay.is_empty()) && overlay.is_torn(&*core.store).map_err(ChangeError::from)? {
                turn = turn.or_else(|| Some(core.take_turn()));
                continue;
            }
            let value = done?;
            may_write(core, &overlay, Mark::default())?;
            if overlay.is_empty() {
                return Ok(value);
            }
            match commit(core, overlay, syncs).map_err(ChangeError::from)? {
                Committed::Applied(revision) => {
                    self.seen = self.seen.max(revision);
                    return Ok(value);
                }
                Committed::Conflict(revision) => self.seen = self.seen.max(revision),
            }
            turn = turn.or_else(|| Some(core.take_turn()));
        }
        Err(ChangeError::Locked.into())
    }

    /// Does `work` with all its checks, and takes back what it did: what would come of it can be said, and also where
    /// nothing may be changed.
    ///
    /// # Errors
    /// What `work` returned.
    pub fn rehearse<T, E>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        self.begin();
        let open = self.open.as_mut().expect("it was begun just now");
        let done = work(&mut Tx {
            core: &self.core,
            overlay: &mut open.overlay,
            actor: &self.actor,
            reason: self.reason.as_deref(),
            passwords: self.passwords,
            // What was seen of a key that will not be one is nothing to be told.
            reveals: &mut Reveals::default(),
            now: self.core.clock.now(),
            stop: &self.stop,
            crowd: None,
        });
        self.seen = self.seen.max(open.overlay.seen());
        self.roll_back();
        done
    }

    /// How many `atomic()` blocks are open, one in another.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.open.as_ref().map_or(0, |open| 1 + open.savepoints.len())
    }

    /// Opens an `atomic()` block; inside another one, a savepoint.
    pub fn begin(&mut self) {
        match &mut self.open {
            Some(open) => open.savepoints.push(open.overlay.mark()),
            None => self.open = Some(Open::default()),
        }
    }

    /// Closes the innermost block. The outermost is committed here, as one change.
    ///
    /// # Errors
    /// [`ChangeError::Locked`] where others changed what the block had read by key; the block is gone all the same.
    pub fn commit(&mut self) -> Result<(), ChangeError> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        if open.savepoints.pop().is_some() {
            self.open = Some(open);
            return Ok(());
        }
        if open.overlay.is_empty() {
            return Ok(());
        }
        match commit(&self.core, open.overlay, self.syncs())? {
            Committed::Applied(revision) => {
                self.seen = self.seen.max(revision);
                Ok(())
            }
            Committed::Conflict(_) => Err(ChangeError::Locked),
        }
    }

    /// Takes everything back that the innermost block did, and closes it.
    pub fn roll_back(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        if let Some(mark) = open.savepoints.pop() {
            open.overlay.roll_back(mark);
            self.open = Some(open);
        }
    }

    /// Returns when everything this session has seen, its own and others' changes, survives a power cut. To be called
    /// before anything leaves the process: a printed line, a prompt, an exit code.
    ///
    /// # Errors
    /// The store could not keep it: what depends on it must not be said.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        self.tell_reveals()?;
        self.settle_quietly()
    }

    /// Whether what is committed is settled next: a request and a command are answered then, a script goes on.
    fn syncs(&self) -> bool {
        !self.goes_on && matches!(self.actor.channel, Channel::Http | Channel::Command)
    }

    pub(super) fn settle_quietly(&mut self) -> Result<(), StoreError> {
        self.core.settle(self.seen)
    }
}

/// Refuses writes since `mark` where the authority is for reading only. Events alone may pass: that a key was shown is
/// kept in any case.
fn may_write(core: &Core, overlay: &Overlay, mark: Mark) -> Result<(), ChangeError> {
    match core.access {
        Access::ReadOnly if overlay.wrote_since(mark) => Err(ChangeError::ReadOnly),
        Access::ReadOnly | Access::Full => Ok(()),
    }
}

/// Commits what an overlay holds; the rows that are kept follow.
fn commit(core: &Core, overlay: Overlay, syncs: bool) -> Result<Committed, StoreError> {
    let few = if core.rows.is_empty() { None } else { overlay.few_writes(FOLLOWED) };
    let done = core.store.commit(Change { syncs, ..overlay.into_change() })?;
    if let (Committed::Applied(revision), Some((few, run, followed))) = (done, few) {
        core.rows.follow(revision, &few, &run, followed.as_ref());
    }
    Ok(done)
}
