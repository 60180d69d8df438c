//! Many-to-many relations: which groups a user is in, which permissions users and groups have.

use super::{Scan, error::ChangeError, tx::Tx};
use crate::{
    domain::{Action, Subject},
    store::layout::{self, Relation},
};

/// The links of one row.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Links {
    /// Each link's own id (the `id` of Django's through table) and the id of the row at the other end, in the order of
    /// the links' ids: the order in which they were made.
    pub links: Vec<(i64, i64)>,
}

impl Links {
    /// The ids of the rows at the other end.
    #[must_use]
    pub fn ids(&self) -> Vec<i64> {
        self.links.iter().map(|(_, id)| *id).collect()
    }
}

impl Tx<'_> {
    /// What a left row is linked to: the groups of a user, for [`Relation::UserGroups`].
    pub fn links(&mut self, relation: Relation, left: i64) -> Result<Links, ChangeError> {
        self.links_under(&relation.links(Some(left)))
    }

    /// What a right row is linked to: the users of a group, for [`Relation::UserGroups`].
    pub fn back_links(&mut self, relation: Relation, right: i64) -> Result<Links, ChangeError> {
        self.links_under(&relation.backs(Some(right)))
    }

    /// Every link of a relation, as (link id, left id, right id), by left id.
    pub fn all_links(&mut self, relation: Relation) -> Result<Vec<(i64, i64, i64)>, ChangeError> {
        let mut links = Vec::new();
        self.range(&relation.links(None), |key, value| {
            if let (Some((left, right)), Some(id)) = (layout::last_two_ids(key), layout::read_number(value)) {
                links.push((id, left, right));
            }
            Ok(Scan::On)
        })?;
        Ok(links)
    }

    /// Links `left` to each of `rights` that it is not linked to yet; returns those.
    ///
    /// # Errors
    /// [`ChangeError::ForeignKey`] where a row at either end is missing.
    pub fn link(&mut self, relation: Relation, left: i64, rights: &[i64]) -> Result<Vec<i64>, ChangeError> {
        let (left_table, right_table) = relation.sides();
        let mut added = Vec::new();
        let mut last = None;
        for right in rights {
            let key = relation.link(left, *right);
            if self.get(&key)?.is_some() {
                continue;
            }
            self.touch(left_table, left)?;
            self.touch(right_table, *right)?;
            let id = match last {
                Some(id) => id,
                None => self.id_at(&relation.counter())?.unwrap_or(0),
            } + 1;
            last = Some(id);
            let id = layout::number(id).to_vec();
            self.put(key, Some(id.clone()));
            self.put(relation.back(*right, left), Some(id));
            added.push(*right);
        }
        if let Some(id) = last {
            self.put(relation.counter(), Some(layout::number(id).to_vec()));
            self.record_links(relation, left, added.clone(), Vec::new());
        }
        Ok(added)
    }

    /// Unlinks `left` from each of `rights` that it is linked to; returns those.
    pub fn unlink(&mut self, relation: Relation, left: i64, rights: &[i64]) -> Result<Vec<i64>, ChangeError> {
        let mut removed = Vec::new();
        for right in rights {
            let key = relation.link(left, *right);
            if self.get(&key)?.is_some() {
                self.put(key, None);
                self.put(relation.back(*right, left), None);
                removed.push(*right);
            }
        }
        if !removed.is_empty() {
            self.record_links(relation, left, Vec::new(), removed.clone());
        }
        Ok(removed)
    }

    /// Removes every link of a left row that is being deleted; returns how many there were.
    pub(super) fn unlink_left(&mut self, relation: Relation, left: i64) -> Result<usize, ChangeError> {
        let rights = self.links(relation, left)?.ids();
        Ok(self.unlink(relation, left, &rights)?.len())
    }

    /// Removes every link of a right row that is being deleted; returns how many there were.
    pub(super) fn unlink_right(&mut self, relation: Relation, right: i64) -> Result<usize, ChangeError> {
        let lefts = self.back_links(relation, right)?.ids();
        for left in &lefts {
            self.unlink(relation, *left, &[right])?;
        }
        Ok(lefts.len())
    }

    fn links_under(&mut self, prefix: &[u8]) -> Result<Links, ChangeError> {
        let mut links = Vec::new();
        self.range(prefix, |key, value| {
            links.extend(layout::read_number(value).zip(layout::last_id(key)));
            Ok(Scan::On)
        })?;
        links.sort_unstable();
        Ok(Links { links })
    }

    fn record_links(&mut self, relation: Relation, left: i64, added: Vec<i64>, removed: Vec<i64>) {
        let (kind, owner) = match relation {
            Relation::UserGroups | Relation::UserPermissions => ("user", Some(left)),
            Relation::GroupPermissions => ("group", None),
        };
        let subject = Subject { kind: kind.into(), id: left, name: None, token: None };
        let relation = relation.field().to_owned();
        self.record(Action::Related { relation, added, removed }, Some(subject), owner);
    }
}
