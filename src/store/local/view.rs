//! What readers see: the commits that are not in the tree yet, laid over the tree.

use std::{
    collections::VecDeque,
    ops::Bound,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use super::{
    super::{Revision, Row, Run, StoreError, Versioned, Watch, Write, memory::under, watch::Notice},
    layers::{Layers, versioned, weight},
    tree::Tree,
};

/// How many bytes of past commits are kept for watches that begin in the past.
const PAST_BYTES: usize = 1 << 20;

/// How many past commits are kept.
const PAST: usize = 4096;

/// The view. Its lock is held for each read, so that a read sees one revision.
#[derive(Debug)]
pub(super) struct View {
    pub(super) tree: Option<Arc<Tree>>,
    pub(super) overlay: Layers,
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
            overlay: Layers::default(),
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
    pub(super) fn show(&mut self, revision: Revision, writes: Vec<Write>, run: Arc<Run>) {
        self.feeds.retain(|(prefix, feed)| match notice(prefix, revision, &writes, &run) {
            Some(notice) => feed.try_send(notice).is_ok(),
            None => true,
        });
        self.remember(revision, &writes, &run);
        let kinds: Vec<u8> = writes.iter().filter_map(|write| write.key.first().copied()).chain(run.kinds()).collect();
        for kind in kinds {
            self.touched[usize::from(kind)] = revision;
        }
        for write in writes {
            self.overlay.put(revision, write);
        }
        self.overlay.lay(revision, run);
        self.visible = revision;
    }

    fn remember(&mut self, revision: Revision, writes: &[Write], run: &Run) {
        let bytes = writes.iter().map(|w| weight(&w.key, w.value.as_deref())).sum::<usize>();
        if bytes > PAST_BYTES || !run.is_empty() {
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
}

/// The notice of a commit for a watched prefix, if it wrote anything there.
fn notice(prefix: &[u8], revision: Revision, writes: &[Write], run: &Run) -> Option<Notice> {
    let many = run.rows(run.under(prefix));
    let many = many.map(|(key, value)| Write { key: key.to_vec(), value: value.map(<[u8]>::to_vec) });
    let writes = writes.iter().filter(|write| write.key.starts_with(prefix)).cloned();
    let writes: Vec<Write> = writes.chain(many).collect();
    (!writes.is_empty()).then_some(Notice::Changed { revision, writes })
}

/// Reads one key through the overlay.
pub(super) fn get(overlay: &Layers, tree: &Tree, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
    match overlay.get(key) {
        Some(found) => Ok(versioned(found)),
        None => tree.get(key),
    }
}

/// Reads rows through the overlay: two sorted streams, the overlay's row winning over the tree's.
pub(super) fn range(
    overlay: &Layers,
    tree: &Tree,
    from: &[u8],
    to: &[u8],
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    if from >= to {
        return Ok(rows);
    }
    let mut over = overlay.range(Bound::Included(from), Bound::Excluded(to)).peekable();
    let mut under = tree.range(from, to);
    let mut below = under.next().transpose()?;
    while rows.len() < limit {
        let order = match (over.peek(), &below) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((key, ..)), Some((other, _))) => (*key).cmp(other.as_slice()),
        };
        if order.is_le() {
            if let Some((key, changed, Some(value))) = over.next() {
                rows.push(Row { key: key.to_vec(), value: value.to_vec(), changed });
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
