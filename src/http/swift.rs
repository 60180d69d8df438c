//! The shortest way to an answer. Most requests ask for nothing but a decision on a token that is remembered, and the
//! few answers to them are known beforehand: they go to the socket as they were written once, past hyper. Whatever is
//! not entirely plain goes the long way, and both ways answer alike byte for byte (tests/http/swift.rs).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::domain::Clock;

use super::{
    address::Peer,
    cookies::http_date,
    head::{Head, Plain},
    serve::Current,
    site::Site,
};

/// The site of the present configuration, as one connection holds it.
#[derive(Debug)]
pub(super) struct Held {
    current: Arc<Current>,
    held: RefCell<(u64, Arc<Site>)>,
}

impl Held {
    pub(super) fn new(current: Arc<Current>) -> Self {
        let held = RefCell::new((current.generation(), current.get()));
        Self { current, held }
    }

    /// Does `work` with it.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Arc<Site>) -> T) -> T {
        let generation = self.current.generation();
        let mut held = self.held.borrow_mut();
        if held.0 != generation {
            *held = (generation, self.current.get());
        }
        work(&held.1)
    }
}

/// Answers what can be answered at once on a connection.
#[derive(Debug)]
pub(super) struct Swift {
    held: Rc<Held>,
    peer: Peer,
}

impl Swift {
    pub(super) fn new(held: Rc<Held>, peer: Peer) -> Self {
        Self { held, peer }
    }

    /// Puts the answer to the request in `buf`, whose head was complete at `now`, at the end of `out`. `false`: it has
    /// to go the long way.
    pub(super) fn answer(&self, buf: &[u8], head: &Head, now: Instant, out: &mut Vec<u8>) -> bool {
        let Some(Plain { method, host, authorization }) = head.plain else { return false };
        let at = |(from, to): (usize, usize)| &buf[from..to];
        let request = (at(method), at(head.target));
        self.held.with(|site| {
            let answer = site.known_answer(request, (host.map(at), authorization.map(at)), self.peer, now);
            answer.map(|answer| answer.write(&date(site.authority.clock(), now), out)).is_some()
        })
    }
}

/// How long the date of an answer is.
const LENGTH: usize = 29;

/// The date of an answer that is made at `now`, by `clock`.
fn date(clock: &dyn Clock, now: Instant) -> [u8; LENGTH] {
    thread_local! {
        /// The last one, and until when it holds.
        static LAST: Cell<Option<([u8; LENGTH], Instant)>> = const { Cell::new(None) };
    }
    if let Some((date, until)) = LAST.get()
        && now < until
    {
        return date;
    }
    let moment = clock.now();
    let mut date = [b' '; LENGTH];
    let text = http_date(moment);
    let length = text.len().min(LENGTH);
    date[..length].copy_from_slice(&text.as_bytes()[..length]);
    let left = 1_000_000 - moment.0.rem_euclid(1_000_000).unsigned_abs();
    LAST.set(Some((date, now + Duration::from_micros(left))));
    date
}
