//! Very many rows that one statement or command makes or changes: one event tells of all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::tx::Tx;
use crate::domain::{Action, Subject, spans};

/// From so many rows on one event tells of all.
pub(super) const MANY: usize = 100;

/// The rows that were made or changed, by their kind.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    created: BTreeMap<String, Vec<i64>>,
    changed: BTreeMap<String, (Vec<i64>, BTreeSet<String>)>,
}

impl Crowd {
    /// Takes an event of its own from a row; `false`: it is of another sort and stays.
    pub(super) fn take(&mut self, action: &Action, subject: &Subject) -> bool {
        if let Action::Changed { fields } = action {
            let (ids, names) = self.changed.entry(subject.kind.clone()).or_default();
            ids.push(subject.id);
            names.extend(fields.iter().cloned());
            return true;
        }
        if *action == Action::Created {
            self.created.entry(subject.kind.clone()).or_default().push(subject.id);
            return true;
        }
        false
    }
}

impl Tx<'_> {
    /// Does `work` on so many rows; where they are many, one event tells of those that it makes, and one of those that
    /// it changes.
    pub(super) fn crowded<T>(&mut self, rows: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        if rows < MANY || self.crowd.is_some() {
            return work(self);
        }
        self.crowd = Some(Crowd::default());
        let done = work(self);
        if let Some(Crowd { created, changed }) = self.crowd.take() {
            created.iter().for_each(|(kind, ids)| self.record_many(kind, ids, None));
            for (kind, (ids, fields)) in changed {
                self.record_many(&kind, &ids, Some(&fields.into_iter().collect::<Vec<_>>()));
            }
        }
        done
    }

    /// Adds to the audit trail that many rows of a kind were made or, with the names of fields, changed by one
    /// statement: one event, as long as the ids are few spans.
    pub(super) fn record_many(&mut self, kind: &str, ids: &[i64], fields: Option<&[String]>) {
        let mut sorted = ids.to_vec();
        sorted.sort_unstable();
        self.record_spans(kind, &spans(sorted), fields);
    }

    /// The same, of spans of ids.
    pub(super) fn record_spans(&mut self, kind: &str, ids: &[(i64, i64)], fields: Option<&[String]>) {
        /// So many spans fit into an event with room to spare.
        const SPANS: usize = 250;
        for ids in ids.chunks(SPANS) {
            let (kind, ids) = (kind.to_owned(), ids.to_vec());
            let action = match fields {
                Some(fields) => Action::ManyChanged { kind, ids, fields: fields.to_vec() },
                None => Action::ManyCreated { kind, ids },
            };
            self.record(action, None, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{ChangeError, NewToken, Scan, tests::bench};

    #[test]
    fn very_many_rows_are_one_event_of_each_kind_and_few_have_their_own() {
        let bench = bench();
        let mut session = bench.session();
        let mut told = 1;
        let mut load = |rows: usize, name: &str| {
            session
                .transact(|tx| {
                    tx.crowded(rows, |tx| {
                        for n in 0..rows {
                            let user = tx.insert(bench.user(&format!("{name}{n}")))?;
                            tx.create_token(NewToken::of(user.id))?;
                        }
                        Ok::<_, ChangeError>(())
                    })
                })
                .unwrap();
            let mut actions = Vec::new();
            session
                .transact(|tx| {
                    actions.clear();
                    tx.events(told, |_, event| {
                        actions.push(event.action);
                        Scan::On
                    })
                })
                .unwrap();
            told += u64::try_from(actions.len()).unwrap();
            actions
        };
        assert_eq!(load(2, "few"), vec![Action::Created; 4]);
        let ids = vec![(3, 122)];
        let many = |kind: &str| Action::ManyCreated { kind: kind.into(), ids: ids.clone() };
        assert_eq!(load(120, "many"), [many("token"), many("user")]);
    }
}
