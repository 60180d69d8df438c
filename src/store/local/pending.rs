//! What an attached process has on its way to the owner: bytes that go out together, requests that wait for their
//! answers, and syncs, of which one serves all who asked before it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, mpsc::Sender},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use super::{
    super::{Committed, Notice, Revision},
    feed::Item,
    message::Response,
};

/// Small messages up to this much go out in one piece.
const TOGETHER: usize = 64 * 1024;

/// Where one thread waits for an answer.
#[derive(Debug)]
pub(super) struct Slot {
    answer: Mutex<Option<Answer>>,
    thread: Thread,
}

/// What a request came to.
#[derive(Debug)]
pub(super) enum Answer {
    /// The owner's.
    Response(Response),
    /// A sync that was asked for several did not succeed: each has to ask for itself.
    AskAlone,
    /// The connection is over.
    Gone,
}

impl Slot {
    /// For the thread that calls.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { answer: Mutex::default(), thread: thread::current() })
    }

    fn put(&self, answer: Answer) {
        self.put_quietly(answer);
        self.thread.unpark();
    }

    fn put_quietly(&self, answer: Answer) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    /// Waits so long at most.
    pub(super) fn wait(&self, time: Duration) -> Option<Answer> {
        let began = Instant::now();
        loop {
            // A thread may be unparked for other reasons, and for none.
            let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
            let left = time.saturating_sub(began.elapsed());
            if answer.is_some() || left.is_zero() {
                return answer;
            }
            thread::park_timeout(left);
        }
    }
}

/// Who waits for the answer to a request.
#[derive(Debug)]
pub(super) enum Waiting {
    Call(Arc<Slot>),
    /// All who want to be durable what came no later than this.
    Sync(Revision),
    Feed(Sender<Item>),
}

/// Whether a thread has to send what waits to go out, or another one is at it and takes it along.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    Mine,
    Others,
}

/// What is on its way.
#[derive(Debug)]
pub(super) struct Pending {
    ended: bool,
    next: u64,
    waiting: HashMap<u64, Waiting>,
    out: Vec<Vec<u8>>,
    sending: bool,
    /// The store's last revision as the connection began: what came later was committed under this owner.
    began: Revision,
    /// The greatest revision of this process's own commits under this owner.
    committed: Revision,
    /// The greatest revision that a sync was asked for, and the greatest that was answered.
    asked: Revision,
    synced: Revision,
    syncing: Vec<(Revision, Arc<Slot>)>,
}

/// How a sync is done.
#[derive(Debug)]
pub(super) enum Sync {
    /// What is wanted is durable.
    Done,
    /// Another's request, or the one that is to be sent, serves this one as well.
    Shared(Arc<Slot>, Option<Revision>),
    /// It has to be asked for by itself.
    Alone,
    /// The connection is over.
    Gone,
}

impl Pending {
    pub(super) fn new(began: Revision) -> Self {
        Self {
            ended: false,
            next: 1,
            waiting: HashMap::new(),
            out: Vec::new(),
            sending: false,
            began,
            committed: began,
            asked: began,
            synced: began,
            syncing: Vec::new(),
        }
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Ends it: whoever waits is told.
    pub(super) fn end(&mut self) {
        self.ended = true;
        self.out.clear();
        for waiting in std::mem::take(&mut self.waiting).into_values() {
            if let Waiting::Call(slot) = waiting {
                slot.put(Answer::Gone);
            }
        }
        for (_, slot) in std::mem::take(&mut self.syncing) {
            slot.put(Answer::Gone);
        }
    }

    /// Takes a request on; none where the connection is over.
    pub(super) fn submit(&mut self, encode: impl FnOnce(u64) -> Vec<u8>, waiting: Waiting) -> Option<Turn> {
        if self.ended {
            return None;
        }
        let number = self.next;
        self.next += 1;
        self.waiting.insert(number, waiting);
        let bytes = encode(number);
        match self.out.last_mut() {
            Some(last) if last.len() + bytes.len() <= TOGETHER => last.extend_from_slice(&bytes),
            _ => self.out.push(bytes),
        }
        Some(if std::mem::replace(&mut self.sending, true) { Turn::Others } else { Turn::Mine })
    }

    /// What is to be sent by whoever has the turn; none ends the turn.
    pub(super) fn take_out(&mut self) -> Option<Vec<Vec<u8>>> {
        self.sending = !self.out.is_empty();
        self.sending.then(|| std::mem::take(&mut self.out))
    }

    /// Joins the syncs. Whoever gets a revision has to ask for that.
    pub(super) fn sync(&mut self, wanted: Revision) -> Sync {
        if self.ended {
            return Sync::Gone;
        }
        // What another owner gave out may be gone with it: only this one knows, and tells for each by itself.
        if wanted <= self.began || wanted > self.committed {
            return Sync::Alone;
        }
        if wanted <= self.synced {
            return Sync::Done;
        }
        let slot = Slot::new();
        self.syncing.push((wanted, Arc::clone(&slot)));
        let ask = (self.asked < wanted).then_some(self.committed);
        self.asked = ask.unwrap_or(self.asked);
        Sync::Shared(slot, ask)
    }

    /// Takes answers of the owner that came together. Says who has to be told what, without the lock.
    pub(super) fn receive(&mut self, answers: impl Iterator<Item = (u64, Response)>) -> Told {
        let mut told = Vec::new();
        for (number, response) in answers {
            match &response {
                Response::Committed(Committed::Applied(revision)) => self.committed = self.committed.max(*revision),
                Response::Kept(revision) => {
                    self.committed = self.committed.max(*revision);
                    self.synced = self.synced.max(*revision);
                }
                _ => {}
            }
            match self.waiting.remove(&number) {
                Some(Waiting::Call(slot)) => told.push((slot, Answer::Response(response))),
                Some(Waiting::Sync(upto)) => self.synced(upto, &response, &mut told),
                Some(Waiting::Feed(feed)) => {
                    let item = match response {
                        Response::Notice(notice) => Item::Notice(notice),
                        Response::Quiet(revision) => Item::Quiet(revision),
                        _ => continue,
                    };
                    let over = matches!(item, Item::Notice(Notice::Lagged));
                    if feed.send(item).is_ok() && !over {
                        self.waiting.insert(number, Waiting::Feed(feed));
                    }
                }
                None => {}
            }
        }
        Told(told)
    }

    fn synced(&mut self, upto: Revision, response: &Response, told: &mut Vec<(Arc<Slot>, Answer)>) {
        let whole = matches!(response, Response::Synced);
        if whole {
            self.synced = self.synced.max(upto);
        } else if self.asked == upto {
            // Who comes now asks anew.
            self.asked = self.synced;
        }
        self.syncing.retain(|(wanted, slot)| {
            let mine = *wanted <= upto;
            if mine {
                let answer = if whole { Answer::Response(Response::Synced) } else { Answer::AskAlone };
                told.push((Arc::clone(slot), answer));
            }
            !mine
        });
    }
}

/// Who is to be told what.
#[must_use = "they wait"]
pub(super) struct Told(Vec<(Arc<Slot>, Answer)>);

impl Told {
    pub(super) fn tell(self) {
        let mut told = self.0.into_iter().peekable();
        while let Some((slot, answer)) = told.next() {
            slot.put_quietly(answer);
            // Who asked for several things is woken once.
            if told.peek().is_none_or(|(next, _)| next.thread.id() != slot.thread.id()) {
                slot.thread.unpark();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending() -> Pending {
        let mut pending = Pending::new(Revision(10));
        let committed = [11, 12, 13].map(|n| (n, Response::Committed(Committed::Applied(Revision(n)))));
        pending.receive(committed.into_iter()).tell();
        pending
    }

    fn shared(sync: Sync) -> (Arc<Slot>, Option<Revision>) {
        let Sync::Shared(slot, ask) = sync else { panic!("{sync:?} is not shared") };
        (slot, ask)
    }

    fn answer(slot: &Slot) -> Option<Answer> {
        slot.wait(Duration::ZERO)
    }

    /// Asks the owner for a sync; the number of the request.
    fn ask(pending: &mut Pending, upto: Revision) -> u64 {
        let mut number = 0;
        let encode = |n| {
            number = n;
            vec![]
        };
        pending.submit(encode, Waiting::Sync(upto)).expect("the connection is there");
        number
    }

    #[test]
    fn one_sync_serves_all_who_wait_and_what_is_durable_is_not_asked_again() {
        let mut pending = pending();
        let (one, upto) = shared(pending.sync(Revision(11)));
        assert_eq!(upto, Some(Revision(13)), "all that was committed is asked for at once");
        let number = ask(&mut pending, Revision(13));
        let (two, upto) = shared(pending.sync(Revision(13)));
        assert_eq!(upto, None);
        assert!(answer(&one).is_none() && answer(&two).is_none());
        // What is committed meanwhile may be too late for that sync.
        pending.receive([(99, Response::Committed(Committed::Applied(Revision(14))))].into_iter()).tell();
        let (late, upto) = shared(pending.sync(Revision(14)));
        assert_eq!(upto, Some(Revision(14)));
        pending.receive([(number, Response::Synced)].into_iter()).tell();
        for slot in [one, two] {
            assert!(matches!(answer(&slot), Some(Answer::Response(Response::Synced))));
        }
        assert!(answer(&late).is_none());
        assert!(matches!(pending.sync(Revision(12)), Sync::Done));
        pending.end();
        assert!(matches!(answer(&late), Some(Answer::Gone)));
        assert!(matches!(pending.sync(Revision(12)), Sync::Gone));
    }

    #[test]
    fn a_commit_that_was_answered_as_durable_needs_no_sync() {
        let mut pending = pending();
        pending.receive([(99, Response::Kept(Revision(14)))].into_iter()).tell();
        assert!(matches!(pending.sync(Revision(14)), Sync::Done));
    }

    #[test]
    fn where_a_shared_sync_fails_each_asks_for_itself() {
        let mut pending = pending();
        let (one, _) = shared(pending.sync(Revision(11)));
        let number = ask(&mut pending, Revision(13));
        pending.receive([(number, Response::Unknown)].into_iter()).tell();
        assert!(matches!(answer(&one), Some(Answer::AskAlone)));
        let (_, upto) = shared(pending.sync(Revision(12)));
        assert_eq!(upto, Some(Revision(13)), "who comes later is not left waiting");
    }

    #[test]
    fn what_was_committed_under_another_owner_is_asked_for_by_itself() {
        let mut pending = pending();
        pending.receive([(99, Response::Kept(Revision(14)))].into_iter()).tell();
        for revision in [9, 10, 15].map(Revision) {
            assert!(matches!(pending.sync(revision), Sync::Alone), "{revision:?}");
        }
    }

    #[test]
    fn small_requests_go_out_together_and_one_thread_sends_for_all() {
        let mut pending = pending();
        let mut submit = |bytes: Vec<u8>| pending.submit(|_| bytes, Waiting::Sync(Revision(0)));
        assert_eq!(submit(vec![1]), Some(Turn::Mine));
        assert_eq!(submit(vec![2]), Some(Turn::Others));
        assert_eq!(submit(vec![3; TOGETHER]), Some(Turn::Others));
        let out = pending.take_out().expect("bytes");
        assert_eq!(out.iter().map(Vec::len).collect::<Vec<_>>(), [2, TOGETHER]);
        assert_eq!(pending.take_out(), None);
        assert_eq!(pending.submit(|_| vec![4], Waiting::Sync(Revision(0))), Some(Turn::Mine));
    }
}
