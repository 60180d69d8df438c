//! A store in this process's memory: the model that tests compare with, `memory:` and `shell --sandbox`.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    Change, Committed, Cursor, Edit, MAX_KEY, MAX_VALUE, News, Notice, Read, Revision, Role, Row, Store, StoreError,
    StoreId, Versioned, Watch, Write,
    events::{self, Chain},
    watch::WatchSender,
};

/// The store. Nothing survives the process, so a sync has nothing to do.
#[derive(Debug)]
pub struct MemoryStore {
    id: StoreId,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    revision: Revision,
    rows: BTreeMap<Vec<u8>, Versioned>,
    chain: Chain,
    /// Every commit's writes, for watches that begin in the past. Memory stores are small and short-lived.
    past: Vec<(Revision, Vec<Write>)>,
    watches: Vec<(Vec<u8>, WatchSender)>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(id: StoreId) -> Self {
        Self { id, state: Mutex::default() }
    }

    /// A store with these rows, as of `revision`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where the head of the audit trail cannot be read.
    pub(super) fn holding(
        id: StoreId,
        revision: Revision,
        rows: BTreeMap<Vec<u8>, Versioned>,
    ) -> Result<Self, StoreError> {
        let head = rows.get(events::HEAD).map(|row| row.value.as_slice());
        let chain = Chain::from_head(head).ok_or_else(|| StoreError::Damaged {
            what: "the head of the audit trail cannot be read".into(),
            hint: Some("hallpass store check".into()),
        })?;
        let state = State { revision, rows, chain, ..State::default() };
        Ok(Self { id, state: Mutex::new(state) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every method leaves the state whole at each point where it could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses keys and values that no store takes.
///
/// # Errors
/// [`StoreError::TooLarge`] names the first one.
pub fn check_sizes(change: &Change) -> Result<(), StoreError> {
    let sizes = change
        .writes
        .iter()
        .flat_map(|w| [(w.key.len(), MAX_KEY), (w.value.as_ref().map_or(0, Vec::len), MAX_VALUE)])
        .chain(change.compares.iter().map(|c| (c.key.len(), MAX_KEY)))
        .chain([(change.run.longest().0, MAX_KEY), (change.run.longest().1, MAX_VALUE)])
        .chain(change.edit.iter().flat_map(|e| [(e.longest_key(), MAX_KEY), (e.brought(), Edit::MOST)]))
        .chain(change.events.iter().map(|e| (e.len() + 32, MAX_VALUE)));
    for (bytes, limit) in sizes {
        if bytes > limit {
            return Err(StoreError::TooLarge { bytes, limit });
        }
    }
    Ok(())
}

impl Store for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Read<Option<Versioned>>, StoreError> {
        let state = self.lock();
        Ok(Read { seen: state.revision, found: state.rows.get(key).cloned() })
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Read<Vec<Row>>, StoreError> {
        let state = self.lock();
        let found = if from < to {
            let rows = state.rows.range(from.to_vec()..to.to_vec());
            rows.take(limit).map(|(k, v)| Row { key: k.clone(), value: v.value.clone(), changed: v.changed }).collect()
        } else {
            Vec::new()
        };
        Ok(Read { seen: state.revision, found })
    }

    fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        check_sizes(&change)?;
        let mut state = self.lock();
        let holds = |c: &super::Compare| state.rows.get(&c.key).map(|v| v.changed) == c.changed;
        let recent = state.past.iter().rev().take_while(|(revision, _)| *revision > change.read_at);
        let mut recent = recent.flat_map(|(_, writes)| writes);
        let touched = recent.any(|write| change.unchanged.iter().any(|prefix| write.key.starts_with(prefix)));
        if touched || !change.compares.iter().all(holds) {
            return Ok(Committed::Conflict(state.revision));
        }
        let revision = Revision(state.revision.0 + 1);
        let mut writes = change.writes;
        let many = change.run.iter();
        writes.extend(many.map(|(key, value)| Write { key: key.to_vec(), value: value.map(<[u8]>::to_vec) }));
        if let Some(edit) = &change.edit {
            let own: HashSet<Vec<u8>> = writes.iter().map(|write| write.key.clone()).collect();
            for (first, last) in edit.spans() {
                let rows = state.rows.range::<Vec<u8>, _>(first..=last).filter(|(key, _)| !own.contains(*key));
                let new = rows.filter_map(|(key, row)| Some((key.clone(), edit.apply(&row.value)?)));
                writes.extend(new.map(|(key, value)| Write { key, value: Some(value) }));
            }
        }
        for event in &change.events {
            let (key, value) = state.chain.append(event);
            writes.push(Write { key, value: Some(value) });
        }
        if !change.events.is_empty() {
            let head = state.chain.head();
            writes.push(Write { key: events::HEAD.to_vec(), value: Some(head) });
        }
        for write in &writes {
            match &write.value {
                Some(value) => {
                    let row = Versioned { value: value.clone(), changed: revision };
                    state.rows.insert(write.key.clone(), row);
                }
                None => {
                    state.rows.remove(&write.key);
                }
            }
        }
        state.revision = revision;
        let mut watches = std::mem::take(&mut state.watches);
        watches.retain(|(prefix, sender)| match under(prefix, revision, &writes) {
            Some(notice) => sender.send(notice),
            None => true,
        });
        state.watches = watches;
        state.past.push((revision, writes));
        Ok(Committed::Applied(revision))
    }

    fn sync(&self, _revision: Revision) -> Result<(), StoreError> {
        Ok(())
    }

    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Watch, StoreError> {
        let (sender, watch) = Watch::channel();
        let mut state = self.lock();
        let missed = state.past.iter().filter(|(revision, _)| *revision > from);
        let sent = missed.filter_map(|(revision, writes)| under(prefix, *revision, writes)).all(|n| sender.send(n));
        if sent {
            state.watches.push((prefix.to_vec(), sender));
        }
        Ok(watch)
    }

    fn news(&self, since: Option<Cursor>, each: &mut dyn FnMut(&Write)) -> News {
        let state = self.lock();
        let now = Cursor { reign: 0, revision: state.revision };
        let Some(since) = since else { return News::Missed(now) };
        let missed = state.past.iter().skip_while(|(revision, _)| *revision <= since.revision);
        missed.for_each(|(_, writes)| writes.iter().for_each(&mut *each));
        News::Upto(now)
    }

    fn id(&self) -> StoreId {
        self.id
    }

    fn role(&self) -> Role {
        Role::Memory
    }
}

/// The notice of a commit for a watched prefix, if it wrote anything there.
#[must_use]
pub fn under(prefix: &[u8], revision: Revision, writes: &[Write]) -> Option<Notice> {
    let writes: Vec<_> = writes.iter().filter(|w| w.key.starts_with(prefix)).cloned().collect();
    (!writes.is_empty()).then_some(Notice::Changed { revision, writes })
}
