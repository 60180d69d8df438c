//! When and how often tokens are used. A request only counts in memory; the counts are written together, behind the
//! requests.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Authority, ChangeError, Principal, Session, Tx};
use crate::domain::{Digest, KeyState, StoredKey, Timestamp, Token};

/// What was counted and is not written yet, by the token's serial.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<HashMap<i64, Count>>);

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    uses: u64,
    last: Option<Timestamp>,
    superseded_uses: u64,
    superseded_last: Option<Timestamp>,
    /// The digests to which its keys move, the current one's and the superseded one's (see [`Principal::newest`]).
    moves: [Option<Digest>; 2],
}

impl Count {
    fn add(&mut self, other: &Self) {
        self.uses += other.uses;
        self.last = self.last.max(other.last);
        self.superseded_uses += other.superseded_uses;
        self.superseded_last = self.superseded_last.max(other.superseded_last);
        for (own, others) in self.moves.iter_mut().zip(other.moves) {
            *own = own.or(others);
        }
    }
}

impl Book {
    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Authority {
    /// Counts a request that was accepted. Never waits for the store.
    pub fn count_use(&self, principal: &Principal) {
        let now = Some(self.core.clock.now());
        let mut book = self.core.usage.lock();
        let count = book.entry(principal.token.serial).or_default();
        count.uses += 1;
        count.last = count.last.max(now);
        if principal.key == KeyState::Superseded {
            count.superseded_uses += 1;
            count.superseded_last = count.superseded_last.max(now);
        }
        let [current, superseded] = &mut count.moves;
        let moves = match principal.key {
            KeyState::Current => current,
            KeyState::Superseded => superseded,
        };
        *moves = principal.newest.or(*moves);
    }

    /// Writes what was counted since the last time, without an event. Returns for how many tokens. What could not be
    /// written is counted again.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn write_usage(&self, session: &mut Session) -> Result<usize, ChangeError> {
        let counts = mem::take(&mut *self.core.usage.lock());
        let mut written = 0;
        let mut left: Vec<_> = counts.into_iter().collect();
        // A power of ten below what a commit takes comfortably.
        while !left.is_empty() {
            let some = left.split_off(left.len().saturating_sub(100));
            let done = session.transact(|tx| {
                for (serial, count) in &some {
                    // A token that was deleted meanwhile takes its counts along.
                    let Some(mut token) = tx.find::<Token>(*serial)? else { continue };
                    if count.moves != [None; 2] {
                        tx.move_keys(&mut token, count.moves)?;
                    }
                    let mut usage = tx.usage_of(&token)?;
                    usage.uses += count.uses;
                    usage.last_used = usage.last_used.max(count.last);
                    usage.superseded_uses += count.superseded_uses;
                    usage.superseded_last = usage.superseded_last.max(count.superseded_last);
                    tx.put_usage(&token, &usage);
                }
                Ok::<_, ChangeError>(())
            });
            if let Err(error) = done {
                let mut book = self.core.usage.lock();
                for (serial, count) in some.into_iter().chain(left) {
                    book.entry(serial).or_default().add(&count);
                }
                return Err(error);
            }
            written += some.len();
        }
        Ok(written)
    }
}

impl Tx<'_> {
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
    use crate::{
        authority::{NewToken, tests::bench},
        domain::Clock,
    };

    #[test]
    fn uses_are_counted_and_written_together() {
        let bench = bench();
        let mut session = bench.session();
        let (token, key) = session
            .transact(|tx| {
                let user = tx.insert(bench.user("alice"))?;
                tx.create_token(NewToken::of(user.id))
            })
            .unwrap();
        for _ in 0..3 {
            let principal = bench.authority.authenticate(&key).unwrap().unwrap();
            bench.authority.count_use(&principal);
        }
        assert_eq!(session.transact(|tx| tx.usage_of(&token)).unwrap().uses, 0, "no request writes");
        assert_eq!(bench.authority.write_usage(&mut session).unwrap(), 1);
        let usage = session.transact(|tx| tx.usage_of(&token)).unwrap();
        assert_eq!((usage.uses, usage.last_used), (3, Some(bench.clock.now())));
    }
}
