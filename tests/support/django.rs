//! The real Django and DRF, installed from PyPI for the tests that move data to and from it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::process::{self, Output, Stdin};
use super::{TestEnv, skip};

/// What is installed, beside what it brings.
const PACKAGES: [&str; 4] = ["Django==5.2.19", "djangorestframework==3.18.3", "argon2-cffi==25.1.0", "bcrypt==5.0.0"];

/// The interpreter that has Django; `None`, and a word about it, where it cannot be had.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("django");
        let python = venv.join("bin/python");
        let ready = |python: &Path| {
            let mut check = Command::new(python);
            check
                .args(["-c", "import django, rest_framework, argon2, bcrypt; assert django.VERSION[:3] == (5, 2, 19)"]);
            process::run(check, Stdin::Null).code == 0
        };
        if !ready(&python) {
            let mut make = Command::new("python3");
            make.args(["-m", "venv", "--clear"]).arg(&venv);
            let _what_failed_shows_below = process::run(make, Stdin::Null);
            let mut install = Command::new(venv.join("bin/pip"));
            install.args(["install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES);
            let _what_failed_shows_below = process::run(install, Stdin::Null);
        }
        ready(&python).then_some(python)
    });
    if python.is_none() {
        skip("Django cannot be installed from PyPI");
    }
    python.as_deref()
}

/// A Django project with a database of its own.
pub struct Django {
    env: TestEnv,
    python: &'static Path,
}

impl Django {
    /// A project whose database is migrated and empty; `None` where Django cannot be had.
    #[track_caller]
    #[must_use]
    pub fn new() -> Option<Self> {
        let mut env = TestEnv::new();
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/reference");
        env.set("PYTHONPATH", project.to_str().expect("the project lies in a plain folder"));
        env.set("PYTHONDONTWRITEBYTECODE", "1");
        env.set("DJANGO_SETTINGS_MODULE", "reference_project.settings");
        let database = env.root().join("db.sqlite3");
        env.set("REFERENCE_DATABASE", database.to_str().expect("temporary folders have plain names"));
        let django = Self { env, python: python()? };
        django.manage(&["migrate", "-v", "0"]).success();
        Some(django)
    }

    /// Runs `manage.py` with nothing on its standard input.
    pub fn manage<S: AsRef<OsStr>>(&self, args: &[S]) -> Output {
        process::run(self.command(args), Stdin::Null)
    }

    /// Runs `manage.py` with `stdin` on a pipe.
    pub fn manage_with<S: AsRef<OsStr>>(&self, args: &[S], stdin: &str) -> Output {
        process::run(self.command(args), Stdin::Bytes(stdin.as_bytes()))
    }

    /// Where it lies: what is written into its working folder can be imported.
    #[must_use]
    pub fn env(&self) -> &TestEnv {
        &self.env
    }

    /// The interpreter that has Django.
    #[must_use]
    pub fn interpreter(&self) -> &Path {
        self.python
    }

    fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(self.python);
        command.args(["-m", "django"]).args(args).env_clear().envs(self.env.variables()).current_dir(self.env.work());
        command
    }
}
