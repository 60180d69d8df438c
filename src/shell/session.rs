//! A person at a terminal: prompt, line, statement or command, and again.

use std::rc::Rc;

use crate::python::engine::{Engine, Exit, Interrupts, Outcome, Settle};
use crate::python::source;

use super::commands::Commands;
use super::editor::{Editor, Typed};
use super::history::History;
use super::terminal;

const FIRST: &str = ">>> ";
const NEXT: &str = "... ";

/// The parts of a session.
pub(super) struct Session {
    pub(super) engine: Rc<Engine>,
    pub(super) commands: Commands,
    pub(super) mode: Option<&'static str>,
    pub(super) interrupts: Option<Interrupts>,
    pub(super) settle: Settle,
    pub(super) history: History,
}

impl Session {
    /// Runs until Ctrl-D, `exit()` or the end of the terminal.
    pub(super) fn run(mut self, banner: &str) -> Exit {
        self.engine.open_console();
        if !banner.is_empty() {
            terminal::say(banner);
        }
        let [first, next] = [FIRST, NEXT].map(|prompt| match self.mode {
            Some(mode) => format!("({mode}) {prompt}"),
            None => prompt.to_owned(),
        });
        let mut editor = Editor::new(Rc::clone(&self.engine), self.commands.clone(), &self.history.entries);
        // The lines of the entry that is being typed.
        let mut entry = String::new();
        loop {
            self.interrupts.iter().for_each(Interrupts::at_prompt);
            if let Err(message) = (self.settle)() {
                terminal::say(&format!("django.db.utils.OperationalError: {message}"));
            }
            let line = match editor.read(if entry.is_empty() { &first } else { &next }) {
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
                editor.remember(&kept);
            }
            if let Outcome::Exit(exit) = outcome {
                return exit;
            }
        }
    }

    /// Takes what one prompt gave; `fresh` when nothing came before it.
    fn take(&self, line: &str, fresh: bool) -> Outcome {
        if fresh && !line.contains('\n') {
            let bound = |word: &str| self.engine.is_bound(word);
            if let Some(command) = self.commands.recognise(line, bound) {
                // A command that failed has said so; the session goes on.
                let _ = self.engine.aside(|| self.commands.run_line(command));
                return Outcome::Done;
            }
        }
        if !line.contains('\n') {
            return self.engine.push(line);
        }
        self.take_paste(line)
    }

    /// Several lines at once: whole statements run one after the other, each shown as if typed; an unfinished end waits
    /// for more.
    fn take_paste(&self, text: &str) -> Outcome {
        if let Some(parts) = source::statements(text) {
            for part in parts {
                match self.engine.run_statement(part) {
                    Outcome::Done => {}
                    other => return other,
                }
            }
            return Outcome::Done;
        }
        let mut last = Outcome::Done;
        for line in text.lines() {
            last = self.engine.push(line);
            if let Outcome::Exit(_) = last {
                return last;
            }
        }
        last
    }
}
