//! The link of this process to its store, which changes while the store is used: found, lost, given up, found again.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{
    super::{Cursor, News, Revision, StoreError, StoreId, Write},
    elect::Occasion,
    engine::{Stop, Trouble},
    journal::CommitId,
    link::{Created, Link, Seeking},
    message::{Greeting, Request, Response},
    place::Place,
    serve::OnHandOver,
    status::{Service, Status},
};

/// What all users of the store in this process share.
pub(super) struct Shared {
    pub(super) place: Place,
    pub(super) own: Greeting,
    pub(super) cache_bytes: u64,
    pub(super) id: OnceLock<StoreId>,
    pub(super) created: AtomicBool,
    pub(super) session: [u8; 8],
    pub(super) commits: AtomicU64,
    /// The greatest revision that this process was told of.
    pub(super) seen: AtomicU64,
    /// The greatest revision that this process gave out as an owner whose disk refused.
    pub(super) given: AtomicU64,
    /// Up to where its users know that something could not be made durable.
    pub(super) told: AtomicU64,
    /// What was seen under an earlier link: it must be durable under this one before anything else is called so.
    pub(super) owed: AtomicU64,
    pub(super) linked: RwLock<Linked>,
    /// Held by whoever changes the link.
    pub(super) relinking: Mutex<()>,
    pub(super) closed: AtomicBool,
    pub(super) on_hand_over: OnHandOver,
    pub(super) on_end: OnHandOver,
}

pub(super) struct Linked {
    pub(super) generation: u64,
    pub(super) link: Link,
    pub(super) occasion: Occasion,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("place", &self.place).field("id", &self.id).finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn current(&self) -> (u64, Link) {
        let linked = self.linked.read().unwrap_or_else(PoisonError::into_inner);
        (linked.generation, linked.link.clone())
    }

    pub(super) fn replace(&self, link: Link, occasion: Occasion) -> Link {
        let mut linked = self.linked.write().unwrap_or_else(PoisonError::into_inner);
        linked.generation += 1;
        linked.occasion = occasion;
        std::mem::replace(&mut linked.link, link)
    }

    /// Finds a new link in place of the one of this generation, unless somebody did already.
    pub(super) fn relink(&self, generation: u64, new_id: Option<StoreId>) -> Result<(), StoreError> {
        let _turn = self.relinking.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, old) = self.current();
        if now != generation && !matches!(old, Link::Loose) {
            return Ok(());
        }
        let mut occasion = self.linked.read().unwrap_or_else(PoisonError::into_inner).occasion;
        match &old {
            Link::Owner(tenancy) => {
                // Only an engine whose disk refused comes here: what it could not sync it cannot sync now.
                self.given.fetch_max(tenancy.engine.visible().0, Ordering::AcqRel);
                let _ = self.replace(Link::Loose, Occasion::Vacant);
                let _ = tenancy.close(Stop::Now);
            }
            Link::Attached(client) => {
                if client.was_left() {
                    occasion = Occasion::Left;
                }
                client.close();
                let _ = self.replace(Link::Loose, occasion);
            }
            Link::Loose => {}
        }
        drop(old);
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        self.seek(occasion, new_id)
    }

    pub(super) fn seek(&self, occasion: Occasion, new_id: Option<StoreId>) -> Result<(), StoreError> {
        let seen = self.seen.load(Ordering::Acquire);
        let seeking = Seeking {
            place: &self.place,
            own: &self.own,
            cache_bytes: self.cache_bytes,
            occasion,
            new_id,
            given: Revision(seen.max(self.given.load(Ordering::Acquire))),
            on_hand_over: Arc::clone(&self.on_hand_over),
            on_end: Arc::clone(&self.on_end),
        };
        let sought = seeking.run()?;
        if *self.id.get_or_init(|| sought.id) != sought.id {
            if let Link::Owner(tenancy) = &sought.link {
                let _ = tenancy.close(Stop::Now);
            }
            return Err(StoreError::Unavailable {
                what: format!("another store stands in {} by now", self.place.dir().display()),
                hint: Some("start the program again to use it".into()),
                source: None,
            });
        }
        if sought.created == Created::Now {
            self.created.store(true, Ordering::Release);
        }
        if seen > self.told.load(Ordering::Acquire) {
            self.owed.fetch_max(seen, Ordering::AcqRel);
        }
        let _ = self.replace(sought.link, Occasion::Vacant);
        Ok(())
    }

    /// Gives the link up.
    pub(super) fn release(&self, occasion: Occasion) -> Result<(), StoreError> {
        let _turn = self.relinking.lock().unwrap_or_else(PoisonError::into_inner);
        self.let_go(occasion)
    }

    pub(super) fn let_go(&self, occasion: Occasion) -> Result<(), StoreError> {
        match self.replace(Link::Loose, occasion) {
            Link::Loose => Ok(()),
            Link::Owner(tenancy) => tenancy.close(Stop::Clean),
            Link::Attached(client) => {
                client.close();
                Ok(())
            }
        }
    }

    /// Gives the store to the server that asked for it, and attaches to that.
    pub(super) fn step_down(&self, occasion: Occasion) {
        let _turn = self.relinking.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(self.current().1, Link::Owner(_)) {
            return;
        }
        // An error here is told to whoever syncs next.
        let _ = self.let_go(occasion);
        if !self.closed.load(Ordering::Acquire) {
            // Without success the next use tries again.
            let _ = self.seek(occasion, None);
        }
    }

    /// Finds a new owner when the old one is gone, though nobody uses the store just now: others may need one.
    pub(super) fn look_after(&self) {
        let (generation, link) = self.current();
        let over = match &link {
            Link::Loose => false,
            Link::Owner(tenancy) => tenancy.engine.failed(),
            Link::Attached(client) => client.ended(),
        };
        drop(link);
        if over && !self.closed.load(Ordering::Acquire) {
            let _ = self.relink(generation, None);
        }
    }

    /// What the engine tells, where this process has it. Reads no more than an atomic number where there is nothing new.
    pub(super) fn news(&self, since: Option<Cursor>, each: &mut dyn FnMut(&Write)) -> News {
        let linked = self.linked.read().unwrap_or_else(PoisonError::into_inner);
        let Link::Owner(tenancy) = &linked.link else { return News::Untold };
        if tenancy.engine.failed() {
            return News::Untold;
        }
        let reign = linked.generation;
        let told = since.filter(|since| since.reign == reign);
        match told.and_then(|since| tenancy.engine.news(since.revision, each)) {
            Some(revision) => News::Upto(Cursor { reign, revision }),
            None => News::Missed(Cursor { reign, revision: tenancy.engine.visible() }),
        }
    }

    /// Does `work` with whatever link there is, again with the next one where that went away meanwhile.
    pub(super) fn with<T>(&self, mut work: impl FnMut(&Link) -> Result<T, Trouble>) -> Result<T, StoreError> {
        loop {
            let (generation, link) = self.current();
            if let Link::Owner(tenancy) = &link
                && tenancy.engine.failed()
            {
                drop(link);
                self.relink(generation, None)?;
                continue;
            }
            match work(&link) {
                Ok(done) => return Ok(done),
                Err(Trouble::Store(error)) => return Err(error),
                Err(Trouble::Gone) => {
                    drop(link);
                    self.relink(generation, None)?;
                }
            }
        }
    }

    pub(super) fn service(&self, service: Service) -> Result<Status, StoreError> {
        let mut status = self.with(|link| match link {
            Link::Loose => Err(Trouble::Gone),
            Link::Owner(tenancy) => tenancy.engine.service(service),
            Link::Attached(client) => match client.call_long(&Request::Service(service))? {
                Response::Status(status) => Ok(status),
                other => Err(unexpected(&other)),
            },
        })?;
        if let Link::Attached(client) = self.current().1 {
            status.owner = client.owner();
        }
        Ok(status)
    }

    /// Remembers that this process knows of `revision`.
    pub(super) fn saw(&self, revision: Revision) {
        // Mostly it is known: then nobody's cache line is touched.
        if self.seen.load(Ordering::Relaxed) < revision.0 {
            self.seen.fetch_max(revision.0, Ordering::AcqRel);
        }
    }

    pub(super) fn sync(&self, revision: Revision) -> Result<(), StoreError> {
        self.with(|link| match link {
            Link::Loose => Err(Trouble::Gone),
            Link::Owner(tenancy) => tenancy.engine.sync(revision),
            Link::Attached(client) => match client.sync(revision)? {
                Response::Synced => Ok(()),
                other => Err(unexpected(&other)),
            },
        })
    }

    pub(super) fn commit_id(&self) -> CommitId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.session);
        id[8..].copy_from_slice(&self.commits.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        CommitId(id)
    }
}

/// An answer that does not fit the question.
pub(super) fn unexpected(response: &Response) -> Trouble {
    let what = match response {
        Response::Leaving => return Trouble::Gone,
        Response::Refused(why) => why.clone(),
        _ => "the process that has the store open gave an answer that does not fit".into(),
    };
    Trouble::Store(StoreError::Unavailable {
        what,
        hint: Some("use the same version of hallpass on both sides".into()),
        source: None,
    })
}

fn closed() -> StoreError {
    StoreError::Unavailable { what: "the store is closed".into(), hint: None, source: None }
}
