//! The pages are true: every `console` block of every page is run as it stands there, and the page of commands is what
//! the program declares. With `HALLPASS_DOCS=write` the pages are written instead of compared.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hallpass::command;
use regex::Regex;

use crate::support::process::{Stdin, run};
use crate::support::{Program, Server, Terminal, TestEnv};

/// One thing typed, and what the page shows for it.
struct Step {
    typed: String,
    shown: Vec<String>,
}

/// A page, cut at its console blocks: text and steps in turn.
struct Page {
    path: PathBuf,
    parts: Vec<(String, Vec<Step>)>,
}

fn is_typed(line: &str) -> bool {
    line.starts_with("$ ") || line.contains(">>> ")
}

impl Page {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("```console\n") {
            let (block, behind) = after.split_once("```").expect("a block ends");
            let mut steps: Vec<Step> = Vec::new();
            for line in block.lines() {
                match steps.last_mut() {
                    _ if is_typed(line) => steps.push(Step { typed: line.to_owned(), shown: Vec::new() }),
                    Some(step) => step.shown.push(line.to_owned()),
                    None => panic!("{}: a block begins with what is typed, not with {line}", path.display()),
                }
            }
            parts.push((before.to_owned(), steps));
            rest = behind;
        }
        parts.push((rest.to_owned(), Vec::new()));
        Self { path, parts }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (n, (prose, steps)) in self.parts.iter().enumerate() {
            text.push_str(prose);
            if n + 1 == self.parts.len() {
                break;
            }
            text.push_str("```console\n");
            for step in steps {
                let _ = writeln!(text, "{}", step.typed);
                for line in &step.shown {
                    let _ = writeln!(text, "{line}");
                }
            }
            text.push_str("```");
        }
        text
    }
}

/// A pattern for what is shown: keys, ids, moments, numbers of processes and bytes stand for any; `...` for any lines; two
/// blanks or more for as many as there are.
fn pattern(shown: &[String]) -> Regex {
    let varying = [
        (r"[0-9a-f]{40}", r"[0-9a-f]{40}"),
        (r"[0-9a-f]{32}", r"[0-9a-f]{32}"),
        (r"tok_[0-9A-Z]{16}", r"tok_[0-9A-Z]{16}"),
        (r"\d{4}\\-\d\d\\-\d\dT\d\d:\d\d:\d\d(\\\.\d+)?Z", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
        (r"\b(now|\d+ (second|minute)s? ago|\d+[sm] ago)", r"(now|\d+ (second|minute)s? ago|\d+[sm] ago)"),
        (r"\bin \d+ (hour|day|minute|month)s?", r"in \d+ \w+"),
        (r"\bin \d+(h|d|m|mo)\b", r"in \d+(h|d|m|mo)"),
        (r"\d+ (rows|bytes|pages|events)", r"\d+ (rows|bytes|pages|events)"),
        (r"\b(rows|events) {2,}\d+", r"(rows|events) {2,}\d+"),
        (r"revision \d+", r"revision \d+"),
        // Where in our own Python something was refused.
        (r", line \d+, in \b", r", line \d+, in "),
        (r" {2,}", r" {2,}"),
    ];
    let lines = shown.iter().map(|line| match line.as_str() {
        "..." => r"(?s:.*)".to_owned(),
        line => varying.iter().fold(regex::escape(line), |line, (found, any)| {
            Regex::new(found).expect("a plain pattern").replace_all(&line, regex::NoExpand(any)).into_owned()
        }),
    });
    let whole = lines.collect::<Vec<_>>().join(r"\s*?\n");
    Regex::new(&format!(r"^\s*{whole}\s*$")).expect("escaped above")
}

/// A walk down a page: one place, the shell and the server that are open, the last key seen.
struct Walk {
    env: TestEnv,
    terminal: Option<Terminal>,
    server: Option<Server>,
    key: Option<String>,
}

impl Walk {
    fn new() -> Self {
        let mut env = TestEnv::new();
        env.set("HALLPASS_STORE", "hallpass-data");
        Self { env, terminal: None, server: None, key: None }
    }

    /// Does one step; what came, or nothing where nothing is to be compared.
    fn take(&mut self, typed: &str) -> Option<String> {
        if let Some((mode, line)) = typed.split_once(">>> ").filter(|_| !typed.starts_with("$ ")) {
            let terminal = self.terminal.as_mut().expect("the page starts a shell before it types into it");
            let answer = terminal.ask(line);
            // What the next prompt begins with.
            let answer = answer.strip_suffix(mode.trim_end()).unwrap_or(&answer).trim_end().to_owned();
            self.note_key(&answer);
            return Some(answer);
        }
        let line = typed.trim_start_matches("$ ");
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["cargo", "run", "--release"] | ["hallpass"] => self.terminal = Some(self.env.terminal::<&str>(&[])),
            ["hallpass", "shell", options @ ..] if options.iter().all(|option| option.starts_with("--")) => {
                self.terminal = None;
                self.terminal = Some(self.env.terminal(&words[1..]));
            }
            ["cargo", "run", "--release", "--bin", "hallpassd"] | ["hallpassd", "&"] => {
                self.server = Some(self.env.server());
            }
            // Needs a Django to move in from; the tests of moving have one.
            ["python", "manage.py", ..] => {}
            _ => {
                let came = self.shell(line);
                self.note_key(&came);
                return Some(came);
            }
        }
        None
    }

    fn note_key(&mut self, text: &str) {
        let key = Regex::new(r"\b[0-9a-f]{40}\b").expect("a plain pattern");
        self.key = key.find(text).map(|found| found.as_str().to_owned()).or_else(|| self.key.take());
    }

    /// Runs a line in `sh`, our programs in its path, on the server that really runs, with a key that is really one.
    fn shell(&self, line: &str) -> String {
        let mut line = line.to_owned();
        if let Some(server) = &self.server {
            line = line.replace("127.0.0.1:10000", &server.address().to_string());
        }
        if let Some(key) = &self.key {
            let shown = Regex::new("[0-9a-f]{40}").expect("a plain pattern");
            line = shown.replace_all(&line, key).into_owned();
        }
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{{ {line}\n}} 2>&1")]).env_clear().envs(self.env.variables());
        let folder = Program::Hallpass.path().parent().expect("a program lies in a folder").display().to_string();
        command.env("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin")).current_dir(self.env.work());
        let came = run(command, Stdin::Null).stdout;
        let keyring = self.env.keyring().display().to_string();
        let work = format!("{}/", self.env.work().display());
        let came = came.replace(&keyring, "~/.config/hallpass/keyring").replace(&work, "");
        match &self.server {
            Some(server) => came.replace(&server.address().to_string(), "127.0.0.1:10000"),
            None => came,
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether the pages are to be written.
fn writes() -> bool {
    std::env::var("HALLPASS_DOCS").is_ok_and(|value| value == "write")
}

/// README and every page in docs/ that has a console block.
fn pages() -> Vec<Page> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(root().join("docs")).expect("there are docs").flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "md"));
    paths.push(root().join("README.md"));
    paths.sort();
    paths.into_iter().map(Page::read).filter(|page| page.parts.len() > 1).collect()
}

#[test]
fn every_console_block_of_every_page_is_true() {
    let pages = pages();
    assert!(pages.len() >= 3, "README, the guide and others have blocks");
    std::thread::scope(|scope| {
        for mut page in pages {
            scope.spawn(move || {
                let mut walk = Walk::new();
                for step in page.parts.iter_mut().flat_map(|(_, steps)| steps) {
                    let Some(came) = walk.take(&step.typed) else { continue };
                    if pattern(&step.shown).is_match(&came) {
                        continue;
                    }
                    let (path, shown) = (page.path.display(), step.shown.join("\n"));
                    assert!(writes(), "{path}\n{}\nthe page shows:\n{shown}\ncame:\n{came}", step.typed);
                    step.shown = came.trim_matches('\n').lines().map(|line| line.trim_end().to_owned()).collect();
                }
                if writes() {
                    fs::write(&page.path, page.text()).expect("the pages can be written");
                }
            });
        }
    });
}

/// The page of commands, from the declarations.
fn commands_page() -> String {
    let mut page = String::from(
        "# Commands\n\nThe same words at the prompt of the shell, in a pipe of it, and as arguments of `hallpass`. This page is made from the\n\
         program's own declarations (`HALLPASS_DOCS=write cargo test --release --test suite docs`); a test compares it.\n\
         [guide.md](guide.md) shows them at work, [fields.md](fields.md) says what the formats hold.\n\n\
         Global options, each also a variable of the environment: `--store WHERE` (`HALLPASS_STORE`, a directory or `memory:`),\n\
         `--keyring FILE` (`HALLPASS_KEYRING`), `--config FILE` (`HALLPASS_CONFIG`), `--cache SIZE` (`HALLPASS_CACHE`).\n\n\
         Exit status: 0 done, 1 refused, 2 not understood, 3 the store or the server cannot be reached, 70 a fault of ours; an\n\
         interrupted command dies by SIGINT.\n",
    );
    let mut declaration = command::declaration().term_width(100);
    declaration.build();
    for command in declaration.get_subcommands().filter(|command| !command.is_hide_set()) {
        section(command, "hallpass", "##", &mut page);
    }
    page.push_str(
        "\n## Every command of manage.py\n\nOf a Django 5.2 with admin, auth, contenttypes, sessions, messages, staticfiles and authtoken. One that is not here says\n\
         so in one line, with exit status 1; `call_command` raises that as a CommandError.\n\n| command | here |\n|---|---|\n",
    );
    for (name, what) in command::of_django() {
        let _ = writeln!(page, "| {name} | {what} |");
    }
    page
}

fn section(command: &clap::Command, above: &str, level: &str, page: &mut String) {
    let name = format!("{above} {}", command.get_name());
    let mut shown = command.clone().bin_name(name.clone()).term_width(100).disable_help_flag(true);
    let help = shown.render_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(page, "\n{level} {}\n\n```text\n{}\n```\n", &name["hallpass ".len()..], help.join("\n").trim());
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        section(below, &name, "###", page);
    }
}

#[test]
fn the_page_of_commands_is_what_the_program_declares() {
    let path = root().join("docs/commands.md");
    let page = commands_page();
    if writes() {
        fs::write(&path, &page).expect("the page can be written");
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    let differs = page.lines().zip(there.lines()).find(|(new, old)| new != old);
    assert!(page == there, "HALLPASS_DOCS=write cargo test --release --test suite docs; first: {differs:?}");
}
