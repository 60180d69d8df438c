//! Whose request is it? DRF's `TokenAuthentication.authenticate_credentials`, with the states that ours have beside.

use super::{Authority, Core, keys};
use crate::{
    domain::{Digest, Key, KeyState, Timestamp, Token, TokenState, User},
    seal::{KeyringError, StoreKeys},
    store::{Revision, StoreError, layout, record::Record},
};

/// Who is asking, and with what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Principal {
    /// The owner of the token.
    pub user: User,
    /// The token.
    pub token: Token,
    /// Which of its keys was presented.
    pub key: KeyState,
    /// The digest by which that key is to be found from now on, where it still stands under an older one.
    pub(super) newest: Option<Digest>,
}

/// Why a key is refused. Clients are told of [`Refusal::Inactive`] only; the others are all `Invalid token.` to them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// No token has this key.
    Unknown,
    /// The token is revoked.
    Revoked(Token),
    /// The token is expired.
    Expired(Token),
    /// The key was superseded and is no longer valid.
    Superseded(Token),
    /// The owner is inactive.
    Inactive(Token, User),
}

impl Authority {
    /// Decides on a key that was presented. A revocation that has returned is seen by every call that begins after it.
    ///
    /// # Errors
    /// The store failed: the request is to be answered as a failure, never as allowed.
    pub fn authenticate(&self, key: &Key) -> Result<Result<Principal, Refusal>, StoreError> {
        let now = self.core.clock.now();
        let Some((token, key, newest)) = self.core.token_with(key)? else { return Ok(Err(Refusal::Unknown)) };
        if let Some(refusal) = refusal(&token, key, now) {
            return Ok(Err(refusal));
        }
        // A token without its owner is one that is being deleted at this moment.
        let Some(user) = self.core.read::<User>(&layout::Table::User.row(token.user))? else {
            return Ok(Err(Refusal::Unknown));
        };
        if !user.is_active {
            return Ok(Err(Refusal::Inactive(token, user)));
        }
        Ok(Ok(Principal { user, token, key, newest }))
    }
}

/// What speaks against a token at `now`, apart from its owner.
fn refusal(token: &Token, key: KeyState, now: Timestamp) -> Option<Refusal> {
    match token.state(now) {
        TokenState::Revoked { .. } => return Some(Refusal::Revoked(token.clone())),
        TokenState::Expired { .. } => return Some(Refusal::Expired(token.clone())),
        TokenState::Active => {}
    }
    match (key, &token.superseded) {
        (KeyState::Superseded, Some(superseded)) if superseded.until <= now => Some(Refusal::Superseded(token.clone())),
        (KeyState::Superseded | KeyState::Current, _) => None,
    }
}

/// A token, which of its keys was presented, and the newest digest of that where it stands under an older one.
type Found = (Token, KeyState, Option<Digest>);

impl Core {
    fn token_with(&self, key: &Key) -> Result<Option<Found>, StoreError> {
        let held = self.keys.held();
        if let Some(found) = self.token_under(&held, key)? {
            return Ok(Some(found));
        }
        // Not found: perhaps the secrets were renewed since this process read them.
        let numbers = keys::decode(self.visible(layout::KEYRING)?.as_deref());
        if held.numbers() >= numbers {
            return Ok(None);
        }
        let unreadable = |error: KeyringError| StoreError::Unavailable {
            what: error.to_string(),
            hint: Some(error.hint()),
            source: None,
        };
        let renewed = self.keys.at_least(numbers, &*self.entropy).map_err(unreadable)?;
        self.token_under(&renewed, key)
    }

    fn token_under(&self, keys: &StoreKeys, key: &Key) -> Result<Option<Found>, StoreError> {
        let mut newest = None;
        for digest in keys.digests(key) {
            let Some(row) = self.visible(&layout::digest(&digest))? else {
                newest = newest.or(Some(digest));
                continue;
            };
            let Some(serial) = layout::read_number(&row) else { continue };
            let Some(token) = self.read::<Token>(&layout::Table::Token.row(serial))? else { continue };
            if let Some(state) = token.key_with(&digest) {
                return Ok(Some((token, state, newest)));
            }
        }
        Ok(None)
    }

    fn read<R: Record>(&self, key: &[u8]) -> Result<Option<R>, StoreError> {
        self.visible(key)?.map(|bytes| R::decode(&bytes)).transpose()
    }

    /// A value, durable by the time it is returned: an answer must not depend on what a power cut can undo.
    fn visible(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.store.get(key)?;
        let changed = read.found.as_ref().map_or(Revision::default(), |found| found.changed);
        self.settle(changed)?;
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
        let (token, old) = session
            .transact(|tx| {
                let user = tx.insert(bench.user("alice"))?;
                tx.create_token(NewToken::of(user.id))
            })
            .unwrap();
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
}
