//! The hermetic place a test runs in: its own home, store, keyring and working folder, an empty environment, a fixed
//! width, no colour. Two tests never share anything, so all run side by side.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::process::{self, Output, Stdin};
use super::server::Server;
use super::terminal::Terminal;

/// One of our two programs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Program {
    /// The admin.
    Hallpass,
    /// The endpoint server.
    Hallpassd,
}

impl Program {
    /// Where it is: what cargo built, or a file of that name in the folder `HALLPASS_PROGRAMS` names (the way the
    /// judge is itself judged: by a wrapper around the real Django).
    #[must_use]
    pub fn path(self) -> PathBuf {
        let (name, built) = match self {
            Self::Hallpass => ("hallpass", env!("CARGO_BIN_EXE_hallpass")),
            Self::Hallpassd => ("hallpassd", env!("CARGO_BIN_EXE_hallpassd")),
        };
        std::env::var_os("HALLPASS_PROGRAMS")
            .map_or_else(|| PathBuf::from(built), |folder| Path::new(&folder).join(name))
    }
}

/// The place.
pub struct TestEnv {
    root: TempDir,
    extra: Vec<(String, String)>,
}

impl TestEnv {
    /// A new one, with nothing in it but an empty home and an empty working folder.
    #[must_use]
    pub fn new() -> Self {
        let root =
            tempfile::Builder::new().prefix("hallpass-test-").tempdir().expect("the temporary folder is writable");
        for name in ["home", "work", "tmp"] {
            fs::create_dir(root.path().join(name)).expect("the folder is new and ours");
        }
        Self { root, extra: Vec::new() }
    }

    /// Everything of the test lies in here.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The working folder of the programs.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// The home of whoever runs the programs.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The store's directory.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.root().join("store")
    }

    /// The keyring's file.
    #[must_use]
    pub fn keyring(&self) -> PathBuf {
        self.root().join("keyring")
    }

    /// Adds a variable to the environment of every program that is started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.extra.push((name.to_owned(), value.to_owned()));
    }

    /// Writes a file below the working folder.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.work().join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("the working folder is ours");
        }
        fs::write(&path, content).expect("the working folder is ours");
        path
    }

    /// The environment of the programs: nothing of the person who runs the tests.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let text = |path: PathBuf| path.to_str().expect("temporary folders have plain names").to_owned();
        let mut all: Vec<(String, String)> = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("HOME", text(self.home())),
            ("TMPDIR", text(self.root().join("tmp"))),
            ("XDG_CONFIG_HOME", text(self.home().join(".config"))),
            ("XDG_DATA_HOME", text(self.home().join(".local/share"))),
            ("XDG_STATE_HOME", text(self.home().join(".local/state"))),
            ("LANG", "C.UTF-8".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
            ("TERM", "dumb".to_owned()),
            ("COLUMNS", "100".to_owned()),
            ("USER", "ops".to_owned()),
            ("LOGNAME", "ops".to_owned()),
            ("HALLPASS_STORE", text(self.store())),
            ("HALLPASS_KEYRING", text(self.keyring())),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        all.extend(self.extra.iter().cloned());
        all
    }

    /// A command that runs `program` in this place.
    pub fn command<S: AsRef<OsStr>>(&self, program: Program, args: &[S]) -> Command {
        let mut command = Command::new(program.path());
        command.args(args).env_clear().envs(self.variables()).current_dir(self.work());
        command
    }

    /// Runs `hallpass` with nothing on its standard input.
    pub fn hallpass<S: AsRef<OsStr>>(&self, args: &[S]) -> Output {
        process::run(self.command(Program::Hallpass, args), Stdin::Null)
    }

    /// Runs `hallpass` with `stdin` on a pipe.
    pub fn hallpass_with<S: AsRef<OsStr>>(&self, args: &[S], stdin: &str) -> Output {
        process::run(self.command(Program::Hallpass, args), Stdin::Bytes(stdin.as_bytes()))
    }

    /// Runs `code` as `hallpass shell -c` does.
    pub fn python(&self, code: &str) -> Output {
        self.hallpass(&["shell", "-v", "0", "-c", code])
    }

    /// Starts `hallpassd` on a free port and returns when it accepts connections.
    #[track_caller]
    #[must_use]
    pub fn server(&self) -> Server {
        self.server_with::<&str>(&[])
    }

    /// The same, with more arguments.
    #[track_caller]
    #[must_use]
    pub fn server_with<S: AsRef<OsStr>>(&self, args: &[S]) -> Server {
        let mut all = process::words(&["--listen", "127.0.0.1:0"]);
        all.extend(process::words(args));
        Server::start(self.command(Program::Hallpassd, &all)).expect("the server comes up")
    }

    /// Starts `hallpass` on a pseudo-terminal that can do what terminals do.
    #[track_caller]
    #[must_use]
    pub fn terminal<S: AsRef<OsStr>>(&self, args: &[S]) -> Terminal {
        self.terminal_named("xterm", args)
    }

    /// The same on one that can do nothing: there, what is typed ahead of a prompt is kept.
    #[track_caller]
    #[must_use]
    pub fn plain_terminal<S: AsRef<OsStr>>(&self, args: &[S]) -> Terminal {
        self.terminal_named("dumb", args)
    }

    #[track_caller]
    fn terminal_named<S: AsRef<OsStr>>(&self, term: &str, args: &[S]) -> Terminal {
        let mut variables = self.variables();
        variables.push(("TERM".to_owned(), term.to_owned()));
        Terminal::start(Program::Hallpass.path(), args, &variables, &self.work(), terminal_size())
            .expect("a pseudo-terminal can be had")
    }
}

impl Default for TestEnv {
    fn default() -> Self {
        Self::new()
    }
}

/// Rows and columns of a test's terminal unless it says otherwise: so many rows that nothing scrolls away.
#[must_use]
pub const fn terminal_size() -> (u16, u16) {
    (200, 120)
}
