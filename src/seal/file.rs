//! The keyring as a file: TOML, mode 0600, never written in place.

use std::{
    fmt, fs,
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{KeyringError, Numbered, Secret, StoreKeys};
use crate::domain::{from_hex, to_hex};

/// The file as it stands: TOML.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    version: u32,
    #[serde(default, rename = "store")]
    stores: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    id: String,
    digest_keys: Vec<Line>,
    seal_keys: Vec<Line>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({}, ..)", self.id)
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    number: u32,
    secret: String,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

const VERSION: u32 = 1;
const HEADER: &str = "# The keyring of hallpass: the secrets without which the keys in a store cannot be read.\n\
                      # Keep a copy of it apart from the stores. Never edit it while hallpass runs.\n\n";

impl File {
    /// The secrets of a store; an error says what is wrong with its entry.
    pub(super) fn find(&self, store: [u8; 16]) -> Option<Result<StoreKeys, String>> {
        let id = to_hex(&store);
        let entry = self.stores.iter().find(|entry| entry.id == id)?;
        let parse = |lines: &[Line], kind: &str| {
            let keys: Option<Vec<_>> = lines.iter().map(numbered).collect();
            keys.filter(|keys| !keys.is_empty()).ok_or_else(|| format!("the {kind} keys of store {id}"))
        };
        let keys = parse(&entry.digest_keys, "digest")
            .and_then(|digest_keys| Ok(StoreKeys { store, digest_keys, seal_keys: parse(&entry.seal_keys, "seal")? }));
        Some(keys)
    }
}

fn lines(keys: &[Numbered]) -> Vec<Line> {
    keys.iter().map(|key| Line { number: key.number, secret: to_hex(&*key.secret.0) }).collect()
}

fn numbered(line: &Line) -> Option<Numbered> {
    Some(Numbered { number: line.number, secret: Secret(from_hex(&line.secret)?) })
}

/// Reads the file, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<File>, KeyringError> {
    let failed = |source| KeyringError::Io { path: path.into(), source };
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let facts = file.metadata().map_err(failed)?;
    let mode = facts.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyringError::Mode { path: path.into(), mode });
    }
    // root may read everybody's keyring: it runs the shell beside a server of another user.
    let me = rustix::process::geteuid().as_raw();
    if facts.uid() != me && me != 0 {
        return Err(KeyringError::Owner { path: path.into(), uid: facts.uid() });
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(failed)?;
    let malformed = |what| KeyringError::Malformed { path: path.into(), what };
    let parsed: File = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        malformed(format!("line {line}"))
    })?;
    if parsed.version != VERSION {
        return Err(malformed(format!("it has version {}, which this program does not know", parsed.version)));
    }
    Ok(Some(parsed))
}

/// Replaces the entry of a store by what `amend` makes of the present one, under the lock of the file. `None` from
/// `amend` leaves the file as it is.
pub(super) fn amend(
    path: &Path,
    store: [u8; 16],
    amend: impl FnOnce(Option<StoreKeys>) -> Result<Option<StoreKeys>, KeyringError>,
) -> Result<(), KeyringError> {
    let failed = |source| KeyringError::Io { path: path.into(), source };
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    let lock = options.open(with_suffix(path, ".lock")).map_err(failed)?;
    lock.lock().map_err(failed)?;

    let mut file = read(path)?.unwrap_or(File { version: VERSION, stores: Vec::new() });
    let present = file.find(store).transpose().map_err(|what| KeyringError::Malformed { path: path.into(), what })?;
    let Some(keys) = amend(present)? else { return Ok(()) };
    let id = to_hex(&store);
    file.stores.retain(|entry| entry.id != id);
    file.stores.push(Entry { id, digest_keys: lines(&keys.digest_keys), seal_keys: lines(&keys.seal_keys) });
    replace(path, directory, &file).map_err(failed)
}

/// Writes the whole file anew beside the old one and renames it into place, durably.
fn replace(path: &Path, directory: &Path, file: &File) -> io::Result<()> {
    let body = Zeroizing::new(toml::to_string(file).expect("numbers and hexadecimal text have a form in TOML"));
    let beside = with_suffix(path, ".new");
    let mut out = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
    out.set_permissions(fs::Permissions::from_mode(0o600))?;
    out.write_all(HEADER.as_bytes())?;
    out.write_all(body.as_bytes())?;
    out.sync_all()?;
    fs::rename(&beside, path)?;
    fs::File::open(directory)?.sync_all()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
