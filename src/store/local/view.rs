//! What readers see: the commits that are not in the tree yet, laid over the tree.

use std::{
    borrow::Cow,
    collections::VecDeque,
    ops::Bound,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use super::{
    super::{Edit, Revision, Row, Run, StoreError, Versioned, Watch, Write, memory::under, watch::Notice},
    journal::Effect,
    layers::{Layers, NEWEST, versioned, weight},
    tree::{Put, Tree},
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

    /// The rows that an edit changes, as it leaves them, where somebody must have them one by one: who follows them, or
    /// a reader who has too many edits to look at already. None where nobody must.
    pub(super) fn spelled_out(&self, edit: Option<&Edit>) -> Result<Arc<Run>, StoreError> {
        let mut run = Run::default();
        let Some(edit) = edit else { return Ok(run.into()) };
        if !self.overlay.is_crowded_for(edit) && !self.feeds.iter().any(|(prefix, _)| edit.touches(prefix)) {
            return Ok(run.into());
        }
        let Some(tree) = &self.tree else { return Ok(run.into()) };
        for (first, last) in edit.spans() {
            let end = [last, [0].as_slice()].concat();
            for row in range(&self.overlay, tree, first, &end, usize::MAX)? {
                if let Some(new) = edit.apply(&row.value) {
                    run.push(&row.key, Some(&new));
                }
            }
        }
        Ok(run.into())
    }

    /// Makes a commit visible and tells whoever watches; with the rows of its edit where [`View::spelled_out`] has them.
    pub(super) fn show(&mut self, revision: Revision, effect: Effect, edited: Arc<Run>) {
        let Effect { writes, run, edit } = effect;
        let own = |key: &[u8]| writes.iter().any(|write| write.key == key) || run.find(key).is_some();
        self.feeds.retain(|(prefix, feed)| match notice(prefix, revision, &writes, [&run, &edited], own) {
            Some(notice) => feed.try_send(notice).is_ok(),
            None => true,
        });
        self.remember(revision, &writes, run.is_empty() && edit.is_none());
        let kinds = writes.iter().filter_map(|write| write.key.first().copied());
        let kinds: Vec<u8> = kinds.chain(run.kinds()).chain(edit.iter().flat_map(|edit| edit.kinds())).collect();
        for kind in kinds {
            self.touched[usize::from(kind)] = revision;
        }
        match edit {
            Some(edit) if self.overlay.is_crowded_for(&edit) => self.overlay.lay(revision, edited),
            Some(edit) => self.overlay.edit(revision, edit),
            None => {}
        }
        for write in writes {
            self.overlay.put(revision, write);
        }
        self.overlay.lay(revision, run);
        self.visible = revision;
    }

    fn remember(&mut self, revision: Revision, writes: &[Write], is_all: bool) {
        let bytes = writes.iter().map(|w| weight(&w.key, w.value.as_deref())).sum::<usize>();
        if bytes > PAST_BYTES || !is_all {
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

/// The notice of a commit for a watched prefix, if it wrote anything there; of edited rows those that it does not write.
fn notice(
    prefix: &[u8],
    revision: Revision,
    writes: &[Write],
    [run, edited]: [&Run; 2],
    own: impl Fn(&[u8]) -> bool,
) -> Option<Notice> {
    let edited = edited.rows(edited.under(prefix)).filter(|(key, _)| !own(key));
    let many = run.rows(run.under(prefix)).chain(edited);
    let many = many.map(|(key, value)| Write { key: key.to_vec(), value: value.map(<[u8]>::to_vec) });
    let writes = writes.iter().filter(|write| write.key.starts_with(prefix)).cloned();
    let writes: Vec<Write> = writes.chain(many).collect();
    (!writes.is_empty()).then_some(Notice::Changed { revision, writes })
}

/// Reads one key through the overlay.
pub(super) fn get(overlay: &Layers, tree: &Tree, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
    if let Some(found) = overlay.get(key) {
        return Ok(versioned(found));
    }
    let found = tree.get(key)?;
    Ok(found.map(|row| {
        let (changed, value) = overlay.as_of(NEWEST, key, row.changed, Cow::Owned(row.value));
        Versioned { value: value.into_owned(), changed }
    }))
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
    let push = |rows: &mut Vec<Row>, key: Vec<u8>, changed, value: Cow<'_, [u8]>| {
        let (changed, value) = overlay.as_of(NEWEST, &key, changed, value);
        rows.push(Row { key, value: value.into_owned(), changed });
    };
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
                push(&mut rows, key.to_vec(), changed, Cow::Borrowed(value));
            }
            if order.is_eq() {
                below = under.next().transpose()?;
            }
        } else if let Some((key, row)) = below.take() {
            push(&mut rows, key, row.changed, Cow::Owned(row.value));
            below = under.next().transpose()?;
        }
    }
    Ok(rows)
}

/// Where a walk over what a tree lacks goes on.
#[derive(Debug)]
pub(super) enum At {
    /// Among the rows of the tree that the edit of this revision, or else the next one, is about.
    Edited(Revision, Bound<Vec<u8>>),
    /// Among the rows of the overlay.
    Whole(Bound<Vec<u8>>),
    /// At its end.
    End,
}

impl At {
    /// At the beginning.
    pub(super) const START: Self = Self::Edited(Revision(0), Bound::Unbounded);
}

/// What a tree lacks of the overlay up to `target`: about so many rows from a place on, and the place where to go on.
pub(super) fn lacking(
    overlay: &Layers,
    tree: &Tree,
    at: At,
    target: Revision,
    most: usize,
) -> Result<(Vec<Put>, At), StoreError> {
    let mut puts = Vec::new();
    let mut looked = 0;
    // Nobody can commit meanwhile, and rows of the tree take longer to look at.
    let mut is_enough = |puts: &Vec<Put>, many: usize| {
        looked += 1;
        puts.len() == most || looked == many * most
    };
    match at {
        At::Edited(place, from) => {
            let Some((revision, edit)) = overlay.edits(target).find(|(revision, _)| *revision >= place) else {
                return Ok((puts, At::Whole(Bound::Unbounded)));
            };
            // A later one may have come in the place of the one that was begun.
            let from = if revision == place { from } else { Bound::Unbounded };
            for (first, last) in edit.spans() {
                let begin = match &from {
                    Bound::Excluded(key) if key >= last => continue,
                    Bound::Excluded(key) if key >= first => [key, [0].as_slice()].concat(),
                    Bound::Excluded(_) | Bound::Included(_) | Bound::Unbounded => first.clone(),
                };
                for row in tree.range(&begin, &[last, [0].as_slice()].concat()) {
                    let (key, row) = row?;
                    if overlay.written(&key).is_none()
                        && let Some((changed, value)) = overlay.amended(&key, row.changed, &row.value, target)
                    {
                        puts.push((key.clone(), changed, Some(value)));
                    }
                    if is_enough(&puts, 2) {
                        return Ok((puts, At::Edited(revision, Bound::Excluded(key))));
                    }
                }
            }
            Ok((puts, At::Edited(Revision(revision.0 + 1), Bound::Unbounded)))
        }
        At::Whole(from) => {
            for (key, changed, value) in overlay.range(from.as_ref().map(Vec::as_slice), Bound::Unbounded) {
                if changed <= target {
                    puts.push(match value {
                        Some(value) => {
                            let (changed, value) = overlay.as_of(target, key, changed, Cow::Borrowed(value));
                            (key.to_vec(), changed, Some(value.into_owned()))
                        }
                        None => (key.to_vec(), changed, None),
                    });
                }
                if is_enough(&puts, 10) {
                    return Ok((puts, At::Whole(Bound::Excluded(key.to_vec()))));
                }
            }
            Ok((puts, At::End))
        }
        At::End => Ok((puts, At::End)),
    }
}
