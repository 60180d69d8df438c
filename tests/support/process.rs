//! Runs one process to its end and keeps what it said. A process that does not end is killed, and the output says so.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// What is on the standard input of a process.
#[derive(Clone, Copy, Debug)]
pub enum Stdin<'a> {
    /// The null device.
    Null,
    /// A pipe that holds these bytes and then ends.
    Bytes(&'a [u8]),
    /// A pipe whose writer comes that late.
    Late(&'a [u8], Duration),
}

/// Everything a process left behind.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "compare the output or assert the exit status"]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit status; minus the number of the signal it died by.
    pub code: i32,
    /// It did not end in time and was killed.
    pub timed_out: bool,
}

impl Output {
    /// One text for comparing and for messages.
    #[must_use]
    pub fn text(&self) -> String {
        format!("[exit {}]\n[stdout]\n{}[stderr]\n{}", self.code, self.stdout, self.stderr)
    }

    /// Panics unless the process ended with 0; returns what it printed.
    #[track_caller]
    pub fn success(self) -> String {
        assert_eq!(self.code, 0, "the process failed:\n{}", self.text());
        self.stdout
    }
}

/// How long a process may take before it counts as hanging; the machine may be busy with other things.
pub const LIMIT: Duration = Duration::from_secs(300);

/// Runs `command` to its end.
pub fn run(mut command: Command, stdin: Stdin<'_>) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    match stdin {
        Stdin::Null => command.stdin(Stdio::null()),
        Stdin::Bytes(_) | Stdin::Late(..) => command.stdin(Stdio::piped()),
    };
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let stderr = format!("could not start {:?}: {error}\n", command.get_program());
            return Output { stdout: String::new(), stderr, code: i32::MIN, timed_out: false };
        }
    };
    let writer = feed(child.stdin.take(), stdin);
    let (sender, receiver) = mpsc::channel();
    let stdout = drain(child.stdout.take().expect("it is piped: set above"), sender.clone());
    let stderr = drain(child.stderr.take().expect("it is piped: set above"), sender);
    // Both streams end when the process does (and with whatever it left running on them).
    let mut timed_out = false;
    for _ in 0..2 {
        if receiver.recv_timeout(LIMIT).is_err() {
            timed_out = true;
            let _gone_already = child.kill();
        }
    }
    let status = child.wait().expect("the child was started above and is waited for once");
    let code = status.code().unwrap_or_else(|| -status.signal().unwrap_or(0));
    if let Some(writer) = writer {
        writer.join().expect("the writer does not panic");
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Output {
        stdout: text(stdout.join().expect("the reader does not panic")),
        stderr: text(stderr.join().expect("the reader does not panic")),
        code,
        timed_out,
    }
}

fn feed(pipe: Option<std::process::ChildStdin>, stdin: Stdin<'_>) -> Option<thread::JoinHandle<()>> {
    let mut pipe = pipe?;
    let (bytes, delay) = match stdin {
        Stdin::Null => return None,
        Stdin::Bytes(bytes) => (bytes.to_vec(), None),
        Stdin::Late(bytes, delay) => (bytes.to_vec(), Some(delay)),
    };
    Some(thread::spawn(move || {
        if let Some(delay) = delay {
            // Nobody sends: this is the lateness itself, which is what the case is about.
            let (_silent, nothing) = mpsc::channel::<()>();
            let _timeout = nothing.recv_timeout(delay);
        }
        // A process may end without reading all of it.
        let _closed = pipe.write_all(&bytes);
    }))
}

fn drain<R: Read + Send + 'static>(mut stream: R, done: mpsc::Sender<()>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _cut = stream.read_to_end(&mut bytes);
        let _nobody_waits = done.send(());
        bytes
    })
}

/// Arguments as owned strings, for calls with mixed kinds.
pub fn words<S: AsRef<OsStr>>(args: &[S]) -> Vec<std::ffi::OsString> {
    args.iter().map(|arg| arg.as_ref().to_owned()).collect()
}
