//! The programs that run at this moment: the end of the server waits for them, and a hurried end takes them along.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};

/// What runs.
#[derive(Debug, Default)]
pub(super) struct Runs {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// Their process groups, as soon as they have one.
    going: HashMap<u64, Option<Pid>>,
    is_hurried: bool,
}

/// One run; over when this is dropped.
#[derive(Debug)]
pub(super) struct Going {
    runs: Arc<Runs>,
    number: u64,
}

impl Runs {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a run.
    pub(super) fn begin(runs: &Arc<Self>) -> Going {
        let mut state = runs.state();
        let number = state.next;
        state.next += 1;
        state.going.insert(number, None);
        Going { runs: Arc::clone(runs), number }
    }

    /// Ends all of them, and those that begin later.
    pub(super) fn end_all(&self) {
        let mut state = self.state();
        state.is_hurried = true;
        state.going.values().flatten().for_each(|group| end(*group));
    }

    /// Waits until none is left, or for so long. Whether none is left.
    pub(super) fn wait(&self, most: Duration) -> bool {
        let state = self.state();
        let waited = self.changed.wait_timeout_while(state, most, |state| !state.going.is_empty());
        waited.unwrap_or_else(PoisonError::into_inner).0.going.is_empty()
    }
}

impl Going {
    /// The run has a process group by now.
    pub(super) fn is_in(&self, group: Pid) {
        let mut state = self.runs.state();
        state.going.insert(self.number, Some(group));
        if state.is_hurried {
            end(group);
        }
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.runs.state().going.remove(&self.number);
        self.runs.changed.notify_all();
    }
}

fn end(group: Pid) {
    // It may have ended by itself a moment ago; it is not reaped before it is struck off the list.
    let _ = kill_process_group(group, Signal::KILL);
}
