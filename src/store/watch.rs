//! Following changes as they happen.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    time::Duration,
};

use super::{Revision, Write};

/// What a watch tells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notice {
    /// A commit wrote keys under the watched prefix; these are its writes there.
    Changed {
        /// Its revision.
        revision: Revision,
        /// What it wrote under the prefix.
        writes: Vec<Write>,
    },
    /// The reader was too slow, or the store's memory does not reach back far enough: read everything again, then
    /// watch anew. Nothing follows.
    Lagged,
}

/// The receiving end of a watch.
#[derive(Debug)]
pub struct Watch {
    notices: Receiver<Notice>,
}

impl Watch {
    /// How many notices may wait before the reader counts as lagging.
    pub const CAPACITY: usize = 4096;

    /// Makes a watch and the end that feeds it.
    #[must_use]
    pub fn channel() -> (WatchSender, Self) {
        let (sender, notices) = sync_channel(Self::CAPACITY);
        (WatchSender { sender }, Self { notices })
    }

    /// Waits up to `wait` for the next notice. `None`: nothing came in that time. A watch whose store is gone says
    /// [`Notice::Lagged`].
    #[must_use]
    pub fn next(&self, wait: Duration) -> Option<Notice> {
        match self.notices.recv_timeout(wait) {
            Ok(notice) => Some(notice),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Notice::Lagged),
        }
    }
}

/// The feeding end of a watch. Dropping it ends the watch; what was sent is still received.
#[derive(Debug)]
pub struct WatchSender {
    sender: SyncSender<Notice>,
}

impl WatchSender {
    /// Sends without waiting. `false`: the reader is gone or too slow, and this end should be dropped.
    #[must_use]
    pub fn send(&self, notice: Notice) -> bool {
        match self.sender.try_send(notice) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }
}
