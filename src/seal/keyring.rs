//! The keyring: one file outside the stores, one entry for each store.
//!
//! It is written only when a store is made or its secrets are renewed: a new file beside it, synced and renamed into
//! place, under a lock, so that no reader ever sees half of it and two writers lose nothing of each other.

use std::{
    error::Error,
    fmt, fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{Numbered, Secret, StoreKeys};
use crate::domain::{Entropy, from_hex, to_hex};

/// The keyring cannot be used. Nothing was changed.
#[derive(Debug)]
pub enum KeyringError {
    /// There is no file.
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file has no entry for this store.
    NoEntry {
        /// The file.
        path: PathBuf,
        /// The store, in hexadecimal.
        store: String,
    },
    /// Others than its owner may read or write it.
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It belongs to another user.
    Owner {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        uid: u32,
    },
    /// It is no keyring.
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it is wrong. Never what stands there.
        what: String,
    },
    /// It could not be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl KeyringError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { .. } | Self::NoEntry { .. } => {
                "the keys of this store cannot be read without the keyring it was made with: name it with --keyring, or \
                 bring it back from a backup"
                    .into()
            }
            Self::Mode { path, .. } => format!("chmod 600 {}", path.display()),
            Self::Owner { .. } => "run hallpass as that user, or name another file with --keyring".into(),
            Self::Malformed { .. } => "bring the file back from a backup".into(),
            Self::Io { .. } => "name another file with --keyring, or make this one readable".into(),
        }
    }
}

impl fmt::Display for KeyringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { path } => write!(f, "there is no keyring at {}", path.display()),
            Self::NoEntry { path, store } => write!(f, "the keyring {} has no entry for store {store}", path.display()),
            Self::Mode { path, mode } => {
                write!(f, "others may use the keyring {}: its mode is {mode:o}", path.display())
            }
            Self::Owner { path, uid } => write!(f, "the keyring {} belongs to user {uid}", path.display()),
            Self::Malformed { path, what } => write!(f, "{} is no keyring: {what}", path.display()),
            Self::Io { path, .. } => write!(f, "could not use the keyring {}", path.display()),
        }
    }
}

impl Error for KeyringError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Whether the store has anything in it already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Age {
    /// Nothing was ever written to it: its secrets are drawn now, unless they stand in the keyring already.
    New,
    /// It has records, sealed under secrets that must be in the keyring.
    InUse,
}

/// The secrets of `store`, from the keyring at `path`. For a new store they are drawn and the file is written (and
/// made, with its directory), durably.
///
/// # Errors
/// See [`KeyringError`]; a missing entry is refused for a store in use.
pub fn obtain(path: &Path, store: [u8; 16], age: Age, entropy: &dyn Entropy) -> Result<StoreKeys, KeyringError> {
    let found = read(path)?;
    if let Some(keys) = found.as_ref().and_then(|file| file.find(store)) {
        return keys.map_err(|what| KeyringError::Malformed { path: path.into(), what });
    }
    match (age, found) {
        (Age::New, _) => add(path, store, entropy),
        (Age::InUse, None) => Err(KeyringError::Missing { path: path.into() }),
        (Age::InUse, Some(_)) => Err(KeyringError::NoEntry { path: path.into(), store: to_hex(&store) }),
    }
}

/// The file as it stands: TOML.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default, rename = "store")]
    stores: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
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
    fn find(&self, store: [u8; 16]) -> Option<Result<StoreKeys, String>> {
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

fn numbered(line: &Line) -> Option<Numbered> {
    Some(Numbered { number: line.number, secret: Secret(from_hex(&line.secret)?) })
}

fn read(path: &Path) -> Result<Option<File>, KeyringError> {
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
    io::Read::read_to_string(&mut file, &mut text).map_err(failed)?;
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

/// Draws the secrets of `store` and adds them to the file, unless another process was faster.
fn add(path: &Path, store: [u8; 16], entropy: &dyn Entropy) -> Result<StoreKeys, KeyringError> {
    let failed = |source| KeyringError::Io { path: path.into(), source };
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    let lock = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(with_suffix(path, ".lock"))
        .map_err(failed)?;
    lock.lock().map_err(failed)?;

    let mut file = read(path)?.unwrap_or(File { version: VERSION, stores: Vec::new() });
    if let Some(keys) = file.find(store) {
        return keys.map_err(|what| KeyringError::Malformed { path: path.into(), what });
    }
    let keys = StoreKeys::generate(store, entropy);
    let lines = |keys: &[Numbered]| {
        keys.iter().map(|k| Line { number: k.number, secret: to_hex(&*k.secret.0) }).collect::<Vec<_>>()
    };
    file.stores.push(Entry {
        id: to_hex(&store),
        digest_keys: lines(&keys.digest_keys),
        seal_keys: lines(&keys.seal_keys),
    });
    replace(path, directory, &file).map_err(failed)?;
    Ok(keys)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Key, seal::tests::Counting};

    const STORE: [u8; 16] = [3; 16];

    fn obtain_in(path: &Path, age: Age) -> Result<StoreKeys, KeyringError> {
        obtain(path, STORE, age, &Counting::default())
    }

    #[test]
    fn a_new_store_gets_an_entry_that_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/keyring");
        let key = Key::from_text("k".into());
        let digest = obtain_in(&path, Age::New).unwrap().digest(&key);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(obtain_in(&path, Age::InUse).unwrap().digest(&key), digest);
        let other = obtain(&path, [4; 16], Age::New, &Counting::default()).unwrap();
        assert_eq!(obtain_in(&path, Age::InUse).unwrap().digest(&key), digest, "the first entry stays");
        assert_eq!(other.digest(&key), digest, "the test's entropy is the same for both");
    }

    #[test]
    fn a_store_in_use_without_its_entry_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring");
        assert!(matches!(obtain_in(&path, Age::InUse), Err(KeyringError::Missing { .. })));
        obtain(&path, [4; 16], Age::New, &Counting::default()).unwrap();
        assert!(matches!(obtain_in(&path, Age::InUse), Err(KeyringError::NoEntry { .. })));
    }

    #[test]
    fn a_keyring_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring");
        obtain_in(&path, Age::New).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = obtain_in(&path, Age::InUse).expect_err("group may read");
        assert!(matches!(error, KeyringError::Mode { mode: 0o640, .. }), "{error}");
        assert!(error.hint().starts_with("chmod 600 "));
    }

    #[test]
    fn a_malformed_keyring_is_refused_without_showing_a_secret() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring");
        obtain_in(&path, Age::New).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let secret = text.split('"').find(|part| part.len() == 64).unwrap().to_owned();
        for broken in [text.replace("version = 1", "version = 9"), text.replace(&secret, &secret[1..]), text + "?"] {
            fs::write(&path, broken).unwrap();
            let error = obtain_in(&path, Age::InUse).expect_err("no keyring");
            assert!(matches!(error, KeyringError::Malformed { .. }), "{error}");
            assert!(!error.to_string().contains(&secret[1..]));
        }
    }
}
