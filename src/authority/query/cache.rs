//! Rows that were read as a whole, kept as the store changes: what an admin asks next is mostly about the same ones.
//!
//! Nothing secret is in here beyond what the store has in clear: keys of tokens stay sealed.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{
    Row,
    columns::{Numbers, Texts},
    same::{Followed, Merging},
};
use crate::{
    domain::{Model, User, filter::View},
    store::{
        Revision, Run,
        layout::{self, Kind},
        record::Record,
    },
};

/// All rows of a model, in some order.
pub(super) type Table = Arc<Vec<Arc<Row>>>;

/// Links of a relation: (id, left, right).
pub(super) type Link = (i64, i64, i64);

/// The ids at the other ends of a row's links, by the id of the row.
pub(super) type Side = Arc<HashMap<i64, Vec<i64>>>;

/// The rows whose foreign key names a row, by the id of that row.
pub(super) type Backs = Arc<HashMap<i64, Vec<Arc<Row>>>>;

/// What was read as a whole. A copy shares the rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    /// In the order of the ids.
    pub(super) rows: HashMap<(Model, View), Table>,
    /// In the order of a field.
    pub(super) sorted: HashMap<(Model, View, usize), Table>,
    /// The place of each id in `rows`.
    pub(super) places: HashMap<(Model, View), Arc<HashMap<i64, usize>>>,
    pub(super) links: HashMap<Model, Arc<Vec<Link>>>,
    pub(super) sides: HashMap<(Model, usize), Side>,
    pub(super) backs: HashMap<View, Backs>,
    /// How many rows a table has, where that is all that was asked.
    pub(super) counts: HashMap<Model, usize>,
    /// Columns of whole tables, by the table's address and the field; none where the values are of other kinds.
    pub(super) texts: HashMap<(usize, usize), Option<Arc<Texts>>>,
    pub(super) numbers: HashMap<(usize, usize), Option<Arc<Numbers>>>,
}

/// A write of a commit.
pub(in crate::authority) type Written = (Vec<u8>, Option<Vec<u8>>);

/// More writes than these are not followed row by row.
pub(in crate::authority) const FOLLOWED: usize = 256;

impl Tables {
    /// Follows a commit: `false` where it cannot be followed.
    fn follow(&mut self, revision: Revision, writes: &[Written], run: &Arc<Run>, followed: Option<&Followed>) -> bool {
        for (key, value) in writes {
            let model = match Kind::of(key) {
                Some(Kind::Record(layout::Table::User)) => Model::User,
                Some(Kind::Record(layout::Table::Group)) => Model::Group,
                Some(Kind::Record(layout::Table::Permission)) => Model::Permission,
                Some(Kind::Record(layout::Table::ContentType)) => Model::ContentType,
                // What names only the place of a row, counters, the audit trail, what is looked up each time.
                Some(
                    Kind::Username
                    | Kind::GroupName
                    | Kind::Codename
                    | Kind::ModelName
                    | Kind::Counter
                    | Kind::Referred
                    | Kind::Event
                    | Kind::Head
                    | Kind::Usage,
                ) => continue,
                Some(
                    Kind::Record(layout::Table::Token) | Kind::TokenId | Kind::Digest | Kind::TokenName | Kind::Owned,
                ) => {
                    self.forget(Model::Token);
                    self.rows.retain(|(kept, _), _| *kept != Model::Token);
                    self.backs.clear();
                    continue;
                }
                Some(Kind::Link | Kind::Back | Kind::Keyring) | None => return false,
            };
            self.forget(model);
            if model != Model::User {
                self.rows.retain(|(kept, _), _| *kept != model);
                continue;
            }
            let Some(id) = layout::last_id(key) else { return false };
            let row = match value.as_ref().map(|bytes| User::decode(bytes)) {
                Some(Ok(user)) => Some(Arc::new(Row { changed: Some(revision), ..Row::from(user) })),
                Some(Err(_)) => return false,
                None => None,
            };
            for (_, rows) in self.rows.iter_mut().filter(|((kept, _), _)| *kept == model) {
                let rows = Arc::make_mut(rows);
                match (rows.binary_search_by_key(&id, |row| row.id), &row) {
                    (Ok(place), Some(row)) => rows[place] = Arc::clone(row),
                    (Ok(place), None) => drop(rows.remove(place)),
                    (Err(place), Some(row)) => rows.insert(place, Arc::clone(row)),
                    (Err(_), None) => {}
                }
            }
        }
        if let Some(followed) = followed {
            self.follow_edit(revision, followed);
        }
        self.follow_users(revision, run)
    }

    /// Follows a change that gave very many users the same values. Who has one of the old rows keeps it as it was.
    fn follow_edit(&mut self, revision: Revision, followed: &Followed) {
        self.forget(Model::User);
        let mut merging = Merging::new(Arc::clone(&followed.values));
        for (_, rows) in self.rows.iter_mut().filter(|((kept, _), _)| *kept == Model::User) {
            let rows = Arc::make_mut(rows);
            for (first, last) in followed.ids.iter() {
                let from = rows.partition_point(|row| row.id < *first);
                for row in rows[from..].iter_mut().take_while(|row| row.id <= *last) {
                    Arc::make_mut(row).amend(revision, &mut merging);
                }
            }
        }
    }

    /// Follows very many rows of a commit, where users are all of them that matters.
    fn follow_users(&mut self, revision: Revision, run: &Arc<Run>) -> bool {
        let suits = |kind| matches!(kind, Kind::Record(layout::Table::User) | Kind::Username | Kind::Counter);
        if !run.kinds().all(|kind| Kind::of(&[kind]).is_some_and(suits)) {
            return false;
        }
        let places = run.under(&layout::Table::User.prefix());
        if places.is_empty() {
            return true;
        }
        self.forget(Model::User);
        for (_, rows) in self.rows.iter_mut().filter(|((kept, _), _)| *kept == Model::User) {
            let mut merged = Vec::with_capacity(rows.len().max(places.len()));
            let mut old = rows.iter().peekable();
            for place in places.clone() {
                let Some(new) = Row::user(run, place, Some(revision)) else { return false };
                while let Some(row) = old.next_if(|row| row.id < new.id) {
                    merged.push(Arc::clone(row));
                }
                let _ = old.next_if(|row| row.id == new.id);
                merged.push(Arc::new(new));
            }
            merged.extend(old.cloned());
            *rows = Arc::new(merged);
        }
        true
    }

    /// Drops what was made of the rows of a model.
    fn forget(&mut self, model: Model) {
        self.sorted.retain(|(kept, ..), _| *kept != model);
        self.places.retain(|(kept, _), _| *kept != model);
        self.counts.remove(&model);
        self.texts.clear();
        self.numbers.clear();
    }

    /// About how many bytes the rows take.
    fn weight(&self) -> usize {
        self.rows.values().map(|rows| rows.len() * rows.first().map_or(0, |row| row.weight())).sum()
    }
}

/// How many bytes of rows are kept, where nothing else is said.
const BUDGET: usize = 256 << 20;

/// What was last read as a whole, and of when it is.
#[derive(Debug)]
pub(in crate::authority) struct Cache {
    kept: Mutex<Option<(Revision, Tables)>>,
    budget: AtomicUsize,
}

impl Default for Cache {
    fn default() -> Self {
        Self { kept: Mutex::default(), budget: AtomicUsize::new(BUDGET) }
    }
}

impl Cache {
    /// What is known of the store at this revision.
    pub(super) fn at(&self, revision: Revision) -> Tables {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(at, _)| *at == revision).map(|(_, tables)| tables.clone()).unwrap_or_default()
    }

    /// Keeps what was read, all of it at this revision, unless it is too much.
    pub(super) fn keep(&self, revision: Revision, tables: Tables) {
        let fits = tables.weight() <= self.budget.load(Ordering::Relaxed);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = fits.then_some((revision, tables));
    }

    /// Keeps about so many bytes of rows from here on.
    pub(in crate::authority) fn limit(&self, bytes: usize) {
        self.budget.store(bytes, Ordering::Relaxed);
    }

    /// Whether anything is kept that a commit of this process could be followed with.
    pub(in crate::authority) fn is_empty(&self) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Follows a commit of this process. Where others committed in between, what is kept is of no use any more, and
    /// stays until something else is.
    pub(in crate::authority) fn follow(
        &self,
        revision: Revision,
        writes: &[Written],
        run: &Arc<Run>,
        followed: Option<&Followed>,
    ) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, tables)) = &mut *kept
            && at.0 + 1 == revision.0
        {
            if tables.follow(revision, writes, run, followed) {
                *at = revision;
            } else {
                *kept = None;
            }
        }
    }
}
