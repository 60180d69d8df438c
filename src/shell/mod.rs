//! The interactive session, and the same for a pipe and for `-c`: what is Python goes to the engine, what is a command
//! to the commands.

mod block;
mod commands;
mod completion;
mod editor;
mod highlight;
mod hints;
mod history;
mod indent;
mod plain;
pub mod render;
mod script;
mod session;
mod startup;
mod suspend;
mod terminal;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use crate::python::engine::{self, Engine, Exit};

pub use commands::{Commands, RunCommand};
pub use editor::Keyboard;
pub use suspend::Suspend;

/// Everything a session needs.
pub struct Options {
    /// The text of `-c`; an empty one is none, as in Django.
    pub code: Option<String>,
    /// Interpreter and what it may touch.
    pub engine: engine::Setup,
    /// The commands beside Python.
    pub commands: Commands,
    /// Ends a statement: what keys it showed is told in the audit trail, and everything is durable.
    pub conclude: engine::Settle,
    /// What is said on standard error before the first prompt of a terminal, without the last newline.
    pub banner: String,
    /// What the prompts say of the mode of this shell.
    pub mode: Option<&'static str>,
    /// Where what was typed is kept; `None` keeps nothing.
    pub history: Option<PathBuf>,
    /// The script that runs before the first prompt of a terminal, where there is one.
    pub startup: Option<PathBuf>,
    /// The line editor, where a person types.
    pub keyboard: Option<Keyboard>,
}

/// Runs a session to its end: `-c`, or what comes on standard input, or a person at a terminal.
///
/// To be called on the engine's thread ([`engine::on_big_stack`]), after the bridge has been given its session.
#[must_use]
pub fn run(options: Options) -> Exit {
    let Options { code, engine: setup, commands, conclude, banner, mode, history, startup, keyboard } = options;
    let interrupts = setup.interrupts.clone();
    let engine = Rc::new(Engine::new(setup));
    let exit = match (code.filter(|code| !code.is_empty()), keyboard) {
        (Some(code), _) => {
            interrupts.iter().for_each(engine::Interrupts::running);
            script::run(&engine, &commands, &code)
        }
        (None, Some(keyboard)) => session::Session {
            engine: Rc::clone(&engine),
            commands,
            mode,
            interrupts,
            conclude: Rc::clone(&conclude),
            history: history::History::open(history),
            startup,
            keyboard: Rc::new(RefCell::new(keyboard)),
        }
        .run(&banner),
        (None, None) => match engine.read_stdin() {
            Ok(text) => {
                interrupts.iter().for_each(engine::Interrupts::running);
                script::run(&engine, &commands, &text)
            }
            Err(exit) => exit,
        },
    };
    let exit = engine.finish(exit);
    match conclude() {
        Ok(()) => exit,
        Err(message) => {
            terminal::say(&format!("django.db.utils.OperationalError: {message}"));
            Exit::Status(1)
        }
    }
}
