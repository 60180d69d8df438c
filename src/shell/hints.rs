//! What is shown in grey behind the cursor: how an earlier line went on, or what a call takes.

use rustyline::hint::Hint;
use rustyline::history::{History, SearchDirection};

use crate::python::engine::Engine;

/// How many entries of the history are looked through at a key.
const LOOKED_THROUGH: usize = 2_000;

/// A hint: what is shown, and what the right arrow takes of it.
pub(super) struct Grey {
    shown: String,
    taken: bool,
}

impl Hint for Grey {
    fn display(&self) -> &str {
        &self.shown
    }

    fn completion(&self) -> Option<&str> {
        self.taken.then_some(&self.shown)
    }
}

/// The hint behind `line`, whose end the cursor is at.
pub(super) fn hint(engine: &Engine, history: &dyn History, line: &str) -> Option<Grey> {
    if line.trim().is_empty() || line.contains('\n') {
        return None;
    }
    if let Some(shown) = earlier(history, line) {
        return Some(Grey { shown, taken: true });
    }
    engine.signature(line).map(|shown| Grey { shown, taken: false })
}

/// How the last entry that begins so goes on, up to the end of its first line.
fn earlier(history: &dyn History, line: &str) -> Option<String> {
    let last = history.len();
    (0..last).rev().take(LOOKED_THROUGH).find_map(|i| {
        let found = history.get(i, SearchDirection::Reverse).ok()??;
        let first = found.entry.split('\n').next()?;
        let rest = first.strip_prefix(line)?;
        (!rest.is_empty()).then(|| rest.to_owned())
    })
}
