//! The only place that writes to the terminal: data on standard output, talk on standard error, questions.
//!
//! Colour is decided for each stream: only on a terminal, not with `NO_COLOR`, not with `TERM=dumb`. What comes from
//! data goes through [`escape`](crate::domain::text::escape) first, so that no name can move the cursor.

mod pager;
mod progress;

use std::{
    fmt::{self, Write as _},
    io::{self, IsTerminal, Write},
};

use colored::{Color, Colorize};
use rustix::{
    io::Errno,
    stdio,
    termios::{self, LocalModes, OptionalActions, SpecialCodeIndex},
};
use zeroize::Zeroizing;

pub use progress::Progress;

/// Writes to the two streams.
#[derive(Debug)]
pub struct Ui {
    out: Paint,
    err: Paint,
    paging: Paging,
}

/// Whether what is longer than the screen is shown a screen at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Paging {
    On,
    Off,
}

/// Whether a stream shows colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Paint {
    /// It does.
    Colour,
    /// It does not.
    Plain,
}

/// One of the two streams.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Whether an answer is shown while it is typed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Echo {
    /// It is.
    Shown,
    /// It is a secret.
    Hidden,
}

/// What a question got.
pub enum Typed {
    /// A line, without its end.
    Line(Zeroizing<String>),
    /// The end of the input.
    End,
    /// Ctrl-C.
    Interrupted,
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            // It may be a password.
            Self::Line(_) => "Line(..)",
            Self::End => "End",
            Self::Interrupted => "Interrupted",
        })
    }
}

/// Standard output is gone: whoever read it has had enough. No error to speak of.
#[derive(Debug)]
pub enum Lost {
    /// The pipe was closed.
    Pipe,
    /// Something else.
    Failed(io::Error),
}

impl Ui {
    /// For the streams of this process; `env` tells the environment.
    #[must_use]
    pub fn new(env: &dyn Fn(&str) -> Option<String>) -> Self {
        let wanted = env("NO_COLOR").is_none_or(|value| value.is_empty()) && env("TERM").is_none_or(|t| t != "dumb");
        let paint = |terminal: bool| if wanted && terminal { Paint::Colour } else { Paint::Plain };
        let paging = if pager::is_wanted(env) { Paging::On } else { Paging::Off };
        Self { out: paint(io::stdout().is_terminal()), err: paint(io::stderr().is_terminal()), paging }
    }

    /// Whether `stream` shows colours.
    #[must_use]
    pub fn paint(&self, stream: Stream) -> Paint {
        match stream {
            Stream::Out => self.out,
            Stream::Err => self.err,
        }
    }

    /// Shows colours or none on both streams, whatever was found: Django's `--force-color` and `--no-color`.
    pub fn set_paint(&mut self, paint: Paint) {
        (self.out, self.err) = (paint, paint);
    }

    /// Prints data, to the letter.
    pub fn data(&self, text: &str) -> Result<(), Lost> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Lost::Pipe,
            _ => Lost::Failed(error),
        })
    }

    /// Prints data for people: what is longer than the screen is shown a screen at a time.
    pub fn page(&self, text: &str) -> Result<(), Lost> {
        match self.paging {
            Paging::On => pager::show(text).map_err(Lost::Failed),
            Paging::Off => self.data(text),
        }
    }

    /// Prints text on standard error, to the letter.
    pub fn text(&self, text: &str) {
        // Where standard error is gone there is nobody to tell.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// A sentence that says what was done.
    pub fn status(&self, text: &str) {
        self.text(&format!("{text}\n"));
    }

    /// `warning: ...`
    pub fn warning(&self, text: &str) {
        self.text(&format!("{} {text}\n", self.label("warning:", Color::Yellow)));
    }

    /// ` hint: ...`
    pub fn hint(&self, text: &str) {
        self.text(&format!("{} {text}\n", self.label(" hint:", Color::Cyan)));
    }

    /// `error: ...`, its causes, and at most two hints.
    pub fn error(&self, message: &str, causes: &[String], hints: &[String]) {
        let mut text = format!("{} {message}\n", self.label("error:", Color::Red));
        for cause in causes {
            let _ = writeln!(text, "caused by: {cause}");
        }
        self.text(&text);
        for hint in hints.iter().take(2) {
            self.hint(hint);
        }
    }

    /// An error as Django's commands show it: bold red, the line's end inside the colour.
    pub fn django_error(&self, text: &str) {
        let ended = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        match self.err {
            Paint::Colour => self.text(&format!("\u{1b}[31;1m{ended}\u{1b}[0m")),
            Paint::Plain => self.text(&ended),
        }
    }

    fn label(&self, text: &str, colour: Color) -> String {
        colored::control::set_override(self.err == Paint::Colour);
        text.color(colour).bold().to_string()
    }
}

/// The name of the terminal that somebody types at.
#[must_use]
pub fn terminal_name() -> Option<String> {
    rustix::termios::ttyname(rustix::stdio::stdin(), Vec::new()).ok()?.into_string().ok()
}

/// The columns of the terminal on standard output; none where it is no terminal.
#[must_use]
pub fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let size = termios::tcgetwinsize(stdio::stdout()).ok()?;
    Some(if size.ws_col == 0 { 80 } else { size.ws_col.into() })
}

/// Asks on the terminal. Ctrl-C is told instead of ending the process, which would leave the terminal as it is then.
///
/// # Errors
/// The terminal failed.
pub fn ask(question: &str, echo: Echo) -> io::Result<Typed> {
    let input = stdio::stdin();
    let Ok(before) = termios::tcgetattr(input) else {
        // As Python's getpass does where there is no terminal: what is hidden is asked for beside the output.
        match echo {
            Echo::Shown => put(question)?,
            Echo::Hidden => io::stderr().lock().write_all(question.as_bytes())?,
        }
        return read_line();
    };
    let mut during = before.clone();
    // Ctrl-C ends a line as Enter does, and comes as its last character.
    during.local_modes -= LocalModes::ISIG;
    during.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
    if echo == Echo::Hidden {
        during.local_modes -= LocalModes::ECHO;
        during.local_modes |= LocalModes::ECHONL;
    }
    // Before the question: whoever answers at once must not see the answer. What was typed earlier was seen already,
    // so it is no secret.
    let when = if echo == Echo::Hidden { OptionalActions::Flush } else { OptionalActions::Drain };
    termios::tcsetattr(input, when, &during)?;
    let typed = put(question).and_then(|()| read_line());
    termios::tcsetattr(input, OptionalActions::Drain, &before)?;
    typed
}

fn put(question: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(question.as_bytes())?;
    out.flush()
}

const INTERRUPT: u8 = 3;

/// Reads up to the end of a line, byte by byte: what follows it belongs to somebody else.
fn read_line() -> io::Result<Typed> {
    let mut line = Zeroizing::new(Vec::new());
    loop {
        let mut byte = [0];
        match rustix::io::read(stdio::stdin(), &mut byte) {
            Ok(0) if line.is_empty() => return Ok(Typed::End),
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) if byte[0] == INTERRUPT => return Ok(Typed::Interrupted),
            Ok(_) => line.push(byte[0]),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    match str::from_utf8(&line) {
        Ok(text) => Ok(Typed::Line(Zeroizing::new(text.to_owned()))),
        Err(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "what was typed is not UTF-8")),
    }
}
