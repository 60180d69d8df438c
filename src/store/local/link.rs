//! How a process comes to its store: the election carried out, and what it ended in.

use std::{
    fs::{File, TryLockError},
    sync::{Arc, Mutex, Once, PoisonError, mpsc},
    thread::JoinHandle,
    time::Instant,
};

use super::{
    super::{Revision, StoreError, StoreId},
    applier,
    client::{self, Attempt, Client},
    elect::{MayOwn, Occasion, Seeker, Seen, Step},
    engine::{Engine, Stop},
    message::{Greeting, Request, Response},
    open,
    place::{Found, Place},
    serve::{OnHandOver, Server},
};

/// The store, owned by this process.
#[derive(Debug)]
pub(super) struct Tenancy {
    pub(super) engine: Arc<Engine>,
    applier: Mutex<Option<JoinHandle<()>>>,
    server: Server,
    lock: File,
}

/// How this process has the store.
#[derive(Clone, Debug)]
pub(super) enum Link {
    /// It does not have it at the moment.
    Loose,
    /// It owns it.
    Owner(Arc<Tenancy>),
    /// It is attached to the owner.
    Attached(Arc<Client>),
}

/// Who seeks, and what to call when things change.
pub(super) struct Seeking<'a> {
    pub(super) place: &'a Place,
    pub(super) own: &'a Greeting,
    pub(super) cache_bytes: u64,
    pub(super) occasion: Occasion,
    /// The identity of a store that is made.
    pub(super) new_id: Option<StoreId>,
    /// The greatest revision that this process knows to have been given out.
    pub(super) given: Revision,
    pub(super) on_hand_over: OnHandOver,
    pub(super) on_end: OnHandOver,
}

/// What an election ended in.
#[derive(Debug)]
pub(super) struct Sought {
    pub(super) link: Link,
    pub(super) id: StoreId,
    /// Whether the store was made just now, by this process.
    pub(super) created: Created,
}

/// Whether a store is new.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Created {
    Now,
    Before,
}

impl Tenancy {
    /// Gives the store up: everything synced, the tree closed, the lock free.
    pub(super) fn close(&self, how: Stop) -> Result<(), StoreError> {
        let applier = self.applier.lock().unwrap_or_else(PoisonError::into_inner).take();
        let closed = self.engine.close(how, applier);
        self.server.stop();
        let _ = self.lock.unlock();
        closed
    }
}

impl Seeking<'_> {
    /// Holds the election.
    pub(super) fn run(&self) -> Result<Sought, StoreError> {
        let began = Instant::now();
        let me = rustix::process::geteuid().as_raw();
        let uid = match self.place.look()? {
            Found::Ours { uid } => uid,
            Found::Empty if self.new_id.is_some() => {
                self.place.make()?;
                me
            }
            Found::Empty => return Err(gone(self.place)),
        };
        let may_own = if uid == me { MayOwn::Yes } else { MayOwn::No };
        let mut seeker = Seeker::new(self.own.tenure, may_own, self.occasion);
        let mut seen = Seen::Nothing;
        let mut attached = None;
        let mut locked = None;
        loop {
            seen = match seeker.next(seen, began.elapsed()) {
                Step::Connect => {
                    let on_end = Arc::clone(&self.on_end);
                    match client::attach(self.place, self.own, move || on_end()) {
                        Attempt::NotServed => Seen::NotServed,
                        Attempt::Connected(client, owner, id) => {
                            attached = Some((client, id));
                            Seen::Served(owner.tenure)
                        }
                        Attempt::Refused(error) => return Err(error),
                    }
                }
                Step::AskHandOver => match attached.take() {
                    Some((client, id)) => match client.call(&Request::HandOver) {
                        Ok(Response::Keeping) => {
                            attached = Some((client, id));
                            Seen::Kept
                        }
                        Ok(Response::Leaving) => Seen::Granted,
                        // It died, or leaves already.
                        Ok(_) | Err(_) => Seen::Nothing,
                    },
                    None => Seen::Nothing,
                },
                Step::TryLock => match self.try_lock()? {
                    Some(lock) => {
                        locked = Some(lock);
                        Seen::Locked
                    }
                    None => Seen::LockBusy,
                },
                Step::Wait(time) => {
                    std::thread::sleep(time);
                    Seen::Nothing
                }
                Step::Attach => match attached.take() {
                    Some((client, id)) => {
                        return Ok(Sought { link: Link::Attached(client), id, created: Created::Before });
                    }
                    None => Seen::Nothing,
                },
                Step::Own => match locked.take() {
                    Some(lock) => return self.own(lock, uid),
                    None => Seen::Nothing,
                },
                Step::NobodyServes => return Err(self.nobody_serves(me, uid)),
                Step::Busy => return Err(self.busy()),
            };
        }
    }

    fn try_lock(&self) -> Result<Option<File>, StoreError> {
        let refused = |e| StoreError::Unavailable {
            what: format!("cannot open the store in {}", self.place.dir().display()),
            hint: Some("check the permissions, or name another directory with --store; nothing was changed".into()),
            source: Some(e),
        };
        let lock = self.place.lock_file().map_err(refused)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(refused(e)),
        }
    }

    fn own(&self, lock: File, uid: u32) -> Result<Sought, StoreError> {
        let refused = |e| StoreError::Disk { what: "cannot open the store".into(), source: e };
        survive_file_size_limits();
        self.place.settle().map_err(refused)?;
        let created = match (self.place.data().exists(), self.new_id) {
            (true, _) => Created::Before,
            (false, Some(id)) => {
                open::create(self.place, &lock, id)?;
                Created::Now
            }
            (false, None) => return Err(gone(self.place)),
        };
        let engine = Arc::new(open::open(self.place, &lock, self.cache_bytes, self.given)?);
        let id = engine.id;
        let applier = Mutex::new(Some(applier::start(&engine).map_err(refused)?));
        let callbacks = [Arc::clone(&self.on_hand_over), Arc::clone(&self.on_end)];
        let server = Server::start(self.place, Arc::clone(&engine), self.own.clone(), uid, callbacks).map_err(refused);
        match server {
            Ok(server) => {
                let link = Link::Owner(Arc::new(Tenancy { engine, applier, server, lock }));
                Ok(Sought { link, id, created })
            }
            Err(error) => {
                let applier = applier.lock().unwrap_or_else(PoisonError::into_inner).take();
                engine.close(Stop::Now, applier)?;
                Err(error)
            }
        }
    }

    fn nobody_serves(&self, me: u32, uid: u32) -> StoreError {
        let dir = self.place.dir().display();
        let who = user_name(uid).unwrap_or_else(|| format!("#{uid}"));
        let what = if me == 0 {
            format!("the store in {dir} belongs to {who}, and no process of theirs has it open")
        } else {
            format!("the store in {dir} belongs to {who}, not to you")
        };
        StoreError::Unavailable {
            what,
            hint: Some(format!("run it as its owner: sudo -u {who} {} --store {dir}", self.own.program)),
            source: None,
        }
    }

    fn busy(&self) -> StoreError {
        StoreError::Unavailable {
            what: format!(
                "another process has locked the store in {} and does not serve it",
                self.place.dir().display()
            ),
            hint: Some("look for a hallpass that is stopped or just opening a large store, and try again".into()),
            source: None,
        }
    }
}

/// A limit of file sizes kills whoever runs into it, unless the signal has a handler: then it is an error of the write.
fn survive_file_size_limits() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without it, the process ends at such a limit; nothing is lost by that.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    });
}

/// The login name of a user, from the system's list.
fn user_name(uid: u32) -> Option<String> {
    let list = std::fs::read_to_string("/etc/passwd").ok()?;
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

fn gone(place: &Place) -> StoreError {
    StoreError::Unavailable {
        what: format!("the store in {} is gone", place.dir().display()),
        hint: Some("put it back, or start again to make a new one".into()),
        source: None,
    }
}

/// Runs a callback of a connection on a thread of its own, one after the other.
pub(super) fn on_own_thread(work: impl Fn() + Send + 'static) -> std::io::Result<OnHandOver> {
    let (calls, called) = mpsc::channel::<()>();
    std::thread::Builder::new().name("store-link".into()).spawn(move || {
        while called.recv().is_ok() {
            work();
        }
    })?;
    let calls = Mutex::new(calls);
    Ok(Arc::new(move || {
        let _ = calls.lock().unwrap_or_else(PoisonError::into_inner).send(());
    }))
}
