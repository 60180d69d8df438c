//! The store on one machine: sled behind a journal, owned by one process and shared live with all others of its user.
//!
//! | file | what it is for |
//! |---|---|
//! | `shared`, `watching` | this process's link to the store and its watches, which outlive each owner |
//! | `link`, `elect` | who owns the store: the election, as a state machine and carried out |
//! | `serve`, `serving` | the owner's socket and its side of a connection |
//! | `client`, `pending` | an attached process's side |
//! | `message`, `wire`, `codec` | what is said, and how it stands in bytes |
//! | `engine`, `view`, `layers`, `feed`, `recent` | the owner's engine: order, visibility, durability, watches |
//! | `journal`, `applier`, `tree`, `quiet` | what a commit is, and how sled is filled behind it |
//! | `open`, `place` | making, opening, closing; what lies where in the directory |
//! | `status`, `compact`, `restore` | services for the store itself, and building one from a backup or from ruins |

use std::{
    path::Path,
    sync::{
        Arc, Mutex, OnceLock, RwLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{
    Change, Committed, Cursor, News, Read, Revision, Role, Row, Store, StoreError, StoreId, Versioned, Watch, Write,
    memory::check_sizes,
};
use crate::domain::Entropy;

mod applier;
mod client;
mod codec;
mod compact;
mod durability;
mod elect;
mod engine;
mod feed;
mod journal;
mod layers;
mod link;
mod message;
mod open;
mod pending;
mod place;
mod quiet;
mod recent;
mod restore;
mod serve;
mod serving;
mod shared;
#[cfg(test)]
mod simulation;
mod status;
mod tree;
mod view;
mod watching;
mod wire;

use elect::Occasion;
use engine::Trouble;
use link::Link;
use message::{Greeting, PROTOCOL, Request, Response};
use place::Place;
use shared::{Linked, Shared, unexpected};
use status::Service;

pub use message::Tenure;
pub use restore::{Repaired, repair, restore, survey};
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

/// Whether there is a store in `dir`.
///
/// # Errors
/// [`StoreError`] with a hint where `dir` is something else.
pub fn is_there(dir: &Path) -> Result<bool, StoreError> {
    let place = Place::new(dir);
    Ok(!matches!(place.look()?, place::Found::Empty) && place.data().exists())
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
        seen: AtomicU64::new(0),
        given: AtomicU64::new(0),
        told: AtomicU64::new(0),
        owed: AtomicU64::new(0),
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

impl Store for LocalStore {
    fn get(&self, key: &[u8]) -> Result<Read<Option<Versioned>>, StoreError> {
        let read = self.shared.with(|link| match link {
            Link::Loose => Err(Trouble::Gone),
            Link::Owner(tenancy) => tenancy.engine.get(key),
            Link::Attached(client) => match client.call(&Request::Get(key.to_vec()))? {
                Response::Value(read) => Ok(read),
                other => Err(unexpected(&other)),
            },
        })?;
        self.shared.saw(read.seen);
        Ok(read)
    }

    fn get_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Read<Option<Versioned>>>, StoreError> {
        let reads = self.shared.with(|link| match link {
            Link::Loose => Err(Trouble::Gone),
            Link::Owner(tenancy) => keys.iter().map(|key| tenancy.engine.get(key)).collect(),
            Link::Attached(client) => {
                let requests: Vec<_> = keys.iter().map(|key| Request::Get(key.clone())).collect();
                let value = |response| match response {
                    Response::Value(read) => Ok(read),
                    other => Err(unexpected(&other)),
                };
                client.call_many(&requests)?.into_iter().map(value).collect::<Result<Vec<_>, _>>()
            }
        })?;
        reads.iter().for_each(|read| self.shared.saw(read.seen));
        Ok(reads)
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Read<Vec<Row>>, StoreError> {
        let read = self.shared.with(|link| match link {
            Link::Loose => Err(Trouble::Gone),
            Link::Owner(tenancy) => tenancy.engine.range(from, to, limit),
            Link::Attached(client) => match client.call(&Request::Range(from.to_vec(), to.to_vec(), limit as u64))? {
                Response::Rows(read) => Ok(read),
                other => Err(unexpected(&other)),
            },
        })?;
        self.shared.saw(read.seen);
        Ok(read)
    }

    fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        check_sizes(&change)?;
        let id = self.shared.commit_id();
        let mut request = Request::Commit(id, change);
        let committed = self.shared.with(|link| match link {
            Link::Loose => Err(Trouble::Gone),
            Link::Owner(tenancy) => match &mut request {
                Request::Commit(_, change) => tenancy.engine.commit(id, change),
                _ => Err(Trouble::Gone),
            },
            Link::Attached(client) => match client.call(&request)? {
                Response::Committed(committed) => Ok(committed),
                Response::Kept(revision) => Ok(Committed::Applied(revision)),
                other => Err(unexpected(&other)),
            },
        })?;
        let (Committed::Applied(revision) | Committed::Conflict(revision)) = committed;
        self.shared.saw(revision);
        Ok(committed)
    }

    fn sync(&self, revision: Revision) -> Result<(), StoreError> {
        let owed = self.shared.owed.load(Ordering::Acquire);
        if owed > 0 {
            // What a disk threw away under the link before is told once, whatever is synced now.
            let kept = self.shared.sync(Revision(owed));
            if matches!(kept, Ok(()) | Err(StoreError::OutcomeUnknown)) {
                let _ = self.shared.owed.compare_exchange(owed, 0, Ordering::AcqRel, Ordering::Acquire);
            }
            kept?;
        }
        let synced = self.shared.sync(revision);
        if synced.is_err() {
            self.shared.told.fetch_max(revision.0, Ordering::AcqRel);
        }
        synced
    }

    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Watch, StoreError> {
        watching::start(&self.shared, prefix, from)
    }

    fn news(&self, since: Option<Cursor>, each: &mut dyn FnMut(&Write)) -> News {
        self.shared.news(since, each)
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
