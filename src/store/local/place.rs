//! The directory of a store: what lies where, how it is made, swapped and recognised.
//!
//! ```text
//! DIR/LOCK      whoever holds its flock owns the store; never deleted; names the store once there is one
//! DIR/socket    where the owner is reached
//! DIR/data/     the store: identity, mark, journal.N, sled/
//! DIR/reserve   space that is given up when the disk is full, so that the store still opens
//! DIR/new/      being built, worthless if found by an opener
//! DIR/next/     complete, about to take the place of data/
//! DIR/old/      what data/ was before, worthless as soon as data/ is there
//! DIR/scratch/  where a repair works
//! DIR/damaged.N what data/ was before a repair; for a person to look at and delete
//! ```
//!
//! Making a store, restoring, compacting and repairing all build `new/`, sync it, and swap it in by renames.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{
    super::{StoreError, StoreId},
    codec::{In, Out},
};

const LOCK: &str = "LOCK";
const OURS: [&str; 8] = [LOCK, "socket", "data", "reserve", "new", "next", "old", "scratch"];
const DAMAGED: &str = "damaged.";
const MAGIC: &[u8; 8] = b"HPSTORE\n";
const VERSION: u8 = 1;

/// The directory of a store.
#[derive(Clone, Debug)]
pub(super) struct Place {
    dir: PathBuf,
}

/// What a directory turned out to be.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing is there yet, or an empty directory.
    Empty,
    /// A store, or the beginnings of one; the directory belongs to this user.
    Ours {
        /// The owner of the directory.
        uid: u32,
    },
}

impl Place {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_path_buf() }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub(super) fn fresh(&self) -> PathBuf {
        self.dir.join("new")
    }

    pub(super) fn reserve(&self) -> PathBuf {
        self.dir.join("reserve")
    }

    /// Looks before anything is touched: a directory that holds anything but ours is refused.
    pub(super) fn look(&self) -> Result<Found, StoreError> {
        let shown = self.dir.display();
        let meta = match fs::metadata(&self.dir) {
            Ok(meta) => meta,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Found::Empty),
            Err(e) => return Err(unreachable_dir(&self.dir, e)),
        };
        if !meta.is_dir() {
            return Err(StoreError::Unavailable {
                what: format!("{shown} is a file, not the directory of a store"),
                hint: Some("name another directory with --store; nothing was changed".into()),
                source: None,
            });
        }
        let mut any = false;
        for entry in fs::read_dir(&self.dir).map_err(|e| unreachable_dir(&self.dir, e))? {
            let name = entry.map_err(|e| unreachable_dir(&self.dir, e))?.file_name();
            // Some file systems put this into every new directory at their root.
            if name == "lost+found" {
                continue;
            }
            any = true;
            let kept = name.to_string_lossy().starts_with(DAMAGED);
            if !kept && !OURS.iter().any(|ours| name == *ours) {
                return Err(StoreError::Unavailable {
                    what: format!("{shown} holds other files (\"{}\") and is no store", name.display()),
                    hint: Some("name another directory with --store; nothing was changed".into()),
                    source: None,
                });
            }
        }
        if !any {
            return Ok(Found::Empty);
        }
        if !self.dir.join(LOCK).exists() {
            return Err(StoreError::Damaged {
                what: format!("{shown} looks like a store without its file LOCK"),
                hint: Some("if no hallpass runs on it, make an empty file LOCK there; nothing was changed".into()),
            });
        }
        Ok(Found::Ours { uid: meta.uid() })
    }

    /// Makes the directory, private and durable, with every parent that is missing.
    pub(super) fn make(&self) -> Result<(), StoreError> {
        let refused = |e| StoreError::Unavailable {
            what: format!("cannot make a store in {}", self.dir.display()),
            hint: Some("name a directory that you may write with --store; nothing was changed".into()),
            source: Some(e),
        };
        let mut missing = Vec::new();
        let mut at = self.dir.as_path();
        while !at.as_os_str().is_empty() && !at.exists() {
            missing.push(at);
            at = at.parent().unwrap_or(Path::new(""));
        }
        for dir in missing.iter().rev() {
            match DirBuilder::new().mode(0o700).create(dir) {
                Ok(()) => sync_parent(dir).map_err(refused)?,
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(refused(e)),
            }
        }
        // An empty directory made by somebody else's umask: ours from now on.
        if missing.is_empty() {
            fs::set_permissions(&self.dir, std::os::unix::fs::PermissionsExt::from_mode(0o700)).map_err(refused)?;
        }
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.dir.join(LOCK))
            .and_then(|file| file.sync_all())
            .map_err(refused)?;
        sync_dir(&self.dir).map_err(refused)
    }

    /// Opens the lock file, for an attempt to become the owner.
    pub(super) fn lock_file(&self) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(self.dir.join(LOCK))
    }

    /// Which store the lock file names, if it names one.
    pub(super) fn recorded(lock: &File) -> Option<StoreId> {
        let mut bytes = [0; IDENTITY];
        lock.read_exact_at(&mut bytes, 0).ok()?;
        parse_identity(&bytes).ok()
    }

    /// Makes the lock file name the store; called once there is one.
    pub(super) fn record(lock: &File, id: StoreId) -> io::Result<()> {
        lock.write_all_at(&identity(id), 0)?;
        lock.sync_all()
    }

    /// Ends what an earlier process began: swaps in what was complete, sweeps the rest. Only under the lock.
    pub(super) fn settle(&self) -> io::Result<()> {
        let [data, next, old] = ["data", "next", "old"].map(|name| self.dir.join(name));
        if next.exists() {
            if data.exists() {
                remove(&old)?;
                fs::rename(&data, self.aside())?;
                sync_dir(&self.dir)?;
            }
            fs::rename(&next, &data)?;
            sync_dir(&self.dir)?;
        }
        remove(&self.fresh())?;
        remove(&self.dir.join("scratch"))?;
        if data.exists() {
            remove(&old)?;
        }
        Ok(())
    }

    /// Makes `new/` the store. It is complete and synced; from the first rename on, every opener ends the swap.
    pub(super) fn swap_in(&self) -> io::Result<()> {
        fs::rename(self.fresh(), self.dir.join("next"))?;
        sync_dir(&self.dir)?;
        self.settle()
    }

    /// The directory in which a repair works.
    pub(super) fn begin_scratch(&self) -> io::Result<PathBuf> {
        let scratch = self.dir.join("scratch");
        remove(&scratch)?;
        DirBuilder::new().mode(0o700).create(&scratch)?;
        Ok(scratch)
    }

    /// Where the data go when something else takes their place: damaged ones are kept, which is so while a repair
    /// works.
    pub(super) fn aside(&self) -> PathBuf {
        if !self.dir.join("scratch").exists() {
            return self.dir.join("old");
        }
        let names = (1..).map(|number: u32| self.dir.join(format!("{DAMAGED}{number}")));
        names.into_iter().find(|name| !name.exists()).expect("a directory has fewer entries than there are numbers")
    }

    /// Makes an empty `new/`.
    pub(super) fn begin_fresh(&self) -> io::Result<PathBuf> {
        let fresh = self.fresh();
        remove(&fresh)?;
        DirBuilder::new().mode(0o700).create(&fresh)?;
        Ok(fresh)
    }
}

/// The bytes of an identity file: 8 of magic, version, id, checksum.
const IDENTITY: usize = 8 + 1 + 16 + 4;

fn identity(id: StoreId) -> Vec<u8> {
    let mut out = Out::default();
    out.raw(MAGIC);
    out.u8(VERSION);
    out.raw(&id.0);
    out.u32(crc32fast::hash(&out.0));
    out.0
}

/// Why an identity cannot be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Unidentified {
    Damaged,
    Version(u8),
}

fn parse_identity(bytes: &[u8]) -> Result<StoreId, Unidentified> {
    let mut fields = In(bytes);
    let (Some(magic), Some(version), Some(id), Some(sum)) = (fields.array(), fields.u8(), fields.array(), fields.u32())
    else {
        return Err(Unidentified::Damaged);
    };
    if magic != *MAGIC || sum != crc32fast::hash(&bytes[..IDENTITY - 4]) {
        return Err(Unidentified::Damaged);
    }
    if version == VERSION { Ok(StoreId(id)) } else { Err(Unidentified::Version(version)) }
}

/// Writes the identity into a directory that is being built.
pub(super) fn write_identity(data: &Path, id: StoreId) -> io::Result<()> {
    let path = data.join("identity");
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all_at(&identity(id), 0)?;
    file.sync_all()
}

/// Reads the identity of the store in `data`.
pub(super) fn read_identity(data: &Path) -> Result<StoreId, StoreError> {
    let damaged = || StoreError::Damaged {
        what: "the file that identifies the store is missing or damaged".into(),
        hint: Some("hallpass store repair".into()),
    };
    let mut bytes = Vec::new();
    File::open(data.join("identity"))
        .and_then(|file| file.take(IDENTITY as u64 + 1).read_to_end(&mut bytes))
        .map_err(|_| damaged())?;
    parse_identity(&bytes).map_err(|e| match e {
        Unidentified::Damaged => damaged(),
        Unidentified::Version(version) => StoreError::UnknownFormat { what: "store", version },
    })
}

/// Removes a directory with all that is in it; it is no error where none is.
pub(super) fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Makes the name of `path` durable.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync_dir(parent)
}

/// Syncs every file and directory below `dir`, and `dir`.
pub(super) fn sync_tree(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_dir(dir)
}

fn unreachable_dir(dir: &Path, source: io::Error) -> StoreError {
    StoreError::Unavailable {
        what: format!("cannot read the store in {}", dir.display()),
        hint: Some("check the permissions, or name another directory with --store; nothing was changed".into()),
        source: Some(source),
    }
}
