//! Commands of Django that have nothing to do here.

use clap::Args;

use super::{
    Failure, Note, Reply, argparse,
    check::{APPS, no_app},
    django::{Common, Database},
    migrations,
};

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

/// Prints the SQL statements for resetting sequences for the given app name(s): as on SQLite there are none
#[derive(Args, Debug)]
pub struct SqlSequenceReset {
    /// One or more application labels
    app_label: Vec<String>,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    pub(super) common: Common,
}

impl SqlSequenceReset {
    pub(super) fn run(self) -> Result<Reply, Failure> {
        if self.app_label.is_empty() {
            return Err(argparse::usage("sqlsequencereset", "Enter at least one application label."));
        }
        if let Some(unknown) = self.app_label.iter().find(|label| !APPS.contains(&label.as_str())) {
            let text = format!("{}. Are you sure your INSTALLED_APPS setting is correct?", no_app(unknown));
            return Err(Failure::command(text));
        }
        // Of an app without models Django says nothing.
        let with_models = |label: &&String| !["messages", "staticfiles", "rest_framework"].contains(&label.as_str());
        let loud = self.common.verbosity() >= 1;
        let notes = self.app_label.iter().filter(|label| loud && with_models(label));
        Ok(Reply { notes: notes.map(|_| Note::Text("No sequences found.\n".into())).collect(), ..Reply::default() })
    }
}

/// Optimizes the operations for the named migration: what can be optimized is Django's own to do
#[derive(Args, Debug)]
pub struct OptimizeMigration {
    /// App label of the application to optimize the migration for
    app_label: String,
    /// Migration name to optimize the operations for
    migration_name: String,
    /// Exit with a non-zero status if the migration can be optimized
    #[arg(long = "check")]
    check_only: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

impl OptimizeMigration {
    pub(super) fn run(self) -> Result<Reply, Failure> {
        let name = migrations::one_of(&self.app_label, &self.migration_name, ".")?;
        let loud = self.common.verbosity() >= 1;
        let said = |text: &str| if loud { Reply::text(text) } else { Reply::default() };
        // The one of these apps' migrations in which Django's optimizer finds something.
        if (self.app_label.as_str(), name) != ("contenttypes", "0001_initial") {
            return Ok(said("No optimizations possible.\n"));
        }
        if !self.check_only {
            return Err(Failure::refused("there are no migration files here to write an optimized one beside"));
        }
        Ok(Reply { status: 1, ..said("Optimizing from 2 operations to 1 operations.\n") })
    }
}

/// Finds the absolute paths for the given static file(s): there are none
#[derive(Args, Debug)]
pub struct FindStatic {
    /// Static files
    staticfile: Vec<String>,
    /// Only return the first match for each static file
    #[arg(long)]
    first: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

impl FindStatic {
    pub(super) fn run(self) -> Result<Reply, Failure> {
        if self.staticfile.is_empty() {
            return Err(argparse::usage("findstatic", "Enter at least one staticfile."));
        }
        let files = self.staticfile.iter().filter(|_| self.common.verbosity() >= 1);
        let line = |file: &String| Note::Text(format!("No matching file found for '{file}'.\n"));
        Ok(Reply { notes: files.map(line).collect(), ..Reply::default() })
    }
}

/// Collect static files in a single location: there are none
#[derive(Args, Debug)]
pub struct CollectStatic {
    /// Never asks anyway
    #[arg(long = "noinput", alias = "no-input")]
    noinput: bool,
    /// There are no files to post process
    #[arg(long)]
    no_post_process: bool,
    /// There are no files to ignore
    #[arg(short, long, value_name = "PATTERN")]
    ignore: Vec<String>,
    /// Changes nothing anyway
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// There are no files to clear
    #[arg(short, long)]
    clear: bool,
    /// There are no files to link
    #[arg(short, long)]
    link: bool,
    /// There are no files to ignore
    #[arg(long)]
    no_default_ignore: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

impl CollectStatic {
    pub(super) fn run(self) -> Reply {
        match self.common.verbosity() {
            0 => Reply::default(),
            _ => Reply::text("\n0 static files copied.\n"),
        }
    }
}
