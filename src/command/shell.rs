//! The options of `shell`: what it is belongs to the edge.

use clap::Args;

use super::{Failure, Reply, django::Common};

/// Open the admin shell: Python with Django's names, and these commands beside it
#[derive(Args, Debug)]
pub struct Shell {
    /// Run this instead of an interactive shell, and exit
    #[arg(short, long, value_name = "CODE", allow_hyphen_values = true, overrides_with = "command")]
    pub command: Option<String>,
    /// Refuse every change
    #[arg(long)]
    read_only: bool,
    /// Work on a copy of the store in memory, which is thrown away at the end
    #[arg(long, conflicts_with = "read_only")]
    sandbox: bool,
    /// Do not import models at the start; they are there all the same
    #[arg(long)]
    pub no_imports: bool,
    /// Do not run the startup file
    #[arg(long)]
    pub no_startup: bool,
    /// Accepted and not used: there is one interface
    #[arg(short, long, value_parser = ["ipython", "bpython", "python"], value_name = "INTERFACE", hide_possible_values = true)]
    pub interface: Option<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

/// What a shell may do to the store.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// Everything.
    #[default]
    Full,
    /// Read.
    ReadOnly,
    /// Everything, to a copy in memory.
    Sandbox,
}

impl Mode {
    /// The word for it in prompts and banners.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Full => None,
            Self::ReadOnly => Some("read-only"),
            Self::Sandbox => Some("sandbox"),
        }
    }
}

impl Shell {
    /// What it may do to the store.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match (self.read_only, self.sandbox) {
            (true, _) => Mode::ReadOnly,
            (false, true) => Mode::Sandbox,
            (false, false) => Mode::Full,
        }
    }

    /// 0 to 3.
    #[must_use]
    pub fn verbosity(&self) -> u8 {
        self.common.verbosity()
    }

    /// Whether no shell is opened: the version is asked for, or its options exclude each other.
    #[must_use]
    pub fn stays_closed(&self) -> bool {
        !matches!(self.common.before(), Ok(None))
    }

    /// Whether a `CommandError` is shown with its traceback.
    #[must_use]
    pub fn traceback(&self) -> bool {
        self.common.traceback
    }

    /// At the prompt there is one already.
    pub(super) fn run(self) -> Result<Reply, Failure> {
        if let Some(version) = self.common.before()? {
            return Ok(version);
        }
        Err(Failure::refused("this is the shell"))
    }
}
