//! Figures of the seals and the audit trail: `cargo bench --bench seal-figures -- [SECTION...]`.
//!
//! Sections: authenticate (beside the same look-ups over rows with keys in clear), rotate (100,000 tokens, beside
//! requests), verify (a million events, beside a plain read of them). Each line is `bench name: key=value ...`.

#[path = "../people.rs"]
mod people;

use std::{
    hint::black_box,
    io::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hallpass::{
    authority::{Authority, ChangeError, KeyringAt, NewToken, Verdict},
    clock::SystemClock,
    domain::{Action, Actor, Channel, Clock, Key, Policy, Token, TokenState, User},
    random::SystemEntropy,
    store::{
        Change, Store, Write, events,
        layout::{Table, digest, number, read_number},
        local::{self, LocalStore, Options, Tenure},
        prefix_end,
        record::Record,
    },
};
use people::user;

const TOKENS: i64 = 100_000;
const EVENTS: u64 = 1_000_000;
/// How many rows are written in one commit.
const BATCH: usize = 1_000;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let wanted = |section: &str| words.is_empty() || words.iter().any(|word| word == section);
    let dir = tempfile::tempdir()?;
    if wanted("authenticate") || wanted("rotate") {
        let (_, authority) = open(&dir.path().join("tokens"))?;
        let keys = fill(&authority)?;
        if wanted("authenticate") {
            authenticate(&authority, &keys, &dir.path().join("plain"))?;
        }
        if wanted("rotate") {
            rotate(&authority, &keys)?;
        }
    }
    if wanted("verify") {
        verify(&dir.path().join("events"))?;
    }
    Ok(())
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "bench {line}");
}

fn store(dir: &Path) -> Result<LocalStore> {
    let options = Options { cache_bytes: 256 << 20, tenure: Tenure::Server, program: "bench".into() };
    Ok(local::open(&dir.join("store"), options, &SystemEntropy)?)
}

fn open(dir: &Path) -> Result<(Arc<LocalStore>, Authority)> {
    std::fs::create_dir_all(dir)?;
    let store = Arc::new(store(dir)?);
    let at = dir.join("keyring");
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let authority = Authority::open(store.clone(), KeyringAt::File(&at), Policy::default(), clock, entropy)?;
    Ok((store, authority))
}

/// Users with a token each.
fn fill(authority: &Authority) -> Result<Vec<Key>> {
    let mut session = authority.session(Actor::new("bench", None, Channel::Command));
    let mut keys = Vec::new();
    for first in (1..=TOKENS).step_by(BATCH) {
        let made = session.transact(|tx| {
            (first..first + 1_000)
                .map(|n| {
                    tx.insert(user(n))?;
                    Ok(tx.create_token(NewToken::of(n))?.1)
                })
                .collect::<Result<Vec<_>, ChangeError>>()
        })?;
        keys.extend(made);
    }
    session.settle()?;
    Ok(keys)
}

/// Scattered over all, the same for both sides.
fn scattered(n: usize) -> usize {
    n.wrapping_mul(7_919) % usize::try_from(TOKENS).expect("a small number")
}

/// As DRF has it: the key in clear is the index, and the row has nothing sealed.
fn plain(store: &LocalStore, key: &[u8]) -> Result<Option<User>> {
    let read = |key: &[u8]| store.get(key).map(|read| read.found.map(|found| found.value));
    let Some(serial) = read(key)?.and_then(|row| read_number(&row)) else { return Ok(None) };
    let Some(row) = read(&Table::Token.row(serial))? else { return Ok(None) };
    let token = Token::decode(&row)?;
    if token.state(SystemClock.now()) != TokenState::Active {
        return Ok(None);
    }
    let Some(row) = read(&Table::User.row(token.user))? else { return Ok(None) };
    Ok(Some(User::decode(&row)?).filter(|user| user.is_active))
}

fn authenticate(authority: &Authority, keys: &[Key], dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir)?;
    let beside = store(dir)?;
    let mut session = authority.session(Actor::new("bench", None, Channel::Command));
    let plain_key = |key: &Key| [b"d".as_slice(), key.expose().as_bytes()].concat();
    for first in (1..=TOKENS).step_by(BATCH) {
        let mut writes = Vec::new();
        for n in first..first + 1_000 {
            let mut token = session.transact(|tx| tx.token_named(n, None))?.context("it was made")?;
            token.key.sealed = None;
            let at = usize::try_from(n - 1)?;
            writes.push(Write { key: plain_key(&keys[at]), value: Some(number(token.serial).to_vec()) });
            writes.push(Write { key: Table::Token.row(token.serial), value: Some(token.encode()) });
            writes.push(Write { key: Table::User.row(n), value: Some(user(n).encode()) });
            // As many rows as the other side has beside these.
            writes.push(Write { key: digest(&token.key.digest), value: Some(number(token.serial).to_vec()) });
        }
        let _ = beside.commit(Change { writes, ..Change::default() })?;
    }
    let plain_keys: Vec<Vec<u8>> = keys.iter().map(plain_key).collect();
    let mut ratios = Vec::new();
    let (mut ours, mut theirs) = (0.0, 0.0);
    for round in 0..20 {
        let looked = |look: &dyn Fn(usize) -> bool| {
            let began = Instant::now();
            for n in 0..20_000 {
                assert!(look(scattered(round * 20_000 + n)), "every key is known");
            }
            began.elapsed().as_secs_f64() / 20_000.0 * 1e6
        };
        let sealed = looked(&|at| black_box(authority.authenticate(&keys[at])).is_ok_and(|done| done.is_ok()));
        let clear = looked(&|at| black_box(plain(&beside, &plain_keys[at])).is_ok_and(|user| user.is_some()));
        // The first rounds warm both caches.
        if round >= 4 {
            ratios.push(sealed / clear);
            (ours, theirs) = (ours + sealed, theirs + clear);
        }
    }
    ratios.sort_by(f64::total_cmp);
    let n = ratios.len();
    let (ours, theirs) = (ours / n as f64, theirs / n as f64);
    say(&format!("authenticate: ratio={:.3} sealed_us={ours:.2} clear_us={theirs:.2}", ratios[n / 2]));
    Ok(())
}

fn rotate(authority: &Authority, keys: &[Key]) -> Result<()> {
    let (asked, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                n += 1;
                let known = authority.authenticate(&keys[scattered(n)]).expect("the store answers").is_ok();
                assert!(known, "every key is known at every moment");
                asked.fetch_add(1, Ordering::Relaxed);
            }
        });
        let rate = |span: Duration, work: &mut dyn FnMut() -> Result<()>| -> Result<(f64, f64)> {
            let (began, before) = (Instant::now(), asked.load(Ordering::Relaxed));
            work()?;
            let rest = span.saturating_sub(began.elapsed());
            thread::sleep(rest);
            let spent = began.elapsed().as_secs_f64();
            Ok(((asked.load(Ordering::Relaxed) - before) as f64 / spent, spent))
        };
        let done = (|| {
            let alone = rate(Duration::from_secs(5), &mut || Ok(()))?.0;
            let mut session = authority.session(Actor::new("bench", None, Channel::Command));
            let (beside, spent) = rate(Duration::ZERO, &mut || {
                let mut pace = hallpass::command::Pace::default();
                authority.rotate_keyring(&mut session, &mut |_| pace.rest())?;
                Ok(())
            })?;
            let after = rate(Duration::from_secs(5), &mut || Ok(()))?.0;
            let share = beside * 2.0 / (alone + after);
            say(&format!("rotate: tokens={TOKENS} seconds={spent:.1} share={share:.2} requests_per_s={beside:.0}"));
            Ok(())
        })();
        stop.store(true, Ordering::Relaxed);
        done
    })
}

fn verify(dir: &Path) -> Result<()> {
    let (store, authority) = open(dir)?;
    let mut session = authority.session(Actor::new("bench", Some(1000), Channel::Command));
    let subject = user(1);
    for _ in 0..EVENTS / 1_000 {
        session.transact(|tx| {
            for _ in 0..1_000 {
                let action = Action::Changed { fields: vec!["first_name".into(), "email".into()] };
                tx.record(action, Some(hallpass::domain::Subject::user(&subject)), Some(1));
            }
            Ok::<_, ChangeError>(())
        })?;
    }
    session.settle()?;
    let mut best = (f64::MAX, f64::MAX, f64::MAX);
    for _ in 0..3 {
        let began = Instant::now();
        let (mut from, end, mut bytes, mut rows) = (vec![events::PREFIX], prefix_end(&[events::PREFIX]), 0, 0);
        loop {
            let page = store.range(&from, &end, 1_000)?.found;
            rows += page.len();
            bytes += page.iter().map(|row| black_box(&row.value).len()).sum::<usize>();
            let Some(last) = page.last() else { break };
            from = [last.key.as_slice(), &[0]].concat();
        }
        let plain = began.elapsed().as_secs_f64();
        let began = Instant::now();
        let verdict = session.transact(|tx| tx.verify_events(None))?;
        let verified = began.elapsed().as_secs_f64();
        assert!(matches!(verdict, Verdict::Whole(head) if head.len() > EVENTS) && rows as u64 > EVENTS && bytes > 0);
        if verified / plain < best.0 {
            best = (verified / plain, verified, plain);
        }
    }
    let (ratio, verified, plain) = best;
    say(&format!("verify: events={EVENTS} seconds={verified:.2} plain_read_seconds={plain:.2} ratio={ratio:.2}"));
    Ok(())
}
