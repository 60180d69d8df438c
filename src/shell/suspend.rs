//! Ctrl-Z: the store is let go of first, the terminal is given back as it was found, and all is as before when the process
//! goes on.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, getpgid, getpgrp, getpid, getppid, getsid, kill_current_process_group, kill_process,
};
use rustix::stdio;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::flag;
use signal_hook::iterator::Signals;

/// What is done before the process is suspended.
pub type Suspend = Arc<dyn Fn() + Send + Sync>;

/// How often it is looked whether the process has been stopped and goes on, and how many times at most.
const LOOK: Duration = Duration::from_millis(2);
const LOOKS: usize = 1_000;

/// What it takes to be suspended.
pub(super) struct Suspension {
    hand_over: Suspend,
    /// The terminal as it was found.
    found: Option<Termios>,
    /// Set when the process goes on.
    goes_on: Arc<AtomicBool>,
}

impl Suspension {
    /// From here on `hand_over` is called before the process is stopped, also while a statement runs.
    pub(super) fn new(hand_over: Suspend) -> Self {
        let goes_on = Arc::new(AtomicBool::new(false));
        // Where the system has no handler to give, the process is stopped as any other is.
        let _ = flag::register(SIGCONT, Arc::clone(&goes_on));
        if let Ok(mut signals) = Signals::new([SIGTSTP]) {
            let letting_go = Arc::clone(&hand_over);
            let listen = move || {
                for _ in signals.forever() {
                    letting_go();
                    if has_job_control() {
                        let _ = kill_process(getpid(), Signal::STOP);
                    }
                }
            };
            let _ = thread::Builder::new().name("suspend".into()).spawn(listen);
        }
        Self { hand_over, found: tcgetattr(stdio::stdin()).ok(), goes_on }
    }

    /// Stops the process, and whatever else is in its job, with the terminal as it was found; comes back when it goes on,
    /// with the terminal as it is now. `false`: nobody is there who could have it go on, and it was not stopped.
    pub(super) fn stop(&self) -> bool {
        (self.hand_over)();
        if !has_job_control() {
            return false;
        }
        let now = tcgetattr(stdio::stdin()).ok();
        let set = |modes: &Option<Termios>| {
            // A terminal that is gone needs no modes.
            if let Some(modes) = modes {
                let _ = tcsetattr(stdio::stdin(), OptionalActions::Drain, modes);
            }
        };
        set(&self.found);
        self.goes_on.store(false, Ordering::SeqCst);
        if kill_current_process_group(Signal::TSTP).is_ok() {
            // The signal may reach another thread, a moment later. While the process is stopped nothing is counted.
            (0..LOOKS).take_while(|_| !self.goes_on.load(Ordering::SeqCst)).for_each(|_| thread::park_timeout(LOOK));
        }
        set(&now);
        // Nobody tells a stopped process that the window has another size.
        let _ = kill_process(getpid(), Signal::WINCH);
        true
    }
}

/// Whether a shell started this process, or what started it, as a job of its own, and so can have it go on. The kernel
/// stops nobody by Ctrl-Z who has no such shell.
fn has_job_control() -> bool {
    let (Ok(session), group) = (getsid(None), getpgrp()) else { return false };
    let mut above = getppid();
    while let Some(pid) = above.filter(|pid| getsid(Some(*pid)) == Ok(session)) {
        match getpgid(Some(pid)) {
            // Of the same job, as cargo is under `cargo run`.
            Ok(theirs) if theirs == group => above = parent_of(pid),
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
    false
}

fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name in brackets may hold anything; the state and the parent come behind it.
    let (_, behind) = stat.rsplit_once(')')?;
    Pid::from_raw(behind.split_whitespace().nth(1)?.parse().ok()?)
}
