//! Django's own commands, with Django's options, dialogue, output and exit status.

use clap::{Args, CommandFactory, Parser, Subcommand};

use super::{
    Context, Failure, Reply, changepassword, check, createsuperuser, diffsettings, drf_create_token, dumpdata, flush,
    loaddata, migrations, nothing,
};

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Django {
    /// Change a user's password for django.contrib.auth
    #[command(name = "changepassword")]
    ChangePassword(changepassword::ChangePassword),
    /// Check for potential problems
    Check(check::Check),
    /// Used to create a superuser
    #[command(name = "createsuperuser")]
    CreateSuperuser(createsuperuser::CreateSuperuser),
    /// Display differences between the current settings and Django's default settings
    #[command(name = "diffsettings")]
    DiffSettings(diffsettings::DiffSettings),
    /// Create DRF Token for a given user
    #[command(name = "drf_create_token")]
    DrfCreateToken(drf_create_token::DrfCreateToken),
    /// Output the contents of the store as a fixture
    #[command(name = "dumpdata")]
    DumpData(dumpdata::DumpData),
    /// Remove ALL DATA from the store
    Flush(flush::Flush),
    /// Install the named fixture(s) in the store
    #[command(name = "loaddata")]
    LoadData(loaddata::LoadData),
    /// Nothing to do here: says that there are no migrations to apply
    Migrate(migrations::Migrate),
    /// Nothing to do here: says that nothing changed
    #[command(name = "makemigrations")]
    MakeMigrations(migrations::MakeMigrations),
    /// Show all available migrations
    #[command(name = "showmigrations")]
    ShowMigrations(migrations::ShowMigrations),
    /// Print the SQL statements for the named migration
    #[command(name = "sqlmigrate")]
    SqlMigrate(migrations::SqlMigrate),
    /// Print the SQL statements that flush the database
    #[command(name = "sqlflush")]
    SqlFlush(migrations::SqlFlush),
    /// Nothing to do here: there is no cache
    #[command(name = "createcachetable")]
    CreateCacheTable(nothing::CacheTable),
    /// Nothing to do here: there are no sessions
    #[command(name = "clearsessions")]
    ClearSessions(nothing::Nothing),
    /// Nothing to do here: there are no stale content types
    #[command(name = "remove_stale_contenttypes")]
    RemoveStaleContentTypes(nothing::StaleContentTypes),
    /// Nothing to do here: there are no static files
    #[command(name = "collectstatic")]
    CollectStatic(nothing::CollectStatic),
    /// Nothing to do here: there are no static files
    #[command(name = "findstatic")]
    FindStatic(nothing::FindStatic),
    /// Nothing to do here: says that no optimizations are possible
    #[command(name = "optimizemigration")]
    OptimizeMigration(nothing::OptimizeMigration),
    /// Nothing to do here: there are no sequences, as on SQLite
    #[command(name = "sqlsequencereset")]
    SqlSequenceReset(nothing::SqlSequenceReset),
}

/// Options that every command of Django has
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Django's options")]
pub(super) struct Common {
    /// Show program's version number and exit
    #[arg(long)]
    pub version: bool,
    /// Verbosity level; 0=minimal output, 1=normal output, 2=verbose output, 3=very verbose output
    #[arg(short = 'v', long, default_value = "1", value_parser = ["0", "1", "2", "3"], value_name = "LEVEL", hide_possible_values = true)]
    pub verbosity: String,
    /// Accepted and not used: there are no settings
    #[arg(long, value_name = "SETTINGS")]
    pub settings: Option<String>,
    /// Accepted and not used: there is no Python path
    #[arg(long, value_name = "PYTHONPATH")]
    pub pythonpath: Option<String>,
    /// Say a refusal as Python's traceback does
    #[arg(long)]
    pub traceback: bool,
    /// Don't colorize the command output
    #[arg(long)]
    pub no_color: bool,
    /// Force colorization of the command output
    #[arg(long)]
    pub force_color: bool,
    /// Accepted and not used: checks cost nothing
    #[arg(long)]
    pub skip_checks: bool,
}

impl Common {
    /// 0 to 3.
    pub(super) fn verbosity(&self) -> u8 {
        self.verbosity.parse().unwrap_or(1)
    }

    /// What Django says before it does anything.
    pub(super) fn before(&self) -> Result<Option<Reply>, Failure> {
        if self.version {
            return Ok(Some(Reply::text(super::argparse::django_version())));
        }
        if self.no_color && self.force_color {
            return Err(Failure::command("The --no-color and --force-color options can't be used together."));
        }
        Ok(None)
    }
}

/// The option `--database`, which knows one database
#[derive(Args, Clone, Debug)]
pub(super) struct Database {
    /// There is one database
    #[arg(long, default_value = "default", value_parser = ["default"], hide_possible_values = true, value_name = "NAME")]
    pub database: String,
}

/// Only Django's commands, for their names.
#[derive(Parser)]
#[command(disable_help_subcommand = true)]
struct Only {
    #[command(subcommand)]
    _command: Django,
}

/// The names of Django's commands.
pub(super) fn names() -> Vec<String> {
    Only::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

impl Django {
    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Self::ChangePassword(command) => command.reason.text(),
            Self::CreateSuperuser(command) => command.reason.text(),
            Self::DrfCreateToken(command) => command.reason.text(),
            Self::Flush(command) => command.reason.text(),
            Self::LoadData(command) => command.reason.text(),
            Self::Check(_)
            | Self::DiffSettings(_)
            | Self::DumpData(_)
            | Self::Migrate(_)
            | Self::MakeMigrations(_)
            | Self::ShowMigrations(_)
            | Self::SqlMigrate(_)
            | Self::SqlFlush(_)
            | Self::CreateCacheTable(_)
            | Self::ClearSessions(_)
            | Self::RemoveStaleContentTypes(_)
            | Self::CollectStatic(_)
            | Self::FindStatic(_)
            | Self::OptimizeMigration(_)
            | Self::SqlSequenceReset(_) => None,
        }
    }

    fn common(&self) -> &Common {
        match self {
            Self::ChangePassword(command) => &command.common,
            Self::Check(command) => &command.common,
            Self::CreateSuperuser(command) => &command.common,
            Self::DiffSettings(command) => &command.common,
            Self::DrfCreateToken(command) => &command.common,
            Self::DumpData(command) => &command.common,
            Self::Flush(command) => &command.common,
            Self::LoadData(command) => &command.common,
            Self::Migrate(command) => &command.common,
            Self::MakeMigrations(command) => &command.common,
            Self::ShowMigrations(command) => &command.common,
            Self::SqlMigrate(command) => &command.common,
            Self::SqlFlush(command) => &command.common,
            Self::CreateCacheTable(command) => &command.common,
            Self::ClearSessions(command) => &command.common,
            Self::RemoveStaleContentTypes(command) => &command.common,
            Self::CollectStatic(command) => &command.common,
            Self::FindStatic(command) => &command.common,
            Self::OptimizeMigration(command) => &command.common,
            Self::SqlSequenceReset(command) => &command.common,
        }
    }

    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let traced = self.common().traceback;
        match self.answer(context) {
            // As the last line of a traceback says it.
            Err(Failure::Command { message, .. }) if traced => {
                Err(Failure::raised("django.core.management.base.CommandError", message))
            }
            done => done,
        }
    }

    fn answer(self, context: &mut Context) -> Result<Reply, Failure> {
        if let Some(reply) = self.common().before()? {
            return Ok(reply);
        }
        match self {
            Self::ChangePassword(command) => command.run(context),
            Self::Check(command) => command.run(),
            Self::CreateSuperuser(command) => command.run(context),
            Self::DiffSettings(command) => Ok(command.run(context)),
            Self::DrfCreateToken(command) => command.run(context),
            Self::DumpData(command) => command.run(context),
            Self::Flush(command) => command.run(context),
            Self::LoadData(command) => command.run(context),
            Self::Migrate(command) => command.run(context),
            Self::MakeMigrations(command) => command.run(),
            Self::ShowMigrations(command) => command.run(),
            Self::SqlMigrate(command) => command.run(),
            Self::SqlFlush(_) => Ok(Reply::text(migrations::sqlflush())),
            Self::CollectStatic(command) => Ok(command.run()),
            Self::FindStatic(command) => command.run(),
            Self::OptimizeMigration(command) => command.run(),
            Self::SqlSequenceReset(command) => command.run(),
            Self::CreateCacheTable(_) | Self::ClearSessions(_) | Self::RemoveStaleContentTypes(_) => {
                Ok(Reply::default())
            }
        }
    }
}
