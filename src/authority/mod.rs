//! The use-cases: the only code that changes state, and the only one that uses the seals and the store.
//!
//! [`Authority`] is opened once in a process and shared. A [`Session`] is somebody at work with it; what they change
//! goes through [`Session::transact`] and a [`Tx`]. Each change, its indexes and its audit event are one commit.

mod ahead;
mod audit;
mod authenticate;
mod bootstrap;
mod crowd;
mod entity;
mod error;
mod flush;
#[cfg(test)]
mod interleavings;
mod keys;
mod login;
mod overlay;
pub mod query;
mod refusals;
mod relations;
mod reveals;
mod rotation;
mod session;
mod suggest;
mod tokens;
pub mod transfer;
mod tx;
mod usage;
mod users;

use std::{
    fmt,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

pub use crate::store::{Notice, Role, StoreError, layout::Relation};
pub use audit::{Flaw, TrailHead, Verdict};
pub use authenticate::{Naming, Principal, Refusal};
pub use entity::{Entity, Place};
pub use error::ChangeError;
pub use relations::Links;
pub use rotation::{KeyringStatus, RotateError};
pub use session::{Passwords, Session};
pub use suggest::Suggested;
pub use tokens::{NewToken, Overlap, Recovery};
pub use tx::{Scan, Tx};
pub use users::Cascade;

pub use crate::password;

use crate::{
    domain::{Actor, Clock, Entropy, Policy},
    seal::{Age, KeyringError},
    store::{Revision, Store, StoreId},
};

/// The authority over one store.
#[derive(Clone, Debug)]
pub struct Authority {
    core: Arc<Core>,
}

struct Core {
    store: Arc<dyn Store>,
    keys: keys::Keys,
    policy: RwLock<Arc<Policy>>,
    access: Access,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    usage: usage::Book,
    rows: query::cache::Cache,
    known: OnceLock<authenticate::Known>,
    /// Up to here everything is known to be durable.
    settled: AtomicU64,
    turn: Mutex<()>,
}

/// An authority could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The keyring.
    Keyring(KeyringError),
    /// The store.
    Store(StoreError),
}

impl OpenError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Keyring(error) => Some(error.hint()),
            Self::Store(error) => error.hint(),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Keyring(error) => error.source(),
            Self::Store(error) => error.source(),
        }
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Where the secrets of the store are.
#[derive(Clone, Copy, Debug)]
pub enum KeyringAt<'a> {
    /// In this file.
    File(&'a Path),
    /// In this file, which is read once and never written: for a copy of a store.
    Copied(&'a Path),
    /// Nowhere: they are drawn anew and end with the process, as does the store (`memory:`).
    Process,
}

/// What an authority lets its sessions do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Access {
    /// Everything.
    #[default]
    Full,
    /// Nothing that changes a row. A key can be shown all the same, and the audit trail hears of it.
    ReadOnly,
}

impl Authority {
    /// Takes over a store. A new one gets its entry in the keyring and then the rows that Django's `migrate` leaves.
    ///
    /// # Errors
    /// Where the keyring refuses, or the store fails; nothing was changed then.
    pub fn open(
        store: Arc<dyn Store>,
        keyring: KeyringAt<'_>,
        policy: Policy,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        Self::open_for(Access::Full, store, keyring, policy, clock, entropy)
    }

    /// [`Authority::open`] for sessions that may do no more than `access` says.
    ///
    /// # Errors
    /// As there.
    pub fn open_for(
        access: Access,
        store: Arc<dyn Store>,
        keyring: KeyringAt<'_>,
        policy: Policy,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let StoreId(id) = store.id();
        let age = if bootstrap::is_done(&*store)? { Age::InUse } else { Age::New };
        let keys = keys::Keys::open(keyring, id, age, &*entropy)?;
        let (usage, rows, known, settled, turn) = Default::default();
        let policy = RwLock::new(Arc::new(policy));
        let core = Arc::new(Core { store, keys, policy, access, clock, entropy, usage, rows, known, settled, turn });
        if age == Age::New {
            bootstrap::run(&core)?;
        }
        Ok(Self { core })
    }

    /// Begins somebody's work.
    #[must_use]
    pub fn session(&self, actor: Actor) -> Session {
        Session::new(Arc::clone(&self.core), actor)
    }

    /// The rules for tokens.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.core.policy()
    }

    /// Has other rules hold from now on.
    pub fn set_policy(&self, policy: Policy) {
        *self.core.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    /// How this process has the store at this moment.
    #[must_use]
    pub fn role(&self) -> Role {
        self.core.store.role()
    }

    /// Keeps about so many bytes of rows in memory for questions about whole tables; 256 MiB where nothing is said.
    pub fn keep_rows(&self, bytes: u64) {
        self.core.rows.limit(usize::try_from(bytes).unwrap_or(usize::MAX));
    }

    /// The identity of the store.
    #[must_use]
    pub fn store_id(&self) -> StoreId {
        self.core.store.id()
    }

    /// The clock that this authority goes by.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.core.clock
    }

    /// The random bytes that this authority draws from.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.core.entropy
    }
}

impl Core {
    /// Waits until everything up to `revision` is durable.
    fn settle(&self, revision: Revision) -> Result<(), StoreError> {
        if revision.0 > self.settled.load(Ordering::Acquire) {
            self.store.sync(revision)?;
            self.settled.fetch_max(revision.0, Ordering::AcqRel);
        }
        Ok(())
    }

    fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// One at a time.
    fn take_turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("store", &self.store.id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{sync::atomic::AtomicI64, time::Duration};

    use super::*;
    use crate::{
        domain::{Channel, Key, Timestamp, Token, User},
        store::memory::MemoryStore,
    };

    /// A clock that is stepped by hand.
    pub(crate) struct SteppedClock(AtomicI64);

    impl SteppedClock {
        pub(crate) fn new(micros: i64) -> Self {
            Self(AtomicI64::new(micros))
        }

        pub(crate) fn step(&self, by: Duration) {
            self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
        }
    }

    impl Clock for SteppedClock {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.load(Ordering::SeqCst))
        }
    }

    /// An authority over a store in memory.
    pub(crate) struct Bench {
        pub(crate) store: Arc<MemoryStore>,
        pub(crate) clock: Arc<SteppedClock>,
        pub(crate) authority: Authority,
    }

    pub(crate) fn bench() -> Bench {
        bench_under(Policy::default())
    }

    pub(crate) fn bench_under(policy: Policy) -> Bench {
        let store = Arc::new(MemoryStore::new(StoreId([1; 16])));
        let clock = Arc::new(SteppedClock::new(1_700_000_000_000_000));
        let entropy = Arc::new(crate::random::SystemEntropy);
        let authority = Authority::open(store.clone(), KeyringAt::Process, policy, clock.clone(), entropy).unwrap();
        Bench { store, clock, authority }
    }

    impl Bench {
        pub(crate) fn session(&self) -> Session {
            self.authority.session(Actor::new("ops", Some(1000), Channel::Shell))
        }

        pub(crate) fn user(&self, username: &str) -> User {
            user(username, self.clock.now())
        }

        /// Makes a user with a token.
        pub(crate) fn token_of(&self, username: &str) -> (Token, Key) {
            let made = self.session().transact(|tx| {
                let user = tx.insert(self.user(username))?;
                tx.create_token(NewToken::of(user.id))
            });
            made.unwrap()
        }
    }

    /// A user who is not in the store yet.
    pub(crate) fn user(username: &str, date_joined: Timestamp) -> User {
        User {
            id: 0,
            password: "!".into(),
            last_login: None,
            is_superuser: false,
            username: username.into(),
            first_name: String::new(),
            last_name: String::new(),
            email: String::new(),
            is_staff: false,
            is_active: true,
            date_joined,
        }
    }

    #[test]
    fn an_atomic_block_is_one_change_and_savepoints_are_marks_in_it() {
        let bench = bench();
        let mut session = bench.session();
        let mut other = bench.session();
        session.begin();
        session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        session.begin();
        session.transact(|tx| tx.insert(bench.user("bob"))).unwrap();
        session.roll_back();
        let names = |session: &mut Session| {
            let users = session.transact(|tx| tx.all::<User>()).unwrap();
            users.into_iter().map(|user| user.username).collect::<Vec<_>>()
        };
        assert_eq!(names(&mut session), ["alice"]);
        assert!(names(&mut other).is_empty(), "nothing is visible before the end");
        session.commit().unwrap();
        assert_eq!(names(&mut other), ["alice"]);
    }

    #[test]
    fn an_atomic_block_whose_reads_changed_is_locked_out() {
        let bench = bench();
        let (mut one, mut two) = (bench.session(), bench.session());
        let user = one.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        one.begin();
        let renamed = User { first_name: "Alice".into(), ..user.clone() };
        one.transact(|tx| tx.update(&renamed)).unwrap();
        two.transact(|tx| tx.update(&User { last_name: "Liddell".into(), ..user.clone() })).unwrap();
        assert!(matches!(one.commit(), Err(ChangeError::Locked)));
        assert_eq!(one.depth(), 0);
        let now = one.transact(|tx| tx.find::<User>(user.id)).unwrap().unwrap();
        assert_eq!((now.first_name.as_str(), now.last_name.as_str()), ("", "Liddell"));
    }

    #[test]
    fn a_refused_change_inside_a_block_leaves_the_rest_of_it() {
        let bench = bench();
        let mut session = bench.session();
        session.begin();
        let alice = session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        let twice = session.transact(|tx| {
            tx.insert(bench.user("bob"))?;
            tx.insert(bench.user("alice"))
        });
        assert!(matches!(twice, Err(ChangeError::Unique { constraint: "auth_user.username" })));
        session.commit().unwrap();
        assert_eq!(session.transact(|tx| tx.all::<User>()).unwrap(), [alice]);
    }

    #[test]
    fn a_token_made_while_its_user_is_deleted_leaves_no_orphan() {
        let bench = bench();
        let (mut one, mut two) = (bench.session(), bench.session());
        let user = one.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        one.begin();
        one.transact(|tx| tx.delete_user(&user)).unwrap();
        two.transact(|tx| tx.create_token(NewToken { name: Some("ci".into()), ..NewToken::of(user.id) })).unwrap();
        assert!(matches!(one.commit(), Err(ChangeError::Locked)), "the deletion had looked for tokens before");
        let cascade = one.transact(|tx| tx.delete_user(&user)).unwrap();
        assert_eq!(cascade.tokens.len(), 1);
        let gone = two.transact(|tx| tx.create_token(NewToken::of(user.id)).map(|_| ()));
        assert!(matches!(gone, Err(ChangeError::ForeignKey)));
    }

    #[test]
    fn concurrent_sessions_lose_no_user_and_reuse_no_id() {
        let bench = bench();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let bench = &bench;
                scope.spawn(move || {
                    let mut session = bench.session();
                    for n in 0..50 {
                        session.transact(|tx| tx.insert(bench.user(&format!("user{thread}-{n}")))).unwrap();
                    }
                });
            }
        });
        let users = bench.session().transact(|tx| tx.all::<User>()).unwrap();
        assert_eq!(users.iter().map(|user| user.id).collect::<Vec<_>>(), (1..=400).collect::<Vec<_>>());
    }
}
