//! `store`: what the store is like, and the services for it. They are the edge's to do, which alone has it open.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Consent, Context, Failure, Format, Reply, reply::FormatArgs};

/// Show what the store is like; check it, back it up, bring it back
#[derive(Args, Debug)]
pub struct Store {
    #[command(subcommand)]
    action: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show what the store is like
    Status(Show),
    /// Check that every row and index is as it must be
    Check(Show),
    /// Write all rows into a new file, while others go on
    Backup(File),
    /// Make a store from a backup, where there is none
    Restore(Restore),
    /// Make a store of what can still be read of a damaged one; the damaged data stay beside it
    Repair(Repair),
    /// Write the rows anew, so that the space that churn has left is free
    Compact(Compact),
}

#[derive(Args, Debug, Default)]
struct Show {
    #[command(flatten)]
    format: FormatArgs,
}

/// A file
#[derive(Args, Debug)]
struct File {
    /// The file
    file: PathBuf,
}

/// A backup to restore
#[derive(Args, Debug)]
struct Restore {
    /// The file
    file: PathBuf,
    /// Read the backup and say what would be made of it, and make nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    sure: Sure,
}

/// A repair
#[derive(Args, Debug)]
struct Repair {
    /// Read what can be read and say what would be brought back, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    sure: Sure,
}

/// A compaction
#[derive(Args, Debug)]
struct Compact {
    /// Say how much space the rows take, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Confirmation
#[derive(Args, Debug)]
struct Sure {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// A service for the store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Service {
    /// What it is like.
    Status,
    /// Whether every row and index is as it must be.
    Check,
    /// All rows into this file.
    Backup(PathBuf),
    /// A store from this file.
    Restore(PathBuf, Doing),
    /// A store of what can still be read.
    Repair(Doing),
    /// The rows anew.
    Compact(Doing),
}

/// Whether something is done, or only said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Doing {
    /// It is done.
    Done,
    /// What would be done is said, and nothing is changed.
    Said,
}

impl Store {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let name = context.store().to_owned();
        match self.action {
            None => context.serve(Service::Status, Format::People),
            Some(What::Status(show)) => context.serve(Service::Status, show.format.format()),
            Some(What::Check(show)) => context.serve(Service::Check, show.format.format()),
            Some(What::Backup(file)) => {
                let path = context.directory().join(&file.file);
                context.serve(Service::Backup(path), Format::People)
            }
            Some(What::Restore(restore)) if restore.dry_run => {
                let path = context.directory().join(&restore.file);
                context.serve(Service::Restore(path, Doing::Said), Format::People)
            }
            Some(What::Restore(restore)) => {
                let what = format!("make a store in {name} from {}", restore.file.display());
                context.confirm(&what, &name, Consent::from_flag(restore.sure.yes))?;
                let path = context.directory().join(&restore.file);
                context.serve(Service::Restore(path, Doing::Done), Format::People)
            }
            Some(What::Repair(repair)) if repair.dry_run => context.serve(Service::Repair(Doing::Said), Format::People),
            Some(What::Repair(repair)) => {
                let what = format!("make a store of what can still be read of {name}");
                context.confirm(&what, &name, Consent::from_flag(repair.sure.yes))?;
                context.serve(Service::Repair(Doing::Done), Format::People)
            }
            Some(What::Compact(compact)) if compact.dry_run => {
                context.serve(Service::Compact(Doing::Said), Format::People)
            }
            Some(What::Compact(_)) => {
                context.may_change()?;
                context.serve(Service::Compact(Doing::Done), Format::People)
            }
        }
    }
}
