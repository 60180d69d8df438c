//! Reading a line from a terminal that can do nothing (`TERM=dumb`): no colours, no cursor movement beyond one step
//! back, and an echo exactly of what was typed.

use std::io::{self, Write};
use std::os::fd::BorrowedFd;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use unicode_width::UnicodeWidthChar;

use super::editor::Typed;
use super::suspend::Suspension;

/// What was read ahead of the line that was returned.
pub(super) struct Plain {
    ahead: Vec<u8>,
    suspension: Suspension,
}

/// The terminal without its own line editing, for as long as this lives.
struct Raw {
    before: Termios,
}

impl Raw {
    fn enter(terminal: BorrowedFd<'_>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut raw = before.clone();
        raw.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(terminal, OptionalActions::Drain, &raw)?;
        Ok(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that is gone needs no modes.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &self.before);
    }
}

impl Plain {
    /// Nothing was read yet.
    pub(super) fn new(suspension: Suspension) -> Self {
        Self { ahead: Vec::new(), suspension }
    }

    /// Shows `prompt` and reads a line.
    ///
    /// # Errors
    /// What the terminal says.
    pub(super) fn read(&mut self, prompt: &str) -> io::Result<Typed> {
        let _raw = Raw::enter(rustix::stdio::stdin())?;
        let mut line = Vec::new();
        show(prompt)?;
        loop {
            let Some(byte) = self.next()? else {
                show("\n")?;
                return Ok(Typed::End);
            };
            match byte {
                b'\r' | b'\n' => {
                    show("\n")?;
                    return Ok(Typed::Line(String::from_utf8_lossy(&line).into_owned()));
                }
                3 => {
                    show("\n")?;
                    return Ok(Typed::Interrupted);
                }
                4 if line.is_empty() => {
                    show("\n")?;
                    return Ok(Typed::End);
                }
                8 | 127 => rub_out(&mut line)?,
                21 => {
                    while !line.is_empty() {
                        rub_out(&mut line)?;
                    }
                }
                // Ctrl-Z.
                26 => {
                    show("\n")?;
                    self.suspension.stop();
                    show(&format!("{prompt}{}", String::from_utf8_lossy(&line)))?;
                }
                b'\t' | b' '.. => {
                    line.push(byte);
                    io::stdout().write_all(&[byte])?;
                    io::stdout().flush()?;
                }
                // Other control characters are no text.
                _ => {}
            }
        }
    }

    fn next(&mut self) -> io::Result<Option<u8>> {
        if self.ahead.is_empty() {
            let mut bytes = [0; 4096];
            let n = loop {
                match rustix::io::read(rustix::stdio::stdin(), &mut bytes) {
                    Ok(n) => break n,
                    Err(rustix::io::Errno::INTR) => {}
                    // The terminal has hung up.
                    Err(rustix::io::Errno::IO) => break 0,
                    Err(error) => return Err(error.into()),
                }
            };
            if n == 0 {
                return Ok(None);
            }
            // Read from the end: a stack.
            self.ahead = bytes[..n].iter().rev().copied().collect();
        }
        Ok(self.ahead.pop())
    }
}

fn show(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Takes the last character back, from the line and from the screen.
fn rub_out(line: &mut Vec<u8>) -> io::Result<()> {
    let start = (0..line.len()).rev().find(|&i| line[i] & 0xc0 != 0x80).unwrap_or(0);
    let gone = String::from_utf8_lossy(&line.split_off(start)).into_owned();
    let width = gone.chars().filter_map(UnicodeWidthChar::width).sum::<usize>();
    show(&"\u{8} \u{8}".repeat(width))
}
