//! Who becomes the owner, as a state machine: what was seen goes in, what to do next comes out. It touches nothing, so
//! that the simulation can drive it as [`super::link`] does.

use std::time::Duration;

use super::message::Tenure;

/// Between two looks at a store that somebody has locked and does not serve yet.
const POLL: Duration = Duration::from_millis(3);

/// How long a store may be locked without being served: opening a large one takes some 1.5 s for a million tokens.
const OPENING: Duration = Duration::from_secs(60);

/// How long a visitor leaves the lock alone after the owner left: a server has asked for it.
const COURTESY: Duration = Duration::from_secs(1);

/// How long a server tries to take the lock that was promised to it before it looks again who serves.
const CLAIM: Duration = Duration::from_secs(5);

/// How long somebody who may not own waits for a server to appear.
const HOPE: Duration = Duration::from_millis(1500);

/// Whether this process may open the store itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum MayOwn {
    /// It runs as the owner of the directory.
    Yes,
    /// It is root on another user's store.
    No,
}

/// Why the election is held.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Occasion {
    /// The process starts, or its owner died.
    Vacant,
    /// The owner gave the store up for a server.
    Left,
}

/// What to do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Try the socket.
    Connect,
    /// Try the lock.
    TryLock,
    /// Ask the owner, to whom the connection stands, for the store.
    AskHandOver,
    /// Wait, then say so.
    Wait(Duration),
    /// Keep the connection.
    Attach,
    /// Open the store under the lock that was taken.
    Own,
    /// Nobody serves, and this process may not own.
    NobodyServes,
    /// Somebody has the lock for too long without serving.
    Busy,
}

/// What was seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Seen {
    /// Nothing yet, or the wait is over.
    Nothing,
    /// Nobody listens.
    NotServed,
    /// An owner of this tenure answered.
    Served(Tenure),
    /// The owner gives the store up for us.
    Granted,
    /// The owner keeps the store.
    Kept,
    /// The lock is ours.
    Locked,
    /// The lock is somebody else's.
    LockBusy,
}

/// The election as one process sees it.
#[derive(Debug)]
pub(super) struct Seeker {
    tenure: Tenure,
    may_own: MayOwn,
    occasion: Occasion,
    /// Until when a promised lock is claimed without looking for others.
    claim_until: Option<Duration>,
}

impl Seeker {
    /// A process that seeks a store.
    #[must_use]
    pub(super) fn new(tenure: Tenure, may_own: MayOwn, occasion: Occasion) -> Self {
        Self { tenure, may_own, occasion, claim_until: None }
    }

    /// What to do after `seen`; `now` is the time since the election began.
    pub(super) fn next(&mut self, seen: Seen, now: Duration) -> Step {
        match seen {
            Seen::Nothing => match self.claim_until {
                Some(until) if now < until => Step::TryLock,
                Some(_) | None => {
                    self.claim_until = None;
                    Step::Connect
                }
            },
            Seen::NotServed => match self.may_own {
                MayOwn::No if now < HOPE => Step::Wait(POLL),
                MayOwn::No => Step::NobodyServes,
                MayOwn::Yes if self.polite(now) => Step::Wait(POLL),
                MayOwn::Yes => Step::TryLock,
            },
            Seen::Served(Tenure::Visitor) if self.tenure == Tenure::Server && self.may_own == MayOwn::Yes => {
                Step::AskHandOver
            }
            Seen::Served(Tenure::Visitor | Tenure::Server) | Seen::Kept => Step::Attach,
            Seen::Granted => {
                self.claim_until = Some(now + CLAIM);
                Step::TryLock
            }
            Seen::Locked => Step::Own,
            Seen::LockBusy if now > OPENING => Step::Busy,
            Seen::LockBusy => Step::Wait(POLL),
        }
    }

    fn polite(&self, now: Duration) -> bool {
        self.occasion == Occasion::Left && self.tenure == Tenure::Visitor && now < COURTESY
    }
}
