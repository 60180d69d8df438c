//! A watch on the way from an engine to its reader.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    time::Duration,
};

use super::{
    super::{Notice, Revision},
    engine::Engine,
};

/// How long a feed is silent before its reader is told how far the silence reaches.
const QUIET: Duration = Duration::from_secs(1);

/// What comes out of a feed.
#[derive(Debug)]
pub(super) enum Item {
    /// Something happened.
    Notice(Notice),
    /// Nothing happened up to this revision that was not told: a reader that has to begin again elsewhere begins
    /// there.
    Quiet(Revision),
    /// The engine is closed; the next owner's goes on.
    Gone,
}

/// Waits for the next item.
pub(super) fn next(feed: &Receiver<Notice>, engine: &Engine) -> Item {
    match feed.recv_timeout(QUIET) {
        Ok(notice) => Item::Notice(notice),
        Err(RecvTimeoutError::Disconnected) => Item::Gone,
        Err(RecvTimeoutError::Timeout) => {
            // Notices are sent before their revision is visible, so what is visible now has been sent.
            let visible = engine.visible();
            match feed.try_recv() {
                Ok(notice) => Item::Notice(notice),
                Err(TryRecvError::Empty) => Item::Quiet(visible),
                Err(TryRecvError::Disconnected) => Item::Gone,
            }
        }
    }
}
