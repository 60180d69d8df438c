//! Reading ahead: where another process owns the store, each read is a question to it, and several at once cost little
//! more than one. What was read ahead is used by the reads that ask for it later, and compared at the commit like them.

use super::{ChangeError, Entity, Tx};
use crate::{
    domain::{Key, Token, User},
    store::{
        Role,
        layout::{self, Table},
    },
};

impl Tx<'_> {
    /// Reads what [`Tx::find`] will be asked for, all at once.
    pub fn look_ahead<E: Entity>(&mut self, ids: impl IntoIterator<Item = i64>) -> Result<(), ChangeError> {
        self.read_ahead(ids.into_iter().map(|id| E::TABLE.row(id)).collect())
    }

    /// Reads what [`Tx::find_at`] will be asked for. Returns the ids that stand there.
    pub fn look_ahead_at<E: Entity>(&mut self, places: Vec<Vec<u8>>) -> Result<Vec<Option<i64>>, ChangeError> {
        self.read_ahead(places.clone())?;
        let ids = places.iter().map(|place| self.id_at(place)).collect::<Result<Vec<_>, _>>()?;
        self.look_ahead::<E>(ids.iter().copied().flatten())?;
        Ok(ids)
    }

    /// Whether each read is a question to another process: then it is worth the while to ask for several things at once.
    pub fn is_far(&self) -> bool {
        self.core.store.role() == Role::Attached
    }

    pub(super) fn read_ahead(&mut self, keys: Vec<Vec<u8>>) -> Result<(), ChangeError> {
        self.poll()?;
        if !self.is_far() {
            return Ok(());
        }
        Ok(self.overlay.look_ahead(&*self.core.store, keys)?)
    }

    /// Reads what [`Tx::user_named`] will be asked for, all at once. Returns the ids.
    pub fn look_ahead_users<'n>(
        &mut self,
        usernames: impl Iterator<Item = &'n str>,
    ) -> Result<Vec<Option<i64>>, ChangeError> {
        self.look_ahead_at::<User>(usernames.map(layout::username).collect())
    }

    /// Reads what [`Tx::token_named`] will be asked for, all at once.
    pub fn look_ahead_tokens<'n>(
        &mut self,
        tokens: impl Iterator<Item = (i64, Option<&'n str>)>,
    ) -> Result<(), ChangeError> {
        self.look_ahead_at::<Token>(tokens.map(|(user, name)| layout::token_name(user, name)).collect())?;
        Ok(())
    }

    /// Reads what [`Tx::create_token`] will ask for about such tokens, all at once.
    pub(super) fn look_ahead_new_tokens<'n>(
        &mut self,
        tokens: impl Iterator<Item = (i64, Option<&'n str>, Option<Key>)>,
    ) -> Result<(), ChangeError> {
        if !self.is_far() {
            return Ok(());
        }
        let (keys, mut rows) = (self.keys()?, Vec::new());
        for (user, name, key) in tokens {
            rows.extend([Table::User.row(user), layout::token_name(user, name)]);
            rows.extend(key.iter().flat_map(|key| keys.digests(key)).map(|digest| layout::digest(&digest)));
        }
        self.read_ahead(rows)
    }
}
