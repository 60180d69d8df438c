//! What a script may not touch: the store, the keyring and the history, by whatever name it reaches them.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::host;

/// Lets `path` pass, or says why not.
///
/// # Errors
/// `EACCES` for what is guarded.
pub(super) fn check(path: &Path) -> io::Result<()> {
    let Some(host) = host::get() else { return Ok(()) };
    if is_guarded(path, &host.guarded) { Err(rustix::io::Errno::ACCESS.into()) } else { Ok(()) }
}

fn is_guarded(path: &Path, guarded: &[PathBuf]) -> bool {
    let real = resolve(path);
    // The memory of this process holds keys.
    if real.starts_with("/proc") && real.ends_with("mem") {
        return true;
    }
    let linked = std::fs::metadata(&real).ok().filter(|meta| meta.is_file() && meta.nlink() > 1);
    guarded.iter().any(|place| {
        let place = resolve(place);
        real.starts_with(&place) || linked.as_ref().is_some_and(|meta| holds(&place, (meta.dev(), meta.ino())))
    })
}

/// Whether the file `identity` is `place`, or lies in it, under another name.
fn holds(place: &Path, identity: (u64, u64)) -> bool {
    let is = |path: &Path| std::fs::metadata(path).is_ok_and(|meta| (meta.dev(), meta.ino()) == identity);
    if !place.is_dir() {
        return is(place);
    }
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| is(&entry.path()))
}

/// The path without links; of what is not there yet, the folder without links and the name.
fn resolve(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (absolute.parent(), absolute.file_name()) {
        (Some(folder), Some(name)) if folder != absolute => resolve(folder).join(name),
        _ => absolute,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guarded_is_guarded_by_every_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("store")).unwrap();
        std::fs::write(at("store/db"), "x").unwrap();
        std::fs::write(at("plain"), "x").unwrap();
        std::os::unix::fs::symlink(at("store"), at("link")).unwrap();
        std::fs::hard_link(at("store/db"), at("twin")).unwrap();
        let guarded = [at("store"), at("keyring")];
        for path in ["store", "store/db", "store/new", "store/../store/db", "link/db", "twin", "keyring"] {
            assert!(is_guarded(&at(path), &guarded), "{path}");
        }
        for path in ["plain", "other", "storehouse", "store/../plain"] {
            assert!(!is_guarded(&at(path), &guarded), "{path}");
        }
        assert!(is_guarded(Path::new("/proc/self/mem"), &guarded));
    }
}
