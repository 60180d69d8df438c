//! Renewing the secrets of a store while everybody works: every key is sealed anew and found by a new digest.

use std::fmt;

use super::{Access, Authority, ChangeError, Entity as _, Scan, Session, Tx, keys};
use crate::{
    domain::{Action, StoredKey, Token},
    seal::{Digests, KeyringError, OpenError, StoreKeys, renew, retire},
    store::{Revision, layout, record::Record as _},
};

/// How many tokens are moved in one commit.
const BATCH: usize = 100;

/// A token, and the commit that wrote it; none where it is of this change itself.
struct Found {
    token: Token,
    changed: Option<Revision>,
}

/// Why a rotation did not end. What was moved stays moved; the next rotation goes on from there.
#[derive(Debug)]
pub enum RotateError {
    /// The store is in memory, and its secrets are too.
    NoKeyring,
    /// The keyring.
    Keyring(KeyringError),
    /// The store, or a key that does not open.
    Change(ChangeError),
}

impl RotateError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoKeyring => None,
            Self::Keyring(error) => Some(error.hint()),
            Self::Change(error) => error.hint(),
        }
    }
}

impl fmt::Display for RotateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKeyring => f.write_str("a store in memory has no keyring"),
            Self::Keyring(error) => error.fmt(f),
            Self::Change(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RotateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoKeyring => None,
            Self::Keyring(error) => error.source(),
            Self::Change(error) => error.source(),
        }
    }
}

impl From<KeyringError> for RotateError {
    fn from(error: KeyringError) -> Self {
        Self::Keyring(error)
    }
}

impl From<ChangeError> for RotateError {
    fn from(error: ChangeError) -> Self {
        Self::Change(error)
    }
}

/// How the keys of a store stand to its keyring.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KeyringStatus {
    /// The number of the digest key in use.
    pub digest_key: u32,
    /// The number of the seal key in use.
    pub seal_key: u32,
    /// How many keys are kept, current and superseded.
    pub keys: u64,
    /// How many of them are sealed under an older secret: a rotation was begun and not ended.
    pub to_reseal: u64,
    /// How many have no sealed form and an older digest: they move at their next use.
    pub to_move: u64,
}

impl Authority {
    /// Draws new secrets, seals every key anew, checks that each opens under the new secret alone, and forgets the old
    /// ones. `progress` hears how many tokens were gone through. Goes on with a rotation that was cut short, also by the
    /// flag that the session heeds.
    ///
    /// # Errors
    /// See [`RotateError`].
    pub fn rotate_keyring(
        &self,
        session: &mut Session,
        progress: &mut dyn FnMut(u64),
    ) -> Result<KeyringStatus, RotateError> {
        let core = &self.core;
        if core.access == Access::ReadOnly {
            return Err(RotateError::Change(ChangeError::ReadOnly));
        }
        let file = core.keys.file().ok_or(RotateError::NoKeyring)?;
        let store = core.store.id().0;
        renew(file, store, &*core.entropy)?;
        let new = core.keys.reload(&*core.entropy)?;
        session.transact(|tx| {
            tx.put(layout::KEYRING.to_vec(), Some(keys::encode(new.numbers())));
            Ok::<_, ChangeError>(())
        })?;
        session.settle().map_err(ChangeError::from)?;

        let mut next = i64::MIN;
        let mut gone_through = 0;
        session.goes_on = true;
        let moved = loop {
            // They are read in the change itself: the store need not look again at what nobody wrote meanwhile.
            let batch = session.transact(|tx| {
                tx.poll()?;
                let batch = tx.tokens_from(next)?;
                batch.iter().try_for_each(|found| tx.reseal_found(found, &new))?;
                Ok::<_, ChangeError>(batch.last().map(|last| (last.token.serial, batch.len())))
            });
            match batch {
                Ok(Some((last, tokens))) => {
                    next = last + 1;
                    gone_through += u64::try_from(tokens).expect("a batch is small");
                    progress(gone_through);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        session.goes_on = false;
        moved?;
        session.settle().map_err(ChangeError::from)?;

        // The proof: each sealed key opens under the new secret, and so under no other.
        let status = session.transact(|tx| tx.keyring_status(&new, Proof::Open))?;
        let digests = if status.to_move == 0 { Digests::Newest } else { Digests::All };
        retire(file, store, digests)?;
        core.keys.reload(&*core.entropy)?;
        session.transact(|tx| {
            tx.record(Action::KeyringRotated { keys: status.keys - status.to_move }, None, None);
            Ok::<_, ChangeError>(())
        })?;
        session.settle().map_err(ChangeError::from)?;
        Ok(status)
    }

    /// How the keys of the store stand to its keyring.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn keyring_status(&self, session: &mut Session) -> Result<KeyringStatus, ChangeError> {
        let held = self.core.keys.held();
        session.transact(|tx| tx.keyring_status(&held, Proof::None))
    }
}

/// Whether a status opens every sealed key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Proof {
    None,
    Open,
}

impl Tx<'_> {
    /// The next tokens from `first` on, as many as are moved in one commit.
    fn tokens_from(&mut self, first: i64) -> Result<Vec<Found>, ChangeError> {
        let table = layout::Table::Token;
        let (from, to) = (table.row(first), crate::store::prefix_end(&table.prefix()));
        let mut found = Vec::with_capacity(BATCH);
        self.overlay.pages(&*self.core.store, (&from, &to), BATCH, |_, value, changed| {
            found.push(Found { token: Token::decode(value)?, changed });
            Ok(found.len() < BATCH)
        })?;
        Ok(found)
    }

    /// Seals the keys of a token under the newest secret.
    fn reseal(&mut self, serial: i64, keys: &StoreKeys) -> Result<(), ChangeError> {
        // Deleted since its page was read: nothing to do.
        let Some(mut token) = self.find::<Token>(serial)? else { return Ok(()) };
        self.reseal_keys(&mut token, keys)?;
        self.update_quietly(&token)?;
        Ok(())
    }

    /// The same for one that was read with others: without asking the store again, which compares it at the commit.
    fn reseal_found(&mut self, found: &Found, keys: &StoreKeys) -> Result<(), ChangeError> {
        let row = layout::Table::Token.row(found.token.serial);
        if found.changed.is_none_or(|changed| !self.overlay.note(&row, changed)) {
            return self.reseal(found.token.serial, keys);
        }
        let mut token = found.token.clone();
        self.reseal_keys(&mut token, keys)?;
        if token == found.token {
            return Ok(());
        }
        // Two keys that differ under one digest key differ under the next: nobody stands at the new places.
        let (before, after) = (found.token.places(), token.places());
        let gone = before.iter().filter(|place| !after.contains(place)).map(|place| (place.key.clone(), None));
        let number = layout::number(token.serial).to_vec();
        let new = after.iter().filter(|place| !before.contains(place));
        let new = new.map(|place| (place.key.clone(), Some(number.clone())));
        for (key, value) in gone.chain(new).chain([(row, Some(token.encode()))]) {
            self.put(key, value);
        }
        Ok(())
    }

    fn reseal_keys(&self, token: &mut Token, keys: &StoreKeys) -> Result<(), ChangeError> {
        let id = token.id;
        self.reseal_key(id, &mut token.key, keys)?;
        if let Some(superseded) = &mut token.superseded {
            self.reseal_key(id, &mut superseded.key, keys)?;
        }
        Ok(())
    }

    fn reseal_key(
        &self,
        token: crate::domain::TokenId,
        stored: &mut StoredKey,
        keys: &StoreKeys,
    ) -> Result<(), OpenError> {
        let (digest_key, seal_key) = keys.numbers();
        let Some(sealed) = &stored.sealed else { return Ok(()) };
        if (stored.digest.epoch, sealed.seal_key) != (digest_key, seal_key) {
            let key = keys.open(sealed, token, &stored.digest)?;
            stored.digest = keys.digest(&key);
            stored.sealed = Some(keys.seal(&key, token, &stored.digest, &*self.core.entropy));
        }
        Ok(())
    }

    fn keyring_status(&mut self, keys: &StoreKeys, proof: Proof) -> Result<KeyringStatus, ChangeError> {
        let (digest_key, seal_key) = keys.numbers();
        let mut status = KeyringStatus { digest_key, seal_key, ..KeyringStatus::default() };
        let mut refused = None;
        self.scan(|token: Token| {
            for stored in token.stored_keys() {
                status.keys += 1;
                match &stored.sealed {
                    Some(sealed) if sealed.seal_key != seal_key => status.to_reseal += 1,
                    Some(sealed) if proof == Proof::Open => {
                        refused = refused.or(keys.open(sealed, token.id, &stored.digest).err());
                    }
                    Some(_) => {}
                    None => status.to_move += u64::from(stored.digest.epoch != digest_key),
                }
            }
            Scan::On
        })?;
        match refused {
            Some(error) => Err(error.into()),
            None => Ok(status),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        authority::{Authority, KeyringAt, NewToken, Overlap, Recovery, tests::bench},
        domain::{Key, Policy},
        random::SystemEntropy,
        seal::{Age, obtain},
    };

    /// Two authorities over one store, as two processes have it.
    fn two(path: &std::path::Path) -> (crate::authority::tests::Bench, Authority) {
        let mut bench = bench_with(path);
        let open = || {
            let at = KeyringAt::File(path);
            Authority::open(bench.store.clone(), at, Policy::default(), bench.clock.clone(), Arc::new(SystemEntropy))
                .unwrap()
        };
        let other = open();
        bench.authority = open();
        (bench, other)
    }

    fn bench_with(path: &std::path::Path) -> crate::authority::tests::Bench {
        let bench = bench();
        obtain(path, bench.authority.store_id().0, Age::New, &SystemEntropy).unwrap();
        bench
    }

    #[test]
    fn every_key_moves_and_a_process_that_does_not_know_yet_still_answers() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring");
        let (bench, other) = two(&path);
        let mut session = bench.session();
        let user = session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        let new = |name: &str, recovery| NewToken { name: Some(name.into()), recovery, ..NewToken::of(user.id) };
        let make = |session: &mut Session, name: &str, recovery| {
            session.transact(|tx| tx.create_token(new(name, recovery))).unwrap()
        };
        let (token, old) = make(&mut session, "ci", Recovery::Sealed);
        let hour = Overlap::For(std::time::Duration::from_secs(3600));
        let (_, key) = session.transact(|tx| tx.regenerate(&token, None, hour)).unwrap();
        let (_, once) = make(&mut session, "once", Recovery::ShowOnce);

        let before = obtain(&path, bench.authority.store_id().0, Age::InUse, &SystemEntropy).unwrap();
        let mut seen = Vec::new();
        let status = bench.authority.rotate_keyring(&mut session, &mut |n| seen.push(n)).unwrap();
        assert_eq!(seen, [2]);
        assert_eq!(status, KeyringStatus { digest_key: 2, seal_key: 2, keys: 3, to_reseal: 0, to_move: 1 });

        let opens = |authority: &Authority, key: &Key| authority.authenticate(key).unwrap().is_ok();
        for authority in [&bench.authority, &other] {
            assert!(opens(authority, &key) && opens(authority, &old) && opens(authority, &once));
        }
        let token = session.transact(|tx| tx.find::<Token>(token.serial)).unwrap().unwrap();
        for stored in token.stored_keys() {
            let sealed = stored.sealed.as_ref().unwrap();
            assert!(before.open(sealed, token.id, &stored.digest).is_err(), "the old secret opens nothing");
        }

        // The one that was shown once moves at its next use, and then the old digest key is of no use any more.
        let principal = bench.authority.authenticate(&once).unwrap().unwrap();
        bench.authority.count_use(&principal, &"10.0.0.1");
        bench.authority.write_usage(&mut session, 100).unwrap();
        assert_eq!(bench.authority.keyring_status(&mut session).unwrap().to_move, 0);
        let status = bench.authority.rotate_keyring(&mut session, &mut |_| ()).unwrap();
        assert_eq!((status.digest_key, status.to_move), (3, 1));
        assert!(opens(&other, &once) && opens(&other, &key));
    }

    #[test]
    fn what_others_change_meanwhile_is_kept_and_what_they_delete_stays_away() {
        let dir = tempfile::tempdir().unwrap();
        let (bench, other) = two(&dir.path().join("keyring"));
        let mut session = bench.session();
        let user = session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        let tokens: Vec<(Token, Key)> = (0..BATCH * 3)
            .map(|n| {
                let new = || NewToken { name: Some(format!("t{n}")), ..NewToken::of(user.id) };
                session.transact(|tx| tx.create_token(new())).unwrap()
            })
            .collect();
        let mut others = other.session(session.actor().clone());
        let mut round = 0;
        // After each batch somebody revokes a token of the next one, deletes another and gives a third a new key.
        let mut fresh = Vec::new();
        let mut meddle = |_: u64| {
            round += 1;
            let Some(next) = tokens.get(round * BATCH..) else { return };
            let [(revoked, _), (deleted, _), (renewed, _), ..] = next else { return };
            let of = |tx: &mut Tx<'_>, token: &Token| Ok::<_, ChangeError>(tx.find::<Token>(token.serial)?.unwrap());
            others.transact(|tx| of(tx, revoked).and_then(|token| tx.revoke(&token))).unwrap();
            others.transact(|tx| of(tx, deleted).and_then(|token| tx.delete_token(&token))).unwrap();
            let key =
                others.transact(|tx| of(tx, renewed).and_then(|token| tx.regenerate(&token, None, Overlap::None)));
            fresh.push((round * BATCH + 2, key.unwrap().1));
        };
        let status = bench.authority.rotate_keyring(&mut session, &mut meddle).unwrap();
        assert_eq!((status.to_reseal, status.seal_key), (0, 2));
        // In each round one is gone, and one has its old key beside the new one.
        assert_eq!(status.keys, u64::try_from(tokens.len()).unwrap());
        assert_eq!(fresh.len(), 2);
        let opens = |key: &Key| bench.authority.authenticate(key).unwrap().is_ok();
        for (n, (_, key)) in tokens.iter().enumerate() {
            let meddled = n >= BATCH && n % BATCH < 3;
            assert_eq!(opens(key), !meddled, "token {n}");
        }
        assert!(fresh.iter().all(|(_, key)| opens(key)));
        // Every row is found at the places that it has, and at no other.
        let report = crate::store::check::check(&*bench.store).unwrap();
        assert!(report.broken.is_empty(), "{:?}", report.broken);
    }

    #[test]
    fn a_process_that_does_not_know_yet_seals_under_the_new_secret() {
        let dir = tempfile::tempdir().unwrap();
        let (bench, other) = two(&dir.path().join("keyring"));
        let mut session = bench.session();
        let user = session.transact(|tx| tx.insert(bench.user("alice"))).unwrap();
        bench.authority.rotate_keyring(&mut session, &mut |_| ()).unwrap();
        let actor = session.actor().clone();
        let (token, _) = other.session(actor).transact(|tx| tx.create_token(NewToken::of(user.id))).unwrap();
        assert_eq!(token.key.sealed.unwrap().seal_key, 2);
    }
}
