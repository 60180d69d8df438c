//! Reading the audit trail.

use super::{ChangeError, Scan, Tx};
use crate::{
    domain::Event,
    store::{
        events::{self, Chain},
        record::Record,
    },
};

/// What a check of the trail found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Every event follows from the one before, up to the head.
    Whole {
        /// How many there are.
        events: u64,
    },
    /// From this number on the trail is not what was written.
    Broken {
        /// The first event that is missing or altered.
        at: u64,
    },
}

impl Tx<'_> {
    /// Gives `each` the events after the one numbered `after`, in order, with their numbers.
    pub fn events(&mut self, after: u64, mut each: impl FnMut(u64, Event) -> Scan) -> Result<(), ChangeError> {
        let (from, to) = (events::key(after + 1), crate::store::prefix_end(&[events::PREFIX]));
        self.overlay.range(&*self.core.store, &from, &to, |key, row| {
            let Some((number, (_, event))) = events::number(key).zip(events::split(row)) else { return Ok(true) };
            Ok(each(number, Event::decode(event)?) == Scan::On)
        })?;
        Ok(())
    }

    /// How many events there are.
    pub fn event_count(&mut self) -> Result<u64, ChangeError> {
        let head = self.get(events::HEAD)?;
        Ok(Chain::from_head(head.as_deref()).map_or(0, |chain| chain.len()))
    }

    /// Checks the hash chain from its first event to its head.
    pub fn verify_events(&mut self) -> Result<Verdict, ChangeError> {
        let head = self.get(events::HEAD)?;
        let mut chain = Chain::default();
        let mut broken = None;
        self.range(&[events::PREFIX], |key, row| {
            if chain.verify(key, row) {
                return Ok(Scan::On);
            }
            broken = Some(chain.len() + 1);
            Ok(Scan::Stop)
        })?;
        Ok(match broken {
            Some(at) => Verdict::Broken { at },
            None if Chain::from_head(head.as_deref()) == Some(chain) => Verdict::Whole { events: chain.len() },
            None => Verdict::Broken { at: chain.len() + 1 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authority::tests::bench,
        domain::Action,
        store::{Change, Committed, Store, Write},
    };

    #[test]
    fn every_change_leaves_an_event_and_an_altered_one_is_found() {
        let bench = bench();
        let mut session = bench.session();
        let user = session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        session.transact(|tx| tx.delete_user(&user)).unwrap();
        let mut seen = Vec::new();
        session
            .transact(|tx| {
                seen.clear();
                tx.events(0, |number, event| {
                    seen.push((number, event.action));
                    Scan::On
                })
            })
            .unwrap();
        assert_eq!(seen, [(1, Action::StoreCreated), (2, Action::Created), (3, Action::Deleted)]);
        let verify = |session: &mut crate::authority::Session| session.transact(|tx| tx.verify_events()).unwrap();
        assert_eq!(verify(&mut session), Verdict::Whole { events: 3 });

        let row = bench.store.get(&events::key(2)).unwrap().found.unwrap().value;
        let value = String::from_utf8_lossy(&row[32..]).replace("alice", "mallo");
        let value = [&row[..32], value.as_bytes()].concat();
        let writes = vec![Write { key: events::key(2), value: Some(value) }];
        let done = bench.store.commit(Change { writes, ..Change::default() });
        assert!(matches!(done, Ok(Committed::Applied(_))));
        assert_eq!(verify(&mut session), Verdict::Broken { at: 2 });
    }
}
