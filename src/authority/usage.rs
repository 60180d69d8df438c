//! When and how often tokens are used. A request only counts in memory; the counts are written together, behind the
//! requests, as are those of refused credentials.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustc_hash::FxHashMap;

use super::{Authority, ChangeError, Principal, Session, Tx, refusals::Refusals};
use crate::{
    domain::{Digest, KeyState, StoredKey, Timestamp, Token, Usage},
    store::{
        layout,
        record::{Record, Usages},
    },
};

/// What was counted and is not written yet.
#[derive(Debug, Default)]
pub(super) struct Book {
    counts: Mutex<Counts>,
    /// The counts of a round that is being written.
    round: Mutex<Vec<(i64, Count)>>,
    pub(super) refusals: Refusals,
}

/// By the token's serial. There may be one for each token, so they are small.
#[derive(Debug, Default)]
struct Counts {
    /// Uses as they came, not yet added: together, the processor need not wait for the memory at each.
    fresh: Vec<(i64, Timestamp)>,
    uses: FxHashMap<i64, Uses>,
    /// What few tokens have beside.
    rare: HashMap<i64, Rare>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Uses {
    count: u64,
    last: Timestamp,
}

#[derive(Clone, Debug, Default)]
struct Rare {
    superseded: Uses,
    /// From which address the superseded key was last presented.
    from: Option<String>,
    /// The digests to which its keys move, the current one's and the superseded one's (see [`Principal::newest`]).
    moves: [Option<Digest>; 2],
}

/// Everything that was counted of a token.
#[derive(Clone, Debug, Default)]
struct Count {
    all: Uses,
    rare: Option<Box<Rare>>,
}

impl Uses {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.last = self.last.max(other.last);
    }
}

/// So many uses are added together.
const FRESH: usize = 1024;

impl Counts {
    fn add(&mut self, serial: i64, at: Timestamp) {
        self.fresh.push((serial, at));
        if self.fresh.len() >= FRESH {
            self.add_fresh();
        }
    }

    fn add_fresh(&mut self) {
        for (serial, at) in self.fresh.drain(..) {
            self.uses.entry(serial).or_default().add(&Uses { count: 1, last: at });
        }
    }

    fn take(&mut self) -> Vec<(i64, Count)> {
        self.add_fresh();
        let Self { uses, mut rare, .. } = mem::take(self);
        uses.into_iter()
            .map(|(serial, all)| (serial, Count { all, rare: rare.remove(&serial).map(Box::new) }))
            .collect()
    }

    fn put_back(&mut self, serial: i64, count: &Count) {
        self.uses.entry(serial).or_default().add(&count.all);
        if let Some(Rare { superseded, from, moves }) = count.rare.as_deref() {
            let own = self.rare.entry(serial).or_default();
            // What was counted since is newer.
            own.from = own.from.take().or_else(|| from.clone());
            own.superseded.add(superseded);
            for (own, theirs) in own.moves.iter_mut().zip(moves) {
                *own = own.or(*theirs);
            }
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Authority {
    /// Counts a request that was accepted, from the address `from`. Never waits for the store.
    pub fn count_use(&self, principal: &Principal, from: &dyn fmt::Display) {
        let mut counts = lock(&self.core.usage.counts);
        counts.add(principal.serial, principal.at);
        if principal.key == KeyState::Current && principal.newest.is_none() {
            return;
        }
        let rare = counts.rare.entry(principal.serial).or_default();
        let [current, superseded] = &mut rare.moves;
        let moves = match principal.key {
            KeyState::Current => current,
            KeyState::Superseded => {
                rare.superseded.add(&Uses { count: 1, last: principal.at });
                rare.from = Some(from.to_string());
                superseded
            }
        };
        *moves = principal.newest.or(*moves);
    }

    /// Writes what was counted: refusals, as one event for each class and token; and uses, without an event, for `most`
    /// tokens at most: first the rest of the last round, and
    /// where there is none, what was counted since. Returns for how many tokens. What could not be written is counted
    /// again.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn write_usage(&self, session: &mut Session, most: usize) -> Result<usize, ChangeError> {
        self.write_refusals(session)?;
        let Book { counts, round, .. } = &self.core.usage;
        let mut round = lock(round);
        if round.is_empty() {
            *round = lock(counts).take();
            // Tokens that lie side by side in the store are written one after the other.
            round.sort_unstable_by_key(|(serial, _)| std::cmp::Reverse(*serial));
        }
        let mut written = 0;
        while written < most && !round.is_empty() {
            // A power of ten below what a commit takes comfortably.
            let some = round.len().saturating_sub((most - written).min(100));
            let some = round.split_off(some);
            let done = session.transact(|tx| some.iter().try_for_each(|(serial, count)| tx.add_usage(*serial, count)));
            if let Err(error) = done {
                let mut counts = lock(counts);
                some.iter().chain(&*round).for_each(|(serial, count)| counts.put_back(*serial, count));
                *round = Vec::new();
                return Err(error);
            }
            written += some.len();
        }
        if round.is_empty() {
            *round = Vec::new();
        }
        Ok(written)
    }
}

impl Tx<'_> {
    /// How a token was used, as far as it was written down.
    pub fn usage_of(&mut self, token: &Token) -> Result<Usage, ChangeError> {
        let (row, place) = layout::usage(token.serial);
        Ok(self.usages(&row)?.get(place))
    }

    pub(super) fn change_usage(&mut self, token: &Token, change: impl FnOnce(&mut Usage)) -> Result<(), ChangeError> {
        let (row, place) = layout::usage(token.serial);
        let mut usages = self.usages(&row)?;
        change(usages.at(place));
        self.put(row, Some(usages.encode()));
        Ok(())
    }

    pub(super) fn forget_usage(&mut self, token: &Token) -> Result<(), ChangeError> {
        let (row, place) = layout::usage(token.serial);
        let mut usages = self.usages(&row)?;
        if !usages.is_empty() {
            usages.remove(place);
            self.put(row, (!usages.is_empty()).then(|| usages.encode()));
        }
        Ok(())
    }

    fn usages(&mut self, row: &[u8]) -> Result<Usages, ChangeError> {
        Ok(self.get(row)?.map(|bytes| Usages::decode(&bytes)).transpose()?.unwrap_or_default())
    }

    fn add_usage(&mut self, serial: i64, count: &Count) -> Result<(), ChangeError> {
        // A token that was deleted meanwhile takes its counts along.
        let Some(mut token) = self.find::<Token>(serial)? else { return Ok(()) };
        let Rare { superseded, from, moves } = count.rare.as_deref().cloned().unwrap_or_default();
        if moves != [None; 2] {
            self.move_keys(&mut token, moves)?;
        }
        self.change_usage(&token, |usage| {
            usage.uses += count.all.count;
            usage.last_used = usage.last_used.max(Some(count.all.last));
            usage.superseded_uses += superseded.count;
            if superseded.count > 0 {
                usage.superseded_last = usage.superseded_last.max(Some(superseded.last));
                usage.superseded_from = from;
            }
        })
    }

    /// Has the keys of a token found by newer digests. Only for those that have no sealed form: the others move when
    /// the keyring is rotated.
    fn move_keys(&mut self, token: &mut Token, [current, superseded]: [Option<Digest>; 2]) -> Result<(), ChangeError> {
        let newer = |stored: &mut StoredKey, digest: Option<Digest>| match digest {
            Some(digest) if stored.sealed.is_none() && stored.digest.epoch < digest.epoch => stored.digest = digest,
            Some(_) | None => {}
        };
        newer(&mut token.key, current);
        if let Some(old) = &mut token.superseded {
            newer(&mut old.key, superseded);
        }
        self.update_quietly(token)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{authority::tests::bench, domain::Clock};

    #[test]
    fn uses_are_counted_and_written_together() {
        let bench = bench();
        let mut session = bench.session();
        let (token, key) = bench.token_of("alice");
        for _ in 0..3 {
            let principal = bench.authority.authenticate(&key).unwrap().unwrap();
            bench.authority.count_use(&principal, &"10.0.0.1");
        }
        assert_eq!(session.transact(|tx| tx.usage_of(&token)).unwrap().uses, 0, "no request writes");
        assert_eq!(bench.authority.write_usage(&mut session, 100).unwrap(), 1);
        let usage = session.transact(|tx| tx.usage_of(&token)).unwrap();
        assert_eq!((usage.uses, usage.last_used), (3, Some(bench.clock.now())));
    }
}
