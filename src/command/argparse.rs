//! What is wrong with an argument, told as we tell it, or as Python's argparse would for Django's own commands.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{DJANGO, Failure, Style, django, help};
use crate::domain::text::escape;

/// Translates clap's error about `words`.
pub(super) fn failure(error: &clap::Error, words: &[String]) -> Failure {
    let command = words.iter().find(|word| !word.starts_with('-')).map(String::as_str);
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return Failure::Help(error.render().to_string());
        }
        ErrorKind::DisplayVersion => return Failure::Help(format!("{}\n", super::about::version_line())),
        ErrorKind::InvalidSubcommand if command.is_some_and(|name| !super::names().iter().any(|n| n == name)) => {
            return unknown(command.unwrap_or_default());
        }
        _ => {}
    }
    match command {
        Some(name) if django::names().iter().any(|n| n == name) => usage(name, &argparse_text(error, name, words)),
        Some(_) | None => Failure::Usage {
            message: own_text(error),
            usage: String::new(),
            hints: own_hints(error, command),
            style: Style::Own,
        },
    }
}

/// What Django's `parser.error(text)` does.
pub(super) fn usage(command: &str, text: &str) -> Failure {
    Failure::Usage {
        message: format!("hallpass {command}: error: {text}"),
        usage: help::usage_of(command),
        hints: Vec::new(),
        style: Style::Argparse,
    }
}

/// A first word that is no command: Django's exit status, and its words.
pub(super) fn unknown(name: &str) -> Failure {
    let mut message = format!("Unknown command: '{}'", escape(name));
    if let Some(near) = nearest(name, super::names()) {
        message.push_str(&format!(". Did you mean {near}?"));
    }
    message.push_str("\nType 'hallpass help' for usage.");
    Failure::Raised { exception: message, message: String::new() }
}

/// The candidate that `word` was probably meant to be.
pub(super) fn nearest(word: &str, candidates: impl IntoIterator<Item = String>) -> Option<String> {
    let scored = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(word, &candidate), candidate));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (best.0 > 0.8).then_some(best.1)
}

fn argparse_text(error: &clap::Error, command: &str, words: &[String]) -> String {
    let argument = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            format!("the following arguments are required: {}", argument.map_or_else(String::new, |a| bare(&a)))
        }
        ErrorKind::UnknownArgument => {
            let given = argument.unwrap_or_default();
            match could_match(command, &given).as_slice() {
                several @ [_, _, ..] => format!("ambiguous option: {given} could match {}", several.join(", ")),
                _ => format!("unrecognized arguments: {}", unrecognized(command, &given, words)),
            }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => match value.filter(|v| !v.is_empty()) {
            None => format!("argument {}: expected one argument", option(command, &argument.unwrap_or_default())),
            Some(value) => {
                let argument = option(command, &argument.unwrap_or_default());
                match context(error, ContextKind::ValidValue) {
                    // Numbers to Python, and so without quotes.
                    Some(valid) if argument == "-v/--verbosity" && value.parse::<i64>().is_ok() => {
                        format!("argument {argument}: invalid choice: {value} (choose from {valid})")
                    }
                    Some(_) if argument == "-v/--verbosity" => {
                        format!("argument {argument}: invalid int value: '{value}'")
                    }
                    Some(valid) => {
                        let valid = valid.split(", ").map(|v| format!("'{v}'")).collect::<Vec<_>>().join(", ");
                        format!("argument {argument}: invalid choice: '{value}' (choose from {valid})")
                    }
                    None => format!("argument {argument}: invalid value: '{value}'"),
                }
            }
        },
        ErrorKind::ArgumentConflict => {
            let other = context(error, ContextKind::PriorArg).unwrap_or_default();
            format!(
                "argument {}: not allowed with argument {}",
                option(command, &other),
                option(command, &argument.unwrap_or_default())
            )
        }
        _ => own_text(error),
    }
}

/// What argparse does not know of `words`: every unknown option, and a bare word where the command takes none. clap
/// stops at the first.
fn unrecognized(command: &str, first: &str, words: &[String]) -> String {
    let mut declaration = super::declaration();
    declaration.build();
    let Some(command) = declaration.find_subcommand(command) else { return first.to_owned() };
    let takes_words = command.get_positionals().next().is_some();
    let known = |word: &str| {
        let name = word.split('=').next().unwrap_or_default();
        command.get_arguments().find(|argument| match name.strip_prefix("--") {
            // A beginning is enough, as argparse has it.
            Some(long) => {
                let aliases = argument.get_all_aliases().unwrap_or_default();
                argument.get_long().into_iter().chain(aliases).any(|own| own.starts_with(long))
            }
            None => argument.get_short().is_some_and(|short| name.strip_prefix('-') == Some(&short.to_string())),
        })
    };
    let mut unknown = Vec::new();
    let mut rest = words.iter().skip_while(|word| **word != command.get_name()).skip(1);
    while let Some(word) = rest.next() {
        match (word.starts_with('-'), known(word)) {
            (true, Some(argument)) if argument.get_action().takes_values() && !word.contains('=') => drop(rest.next()),
            (true, Some(_)) => {}
            (true, None) => unknown.push(word.as_str()),
            (false, _) if takes_words => {}
            (false, _) => unknown.push(word.as_str()),
        }
    }
    if unknown.is_empty() { first.to_owned() } else { unknown.join(" ") }
}

/// The options of a command that begin so.
fn could_match(command: &str, given: &str) -> Vec<String> {
    let Some(prefix) = given.strip_prefix("--").filter(|prefix| !prefix.is_empty()) else { return Vec::new() };
    let declaration = super::declaration();
    let Some(command) = declaration.find_subcommand(command) else { return Vec::new() };
    let longs = command.get_arguments().filter_map(clap::Arg::get_long);
    longs.filter(|long| long.starts_with(prefix)).map(|long| format!("--{long}")).collect()
}

/// `<USERNAME>` and `<FIXTURE>...` as argparse names them.
fn bare(argument: &str) -> String {
    argument.replace(['<', '>'], "").replace("...", "").to_lowercase()
}

/// `--verbosity <LEVEL>` without its value.
fn option(command: &str, argument: &str) -> String {
    let name = argument.split([' ', '=']).next().unwrap_or_default();
    match name {
        "--verbosity" => "-v/--verbosity".into(),
        "--plan" => "--plan/-p".into(),
        "--list" => "--list/-l".into(),
        "--tag" => "--tag/-t".into(),
        "--exclude" => "-e/--exclude".into(),
        "--output" if command == "dumpdata" => "-o/--output".into(),
        "--natural-foreign" | "--natural-primary" => name.into(),
        name => bare(name),
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        ContextValue::Number(number) => Some(number.to_string()),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        ContextValue::StyledStrs(texts) => Some(texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        _ => None,
    }
}

/// clap's first paragraph, without its label.
fn own_text(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let words = paragraph.strip_prefix("error: ").unwrap_or(paragraph);
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn own_hints(error: &clap::Error, command: Option<&str>) -> Vec<String> {
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let mut hints: Vec<String> = near
        .into_iter()
        .find_map(|kind| context(error, kind))
        .map(|near| format!("did you mean {near}?"))
        .into_iter()
        .collect();
    // At the prompt there is no other program to give it to.
    if context(error, ContextKind::InvalidArg).is_some_and(|given| ["|", ">", ">>"].contains(&given.as_str())) {
        return vec!["only a system's shell has pipes and files: hallpass COMMAND | less".into()];
    }
    hints.push(match command {
        Some(name) => format!("hallpass help {name}"),
        None => "hallpass help".into(),
    });
    hints
}

/// What `--version` prints for a command of Django's.
pub(super) fn django_version() -> String {
    format!("{DJANGO}\n")
}
