//! What every test of the store needs: seeded entropy, short changes, a directory of its own.

use std::{
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hallpass::{
    domain::Entropy,
    store::{
        Change, Committed, Compare, Revision, Store, StoreError, Write,
        local::{self, LocalStore, Options, Tenure},
    },
};

/// A generator that is named by its seed (splitmix64).
#[derive(Debug)]
pub(crate) struct Seeded(Mutex<u64>);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    pub(crate) fn next(&self) -> u64 {
        let mut state = self.0.lock().expect("nobody panics in here");
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Seeded {
    pub(crate) fn below(&self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) fn options(tenure: Tenure) -> Options {
    Options { cache_bytes: 4 << 20, tenure, program: "test".into() }
}

pub(crate) fn try_open(dir: &Path, tenure: Tenure) -> Result<LocalStore, StoreError> {
    // Two sessions must differ, whoever opens them.
    static OPENED: AtomicU64 = AtomicU64::new(0);
    let seed = u64::from(std::process::id()) << 32 | OPENED.fetch_add(1, Ordering::Relaxed);
    local::open(dir, options(tenure), &Seeded::new(seed))
}

pub(crate) fn open(dir: &Path, tenure: Tenure) -> LocalStore {
    try_open(dir, tenure).expect("the store opens")
}

pub(crate) fn put(key: &str, value: &str) -> Change {
    Change { writes: vec![write(key, Some(value))], ..Change::default() }
}

pub(crate) fn write(key: &str, value: Option<&str>) -> Write {
    Write { key: key.into(), value: value.map(Into::into) }
}

pub(crate) fn compare(key: &str, changed: Option<Revision>) -> Compare {
    Compare { key: key.into(), changed }
}

pub(crate) fn applied(committed: Committed) -> Revision {
    match committed {
        Committed::Applied(revision) => revision,
        Committed::Conflict(at) => panic!("a conflict at {at:?}"),
    }
}

pub(crate) fn value(store: &dyn Store, key: &str) -> Option<String> {
    let found = store.get(key.as_bytes()).expect("the store answers").found;
    found.map(|row| String::from_utf8(row.value).expect("tests write text"))
}

/// Waits for a fact, and says which one did not come.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut fact: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !fact() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Says that something cannot be tried on this machine and why; where it must be, that is a failure.
#[track_caller]
pub(crate) fn skipped(what: &str, why: &str) {
    assert!(std::env::var_os("HALLPASS_CI").is_none(), "{what} must run here: {why}");
    let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), format!("SKIPPED {what}: {why}\n").as_bytes());
}
