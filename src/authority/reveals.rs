//! The keys that somebody was shown in one statement or command: they have one event together.

use std::collections::BTreeMap;

use super::{Session, Tx};
use crate::{
    domain::{Action, Event, Subject, Token, TokenId, spans},
    store::{Change, Committed, StoreError, record::Record},
};

/// How many ids, or ranges of serials, one event names: it stays below what a row of the store takes.
const NAMED: usize = 500;

/// What was shown since the last statement ended and has no event yet.
#[derive(Debug, Default)]
pub(super) struct Reveals {
    shown: BTreeMap<i64, (TokenId, Subject, i64)>,
    /// Whether this statement has an event already.
    told: bool,
}

impl Reveals {
    pub(super) fn note(&mut self, token: &Token) {
        self.shown.entry(token.serial).or_insert_with(|| (token.id, Subject::token(token), token.user));
    }

    /// The actions that tell of it, each with its subject and owner, and forgets it.
    fn take(&mut self) -> Vec<(Action, Option<Subject>, Option<i64>)> {
        let shown = std::mem::take(&mut self.shown);
        if shown.len() == 1 {
            let action = Action::Revealed { count: 1, tokens: Vec::new(), serials: Vec::new() };
            return shown
                .into_values()
                .map(|(_, subject, owner)| (action.clone(), Some(subject), Some(owner)))
                .collect();
        }
        if shown.len() <= NAMED {
            let tokens: Vec<_> = shown.values().map(|(id, ..)| id.to_string()).collect();
            let count = u64::try_from(tokens.len()).expect("a few hundred");
            let action = Action::Revealed { count, tokens, serials: Vec::new() };
            return if count == 0 { Vec::new() } else { vec![(action, None, None)] };
        }
        let ranges = spans(shown.into_keys());
        let event = |ranges: &[(i64, i64)]| {
            let count = ranges.iter().map(|(first, last)| u64::try_from(last - first + 1).unwrap_or(1)).sum();
            (Action::Revealed { count, tokens: Vec::new(), serials: ranges.to_vec() }, None, None)
        };
        ranges.chunks(NAMED).map(event).collect()
    }
}

impl Tx<'_> {
    /// Notes that a person is shown a token's key: it is told when the statement ends, or before it first says something.
    pub fn note_reveal(&mut self, token: &Token) {
        self.reveals.note(token);
    }
}

impl Session {
    /// [`Session::settle`], in the middle of a statement. What keys it showed until now has its event before anything
    /// leaves the process; what it shows after that has one when it ends.
    pub(super) fn tell_reveals(&mut self) -> Result<(), StoreError> {
        if self.reveals.told || self.reveals.shown.is_empty() {
            return Ok(());
        }
        self.reveals.told = true;
        self.write_reveals()
    }

    /// Ends a statement or a command: what keys it showed is told, and everything is durable.
    ///
    /// # Errors
    /// As [`Session::settle`].
    pub fn conclude(&mut self) -> Result<(), StoreError> {
        self.write_reveals()?;
        self.reveals.told = false;
        self.settle_quietly()
    }

    /// A commit of its own, also inside an `atomic()` block: what was shown stays shown when the block is taken back.
    fn write_reveals(&mut self) -> Result<(), StoreError> {
        let at = self.core.clock.now();
        let event = |(action, subject, owner)| {
            let (actor, reason) = (self.actor.clone(), self.reason.clone());
            Event { at, actor, action, subject, owner, reason }.encode()
        };
        let events: Vec<_> = self.reveals.take().into_iter().map(event).collect();
        if events.is_empty() {
            return Ok(());
        }
        match self.core.store.commit(Change { events, ..Change::default() })? {
            Committed::Applied(revision) | Committed::Conflict(revision) => self.seen = self.seen.max(revision),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{NewToken, Scan, tests::bench};

    fn revealed(session: &mut Session) -> Vec<(u64, usize, usize)> {
        let mut found = Vec::new();
        let read = |tx: &mut Tx<'_>| {
            found.clear();
            tx.events(0, |_, event| {
                if let Action::Revealed { count, tokens, serials } = event.action {
                    found.push((count, tokens.len(), serials.len()));
                }
                Scan::On
            })
        };
        session.transact(read).unwrap();
        found
    }

    #[test]
    fn a_statement_that_shows_many_keys_has_one_event() {
        let bench = bench();
        let mut session = bench.session();
        let user = session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        let new = |n: usize| NewToken { name: Some(n.to_string()), ..NewToken::of(user.id) };
        let made: Vec<Token> = (0..600).map(|n| session.transact(|tx| tx.create_token(new(n))).unwrap().0).collect();
        let show = |session: &mut Session, tokens: &[Token]| {
            for token in tokens.iter().chain(tokens) {
                session.transact(|tx| tx.show_key(token)).unwrap();
            }
        };
        show(&mut session, &made[..1]);
        session.conclude().unwrap();
        show(&mut session, &made[..3]);
        session.conclude().unwrap();
        show(&mut session, &made);
        session.conclude().unwrap();
        session.conclude().unwrap();
        assert_eq!(revealed(&mut session), [(1, 0, 0), (3, 3, 0), (600, 0, 1)]);
    }

    #[test]
    fn what_is_shown_is_told_before_anything_leaves_and_once_more_at_the_end() {
        let bench = bench();
        let mut session = bench.session();
        let user = session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        let new = |name: &str| NewToken { name: Some(name.into()), ..NewToken::of(user.id) };
        let made: Vec<Token> =
            ["a", "b", "c"].map(|name| session.transact(|tx| tx.create_token(new(name))).unwrap().0).into();
        session.begin();
        for token in &made {
            session.transact(|tx| tx.show_key(token)).unwrap();
            session.settle().unwrap();
        }
        session.roll_back();
        session.conclude().unwrap();
        assert_eq!(revealed(&mut session), [(1, 0, 0), (2, 2, 0)]);
    }
}
