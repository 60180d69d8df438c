//! Real processes: the test binary runs itself again and does what it is told line by line, until it is told to end
//! or is killed.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use hallpass::store::{
    Committed, Revision, Role, Store, backup,
    local::{self, LocalStore, Tenure},
};

use crate::{
    support::{put, try_open, value},
    workload,
};

const VARIABLE: &str = "HALLPASS_TEST_PUPPET";

/// A process that is told lines and answers lines.
pub(crate) struct Speaker {
    child: Child,
    input: ChildStdin,
    output: Receiver<String>,
    patience: Duration,
}

impl Speaker {
    pub(crate) fn start(command: &mut Command, patience: Duration) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the test binary starts");
        let input = child.stdin.take().expect("it was piped");
        let stdout = child.stdout.take().expect("it was piped");
        let (lines, output) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The harness talks too, and may have begun the line.
                if let Some((_, line)) = line.split_once('@')
                    && lines.send(line.to_owned()).is_err()
                {
                    return;
                }
            }
        });
        Self { child, input, output, patience }
    }

    /// Tells it something without waiting.
    pub(crate) fn tell(&mut self, line: &str) {
        // A process that died has no ears; the answer will say so.
        let _ = writeln!(self.input, "{line}");
    }

    /// Waits for its next answer; `None` when it is dead, or was killed because it hung.
    pub(crate) fn answer(&mut self) -> Option<String> {
        match self.output.recv_timeout(self.patience) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                let _ = self.child.kill();
                None
            }
        }
    }

    pub(crate) fn ask(&mut self, line: &str) -> Option<String> {
        self.tell(line);
        self.answer()
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process with a store.
pub(crate) struct Puppet(Speaker);

impl Puppet {
    /// Starts one on a store that opens, and waits until it has it. Its role is the answer.
    pub(crate) fn start(dir: &Path, tenure: &str) -> (Self, String) {
        let mut puppet = Self::spawn(&mut Self::command(dir, tenure));
        let role = puppet.answer();
        assert!(role == "owner" || role == "attached", "it does not open: {role}");
        (puppet, role)
    }

    /// The command that starts one.
    pub(crate) fn command(dir: &Path, tenure: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("the test binary"));
        Self::fit(&mut command, dir, tenure);
        command
    }

    /// Has another program start one: what `runner` says so far comes before it.
    pub(crate) fn under(mut runner: Command, dir: &Path, tenure: &str) -> Command {
        runner.arg(std::env::current_exe().expect("the test binary"));
        Self::fit(&mut runner, dir, tenure);
        runner
    }

    /// Says to a command that runs the test binary, or a copy of it, what it is to be.
    pub(crate) fn fit(command: &mut Command, dir: &Path, tenure: &str) {
        command.args(["--exact", "puppet::puppet", "--nocapture", "--test-threads=1"]);
        Self::told(command, dir, tenure);
    }

    /// Says to a command what it is to be instead.
    pub(crate) fn told(command: &mut Command, dir: &Path, tenure: &str) {
        command.env(VARIABLE, format!("{tenure} {}", dir.display()));
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self(Speaker::start(command, Duration::from_secs(60)))
    }

    pub(crate) fn tell(&mut self, line: &str) {
        self.0.tell(line);
    }

    /// Waits for its next answer; empty when it is dead.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> String {
        self.0.answer().unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.tell(line);
        self.answer()
    }

    pub(crate) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.0.child)
    }

    pub(crate) fn kill(&mut self) {
        self.0.child.kill().expect("it can be killed");
        self.0.child.wait().expect("it ended");
    }
}

pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n@{line}").and_then(|()| out.flush()).expect("somebody listens");
}

/// Not a test by itself: what a puppet runs. Without its variable it has nothing to do.
#[test]
fn puppet() {
    let Ok(variable) = std::env::var(VARIABLE) else { return };
    let (tenure, dir) = variable.split_once(' ').expect("a tenure and a directory");
    // Two things are done to a store that nobody has open.
    if let Some(file) = tenure.strip_prefix("restore:") {
        return say(&local::restore(Path::new(dir), Path::new(file)).map_or_else(|e| e.to_string(), |_| "done".into()));
    }
    if tenure == "repair" {
        return say(&local::repair(Path::new(dir)).map_or_else(|e| e.to_string(), |_| "done".into()));
    }
    let tenure = if tenure == "server" { Tenure::Server } else { Tenure::Visitor };
    let store = match try_open(&PathBuf::from(dir), tenure) {
        Ok(store) => store,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|e| format!(": {e}")).unwrap_or_default();
            return say(&format!("error: {error}{cause} hint: {}", error.hint().unwrap_or_default()));
        }
    };
    say(role(&store));
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let words: Vec<_> = line.split(' ').collect();
        match words.as_slice() {
            ["put", key, value] => say(&durable(&store, key, value)),
            ["commit", key, value] => say(&committed(&store, key, value)),
            ["sync", n] => {
                let synced = store.sync(Revision(n.parse().expect("a number")));
                say(&synced.map_or_else(|e| format!("error: {e}"), |()| "synced".into()));
            }
            ["get", key] => say(&value(&store, key).unwrap_or_else(|| "none".into())),
            ["role"] => say(role(&store)),
            ["fill", prefix, upto] => fill(&store, prefix, upto.parse().expect("a number")),
            ["count", prefix, upto] => count(&store, prefix, upto.parse().expect("a number")),
            ["work", first, writers, count, seed, file] => say(&work(&store, [first, writers, count, seed], file)),
            ["compact"] => say(&store.compact().map_or_else(|e| e.to_string(), |_| "done".into())),
            ["checkpoint"] => say(&store.checkpoint().map_or_else(|e| e.to_string(), |_| "done".into())),
            ["backup", file] => {
                say(&backup::write(&store, Path::new(file)).map_or_else(|e| e.to_string(), |_| "done".into()));
            }
            ["hand-over"] => say(&store.hand_over().map_or_else(|e| e.to_string(), |()| "done".into())),
            ["end"] => {
                say(&store.close().map_or_else(|e| e.to_string(), |()| "closed".into()));
                return;
            }
            other => say(&format!("what is {other:?}?")),
        }
    }
}

fn role(store: &LocalStore) -> &'static str {
    match store.role() {
        Role::Owner => "owner",
        Role::Attached => "attached",
        Role::Memory => "memory",
    }
}

fn durable(store: &LocalStore, key: &str, value: &str) -> String {
    let result = store.commit(put(key, value)).and_then(|committed| match committed {
        Committed::Applied(revision) | Committed::Conflict(revision) => store.sync(revision).map(|()| revision),
    });
    match result {
        Ok(Revision(revision)) => format!("{revision}"),
        Err(error) => format!("error: {error}"),
    }
}

fn committed(store: &LocalStore, key: &str, value: &str) -> String {
    match store.commit(put(key, value)) {
        Ok(Committed::Applied(revision) | Committed::Conflict(revision)) => revision.0.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

/// Writes PREFIX1, PREFIX2 ... and says each number when it is durable.
fn count(store: &LocalStore, prefix: &str, upto: u64) {
    for n in 1..=upto {
        let answer = durable(store, &format!("{prefix}{n}"), &n.to_string());
        if answer.starts_with("error") {
            return say(&answer);
        }
        say(&n.to_string());
    }
}

/// As [`count`], with rows of some kilobytes.
fn fill(store: &LocalStore, prefix: &str, upto: u64) {
    for n in 1..=upto {
        let answer = durable(store, &format!("{prefix}{n}"), &format!("{n} {}", "x".repeat(2000)));
        if answer.starts_with("error") {
            return say(&answer);
        }
        say(&n.to_string());
    }
}

/// Runs several writers at once.
fn work(store: &LocalStore, numbers: [&str; 4], file: &str) -> String {
    let [first, writers, count, seed] = numbers.map(|n| n.parse::<u64>().expect("a number"));
    let file = workload::Acknowledged::open(Path::new(file));
    let results = std::thread::scope(|scope| {
        let writers = (first..first + writers).map(|writer| {
            let file = &file;
            scope.spawn(move || workload::run(store, writer, count, seed, file))
        });
        let running: Vec<_> = writers.collect();
        running.into_iter().map(|writer| writer.join().expect("no writer panics")).collect::<Result<Vec<_>, _>>()
    });
    results.map_or_else(|e| format!("error: {e}"), |_| "done".into())
}
