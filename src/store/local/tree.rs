//! sled, held at arm's length: opened where a panic is damage, written in small batches that are really synced, and
//! closed for certain. The only file that names it.

use std::{
    fs::File,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{
    super::{Revision, StoreError, StoreId, Versioned},
    codec::{In, Out},
};

/// The greatest number of keys in one batch: a batch pins sled's garbage, and a large one eats the memory.
pub(super) const BATCH: usize = 400;

/// The row that says what the tree holds; those of the store stand behind `r`.
const ABOUT: &[u8] = b"a";
const ROW: u8 = b'r';
const VERSION: u8 = 1;

/// What the tree says of itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct About {
    /// Of which store it is.
    pub(super) id: StoreId,
    /// Everything up to here is in it; some of what came later may be.
    pub(super) revision: Revision,
    /// How many rows it has.
    pub(super) rows: u64,
    /// How many bytes those rows are, keys and values.
    pub(super) bytes: u64,
    /// The sum over a hash of each row: tells a tree that lost or kept a row it should not have.
    pub(super) sum: u128,
}

impl About {
    fn encode(&self) -> Vec<u8> {
        let mut out = Out::default();
        out.u8(VERSION);
        out.raw(&self.id.0);
        out.u64(self.revision.0);
        out.u64(self.rows);
        out.u64(self.bytes);
        out.raw(&self.sum.to_le_bytes());
        out.0
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut fields = In(bytes);
        match fields.u8() {
            Some(VERSION) => {}
            Some(version) => return Err(StoreError::UnknownFormat { what: "tree of the store", version }),
            None => return Err(damaged("its first row is empty")),
        }
        let about = (|| {
            Some(Self {
                id: StoreId(fields.array()?),
                revision: Revision(fields.u64()?),
                rows: fields.u64()?,
                bytes: fields.u64()?,
                sum: fields.array().map(u128::from_le_bytes)?,
            })
        })();
        about.ok_or_else(|| damaged("its first row cannot be read"))
    }
}

/// An open tree.
#[derive(Debug)]
pub(super) struct Tree {
    db: sled::Db,
    log: File,
    about: Mutex<About>,
}

/// One row that is put into the tree or taken out of it.
pub(super) type Put = (Vec<u8>, Revision, Option<Vec<u8>>);

impl Tree {
    /// Opens the tree in `dir`; `create` names the store when it is a new one.
    pub(super) fn open(dir: &Path, cache_bytes: u64, create: Option<StoreId>) -> Result<Self, StoreError> {
        guarded(|| {
            sweep(dir).map_err(|e| disk("preparing the tree", e))?;
            // sled counts the bytes of its pages as they stand on the disk; in memory they take about six times that.
            let config = sled::Config::new().path(dir).cache_capacity(cache_bytes / 6).flush_every_ms(None);
            let mut tries = 0;
            let db = loop {
                match config.open() {
                    // The lock of a handle that is just being dropped: only the text tells this error.
                    Err(sled::Error::Io(e)) if tries < 400 && e.to_string().contains("could not acquire lock") => {
                        tries += 1;
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    Ok(db) => break db,
                    Err(e) => return Err(translate("opening the tree", e)),
                }
            };
            let log = File::open(dir.join("db")).map_err(|e| disk("opening the tree", e))?;
            let about = match (db.get(ABOUT).map_err(|e| translate("reading the tree", e))?, create) {
                (Some(about), None) => About::decode(&about)?,
                (None, Some(id)) => About { id, revision: Revision(0), rows: 0, bytes: 0, sum: 0 },
                (Some(_), Some(_)) => return Err(damaged("it is there already")),
                (None, None) => return Err(damaged("it is empty, but a store is recorded beside it")),
            };
            let tree = Self { db, log, about: Mutex::new(about) };
            if create.is_some() {
                tree.apply(Vec::new(), about.revision)?;
            }
            // sled renames its snapshot into place and leaves the name to chance.
            super::place::sync_dir(dir).map_err(|e| disk("syncing the tree", e))?;
            Ok(tree)
        })
    }

    pub(super) fn about(&self) -> About {
        *self.about.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts rows into the tree, [`BATCH`] at most and each key once, and says that it holds everything up to `revision`; durable when
    /// this returns.
    pub(super) fn apply(&self, puts: Vec<Put>, revision: Revision) -> Result<(), StoreError> {
        let mut known = self.about.lock().unwrap_or_else(PoisonError::into_inner);
        let mut about = About { revision, ..*known };
        let mut batch = sled::Batch::default();
        for (key, changed, value) in puts {
            let place = [&[ROW], key.as_slice()].concat();
            if let Some(old) = self.db.get(&place).map_err(|e| translate("reading the tree", e))? {
                about.rows = about.rows.wrapping_sub(1);
                about.bytes = about.bytes.wrapping_sub(row_bytes(&key, &old));
                about.sum = about.sum.wrapping_sub(row_hash(&key, &old));
            }
            if let Some(value) = value {
                let row = [changed.0.to_le_bytes().as_slice(), &value].concat();
                about.rows = about.rows.wrapping_add(1);
                about.bytes = about.bytes.wrapping_add(row_bytes(&key, &row));
                about.sum = about.sum.wrapping_add(row_hash(&key, &row));
                batch.insert(place, row);
            } else {
                batch.remove(place);
            }
        }
        batch.insert(ABOUT, about.encode());
        self.db.apply_batch(batch).map_err(|e| translate("writing the tree", e))?;
        self.db.flush().map_err(|e| translate("writing the tree", e))?;
        // sled's flush ends in sync_file_range, which promises nothing: this is the promise.
        self.log.sync_data().map_err(|e| disk("syncing the tree", e))?;
        *known = about;
        Ok(())
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
        let place = [&[ROW], key].concat();
        let row = self.db.get(place).map_err(|e| translate("reading the tree", e))?;
        row.map(|row| versioned(&row)).transpose()
    }

    /// The rows from `from` up to before `to`, in order.
    pub(super) fn range(
        &self,
        from: &[u8],
        to: &[u8],
    ) -> impl Iterator<Item = Result<(Vec<u8>, Versioned), StoreError>> + use<> {
        let [from, to] = [from, to].map(|key| [&[ROW], key].concat());
        self.db.range(from..to).map(|row| {
            let (key, row) = row.map_err(|e| translate("reading the tree", e))?;
            Ok((key[1..].to_vec(), versioned(&row)?))
        })
    }

    /// Counts and sums every row: what [`About`] should say.
    pub(super) fn recount(&self) -> Result<About, StoreError> {
        let mut about = About { rows: 0, bytes: 0, sum: 0, ..self.about() };
        for row in self.db.scan_prefix([ROW]) {
            let (key, row) = row.map_err(|e| translate("reading the tree", e))?;
            about.rows += 1;
            about.bytes += row_bytes(&key[1..], &row);
            about.sum = about.sum.wrapping_add(row_hash(&key[1..], &row));
        }
        Ok(about)
    }

    /// Every row in the form that [`Tree::apply`] takes.
    pub(super) fn rows(&self) -> impl Iterator<Item = Result<Put, StoreError>> + use<> {
        self.db.scan_prefix([ROW]).map(|row| {
            let (key, row) = row.map_err(|e| translate("reading the tree", e))?;
            let row = versioned(&row)?;
            Ok((key[1..].to_vec(), row.changed, Some(row.value)))
        })
    }

    pub(super) fn size_on_disk(&self) -> u64 {
        self.db.size_on_disk().unwrap_or(0)
    }

    /// Closes it; the lock of the directory is free afterwards.
    pub(super) fn close(self) -> Result<(), StoreError> {
        // After a failed sync, sled's drop panics: that is one more way to say that the disk refused.
        catch_unwind(AssertUnwindSafe(move || drop(self))).map_err(|_| StoreError::Disk {
            what: "the tree could not be closed cleanly".into(),
            source: io::Error::other("the disk refused a sync"),
        })
    }
}

fn versioned(row: &[u8]) -> Result<Versioned, StoreError> {
    let (changed, value) = row.split_first_chunk::<8>().ok_or_else(|| damaged("a row is too short"))?;
    Ok(Versioned { value: value.to_vec(), changed: Revision(u64::from_le_bytes(*changed)) })
}

fn row_hash(key: &[u8], row: &[u8]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_le_bytes());
    hasher.update(key);
    hasher.update(row);
    let hash = hasher.finalize();
    u128::from_le_bytes(*hash.as_bytes().first_chunk().expect("a blake3 hash has 32 bytes"))
}

fn row_bytes(key: &[u8], row: &[u8]) -> u64 {
    (key.len() + row.len()) as u64
}

/// A snapshot that a killed process left half written makes sled refuse to open; without it, it opens.
fn sweep(dir: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(".generating") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Runs `work` where a panic of sled's recovery is damage, not the end of the process.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    super::quiet::while_quiet(|| catch_unwind(AssertUnwindSafe(work)))
        .unwrap_or_else(|_| Err(damaged("its log cannot be read")))
}

pub(super) fn damaged(how: &str) -> StoreError {
    StoreError::Damaged {
        what: format!("the tree of the store is damaged: {how}"),
        hint: Some("hallpass store repair, or hallpass store restore from a backup; nothing was changed".into()),
    }
}

pub(super) fn disk(doing: &str, source: io::Error) -> StoreError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::Full { source }
        }
        _ => StoreError::Disk { what: format!("the disk refused while {doing}"), source },
    }
}

fn translate(doing: &str, error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(e) => disk(doing, e),
        sled::Error::Corruption { .. } => damaged("a part of its log does not match its checksum"),
        sled::Error::ReportableBug(text) | sled::Error::Unsupported(text) => damaged(&text),
        sled::Error::CollectionNotFound(_) => damaged("a part of it is missing"),
    }
}
