//! Credentials that were refused: counted in memory by class and token, and told in the audit trail together. Nobody can
//! fill the trail by knocking.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Authority, ChangeError, Refusal, Session};
use crate::domain::{Action, Subject, Timestamp, TokenId};

/// How many tokens have an event of their own between two times of writing; the rest of a class is counted together.
const NAMED: usize = 1_000;

/// How many events go into one commit.
const BATCH: usize = 100;

/// A class, and the token where one is known.
type Class = (&'static str, Option<TokenId>);

#[derive(Clone, Debug)]
struct Count {
    times: u64,
    since: Timestamp,
    last_from: Option<String>,
}

/// What was counted and has no event yet.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<Class, Count>>);

impl Refusals {
    fn lock(&self) -> MutexGuard<'_, HashMap<Class, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, why: &'static str, token: Option<&TokenId>, from: Option<String>, now: Timestamp) {
        let mut counts = self.lock();
        let known = |counts: &HashMap<Class, Count>, class| counts.contains_key(&class) || counts.len() < NAMED;
        let token = token.copied().filter(|token| known(&counts, (why, Some(*token))));
        let class = (why, token);
        let new = || Count { times: 0, since: now, last_from: None };
        let count = counts.entry(class).or_insert_with(new);
        count.times += 1;
        count.last_from = from.or(count.last_from.take());
    }
}

impl Authority {
    /// Counts a key that was refused, presented from the address `from`. Never waits for the store.
    pub fn count_refusal(&self, refusal: &Refusal, from: &dyn fmt::Display) {
        let (why, token) = match refusal {
            Refusal::Unknown => ("unknown", None),
            Refusal::Revoked(token) => ("revoked", Some(token)),
            Refusal::Expired(token) => ("expired", Some(token)),
            Refusal::Superseded(token) => ("superseded", Some(token)),
            Refusal::Inactive(token, _) => ("inactive", Some(token)),
        };
        self.core.usage.refusals.add(why, token, Some(from.to_string()), self.core.clock.now());
    }

    pub(super) fn write_refusals(&self, session: &mut Session) -> Result<(), ChangeError> {
        let counts = mem::take(&mut *self.core.usage.refusals.lock());
        let mut left: Vec<_> = counts.into_iter().collect();
        // In the order in which they began.
        left.sort_by_key(|(class, count)| (std::cmp::Reverse(count.since), *class));
        while !left.is_empty() {
            let some = left.split_off(left.len().saturating_sub(BATCH));
            let done = session.transact(|tx| {
                for ((why, token), count) in some.iter().rev() {
                    let Count { times, since, last_from } = count.clone();
                    // One that was deleted meanwhile has no name any more.
                    let token = token.map(|id| tx.token_by_id(id)).transpose()?.flatten();
                    let (subject, owner) = token.map(|token| (Subject::token(&token), token.user)).unzip();
                    let action = Action::Refused { why: (*why).to_owned(), count: times, since, last_from };
                    tx.record(action, subject, owner);
                }
                Ok::<_, ChangeError>(())
            });
            if let Err(error) = done {
                let mut counts = self.core.usage.refusals.lock();
                for (class, count) in some.into_iter().chain(left) {
                    let times = count.times;
                    let entry = counts.entry(class).or_insert(Count { times: 0, ..count });
                    entry.times += times;
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Session {
    /// Counts a password that was refused, whoever's it was to be: what was typed as a username may be a password.
    pub(super) fn count_refused_password(&self) {
        let from = self.actor().from.clone();
        self.core.usage.refusals.add("password", None, from, self.core.clock.now());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        authority::{Scan, tests::bench},
        domain::{Clock, Event, Key},
    };

    #[test]
    fn refusals_are_counted_by_class_and_told_together() {
        let bench = bench();
        let mut session = bench.session();
        let (token, key) = bench.token_of("alice");
        session.transact(|tx| tx.revoke(&token)).unwrap();
        let began = bench.clock.now();
        let stranger = Key::from_text("stranger".into());
        for n in 0..1000 {
            for (key, from) in [(&key, "10.0.0.1"), (&stranger, "10.0.0.2")] {
                let refusal = bench.authority.authenticate(key).unwrap().expect_err("neither opens");
                bench.authority.count_refusal(&refusal, &format!("{from}{n}"));
            }
            bench.clock.step(Duration::from_millis(1));
        }
        assert_eq!(session.login("alice", "wrong").unwrap(), None);
        let events = |session: &mut Session| {
            let mut found = Vec::new();
            let read = |tx: &mut crate::authority::Tx<'_>| {
                found.clear();
                tx.events(0, |_, event: Event| {
                    if let Action::Refused { why, count, since, last_from } = event.action {
                        found.push((why, count, since, last_from, event.subject.and_then(|s| s.token), event.owner));
                    }
                    Scan::On
                })
            };
            session.transact(read).unwrap();
            found
        };
        assert!(events(&mut session).is_empty(), "no request writes");
        bench.authority.write_usage(&mut session, 100).unwrap();
        let ended = bench.clock.now();
        let (id, owner) = (Some(token.id.to_string()), Some(token.user));
        assert_eq!(
            events(&mut session),
            [
                ("unknown".into(), 1000, began, Some("10.0.0.2999".into()), None, None),
                ("revoked".into(), 1000, began, Some("10.0.0.1999".into()), id, owner),
                ("password".into(), 1, ended, None, None, None),
            ]
        );
        bench.authority.write_usage(&mut session, 100).unwrap();
        assert_eq!(events(&mut session).len(), 3, "nothing is told twice");
    }

    #[test]
    fn what_is_beyond_the_named_ones_is_counted_together() {
        let refusals = Refusals::default();
        for _ in 0..3_000 {
            let id = TokenId::generate(&crate::random::SystemEntropy);
            refusals.add("revoked", Some(&id), None, Timestamp(0));
        }
        let counts = refusals.lock();
        assert_eq!((counts.len(), counts[&("revoked", None)].times), (NAMED + 1, 2_000));
    }
}
