//! The product's own rows beside the plain ones: users with a token each, all that a change writes (records, indexes,
//! digests, counters, audit events), and look-ups by the words that people use.

use std::{path::Path, sync::Arc, time::Instant};

use anyhow::{Context as _, Result};
use hallpass::{
    authority::{Authority, ChangeError, KeyringAt, NewToken},
    clock::SystemClock,
    domain::{Actor, Channel, Policy},
    random::SystemEntropy,
    store::local::{LocalStore, Tenure},
};

use super::{mix, open, people::user, resident, say};

fn authority(dir: &Path) -> Result<(Arc<LocalStore>, Authority)> {
    std::fs::create_dir_all(dir)?;
    let store = Arc::new(open(&dir.join("store"), Tenure::Visitor)?);
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let keyring = KeyringAt::File(&dir.join("keyring"));
    let authority = Authority::open(store.clone(), keyring, Policy::default(), clock, entropy)?;
    Ok((store, authority))
}

/// Makes users with a token each, 200 in one change as the plain rows are.
pub(super) fn load(dir: &Path, tokens: u64) -> Result<()> {
    let (store, authority) = authority(dir)?;
    let mut session = authority.session(Actor::new("bench", None, Channel::Command));
    let began = Instant::now();
    let tokens = i64::try_from(tokens)?;
    for first in (1..=tokens).step_by(200) {
        session.transact(|tx| {
            for n in first..(first + 200).min(tokens + 1) {
                tx.insert(user(n))?;
                let _ = tx.create_token(NewToken::of(n))?;
            }
            Ok::<_, ChangeError>(())
        })?;
    }
    session.settle()?;
    drop((session, authority));
    Arc::into_inner(store).context("nobody else has it")?.close()?;
    say(&format!("product's rows: load of {tokens} users with tokens"), began.elapsed().as_secs_f64(), "s");
    say("product's rows: load, peak resident", resident("VmHWM"), "MB");
    Ok(())
}

/// Opens them again and looks users up by name, each with its token.
pub(super) fn read(dir: &Path, tokens: u64) -> Result<()> {
    let began = Instant::now();
    let (_store, authority) = authority(dir)?;
    say("product's rows: open", began.elapsed().as_secs_f64(), "s");
    say("product's rows: resident after opening", resident("VmRSS"), "MB");
    let mut session = authority.session(Actor::new("bench", None, Channel::Command));
    let mut times = Vec::new();
    for n in 0..300_000 {
        let which = i64::try_from(mix(n ^ 0xabcd) % tokens)? + 1;
        let began = Instant::now();
        let token = session.transact(|tx| {
            let user = tx.user_named(&format!("user{which}"))?;
            user.map_or(Ok(None), |user| tx.token_named(user.id, None))
        })?;
        times.push(began.elapsed());
        anyhow::ensure!(token.is_some_and(|token| token.user == which), "user {which}");
    }
    times.sort();
    say("product's rows: user by name with token, p50", times[times.len() / 2].as_secs_f64() * 1e6, "us");
    say("product's rows: resident after 300,000 of those", resident("VmRSS"), "MB");
    Ok(())
}
