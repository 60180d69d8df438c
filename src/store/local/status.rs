//! What a store is like, for `store status`, and the services that its owner does for it.

use std::fs;

use super::{
    super::Revision,
    codec::{In, Out},
    engine::Engine,
};

/// What the owner can be asked to do for the store itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Service {
    /// Tell what it is like.
    Status,
    /// Read every row and compare with the sums.
    Verify,
    /// Write the tree anew.
    Compact,
    /// Bring everything into the tree and begin a new journal.
    Checkpoint,
}

/// What a store is like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Status {
    /// The process id of the owner.
    pub owner: u32,
    /// The last commit.
    pub revision: Revision,
    /// The last commit that survives a power cut.
    pub durable: Revision,
    /// The last commit that sled holds.
    pub in_tree: Revision,
    /// How many rows sled holds.
    pub rows: u64,
    /// How many bytes these rows are.
    pub row_bytes: u64,
    /// How many bytes sled's files have; what is far above `row_bytes` (more than six times) is worth a compact.
    pub tree_bytes: u64,
    /// How many bytes of journal wait for the next checkpoint.
    pub journal_bytes: u64,
    /// How many rows are on their way into sled.
    pub waiting_rows: u64,
    /// How many files sled made for large values. It syncs none of them: any number but 0 is a fault of ours.
    pub blobs: u64,
}

impl Status {
    fn fields(&self) -> [u64; 10] {
        [
            u64::from(self.owner),
            self.revision.0,
            self.durable.0,
            self.in_tree.0,
            self.rows,
            self.row_bytes,
            self.tree_bytes,
            self.journal_bytes,
            self.waiting_rows,
            self.blobs,
        ]
    }

    pub(super) fn write(&self, out: &mut Out) {
        self.fields().into_iter().for_each(|n| out.u64(n));
    }

    pub(super) fn read(bytes: &mut In<'_>) -> Option<Self> {
        Some(Self {
            owner: u32::try_from(bytes.u64()?).ok()?,
            revision: Revision(bytes.u64()?),
            durable: Revision(bytes.u64()?),
            in_tree: Revision(bytes.u64()?),
            rows: bytes.u64()?,
            row_bytes: bytes.u64()?,
            tree_bytes: bytes.u64()?,
            journal_bytes: bytes.u64()?,
            waiting_rows: bytes.u64()?,
            blobs: bytes.u64()?,
        })
    }
}

impl Engine {
    /// Tells what the store is like.
    pub(super) fn status(&self) -> Status {
        let (revision, journal_bytes) = {
            let order = self.order();
            (order.revision, order.full.iter().map(|j| j.used()).sum::<u64>() + order.journal.used())
        };
        let durable = self.durability.reached();
        let (tree, waiting) = {
            let view = self.view();
            (view.tree.clone(), view.overlay.len())
        };
        let about = tree.map(|tree| (tree.about(), tree.size_on_disk()));
        let blobs = fs::read_dir(self.place.data().join("sled/blobs")).map_or(0, Iterator::count);
        Status {
            owner: std::process::id(),
            revision,
            durable,
            in_tree: about.map_or(Revision(0), |(about, _)| about.revision),
            rows: about.map_or(0, |(about, _)| about.rows),
            row_bytes: about.map_or(0, |(about, _)| about.bytes),
            tree_bytes: about.map_or(0, |(_, bytes)| bytes),
            journal_bytes,
            waiting_rows: waiting as u64,
            blobs: blobs as u64,
        }
    }
}
