//! Ctrl-C while something takes its time: it is told to stop, leaves nothing half done, and says so.

use std::{
    io,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hallpass::{command::Meter, store::Progress, ui};
use signal_hook::{consts::SIGINT, flag};

/// How what takes its time is shown, and hears that nobody wants to wait for it.
#[derive(Clone)]
pub(crate) struct Patience {
    stop: Arc<AtomicBool>,
    /// While this is set Ctrl-C ends the process, as it does where nobody listens; in a shell somebody else listens.
    ends: Option<Arc<AtomicBool>>,
}

impl Patience {
    /// Of a shell, which sets `stop` by itself.
    pub(crate) fn of_shell(stop: Arc<AtomicBool>) -> Self {
        Self { stop, ends: None }
    }

    /// Of a process that does one command: Ctrl-C ends it at once, unless something has begun that can be stopped; then
    /// the second one does.
    pub(crate) fn of_command() -> io::Result<Self> {
        let (stop, ends) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(true)));
        // They are called in this order.
        flag::register_conditional_default(SIGINT, Arc::clone(&ends))?;
        flag::register(SIGINT, Arc::clone(&stop))?;
        flag::register(SIGINT, Arc::clone(&ends))?;
        Ok(Self { stop, ends: Some(ends) })
    }

    /// What is set when nobody wants to wait any longer.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Begins something that stops when it is told to, and that has so many parts, if that is known.
    pub(crate) fn meter(&self, what: &'static str, total: Option<u64>) -> Meter {
        let mut bar = ui::Progress::begin(what, total);
        let turn = Turn::begin(self.ends.clone());
        Box::new(move |done| {
            let _begun = &turn;
            bar.at(done);
        })
    }

    /// The same for what asks at every part whether it is to go on.
    pub(crate) fn progress(&self, what: &'static str, total: Option<u64>) -> Box<Progress<'static>> {
        let (mut meter, stop) = (self.meter(what, total), self.flag());
        Box::new(move |done| {
            meter(done);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }
}

/// While there is one, Ctrl-C does not end the process.
struct Turn(Option<Arc<AtomicBool>>);

impl Turn {
    fn begin(ends: Option<Arc<AtomicBool>>) -> Self {
        ends.iter().for_each(|ends| ends.store(false, Ordering::SeqCst));
        Self(ends)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.iter().for_each(|ends| ends.store(true, Ordering::SeqCst));
    }
}
