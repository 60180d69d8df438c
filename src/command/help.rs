//! `help`: explain the commands.

use std::fmt::Write as _;

use clap::Args;

use super::{Failure, Reply, argparse::unknown, declaration, django};

/// Explain the commands
#[derive(Args, Debug)]
pub struct Help {
    /// The command, or the command and what it is to do
    command: Vec<String>,
    /// Only the names, one on each line
    #[arg(long)]
    commands: bool,
}

impl Help {
    pub(super) fn run(self) -> Result<Reply, Failure> {
        if self.commands {
            return Ok(Reply::text(super::names().iter().map(|name| format!("{name}\n")).collect::<String>()));
        }
        let Some(first) = self.command.first() else { return Ok(Reply::text(overview())) };
        let mut command = declaration();
        command.build();
        for word in &self.command {
            let Some(found) = command.find_subcommand(word) else { return Err(unknown(first)) };
            command = found.clone();
        }
        let mut shown = command.bin_name(format!("hallpass {}", self.command.join(" ")));
        Ok(Reply::text(shown.render_help().to_string()))
    }
}

/// All commands, ours and Django's.
fn overview() -> String {
    let declaration = declaration();
    let theirs = django::names();
    let mut text = String::from("\nType 'hallpass help <command>' for help on a specific command.\n");
    for (heading, django, absent) in
        [("hallpass", false, false), ("django", true, false), ("django, not here", false, true)]
    {
        let _ = write!(text, "\n[{heading}]\n");
        let listed = |command: &&clap::Command| {
            command.is_hide_set() == absent && theirs.iter().any(|name| name == command.get_name()) == django
        };
        for command in declaration.get_subcommands().filter(listed) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let about = about.strip_prefix("Not here: ").unwrap_or(&about);
            let _ = writeln!(text, "    {:<26} {about}", command.get_name());
        }
    }
    text
}

/// How a command is used, in one paragraph.
pub(super) fn usage_of(name: &str) -> String {
    let mut declaration = declaration();
    declaration.build();
    let Some(command) = declaration.find_subcommand(name) else { return String::new() };
    let mut command = command.clone().bin_name(format!("hallpass {name}"));
    command.render_usage().to_string().replacen("Usage: ", "usage: ", 1)
}
