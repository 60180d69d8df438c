//! How far something is that takes its time: on standard error, on a terminal only, and only after a second.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

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
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
            self.bar.tick();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
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
