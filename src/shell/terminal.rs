//! What a session asks of its terminal, and how it talks on standard error.

use std::io::{IsTerminal, Write};

/// Whether the terminal can move its cursor: lines can be edited and coloured.
pub(super) fn is_capable() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| ["dumb", "cons25", "emacs", ""].contains(&term.as_str()));
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && !dumb
}

/// Writes `text` and a newline to standard error.
pub(super) fn say(text: &str) {
    // Without a standard error there is nobody to tell.
    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Writes `text` to standard output.
pub(super) fn print(text: &str) {
    // Without a standard output there is nobody to show it to.
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
