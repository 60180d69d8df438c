//! What readers see: the commits that are not in the tree yet, laid over the tree.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use super::{
    super::{Revision, Row, StoreError, Versioned, Watch, Write, memory::under, watch::Notice},
    tree::Tree,
};

/// How many bytes of past commits are kept for watches that begin in the past.
const PAST_BYTES: usize = 1 << 20;

/// How many past commits are kept.
const PAST: usize = 4096;

/// A key as a commit left it: with a value, or removed.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) changed: Revision,
    pub(super) value: Option<Vec<u8>>,
}

/// The view. Its lock is held for each read, so that a read sees one revision.
#[derive(Debug)]
pub(super) struct View {
    pub(super) tree: Option<Arc<Tree>>,
    pub(super) overlay: BTreeMap<Vec<u8>, Slot>,
    pub(super) overlay_bytes: usize,
    pub(super) visible: Revision,
    /// When a key with this first byte was last written, or a later revision.
    touched: Box<[Revision; 256]>,
    past: VecDeque<(Revision, Vec<Write>)>,
    past_bytes: usize,
    /// The past is complete behind this revision.
    past_from: Revision,
    feeds: Vec<(Vec<u8>, SyncSender<Notice>)>,
}

impl View {
    pub(super) fn new(tree: Arc<Tree>, visible: Revision) -> Self {
        Self {
            tree: Some(tree),
            overlay: BTreeMap::new(),
            overlay_bytes: 0,
            visible,
            touched: Box::new([visible; 256]),
            past: VecDeque::new(),
            past_bytes: 0,
            past_from: visible,
            feeds: Vec::new(),
        }
    }

    /// Goes on at `revision`: whoever followed up to one before it has perhaps seen what is not so any more.
    pub(super) fn begin_anew(&mut self, revision: Revision) {
        self.visible = revision;
        self.past.clear();
        self.past_bytes = 0;
        self.past_from = revision;
    }

    /// Makes a commit visible and tells whoever watches.
    pub(super) fn show(&mut self, revision: Revision, writes: Vec<Write>) {
        self.feeds.retain(|(prefix, feed)| match under(prefix, revision, &writes) {
            Some(notice) => feed.try_send(notice).is_ok(),
            None => true,
        });
        self.remember(revision, &writes);
        for write in writes {
            if let Some(kind) = write.key.first() {
                self.touched[usize::from(*kind)] = revision;
            }
            self.overlay_bytes += weight(&write.key, write.value.as_deref());
            let slot = Slot { changed: revision, value: write.value };
            if let Some(old) = self.overlay.get_mut(&write.key) {
                self.overlay_bytes -= weight(&write.key, old.value.as_deref());
                *old = slot;
            } else {
                self.overlay.insert(write.key, slot);
            }
        }
        self.visible = revision;
    }

    fn remember(&mut self, revision: Revision, writes: &[Write]) {
        let bytes = writes.iter().map(|w| weight(&w.key, w.value.as_deref())).sum::<usize>();
        if bytes > PAST_BYTES {
            self.past.clear();
            self.past_bytes = 0;
            self.past_from = revision;
            return;
        }
        self.past.push_back((revision, writes.to_vec()));
        self.past_bytes += bytes;
        while self.past.len() > PAST || self.past_bytes > PAST_BYTES {
            let Some((revision, writes)) = self.past.pop_front() else { break };
            self.past_bytes -= writes.iter().map(|w| weight(&w.key, w.value.as_deref())).sum::<usize>();
            self.past_from = revision;
        }
    }

    /// Whether a key may have been written after a revision; 0 stands for one that is not known.
    pub(super) fn may_have_changed(&self, key: &[u8], since: Revision) -> bool {
        since == Revision(0) || key.first().is_none_or(|kind| self.touched[usize::from(*kind)] > since)
    }

    /// Follows a prefix from the first commit after `from`; a feed that reaches back too far says so at once.
    pub(super) fn feed(&mut self, prefix: &[u8], from: Revision) -> Receiver<Notice> {
        let (sender, feed) = sync_channel(Watch::CAPACITY);
        if from < self.past_from {
            // The channel has just been made: there is room.
            let _ = sender.try_send(Notice::Lagged);
            return feed;
        }
        let missed = self.past.iter().filter(|(revision, _)| *revision > from);
        let sent = missed.filter_map(|(r, writes)| under(prefix, *r, writes)).all(|n| sender.try_send(n).is_ok());
        if sent {
            self.feeds.push((prefix.to_vec(), sender));
        }
        feed
    }

    /// Tells every write of the commits after `since`; `None` where they are not all remembered.
    pub(super) fn news(&self, since: Revision, each: &mut dyn FnMut(&Write)) -> Option<Revision> {
        if since < self.past_from || since > self.visible {
            return None;
        }
        let first = self.past.partition_point(|(revision, _)| *revision <= since);
        self.past.range(first..).for_each(|(_, writes)| writes.iter().for_each(&mut *each));
        Some(self.visible)
    }

    /// Ends every feed: the readers find their channel closed.
    pub(super) fn end_feeds(&mut self) {
        self.feeds.clear();
    }

    /// Takes rows that the tree has by now off the overlay, at most `limit`, from the given key on. Returns where to
    /// go on.
    pub(super) fn settle(&mut self, upto: Revision, from: Bound<Vec<u8>>, limit: usize) -> Option<Vec<u8>> {
        let mut next = None;
        let mut done = Vec::new();
        for (n, (key, slot)) in self.overlay.range((from, Bound::Unbounded)).enumerate() {
            if n == limit {
                next = Some(key.clone());
                break;
            }
            if slot.changed <= upto {
                done.push(key.clone());
            }
        }
        for key in done {
            if let Some(slot) = self.overlay.remove(&key) {
                self.overlay_bytes -= weight(&key, slot.value.as_deref());
            }
        }
        next
    }
}

fn weight(key: &[u8], value: Option<&[u8]>) -> usize {
    // About what a row takes in the overlay besides its bytes.
    key.len() + value.map_or(0, <[u8]>::len) + 96
}

/// Reads one key through the overlay.
pub(super) fn get(overlay: &BTreeMap<Vec<u8>, Slot>, tree: &Tree, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
    match overlay.get(key) {
        Some(Slot { changed, value }) => Ok(value.clone().map(|value| Versioned { value, changed: *changed })),
        None => tree.get(key),
    }
}

/// Reads rows through the overlay: two sorted streams, the overlay's row winning over the tree's.
pub(super) fn range(
    overlay: &BTreeMap<Vec<u8>, Slot>,
    tree: &Tree,
    from: &[u8],
    to: &[u8],
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    if from >= to {
        return Ok(rows);
    }
    let bounds = (Bound::Included(from), Bound::Excluded(to));
    let mut over = overlay.range::<[u8], _>(bounds).peekable();
    let mut under = tree.range(from, to);
    let mut below = under.next().transpose()?;
    while rows.len() < limit {
        let order = match (over.peek(), &below) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((key, _)), Some((other, _))) => key.as_slice().cmp(other.as_slice()),
        };
        if order.is_le() {
            if let Some((key, slot)) = over.next()
                && let Some(value) = &slot.value
            {
                rows.push(Row { key: key.clone(), value: value.clone(), changed: slot.changed });
            }
            if order.is_eq() {
                below = under.next().transpose()?;
            }
        } else if let Some((key, row)) = below.take() {
            rows.push(Row { key, value: row.value, changed: row.changed });
            below = under.next().transpose()?;
        }
    }
    Ok(rows)
}
