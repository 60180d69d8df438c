//! Revocation is exact: no request that begins after `revoke` has returned is accepted, whoever owns the store and
//! through whomever either of the two came.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use hallpass::{
    authority::{Authority, ChangeError, KeyringAt, Naming, NewToken},
    clock::SystemClock,
    domain::{Actor, Channel, Key, Policy, Token, User},
    random::SystemEntropy,
    store::{
        Role,
        local::{self, Options, Tenure},
    },
};

const REVOCATIONS: usize = 10_000;
const REQUESTS: u64 = 1_000_000;
/// Tokens that are alive at a time.
const BATCH: usize = 250;

fn authority(dir: &Path, tenure: Tenure) -> Authority {
    let options = Options { cache_bytes: Options::CACHE, tenure, program: "races".into() };
    let store = local::open(&dir.join("store"), options, &SystemEntropy).expect("a store in a new directory");
    let keyring = dir.join("keyring");
    let at = KeyringAt::File(&keyring);
    let authority =
        Authority::open(Arc::new(store), at, Policy::default(), Arc::new(SystemClock), Arc::new(SystemEntropy))
            .expect("an authority over it");
    authority.remember(1 << 20);
    authority
}

fn actor() -> Actor {
    Actor::new("races", None, Channel::Command)
}

/// A token, its key, and whether its revocation has returned.
struct Target {
    token: Token,
    key: Key,
    revoked: AtomicBool,
}

/// Makes a batch of tokens for one user.
fn targets(authority: &Authority, user: i64, batch: usize) -> Vec<Target> {
    let mut session = authority.session(actor());
    let make = |n| NewToken { name: Some(format!("{batch}-{n}")), ..NewToken::of(user) };
    let made = session.transact(|tx| (0..BATCH).map(|n| tx.create_token(make(n))).collect::<Result<Vec<_>, _>>());
    let made: Vec<(Token, Key)> = made.expect("named tokens of one user");
    made.into_iter().map(|(token, key)| Target { token, key, revoked: AtomicBool::new(false) }).collect()
}

#[test]
fn no_request_that_begins_after_a_revocation_returned_is_accepted() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let owner = authority(dir.path(), Tenure::Server);
    let attached = authority(dir.path(), Tenure::Visitor);
    assert_eq!((owner.role(), attached.role()), (Role::Owner, Role::Attached));
    let user = owner
        .session(actor())
        .transact(|tx| {
            tx.insert(User {
                id: 0,
                password: "!".into(),
                last_login: None,
                is_superuser: false,
                username: "alice".into(),
                first_name: String::new(),
                last_name: String::new(),
                email: String::new(),
                is_staff: false,
                is_active: true,
                date_joined: tx.now(),
            })
        })
        .expect("a user in a new store");

    let (asked, late) = (AtomicU64::new(0), AtomicU64::new(0));
    for batch in 0..REVOCATIONS / BATCH {
        let targets = targets(&owner, user.id, batch);
        let next = AtomicUsize::new(0);
        let due = REQUESTS / u64::try_from(REVOCATIONS / BATCH).expect("a small number") * (batch as u64 + 1);
        owner.refresh().expect("the store answers");
        thread::scope(|scope| {
            for asker in [&owner, &owner, &attached] {
                scope.spawn(|| {
                    let mut at = 0;
                    // Around the revocation that is going on at this moment, before it and behind it.
                    while next.load(Ordering::Acquire) < BATCH || asked.load(Ordering::Relaxed) < due {
                        at = (at + 1) % 8;
                        let target = &targets[(next.load(Ordering::Acquire) + at).saturating_sub(4).min(BATCH - 1)];
                        let over = target.revoked.load(Ordering::Acquire);
                        // As the server asks: for no name, and the store only where nothing is remembered.
                        let decided =
                            asker.recall(&target.key, Naming::None).map_or_else(|| asker.authenticate(&target.key), Ok);
                        let accepted = decided.expect("the store answers").is_ok();
                        asked.fetch_add(1, Ordering::Relaxed);
                        if over && accepted {
                            late.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            let mut sessions = [owner.session(actor()), attached.session(actor())];
            for (n, target) in targets.iter().enumerate() {
                let session = &mut sessions[n % 2];
                session.transact(|tx| tx.revoke(&target.token)).expect("it is revoked once");
                session.settle().expect("the disk takes it");
                target.revoked.store(true, Ordering::Release);
                next.store(n + 1, Ordering::Release);
            }
        });
        let mut session = attached.session(actor());
        let left = session.transact(|tx| {
            let tokens = tx.tokens_of(user.id)?;
            Ok::<_, ChangeError>(tokens.iter().filter(|token| token.is_live()).count())
        });
        assert_eq!(left.expect("the store answers"), 0);
        let now = owner.clock().now();
        let purged = owner.session(actor()).transact(|tx| {
            let due = tx.revoked_before(now)?;
            tx.purge(&due, now)
        });
        purged.expect("revoked tokens are purged");
    }
    let (asked, late) = (asked.into_inner(), late.into_inner());
    assert!(asked >= REQUESTS, "{asked} requests");
    assert_eq!(late, 0, "late accepts among {asked} requests");
}
