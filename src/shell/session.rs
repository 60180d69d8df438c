//! A person at a terminal: prompt, line, statement or command, and again.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use crate::python::engine::{Answer, Detail, Engine, Exit, Interrupts, Outcome, Settle};
use crate::python::lexis::is_in_name;
use crate::python::source;

use super::commands::{Commands, OF_THE_TERMINAL};
use super::editor::{Keyboard, Typed};
use super::history::History;
use super::{indent, script, startup, terminal};

const FIRST: &str = ">>> ";
const NEXT: &str = "... ";

/// How many entries `history` shows.
const SHOWN: usize = 500;

/// The parts of a session.
pub(super) struct Session {
    pub(super) engine: Rc<Engine>,
    pub(super) commands: Commands,
    pub(super) mode: Option<&'static str>,
    pub(super) interrupts: Option<Interrupts>,
    /// Ends a statement: see [`super::Options::conclude`].
    pub(super) conclude: Settle,
    pub(super) history: History,
    pub(super) startup: Option<PathBuf>,
    pub(super) keyboard: Rc<RefCell<Keyboard>>,
}

impl Session {
    /// Runs until Ctrl-D, `exit()` or the end of the terminal.
    pub(super) fn run(mut self, banner: &str) -> Exit {
        self.engine.open_console();
        if !banner.is_empty() {
            terminal::say(banner);
        }
        let asked = Rc::clone(&self.keyboard);
        self.engine.answer_by(Rc::new(move |prompt| match asked.borrow_mut().ask(prompt) {
            Typed::Line(line) => Answer::Line(line),
            Typed::Interrupted => Answer::Interrupted,
            Typed::End => Answer::End,
        }));
        if let Some(path) = &self.startup {
            self.interrupts.iter().for_each(Interrupts::running);
            startup::run(&self.engine, path);
        }
        let [first, next] = [FIRST, NEXT].map(|prompt| match self.mode {
            Some(mode) => format!("({mode}) {prompt}"),
            None => prompt.to_owned(),
        });
        let assisted = (Rc::clone(&self.engine), self.commands.clone());
        self.keyboard.borrow_mut().assist(assisted.0, assisted.1, &self.history.entries, &next);
        // The lines of the entry that is being typed.
        let mut entry = String::new();
        loop {
            self.interrupts.iter().for_each(Interrupts::at_prompt);
            if let Err(message) = (self.conclude)() {
                terminal::say(&format!("django.db.utils.OperationalError: {message}"));
            }
            let prompt = if entry.is_empty() { &first } else { &next };
            let typed = self.keyboard.borrow_mut().read(prompt, indent::next(&entry));
            let line = match typed {
                Typed::Line(line) => line,
                Typed::Interrupted => {
                    terminal::say("KeyboardInterrupt");
                    self.engine.clear();
                    entry.clear();
                    continue;
                }
                Typed::End => {
                    terminal::say("now exiting InteractiveConsole...");
                    return Exit::Status(0);
                }
            };
            self.interrupts.iter().for_each(Interrupts::running);
            let fresh = entry.is_empty();
            entry.push_str(&line);
            entry.push('\n');
            let outcome = self.take(&line, fresh);
            if outcome == Outcome::More {
                continue;
            }
            let typed = std::mem::take(&mut entry);
            let secrets = self.engine.take_secrets();
            if !typed.trim().is_empty() {
                let kept = self.history.keep(typed.trim_end(), &secrets);
                self.keyboard.borrow_mut().remember(&kept);
                self.history.entries.push(kept);
            }
            if let Outcome::Exit(exit) = outcome {
                return exit;
            }
        }
    }

    /// Takes what one prompt gave; `fresh` when nothing came before it.
    fn take(&self, line: &str, fresh: bool) -> Outcome {
        if line.contains('\n') {
            return self.take_paste(line);
        }
        if fresh && self.take_command(line) {
            return Outcome::Done;
        }
        let meant = if fresh { self.commands.meant(line, |word| self.engine.is_bound(word)) } else { None };
        let outcome = self.engine.push(line);
        if let (Some(near), Outcome::Done) = (meant, &outcome) {
            terminal::say(&format!(" hint: did you mean the command {near}?"));
        }
        outcome
    }

    /// Does what a line says that is no Python; whether it was one.
    fn take_command(&self, line: &str) -> bool {
        let bound = |word: &str| self.engine.is_bound(word);
        if let Some(command) = self.commands.recognise(line, bound)
            && !OF_THE_TERMINAL.contains(&command)
        {
            // A command that failed has said so; the session goes on.
            let _ = self.engine.aside(|| self.commands.run_line(command));
            return true;
        }
        match line.trim().trim_start_matches('%') {
            "clear" if !bound("clear") => self.engine.aside(|| terminal::print("\u{1b}[H\u{1b}[2J\u{1b}[3J")),
            "history" if !bound("history") => self.engine.aside(|| {
                let first = self.history.entries.len().saturating_sub(SHOWN) + 1;
                for (i, entry) in self.history.entries.iter().skip(first - 1).enumerate() {
                    terminal::print(&format!("{:>5}  {}\n", first + i, entry.replace('\n', "\n       ")));
                }
            }),
            _ => return self.explain(line),
        }
        true
    }

    /// `name?`, `?name` and, with its source, `name??`; whether the line was such a question.
    fn explain(&self, line: &str) -> bool {
        let line = line.trim();
        let name = line.trim_matches('?');
        let dotted = !name.is_empty() && name.split('.').all(|part| part.chars().all(is_in_name) && !part.is_empty());
        if name == line || !dotted || name.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        if (self.commands.known)(name) && !self.engine.is_bound(name) {
            let _ = self.engine.aside(|| self.commands.run_line(&format!("help {name}")));
        } else {
            let detail = if line.ends_with("??") || line.starts_with("??") { Detail::All } else { Detail::Usual };
            self.engine.explain(name, detail);
        }
        true
    }

    /// Several lines at once: whole statements and commands run one after the other, each shown as if typed; an
    /// unfinished end waits for more.
    fn take_paste(&self, text: &str) -> Outcome {
        let text = format!("{}{text}", self.engine.take_pending());
        let all: Vec<&str> = text.split_inclusive('\n').collect();
        let commands = script::command_lines(&self.engine, &self.commands, &text).unwrap_or_default();
        if source::is_valid(&script::without(&all, &commands)) {
            let mut from = 0;
            for &at in commands.iter().chain(std::iter::once(&all.len())) {
                for part in source::statements(&all[from..at].concat()).unwrap_or_default() {
                    match self.engine.run_statement(part) {
                        Outcome::Done => {}
                        other => return other,
                    }
                }
                if let Some(command) = all.get(at) {
                    let command = command.trim_end();
                    let line = command.strip_prefix('%').unwrap_or(command).trim_start();
                    let _ = self.engine.aside(|| self.commands.run_line(line));
                }
                from = at + 1;
            }
            return Outcome::Done;
        }
        let mut last = Outcome::Done;
        for line in text.lines() {
            last =
                if last != Outcome::More && self.take_command(line) { Outcome::Done } else { self.engine.push(line) };
            if let Outcome::Exit(_) = last {
                return last;
            }
        }
        last
    }
}
