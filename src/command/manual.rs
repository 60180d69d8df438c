//! `completions` and `man`: what shells and readers of man pages get, made from the one declaration.

use std::{fs, io, path::PathBuf};

use clap::{Args, ValueEnum};
use clap_complete::{Shell as Kind, generate};
use clap_mangen::Man as Page;

use super::{Context, Failure, Note, Reply, user::counted};

/// Of which day the pages are.
const DATE: &str = "2026-11-24";

/// The sections of the manual.
const COMMANDS: &str = "1";
const DAEMONS: &str = "8";

/// Print what completes this program's words in a shell
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    shell: For,
}

/// The shells that are tried in tests.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum For {
    Bash,
    Zsh,
    Fish,
}

/// Print this program's man page, or write all pages into a directory
#[derive(Args, Debug)]
pub struct Man {
    /// Where the pages of all commands are written
    directory: Option<PathBuf>,
}

impl Completions {
    pub(super) fn run(self, context: &Context) -> Result<Reply, Failure> {
        let kind = match self.shell {
            For::Bash => Kind::Bash,
            For::Zsh => Kind::Zsh,
            For::Fish => Kind::Fish,
        };
        let mut script = Vec::new();
        generate(kind, &mut context.program(), "hallpass", &mut script);
        Ok(Reply::text(text(script)))
    }
}

impl Man {
    pub(super) fn run(self, context: &Context) -> Result<Reply, Failure> {
        let program = context.program().disable_help_subcommand(true);
        let Some(directory) = self.directory else {
            return Ok(Reply::text(page(program, COMMANDS).map_err(|error| Failure::refused(error.to_string()))?));
        };
        let directory = context.directory().join(directory);
        let refused = |error: io::Error| {
            Failure::refused(format!("the pages cannot be written into {}: {error}", directory.display()))
        };
        fs::create_dir_all(&directory).map_err(refused)?;
        let mut built = program.clone();
        built.build();
        let mut pages = vec![("hallpass".to_owned(), program)];
        below(&built, "hallpass", &mut pages);
        let mut pages: Vec<_> = pages.into_iter().map(|(name, command)| (name, command, COMMANDS)).collect();
        pages.push(("hallpassd".to_owned(), context.server(), DAEMONS));
        for (name, command, section) in &pages {
            let text = page(command.clone(), section).map_err(refused)?;
            fs::write(directory.join(format!("{name}.{section}")), text).map_err(refused)?;
        }
        let wrote = format!("Wrote {} into {}.", counted(pages.len(), "page"), directory.display());
        Ok(Reply::default().and(Note::Status(wrote)))
    }
}

/// The commands below one that was built, with the names of their pages.
fn below(command: &clap::Command, name: &str, pages: &mut Vec<(String, clap::Command)>) {
    for command in command.get_subcommands() {
        let name = format!("{name}-{}", command.get_name());
        below(command, &name, pages);
        pages.push((name, command.clone()));
    }
}

/// A page in roff.
fn page(command: clap::Command, section: &str) -> io::Result<String> {
    let mut roff = Vec::new();
    let source = format!("hallpass {}", env!("CARGO_PKG_VERSION"));
    Page::new(command).section(section).date(DATE).source(source).manual("hallpass").render(&mut roff)?;
    let roff = text(roff);
    // A break beside a blank line breaks nothing, and mandoc warns of it.
    let lines: Vec<&str> = roff.lines().collect();
    let is_needless = |at: usize| {
        lines[at] == ".br"
            && (at > 0 && lines[at - 1].is_empty() || lines.get(at + 1).is_some_and(|next| next.is_empty()))
    };
    let kept = (0..lines.len()).filter(|at| !is_needless(*at));
    Ok(kept.map(|at| format!("{}\n", lines[at])).collect())
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("what is made from our declaration is our own text")
}
