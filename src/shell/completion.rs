//! What Tab offers: words of commands from their declaration, names of files, and for Python what the engine offers.

use std::path::Path;
use std::rc::Rc;

use rustyline::completion::Pair;

use crate::authority::Suggested;
use crate::command;
use crate::domain::Model;
use crate::python::engine::Engine;

use super::commands::{Commands, first_word};

/// How many entries of a folder are looked through.
const ENTRIES: usize = 10_000;

/// How many files are offered.
const FILES: usize = 200;

/// Where the offered words begin in the line, and the words.
pub(super) type Found = (usize, Vec<Pair>);

/// What `before`, the line up to the cursor, may be completed to; `first` when no line of a statement precedes it.
pub(super) fn complete(engine: &Rc<Engine>, commands: &Commands, before: &str, first: bool) -> Found {
    if first && let Some(words) = command_words(engine, commands, before) {
        return of_command(engine, words);
    }
    let offers = engine.offers(before);
    let start = before.len() - offers.replaced;
    let mut pairs: Vec<Pair> =
        offers.all.into_iter().map(|offer| Pair { display: offer.shown, replacement: offer.text }).collect();
    if offers.files {
        pairs.extend(files(&before[start..]));
    }
    if first && start == 0 && !before.contains(|c: char| !(c.is_alphanumeric() || c == '_')) {
        let named = |name: &String| name.starts_with(before) && !pairs.iter().any(|pair| pair.display == *name);
        let names: Vec<String> = command::names().into_iter().filter(named).collect();
        pairs.extend(names.into_iter().map(|name| Pair { replacement: format!("{name} "), display: name }));
        pairs.sort_by(|a, b| a.display.cmp(&b.display));
    }
    (start, pairs)
}

/// The words of a command that is being typed, and where its last one begins.
struct Words<'a> {
    whole: Vec<&'a str>,
    /// The one at the cursor.
    last: &'a str,
    at: usize,
}

/// The words of `before`, if it is the beginning of a command and of no Python.
fn command_words<'a>(engine: &Engine, commands: &Commands, before: &'a str) -> Option<Words<'a>> {
    let at =
        before.rfind(char::is_whitespace).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    if let Some(rest) = before.strip_prefix('%') {
        let at = at.max(1);
        return Some(Words { whole: rest[..at - 1].split_whitespace().collect(), last: &before[at..], at });
    }
    let word = first_word(before);
    if before.len() == word.len() {
        return None;
    }
    let bound = |word: &str| engine.is_bound(word);
    let taken = commands.recognise(before, bound).is_some()
        // A word that needs another behind it, and means nothing else.
        || ((commands.known)(word) && before.trim_end() == word && (!bound(word) || word == "help"));
    taken.then(|| Words { whole: before[..at].split_whitespace().collect(), last: &before[at..], at })
}

fn of_command(engine: &Engine, words: Words<'_>) -> Found {
    let declaration = command::declaration();
    let mut names = words.whole.iter();
    let Some(name) = names.next() else {
        return (words.at, subcommands(&declaration, words.last));
    };
    let Some(mut here) = declaration.find_subcommand(name) else { return (words.at, Vec::new()) };
    let mut path = vec![here.get_name()];
    // The option that waits for its value, and how many words stand by their place.
    let (mut waiting, mut placed, mut given) = (None, 0, Vec::new());
    for word in names {
        if waiting.take().is_some() {
            continue;
        }
        if let Some(option) = word.strip_prefix("--") {
            let (option, value) = option.split_once('=').map_or((option, None), |(o, v)| (o, Some(v)));
            given.push(option.to_owned());
            waiting = here.get_arguments().find(|arg| arg.get_long() == Some(option)).filter(|arg| takes_value(arg));
            waiting = waiting.filter(|_| value.is_none());
        } else if let Some(below) = here.find_subcommand(word) {
            here = below;
            path.push(below.get_name());
        } else if !word.starts_with('-') {
            placed += 1;
        }
    }
    if let Some(arg) = waiting {
        return (words.at, values(engine, arg, &path, words.last));
    }
    if let Some((option, value)) = words.last.strip_prefix("--").and_then(|option| option.split_once('=')) {
        let arg = here.get_arguments().find(|arg| arg.get_long() == Some(option));
        let found = arg.map_or_else(Vec::new, |arg| values(engine, arg, &path, value));
        return (words.at + 3 + option.len(), found);
    }
    if words.last.starts_with('-') {
        let long = |arg: &clap::Arg| Some((format!("--{}", arg.get_long()?), takes_value(arg)));
        let fresh = |arg: &&clap::Arg| !arg.is_hide_set() && !given.iter().any(|g| arg.get_long() == Some(g.as_str()));
        let options = here.get_arguments().filter(fresh).filter_map(long);
        let mut options: Vec<String> = options.map(|(option, _)| option).collect();
        options.sort();
        options.retain(|option| option.starts_with(words.last));
        return (words.at, options.into_iter().map(whole_word).collect());
    }
    let mut found = if placed == 0 { subcommands(here, words.last) } else { Vec::new() };
    let places: Vec<&clap::Arg> = here.get_positionals().collect();
    let at_place = places.get(placed).or_else(|| places.last().filter(|arg| takes_many(arg)));
    if let Some(arg) = at_place {
        found.extend(values(engine, arg, &path, words.last));
    }
    (words.at, found)
}

fn takes_value(arg: &clap::Arg) -> bool {
    arg.get_action().takes_values()
}

fn takes_many(arg: &clap::Arg) -> bool {
    matches!(arg.get_action(), clap::ArgAction::Append)
}

fn subcommands(of: &clap::Command, typed: &str) -> Vec<Pair> {
    let names = of.get_subcommands().filter(|below| !below.is_hide_set()).map(|below| below.get_name().to_owned());
    names.filter(|name| name.starts_with(typed)).map(whole_word).collect()
}

/// What fits an argument, by what the declaration calls it.
fn values(engine: &Engine, arg: &clap::Arg, path: &[&str], typed: &str) -> Vec<Pair> {
    let possible = arg.get_possible_values();
    if !possible.is_empty() {
        let names = possible.iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name().to_owned());
        return names.filter(|name| name.starts_with(typed)).map(whole_word).collect();
    }
    let stored = |what| engine.values(what, typed).into_iter().map(quoted).map(whole_word).collect();
    match (arg.get_id().as_str(), path) {
        ("what", _) => of_what(engine, typed),
        ("user" | "username", _) | ("name", ["user", "activate" | "deactivate" | "delete" | "passwd"] | ["users"]) => {
            stored(Suggested::Usernames)
        }
        ("name", ["groups"]) => stored(Suggested::Groups),
        ("name", ["tokens" | "token", ..]) => stored(Suggested::TokenNames),
        ("email", _) => stored(Suggested::Emails),
        ("file" | "fixture" | "output", _) => files(typed),
        ("app_label" | "exclude", _) => labels().into_iter().filter(|l| l.starts_with(typed)).map(whole_word).collect(),
        ("command", ["help"]) => {
            command::names().into_iter().filter(|name| name.starts_with(typed)).map(whole_word).collect()
        }
        _ => Vec::new(),
    }
}

/// A user, a user's token, or a token's id.
fn of_what(engine: &Engine, typed: &str) -> Vec<Pair> {
    if let Some((user, name)) = typed.rsplit_once('/') {
        let names = engine.values_of(user, name);
        return names.into_iter().map(|name| whole_word(quoted(format!("{user}/{name}")))).collect();
    }
    let kinds: &[Suggested] = match typed {
        "" => &[Suggested::Usernames],
        typed if "tok_".starts_with(typed) => &[Suggested::Usernames, Suggested::TokenIds],
        typed if typed.starts_with("tok_") => &[Suggested::TokenIds],
        _ => &[Suggested::Usernames],
    };
    let found = kinds.iter().flat_map(|kind| engine.values(*kind, typed));
    // A name may go on with a slash: nothing is put behind it.
    found.map(|text| Pair { replacement: quoted(text.clone()), display: text }).collect()
}

/// `auth`, `auth.User`, ...
fn labels() -> Vec<String> {
    let mut labels: Vec<String> = Model::ALL.iter().map(|model| model.label()).collect();
    labels.extend(Model::ALL.iter().map(|model| model.describe().app_label.to_owned()));
    labels.sort();
    labels.dedup();
    labels
}

fn whole_word(text: String) -> Pair {
    Pair { replacement: format!("{text} "), display: text }
}

/// A word as a command line has it.
fn quoted(text: String) -> String {
    let plain = |c: char| c.is_alphanumeric() || "@.+-_/:".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The files whose path begins with `typed`, folders with a slash.
fn files(typed: &str) -> Vec<Pair> {
    let (folder, prefix) = typed.rsplit_once('/').map_or(("", typed), |(folder, prefix)| (folder, prefix));
    let before = &typed[..typed.len() - prefix.len()];
    let place = match (folder, before) {
        ("", "") => Path::new("."),
        ("", _) => Path::new("/"),
        (folder, _) => Path::new(folder),
    };
    let Ok(entries) = std::fs::read_dir(place) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.take(ENTRIES).flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !name.starts_with(prefix) || (name.starts_with('.') && prefix.is_empty()) || name.contains(char::is_control)
        {
            continue;
        }
        let slash = if entry.path().is_dir() { "/" } else { "" };
        found.push(Pair { display: format!("{name}{slash}"), replacement: format!("{before}{name}{slash}") });
    }
    found.sort_by(|a, b| a.display.cmp(&b.display));
    found.truncate(FILES);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_offered_as_they_were_typed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        for name in ["small.json", ".hidden", "other"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let typed = format!("{}/s", folder.path().display());
        let found: Vec<String> = files(&typed).into_iter().map(|pair| pair.replacement).collect();
        assert_eq!(found, [format!("{typed}mall.json"), format!("{typed}ub/")]);
        assert!(files("/nowhere/at/all").is_empty());
    }

    #[test]
    fn a_word_with_blanks_is_quoted() {
        assert_eq!(quoted("alice@x.org".into()), "alice@x.org");
        assert_eq!(quoted("a b".into()), "'a b'");
    }
}
