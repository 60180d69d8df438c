//! The narrow waist: everything that is kept goes through [`Store`], and nothing in the trait assumes one machine.
//!
//! Keys and values are bytes; what they mean is told by [`layout`] and [`record`]. Three things a caller may rely on:
//! a commit is all or nothing and visible at once; its revision is greater than every earlier one; and what
//! [`Store::sync`] returned for survives a power cut.

pub mod backup;
pub mod check;
pub mod edit;
pub mod error;
pub mod events;
pub mod layout;
pub mod local;
pub mod memory;
pub mod record;
pub mod run;
pub mod watch;

use std::{ops::ControlFlow, sync::Arc};

pub use edit::{Edit, Part};
pub use error::StoreError;
pub use run::Run;
pub use watch::{Notice, Watch};

/// Hears how many parts of something are done, and says whether it is to go on.
pub type Progress<'a> = dyn FnMut(u64) -> ControlFlow<()> + 'a;

/// The greatest number of bytes a value may have. sled keeps larger ones in files of their own that it never syncs
/// (its limit is about 128 KiB); ours stays far below.
pub const MAX_VALUE: usize = 16 * 1024;

/// The greatest number of bytes a key may have: a username of 150 characters, doubled, with room.
pub const MAX_KEY: usize = 2 * 1024;

/// The place of a change in the order of all changes. The empty store is at 0.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Revision(pub u64);

/// What was found, and the revision that the store was at when it looked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Read<T> {
    /// The store held everything up to this revision, and nothing later, when it looked.
    pub seen: Revision,
    /// The answer.
    pub found: T,
}

/// A value and the revision of the commit that wrote it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Versioned {
    /// The bytes.
    pub value: Vec<u8>,
    /// The commit that wrote them.
    pub changed: Revision,
}

/// One row of a range.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// Where it is.
    pub key: Vec<u8>,
    /// The bytes.
    pub value: Vec<u8>,
    /// The commit that wrote them.
    pub changed: Revision,
}

/// A condition of a commit on one key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Compare {
    /// The key.
    pub key: Vec<u8>,
    /// What must hold there. `None`: nothing is there. `Some(r)`: the value was last written by the commit `r`.
    pub changed: Option<Revision>,
}

/// One effect of a commit on one key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Write {
    /// The key.
    pub key: Vec<u8>,
    /// The new value; `None` removes the key (and is no error where nothing is there).
    pub value: Option<Vec<u8>>,
}

/// A commit: if every compare holds, every write and event takes effect, at one revision.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Change {
    /// Conditions, in any order.
    pub compares: Vec<Compare>,
    /// Prefixes of keys of which none may have been written since `read_at`: what was read as a whole is still so.
    pub unchanged: Vec<Vec<u8>>,
    /// Effects; a key stands here once at most.
    pub writes: Vec<Write>,
    /// More effects, where they are very many; no key stands in both.
    pub run: Arc<Run>,
    /// A change of very many values that is said once for all of them. Rows that are written here besides are left out.
    pub edit: Option<Arc<Edit>>,
    /// The store was at this revision or a later one at each read that the conditions rest on. Where nothing near a key
    /// was written since, a store need not look there again; 0 says nothing.
    pub read_at: Revision,
    /// Audit events, appended to the one chain in this order by whoever orders the commits (see [`events`]).
    pub events: Vec<Vec<u8>>,
    /// Whether [`Store::sync`] is called next: an owner in another process then answers when the change is durable, and
    /// need not be asked a second time. What holds is told by [`Store::sync`] all the same.
    pub syncs: bool,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "a conflict means that nothing was written"]
pub enum Committed {
    /// It took effect at this revision. It is visible to every reader, and durable once [`Store::sync`] says so.
    Applied(Revision),
    /// A compare did not hold: nothing was written. The revision is the one the store was at.
    Conflict(Revision),
}

/// A place in the news of a store: a revision, in the order of one owner. The next owner may have another one for what
/// was not durable when this one ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cursor {
    /// Whose order it is.
    pub reign: u64,
    /// Everything up to here was told.
    pub revision: Revision,
}

/// What [`Store::news`] answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "what was remembered may not count any more"]
pub enum News {
    /// Every write from the asker's cursor up to this one was told.
    Upto(Cursor),
    /// The store does not remember so far back, or has another owner: anything may have changed. The news begin here.
    Missed(Cursor),
    /// This process is not the one that orders the commits, and cannot tell.
    Untold,
}

/// Which store this is: 16 random bytes, made when it was created, never changed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StoreId(pub [u8; 16]);

/// How this process has the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// This process has the store to itself and serves it to others.
    Owner,
    /// Another process owns it; this one reaches it through that one.
    Attached,
    /// The store lives in this process's memory.
    Memory,
}

/// The store. Every method may be called from any thread.
pub trait Store: Send + Sync {
    /// Reads one key.
    fn get(&self, key: &[u8]) -> Result<Read<Option<Versioned>>, StoreError>;

    /// Reads several keys, each as [`Store::get`] does, in their order: where another process owns the store it is asked
    /// once for all of them.
    fn get_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Read<Option<Versioned>>>, StoreError> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// Reads the rows with `from <= key < to` in the order of their bytes, `limit` at most. `seen` is one revision
    /// for the whole page; two pages may see two revisions.
    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Read<Vec<Row>>, StoreError>;

    /// Applies `change` or nothing of it. Returns before the change is durable: call [`Store::sync`] before anything
    /// that depends on it leaves the process.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] and nothing was written; [`StoreError::OutcomeUnknown`] when whoever owned the store
    /// went away and could not be asked again.
    fn commit(&self, change: Change) -> Result<Committed, StoreError>;

    /// Returns when everything up to `revision` survives a power cut.
    fn sync(&self, revision: Revision) -> Result<(), StoreError>;

    /// Follows the changes to keys that begin with `prefix`, from the first one after `from`: by revision, no gap, no
    /// double. A watch that fell too far behind gets [`Notice::Lagged`] and ends.
    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Watch, StoreError>;

    /// Tells what was written since `since`, at once and without waiting for anything. Whoever orders the commits
    /// tells of each before it is acknowledged: who asks for news before they trust what they have read earlier miss
    /// nothing that was acknowledged before they asked. Without `since` only where the news begin is told.
    fn news(&self, since: Option<Cursor>, each: &mut dyn FnMut(&Write)) -> News;

    /// The identity of the store.
    fn id(&self) -> StoreId;

    /// How this process has the store at this moment.
    fn role(&self) -> Role;
}

/// The end of the range of all keys that begin with `prefix`.
#[must_use]
pub fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    // Every byte was 0xff: no key of ours begins so, and the longest possible key ends the range.
    vec![u8::MAX; MAX_KEY + 1]
}
