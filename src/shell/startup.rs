//! `rc.py`: the script that runs before the first prompt of a terminal. One that others could have written is refused.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::python::engine::Engine;

use super::terminal;

/// Runs the script at `path`, if there is one. Whatever is wrong with it is said, and the session goes on.
pub(super) fn run(engine: &Engine, path: &Path) {
    let source = match read(path) {
        Ok(source) => source,
        Err(Trouble::None) => return,
        Err(Trouble::Writable(what)) => {
            let shown = what.display();
            terminal::say(&format!("error: {} was not run: others can write {shown}", path.display()));
            return terminal::say(&format!(" hint: chmod go-w {shown}"));
        }
        Err(Trouble::NotOurs(what)) => {
            let shown = what.display();
            return terminal::say(&format!("error: {} was not run: {shown} belongs to somebody else", path.display()));
        }
        Err(Trouble::Unreadable(error)) => {
            return terminal::say(&format!("error: {} was not run: {error}", path.display()));
        }
    };
    engine.run_startup(&source, &path.display().to_string());
}

enum Trouble<'a> {
    /// There is no such file.
    None,
    Writable(&'a Path),
    NotOurs(&'a Path),
    Unreadable(io::Error),
}

fn read(path: &Path) -> Result<String, Trouble<'_>> {
    let user = rustix::process::geteuid().as_raw();
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Trouble::None,
        _ => Trouble::Unreadable(error),
    };
    // What is run is what was looked at, whatever the name means by then.
    let file = fs::File::open(path).map_err(unreadable)?;
    let of_file = file.metadata().map_err(unreadable)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let of_folder = fs::metadata(folder).map_err(unreadable)?;
    for (what, about) in [(path, &of_file), (folder, &of_folder)] {
        if about.uid() != user && about.uid() != 0 {
            return Err(Trouble::NotOurs(what));
        }
        if about.mode() & 0o022 != 0 {
            return Err(Trouble::Writable(what));
        }
    }
    io::read_to_string(file).map_err(unreadable)
}
