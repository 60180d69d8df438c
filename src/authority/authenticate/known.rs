//! What this process remembers, so that most requests read no row: of every key what a decision needs, until the store
//! says that it was changed.
//!
//! It is exact, not young: whoever orders the commits tells what was written before a commit is acknowledged
//! ([`Store::news`]), and every request asks for news before it trusts what is remembered. Where the store cannot tell
//! (this process is attached to another), nothing is remembered.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use super::{
    super::Core,
    Naming,
    facts::{Facts, Owner},
    packed::Packed,
};
use crate::{
    domain::{Digest, Token, User},
    store::{
        Cursor, News, Revision, Row, Store, StoreError, Write,
        layout::{self, Kind, Table},
        prefix_end,
        record::Record,
    },
};

/// Rows of a page when everything is read.
const PAGE: usize = 500;
/// In the place of facts that may have changed.
const STALE: &[u8] = &[];
/// Of so many users it is known at a glance whether they are active.
const GLANCE: usize = 1 << 20;
/// How much of a digest is remembered: as hard to meet by chance as the keys themselves.
const PART: usize = 16;
/// How many keys of which the news told are known until it is durable; of more, the rows are read when they are asked for.
const NEW: usize = 4096;

/// What is remembered.
#[derive(Debug)]
pub(in crate::authority) struct Known {
    /// The most bytes that it may take.
    most: usize,
    kept: RwLock<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Up to where the news were heard.
    heard: Option<Cursor>,
    /// By the digest: [`Facts`], or nothing where they changed since they were read.
    keys: Packed,
    /// By the id: [`Owner`].
    users: Packed,
    /// By the id, of the first ones: whether the owner is in `users` and active. Most decisions need no more of them.
    active: Vec<bool>,
    /// Facts that came with the news, with the hearing they came with. They count when that is durable: what is answered
    /// from them must not be undone by a power cut.
    new: HashMap<[u8; 4 + PART], (Vec<u8>, u64)>,
    /// How often news were heard.
    hearings: u64,
    /// The numbers of the secrets that are in use.
    numbers: Option<(u32, u32)>,
    extent: Extent,
}

/// How much of the store is in it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Extent {
    /// Something.
    #[default]
    Some,
    /// Every key: one that is not in it is not in the store.
    EveryKey,
    /// Something: there are more than it may hold.
    TooMany,
}

/// What is remembered of a key.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Memory {
    /// The token and its owner.
    Known(Facts, Owner),
    /// There is no such key.
    NoSuchKey,
    /// The store must be read.
    Nothing,
}

impl Known {
    pub(in crate::authority) fn new(most: usize) -> Self {
        Self { most, kept: RwLock::default() }
    }

    fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_mut(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears the news. `None`: the store does not tell any, and nothing that was remembered counts.
    pub(super) fn hear(&self, store: &dyn Store) -> Option<Heard<'_>> {
        let kept = self.kept();
        if let Some(heard) = kept.heard
            && let News::Upto(now) = store.news(Some(heard), &mut |_| ())
            && now == heard
        {
            // Nearly always there is nothing new.
            return Some(Heard(kept));
        }
        drop(kept);
        {
            let mut kept = self.kept_mut();
            kept.hear(store);
            kept.shrink(self.most);
        }
        // Somebody else may have heard more meanwhile.
        let kept = self.kept();
        kept.heard.is_some().then_some(Heard(kept))
    }

    /// Remembers what was read of a key after the news up to `heard`, while the store was at `seen` or later.
    pub(super) fn keep(&self, digest: &Digest, (facts, owner): (&Facts, &Owner), seen: Revision, heard: Cursor) {
        let mut kept = self.kept_mut();
        if kept.may_take(seen, heard) {
            kept.set_key(digest, &facts.pack());
            kept.set_user(facts.user, owner);
            kept.shrink(self.most);
        }
    }

    /// Remembers which secrets are in use, read in the same way.
    pub(super) fn keep_numbers(&self, numbers: (u32, u32), seen: Revision, heard: Cursor) {
        let mut kept = self.kept_mut();
        if kept.may_take(seen, heard) {
            kept.numbers = Some(numbers);
        }
    }
}

impl Core {
    /// Reads every token and user of the store, unless that was done and no news were missed since.
    pub(super) fn read_all(&self, known: &Known) -> Result<(), StoreError> {
        let Some((Extent::Some, heard)) = known.hear(&*self.store).map(|heard| (heard.0.extent, heard.cursor())) else {
            return Ok(());
        };
        for table in [Table::User, Table::Token] {
            let (mut from, end) = (table.prefix(), prefix_end(&table.prefix()));
            loop {
                let page = self.store.range(&from, &end, PAGE)?;
                let Some(last) = page.found.last() else { break };
                from = [last.key.as_slice(), &[0]].concat();
                // sled looks whether its cache is full after so many reads, and a page of rows is one read to it.
                page.found.iter().try_for_each(|row| self.store.get(&row.key).map(drop))?;
                // What is remembered is durable, as what is read for a request is.
                self.settle(page.seen)?;
                let mut kept = known.kept_mut();
                kept.learn(table, &page.found)?;
                // What was written since the page was read, heard of before or not, is doubtful again.
                let seen = Cursor { revision: page.seen, ..heard };
                // Some of it may be later than the last hearing: it counts with the next one.
                let next = kept.hearings + 1;
                let news = self.store.news(Some(seen), &mut |write| kept.doubt(write, next));
                let is_same = kept.heard.is_some_and(|now| now.reign == heard.reign);
                if !is_same || !matches!(news, News::Upto(_)) {
                    // Another time.
                    kept.forget();
                    return Ok(());
                }
                if kept.shrink(known.most) {
                    return Ok(());
                }
            }
        }
        let mut kept = known.kept_mut();
        if kept.extent == Extent::Some && kept.heard.is_some_and(|now| now.reign == heard.reign) {
            kept.extent = Extent::EveryKey;
        }
        Ok(())
    }

    /// Makes durable what the news told and remembers it, so that nobody has to read the rows: after a rotation those of
    /// every key.
    pub(super) fn trust(&self, known: &Known) -> Result<(), StoreError> {
        let (hearing, heard) = {
            let kept = known.kept();
            let Some(heard) = kept.heard.filter(|_| !kept.new.is_empty()) else { return Ok(()) };
            (kept.hearings, heard)
        };
        self.settle(heard.revision)?;
        let mut kept = known.kept_mut();
        if kept.heard.is_some_and(|now| now.reign == heard.reign) {
            kept.trust(hearing);
            kept.shrink(known.most);
        }
        Ok(())
    }
}

/// What is remembered, the news having been heard.
#[derive(Debug)]
pub(super) struct Heard<'a>(RwLockReadGuard<'a, Kept>);

impl Heard<'_> {
    /// Up to where.
    pub(super) fn cursor(&self) -> Cursor {
        self.0.heard.expect("Known::hear makes it of what has heard something only")
    }

    /// What is remembered of a digest.
    pub(super) fn recall(&self, digest: &Digest, naming: Naming) -> Memory {
        let Some(bytes) = self.0.keys.get(&place(digest)) else {
            return match self.0.extent {
                Extent::EveryKey => Memory::NoSuchKey,
                Extent::Some | Extent::TooMany => Memory::Nothing,
            };
        };
        let Some(facts) = Facts::unpack(bytes, naming) else { return Memory::Nothing };
        if naming == Naming::None && self.0.is_active(facts.user) {
            return Memory::Known(facts, Owner { username: Box::default(), is_active: true });
        }
        match self.0.users.get(&facts.user.to_le_bytes()).and_then(Owner::unpack) {
            Some(owner) => Memory::Known(facts, owner),
            None => Memory::Nothing,
        }
    }

    /// The numbers of the secrets in use, where they are remembered.
    pub(super) fn numbers(&self) -> Option<(u32, u32)> {
        self.0.numbers
    }
}

impl Kept {
    fn forget(&mut self) {
        // What was too much once is not tried again.
        let extent = if self.extent == Extent::TooMany { Extent::TooMany } else { Extent::Some };
        *self = Self { heard: self.heard, hearings: self.hearings, extent, ..Self::default() };
    }

    /// Whether it had taken more than it may: then it begins again, without the wish to have everything.
    fn shrink(&mut self, most: usize) -> bool {
        let is_too_much = self.keys.size() + self.users.size() + self.active.len() > most;
        if is_too_much {
            self.extent = Extent::TooMany;
            self.forget();
        }
        is_too_much
    }

    fn hear(&mut self, store: &dyn Store) {
        let heard = self.heard;
        self.hearings += 1;
        let hearing = self.hearings;
        self.heard = match store.news(heard, &mut |write| self.doubt(write, hearing)) {
            News::Upto(now) => Some(now),
            News::Missed(now) => {
                self.forget();
                Some(now)
            }
            News::Untold => {
                self.forget();
                None
            }
        };
    }

    /// Whether what was read while the store was at `seen` or later is still true as far as the news go: what comes
    /// later will be heard.
    fn may_take(&self, seen: Revision, heard: Cursor) -> bool {
        self.heard.is_some_and(|now| now.reign == heard.reign && now.revision <= seen)
    }

    /// One that cannot be kept is still in the store: from then on not everything is remembered.
    fn set_key(&mut self, digest: &Digest, facts: &[u8]) {
        if !self.keys.set(&place(digest), facts) {
            self.extent = Extent::TooMany;
        }
    }

    fn set_user(&mut self, id: i64, owner: &Owner) {
        // One that cannot be kept is read when it is asked for.
        let is_kept = self.users.set(&id.to_le_bytes(), &owner.pack());
        if let Some(place) = glance(id) {
            if self.active.len() <= place {
                self.active.resize(place + 1, false);
            }
            self.active[place] = is_kept && owner.is_active;
        }
    }

    fn forget_user(&mut self, id: i64) {
        self.users.remove(&id.to_le_bytes());
        if let Some(active) = glance(id).and_then(|place| self.active.get_mut(place)) {
            *active = false;
        }
    }

    fn is_active(&self, id: i64) -> bool {
        glance(id).and_then(|place| self.active.get(place)).is_some_and(|active| *active)
    }

    /// Remembers what came with the news up to a hearing, where nobody read it meanwhile.
    fn trust(&mut self, hearing: u64) {
        let Self { keys, new, extent, .. } = self;
        new.retain(|place, (facts, told)| {
            let is_durable = *told <= hearing;
            if is_durable && keys.get(place) == Some(STALE) && !keys.set(place, facts) {
                *extent = Extent::TooMany;
            }
            !is_durable
        });
    }

    /// Takes rows that were read.
    fn learn(&mut self, table: Table, rows: &[Row]) -> Result<(), StoreError> {
        for row in rows {
            match table {
                Table::Token => {
                    let token = Token::decode(&row.value)?;
                    for key in token.stored_keys() {
                        if let Some(facts) = Facts::of(&token, &key.digest) {
                            self.set_key(&key.digest, &facts.pack());
                        }
                    }
                }
                Table::User => {
                    let user = User::decode(&row.value)?;
                    self.set_user(user.id, &Owner::of(&user));
                }
                Table::Group | Table::Permission | Table::ContentType => {}
            }
        }
        Ok(())
    }

    /// Forgets what was remembered of a row that was written, as a hearing tells. That there is such a key is not
    /// forgotten.
    fn doubt(&mut self, write: &Write, hearing: u64) {
        match (Kind::of(&write.key), &write.value) {
            (Some(Kind::Digest), value) => match (layout::read_digest(&write.key), value) {
                (Some(digest), Some(_)) => self.set_key(&digest, STALE),
                (Some(digest), None) => {
                    self.keys.remove(&place(&digest));
                    self.new.remove(&place(&digest));
                }
                (None, _) => {}
            },
            (Some(Kind::Record(Table::Token)), Some(value)) => match Token::decode(value) {
                Ok(token) => token.stored_keys().for_each(|key| {
                    self.set_key(&key.digest, STALE);
                    // Older facts do not stay, whatever becomes of these.
                    self.new.remove(&place(&key.digest));
                    let facts = Facts::of(&token, &key.digest).filter(|_| self.new.len() < NEW);
                    if let Some(facts) = facts {
                        self.new.insert(place(&key.digest), (facts.pack(), hearing));
                    }
                }),
                // Nothing is known of what cannot be read.
                Err(_) => self.forget(),
            },
            (Some(Kind::Record(Table::User)), _) => {
                if let Some(id) = layout::last_id(&write.key) {
                    self.forget_user(id);
                }
            }
            (Some(Kind::Keyring), _) => self.numbers = None,
            // A token that is removed goes with the rows of its keys. Nothing else is remembered.
            (Some(_) | None, _) => {}
        }
    }
}

/// Where a user's bit stands.
fn glance(id: i64) -> Option<usize> {
    usize::try_from(id).ok().filter(|place| *place < GLANCE)
}

fn place(digest: &Digest) -> [u8; 4 + PART] {
    let mut place = [0; 4 + PART];
    place[..4].copy_from_slice(&digest.epoch.to_le_bytes());
    place[4..].copy_from_slice(&digest.bytes[..PART]);
    place
}
