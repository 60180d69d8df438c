//! Whose request is it? DRF's `TokenAuthentication.authenticate_credentials`, with the states that ours have beside.

mod facts;
mod known;
mod packed;

use super::{Authority, Core, keys};
use crate::{
    domain::{Digest, Key, KeyState, Timestamp, Token, TokenId, User},
    seal::{KeyringError, StoreKeys},
    store::{Revision, StoreError, layout, record::Record},
};
use facts::{Facts, Owner};
pub(super) use known::Known;
use known::Memory;

/// Who is asking, and with what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Principal {
    /// The owner of the token; `None` where names were not asked for.
    pub username: Option<Box<str>>,
    /// The public handle of the token.
    pub token: TokenId,
    /// The label of the token; `None` is DRF's one, and where names were not asked for.
    pub name: Option<Box<str>>,
    /// The token's own number in the store.
    pub serial: i64,
    /// Which of its keys was presented.
    pub key: KeyState,
    /// When it was accepted.
    pub at: Timestamp,
    /// The digest by which that key is to be found from now on, where it still stands under an older one and its use
    /// is what moves it.
    pub(super) newest: Option<Digest>,
}

/// Whether a decision is to tell names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Naming {
    /// The owner's and the token's.
    All,
    /// None: most answers need none, and finding one costs half of the decision.
    None,
}

/// Why a key is refused. Clients are told of [`Refusal::Inactive`] only; the others are all `Invalid token.` to them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// No token has this key.
    Unknown,
    /// The token is revoked.
    Revoked(TokenId),
    /// The token is expired.
    Expired(TokenId),
    /// The key was superseded and is no longer valid.
    Superseded(TokenId),
    /// The owner, of this name, is inactive.
    Inactive(TokenId, Box<str>),
}

impl Authority {
    /// Has this authority remember what decisions need, in `most` bytes at most. From then on [`Authority::refresh`]
    /// is to be called several times a second.
    pub fn remember(&self, most: usize) {
        // A second call finds it remembering already.
        let _ = self.core.known.set(Known::new(most));
    }

    /// Hears what changed in the store lately and, where not everything is remembered that has room, reads it.
    ///
    /// # Errors
    /// The store failed; what is remembered is as true as before.
    pub fn refresh(&self) -> Result<(), StoreError> {
        let Some(known) = self.core.known.get() else { return Ok(()) };
        self.core.read_all(known)?;
        self.core.trust(known)
    }

    /// Decides on a key that was presented. A revocation that has returned is seen by every call that begins after it.
    ///
    /// # Errors
    /// The store failed: the request is to be answered as a failure, never as allowed.
    pub fn authenticate(&self, key: &Key) -> Result<Result<Principal, Refusal>, StoreError> {
        match self.recall(key, Naming::All) {
            Some(decided) => Ok(decided),
            None => self.core.look_up(key),
        }
    }

    /// The same where no row has to be read for it: it never waits for a disk or for another process.
    #[must_use]
    pub fn recall(&self, key: &Key, naming: Naming) -> Option<Result<Principal, Refusal>> {
        let known = self.core.known.get()?;
        let held = self.core.keys.held();
        let heard = known.hear(&*self.core.store)?;
        let mut newest = None;
        for digest in held.digests(key) {
            match heard.recall(&digest, naming) {
                Memory::Known(facts, owner) => {
                    return Some(decide((facts, Some(owner)), naming, newest, self.core.clock.now()));
                }
                Memory::NoSuchKey => newest = newest.or(Some(digest)),
                Memory::Nothing => return None,
            }
        }
        // Unless the secrets were renewed since this process read them.
        heard.numbers().filter(|numbers| held.numbers() >= *numbers).map(|_| Err(Refusal::Unknown))
    }
}

/// What becomes of a request. A token without its owner is one that is being deleted at this moment.
fn decide(
    (facts, owner): (Facts, Option<Owner>),
    naming: Naming,
    newest: Option<Digest>,
    now: Timestamp,
) -> Result<Principal, Refusal> {
    let key = facts.key();
    // A sealed key is moved by the rotation itself.
    let newest = newest.filter(|_| !facts.is_sealed);
    let Facts { token, serial, name, .. } = facts;
    if facts.is_revoked {
        return Err(Refusal::Revoked(token));
    }
    if facts.expires.is_some_and(|at| at <= now) {
        return Err(Refusal::Expired(token));
    }
    if facts.until.is_some_and(|until| until <= now) {
        return Err(Refusal::Superseded(token));
    }
    match owner {
        None => Err(Refusal::Unknown),
        Some(Owner { is_active: false, username }) => Err(Refusal::Inactive(token, username)),
        Some(Owner { is_active: true, username }) => Ok(Principal {
            username: (naming == Naming::All).then_some(username),
            token,
            name,
            serial,
            key,
            at: now,
            newest,
        }),
    }
}

/// Rows that were read one after the other, each at the revision that the store had by then.
struct Reading<'a> {
    core: &'a Core,
    /// The first of these revisions.
    seen: Option<Revision>,
}

/// What was read of a key.
struct Found {
    digest: Digest,
    facts: Facts,
    owner: Option<Owner>,
    /// The newest digest of the key, where it stands under an older one.
    newest: Option<Digest>,
}

impl Core {
    fn look_up(&self, key: &Key) -> Result<Result<Principal, Refusal>, StoreError> {
        let known = self.known.get();
        let heard = known.and_then(|known| known.hear(&*self.store).map(|heard| (known, heard.cursor())));
        let mut reading = Reading { core: self, seen: None };
        let held = self.keys.held();
        let found = match reading.token_under(&held, key)? {
            Some(found) => found,
            None => {
                // Perhaps the secrets were renewed since this process read them.
                let numbers = keys::decode(reading.visible(layout::KEYRING)?.as_deref());
                if let (Some((known, heard)), Some(seen)) = (heard, reading.seen) {
                    known.keep_numbers(numbers, seen, heard);
                }
                if held.numbers() >= numbers {
                    return Ok(Err(Refusal::Unknown));
                }
                let unreadable = |error: KeyringError| StoreError::Unavailable {
                    what: error.to_string(),
                    hint: Some(error.hint()),
                    source: None,
                };
                let renewed = self.keys.at_least(numbers, &*self.entropy).map_err(unreadable)?;
                let Some(found) = reading.token_under(&renewed, key)? else { return Ok(Err(Refusal::Unknown)) };
                found
            }
        };
        let Found { digest, facts, owner, newest } = found;
        if let (Some((known, heard)), Some(seen), Some(owner)) = (heard, reading.seen, &owner) {
            known.keep(&digest, (&facts, owner), seen, heard);
        }
        Ok(decide((facts, owner), Naming::All, newest, self.clock.now()))
    }
}

impl Reading<'_> {
    fn token_under(&mut self, keys: &StoreKeys, key: &Key) -> Result<Option<Found>, StoreError> {
        let mut newest = None;
        // A rotation that goes on moves keys from older digests to the newest: what stood nowhere may have moved between
        // two looks, and stands under the newest then.
        let again = (keys.counts().0 > 1).then(|| keys.digest(key));
        for digest in keys.digests(key).chain(again) {
            let Some(row) = self.visible(&layout::digest(&digest))? else {
                newest = newest.or(Some(digest));
                continue;
            };
            let Some(serial) = layout::read_number(&row) else { continue };
            let Some(token) = self.read::<Token>(&layout::Table::Token.row(serial))? else { continue };
            let Some(facts) = Facts::of(&token, &digest) else { continue };
            let user = self.read::<User>(&layout::Table::User.row(token.user))?;
            let owner = user.as_ref().map(Owner::of);
            let newest = newest.filter(|newest| *newest != digest);
            return Ok(Some(Found { digest, facts, owner, newest }));
        }
        Ok(None)
    }

    fn read<R: Record>(&mut self, key: &[u8]) -> Result<Option<R>, StoreError> {
        self.visible(key)?.map(|bytes| R::decode(&bytes)).transpose()
    }

    /// A value, durable by the time it is returned: an answer must not depend on what a power cut can undo.
    fn visible(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.core.store.get(key)?;
        self.seen = Some(self.seen.map_or(read.seen, |seen| seen.min(read.seen)));
        let changed = read.found.as_ref().map_or(Revision::default(), |found| found.changed);
        self.core.settle(changed)?;
        Ok(read.found.map(|found| found.value))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::tests::bench, *};
    use crate::{
        authority::{ChangeError, NewToken, Overlap},
        domain::Clock,
    };

    #[test]
    fn a_revoked_an_expired_and_an_ended_superseded_key_are_refused() {
        let bench = bench();
        let mut session = bench.session();
        let (token, old) = bench.token_of("alice");
        assert!(bench.authority.authenticate(&old).unwrap().is_ok());

        let hour = Overlap::For(Duration::from_secs(3600));
        let (_, new) = session.transact(|tx| tx.regenerate(&token, None, hour)).unwrap();
        let state = |key| bench.authority.authenticate(key).unwrap().map(|p| p.key).map_err(Box::new);
        assert_eq!((state(&old), state(&new)), (Ok(KeyState::Superseded), Ok(KeyState::Current)));
        bench.clock.step(Duration::from_secs(3600));
        assert!(matches!(*state(&old).unwrap_err(), Refusal::Superseded(_)));
        assert_eq!(state(&new), Ok(KeyState::Current));

        assert!(session.transact(|tx| tx.revoke(&token)).unwrap());
        assert!(!session.transact(|tx| tx.revoke(&token)).unwrap(), "a second time changes nothing");
        assert!(matches!(*state(&new).unwrap_err(), Refusal::Revoked(_)));
        let again = session.transact(|tx| tx.regenerate(&token, None, hour));
        assert!(matches!(again, Err(ChangeError::Revoked)));

        let at = bench.clock.now() + Duration::from_secs(60);
        let (_, key) = session
            .transact(|tx| tx.create_token(NewToken { expires: Some(at), ..NewToken::of(token.user) }))
            .expect("a revoked token gives its place free");
        assert_eq!(state(&key), Ok(KeyState::Current));
        bench.clock.step(Duration::from_secs(60));
        assert!(matches!(*state(&key).unwrap_err(), Refusal::Expired(_)), "from the instant on");
    }

    #[test]
    fn an_inactive_owner_and_an_unknown_key_are_told_apart() {
        let bench = bench();
        let mut session = bench.session();
        let key = session
            .transact(|tx| {
                let user = tx.insert(User { is_active: false, ..bench.user("carol") })?;
                Ok::<_, ChangeError>(tx.create_token(NewToken::of(user.id))?.1)
            })
            .unwrap();
        assert!(matches!(bench.authority.authenticate(&key).unwrap(), Err(Refusal::Inactive(..))));
        let stranger = Key::from_text("stranger".into());
        assert_eq!(bench.authority.authenticate(&stranger).unwrap(), Err(Refusal::Unknown));
    }

    #[test]
    fn what_is_remembered_is_true_the_moment_after_it_changed() {
        let bench = bench();
        bench.authority.remember(1 << 20);
        let mut session = bench.session();
        let (user, token, key) = session
            .transact(|tx| {
                let user = tx.insert(bench.user("alice"))?;
                let (token, key) = tx.create_token(NewToken { name: Some("ci".into()), ..NewToken::of(user.id) })?;
                Ok::<_, ChangeError>((user, token, key))
            })
            .unwrap();
        let ask = |key: &Key| {
            let named = bench.authority.authenticate(key).unwrap();
            if let Some(nameless) = bench.authority.recall(key, Naming::None) {
                let names = |found: Principal| Principal { username: None, name: None, ..found };
                assert_eq!(nameless, named.clone().map(names));
            }
            named.map(|found| found.username.expect("names were asked for"))
        };
        let stranger = Key::from_text("stranger".into());
        assert_eq!(bench.authority.recall(&stranger, Naming::All), None, "not everything was read");
        bench.authority.refresh().unwrap();
        assert_eq!(ask(&stranger), Err(Refusal::Unknown));
        assert_eq!(bench.authority.recall(&stranger, Naming::All), Some(Err(Refusal::Unknown)), "nobody has it");
        let first = bench.authority.recall(&key, Naming::All).expect("it was read").unwrap();
        assert_eq!((first.token, first.name.as_deref(), first.serial), (token.id, Some("ci"), token.serial));

        session.transact(|tx| tx.update(&User { username: "alicia".into(), ..user.clone() })).unwrap();
        assert_eq!(ask(&key).as_deref(), Ok("alicia"));
        session.transact(|tx| tx.update(&User { is_active: false, ..user.clone() })).unwrap();
        assert_eq!(ask(&key), Err(Refusal::Inactive(token.id, "alice".into())));
        session.transact(|tx| tx.update(&user)).unwrap();
        assert_eq!(ask(&key).as_deref(), Ok("alice"));
        let (_, new) = session.transact(|tx| tx.regenerate(&token, None, Overlap::None)).unwrap();
        assert_eq!((ask(&key), ask(&new).as_deref()), (Err(Refusal::Superseded(token.id)), Ok("alice")));
        assert!(bench.authority.recall(&new, Naming::None).is_some_and(|decided| decided.is_ok()), "remembered again");
        session.transact(|tx| tx.revoke(&token)).unwrap();
        assert_eq!(ask(&new), Err(Refusal::Revoked(token.id)));
        let (_, later) = session.transact(|tx| tx.create_token(NewToken::of(user.id))).unwrap();
        assert_eq!(bench.authority.recall(&later, Naming::None), None, "it is known that there is such a key");
        assert_eq!(ask(&later).as_deref(), Ok("alice"));
        session.transact(|tx| tx.delete_user(&user)).unwrap();
        assert_eq!((ask(&new), ask(&later)), (Err(Refusal::Unknown), Err(Refusal::Unknown)));
    }

    #[test]
    fn more_tokens_than_it_may_remember_are_answered_all_the_same() {
        let bench = bench();
        bench.authority.remember(4096);
        let mut session = bench.session();
        let keys: Vec<Key> = (0..3)
            .flat_map(|batch| {
                let made = session.transact(|tx| {
                    let user = tx.insert(bench.user(&format!("user{batch}")))?;
                    let name = |n| NewToken { name: Some(format!("{n}")), ..NewToken::of(user.id) };
                    (0..50).map(|n| Ok(tx.create_token(name(n))?.1)).collect::<Result<Vec<_>, ChangeError>>()
                });
                made.unwrap()
            })
            .collect();
        bench.authority.refresh().unwrap();
        for key in keys.iter().chain(&keys) {
            assert!(bench.authority.authenticate(key).unwrap().is_ok());
        }
        let stranger = Key::from_text("stranger".into());
        assert_eq!(bench.authority.authenticate(&stranger).unwrap(), Err(Refusal::Unknown));
        assert_eq!(bench.authority.recall(&stranger, Naming::All), None);
    }
}
