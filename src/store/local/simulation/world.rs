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
        elect::{MayOwn, Occasion, Seeker, Seen, Step},
        engine::Trouble,
        journal::CommitId,
        message::{Greeting, PROTOCOL, Request, Response, Tenure},
        serving::{Effect, Served, Serving},
        status::{Service, Status},
        wire::{self, Frames},
    },
    Dice,
};

/// What survives every process: the journal as the kernel has it.
#[derive(Default)]
struct Disk {
    commits: Vec<(CommitId, Vec<Write>)>,
}

impl Disk {
    fn revision(&self) -> Revision {
        Revision(self.commits.len() as u64)
    }
}

/// The engine of one owner: nothing but the disk, and whether it is closed.
struct Engine {
    disk: Rc<RefCell<Disk>>,
    closed: bool,
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
struct Wire {
    client: usize,
    owner: usize,
    up: VecDeque<u8>,
    down: VecDeque<u8>,
    /// No more bytes will be put in from the owner's side, or the client's.
    ended: bool,
}

/// What a process does with the store: so many commits, one after the other, each made durable.
#[derive(Default)]
struct Work {
    done: u64,
    step: Doing,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Doing {
    #[default]
    Ready,
    Asked,
    /// Committed at this revision; to be synced.
    Applied(Revision),
    Syncing(Revision),
}

enum Life {
    Dead,
    Seeking { seeker: Seeker, seen: Option<Seen>, wake: Duration, began: Duration, wire: Option<u64>, frames: Frames },
    Opening(u64),
    Owner(Box<Owner>),
    Attached { wire: u64, frames: Frames, left: bool },
}

struct Owner {
    engine: Engine,
    sessions: BTreeMap<u64, (Serving, Frames)>,
    syncs: VecDeque<(u64, u64)>,
    /// 0: serves; 1: will leave; 2: the engine is closed; 3: the socket is gone, the lock is not yet.
    leaving: u8,
}

struct Process {
    tenure: Tenure,
    life: Life,
    work: Work,
}

const COMMITS: u64 = 6;
const PROCESSES: usize = 4;
const STEPS: u64 = 60_000;

pub(super) struct World {
    dice: Dice,
    now: Duration,
    disk: Rc<RefCell<Disk>>,
    lock: Option<usize>,
    listening: Option<usize>,
    wires: BTreeMap<u64, Wire>,
    next_wire: u64,
    processes: Vec<Process>,
    /// What was acknowledged: by whom, which, at which revision.
    acknowledged: Vec<(CommitId, Revision)>,
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

    fn greeting(&self, who: usize) -> Greeting {
        let tenure = self.processes[who].tenure;
        Greeting { protocol: PROTOCOL, pid: u32::try_from(who).expect("few"), tenure, program: "simulated".into() }
    }

    fn seek(&self, who: usize, occasion: Occasion) -> Life {
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

    fn look(
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

    fn connect(&mut self, who: usize) -> Option<u64> {
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

    fn send_up(&mut self, wire: Option<u64>, request: &Request, number: u64) {
        if let Some(wire) = wire.and_then(|wire| self.wires.get_mut(&wire))
            && !wire.ended
        {
            wire.up.extend(wire::encode(&request.message(number)));
        }
    }

    /// Takes some of the bytes that came down; `None` when the connection is over and everything was read.
    fn receive_down(&mut self, number: u64, frames: &mut Frames) -> Option<()> {
        let wire = self.wires.get_mut(&number)?;
        if wire.down.is_empty() && wire.ended {
            return None;
        }
        let some = self.dice.index(wire.down.len() + 1);
        frames.push(&wire.down.drain(..some).collect::<Vec<_>>());
        Some(())
    }

    /// What a seeker hears on its connection, if anything.
    fn hear(&mut self, number: u64, frames: &mut Frames) -> Result<Option<Seen>, String> {
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

    fn commit_id(&self, who: usize) -> CommitId {
        let mut id = [0; 16];
        id[0] = u8::try_from(who).expect("few");
        id[8..].copy_from_slice(&self.processes[who].work.done.to_be_bytes());
        CommitId(id)
    }

    fn change(&self, who: usize) -> Change {
        let key = format!("{who}.{}", self.processes[who].work.done).into_bytes();
        Change { writes: vec![Write { key, value: Some(Vec::new()) }], ..Change::default() }
    }

    fn acknowledge(&mut self, who: usize, revision: Revision) {
        let id = self.commit_id(who);
        self.acknowledged.push((id, revision));
        self.processes[who].work.done += 1;
        self.processes[who].work.step = Doing::Ready;
    }

    fn use_attached(&mut self, who: usize, wire: u64, mut frames: Frames, mut left: bool) -> Result<Life, String> {
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
                (Some(Response::Synced), Doing::Syncing(revision)) => self.acknowledge(who, revision),
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
        if let Some((wire, request)) = owner.syncs.pop_front() {
            self.send_down(wire, &Response::Synced.message(request));
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
                Effect::SyncThen(request, _) => owner.syncs.push_back((number, request)),
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
