//! Very many rows that one statement or command makes, changes or revokes: one event tells of all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::tx::Tx;
use crate::domain::{Action, Subject, spans};

/// From so many rows on one event tells of all.
pub(super) const MANY: usize = 100;

/// So many spans or ids fit into an event with room to spare.
const TOLD: usize = 250;

/// The rows that were made or changed, by their kind.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    created: BTreeMap<String, Vec<i64>>,
    changed: BTreeMap<String, (Vec<i64>, BTreeSet<String>)>,
    /// By the reason: the public id of each token, and whose it is.
    revoked: BTreeMap<Option<String>, Vec<(String, Option<i64>)>>,
}

impl Crowd {
    /// Takes an event of its own from a row; `false`: it is of another sort and stays.
    pub(super) fn take(
        &mut self,
        action: &Action,
        subject: &Subject,
        owner: Option<i64>,
        reason: Option<&str>,
    ) -> bool {
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
        if *action == Action::Revoked
            && let Some(token) = &subject.token
        {
            self.revoked.entry(reason.map(str::to_owned)).or_default().push((token.clone(), owner));
            return true;
        }
        false
    }
}

impl Tx<'_> {
    /// Does `work` on so many rows; where they are many, one event tells of those that it makes, one of those that it
    /// changes, and one of the tokens that it revokes.
    pub fn crowded<T>(&mut self, rows: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        if rows < MANY || self.crowd.is_some() {
            return work(self);
        }
        self.crowd = Some(Crowd::default());
        let done = work(self);
        if let Some(Crowd { created, changed, revoked }) = self.crowd.take() {
            created.iter().for_each(|(kind, ids)| self.record_many(kind, ids, None));
            for (kind, (ids, fields)) in changed {
                self.record_many(&kind, &ids, Some(&fields.into_iter().collect::<Vec<_>>()));
            }
            for (reason, revoked) in revoked {
                self.record_revoked(&revoked, reason.as_deref());
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
        for ids in ids.chunks(TOLD) {
            let (kind, ids) = (kind.to_owned(), ids.to_vec());
            let action = match fields {
                Some(fields) => Action::ManyChanged { kind, ids, fields: fields.to_vec() },
                None => Action::ManyCreated { kind, ids },
            };
            self.record(action, None, None);
        }
    }

    fn record_revoked(&mut self, revoked: &[(String, Option<i64>)], reason: Option<&str>) {
        for some in revoked.chunks(TOLD) {
            let tokens = some.iter().map(|(token, _)| token.clone()).collect();
            let owners: BTreeSet<i64> = some.iter().filter_map(|(_, owner)| *owner).collect();
            let action = Action::ManyRevoked { tokens, owners: owners.into_iter().collect() };
            self.record_because(action, None, None, reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{ChangeError, NewToken, Scan, Session, tests::bench};

    /// What the events after the one with this number tell.
    fn actions_after(session: &mut Session, last: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        let read = session.transact(|tx| {
            actions.clear();
            tx.events(last, |_, event| {
                actions.push(event.action);
                Scan::On
            })
        });
        read.unwrap();
        actions
    }

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
            let actions = actions_after(&mut session, told);
            told += u64::try_from(actions.len()).unwrap();
            actions
        };
        assert_eq!(load(2, "few"), vec![Action::Created; 4]);
        let ids = vec![(3, 122)];
        let many = |kind: &str| Action::ManyCreated { kind: kind.into(), ids: ids.clone() };
        assert_eq!(load(120, "many"), [many("token"), many("user")]);
    }

    #[test]
    fn many_tokens_that_are_revoked_at_once_are_one_event_with_their_ids_and_owners() {
        let bench = bench();
        let mut session = bench.session();
        let made = (0..300).map(|n| {
            let user = session.transact(|tx| tx.insert(bench.user(&format!("user{n}")))).unwrap();
            session.transact(|tx| tx.create_token(NewToken::of(user.id))).unwrap().0
        });
        let made: Vec<_> = made.collect();
        let mut revoke = |tokens: &[crate::domain::Token]| {
            let last = session.transact(|tx| tx.event_count()).unwrap();
            let all = |tx: &mut Tx<'_>| tokens.iter().try_for_each(|token| tx.revoke(token).map(|_| ()));
            session.transact(|tx| tx.crowded(tokens.len(), all)).unwrap();
            actions_after(&mut session, last)
        };
        assert_eq!(revoke(&made[..2]), [Action::Revoked, Action::Revoked]);
        let many = |made: &[crate::domain::Token]| Action::ManyRevoked {
            tokens: made.iter().map(|token| token.id.to_string()).collect(),
            owners: made.iter().map(|token| token.user).collect(),
        };
        assert_eq!(revoke(&made[2..]), [many(&made[2..252]), many(&made[252..])]);
        assert_eq!(revoke(&made), [], "they are revoked already");
    }
}
