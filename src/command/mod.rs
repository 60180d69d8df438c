//! One file for each command: its arguments and what it does. Commands compute a [`Reply`]; printing is the edge's. One
//! declaration serves arguments of the program, lines at the prompt, lines in a pipe and `call_command`.

mod about;
mod argparse;
mod audit;
mod changepassword;
mod check;
mod chosen;
mod compression;
mod context;
mod createsuperuser;
mod diffsettings;
mod django;
mod drf_create_token;
mod dumpdata;
mod elsewhere;
mod failure;
mod flush;
mod groups;
mod help;
mod inspect;
mod key;
mod keyring;
mod labels;
mod loaddata;
mod manual;
mod migrations;
mod nothing;
mod pace;
mod passwords;
mod purge;
mod reason;
mod regenerate;
mod reply;
mod revoke;
mod shell;
mod store;
mod token;
mod tokens;
mod user;
mod users;
mod what;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use context::{Answer, Consent, Context, Env, Meter, Opener, Person, Serve, SharedSession, Surroundings, Turn};
pub use failure::{Failure, Style};
pub use pace::Pace;
pub use reply::{Block, Cell, Data, Format, Note, Reply, Sheet, Table};
pub use shell::{Mode, Shell};
pub use store::{Doing, Service};

/// The version of Django that we answer as.
pub const DJANGO: &str = "5.2.19";

/// Every command but the shell itself.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the users
    Users(users::Users),
    /// List the tokens
    Tokens(tokens::Tokens),
    /// List the groups
    Groups(groups::Groups),
    /// Make, change or delete a user
    #[command(subcommand)]
    User(user::User),
    /// Make a token
    #[command(subcommand)]
    Token(token::Token),
    /// Show a token's key
    Key(key::Key),
    /// Show everything about a user or a token, but no key
    Inspect(inspect::Inspect),
    /// Give a token a new key
    Regenerate(regenerate::Regenerate),
    /// Revoke tokens, for good
    Revoke(revoke::Revoke),
    /// Remove tokens that were revoked long ago
    Purge(purge::Purge),
    /// Show the audit trail
    Audit(audit::Audit),
    /// Show how the store stands to its keyring, or renew its secrets
    Keyring(keyring::Keyring),
    /// Show what the store is like; check it, back it up, bring it back
    Store(store::Store),
    /// Open the admin shell
    Shell(shell::Shell),
    /// Say what this program is and which store it works on
    About(about::About),
    /// Say the version
    Version(about::Version),
    /// Print what completes this program's words in a shell
    Completions(manual::Completions),
    /// Print this program's man page, or write all pages into a directory
    Man(manual::Man),
    /// Explain the commands
    Help(help::Help),
    /// Django's own commands
    #[command(flatten)]
    Django(django::Django),
    /// Those of Django's that are not here
    #[command(flatten)]
    Elsewhere(elsewhere::Elsewhere),
}

/// A line at the prompt: a command without the name of the program.
#[derive(Debug, Parser)]
#[command(name = "hallpass", no_binary_name = true, disable_help_subcommand = true, infer_long_args = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Where it was refused or failed; nothing was changed then, unless the failure says otherwise.
    pub fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let Some(reason) = self.reason().map(str::to_owned) else { return self.work(context) };
        context.session()?.borrow_mut().set_reason(Some(reason));
        let done = self.work(context);
        context.session()?.borrow_mut().set_reason(None);
        done
    }

    /// What is to be kept in the audit trail of what the command changes.
    fn reason(&self) -> Option<&str> {
        match self {
            Self::User(command) => command.reason(),
            Self::Token(command) => command.reason(),
            Self::Regenerate(command) => command.reason.text(),
            Self::Revoke(command) => command.reason.text(),
            Self::Purge(command) => command.reason.text(),
            Self::Keyring(command) => command.reason(),
            Self::Django(command) => command.reason(),
            Self::Users(_)
            | Self::Tokens(_)
            | Self::Groups(_)
            | Self::Key(_)
            | Self::Inspect(_)
            | Self::Audit(_)
            | Self::Store(_)
            | Self::Shell(_)
            | Self::About(_)
            | Self::Version(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Help(_)
            | Self::Elsewhere(_) => None,
        }
    }

    fn work(self, context: &mut Context) -> Result<Reply, Failure> {
        match self {
            Self::Users(command) => command.run(context),
            Self::Tokens(command) => command.run(context),
            Self::Groups(command) => command.run(context),
            Self::User(command) => command.run(context),
            Self::Token(command) => command.run(context),
            Self::Key(command) => command.run(context),
            Self::Inspect(command) => command.run(context),
            Self::Regenerate(command) => command.run(context),
            Self::Revoke(command) => command.run(context),
            Self::Purge(command) => command.run(context),
            Self::Audit(command) => command.run(context),
            Self::Keyring(command) => command.run(context),
            Self::Store(command) => command.run(context),
            Self::Shell(command) => command.run(),
            Self::About(command) => command.run(context),
            Self::Version(command) => Ok(command.run()),
            Self::Completions(command) => command.run(context),
            Self::Man(command) => command.run(context),
            Self::Help(command) => command.run(),
            Self::Django(command) => command.run(context),
            Self::Elsewhere(command) => Err(command.refusal()),
        }
    }
}

/// The declaration of all commands: what help, completion and the man page are made from.
#[must_use]
pub fn declaration() -> clap::Command {
    Line::command()
}

/// The names of all commands, in the order of the declaration.
#[must_use]
pub fn names() -> Vec<String> {
    let declaration = declaration();
    let here = declaration.get_subcommands().filter(|command| !command.is_hide_set());
    here.map(|command| command.get_name().to_owned()).collect()
}

/// The names of all commands, and of those of Django's that only say why they are not here.
#[must_use]
pub fn names_with_absent() -> Vec<String> {
    declaration().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

/// The command that `word`, which is none, was probably meant to be.
#[must_use]
pub fn nearest(word: &str) -> Option<String> {
    argparse::nearest(word, names())
}

/// Every command of Django's with what becomes of it here, by name.
#[must_use]
pub fn of_django() -> Vec<(String, String)> {
    let declaration = declaration();
    let django = django::names();
    let theirs = |command: &&clap::Command| {
        command.is_hide_set() || command.get_name() == "shell" || django.iter().any(|name| name == command.get_name())
    };
    let mut all: Vec<(String, String)> = declaration
        .get_subcommands()
        .filter(theirs)
        .map(|command| {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            (command.get_name().to_owned(), about)
        })
        .collect();
    all.sort();
    all
}

/// Runs a command that is given as words: a line at the prompt or in a pipe.
///
/// # Errors
/// Where the words are no command, or the command was refused.
pub fn run_line(words: &[String], context: &mut Context) -> Result<Reply, Failure> {
    parse(words)?.run(context)
}

/// Reads words as a command.
///
/// # Errors
/// [`Failure::Usage`], or [`Failure::Help`] where help was asked for.
pub fn parse(words: &[String]) -> Result<Command, Failure> {
    let matches = declaration().try_get_matches_from(words).map_err(|error| usage_failure(&error, words))?;
    Ok(Line::from_arg_matches(&matches).map_err(|error| usage_failure(&error, words))?.command)
}

/// What clap has to say, in our words or, for Django's own commands, in those of argparse.
#[must_use]
pub fn usage_failure(error: &clap::Error, words: &[String]) -> Failure {
    argparse::failure(error, words)
}
