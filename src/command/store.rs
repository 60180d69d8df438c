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
    Repair(Sure),
    /// Write the rows anew, so that the space that churn has left is free
    Compact,
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
    Restore(PathBuf),
    /// What a store from this file would hold.
    Look(PathBuf),
    /// A store of what can still be read.
    Repair,
    /// The rows anew.
    Compact,
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
                context.serve(Service::Look(context.directory().join(&restore.file)), Format::People)
            }
            Some(What::Restore(restore)) => {
                let what = format!("make a store in {name} from {}", restore.file.display());
                context.confirm(&what, &name, Consent::from_flag(restore.sure.yes))?;
                let path = context.directory().join(&restore.file);
                context.serve(Service::Restore(path), Format::People)
            }
            Some(What::Repair(sure)) => {
                let what = format!("make a store of what can still be read of {name}");
                context.confirm(&what, &name, Consent::from_flag(sure.yes))?;
                context.serve(Service::Repair, Format::People)
            }
            Some(What::Compact) => {
                context.may_change()?;
                context.serve(Service::Compact, Format::People)
            }
        }
    }
}
