//! Commands of Django that have nothing to do here.

use clap::Args;

use super::django::{Common, Database};

/// A command without options of its own
#[derive(Args, Debug)]
pub struct Nothing {
    #[command(flatten)]
    pub(super) common: Common,
}

/// `createcachetable`
#[derive(Args, Debug)]
pub struct CacheTable {
    /// Accepted and not used
    table_name: Vec<String>,
    /// Prints nothing anyway
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    pub(super) common: Common,
}

/// `remove_stale_contenttypes`
#[derive(Args, Debug)]
pub struct StaleContentTypes {
    /// Never asks anyway
    #[arg(long = "noinput", alias = "no-input")]
    noinput: bool,
    #[command(flatten)]
    database: Database,
    /// There are no apps that are not installed
    #[arg(long)]
    include_stale_apps: bool,
    #[command(flatten)]
    pub(super) common: Common,
}
