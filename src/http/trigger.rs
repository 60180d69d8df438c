//! What a request sets off: a program with fixed arguments, never a shell, one run at a time.

use std::{
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open},
};
use tokio::sync::oneshot;

use super::{
    runs::{Going, Runs},
    settings::Trigger,
};
use crate::authority::Principal;

/// What became of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// It ended well.
    Done,
    /// One is running already.
    Busy,
    /// It could not be started, failed, or wrote too much.
    Failed,
    /// It took too long and was ended.
    Late,
}

/// Runs one trigger's program.
#[derive(Clone, Debug)]
pub(super) struct Runner {
    is_busy: Arc<AtomicBool>,
    runs: Arc<Runs>,
}

/// Frees the place when the run is over, however it ends.
struct Turn(Arc<AtomicBool>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Runner {
    pub(super) fn new(runs: &Arc<Runs>) -> Self {
        Self { is_busy: Arc::default(), runs: Arc::clone(runs) }
    }

    /// Runs the program for `principal`, with `body` on its standard input. A client that goes away ends nothing.
    pub(super) async fn run(&self, trigger: &Arc<Trigger>, principal: &Principal, body: Bytes) -> Outcome {
        if self.is_busy.swap(true, Ordering::AcqRel) {
            return Outcome::Busy;
        }
        let turn = Turn(Arc::clone(&self.is_busy));
        let going = Runs::begin(&self.runs);
        let command = command(trigger, principal);
        let (answer, answered) = oneshot::channel();
        let trigger = Arc::clone(trigger);
        let work = move || {
            let outcome = execute(command, &trigger, body, &going);
            if let Err(error) = &outcome {
                tracing::warn!(path = trigger.path, %error, "a trigger could not be run");
            }
            drop((going, turn));
            // Whoever asked may be gone.
            let _ = answer.send(outcome.unwrap_or(Outcome::Failed));
        };
        match thread::Builder::new().name("trigger".into()).spawn(work) {
            Ok(_) => answered.await.unwrap_or(Outcome::Failed),
            Err(_) => Outcome::Failed,
        }
    }
}

/// The program sees a search path and who asked, and nothing else of the server's environment.
fn command(trigger: &Trigger, principal: &Principal) -> Command {
    let mut words = trigger.argv.iter();
    let mut command = Command::new(words.next().map_or("", String::as_str));
    command.args(words).env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    // No text in an environment holds a null character: such a name is left out.
    let mut tell = |name: &str, value: &str| {
        if !value.contains('\0') {
            command.env(name, value);
        }
    };
    tell("HALLPASS_USER", principal.username.as_deref().unwrap_or_default());
    tell("HALLPASS_TOKEN_ID", &principal.token.to_string());
    tell("HALLPASS_TOKEN_NAME", principal.name.as_deref().unwrap_or_default());
    // A group of its own, so that it can be ended with all that it started.
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn execute(mut command: Command, trigger: &Trigger, body: Bytes, going: &Going) -> io::Result<Outcome> {
    let deadline = Instant::now() + trigger.time_limit;
    let mut child = command.spawn()?;
    let group = Pid::from_child(&child);
    going.is_in(group);
    let written = Arc::new(AtomicUsize::new(0));
    if let Some(mut input) = child.stdin.take() {
        // A program that does not read its input is no error.
        thread::spawn(move || drop(input.write_all(&body)));
    }
    if let Some(output) = child.stdout.take() {
        count(output, group, &written, trigger.output);
    }
    if let Some(output) = child.stderr.take() {
        count(output, group, &written, trigger.output);
    }
    let ended = wait_until(group, deadline);
    if !matches!(ended, Ok(true)) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let status = reap(&mut child)?;
    // What it left running in its group has no time limit of its own.
    let _ = kill_process_group(group, Signal::KILL);
    Ok(match ended? {
        false => Outcome::Late,
        true if status && written.load(Ordering::Acquire) <= trigger.output => Outcome::Done,
        true => Outcome::Failed,
    })
}

fn reap(child: &mut Child) -> io::Result<bool> {
    child.wait().map(|status| status.success())
}

/// Whether the process ended before `deadline`.
fn wait_until(process: Pid, deadline: Instant) -> io::Result<bool> {
    let handle = pidfd_open(process, PidfdFlags::empty())?;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let span = Timespec::try_from(left.max(Duration::from_millis(1))).map_err(io::Error::other)?;
        let mut fds = [PollFd::new(&handle, PollFlags::IN)];
        match poll(&mut fds, Some(&span)) {
            Ok(0) if Instant::now() >= deadline => return Ok(false),
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Takes in what the program writes; one that writes more than `most` is ended.
fn count(mut output: impl Read + Send + 'static, group: Pid, written: &Arc<AtomicUsize>, most: usize) {
    let written = Arc::clone(written);
    thread::spawn(move || {
        let mut buf = [0; 8192];
        while let Ok(read @ 1..) = output.read(&mut buf) {
            if written.fetch_add(read, Ordering::AcqRel) + read > most {
                let _ = kill_process_group(group, Signal::KILL);
                return;
            }
        }
    });
}
