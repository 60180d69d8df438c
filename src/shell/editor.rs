//! Reading lines at a terminal: rustyline where the terminal can do it, [`Plain`] where it cannot.

use std::rc::Rc;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor as Rustyline, Helper};

use crate::python::engine::Engine;

use super::commands::Commands;
use super::completion;
use super::plain::Plain;
use super::terminal;

/// What came of one prompt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Typed {
    /// A line, or several that were pasted or recalled together.
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D on an empty line, or the terminal is gone.
    End,
}

pub(super) enum Editor {
    Rich(Box<Rustyline<Assistant, MemHistory>>),
    Plain(Plain),
}

/// What stands by while a line is typed.
pub(super) struct Assistant {
    engine: Rc<Engine>,
    commands: Commands,
}

impl Editor {
    /// An editor for this terminal, with `entries` to be recalled.
    pub(super) fn new(engine: Rc<Engine>, commands: Commands, entries: &[String]) -> Self {
        if !terminal::is_capable() {
            return Self::Plain(Plain::default());
        }
        let config = Config::builder()
            .auto_add_history(false)
            .completion_type(CompletionType::List)
            .completion_prompt_limit(200)
            .bracketed_paste(true)
            .tab_stop(4)
            .indent_size(4)
            .build();
        let history = MemHistory::with_config(&config);
        let Ok(mut rustyline) = Rustyline::with_history(config, history) else {
            return Self::Plain(Plain::default());
        };
        rustyline.set_helper(Some(Assistant { engine, commands }));
        for entry in entries {
            // An entry that is refused (empty, or the same as the last) is not missed.
            let _ = rustyline.add_history_entry(entry);
        }
        Self::Rich(Box::new(rustyline))
    }

    /// Shows `prompt` and reads.
    pub(super) fn read(&mut self, prompt: &str) -> Typed {
        match self {
            Self::Plain(plain) => plain.read(prompt).unwrap_or(Typed::End),
            Self::Rich(rustyline) => match rustyline.readline(prompt) {
                Ok(line) => Typed::Line(line),
                Err(ReadlineError::Interrupted) => Typed::Interrupted,
                Err(_) => Typed::End,
            },
        }
    }

    /// Offers `entry` for recall.
    pub(super) fn remember(&mut self, entry: &str) {
        if let Self::Rich(rustyline) = self {
            // See above.
            let _ = rustyline.add_history_entry(entry);
        }
    }
}

impl Helper for Assistant {}

impl Highlighter for Assistant {}

impl Validator for Assistant {}

impl Hinter for Assistant {
    type Hint = String;
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..at];
        if before.trim().is_empty() {
            return Ok((at, vec![Pair { display: String::new(), replacement: "    ".into() }]));
        }
        Ok(completion::complete(&self.engine, &self.commands, before, !self.engine.is_waiting()))
    }
}
