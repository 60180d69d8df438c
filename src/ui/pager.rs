//! A pager of our own: what is longer than the screen is shown a screen at a time. It starts no process, knows where the
//! terminal is, and leaves it as it was, however it ends.

use std::io::{self, IsTerminal};

use rustix::{
    io::Errno,
    stdio,
    termios::{self, LocalModes, OptionalActions, Termios},
};
use unicode_width::UnicodeWidthStr;

use super::put;

/// What a key asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wish {
    Page,
    Line,
    Rest,
    End,
    Nothing,
}

/// The keys of `less` and `more` that people try.
fn wish(keys: &[u8]) -> Wish {
    match keys {
        [b' ' | b'f', ..] | b"\x1b[6~" => Wish::Page,
        [b'\r' | b'\n' | b'j' | b'e', ..] | b"\x1b[B" | b"\x1bOB" => Wish::Line,
        [b'G' | b'>', ..] | b"\x1b[F" | b"\x1bOF" => Wish::Rest,
        // Ctrl-C and Ctrl-D; escape alone.
        [b'q' | b'Q' | 3 | 4, ..] | [0x1b] => Wish::End,
        _ => Wish::Nothing,
    }
}

/// Whether there is somebody to press keys on a screen that can be written over. `PAGER=cat`, or an empty one, asks for
/// no pager.
pub(super) fn is_wanted(env: &dyn Fn(&str) -> Option<String>) -> bool {
    let unwanted = env("PAGER").is_some_and(|pager| pager.is_empty() || pager == "cat");
    let dumb = env("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    !unwanted && !dumb && io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Shows `text`: at once where it fits the screen, else a screen at a time until somebody has had enough.
///
/// # Errors
/// What the terminal says.
pub(super) fn show(text: &str) -> io::Result<()> {
    let lines: Vec<&str> = text.lines().collect();
    let (rows, columns) = size()?;
    if rows < 3 || lines.iter().map(|line| height(line, columns)).sum::<usize>() < rows {
        return put(text);
    }
    let _raw = Keys::enter()?;
    let (mut at, mut wanted) = (0, Wish::Page);
    while at < lines.len() {
        // The window may have another size by now.
        let (rows, columns) = size()?;
        let mut room = match wanted {
            Wish::Line => height(lines[at], columns),
            Wish::Rest => usize::MAX,
            Wish::Page | Wish::End | Wish::Nothing => rows.saturating_sub(1).max(1),
        };
        let first = at;
        let mut screen = String::new();
        while let Some(line) = lines.get(at).filter(|line| height(line, columns) <= room || at == first) {
            screen.push_str(line);
            screen.push('\n');
            room = room.saturating_sub(height(line, columns));
            at += 1;
            if room == 0 {
                break;
            }
        }
        put(&screen)?;
        if at == lines.len() {
            break;
        }
        put(&format!("\u{1b}[7m{}\u{1b}[0m", question(at * 100 / lines.len(), columns)))?;
        wanted = loop {
            match wish(&read()?) {
                Wish::Nothing => {}
                wish => break wish,
            }
        };
        put("\r\u{1b}[K")?;
        if wanted == Wish::End {
            break;
        }
    }
    Ok(())
}

/// The rows and columns of the terminal.
fn size() -> io::Result<(usize, usize)> {
    let size = termios::tcgetwinsize(stdio::stdout())?;
    Ok((size.ws_row.into(), usize::from(size.ws_col).max(1)))
}

/// How many rows a line takes.
fn height(line: &str, columns: usize) -> usize {
    line.width().div_ceil(columns).max(1)
}

/// What is asked below a screen: as much of it as one line takes.
fn question(done: usize, columns: usize) -> String {
    let keys = ["-- space: next page, enter: next line, G: all, q: quit", "-- space, enter, G or q", "--"];
    let mut all = keys.into_iter().map(|keys| format!("-- {done}% {keys}"));
    all.find(|text| text.width() < columns).unwrap_or_else(|| "--".into())
}

/// One key: what the terminal sends for it in one go.
fn read() -> io::Result<Vec<u8>> {
    let mut bytes = [0; 16];
    loop {
        match rustix::io::read(stdio::stdin(), &mut bytes) {
            // The terminal is gone: nobody wants more.
            Ok(0) | Err(Errno::IO) => return Ok(vec![b'q']),
            Ok(n) => return Ok(bytes[..n].to_vec()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The terminal gives single keys, Ctrl-C too, as long as this lives.
struct Keys(Termios);

impl Keys {
    fn enter() -> io::Result<Self> {
        let before = termios::tcgetattr(stdio::stdin())?;
        let mut during = before.clone();
        during.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        termios::tcsetattr(stdio::stdin(), OptionalActions::Drain, &during)?;
        Ok(Self(before))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // Where the terminal is gone there is nothing to bring back.
        let _ = termios::tcsetattr(stdio::stdin(), OptionalActions::Drain, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_takes_one_line() {
        assert!(question(50, 80).ends_with("q: quit"));
        assert_eq!(question(50, 40), "-- 50% -- space, enter, G or q");
        assert_eq!(question(50, 12), "-- 50% --");
        assert_eq!(question(100, 5), "--");
    }

    #[test]
    fn the_keys_that_people_try_do_what_they_expect() {
        assert_eq!([b" ".as_slice(), b"f", b"\x1b[6~"].map(wish), [Wish::Page; 3]);
        assert_eq!([b"\r".as_slice(), b"j", b"\x1b[B"].map(wish), [Wish::Line; 3]);
        assert_eq!([b"q".as_slice(), b"\x03", b"\x1b"].map(wish), [Wish::End; 3]);
        assert_eq!([b"x".as_slice(), b"\x1b[A"].map(wish), [Wish::Nothing; 2]);
    }
}
