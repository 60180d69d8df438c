//! One transaction: typed rows over an overlay. Everything done through a [`Tx`] becomes one commit, or none.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{
    Core,
    crowd::Crowd,
    entity::{Entity, Place},
    error::ChangeError,
    overlay::Overlay,
    reveals::Reveals,
    session::Passwords,
};
use crate::{
    domain::{Action, Actor, Event, Subject, Timestamp, Token},
    store::{Revision, StoreError, layout, prefix_end, record::Record},
};

/// Whether a scan goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scan {
    /// Give me the next row.
    On,
    /// That was enough.
    Stop,
}

/// A transaction.
#[derive(Debug)]
pub struct Tx<'a> {
    pub(super) core: &'a Core,
    pub(super) overlay: &'a mut Overlay,
    pub(super) actor: &'a Actor,
    pub(super) reason: Option<&'a str>,
    pub(super) passwords: Passwords,
    pub(super) reveals: &'a mut Reveals,
    pub(super) now: Timestamp,
    pub(super) stop: &'a AtomicBool,
    /// Where very many rows are made or changed: those that one event is to tell of together.
    pub(super) crowd: Option<Crowd>,
}

impl Tx<'_> {
    /// The moment of this transaction: every row that it writes says the same.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// To be called again and again by what takes long: nobody may wait for it any more.
    ///
    /// # Errors
    /// [`ChangeError::Interrupted`].
    pub fn poll(&self) -> Result<(), ChangeError> {
        if self.stop.load(Ordering::Relaxed) { Err(ChangeError::Interrupted) } else { Ok(()) }
    }

    /// The row with this id.
    pub fn find<E: Entity>(&mut self, id: i64) -> Result<Option<E>, ChangeError> {
        let row = self.get(&E::TABLE.row(id))?;
        Ok(row.map(|bytes| E::decode(&bytes)).transpose()?)
    }

    /// The row that stands at a place of an index (see [`layout`]).
    pub fn find_at<E: Entity>(&mut self, place: &[u8]) -> Result<Option<E>, ChangeError> {
        match self.id_at(place)? {
            Some(id) => self.find(id),
            None => Ok(None),
        }
    }

    /// The id that stands at a place of an index.
    pub fn id_at(&mut self, place: &[u8]) -> Result<Option<i64>, ChangeError> {
        Ok(self.get(place)?.and_then(|bytes| layout::read_number(&bytes)))
    }

    /// Gives `each` every row in the order of the ids. These reads are not compared at the commit.
    pub fn scan<E: Entity>(&mut self, mut each: impl FnMut(E) -> Scan) -> Result<(), ChangeError> {
        self.range(&E::TABLE.prefix(), |_, bytes| Ok(each(E::decode(bytes)?)))
    }

    /// All rows, in the order of the ids.
    pub fn all<E: Entity>(&mut self) -> Result<Vec<E>, ChangeError> {
        let mut rows = Vec::new();
        self.scan(|row| {
            rows.push(row);
            Scan::On
        })?;
        Ok(rows)
    }

    /// Inserts a row. With the id 0 it gets the next one; a chosen id is taken, and later ones go on behind it.
    ///
    /// # Errors
    /// [`ChangeError::Unique`] where the id or a place is taken, [`ChangeError::ForeignKey`] where a row that it refers
    /// to is missing.
    pub fn insert<E: Entity>(&mut self, row: E) -> Result<E, ChangeError> {
        let row = self.insert_quietly(row)?;
        self.record(Action::Created, Some(row.subject()), row.owner());
        Ok(row)
    }

    /// [`Tx::insert`] for a token without a serial whose id was drawn just now. The places of the two are not looked
    /// at: the counter gives each serial once, and two of eighty random bits do not meet.
    pub(super) fn insert_drawn(&mut self, token: Token) -> Result<Token, ChangeError> {
        let certain = |place: &Place| matches!(place.constraint, "hallpass_token.id" | "hallpass_token.serial");
        let token = self.insert_where(token, certain)?;
        self.record(Action::Created, Some(token.subject()), token.owner());
        Ok(token)
    }

    /// [`Tx::insert`] without an event: for rows that every new store has.
    pub(super) fn insert_quietly<E: Entity>(&mut self, row: E) -> Result<E, ChangeError> {
        self.insert_where(row, |_| false)
    }

    /// Inserts a row; the places that are `certain` are known to be free.
    fn insert_where<E: Entity>(&mut self, mut row: E, certain: impl Fn(&Place) -> bool) -> Result<E, ChangeError> {
        let last = self.id_at(&E::TABLE.counter())?.unwrap_or(0);
        if row.id() == 0 {
            row.set_id(last + 1);
        } else if self.get(&E::TABLE.row(row.id()))?.is_some() {
            return Err(ChangeError::Unique { constraint: primary_key(E::TABLE) });
        }
        if self.is_far() {
            let places = row.places().into_iter().filter(|place| !certain(place)).map(|place| place.key);
            let referred = row.refers_to().into_iter().map(|(table, id)| table.row(id));
            self.read_ahead(places.chain(referred).collect())?;
        }
        for place in row.places() {
            if !certain(&place) && self.get(&place.key)?.is_some() {
                return Err(ChangeError::Unique { constraint: place.constraint });
            }
        }
        self.refer(&row)?;
        if row.id() > last {
            self.put(E::TABLE.counter(), Some(layout::number(row.id()).to_vec()));
        }
        for place in row.places() {
            self.put(place.key, Some(layout::number(row.id()).to_vec()));
        }
        self.put(E::TABLE.row(row.id()), Some(row.encode()));
        Ok(row)
    }

    /// Replaces the row with the same id. Returns the names of the fields that changed; none: nothing was written.
    ///
    /// # Errors
    /// As [`Tx::insert`]; [`ChangeError::Gone`] where there is no such row.
    pub fn update<E: Entity>(&mut self, row: &E) -> Result<Vec<String>, ChangeError> {
        let fields = self.update_quietly(row)?;
        if !fields.is_empty() {
            self.record(Action::Changed { fields: fields.clone() }, Some(row.subject()), row.owner());
            row.consequences(self, &fields)?;
        }
        Ok(fields)
    }

    /// [`Tx::update`] without an event: for changes that have an event of their own.
    pub(super) fn update_quietly<E: Entity>(&mut self, row: &E) -> Result<Vec<String>, ChangeError> {
        let old: E = self.find(row.id())?.ok_or(ChangeError::Gone { what: E::NAME })?;
        let fields = old.differences(row);
        if fields.is_empty() {
            return Ok(fields);
        }
        let (before, after) = (old.places(), row.places());
        for place in &after {
            if !before.contains(place) && self.get(&place.key)?.is_some() {
                return Err(ChangeError::Unique { constraint: place.constraint });
            }
        }
        if old.refers_to() != row.refers_to() {
            self.refer(row)?;
        }
        for place in &before {
            if !after.contains(place) {
                self.put(place.key.clone(), None);
            }
        }
        for place in after {
            if !before.contains(&place) {
                self.put(place.key, Some(layout::number(row.id()).to_vec()));
            }
        }
        self.put(E::TABLE.row(row.id()), Some(row.encode()));
        Ok(fields)
    }

    /// To be called before the rows that refer to `row` are looked for: one that comes to refer to it from here on lets
    /// the commit fail.
    pub(super) fn expect_referrers<E: Entity>(&mut self, row: &E) -> Result<(), ChangeError> {
        self.get(&E::TABLE.referred(row.id())).map(|_| ())
    }

    /// Removes a row and its places. What refers to it is the caller's to remove first.
    pub(super) fn remove<E: Entity>(&mut self, row: &E) -> Result<(), ChangeError> {
        self.remove_quietly(row)?;
        self.record(Action::Deleted, Some(row.subject()), row.owner());
        Ok(())
    }

    /// [`Tx::remove`] without an event: for removals that have one event together.
    pub(super) fn remove_quietly<E: Entity>(&mut self, row: &E) -> Result<(), ChangeError> {
        if self.get(&E::TABLE.row(row.id()))?.is_none() {
            return Err(ChangeError::Gone { what: E::NAME });
        }
        for place in row.places() {
            self.put(place.key, None);
        }
        let referred = E::TABLE.referred(row.id());
        if self.get(&referred)?.is_some() {
            self.put(referred, None);
        }
        self.put(E::TABLE.row(row.id()), None);
        Ok(())
    }

    /// Checks that what `row` refers to is there, and has the commit compare it.
    fn refer<E: Entity>(&mut self, row: &E) -> Result<(), ChangeError> {
        for (table, id) in row.refers_to() {
            self.touch(table, id)?;
        }
        Ok(())
    }

    /// One reference: the row must be there, and whoever deletes it meanwhile must notice.
    pub(super) fn touch(&mut self, table: layout::Table, id: i64) -> Result<(), ChangeError> {
        if self.get(&table.row(id))?.is_none() {
            return Err(ChangeError::ForeignKey);
        }
        self.put(table.referred(id), Some(Vec::new()));
        Ok(())
    }

    /// Adds an event to the audit trail, in the same commit.
    pub fn record(&mut self, action: Action, subject: Option<Subject>, owner: Option<i64>) {
        self.record_because(action, subject, owner, self.reason);
    }

    pub(super) fn record_because(
        &mut self,
        action: Action,
        subject: Option<Subject>,
        owner: Option<i64>,
        reason: Option<&str>,
    ) {
        if let (Some(crowd), Some(subject)) = (&mut self.crowd, &subject)
            && crowd.take(&action, subject, owner, reason)
        {
            return;
        }
        let (at, actor, reason) = (self.now, self.actor.clone(), reason.map(str::to_owned));
        self.overlay.event(Event { at, actor, action, subject, owner, reason }.encode());
    }

    pub(super) fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, ChangeError> {
        self.poll()?;
        Ok(self.overlay.get(&*self.core.store, key)?)
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.overlay.put(key, value);
    }

    /// Gives `each` the rows whose keys begin with `prefix`.
    pub(super) fn range(
        &mut self,
        prefix: &[u8],
        mut each: impl FnMut(&[u8], &[u8]) -> Result<Scan, StoreError>,
    ) -> Result<(), ChangeError> {
        self.versions(prefix, |key, value, _| each(key, value))
    }

    /// [`Tx::range`], with the commit that wrote each row; none where it was written here.
    pub(super) fn versions(
        &mut self,
        prefix: &[u8],
        mut each: impl FnMut(&[u8], &[u8], Option<Revision>) -> Result<Scan, StoreError>,
    ) -> Result<(), ChangeError> {
        let stop = self.stop;
        let each = |key: &[u8], value: &[u8], changed| {
            Ok(!stop.load(Ordering::Relaxed) && each(key, value, changed)? == Scan::On)
        };
        self.overlay.range(&*self.core.store, prefix, &prefix_end(prefix), each)?;
        self.poll()
    }

    /// The ids at the ends of the keys that begin with `prefix`.
    pub(super) fn ids_under(&mut self, prefix: &[u8]) -> Result<Vec<i64>, ChangeError> {
        let mut ids = Vec::new();
        self.range(prefix, |key, _| {
            ids.extend(layout::last_id(key));
            Ok(Scan::On)
        })?;
        Ok(ids)
    }
}

fn primary_key(table: layout::Table) -> &'static str {
    match table {
        layout::Table::User => "auth_user.id",
        layout::Table::Group => "auth_group.id",
        layout::Table::Permission => "auth_permission.id",
        layout::Table::ContentType => "django_content_type.id",
        layout::Table::Token => "hallpass_token.serial",
    }
}
