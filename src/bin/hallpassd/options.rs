//! What `hallpassd` is told on its command line. The other program reads it too, for the man page.

use clap::{CommandFactory, Parser, Subcommand};
use hallpass::{config::Globals, http::Listen};

/// Authenticates `Authorization: Token <key>` as Django REST Framework does.
#[derive(Clone, Debug, Parser)]
#[command(name = "hallpassd", version, about)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) globals: Globals,
    /// Where requests are taken, may stand several times: 127.0.0.1:10000, an IPv6 address in brackets, unix:/path [env:
    /// HALLPASS_LISTEN]
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) listen: Vec<Listen>,
    /// Serve plain text beyond this machine though no proxy is named [env: HALLPASS_INSECURE]
    #[arg(long, global = true)]
    pub(crate) insecure: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Do>,
}

/// What it does instead of serving.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Do {
    /// Says whether the configuration is one, and does nothing else.
    Check,
}

/// What help and the man page are made from.
pub(crate) fn declaration() -> clap::Command {
    Args::command()
}
