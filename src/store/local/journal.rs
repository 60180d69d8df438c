//! The journal: a commit is what stands here. One file after the other, each filled up with zeros ahead of the
//! writing, so that a sync has no file size to write; sled is filled behind it and may always be told again.
//!
//! A frame says how far the journal was already synced when it was written. So a reader that meets rubbish knows
//! whether something acknowledged is missing (a later frame says so) or only the unsynced end is torn.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    super::{Edit, Revision, Run, StoreId, Write},
    codec::{In, Out},
};

/// Where the frames begin; the header has the first block to itself.
pub(super) const START: u64 = 4096;

/// How much is filled with zeros at a time.
const CHUNK: usize = 1 << 20;

/// A frame of more than this is not preceded by zeros.
const AT_ONCE: u64 = 4 << 20;

const MAGIC: &[u8; 8] = b"HPJOURN\n";
/// The version that is written. Frames with an edit came with the second; files of the first are read.
const VERSION: u8 = 2;
const HEADER: usize = 8 + 1 + 16 + 8 + 8 + 4;
const FRAME: usize = 48;
const ALIGN: u64 = 8;

/// The greatest length of one frame's body: a change of some 500,000 rows.
pub(super) const MAX_BODY: usize = 256 << 20;

/// Which process asked for a commit, and which of its commits it was: what makes a repeated request harmless.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct CommitId(pub(super) [u8; 16]);

/// What a frame holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Entry {
    /// A commit.
    Change(CommitId, Effect),
    /// The commits that were made lately, carried over from the journal before.
    Recent(Vec<(CommitId, Revision)>),
}

/// What a commit does.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Effect {
    pub(super) writes: Vec<Write>,
    pub(super) run: Arc<Run>,
    pub(super) edit: Option<Arc<Edit>>,
}

/// One journal file that is being written.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) file: Arc<File>,
    pub(super) path: PathBuf,
    pub(super) number: u64,
    id: StoreId,
    position: u64,
    filled: u64,
}

/// The name of a journal file.
pub(super) fn name(number: u64) -> String {
    format!("journal.{number:010}")
}

/// The number in the name of a journal file.
pub(super) fn number(name: &str) -> Option<u64> {
    name.strip_prefix("journal.").filter(|n| n.len() == 10)?.parse().ok()
}

impl Journal {
    /// Makes the file, whole and synced; its name becomes durable when the caller syncs the directory.
    pub(super) fn create(dir: &Path, number: u64, id: StoreId, base: Revision) -> io::Result<Self> {
        let path = dir.join(name(number));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        let mut journal = Self { file: Arc::new(file), path, number, id, position: START, filled: 0 };
        journal.fill_to(START + CHUNK as u64)?;
        journal.file.write_all_at(&header(number, id, base), 0)?;
        journal.file.sync_all()?;
        Ok(journal)
    }

    /// Goes on behind the last frame of a file whose rest is clean.
    pub(super) fn resume(path: PathBuf, number: u64, id: StoreId, position: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let filled = file.metadata()?.len();
        Ok(Self { file: Arc::new(file), path, number, id, position, filled })
    }

    fn fill_to(&mut self, end: u64) -> io::Result<()> {
        if end <= self.filled {
            return Ok(());
        }
        // Much at once is written over in a moment, and zeros would be as much again: its space is only set apart.
        if end - self.filled > AT_ONCE {
            let upto = end.next_multiple_of(CHUNK as u64);
            let apart = rustix::fs::FallocateFlags::empty();
            if rustix::fs::fallocate(&self.file, apart, self.filled, upto - self.filled).is_ok() {
                self.filled = upto;
                return Ok(());
            }
        }
        let zeros = vec![0; CHUNK];
        while self.filled < end {
            self.file.write_all_at(&zeros, self.filled)?;
            self.filled += CHUNK as u64;
        }
        Ok(())
    }

    /// Writes one frame. On an error nothing of it counts and the next frame takes its place.
    pub(super) fn append(&mut self, revision: Revision, durable: Revision, entry: &Entry) -> io::Result<()> {
        // A run is not copied once more.
        let rest: &[u8] = if let Entry::Change(_, effect) = entry { effect.run.bytes() } else { &[] };
        let frame = frame(self.number, self.id, revision, durable, entry, rest);
        let length = (frame.len() + rest.len()) as u64;
        // Always a few zeros behind the last frame: that is how a reader knows the end.
        self.fill_to(self.position + length + FRAME as u64)?;
        self.file.write_all_at(&frame, self.position)?;
        self.file.write_all_at(rest, self.position + frame.len() as u64)?;
        self.position += length.next_multiple_of(ALIGN);
        Ok(())
    }

    /// How many bytes of it are used.
    pub(super) fn used(&self) -> u64 {
        self.position
    }
}

fn header(number: u64, id: StoreId, base: Revision) -> Vec<u8> {
    let mut out = Out::default();
    out.raw(MAGIC);
    out.u8(VERSION);
    out.raw(&id.0);
    out.u64(number);
    out.u64(base.0);
    out.u32(crc32fast::hash(&out.0));
    out.0
}

/// A frame up to where `rest` follows.
fn frame(number: u64, id: StoreId, revision: Revision, durable: Revision, entry: &Entry, rest: &[u8]) -> Vec<u8> {
    let mut out = Out(vec![0; FRAME]);
    let (kind, commit) = match entry {
        Entry::Change(commit, Effect { writes, run, edit }) => {
            if let Some(edit) = edit {
                out.edit(edit);
            }
            out.writes_before(writes, run);
            (if edit.is_some() { 3 } else { 1 }, commit.0)
        }
        Entry::Recent(list) => {
            out.count(list.len());
            for (commit, revision) in list {
                out.raw(&commit.0);
                out.u64(revision.0);
            }
            (2, [0; 16])
        }
    };
    let mut frame = out.0;
    let length = u32::try_from(frame.len() - FRAME + rest.len()).expect("the engine refuses changes above MAX_BODY");
    frame[0..4].copy_from_slice(&length.to_le_bytes());
    frame[8..16].copy_from_slice(&revision.0.to_le_bytes());
    frame[16..24].copy_from_slice(&durable.0.to_le_bytes());
    frame[24..40].copy_from_slice(&commit);
    frame[40] = kind;
    let sum = checksum(number, id, &frame, rest);
    frame[4..8].copy_from_slice(&sum.to_le_bytes());
    frame
}

/// Over everything but its own place; the file's number and the store make frames of other files foreign.
fn checksum(number: u64, id: StoreId, frame: &[u8], rest: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(&id.0);
    hasher.update(&frame[0..4]);
    hasher.update(&frame[8..]);
    hasher.update(rest);
    hasher.finalize()
}

/// What was read of one journal file.
#[derive(Debug)]
pub(super) struct Reading {
    /// The revision before its first commit, if its header can be read.
    pub(super) base: Option<Revision>,
    /// Whether everything that is written now may stand in it.
    pub(super) current: bool,
    /// The last commit in it, or the base.
    pub(super) last: Revision,
    /// Where the next frame would stand.
    pub(super) position: u64,
    /// What follows the last good frame.
    pub(super) tail: Tail,
}

/// What follows the last good frame of a journal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tail {
    /// Zeros.
    Clean,
    /// Remains of frames that were never synced: nobody was told that they are safe.
    Torn,
    /// At least the commits up to this one were acknowledged and cannot be read.
    Lost(Revision),
}

/// Why a journal file cannot be read at all.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The system refused.
    Io(io::Error),
    /// It was written by a newer program.
    Version(u8),
}

/// Reads a file from its start and hands over every good frame in order. `before` is the last revision known from
/// elsewhere; it stands in for the header's where the header cannot be read, since the frames vouch for themselves.
pub(super) fn read(
    path: &Path,
    number: u64,
    id: StoreId,
    before: Revision,
    mut each: impl FnMut(Revision, Entry),
) -> Result<Reading, Unreadable> {
    let file = File::open(path).map_err(Unreadable::Io)?;
    let length = file.metadata().map_err(Unreadable::Io)?.len();
    let mut head = [0; HEADER];
    let header = match file.read_exact_at(&mut head, 0) {
        Ok(()) => read_header(&head, number, id)?,
        Err(_) => None,
    };
    let base = header.map(|(_, base)| base);
    let current = header.is_some_and(|(version, _)| version == VERSION);
    let last = base.unwrap_or(before);
    let mut reading = Reading { base, current, last, position: START, tail: Tail::Clean };
    let mut window = Window { file, length, number, id };
    while let Some((frame, durable_revision)) = window.frame_at(reading.position).map_err(Unreadable::Io)? {
        let length = frame.len() as u64;
        let Some((revision, entry)) = parse(frame) else { break };
        let follows = match &entry {
            Entry::Change(..) if base.is_none() => revision.0 <= reading.last.0 + 1,
            Entry::Change(..) => revision > reading.last,
            Entry::Recent(_) if base.is_none() => revision <= reading.last,
            Entry::Recent(_) => revision == reading.last,
        };
        if !follows || durable_revision > reading.last {
            break;
        }
        reading.last = if base.is_none() { reading.last.max(revision) } else { revision };
        reading.position += length.next_multiple_of(ALIGN);
        each(revision, entry);
    }
    reading.tail = window.tail(reading.position, reading.last).map_err(Unreadable::Io)?;
    Ok(reading)
}

/// The version and the base that a header tells; `None` where it is no header of this file.
fn read_header(head: &[u8], number: u64, id: StoreId) -> Result<Option<(u8, Revision)>, Unreadable> {
    let (fields, sum) = head.split_at(HEADER - 4);
    let mut bytes = In(fields);
    if bytes.array() != Some(*MAGIC) || sum != crc32fast::hash(fields).to_le_bytes() {
        return Ok(None);
    }
    let version = match bytes.u8() {
        Some(version @ 1..=VERSION) => version,
        Some(version) => return Err(Unreadable::Version(version)),
        None => return Ok(None),
    };
    if bytes.array() != Some(id.0) || bytes.u64() != Some(number) {
        return Ok(None);
    }
    Ok(bytes.u64().map(|base| (version, Revision(base))))
}

fn parse(frame: Vec<u8>) -> Option<(Revision, Entry)> {
    let revision = Revision(In(&frame[8..]).u64()?);
    let commit = CommitId(In(&frame[24..]).array()?);
    let mut body = In(&frame[FRAME..]);
    match frame[40] {
        kind @ (1 | 3) => {
            let edit = if kind == 3 { Some(body.edit()?.into()) } else { None };
            let (writes, found) = body.writes_and_found(frame.len())?;
            body.end(())?;
            // Very many rows stay where they were read.
            let run = if found.starts.is_empty() { Run::default() } else { Run::adopt(frame, found) };
            Some((revision, Entry::Change(commit, Effect { writes, run: run.into(), edit })))
        }
        2 => {
            let recent = body.list(|b| Some((CommitId(b.array()?), Revision(b.u64()?))))?;
            body.end((revision, Entry::Recent(recent)))
        }
        _ => None,
    }
}

/// Whether these bytes could be the head of a later frame; a head that is cut off here may be one.
fn may_be_frame(head: &[u8], last: Revision) -> bool {
    let Some(head) = head.get(..FRAME) else { return head.iter().any(|b| *b != 0) };
    let revision = In(&head[8..]).u64().unwrap_or(0);
    let near = revision > last.0 && revision - last.0 < 1 << 40;
    head[..4] != [0; 4] && near && matches!(head[40], 1..=3) && head[41..] == [0; FRAME - 41]
}

struct Window {
    file: File,
    length: u64,
    number: u64,
    id: StoreId,
}

impl Window {
    /// The frame at this place with the revision it calls durable, if its checksum holds.
    fn frame_at(&mut self, at: u64) -> io::Result<Option<(Vec<u8>, Revision)>> {
        let mut head = [0; FRAME];
        if at + FRAME as u64 > self.length {
            return Ok(None);
        }
        self.file.read_exact_at(&mut head, at)?;
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if length == 0 || length > MAX_BODY || at + (FRAME + length) as u64 > self.length {
            return Ok(None);
        }
        let mut frame = Vec::with_capacity(FRAME + length);
        self.file.seek(SeekFrom::Start(at))?;
        (&self.file).take((FRAME + length) as u64).read_to_end(&mut frame)?;
        if frame.len() != FRAME + length {
            return Ok(None);
        }
        let holds = frame[4..8] == checksum(self.number, self.id, &frame, &[]).to_le_bytes();
        let durable = In(&frame[16..]).u64().map_or(Revision::default(), Revision);
        Ok(holds.then_some((frame, durable)))
    }

    /// Looks behind the last good frame: is there anything, and does any of it call something lost durable?
    fn tail(&mut self, from: u64, last: Revision) -> io::Result<Tail> {
        let mut tail = Tail::Clean;
        let mut at = from;
        let mut block = vec![0; 64 * 1024];
        while at < self.length {
            let n = usize::try_from(self.length - at).unwrap_or(usize::MAX).min(block.len());
            self.file.read_exact_at(&mut block[..n], at)?;
            if block[..n].iter().all(|b| *b == 0) {
                at += n as u64;
                continue;
            }
            if tail == Tail::Clean {
                tail = Tail::Torn;
            }
            for offset in (0..n).step_by(usize::try_from(ALIGN).expect("8 fits")) {
                // The cheap test first, or a large torn frame would be summed once for each of its words.
                if may_be_frame(&block[offset..n], last)
                    && let Some((_, durable)) = self.frame_at(at + offset as u64)?
                    && durable > last
                {
                    tail = Tail::Lost(durable.max(if let Tail::Lost(r) = tail { r } else { last }));
                }
            }
            at += n as u64;
        }
        Ok(tail)
    }
}
