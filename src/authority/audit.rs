//! Reading the audit trail.

use super::{Authority, ChangeError, Scan, StoreError, Tx};
pub use crate::store::events::Chain as TrailHead;
use crate::{
    domain::Event,
    store::{Watch, events, record::Record},
};

/// What a check of the trail found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Every event follows from the one before, up to the head.
    Whole(TrailHead),
    /// From this number on the trail is not what was written.
    Broken {
        /// The first event of which that is so.
        at: u64,
        /// What is wrong with it.
        flaw: Flaw,
    },
}

/// What is wrong with an event of the trail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flaw {
    /// It is not there, and later ones are.
    Missing,
    /// It is not what was written there, or not in its place.
    Altered,
    /// The trail's own head says otherwise.
    Head,
    /// The trail ends before it, and a saved head is of a later event: its tail was cut off.
    CutOff,
    /// It follows from those before it and is not the one of the saved head: the trail was written anew.
    WrittenAnew,
}

impl Tx<'_> {
    /// Gives `each` the events after the one numbered `after`, in order, with their numbers.
    pub fn events(&mut self, after: u64, mut each: impl FnMut(u64, Event) -> Scan) -> Result<(), ChangeError> {
        let (from, to) = (events::key(after + 1), crate::store::prefix_end(&[events::PREFIX]));
        self.overlay.range(&*self.core.store, &from, &to, |key, row, _| {
            let Some((number, (_, event))) = events::number(key).zip(events::split(row)) else { return Ok(true) };
            Ok(each(number, Event::decode(event)?) == Scan::On)
        })?;
        Ok(())
    }

    /// How many events there are.
    pub fn event_count(&mut self) -> Result<u64, ChangeError> {
        Ok(self.trail_head()?.map_or(0, |head| head.len()))
    }

    /// The number and the hash of the newest event, to be kept where nobody who can write the store can; none where what
    /// stands in its place is none. Not compared: events that others add meanwhile are no conflict.
    pub fn trail_head(&mut self) -> Result<Option<TrailHead>, ChangeError> {
        let mut head = None;
        self.range(events::HEAD, |_, row| {
            head = Some(row.to_vec());
            Ok(Scan::Stop)
        })?;
        Ok(TrailHead::from_head(head.as_deref()))
    }

    /// Checks the hash chain from its first event to its head, and that it still holds the event of a head that was
    /// `saved` earlier.
    pub fn verify_events(&mut self, saved: Option<TrailHead>) -> Result<Verdict, ChangeError> {
        let head = self.trail_head()?;
        let last = head.map_or(u64::MAX, |head| head.len());
        let mut chain = TrailHead::default();
        let mut broken = None;
        self.range(&[events::PREFIX], |key, row| {
            let at = chain.len() + 1;
            if at > last {
                return Ok(Scan::Stop);
            }
            let flaw = match chain.verify(key, row) {
                false if events::number(key) == Some(at) => Some(Flaw::Altered),
                false => Some(Flaw::Missing),
                true if saved.is_some_and(|saved| saved.len() == at && saved != chain) => Some(Flaw::WrittenAnew),
                true => None,
            };
            broken = flaw.map(|flaw| Verdict::Broken { at, flaw });
            Ok(if broken.is_some() { Scan::Stop } else { Scan::On })
        })?;
        let end = |flaw| Verdict::Broken { at: chain.len() + 1, flaw };
        Ok(match broken {
            Some(broken) => broken,
            None if head != Some(chain) => end(Flaw::Head),
            None if saved.is_some_and(|saved| saved.len() > chain.len()) => end(Flaw::CutOff),
            None => Verdict::Whole(chain),
        })
    }
}

impl Authority {
    /// Tells of events that are added from now on.
    ///
    /// # Errors
    /// The store failed.
    pub fn watch_events(&self) -> Result<Watch, StoreError> {
        let seen = self.core.store.get(events::HEAD)?.seen;
        self.core.store.watch(events::HEAD, seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authority::tests::{Bench, bench},
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
        let whole = verify(&mut session, None);
        assert!(matches!(whole, Verdict::Whole(head) if head.len() == 3));

        let row = row_of(&bench, 2).unwrap();
        let value = String::from_utf8_lossy(&row[32..]).replace("alice", "mallo");
        write(&bench, vec![(events::key(2), Some([&row[..32], value.as_bytes()].concat()))]);
        assert_eq!(verify(&mut session, None), Verdict::Broken { at: 2, flaw: Flaw::Altered });
    }

    fn verify(session: &mut crate::authority::Session, saved: Option<TrailHead>) -> Verdict {
        session.transact(|tx| tx.verify_events(saved)).unwrap()
    }

    fn row_of(bench: &Bench, number: u64) -> Option<Vec<u8>> {
        bench.store.get(&events::key(number)).unwrap().found.map(|found| found.value)
    }

    /// Writes behind the authority's back.
    fn write(bench: &Bench, rows: Vec<(Vec<u8>, Option<Vec<u8>>)>) {
        let writes = rows.into_iter().map(|(key, value)| Write { key, value }).collect();
        let done = bench.store.commit(Change { writes, ..Change::default() });
        assert!(matches!(done, Ok(Committed::Applied(_))));
    }

    /// A trail of ten events, and its head.
    fn ten() -> (Bench, crate::authority::Session, TrailHead) {
        let bench = bench();
        let mut session = bench.session();
        for n in 0..9 {
            session.transact(|tx| tx.insert(bench.user(&format!("user{n}")))).unwrap();
        }
        let head = session.transact(|tx| tx.trail_head()).unwrap().unwrap();
        (bench, session, head)
    }

    #[test]
    fn the_first_broken_link_is_named_whatever_was_done_to_it() {
        // A flipped bit, wherever it is.
        for at in [0, 31, 32, 33, 60] {
            let (bench, mut session, _) = ten();
            let mut row = row_of(&bench, 4).unwrap();
            row[at] ^= 1;
            write(&bench, vec![(events::key(4), Some(row))]);
            assert_eq!(verify(&mut session, None), Verdict::Broken { at: 4, flaw: Flaw::Altered }, "byte {at}");
        }
        // A removed event, and the last one.
        for (number, flaw) in [(5, Flaw::Missing), (10, Flaw::Head)] {
            let (bench, mut session, _) = ten();
            write(&bench, vec![(events::key(number), None)]);
            assert_eq!(verify(&mut session, None), Verdict::Broken { at: number, flaw });
        }
        // Two in each other's place.
        let (bench, mut session, _) = ten();
        let (six, eight) = (row_of(&bench, 6), row_of(&bench, 8));
        write(&bench, vec![(events::key(6), eight), (events::key(8), six)]);
        assert_eq!(verify(&mut session, None), Verdict::Broken { at: 6, flaw: Flaw::Altered });
    }

    #[test]
    fn a_tail_that_was_cut_off_with_the_head_is_missed_by_a_saved_head() {
        let (bench, mut session, saved) = ten();
        assert_eq!(saved.to_string().parse(), Ok(saved));
        assert_eq!(verify(&mut session, Some(saved)), Verdict::Whole(saved));
        session.transact(|tx| tx.insert(bench.user("later"))).unwrap();
        assert!(matches!(verify(&mut session, Some(saved)), Verdict::Whole(head) if head.len() == 11));

        // Whoever can write the store can make a chain that is whole in itself.
        let mut chain = TrailHead::default();
        for number in 1..=7 {
            let row = row_of(&bench, number).unwrap();
            assert!(chain.verify(&events::key(number), &row));
        }
        let mut cut = vec![(events::HEAD.to_vec(), Some(chain.head()))];
        cut.extend((8..=11).map(|number| (events::key(number), None)));
        write(&bench, cut);
        assert_eq!(verify(&mut session, None), Verdict::Whole(chain), "nothing in the store tells");
        assert_eq!(verify(&mut session, Some(saved)), Verdict::Broken { at: 8, flaw: Flaw::CutOff });

        let event = row_of(&bench, 2).unwrap()[32..].to_vec();
        let mut anew: Vec<_> = (0..5).map(|_| chain.append(&event)).map(|(key, row)| (key, Some(row))).collect();
        anew.push((events::HEAD.to_vec(), Some(chain.head())));
        write(&bench, anew);
        assert!(matches!(verify(&mut session, None), Verdict::Whole(_)));
        assert_eq!(verify(&mut session, Some(saved)), Verdict::Broken { at: 10, flaw: Flaw::WrittenAnew });
    }
}
