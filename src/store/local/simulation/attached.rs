//! The simulated processes that seek the store or are attached: the other side of [`super::world`].

use std::{collections::VecDeque, time::Duration};

use super::{
    super::{
        super::{Change, Committed, Revision, Write},
        elect::{Occasion, Seeker, Seen, Step},
        journal::CommitId,
        message::{Request, Response},
        wire::{self, Frames},
    },
    world::{COMMITS, Doing, Life, Wire, World},
};

impl World {
    pub(super) fn look(
        &mut self,
        who: usize,
        mut seeker: Seeker,
        seen: Option<Seen>,
        began: Duration,
        mut wire: Option<u64>,
        mut frames: Frames,
    ) -> Result<Life, String> {
        let Some(seen) = seen else {
            // An answer is awaited.
            let seen = match wire {
                Some(number) => self.hear(number, &mut frames)?,
                None => Some(Seen::Nothing),
            };
            return Ok(Life::Seeking { seeker, seen, wake: self.now, began, wire, frames });
        };
        let mut wake = self.now;
        let seen = match seeker.next(seen, self.now - began) {
            Step::Connect => {
                frames = Frames::default();
                wire = self.connect(who);
                if wire.is_some() { None } else { Some(Seen::NotServed) }
            }
            Step::AskHandOver => {
                self.send_up(wire, &Request::HandOver, 1);
                None
            }
            Step::TryLock if self.lock.is_none() => {
                self.lock = Some(who);
                Some(Seen::Locked)
            }
            Step::TryLock => Some(Seen::LockBusy),
            Step::Wait(time) => {
                wake += time;
                Some(Seen::Nothing)
            }
            Step::Attach => {
                return Ok(match wire {
                    Some(wire) => Life::Attached { wire, frames, left: false },
                    None => self.seek(who, Occasion::Vacant),
                });
            }
            Step::Own => return Ok(Life::Opening(self.dice.below(8))),
            step @ (Step::NobodyServes | Step::Busy) => return Err(format!("process {who} gave up: {step:?}")),
        };
        Ok(Life::Seeking { seeker, seen, wake, began, wire, frames })
    }

    pub(super) fn connect(&mut self, who: usize) -> Option<u64> {
        let owner = self.listening?;
        let serving = matches!(&self.processes[owner].life, Life::Owner(owner) if owner.leaving < 3);
        if !serving || owner == who {
            return None;
        }
        let number = self.next_wire;
        self.next_wire += 1;
        self.wires
            .insert(number, Wire { client: who, owner, up: VecDeque::new(), down: VecDeque::new(), ended: false });
        self.send_up(Some(number), &Request::Hello(self.greeting(who)), 0);
        Some(number)
    }

    pub(super) fn send_up(&mut self, wire: Option<u64>, request: &Request, number: u64) {
        if let Some(wire) = wire.and_then(|wire| self.wires.get_mut(&wire))
            && !wire.ended
        {
            wire.up.extend(wire::encode(&request.message(number)));
        }
    }

    /// Takes some of the bytes that came down; `None` when the connection is over and everything was read.
    pub(super) fn receive_down(&mut self, number: u64, frames: &mut Frames) -> Option<()> {
        let wire = self.wires.get_mut(&number)?;
        if wire.down.is_empty() && wire.ended {
            return None;
        }
        let some = self.dice.index(wire.down.len() + 1);
        frames.push(&wire.down.drain(..some).collect::<Vec<_>>());
        Some(())
    }

    /// What a seeker hears on its connection, if anything.
    pub(super) fn hear(&mut self, number: u64, frames: &mut Frames) -> Result<Option<Seen>, String> {
        if self.receive_down(number, frames).is_none() {
            return Ok(Some(Seen::NotServed));
        }
        let Some(message) = frames.next().map_err(|e| format!("{e:?}"))? else { return Ok(None) };
        Ok(Some(match Response::parse(&message) {
            Some(Response::Welcome(owner, ..)) => Seen::Served(owner.tenure),
            Some(Response::Keeping) => Seen::Kept,
            Some(Response::Leaving) if message.request == 1 => {
                self.handed_over += 1;
                Seen::Granted
            }
            Some(Response::Leaving) => Seen::NotServed,
            other => return Err(format!("a strange answer: {other:?}")),
        }))
    }

    pub(super) fn commit_id(&self, who: usize) -> CommitId {
        let mut id = [0; 16];
        id[0] = u8::try_from(who).expect("few");
        id[8..].copy_from_slice(&self.processes[who].work.done.to_be_bytes());
        CommitId(id)
    }

    pub(super) fn change(&self, who: usize) -> Change {
        let key = format!("{who}.{}", self.processes[who].work.done).into_bytes();
        let syncs = self.processes[who].work.done.is_multiple_of(2);
        Change { writes: vec![Write { key, value: Some(Vec::new()) }], syncs, ..Change::default() }
    }

    pub(super) fn acknowledge(&mut self, who: usize, revision: Revision) {
        let id = self.commit_id(who);
        self.acknowledged.push((id, revision));
        self.processes[who].work.done += 1;
        self.processes[who].work.step = Doing::Ready;
    }

    pub(super) fn use_attached(
        &mut self,
        who: usize,
        wire: u64,
        mut frames: Frames,
        mut left: bool,
    ) -> Result<Life, String> {
        if self.receive_down(wire, &mut frames).is_none() {
            // Whatever was not answered is asked again of the next owner, under the same id.
            let step = &mut self.processes[who].work.step;
            *step = match *step {
                Doing::Ready | Doing::Asked => Doing::Ready,
                Doing::Applied(revision) | Doing::Syncing(revision) => Doing::Applied(revision),
            };
            return Ok(self.seek(who, if left { Occasion::Left } else { Occasion::Vacant }));
        }
        while let Some(message) = frames.next().map_err(|e| format!("{e:?}"))? {
            match (Response::parse(&message), self.processes[who].work.step) {
                (Some(Response::Committed(Committed::Applied(revision))), Doing::Asked) => {
                    self.processes[who].work.step = Doing::Applied(revision);
                }
                (Some(Response::Kept(revision)), Doing::Asked) | (Some(Response::Synced), Doing::Syncing(revision)) => {
                    self.acknowledge(who, revision);
                }
                // It asks again.
                (Some(Response::Failed(_)), Doing::Syncing(revision)) => {
                    self.processes[who].work.step = Doing::Applied(revision);
                }
                (Some(Response::Leaving), _) => left = true,
                (other, _) => return Err(format!("a strange answer: {other:?}")),
            }
        }
        let number = self.processes[who].work.done * 2 + 10;
        match self.processes[who].work.step {
            Doing::Ready if self.processes[who].work.done < COMMITS => {
                let request = Request::Commit(self.commit_id(who), self.change(who));
                self.send_up(Some(wire), &request, number);
                self.processes[who].work.step = Doing::Asked;
            }
            Doing::Applied(revision) => {
                self.send_up(Some(wire), &Request::Sync(revision), number + 1);
                self.processes[who].work.step = Doing::Syncing(revision);
            }
            Doing::Ready | Doing::Asked | Doing::Syncing(_) => {}
        }
        Ok(Life::Attached { wire, frames, left })
    }
}
