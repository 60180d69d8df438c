//! Tokens: making them, finding them by key, giving them a new key, revoking them.

use std::{sync::Arc, time::Duration};

use super::{Entity, Scan, error::ChangeError, keys, tx::Tx};
use crate::{
    domain::{Action, Key, KeyState, Revocation, StoredKey, Superseded, Timestamp, Token, TokenId, TokenState, User},
    seal::StoreKeys,
    store::{
        layout::{self, Table},
        record::Record,
    },
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
    /// [`ChangeError::KeyTooLong`]; [`ChangeError::ForeignKey`] where there is no such user; [`ChangeError::TooMany`] where the policy allows no more.
    pub fn create_token(&mut self, new: NewToken) -> Result<(Token, Key), ChangeError> {
        let id = TokenId::generate(&*self.core.entropy);
        self.keep_to_the_cap(new.user)?;
        let key = new.key.unwrap_or_else(|| self.generate_key());
        let stored = self.stored_key(id, &key, new.recovery)?;
        let token = self.insert_drawn(Token {
            serial: 0,
            id,
            user: new.user,
            name: new.name,
            created: new.created.unwrap_or(self.now),
            expires: self.core.policy().expiry(new.expires, self.now),
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
        self.look_ahead::<Token>(serials.iter().copied())?;
        serials.into_iter().filter_map(|serial| self.find(serial).transpose()).collect()
    }

    /// The key of a token; `None` where it was to be shown once only. The audit trail does not learn of it: use
    /// [`Tx::show_key`] or [`Tx::reveal_key`] for a key that somebody asked to see.
    pub fn key_of(&mut self, token: &Token) -> Result<Option<Key>, ChangeError> {
        let Some(sealed) = &token.key.sealed else { return Ok(None) };
        Ok(Some(self.keys()?.open(sealed, token.id, &token.key.digest)?))
    }

    /// Whether a key is the current one of a token, told by its digest.
    pub(super) fn is_key_of(&mut self, token: &Token, key: &Key) -> Result<bool, ChangeError> {
        let keys = self.keys()?;
        Ok(keys.digests(key).any(|digest| digest == token.key.digest))
    }

    /// [`Tx::key_of`] for a person: the statement or command gets an event.
    pub fn show_key(&mut self, token: &Token) -> Result<Option<Key>, ChangeError> {
        let key = self.key_of(token)?;
        if key.is_some() {
            self.note_reveal(token);
        }
        Ok(key)
    }

    /// [`Tx::key_of`], with an event in the same commit.
    pub fn reveal_key(&mut self, token: &Token) -> Result<Option<Key>, ChangeError> {
        let key = self.key_of(token)?;
        if key.is_some() {
            self.record_for(token, Action::Revealed { count: 1, tokens: Vec::new(), serials: Vec::new() });
        }
        Ok(key)
    }

    /// Gives a token a new key (a chosen one, or one that is drawn); its id, name and history stay. Returns the key.
    ///
    /// # Errors
    /// [`ChangeError::Revoked`]; [`ChangeError::Unique`] where a chosen key is taken; [`ChangeError::KeyTooLong`].
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
            Overlap::For(span) => Some(self.now + self.core.policy().overlap(span)),
        };
        // The old key stays known when it is no longer valid, so that its uses can be told from those of a stranger's.
        new.superseded = Some(Superseded { key: old, until: overlap_until.unwrap_or(self.now) });
        self.update_quietly(&new)?;
        self.change_usage(&new, |usage| {
            (usage.superseded_uses, usage.superseded_last, usage.superseded_from) = (0, None, None);
        })?;
        self.record_for(&new, Action::Regenerated { overlap_until });
        Ok((new, key))
    }

    /// Gives an expired token a new key and another end (none: what the policy says): what obtaining a token does to it.
    pub fn renew(&mut self, token: &Token, expires: Option<Timestamp>) -> Result<(Token, Key), ChangeError> {
        let (token, key) = self.regenerate(token, None, Overlap::None)?;
        let renewed = Token { expires: self.core.policy().expiry(expires, self.now), ..token };
        self.update(&renewed)?;
        Ok((renewed, key))
    }

    /// Revokes a token, for good. One that is revoked already stays as it is, and `false` says so.
    pub fn revoke(&mut self, token: &Token) -> Result<bool, ChangeError> {
        self.revoke_because(token, self.reason)
    }

    pub(super) fn revoke_because(&mut self, token: &Token, reason: Option<&str>) -> Result<bool, ChangeError> {
        let mut new = self.current(token)?;
        if new.revoked.is_some() {
            return Ok(false);
        }
        let (at, by) = (self.now, self.actor.clone());
        new.revoked = Some(Revocation { at, by, reason: reason.map(str::to_owned) });
        self.update_quietly(&new)?;
        self.record_because(Action::Revoked, Some(new.subject()), new.owner(), reason);
        Ok(true)
    }

    /// The serials of the tokens that were revoked before this moment.
    pub fn revoked_before(&mut self, moment: Timestamp) -> Result<Vec<i64>, ChangeError> {
        let mut due = Vec::new();
        self.scan(|token: Token| {
            due.extend(token.is_revoked_before(moment).then_some(token.serial));
            Scan::On
        })?;
        Ok(due)
    }

    /// Removes those of these tokens that were revoked before this moment, for good. Returns their public ids.
    pub fn purge(&mut self, serials: &[i64], before: Timestamp) -> Result<Vec<TokenId>, ChangeError> {
        let row = |&serial: &i64| [Table::Token.row(serial), Table::Token.referred(serial), layout::usage(serial).0];
        self.read_ahead(serials.iter().flat_map(row).collect())?;
        let mut ids = Vec::new();
        for &serial in serials {
            // Read by key, so that the commit compares it.
            let Some(token) = self.find::<Token>(serial)?.filter(|token| token.is_revoked_before(before)) else {
                continue;
            };
            self.forget_usage(&token)?;
            self.remove_quietly(&token)?;
            ids.push(token.id);
        }
        if !ids.is_empty() {
            self.record(Action::Purged { tokens: ids.iter().map(TokenId::to_string).collect() }, None, None);
        }
        Ok(ids)
    }

    /// Deletes a token as DRF does: nothing of it stays but an event.
    pub fn delete_token(&mut self, token: &Token) -> Result<(), ChangeError> {
        self.forget_usage(token)?;
        self.remove(token)
    }

    /// The owner of a token.
    pub fn owner_of(&mut self, token: &Token) -> Result<User, ChangeError> {
        self.find(token.user)?.ok_or(ChangeError::Gone { what: "user" })
    }

    fn keep_to_the_cap(&mut self, user: i64) -> Result<(), ChangeError> {
        let Some(limit) = self.core.policy().tokens_per_user else { return Ok(()) };
        // Compared: of two tokens made at once for the last place, one must see the other.
        self.get(&layout::Table::User.referred(user))?;
        let live = self.tokens_of(user)?.iter().filter(|token| token.is_live()).count();
        if live < limit { Ok(()) } else { Err(ChangeError::TooMany { limit }) }
    }

    /// A token as it was under another roof: with its id, its key and its age.
    pub(super) fn restored_token(
        &mut self,
        id: TokenId,
        user: i64,
        key: &Key,
        created: Timestamp,
    ) -> Result<Token, ChangeError> {
        let key = self.stored_key(id, key, Recovery::Sealed)?;
        Ok(Token { serial: 0, id, user, name: None, created, expires: None, revoked: None, key, superseded: None })
    }

    /// Draws a key that no token has.
    fn generate_key(&mut self) -> Key {
        Key::generate(&*self.core.entropy)
    }

    /// The secrets in use, which the commit compares: what is sealed here is sealed under the newest.
    pub(super) fn keys(&mut self) -> Result<Arc<StoreKeys>, ChangeError> {
        // Asked for again with each key.
        self.read_ahead(vec![layout::KEYRING.to_vec()])?;
        let numbers = keys::decode(self.get(layout::KEYRING)?.as_deref());
        Ok(self.core.keys.at_least(numbers, &*self.core.entropy)?)
    }

    fn stored_key(&mut self, id: TokenId, key: &Key, recovery: Recovery) -> Result<StoredKey, ChangeError> {
        if key.expose().len() > Key::LONGEST {
            return Err(ChangeError::KeyTooLong);
        }
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
        self.record(action, Some(token.subject()), token.owner());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authority::tests::{bench, bench_under},
        domain::{Clock, Policy, TokensDieWith},
    };

    fn named(user: &User, name: &str) -> NewToken {
        NewToken { name: Some(name.into()), ..NewToken::of(user.id) }
    }

    #[test]
    fn a_key_may_be_so_long_and_no_longer() {
        let bench = bench();
        let mut session = bench.session();
        let user = session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        let mut create = |length: usize| {
            let key = || Some(Key::from_text("k".repeat(length)));
            session.transact(|tx| tx.create_token(NewToken { key: key(), ..NewToken::of(user.id) }))
        };
        assert!(matches!(create(Key::LONGEST + 1), Err(ChangeError::KeyTooLong)));
        let (_, key) = create(Key::LONGEST).unwrap();
        assert!(bench.authority.authenticate(&key).unwrap().is_ok());
    }

    #[test]
    fn a_user_has_one_unnamed_token_and_one_of_each_name() {
        let bench = bench();
        let mut session = bench.session();
        let user = session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        for _ in 0..2 {
            // A name is free again once its token is revoked.
            let made = session.transact(|tx| {
                let one = tx.create_token(NewToken::of(user.id))?.0;
                Ok::<_, ChangeError>([one, tx.create_token(named(&user, "ci"))?.0])
            });
            let constraint = |new: Result<(Token, Key), ChangeError>| new.unwrap_err().to_string();
            let second = session.transact(|tx| tx.create_token(NewToken::of(user.id)));
            assert_eq!(constraint(second), "UNIQUE constraint failed: authtoken_token.user_id");
            let second = session.transact(|tx| tx.create_token(named(&user, "ci")));
            assert_eq!(constraint(second), "UNIQUE constraint failed: hallpass_token.user_id, hallpass_token.name");
            for token in made.unwrap() {
                session.transact(|tx| tx.revoke(&token)).unwrap();
            }
        }
        assert_eq!(session.transact(|tx| tx.tokens_of(user.id)).unwrap().len(), 4);
    }

    #[test]
    fn a_policy_caps_the_tokens_of_a_user_and_ends_them_with_the_password() {
        let policy = Policy { tokens_per_user: Some(2), tokens_die_with: TokensDieWith::Password, ..Policy::default() };
        let bench = bench_under(policy);
        let mut session = bench.session();
        let user = session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        session.transact(|tx| tx.create_token(NewToken::of(user.id))).unwrap();
        session.transact(|tx| tx.create_token(named(&user, "ci"))).unwrap();
        let third = session.transact(|tx| tx.create_token(named(&user, "cd")));
        assert!(matches!(third, Err(ChangeError::TooMany { limit: 2 })));

        session.transact(|tx| tx.update(&User { password: "new".into(), ..user.clone() })).unwrap();
        let tokens = session.transact(|tx| tx.tokens_of(user.id)).unwrap();
        let reasons: Vec<_> = tokens.iter().map(|t| t.revoked.as_ref().and_then(|r| r.reason.as_deref())).collect();
        assert_eq!(reasons, [Some("the password was changed"); 2]);
    }

    fn purge(session: &mut crate::authority::Session, before: Timestamp) -> Vec<TokenId> {
        session
            .transact(|tx| {
                let due = tx.revoked_before(before)?;
                tx.purge(&due, before)
            })
            .unwrap()
    }

    #[test]
    fn revoked_tokens_go_for_good_after_their_retention() {
        let bench = bench();
        let mut session = bench.session();
        let user = session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        let made: Vec<_> =
            ["a", "b", "c"].map(|name| session.transact(|tx| tx.create_token(named(&user, name))).unwrap().0).into();
        for token in &made[..2] {
            session.transact(|tx| tx.revoke(token)).unwrap();
            bench.clock.step(Duration::from_secs(1));
        }
        let second = made[1].id;
        let before = Timestamp(bench.clock.now().0 - 1_000_000);
        assert_eq!(purge(&mut session, before), [made[0].id]);
        assert_eq!(purge(&mut session, bench.clock.now()), [second]);
        assert_eq!(session.transact(|tx| tx.tokens_of(user.id)).unwrap(), [made[2].clone()]);
    }
}
