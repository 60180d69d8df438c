//! The commits that were made lately, by their ids: a request that is repeated after its owner died is answered, not
//! done again.

use std::collections::{HashMap, VecDeque};

use super::{super::Revision, journal::CommitId};

/// How many are remembered. Only commits whose answer is still on its way can be asked for again: one for each thread
/// of each attached process.
const KEPT: usize = 4096;

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Recent {
    order: VecDeque<CommitId>,
    known: HashMap<CommitId, Revision>,
}

impl Recent {
    pub(super) fn insert(&mut self, id: CommitId, revision: Revision) {
        if self.known.insert(id, revision).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    pub(super) fn get(&self, id: CommitId) -> Option<Revision> {
        self.known.get(&id).copied()
    }

    /// All of them, oldest first: what the next journal begins with.
    pub(super) fn list(&self) -> Vec<(CommitId, Revision)> {
        self.order.iter().filter_map(|id| Some((*id, *self.known.get(id)?))).collect()
    }
}
