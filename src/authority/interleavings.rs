//! Tests: whatever two callers do at once, the outcome is that of one after the other.
//!
//! A store lets a second action happen as a whole between any two steps that the first one takes on it; every pair of
//! actions is tried at every such point.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use super::{
    Authority, ChangeError, KeyringAt, Naming, NewToken, Overlap, Refusal, Tx,
    tests::{SteppedClock, user},
};
use crate::{
    domain::{Actor, Channel, Clock, Key, Policy, Timestamp, Token, TokenState, User},
    random::SystemEntropy,
    store::{
        Change, Committed, Cursor, News, Read, Revision, Role, Row, Store, StoreError, StoreId, Versioned, Watch,
        Write, memory::MemoryStore,
    },
};

type Action = Box<dyn FnOnce() + Send>;

/// A store in memory that runs an action before one of the steps taken on it.
struct Interrupted {
    memory: MemoryStore,
    pending: Mutex<Option<(usize, Action)>>,
    /// Whether nothing can be made durable.
    is_refusing: AtomicBool,
}

impl Interrupted {
    fn new() -> Self {
        let memory = MemoryStore::new(StoreId([1; 16]));
        Self { memory, pending: Mutex::default(), is_refusing: AtomicBool::new(false) }
    }

    fn step(&self) {
        let mut pending = self.pending.lock().unwrap();
        let due = match &mut *pending {
            Some((0, _)) => pending.take(),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        };
        drop(pending);
        if let Some((_, action)) = due {
            action();
        }
    }
}

impl Store for Interrupted {
    fn get(&self, key: &[u8]) -> Result<Read<Option<Versioned>>, StoreError> {
        self.step();
        self.memory.get(key)
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Read<Vec<Row>>, StoreError> {
        self.step();
        self.memory.range(from, to, limit)
    }

    fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        self.step();
        self.memory.commit(change)
    }

    fn sync(&self, revision: Revision) -> Result<(), StoreError> {
        self.step();
        if self.is_refusing.load(Ordering::Relaxed) {
            return Err(StoreError::OutcomeUnknown);
        }
        self.memory.sync(revision)
    }

    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Watch, StoreError> {
        self.memory.watch(prefix, from)
    }

    fn news(&self, since: Option<Cursor>, each: &mut dyn FnMut(&Write)) -> News {
        self.memory.news(since, each)
    }

    fn id(&self) -> StoreId {
        self.memory.id()
    }

    fn role(&self) -> Role {
        Role::Memory
    }
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Revoke,
    Regenerate,
    Expire,
    Deactivate,
    DeleteUser,
    CreateToken,
}

const DEEDS: [Deed; 6] =
    [Deed::Revoke, Deed::Regenerate, Deed::Expire, Deed::Deactivate, Deed::DeleteUser, Deed::CreateToken];

/// One user with one token, and what the deeds need to know of them.
struct Scene {
    store: Arc<Interrupted>,
    authority: Authority,
    clock: Arc<SteppedClock>,
    user: User,
    token: Token,
    key: Key,
}

fn scene() -> Scene {
    let store = Arc::new(Interrupted::new());
    let clock = Arc::new(SteppedClock::new(1_700_000_000_000_000));
    let entropy = Arc::new(SystemEntropy);
    let authority =
        Authority::open(store.clone(), KeyringAt::Process, Policy::default(), clock.clone(), entropy).unwrap();
    // What was read while a deed was done must not be remembered as if it were the last word.
    authority.remember(1 << 20);
    let mut session = authority.session(actor());
    let (user, token, key) = session
        .transact(|tx| {
            let user = tx.insert(user("alice", tx.now()))?;
            let (token, key) = tx.create_token(NewToken::of(user.id))?;
            Ok::<_, ChangeError>((user, token, key))
        })
        .unwrap();
    Scene { store, authority, clock, user, token, key }
}

fn actor() -> Actor {
    Actor::new("ops", None, Channel::Command)
}

/// Does a deed as a careful caller does it: it reads what it changes in the same transaction.
fn perform(authority: &Authority, deed: Deed, user: i64, serial: i64) -> String {
    let done = authority.session(actor()).transact(|tx| {
        let token = |tx: &mut Tx<'_>| tx.find::<Token>(serial)?.ok_or(ChangeError::Gone { what: "token" });
        let owner = |tx: &mut Tx<'_>| tx.find::<User>(user)?.ok_or(ChangeError::Gone { what: "user" });
        match deed {
            Deed::Revoke => {
                let token = token(tx)?;
                tx.revoke(&token).map(|_| ())
            }
            Deed::Regenerate => {
                let token = token(tx)?;
                tx.regenerate(&token, None, Overlap::None).map(|_| ())
            }
            Deed::Expire => {
                let mut token = token(tx)?;
                token.expires = Some(tx.now());
                tx.update(&token).map(|_| ())
            }
            Deed::Deactivate => {
                let mut user = owner(tx)?;
                user.is_active = false;
                tx.update(&user).map(|_| ())
            }
            Deed::DeleteUser => {
                let user = owner(tx)?;
                tx.delete_user(&user).map(|_| ())
            }
            Deed::CreateToken => {
                tx.create_token(NewToken { name: Some("ci".into()), ..NewToken::of(user) }).map(|_| ())
            }
        }
    });
    done.map_or_else(|error| error.to_string(), |()| "done".into())
}

/// What can be seen of the scene afterwards, without what is random.
fn outcome(scene: &Scene) -> String {
    let now = scene.clock.now();
    let mut session = scene.authority.session(actor());
    let seen = session.transact(|tx| {
        let user = tx.find::<User>(scene.user.id)?;
        let tokens = tx.all::<Token>()?;
        let owned = tx.tokens_of(scene.user.id)?;
        assert_eq!(tokens, owned, "no token without its user, and none that is not found from there");
        let states: Vec<_> =
            tokens.iter().map(|token| (token.serial, word(token, now), token.superseded.is_some())).collect();
        Ok::<_, ChangeError>(format!("{:?} {states:?}", user.map(|user| user.is_active)))
    });
    let opens = scene.authority.authenticate(&scene.key).unwrap().map_err(|refusal| match refusal {
        Refusal::Unknown => "unknown",
        Refusal::Revoked(_) => "revoked",
        Refusal::Expired(_) => "expired",
        Refusal::Superseded(_) => "superseded",
        Refusal::Inactive(..) => "inactive",
    });
    format!("{} {:?}", seen.unwrap(), opens.map(|_| "opens"))
}

fn word(token: &Token, now: Timestamp) -> &'static str {
    match token.state(now) {
        TokenState::Active => "active",
        TokenState::Expired { .. } => "expired",
        TokenState::Revoked { .. } => "revoked",
    }
}

/// The outcome of `first` and then `second`, with what each was told.
fn one_after_the_other(first: Deed, second: Deed) -> (String, String, String) {
    let scene = scene();
    let mut told = [first, second].map(|deed| perform(&scene.authority, deed, scene.user.id, scene.token.serial));
    (std::mem::take(&mut told[0]), std::mem::take(&mut told[1]), outcome(&scene))
}

#[test]
fn two_deeds_at_once_end_as_one_after_the_other() {
    let mut points = 0;
    for first in DEEDS {
        for second in DEEDS {
            let (a1, b1, forth) = one_after_the_other(first, second);
            let (b2, a2, back) = one_after_the_other(second, first);
            for step in 0.. {
                let scene = scene();
                let told: Arc<Mutex<Option<String>>> = Arc::default();
                let (authority, user, serial) = (scene.authority.clone(), scene.user.id, scene.token.serial);
                let heard = Arc::clone(&told);
                let action = move || *heard.lock().unwrap() = Some(perform(&authority, second, user, serial));
                *scene.store.pending.lock().unwrap() = Some((step, Box::new(action)));
                let a = perform(&scene.authority, first, user, serial);
                if scene.store.pending.lock().unwrap().take().is_some() {
                    assert!(step > 1, "{first:?} takes several steps");
                    break;
                }
                let b = told.lock().unwrap().take().expect("it was performed");
                let got = (a.as_str(), b.as_str(), outcome(&scene));
                let either = [(a1.as_str(), b1.as_str(), forth.clone()), (a2.as_str(), b2.as_str(), back.clone())];
                assert!(either.contains(&got), "{second:?} at step {step} of {first:?}: {got:?}, not {either:?}");
                points += 1;
            }
        }
    }
    assert!(points > 200, "{points} points");
}

#[test]
fn a_key_is_accepted_or_refused_as_before_or_after_what_happens_meanwhile() {
    for deed in DEEDS {
        let refused = {
            let scene = scene();
            perform(&scene.authority, deed, scene.user.id, scene.token.serial);
            scene.authority.authenticate(&scene.key).unwrap().is_err()
        };
        for step in 0.. {
            let scene = scene();
            let (authority, user, serial) = (scene.authority.clone(), scene.user.id, scene.token.serial);
            let action = move || assert_eq!(perform(&authority, deed, user, serial), "done");
            *scene.store.pending.lock().unwrap() = Some((step, Box::new(action)));
            let meanwhile = scene.authority.authenticate(&scene.key).unwrap();
            if scene.store.pending.lock().unwrap().take().is_some() {
                assert!(step > 1);
                break;
            }
            assert!(meanwhile.is_ok() || refused, "{deed:?} at step {step} refuses nobody");
            // As the server asks: for no name, and the store only where nothing is remembered.
            if let Some(remembered) = scene.authority.recall(&scene.key, Naming::None) {
                assert_eq!(remembered.is_err(), refused, "{deed:?} at step {step}");
            }
            let afterwards = scene.authority.authenticate(&scene.key).unwrap();
            assert_eq!(afterwards.is_err(), refused, "{deed:?} at step {step}");
        }
    }
}

#[test]
fn what_came_with_the_news_is_true_whatever_happens_while_it_is_taken_over() {
    for first in DEEDS {
        for second in DEEDS {
            let expected = one_after_the_other(first, second).2;
            for step in 0.. {
                let scene = scene();
                scene.authority.refresh().unwrap();
                perform(&scene.authority, first, scene.user.id, scene.token.serial);
                let (authority, user, serial) = (scene.authority.clone(), scene.user.id, scene.token.serial);
                let action = move || drop(perform(&authority, second, user, serial));
                *scene.store.pending.lock().unwrap() = Some((step, Box::new(action)));
                scene.authority.refresh().unwrap();
                let over = scene.store.pending.lock().unwrap().take();
                if let Some((_, action)) = over {
                    action();
                }
                assert_eq!(outcome(&scene), expected, "{second:?} at step {step} of a refresh after {first:?}");
                scene.authority.refresh().unwrap();
                assert_eq!(outcome(&scene), expected, "{second:?} at step {step} of a refresh after {first:?}, later");
                if step > 3 {
                    break;
                }
            }
        }
    }
}

#[test]
fn what_came_with_the_news_is_remembered_when_it_is_durable_and_not_before() {
    let scene = scene();
    scene.authority.refresh().unwrap();
    let (_, key) = scene
        .authority
        .session(actor())
        .transact(|tx| {
            let token = tx.find::<Token>(scene.token.serial)?.expect("nobody deleted it");
            tx.regenerate(&token, None, Overlap::None)
        })
        .unwrap();
    assert_eq!(scene.authority.recall(&key, Naming::None), None, "a power cut may still undo it");
    scene.store.is_refusing.store(true, Ordering::Relaxed);
    assert!(scene.authority.refresh().is_err());
    assert_eq!(scene.authority.recall(&key, Naming::None), None, "a power cut may still undo it");
    scene.store.is_refusing.store(false, Ordering::Relaxed);
    scene.authority.refresh().unwrap();
    assert!(scene.authority.recall(&key, Naming::None).is_some_and(|decided| decided.is_ok()), "no row has to be read");
}

#[test]
fn a_key_is_found_at_every_step_of_a_rotation() {
    for step in 0..8 {
        let dir = tempfile::tempdir().unwrap();
        let keyring = dir.path().join("keyring");
        let store = Arc::new(Interrupted::new());
        let clock = Arc::new(SteppedClock::new(1_700_000_000_000_000));
        let open = || {
            let (at, entropy) = (KeyringAt::File(&keyring), Arc::new(SystemEntropy));
            Authority::open(store.clone(), at, Policy::default(), clock.clone(), entropy).unwrap()
        };
        let rotating = open();
        let mut session = rotating.session(actor());
        let key = session
            .transact(|tx| {
                let user = tx.insert(user("alice", tx.now()))?;
                Ok::<_, ChangeError>(tx.create_token(NewToken::of(user.id))?.1)
            })
            .unwrap();
        // The new secrets are drawn, and no key has moved yet.
        crate::seal::renew(&keyring, [1; 16], &SystemEntropy).unwrap();
        let asking = open();
        let rotate = Box::new(move || assert!(rotating.rotate_keyring(&mut session, &mut |_| ()).is_ok()));
        *store.pending.lock().unwrap() = Some((step, rotate));
        assert!(asking.authenticate(&key).unwrap().is_ok(), "step {step}");
    }
}
