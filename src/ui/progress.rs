//! How far something is that takes its time: on standard error, on a terminal only, and only after a second.

use std::{
    io::{self, IsTerminal, Write as _},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use rustix::{stdio, termios};

/// Nothing is shown of what is over before that.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar. It is gone from the screen when it is dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    shown: bool,
}

impl Progress {
    /// Begins something that has `total` parts, if that is known. Nothing is shown yet.
    #[must_use]
    pub fn begin(what: &'static str, total: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let template = match total {
            Some(_) => "{msg} [{bar:30}] {human_pos} of {human_len}, {eta} left",
            None => "{msg} {human_pos}",
        };
        let style = ProgressStyle::with_template(template).expect("both templates are well-formed");
        bar.set_style(style.progress_chars("=> "));
        bar.set_message(what);
        Self { bar, shown: false }
    }

    /// So many parts are done.
    pub fn at(&mut self, done: u64) {
        self.bar.set_position(done);
        if !self.shown && self.bar.elapsed() >= PATIENCE && std::io::stderr().is_terminal() {
            self.shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::term_like_with_hz(Box::new(OneLine), 8));
            self.bar.tick();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The terminal on standard error, a little narrower than it is: the `^C` that it shows goes behind the bar, and is gone
/// with it, where a bar as wide as the terminal would be left on the line above.
#[derive(Debug)]
struct OneLine;

/// What is left for `^C`, and a column between.
const MARGIN: u16 = 3;

impl OneLine {
    fn control(&self, text: &str) -> io::Result<()> {
        io::stderr().lock().write_all(text.as_bytes())
    }

    fn step(&self, steps: usize, letter: char) -> io::Result<()> {
        if steps == 0 { Ok(()) } else { self.control(&format!("\u{1b}[{steps}{letter}")) }
    }
}

impl TermLike for OneLine {
    fn width(&self) -> u16 {
        let columns = termios::tcgetwinsize(stdio::stderr()).map_or(0, |size| size.ws_col);
        if columns == 0 { 80 - MARGIN } else { columns.saturating_sub(MARGIN).max(1) }
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.step(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.step(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.step(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.step(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.control(&format!("{text}\r\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.control(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.control("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quick_shows_no_bar() {
        let mut progress = Progress::begin("counting", Some(3));
        progress.at(3);
        assert!(!progress.shown);
    }
}
