//! Tokens: making them, finding them by key, giving them a new key, revoking them.

use std::{sync::Arc, time::Duration};

use super::{error::ChangeError, keys, tx::Tx};
use crate::{
    domain::{
        Action, Key, KeyState, Revocation, StoredKey, Superseded, Timestamp, Token, TokenId, TokenState, Usage, User,
    },
    seal::StoreKeys,
    store::{layout, record::Record},
};

/// A token to be made.
#[derive(Debug)]
pub struct NewToken {
    /// The owner's id.
    pub user: i64,
    /// The label; `None` is DRF's one token of a user.
    pub name: Option<String>,
    /// A chosen key; `None` draws one.
    pub key: Option<Key>,
    /// When it was made, if not now.
    pub created: Option<Timestamp>,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
    /// Whether its key can be shown again.
    pub recovery: Recovery,
}

impl NewToken {
    /// DRF's one token of a user.
    #[must_use]
    pub fn of(user: i64) -> Self {
        Self { user, name: None, key: None, created: None, expires: None, recovery: Recovery::Sealed }
    }
}

/// Whether a key can be shown again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recovery {
    /// It is kept sealed.
    Sealed,
    /// Only its digest is kept.
    ShowOnce,
}

/// What becomes of the old key when a token gets a new one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Overlap {
    /// It is refused at once.
    None,
    /// It stays valid this long.
    For(Duration),
}

impl Tx<'_> {
    /// Makes a token. Returns it with its key.
    ///
    /// # Errors
    /// [`ChangeError::Unique`] where the user has a live token of this name, or the key is taken;
    /// [`ChangeError::ForeignKey`] where there is no such user.
    pub fn create_token(&mut self, new: NewToken) -> Result<(Token, Key), ChangeError> {
        let id = TokenId::generate(&*self.core.entropy);
        let key = new.key.unwrap_or_else(|| self.generate_key());
        let stored = self.stored_key(id, &key, new.recovery)?;
        let token = self.insert(Token {
            serial: 0,
            id,
            user: new.user,
            name: new.name,
            created: new.created.unwrap_or(self.now),
            expires: new.expires,
            revoked: None,
            key: stored,
            superseded: None,
        })?;
        Ok((token, key))
    }

    /// The token that has this key, current or superseded, valid or not.
    pub fn token_by_key(&mut self, key: &Key) -> Result<Option<(Token, KeyState)>, ChangeError> {
        let keys = self.keys()?;
        for digest in keys.digests(key) {
            if let Some(token) = self.find_at::<Token>(&layout::digest(&digest))?
                && let Some(state) = token.key_with(&digest)
            {
                return Ok(Some((token, state)));
            }
        }
        Ok(None)
    }

    /// The token with this public id.
    pub fn token_by_id(&mut self, id: TokenId) -> Result<Option<Token>, ChangeError> {
        self.find_at(&layout::token_id(id))
    }

    /// The live token of a user with this name; with none, DRF's one.
    pub fn token_named(&mut self, user: i64, name: Option<&str>) -> Result<Option<Token>, ChangeError> {
        self.find_at(&layout::token_name(user, name))
    }

    /// All tokens of a user, revoked ones too, in the order in which they were made.
    pub fn tokens_of(&mut self, user: i64) -> Result<Vec<Token>, ChangeError> {
        let serials = self.ids_under(&layout::owned_by(user))?;
        serials.into_iter().filter_map(|serial| self.find(serial).transpose()).collect()
    }

    /// The key of a token; `None` where it was to be shown once only. The audit trail does not learn of it: use
    /// [`Tx::reveal_key`] for a key that a person asked to see.
    pub fn key_of(&mut self, token: &Token) -> Result<Option<Key>, ChangeError> {
        let Some(sealed) = &token.key.sealed else { return Ok(None) };
        Ok(Some(self.keys()?.open(sealed, token.id, &token.key.digest)?))
    }

    /// [`Tx::key_of`], with an event.
    pub fn reveal_key(&mut self, token: &Token) -> Result<Option<Key>, ChangeError> {
        let key = self.key_of(token)?;
        self.record_for(token, Action::Revealed);
        Ok(key)
    }

    /// Gives a token a new key (a chosen one, or one that is drawn); its id, name and history stay. Returns the key.
    ///
    /// # Errors
    /// [`ChangeError::Revoked`]; [`ChangeError::Unique`] where a chosen key is taken.
    pub fn regenerate(
        &mut self,
        token: &Token,
        key: Option<Key>,
        overlap: Overlap,
    ) -> Result<(Token, Key), ChangeError> {
        let mut new = self.current(token)?;
        if let TokenState::Revoked { .. } = new.state(self.now) {
            return Err(ChangeError::Revoked);
        }
        let key = key.unwrap_or_else(|| self.generate_key());
        let recovery = if new.key.sealed.is_some() { Recovery::Sealed } else { Recovery::ShowOnce };
        let stored = self.stored_key(new.id, &key, recovery)?;
        let old = std::mem::replace(&mut new.key, stored);
        let overlap_until = match overlap {
            Overlap::None => None,
            Overlap::For(span) => Some(self.now + span),
        };
        // The old key stays known when it is no longer valid, so that its uses can be told from those of a stranger's.
        new.superseded = Some(Superseded { key: old, until: overlap_until.unwrap_or(self.now) });
        self.update_quietly(&new)?;
        let usage = self.usage_of(&new)?;
        self.put_usage(&new, &Usage { superseded_uses: 0, superseded_last: None, ..usage });
        self.record_for(&new, Action::Regenerated { overlap_until });
        Ok((new, key))
    }

    /// Revokes a token, for good. One that is revoked already stays as it is, and `false` says so.
    pub fn revoke(&mut self, token: &Token) -> Result<bool, ChangeError> {
        let mut new = self.current(token)?;
        if new.revoked.is_some() {
            return Ok(false);
        }
        let reason = self.reason.map(str::to_owned);
        new.revoked = Some(Revocation { at: self.now, by: self.actor.clone(), reason });
        self.update_quietly(&new)?;
        self.record_for(&new, Action::Revoked);
        Ok(true)
    }

    /// Deletes a token as DRF does: nothing of it stays but an event.
    pub fn delete_token(&mut self, token: &Token) -> Result<(), ChangeError> {
        self.put(layout::usage(token.serial), None);
        self.remove(token)
    }

    /// How a token was used, as far as it was written down.
    pub fn usage_of(&mut self, token: &Token) -> Result<Usage, ChangeError> {
        let row = self.get(&layout::usage(token.serial))?;
        Ok(row.map(|bytes| Usage::decode(&bytes)).transpose()?.unwrap_or_default())
    }

    pub(super) fn put_usage(&mut self, token: &Token, usage: &Usage) {
        self.put(layout::usage(token.serial), Some(usage.encode()));
    }

    /// The owner of a token.
    pub fn owner_of(&mut self, token: &Token) -> Result<User, ChangeError> {
        self.find(token.user)?.ok_or(ChangeError::Gone { what: "user" })
    }

    /// Draws a key that no token has.
    fn generate_key(&mut self) -> Key {
        Key::generate(&*self.core.entropy)
    }

    /// The secrets in use, which the commit compares: what is sealed here is sealed under the newest.
    fn keys(&mut self) -> Result<Arc<StoreKeys>, ChangeError> {
        let numbers = keys::decode(self.get(layout::KEYRING)?.as_deref());
        Ok(self.core.keys.at_least(numbers, &*self.core.entropy)?)
    }

    fn stored_key(&mut self, id: TokenId, key: &Key, recovery: Recovery) -> Result<StoredKey, ChangeError> {
        let keys = self.keys()?;
        let digest = keys.digest(key);
        let sealed = match recovery {
            Recovery::Sealed => Some(keys.seal(key, id, &digest, &*self.core.entropy)),
            Recovery::ShowOnce => None,
        };
        Ok(StoredKey { digest, sealed, since: self.now })
    }

    /// The token as it is now, whatever the caller has of it.
    fn current(&mut self, token: &Token) -> Result<Token, ChangeError> {
        self.find(token.serial)?.ok_or(ChangeError::Gone { what: Token::NAME })
    }

    fn record_for(&mut self, token: &Token, action: Action) {
        use super::Entity;
        self.record(action, Some(token.subject()), token.owner());
    }
}
