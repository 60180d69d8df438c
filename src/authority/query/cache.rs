//! Rows that were read as a whole, kept until the store changes: what an admin asks next is mostly about the same ones.
//!
//! Nothing secret is in here beyond what the store has in clear: keys of tokens stay sealed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Row,
    columns::{Numbers, Texts},
};
use crate::{
    domain::{Model, filter::View},
    store::Revision,
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

/// What was last read as a whole, and when.
#[derive(Debug, Default)]
pub(in crate::authority) struct Cache(Mutex<Option<(Revision, Tables)>>);

impl Cache {
    /// What is known of the store at this revision.
    pub(super) fn at(&self, revision: Revision) -> Tables {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(at, _)| *at == revision).map(|(_, tables)| tables.clone()).unwrap_or_default()
    }

    /// Keeps what was read, all of it at this revision.
    pub(super) fn keep(&self, revision: Revision, tables: Tables) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((revision, tables));
    }
}
