//! What goes beside the byte stream of a connection: what hyper must not be told, and cannot be made to believe.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use super::head::Refusal;

/// What the gate tells the service about the request that hyper has been handed.
#[derive(Debug, Default)]
pub(super) struct Wire {
    pub(super) refusal: Cell<Option<Refusal>>,
    pub(super) target: RefCell<Option<Vec<u8>>>,
    pub(super) last: Cell<bool>,
    pub(super) begun: Cell<Option<Instant>>,
    /// Since when the client has said nothing.
    pub(super) resting: Cell<Option<Instant>>,
    /// Whether a request is being answered.
    pub(super) busy: Cell<bool>,
}

impl Wire {
    /// The request is refused for this.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal.get()
    }

    /// The request target, where hyper could not be given it as it was.
    pub(super) fn target(&self) -> Option<Vec<u8>> {
        self.target.borrow_mut().take()
    }

    /// The connection ends with the answer.
    pub(super) fn is_last(&self) -> bool {
        self.last.get()
    }

    /// The request is answered.
    pub(super) fn answered(&self) {
        self.busy.set(false);
    }

    /// Whether nothing has been going on for so long.
    pub(super) fn is_resting(&self, span: Duration) -> bool {
        !self.busy.get() && self.resting.get().is_some_and(|since| since.elapsed() >= span)
    }

    /// When the head was complete.
    pub(super) fn begun(&self) -> Instant {
        self.begun.get().unwrap_or_else(Instant::now)
    }
}
