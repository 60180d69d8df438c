//! What the power-cut file system knows: for each file and directory what is there, and what of it was synced.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::{OsStr, OsString},
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

use crate::support::Seeded;

/// The inode of the root.
pub(crate) const ROOT: u64 = 1;

/// How a cut treats what was never synced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cut {
    /// Nothing of it survives.
    Strict,
    /// All of it survives: a killed process, not a cut.
    Keep,
    /// What lies within the synced length survives; growth does not.
    NoGrowth,
    /// Each piece of `grain` bytes, and each name, survives in `percent` of all cases.
    Pieces { seed: u64, grain: usize, percent: u64 },
    /// The first writes survive; the one after them is torn.
    Prefix { seed: u64, grain: usize },
}

#[derive(Clone, Debug)]
enum Op {
    Write(u64, Vec<u8>),
    Length(u64),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Bytes {
    pub(crate) now: Vec<u8>,
    synced: Vec<u8>,
    pending: Vec<Op>,
}

#[derive(Clone, Debug)]
enum Naming {
    Add(OsString, u64),
    Remove(OsString),
    Move(OsString, OsString, u64),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) now: BTreeMap<OsString, u64>,
    synced: BTreeMap<OsString, u64>,
    pending: Vec<Naming>,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    File(Bytes),
    Dir(Names),
    Socket,
}

/// Which operation the disk refuses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// After so many of its kind.
    pub(crate) after: u64,
    pub(crate) lasting: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) capacity: Option<u64>,
    pub(crate) write: Option<Fault>,
    pub(crate) sync: Option<Fault>,
    /// Whether a sync that fails makes readers see what was synced before, as some file systems do.
    pub(crate) forgetful: bool,
}

impl Faults {
    /// Counts one operation; whether it fails.
    pub(crate) fn strikes(fault: &mut Option<Fault>) -> bool {
        match fault {
            None => false,
            Some(fault) if fault.after > 0 => {
                fault.after -= 1;
                false
            }
            Some(Fault { lasting: true, .. }) => true,
            Some(_) => {
                *fault = None;
                true
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) nodes: HashMap<u64, Node>,
    next: u64,
    pub(crate) faults: Faults,
    pub(crate) operations: u64,
}

impl State {
    pub(crate) fn new() -> Self {
        let nodes = HashMap::from([(ROOT, Node::Dir(Names::default()))]);
        Self { nodes, next: ROOT + 1, faults: Faults::default(), operations: 0 }
    }

    /// Takes over a directory as it is: all of it synced.
    pub(crate) fn load(&mut self, from: &Path) -> io::Result<()> {
        self.load_dir(ROOT, from)
    }

    fn load_dir(&mut self, parent: u64, from: &Path) -> io::Result<()> {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let node = if entry.file_type()?.is_dir() {
                Node::Dir(Names::default())
            } else {
                let now = fs::read(entry.path())?;
                Node::File(Bytes { synced: now.clone(), now, pending: Vec::new() })
            };
            let is_dir = matches!(node, Node::Dir(_));
            let inode = self.add(parent, &entry.file_name(), node);
            if is_dir {
                self.load_dir(inode, &entry.path())?;
            }
        }
        self.sync(parent);
        Ok(())
    }

    pub(crate) fn names(&mut self, inode: u64) -> Option<&mut Names> {
        match self.nodes.get_mut(&inode) {
            Some(Node::Dir(names)) => Some(names),
            _ => None,
        }
    }

    pub(crate) fn bytes(&mut self, inode: u64) -> Option<&mut Bytes> {
        match self.nodes.get_mut(&inode) {
            Some(Node::File(bytes)) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn used(&self) -> u64 {
        self.nodes.values().map(|node| if let Node::File(bytes) = node { bytes.now.len() as u64 } else { 0 }).sum()
    }

    pub(crate) fn add(&mut self, parent: u64, name: &OsStr, node: Node) -> u64 {
        let inode = self.next;
        self.next += 1;
        self.nodes.insert(inode, node);
        if let Some(names) = self.names(parent) {
            names.apply_now(Naming::Add(name.into(), inode));
        }
        inode
    }

    pub(crate) fn remove(&mut self, parent: u64, name: &OsStr) -> bool {
        let Some(names) = self.names(parent) else { return false };
        if !names.now.contains_key(name) {
            return false;
        }
        names.apply_now(Naming::Remove(name.into()));
        true
    }

    pub(crate) fn rename(&mut self, parent: u64, from: &OsStr, to: &OsStr) -> bool {
        let Some(names) = self.names(parent) else { return false };
        let Some(inode) = names.now.get(from).copied() else { return false };
        names.apply_now(Naming::Move(from.into(), to.into(), inode));
        true
    }

    pub(crate) fn write(&mut self, inode: u64, at: u64, data: &[u8]) {
        if let Some(bytes) = self.bytes(inode) {
            bytes.apply_now(Op::Write(at, data.to_vec()));
        }
    }

    pub(crate) fn set_length(&mut self, inode: u64, length: u64) {
        if let Some(bytes) = self.bytes(inode) {
            bytes.apply_now(Op::Length(length));
        }
    }

    /// Makes a file's bytes or a directory's names durable.
    pub(crate) fn sync(&mut self, inode: u64) {
        match self.nodes.get_mut(&inode) {
            Some(Node::File(bytes)) => {
                for op in std::mem::take(&mut bytes.pending) {
                    apply(&mut bytes.synced, &op);
                }
            }
            Some(Node::Dir(names)) => {
                for op in std::mem::take(&mut names.pending) {
                    rename(&mut names.synced, &op);
                }
            }
            Some(Node::Socket) | None => {}
        }
    }

    /// A sync that fails throws away what was to be written, as kernels do: it never becomes durable.
    pub(crate) fn lose(&mut self, inode: u64) {
        let forgetful = self.faults.forgetful;
        if let Some(bytes) = self.bytes(inode) {
            bytes.pending.clear();
            if forgetful {
                bytes.now.clone_from(&bytes.synced);
            }
        }
    }

    /// Writes the directory as it is found when the power comes back.
    pub(crate) fn image(&self, cut: Cut, out: &Path) -> io::Result<()> {
        self.dir_image(ROOT, cut, out)
    }

    fn dir_image(&self, inode: u64, cut: Cut, out: &Path) -> io::Result<()> {
        fs::create_dir(out)?;
        let Some(Node::Dir(names)) = self.nodes.get(&inode) else { return Ok(()) };
        for (name, inode) in names.after(cut, inode) {
            let path = out.join(name);
            match self.nodes.get(&inode) {
                Some(Node::Dir(_)) => self.dir_image(inode, cut, &path)?,
                Some(Node::File(bytes)) => write_sparse(&path, &bytes.after(cut, inode))?,
                Some(Node::Socket) | None => {}
            }
        }
        Ok(())
    }
}

impl Bytes {
    fn apply_now(&mut self, op: Op) {
        apply(&mut self.now, &op);
        self.pending.push(op);
    }

    fn after(&self, cut: Cut, inode: u64) -> Vec<u8> {
        let mut left = self.synced.clone();
        match cut {
            Cut::Strict => {}
            Cut::Keep => left.clone_from(&self.now),
            Cut::NoGrowth => {
                let length = left.len();
                left.clone_from(&self.now);
                left.truncate(length);
            }
            Cut::Pieces { seed, grain, percent } => {
                let dice = Seeded::new(seed ^ inode.wrapping_mul(77));
                for op in &self.pending {
                    match op {
                        Op::Length(_) if dice.below(100) < percent => apply(&mut left, op),
                        Op::Length(_) => {}
                        Op::Write(at, data) => {
                            for (at, piece) in pieces(*at, data, grain) {
                                if dice.below(100) < percent {
                                    write(&mut left, at, piece);
                                }
                            }
                        }
                    }
                }
            }
            Cut::Prefix { seed, grain } => {
                let dice = Seeded::new(seed ^ inode.wrapping_mul(77));
                let whole = usize::try_from(dice.below(self.pending.len() as u64 + 1)).expect("it came from a usize");
                self.pending[..whole].iter().for_each(|op| apply(&mut left, op));
                if let Some(Op::Write(at, data)) = self.pending.get(whole) {
                    let all: Vec<_> = pieces(*at, data, grain).collect();
                    let some = usize::try_from(dice.below(all.len() as u64)).expect("it came from a usize");
                    all[..some].iter().for_each(|(at, piece)| write(&mut left, *at, piece));
                }
            }
        }
        left
    }
}

impl Names {
    fn apply_now(&mut self, op: Naming) {
        rename(&mut self.now, &op);
        self.pending.push(op);
    }

    fn after(&self, cut: Cut, inode: u64) -> BTreeMap<OsString, u64> {
        let mut left = self.synced.clone();
        match cut {
            Cut::Strict | Cut::NoGrowth => {}
            Cut::Keep => left.clone_from(&self.now),
            Cut::Pieces { seed, percent, .. } => {
                let dice = Seeded::new(seed ^ inode.wrapping_mul(991));
                self.pending.iter().filter(|_| dice.below(100) < percent).for_each(|op| rename(&mut left, op));
            }
            Cut::Prefix { seed, .. } => {
                let dice = Seeded::new(seed ^ inode.wrapping_mul(991));
                let some = usize::try_from(dice.below(self.pending.len() as u64 + 1)).expect("it came from a usize");
                self.pending[..some].iter().for_each(|op| rename(&mut left, op));
            }
        }
        left
    }
}

/// Cuts a write at the borders of the disk's blocks.
fn pieces(at: u64, data: &[u8], grain: usize) -> impl Iterator<Item = (u64, &[u8])> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = data.get(from..).filter(|rest| !rest.is_empty())?;
        let place = at + from as u64;
        let inside = usize::try_from(place % grain as u64).expect("a grain fits");
        let piece = &rest[..rest.len().min(grain - inside)];
        from += piece.len();
        Some((place, piece))
    })
}

fn write(bytes: &mut Vec<u8>, at: u64, data: &[u8]) {
    let at = usize::try_from(at).expect("files of a test fit into memory");
    if bytes.len() < at + data.len() {
        bytes.resize(at + data.len(), 0);
    }
    bytes[at..at + data.len()].copy_from_slice(data);
}

fn apply(bytes: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write(at, data) => write(bytes, *at, data),
        Op::Length(length) => bytes.resize(usize::try_from(*length).expect("files of a test fit into memory"), 0),
    }
}

fn rename(names: &mut BTreeMap<OsString, u64>, op: &Naming) {
    match op {
        Naming::Add(name, inode) => {
            names.insert(name.clone(), *inode);
        }
        Naming::Remove(name) => {
            names.remove(name);
        }
        Naming::Move(from, to, inode) => {
            names.remove(from);
            names.insert(to.clone(), *inode);
        }
    }
}

/// Leaves holes where there are only zeros: images are many.
fn write_sparse(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = File::create(path)?;
    file.set_len(bytes.len() as u64)?;
    for (n, block) in bytes.chunks(4096).enumerate() {
        if block.iter().any(|b| *b != 0) {
            file.write_all_at(block, n as u64 * 4096)?;
        }
    }
    Ok(())
}
