//! A backup: one file with every row at one revision, written while others go on, and read back before it is called
//! done.
//!
//! The rows are read page by page, each page at a revision of its own; every change from the first page on is
//! followed and written behind them. Whoever applies the rows and then the changes has the store as it was at the
//! last revision. The file holds what the store holds: sealed keys, no key in clear.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write as _},
    ops::ControlFlow,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use super::{
    MAX_KEY, MAX_VALUE, Notice, Progress, Revision, Row, Store, StoreError, StoreId, Versioned, Watch, Write,
    memory::MemoryStore,
};

const MAGIC: &[u8; 8] = b"HPBACK\n\0";
const VERSION: u8 = 1;
const PAGE: usize = 500;

/// After this many fiftieths of a second without a notice there is none on its way.
const SILENCE: u32 = 250;

/// What a backup file holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Summary {
    /// Of which store.
    pub id: StoreId,
    /// As of which commit.
    pub revision: Revision,
    /// How many rows were read, and how many changes of rows follow them.
    pub rows: u64,
    /// How many bytes the file has.
    pub bytes: u64,
}

/// One step of rebuilding a store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// A row as it was read.
    Row(Row),
    /// A later change of a row.
    Change(Revision, Write),
}

/// Writes a backup of `store` to `path`, where nothing may be yet, and reads it back.
///
/// # Errors
/// [`StoreError`]; then there is no file at `path`.
pub fn write(store: &dyn Store, path: &Path) -> Result<Summary, StoreError> {
    write_watched(store, path, &mut |_| ControlFlow::Continue(()))
}

/// [`write()`], and `progress` hears how many rows were written, and then again how many were read back.
///
/// # Errors
/// As there, and [`StoreError::Interrupted`] where `progress` ends it.
pub fn write_watched(store: &dyn Store, path: &Path, progress: &mut Progress<'_>) -> Result<Summary, StoreError> {
    let refused = |e| disk(path, e);
    if path.exists() {
        return Err(StoreError::Unavailable {
            what: format!("{} is there already", path.display()),
            hint: Some("name another file; nothing was changed".into()),
            source: None,
        });
    }
    let partial = path.with_added_extension("partial");
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial);
    let mut out = Out { file: BufWriter::new(file.map_err(refused)?), hash: blake3::Hasher::new(), rows: 0 };
    let begun = out.raw(MAGIC).and_then(|()| out.raw(&[VERSION])).and_then(|()| out.raw(&store.id().0));
    begun.map_err(refused)?;
    let step = &mut |step: Step| {
        out.step(&step).map_err(refused)?;
        go_on(progress, out.rows)
    };
    let written = copy(store, step).and_then(|told| out.end(told).and_then(|()| out.finish()).map_err(refused));
    let mut read_back = 0;
    let summary = written.and_then(|()| {
        read(&partial, |_| {
            read_back += 1;
            go_on(progress, read_back)
        })
    });
    let done = summary.and_then(|summary| {
        fs::rename(&partial, path).map_err(refused)?;
        sync_parent(path).map_err(refused)?;
        Ok(summary)
    });
    if done.is_err() {
        let _ = fs::remove_file(&partial);
    }
    done
}

fn go_on(progress: &mut Progress<'_>, done: u64) -> Result<(), StoreError> {
    if progress(done).is_break() { Err(StoreError::Interrupted) } else { Ok(()) }
}

/// A copy of `store` in memory, taken while others go on.
///
/// # Errors
/// [`StoreError`] where it cannot be read.
pub fn into_memory(store: &dyn Store) -> Result<MemoryStore, StoreError> {
    let mut rows = BTreeMap::new();
    let revision = copy(store, &mut |step| {
        match step {
            Step::Row(Row { key, value, changed }) => rows.insert(key, Versioned { value, changed }),
            Step::Change(changed, Write { key, value: Some(value) }) => rows.insert(key, Versioned { value, changed }),
            Step::Change(_, Write { key, value: None }) => rows.remove(&key),
        };
        Ok(())
    })?;
    MemoryStore::holding(store.id(), revision, rows)
}

/// Takes one step of a copy.
type Each<'a> = dyn FnMut(Step) -> Result<(), StoreError> + 'a;

/// Hands over the rows of the store with the changes that fall between; returns as of which revision.
fn copy(store: &dyn Store, each: &mut Each<'_>) -> Result<Revision, StoreError> {
    let first = store.get(b"")?.seen;
    let watch = store.watch(b"", first)?;
    std::thread::scope(|scope| {
        // Followed on a thread of its own: a watch waits for a few thousand changes only.
        let (notices, noticed) = channel();
        scope.spawn(move || carry(&watch, &notices));
        let told = copy_rows(store, first, each, &noticed)?;
        // What was copied was seen, and must not be ahead of what the store itself would keep.
        store.sync(told)?;
        Ok(told)
    })
}

/// Carries notices until nobody wants them any more.
fn carry(watch: &Watch, notices: &Sender<Option<Notice>>) {
    loop {
        let notice = watch.next(Duration::from_millis(20));
        let over = notice == Some(Notice::Lagged);
        // An empty one asks whether the other side is still there.
        if notices.send(notice).is_err() || over {
            return;
        }
    }
}

fn copy_rows(
    store: &dyn Store,
    first: Revision,
    each: &mut Each<'_>,
    noticed: &Receiver<Option<Notice>>,
) -> Result<Revision, StoreError> {
    let (mut last, mut told) = (first, first);
    let mut from = Vec::new();
    loop {
        let page = store.range(&from, &[u8::MAX; MAX_KEY + 1], PAGE)?;
        last = last.max(page.seen);
        match page.found.last() {
            Some(row) if page.found.len() == PAGE => from = [row.key.as_slice(), &[0]].concat(),
            Some(_) | None => from.clear(),
        }
        for row in page.found {
            each(Step::Row(row))?;
        }
        for notice in noticed.try_iter().flatten() {
            told = follow(each, notice)?;
        }
        if from.is_empty() {
            break;
        }
    }
    let mut silent = 0;
    while told < last {
        match noticed.recv_timeout(Duration::from_secs(30)).map_err(|_| lagged())? {
            Some(notice) => {
                silent = 0;
                told = follow(each, notice)?;
            }
            // The last commits may have written nothing: then there is nothing to be told.
            None if silent > SILENCE => told = last,
            None => silent += 1,
        }
    }
    Ok(told)
}

fn follow(each: &mut Each<'_>, notice: Notice) -> Result<Revision, StoreError> {
    let Notice::Changed { revision, writes } = notice else { return Err(lagged()) };
    for write in writes {
        each(Step::Change(revision, write))?;
    }
    Ok(revision)
}

fn lagged() -> StoreError {
    StoreError::Unavailable {
        what: "the store changes faster than it can be written to the backup".into(),
        hint: Some("try again when less is going on; nothing was changed".into()),
        source: None,
    }
}

/// Reads a backup from its start to its end, checks it, and hands over its steps in order.
///
/// # Errors
/// [`StoreError::Damaged`] when anything is missing or changed; the steps until then were handed over.
pub fn read(path: &Path, mut each: impl FnMut(Step) -> Result<(), StoreError>) -> Result<Summary, StoreError> {
    let file = File::open(path).map_err(|e| disk(path, e))?;
    let bytes = file.metadata().map_err(|e| disk(path, e))?.len();
    let mut input = In { file: BufReader::new(file), hash: blake3::Hasher::new() };
    let damaged = |e: io::Error| match e.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => StoreError::Damaged {
            what: format!("the backup {} is damaged or not whole", path.display()),
            hint: Some("use another backup; nothing was changed".into()),
        },
        _ => disk(path, e),
    };
    if input.array().map_err(damaged)? != *MAGIC {
        return Err(damaged(io::ErrorKind::InvalidData.into()));
    }
    let [version] = input.array().map_err(damaged)?;
    if version != VERSION {
        return Err(StoreError::UnknownFormat { what: "backup", version });
    }
    let id = StoreId(input.array().map_err(damaged)?);
    let mut rows = 0;
    loop {
        match input.item().map_err(damaged)? {
            Item::Step(step) => {
                rows += 1;
                each(step)?;
            }
            Item::End(revision) => {
                input.finish().map_err(damaged)?;
                return Ok(Summary { id, revision, rows, bytes });
            }
        }
    }
}

enum Item {
    Step(Step),
    End(Revision),
}

struct Out {
    file: BufWriter<File>,
    hash: blake3::Hasher,
    rows: u64,
}

impl Out {
    fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.file.write_all(bytes)
    }

    fn item(&mut self, kind: u8, revision: Revision, key: &[u8], value: Option<&[u8]>) -> io::Result<()> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("keys and values have at most 16 KiB");
        self.raw(&[kind, value.is_some().into()])?;
        self.raw(&revision.0.to_le_bytes())?;
        self.raw(&length(key).to_le_bytes())?;
        self.raw(key)?;
        self.raw(&length(value.unwrap_or_default()).to_le_bytes())?;
        self.raw(value.unwrap_or_default())
    }

    fn step(&mut self, step: &Step) -> io::Result<()> {
        self.rows += 1;
        match step {
            Step::Row(row) => self.item(1, row.changed, &row.key, Some(&row.value)),
            Step::Change(revision, write) => self.item(2, *revision, &write.key, write.value.as_deref()),
        }
    }

    fn end(&mut self, revision: Revision) -> io::Result<()> {
        self.item(3, revision, &self.rows.to_le_bytes(), None)?;
        let hash = *self.hash.finalize().as_bytes();
        self.file.write_all(&hash)
    }

    fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()
    }
}

struct In {
    file: BufReader<File>,
    hash: blake3::Hasher,
}

impl In {
    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        self.hash.update(&bytes);
        Ok(bytes)
    }

    fn bytes(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        let length = u32::from_le_bytes(self.array()?) as usize;
        if length > limit {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = vec![0; length];
        self.file.read_exact(&mut bytes)?;
        self.hash.update(&bytes);
        Ok(bytes)
    }

    fn item(&mut self) -> io::Result<Item> {
        let [kind, there] = self.array()?;
        let revision = Revision(u64::from_le_bytes(self.array()?));
        let key = self.bytes(MAX_KEY)?;
        let value = self.bytes(MAX_VALUE)?;
        match (kind, there) {
            (1, 1) => Ok(Item::Step(Step::Row(Row { key, value, changed: revision }))),
            (2, 0 | 1) => Ok(Item::Step(Step::Change(revision, Write { key, value: (there == 1).then_some(value) }))),
            (3, 0) => Ok(Item::End(revision)),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn finish(mut self) -> io::Result<()> {
        let expected = *self.hash.finalize().as_bytes();
        let mut hash = [0; 32];
        self.file.read_exact(&mut hash)?;
        if hash != expected || self.file.read(&mut [0])? != 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(())
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

fn disk(path: &Path, source: io::Error) -> StoreError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::Full { source }
        }
        _ => StoreError::Disk { what: format!("cannot read or write {}", path.display()), source },
    }
}
