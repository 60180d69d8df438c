//! The simulated world.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    time::Duration,
};

use super::{
    super::{
        super::{Change, Committed, Read, Revision, Row, StoreError, StoreId, Versioned, Write},
        elect::{MayOwn, Occasion, Seeker, Seen},
        engine::Trouble,
        journal::CommitId,
        message::{Greeting, PROTOCOL, Response, Tenure},
        serving::{Effect, Served, Serving, Syncing},
        status::{Service, Status},
        wire::{self, Frames},
    },
    Dice,
};

/// What survives every process: the journal as the kernel has it.
#[derive(Default)]
pub(super) struct Disk {
    pub(super) commits: Vec<(CommitId, Vec<Write>)>,
}

impl Disk {
    fn revision(&self) -> Revision {
        Revision(self.commits.len() as u64)
    }
}

/// The engine of one owner: nothing but the disk, and whether it is closed.
pub(super) struct Engine {
    pub(super) disk: Rc<RefCell<Disk>>,
    pub(super) closed: bool,
}

impl Served for Engine {
    fn id(&self) -> StoreId {
        StoreId([0; 16])
    }

    fn visible(&self) -> Revision {
        self.disk.borrow().revision()
    }

    fn get(&self, _: &[u8]) -> Result<Read<Option<Versioned>>, Trouble> {
        if self.closed { Err(Trouble::Gone) } else { Ok(Read { seen: self.visible(), found: None }) }
    }

    fn range(&self, _: &[u8], _: &[u8], _: usize) -> Result<Read<Vec<Row>>, Trouble> {
        Err(Trouble::Gone)
    }

    fn commit(&self, id: CommitId, change: &mut Change) -> Result<Committed, Trouble> {
        if self.closed {
            return Err(Trouble::Gone);
        }
        let mut disk = self.disk.borrow_mut();
        if let Some(at) = disk.commits.iter().position(|(known, _)| *known == id) {
            return Ok(Committed::Applied(Revision(at as u64 + 1)));
        }
        disk.commits.push((id, std::mem::take(&mut change.writes)));
        Ok(Committed::Applied(disk.revision()))
    }

    fn service(&self, _: Service) -> Result<Status, Trouble> {
        Err(StoreError::OutcomeUnknown.into())
    }
}

/// A connection: bytes on their way in both directions.
pub(super) struct Wire {
    pub(super) client: usize,
    pub(super) owner: usize,
    pub(super) up: VecDeque<u8>,
    pub(super) down: VecDeque<u8>,
    /// No more bytes will be put in from the owner's side, or the client's.
    pub(super) ended: bool,
}

/// What a process does with the store: so many commits, one after the other, each made durable.
#[derive(Default)]
pub(super) struct Work {
    pub(super) done: u64,
    pub(super) step: Doing,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum Doing {
    #[default]
    Ready,
    Asked,
    /// Committed at this revision; to be synced.
    Applied(Revision),
    Syncing(Revision),
}

pub(super) enum Life {
    Dead,
    Seeking { seeker: Seeker, seen: Option<Seen>, wake: Duration, began: Duration, wire: Option<u64>, frames: Frames },
    Opening(u64),
    Owner(Box<Owner>),
    Attached { wire: u64, frames: Frames, left: bool },
}

pub(super) struct Owner {
    pub(super) engine: Engine,
    pub(super) sessions: BTreeMap<u64, (Serving, Frames)>,
    pub(super) syncs: VecDeque<(u64, Syncing)>,
    /// 0: serves; 1: will leave; 2: the engine is closed; 3: the socket is gone, the lock is not yet.
    pub(super) leaving: u8,
}

pub(super) struct Process {
    pub(super) tenure: Tenure,
    pub(super) life: Life,
    pub(super) work: Work,
}

pub(super) const COMMITS: u64 = 6;
const PROCESSES: usize = 4;
const STEPS: u64 = 60_000;

pub(super) struct World {
    pub(super) dice: Dice,
    pub(super) now: Duration,
    pub(super) disk: Rc<RefCell<Disk>>,
    pub(super) lock: Option<usize>,
    pub(super) listening: Option<usize>,
    pub(super) wires: BTreeMap<u64, Wire>,
    pub(super) next_wire: u64,
    pub(super) processes: Vec<Process>,
    /// What was acknowledged: by whom, which, at which revision.
    pub(super) acknowledged: Vec<(CommitId, Revision)>,
    pub(super) deaths: u64,
    pub(super) handed_over: u64,
    pub(super) elected: u64,
}

impl World {
    pub(super) fn new(mut dice: Dice) -> Self {
        let processes = (0..PROCESSES).map(|_| {
            let tenure = if dice.below(3) == 0 { Tenure::Server } else { Tenure::Visitor };
            Process { tenure, life: Life::Dead, work: Work::default() }
        });
        let processes = processes.collect();
        Self {
            dice,
            now: Duration::ZERO,
            disk: Rc::default(),
            lock: None,
            listening: None,
            wires: BTreeMap::new(),
            next_wire: 0,
            processes,
            acknowledged: Vec::new(),
            deaths: 0,
            handed_over: 0,
            elected: 0,
        }
    }

    /// Runs until every process has done its work.
    pub(super) fn run(&mut self) -> Result<(), String> {
        let mut deaths_left = self.dice.below(6) + 1;
        for _ in 0..STEPS {
            self.now += Duration::from_micros(self.dice.below(3000));
            let who = self.dice.index(PROCESSES);
            if deaths_left > 0 && self.dice.below(60) == 0 && !matches!(self.processes[who].life, Life::Dead) {
                deaths_left -= 1;
                self.die(who);
            } else {
                self.step(who)?;
            }
            self.check()?;
            if self.processes.iter().all(|process| process.work.done == COMMITS) {
                return Ok(());
            }
        }
        let done: Vec<_> = self.processes.iter().map(|process| process.work.done).collect();
        Err(format!("no end: {done:?} of {COMMITS} commits"))
    }

    fn check(&self) -> Result<(), String> {
        let open = |process: &Process| matches!(&process.life, Life::Owner(owner) if !owner.engine.closed);
        if self.processes.iter().filter(|process| open(process)).count() > 1 {
            return Err("two owners".into());
        }
        let disk = self.disk.borrow();
        for (n, (id, _)) in disk.commits.iter().enumerate() {
            if disk.commits[..n].iter().any(|(other, _)| other == id) {
                return Err(format!("{id:?} happened twice"));
            }
        }
        for (id, revision) in &self.acknowledged {
            let place = usize::try_from(revision.0).expect("small") - 1;
            if disk.commits.get(place).is_none_or(|(there, _)| there != id) {
                return Err(format!("{id:?} was acknowledged at {revision:?} and is not there"));
            }
        }
        Ok(())
    }

    /// A process is killed: the kernel ends its connections and frees its lock; its socket's name stays.
    fn die(&mut self, who: usize) {
        self.deaths += 1;
        for wire in self.wires.values_mut().filter(|wire| wire.client == who || wire.owner == who) {
            wire.ended = true;
        }
        if self.lock == Some(who) {
            self.lock = None;
        }
        self.processes[who].life = Life::Dead;
        // What was on its way may or may not have happened; a new process of that place has new work.
        self.processes[who].work.step = Doing::Ready;
        self.processes[who].work.done += u64::from(self.processes[who].work.done < COMMITS);
    }

    pub(super) fn greeting(&self, who: usize) -> Greeting {
        let tenure = self.processes[who].tenure;
        Greeting { protocol: PROTOCOL, pid: u32::try_from(who).expect("few"), tenure, program: "simulated".into() }
    }

    pub(super) fn seek(&self, who: usize, occasion: Occasion) -> Life {
        Life::Seeking {
            seeker: Seeker::new(self.processes[who].tenure, MayOwn::Yes, occasion),
            seen: Some(Seen::Nothing),
            wake: self.now,
            began: self.now,
            wire: None,
            frames: Frames::default(),
        }
    }

    fn step(&mut self, who: usize) -> Result<(), String> {
        let life = std::mem::replace(&mut self.processes[who].life, Life::Dead);
        let next = match life {
            Life::Dead => self.seek(who, Occasion::Vacant),
            Life::Opening(0) => {
                self.listening = Some(who);
                self.elected += 1;
                let engine = Engine { disk: Rc::clone(&self.disk), closed: false };
                Life::Owner(Box::new(Owner { engine, sessions: BTreeMap::new(), syncs: VecDeque::new(), leaving: 0 }))
            }
            Life::Opening(left) => Life::Opening(left - 1),
            Life::Owner(owner) => self.own(who, *owner),
            Life::Attached { wire, frames, left } => self.use_attached(who, wire, frames, left)?,
            Life::Seeking { seeker, seen, wake, began, wire, frames } => {
                if self.now < wake {
                    Life::Seeking { seeker, seen, wake, began, wire, frames }
                } else {
                    self.look(who, seeker, seen, began, wire, frames)?
                }
            }
        };
        self.processes[who].life = next;
        Ok(())
    }

    fn own(&mut self, who: usize, mut owner: Owner) -> Life {
        match owner.leaving {
            1 if self.dice.below(3) == 0 => {
                owner.engine.closed = true;
                owner.leaving = 2;
            }
            2 if self.dice.below(3) == 0 => {
                let leaving = wire::encode(&Response::Leaving.message(0));
                for wire in self.wires.values_mut().filter(|wire| wire.owner == who && !wire.ended) {
                    wire.down.extend(&leaving);
                    wire.ended = true;
                }
                self.listening = None;
                owner.leaving = 3;
            }
            3 => {
                self.lock = None;
                return self.seek(who, Occasion::Left);
            }
            _ => self.serve(who, &mut owner),
        }
        Life::Owner(Box::new(owner))
    }

    fn serve(&mut self, who: usize, owner: &mut Owner) {
        if let Some((wire, syncing)) = owner.syncs.pop_front() {
            let synced = if self.dice.below(20) == 0 { Err(StoreError::OutcomeUnknown) } else { Ok(()) };
            self.send_down(wire, &syncing.answer(synced));
        }
        let mine: Vec<_> =
            self.wires.iter().filter(|(_, wire)| wire.owner == who && !wire.ended).map(|(n, _)| *n).collect();
        if !mine.is_empty() {
            let number = mine[self.dice.index(mine.len())];
            self.receive_up(who, owner, number);
        }
        // The owner's own work, as any thread of it does.
        let work = self.processes[who].work.step;
        match work {
            Doing::Ready | Doing::Asked if self.processes[who].work.done < COMMITS => {
                let id = self.commit_id(who);
                if let Ok(Committed::Applied(revision)) = owner.engine.commit(id, &mut self.change(who)) {
                    self.processes[who].work.step = Doing::Applied(revision);
                }
            }
            Doing::Applied(revision) | Doing::Syncing(revision) if !owner.engine.closed => {
                self.acknowledge(who, revision);
            }
            Doing::Ready | Doing::Asked | Doing::Applied(_) | Doing::Syncing(_) => {}
        }
    }

    fn receive_up(&mut self, who: usize, owner: &mut Owner, number: u64) {
        let Some(wire) = self.wires.get_mut(&number) else { return };
        let some = self.dice.index(wire.up.len() + 1);
        let bytes: Vec<u8> = wire.up.drain(..some).collect();
        let own = self.greeting(who);
        let (serving, frames) = owner.sessions.entry(number).or_insert_with(|| (Serving::new(own), Frames::default()));
        frames.push(&bytes);
        let mut effects = Vec::new();
        while let Ok(Some(message)) = frames.next() {
            effects.extend(serving.receive(&message, &owner.engine));
        }
        for effect in effects {
            match effect {
                Effect::Send(message) => self.send_down(number, &message),
                Effect::SyncThen(syncing) => owner.syncs.push_back((number, syncing)),
                Effect::HandOver(request) => {
                    self.send_down(number, &Response::Leaving.message(request));
                    owner.leaving = owner.leaving.max(1);
                }
                Effect::Watch(..) => {}
                Effect::End => {
                    if let Some(wire) = self.wires.get_mut(&number) {
                        wire.ended = true;
                    }
                }
            }
        }
    }

    fn send_down(&mut self, number: u64, message: &wire::Message) {
        if let Some(wire) = self.wires.get_mut(&number)
            && !wire.ended
        {
            wire.down.extend(wire::encode(message));
        }
    }
}
