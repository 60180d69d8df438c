//! The store on one machine: sled behind a journal, owned by one process and shared live with all others of its user.
//!
//! | file | what it is for |
//! |---|---|
//! | `link`, `elect` | who owns the store: the election, as a state machine and carried out |
//! | `serve`, `serving` | the owner's socket and its side of a connection |
//! | `client` | an attached process's side |
//! | `message`, `wire`, `codec` | what is said, and how it stands in bytes |
//! | `engine`, `view`, `feed`, `recent` | the owner's engine: order, visibility, durability, watches |
//! | `journal`, `applier`, `tree`, `quiet` | what a commit is, and how sled is filled behind it |
//! | `open`, `place` | making, opening, closing; what lies where in the directory |
//! | `status`, `compact`, `restore` | services for the store itself, and building one from a backup or from ruins |

use std::{
    path::Path,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{
    Change, Committed, Read, Revision, Role, Row, Store, StoreError, StoreId, Versioned, Watch, memory::check_sizes,
};
use crate::domain::Entropy;

mod applier;
mod client;
mod codec;
mod compact;
mod elect;
mod engine;
mod feed;
mod journal;
mod link;
mod message;
mod open;
mod place;
mod quiet;
mod recent;
mod restore;
mod serve;
mod serving;
#[cfg(test)]
mod simulation;
mod status;
mod tree;
mod view;
mod watching;
mod wire;

use elect::Occasion;
use engine::{Stop, Trouble};
use journal::CommitId;
use link::{Created, Link, Seeking};
use message::{Greeting, PROTOCOL, Request, Response};
use place::Place;
use serve::OnHandOver;
use status::Service;

pub use message::Tenure;
pub use restore::{Repaired, repair, restore};
pub use status::Status;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// How much of sled may stay in memory, in bytes; [`Options::CACHE`] where nothing else is asked for.
    pub cache_bytes: u64,
    /// How long this process means to own the store.
    pub tenure: Tenure,
    /// The program's name, for people who read about it in another process's messages.
    pub program: String,
}

impl Options {
    /// The default of `cache_bytes`: 64 MiB.
    pub const CACHE: u64 = 64 << 20;
}

/// The store of this process, owned or attached; which of the two may change at any time.
#[derive(Debug)]
pub struct LocalStore {
    shared: Arc<Shared>,
}

struct Shared {
    place: Place,
    own: Greeting,
    cache_bytes: u64,
    id: OnceLock<StoreId>,
    created: AtomicBool,
    session: [u8; 8],
    commits: AtomicU64,
    linked: RwLock<Linked>,
    /// Held by whoever changes the link.
    relinking: Mutex<()>,
    closed: AtomicBool,
    on_hand_over: OnHandOver,
    on_end: OnHandOver,
}

struct Linked {
    generation: u64,
    link: Link,
    occasion: Occasion,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("place", &self.place).field("id", &self.id).finish_non_exhaustive()
    }
}

/// Opens the store in `dir`: attaches to the process that has it open, or becomes its owner. Makes the store where
/// the directory is missing or empty.
///
/// # Errors
/// [`StoreError`] with a hint; a directory that is no store is left as it was.
pub fn open(dir: &Path, options: Options, entropy: &dyn Entropy) -> Result<LocalStore, StoreError> {
    let (mut session, mut new_id) = ([0; 8], [0; 16]);
    entropy.fill(&mut session);
    entropy.fill(&mut new_id);
    let refused = |e| StoreError::Unavailable {
        what: "the system gives this process no more threads".into(),
        hint: None,
        source: Some(e),
    };
    // The callbacks reach the store through this, and find nothing once it is closed.
    let handle: Arc<OnceLock<Weak<Shared>>> = Arc::default();
    let [leaving, ending] = [Arc::clone(&handle), Arc::clone(&handle)];
    let on_hand_over = link::on_own_thread(move || {
        if let Some(shared) = leaving.get().and_then(Weak::upgrade) {
            shared.step_down(Occasion::Left);
        }
    });
    let on_end = link::on_own_thread(move || {
        if let Some(shared) = ending.get().and_then(Weak::upgrade) {
            shared.look_after();
        }
    });
    let shared = Arc::new(Shared {
        place: Place::new(dir),
        own: Greeting { protocol: PROTOCOL, pid: std::process::id(), tenure: options.tenure, program: options.program },
        cache_bytes: options.cache_bytes,
        id: OnceLock::new(),
        created: AtomicBool::new(false),
        session,
        commits: AtomicU64::new(0),
        linked: RwLock::new(Linked { generation: 0, link: Link::Loose, occasion: Occasion::Vacant }),
        relinking: Mutex::new(()),
        closed: AtomicBool::new(false),
        on_hand_over: on_hand_over.map_err(refused)?,
        on_end: on_end.map_err(refused)?,
    });
    let _ = handle.set(Arc::downgrade(&shared));
    shared.relink(0, Some(StoreId(new_id)))?;
    Ok(LocalStore { shared })
}

impl LocalStore {
    /// Whether this call to [`open`] made the store: then it has no entry in a keyring yet.
    #[must_use]
    pub fn created(&self) -> bool {
        self.shared.created.load(Ordering::Acquire)
    }

    /// Gives the store up for as long as this process does not use it: before it is suspended. The next use takes it
    /// or attaches again.
    ///
    /// # Errors
    /// [`StoreError`] when the last commits could not be made durable.
    pub fn hand_over(&self) -> Result<(), StoreError> {
        self.shared.release(Occasion::Vacant)
    }

    /// What the store is like: sizes, revision, who owns it.
    ///
    /// # Errors
    /// [`StoreError`] when its owner cannot be asked.
    pub fn status(&self) -> Result<Status, StoreError> {
        self.shared.service(Service::Status)
    }

    /// Reads every row that sled holds and compares them with what was kept of them when they were written. Others
    /// go on meanwhile. What the rows mean is checked by [`super::check`].
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a row is missing, changed or one too many.
    pub fn verify(&self) -> Result<Status, StoreError> {
        self.shared.service(Service::Verify)
    }

    /// Writes the rows into a new sled directory, checks it and puts it in the place of the old one: the space that
    /// churn has left is free afterwards. Others go on meanwhile, but for the moment of the change.
    ///
    /// # Errors
    /// [`StoreError`], and the store is as it was.
    pub fn compact(&self) -> Result<Status, StoreError> {
        self.shared.service(Service::Compact)
    }

    /// Brings everything into sled and begins a new journal, as the owner does by itself at a certain size.
    ///
    /// # Errors
    /// [`StoreError`] when the disk refuses.
    pub fn checkpoint(&self) -> Result<Status, StoreError> {
        self.shared.service(Service::Checkpoint)
    }

    /// Closes the store: everything durable, the lock free for others.
    ///
    /// # Errors
    /// [`StoreError`] when the last commits could not be made durable.
    pub fn close(self) -> Result<(), StoreError> {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.release(Occasion::Vacant)
    }
}

impl Drop for LocalStore {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        // Who wants to hear of an error calls close.
        let _ = self.shared.release(Occasion::Vacant);
    }
}

impl Shared {
    fn current(&self) -> (u64, Link) {
        let linked = self.linked.read().unwrap_or_else(PoisonError::into_inner);
        (linked.generation, linked.link.clone())
    }

    fn replace(&self, link: Link, occasion: Occasion) -> Link {
        let mut linked = self.linked.write().unwrap_or_else(PoisonError::into_inner);
        linked.generation += 1;
        linked.occasion = occasion;
        std::mem::replace(&mut linked.link, link)
    }

    /// Finds a new link in place of the one of this generation, unless somebody did already.
    fn relink(&self, generation: u64, new_id: Option<StoreId>) -> Result<(), StoreError> {
        let _turn = self.relinking.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, old) = self.current();
        if now != generation && !matches!(old, Link::Loose) {
            return Ok(());
        }
        let mut occasion = self.linked.read().unwrap_or_else(PoisonError::into_inner).occasion;
        match &old {
            Link::Owner(tenancy) => {
                // Only an engine whose disk refused comes here: what it could not sync it cannot sync now.
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

    fn seek(&self, occasion: Occasion, new_id: Option<StoreId>) -> Result<(), StoreError> {
        let seeking = Seeking {
            place: &self.place,
            own: &self.own,
            cache_bytes: self.cache_bytes,
            occasion,
            new_id,
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
        let _ = self.replace(sought.link, Occasion::Vacant);
        Ok(())
    }

    /// Gives the link up.
    fn release(&self, occasion: Occasion) -> Result<(), StoreError> {
        let _turn = self.relinking.lock().unwrap_or_else(PoisonError::into_inner);
        self.let_go(occasion)
    }

    fn let_go(&self, occasion: Occasion) -> Result<(), StoreError> {
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
    fn step_down(&self, occasion: Occasion) {
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
    fn look_after(&self) {
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

    /// Does `work` with whatever link there is, again with the next one where that went away meanwhile.
    fn with<T>(&self, mut work: impl FnMut(&Link) -> Result<T, Trouble>) -> Result<T, StoreError> {
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

    fn service(&self, service: Service) -> Result<Status, StoreError> {
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

    fn commit_id(&self) -> CommitId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.session);
        id[8..].copy_from_slice(&self.commits.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        CommitId(id)
    }
}

impl Store for LocalStore {
    fn get(&self, key: &[u8]) -> Result<Read<Option<Versioned>>, StoreError> {
        self.shared.with(|link| match link {
            Link::Loose => Err(Trouble::Gone),
            Link::Owner(tenancy) => tenancy.engine.get(key),
            Link::Attached(client) => match client.call(&Request::Get(key.to_vec()))? {
                Response::Value(read) => Ok(read),
                other => Err(unexpected(&other)),
            },
        })
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Read<Vec<Row>>, StoreError> {
        self.shared.with(|link| match link {
            Link::Loose => Err(Trouble::Gone),
            Link::Owner(tenancy) => tenancy.engine.range(from, to, limit),
            Link::Attached(client) => match client.call(&Request::Range(from.to_vec(), to.to_vec(), limit as u64))? {
                Response::Rows(read) => Ok(read),
                other => Err(unexpected(&other)),
            },
        })
    }

    fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        check_sizes(&change)?;
        let id = self.shared.commit_id();
        let mut request = Request::Commit(id, change);
        self.shared.with(|link| match link {
            Link::Loose => Err(Trouble::Gone),
            Link::Owner(tenancy) => match &mut request {
                Request::Commit(_, change) => tenancy.engine.commit(id, change),
                _ => Err(Trouble::Gone),
            },
            Link::Attached(client) => match client.call(&request)? {
                Response::Committed(committed) => Ok(committed),
                other => Err(unexpected(&other)),
            },
        })
    }

    fn sync(&self, revision: Revision) -> Result<(), StoreError> {
        self.shared.with(|link| match link {
            Link::Loose => Err(Trouble::Gone),
            Link::Owner(tenancy) => tenancy.engine.sync(revision),
            Link::Attached(client) => match client.call(&Request::Sync(revision))? {
                Response::Synced => Ok(()),
                other => Err(unexpected(&other)),
            },
        })
    }

    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Watch, StoreError> {
        watching::start(&self.shared, prefix, from)
    }

    fn id(&self) -> StoreId {
        *self.shared.id.get().expect("open returns a store only after its first link, which sets the identity")
    }

    fn role(&self) -> Role {
        match self.shared.current().1 {
            Link::Owner(_) => Role::Owner,
            Link::Attached(_) | Link::Loose => Role::Attached,
        }
    }
}

fn unexpected(response: &Response) -> Trouble {
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
