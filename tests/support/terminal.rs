//! A real pseudo-terminal with a program on it. Tests assert on the screen, as a person would, and wait for facts.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How the program on a terminal ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// With this exit status.
    Exit(i32),
    /// By a signal.
    Signal,
}

/// What came out of the terminal so far.
struct Seen {
    raw: Vec<u8>,
    screen: vt100::Parser,
    closed: bool,
    last: Instant,
}

type Shared = Arc<(Mutex<Seen>, Condvar)>;

/// The terminal, and the program on it.
pub struct Terminal {
    seen: Shared,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

/// How long a test waits for something to appear before it fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

fn lock(seen: &Shared) -> MutexGuard<'_, Seen> {
    seen.0.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Terminal {
    /// Starts `program` on a terminal of `(rows, columns)`.
    ///
    /// # Errors
    /// What the system said when it could not.
    pub fn start<S: AsRef<OsStr>>(
        program: PathBuf,
        args: &[S],
        variables: &[(String, String)],
        folder: &Path,
        (rows, columns): (u16, u16),
    ) -> Result<Self, anyhow::Error> {
        let pair = native_pty_system().openpty(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 })?;
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(folder);
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let reader = pair.master.try_clone_reader()?;
        let writer = pair.master.take_writer()?;
        let size = |n: u16| NonZeroU16::new(n).expect("terminals of tests have a size");
        let screen = vt100::Parser::new(size(rows), size(columns), 0);
        let seen = Arc::new((
            Mutex::new(Seen { raw: Vec::new(), screen, closed: false, last: Instant::now() }),
            Condvar::new(),
        ));
        let pump = Arc::clone(&seen);
        thread::spawn(move || follow(reader, &pump));
        Ok(Self { seen, writer, child, master: pair.master })
    }

    /// The text on the screen.
    #[must_use]
    pub fn screen(&self) -> String {
        lock(&self.seen).screen.screen().contents()
    }

    /// Row and column of the cursor, from 0.
    #[must_use]
    pub fn cursor(&self) -> (u16, u16) {
        lock(&self.seen).screen.screen().cursor_position()
    }

    /// Every byte that came, control sequences and all.
    #[must_use]
    pub fn raw(&self) -> Vec<u8> {
        lock(&self.seen).raw.clone()
    }

    /// The process on the terminal.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.process_id().expect("the child was started")
    }

    /// Types `text`, no more.
    pub fn send(&mut self, text: &str) {
        // A program that ended does not read any more; what it left is on the screen.
        let _closed = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush());
    }

    /// Types `line` and Enter.
    pub fn line(&mut self, line: &str) {
        self.send(&format!("{line}\r"));
    }

    /// Ctrl and a letter.
    pub fn control(&mut self, letter: char) {
        let code = u8::try_from(letter.to_ascii_lowercase()).expect("a letter") & 0x1f;
        self.send(&char::from(code).to_string());
    }

    /// Changes the size, as dragging a window's corner does.
    pub fn resize(&self, rows: u16, columns: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).expect("the terminal is open");
    }

    /// Waits until what came satisfies `wanted`; `None` where it did not in time, or can no more.
    pub fn until<T>(&self, patience: Duration, wanted: impl Fn(&[u8], &vt100::Screen) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut seen = lock(&self.seen);
        loop {
            if let Some(found) = wanted(&seen.raw, seen.screen.screen()) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            if seen.closed {
                return None;
            }
            seen = self.seen.1.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the screen shows `text` somewhere; panics with the screen where it does not.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait_until(&format!("the screen shows {text:?}"), |screen| screen.contains(text));
    }

    /// Waits until the screen's text satisfies `wanted`; panics with the screen where it does not.
    #[track_caller]
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        let found = self.until(PATIENCE, |_, screen| wanted(&screen.contents()).then_some(()));
        assert!(found.is_some(), "waited in vain until {what}; the screen:\n{}", self.screen());
    }

    /// Waits until the last line on the screen is a prompt with nothing behind it.
    #[track_caller]
    pub fn wait_for_prompt(&self) {
        self.wait_until("there is a prompt", |screen| screen.trim_end().ends_with(">>>"));
    }

    /// Types `line` and returns what stands on the screen between it and the next prompt.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> String {
        self.wait_for_prompt();
        let before = self.screen().matches(">>>").count();
        self.line(line);
        self.wait_until("the answer is followed by a prompt", |screen| {
            screen.trim_end().ends_with(">>>") && screen.matches(">>>").count() > before
        });
        let screen = self.screen();
        let after = screen.rsplit_once(line).map_or("", |(_, after)| after);
        after.trim_end().trim_end_matches(">>>").trim_matches(['\n', ' ']).to_owned()
    }

    /// Waits until nothing more has come for `pause`: the program waits for a key.
    pub fn settle(&self, pause: Duration) {
        let mut seen = lock(&self.seen);
        while !seen.closed {
            let Some(left) = pause.checked_sub(seen.last.elapsed()) else { return };
            seen = self.seen.1.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the end of the program; `None`: it did not end in time and was killed.
    pub fn end(&mut self, patience: Duration) -> Option<Ended> {
        let closed = {
            let deadline = Instant::now() + patience;
            let mut seen = lock(&self.seen);
            loop {
                if seen.closed {
                    break true;
                }
                let Some(left) = deadline.checked_duration_since(Instant::now()) else { break false };
                seen = self.seen.1.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        };
        if !closed {
            let _gone = self.child.kill();
        }
        let status = self.child.wait().ok()?;
        if !closed {
            return None;
        }
        let code = i32::try_from(status.exit_code()).unwrap_or(i32::MAX);
        Some(if status.signal().is_some() { Ended::Signal } else { Ended::Exit(code) })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn follow(mut reader: Box<dyn Read + Send>, seen: &Shared) {
    let mut buffer = [0; 4096];
    loop {
        // The kernel answers a terminal whose program is gone with an error; that is its end of file.
        let read = reader.read(&mut buffer).unwrap_or(0);
        let mut now = lock(seen);
        now.last = Instant::now();
        now.raw.extend_from_slice(&buffer[..read]);
        now.screen.process(&buffer[..read]);
        now.closed = read == 0;
        drop(now);
        seen.1.notify_all();
        if read == 0 {
            return;
        }
    }
}
