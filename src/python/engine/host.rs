//! What the engine's native modules know of the process around them. It lies beside the interpreter, on its thread.

use std::cell::RefCell;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use rustpython_vm as vm;
use vm::{PyResult, VirtualMachine};

use super::interrupt::{Interrupts, Woken};
use super::{Settle, system};

thread_local! {
    static HOST: RefCell<Option<Rc<Host>>> = const { RefCell::new(None) };
}

/// See the module.
pub(super) struct Host {
    pub(super) settle: Settle,
    pub(super) interrupts: Option<Interrupts>,
    /// Files and directories that scripts may not touch, with all that is in them.
    pub(super) guarded: Vec<PathBuf>,
}

pub(super) fn install(host: Host) {
    HOST.with_borrow_mut(|slot| *slot = Some(Rc::new(host)));
}

pub(super) fn get() -> Option<Rc<Host>> {
    HOST.with_borrow(Clone::clone)
}

/// Makes durable what has been seen, before something leaves the process.
///
/// # Errors
/// `django.db.utils.OperationalError` when that failed.
pub(super) fn settle(vm: &VirtualMachine) -> PyResult<()> {
    match get().map_or(Ok(()), |host| (host.settle)()) {
        Ok(()) => Ok(()),
        Err(message) => Err(system::raise(vm, "django.db.utils", "OperationalError", message)),
    }
}

/// Waits until `source` can be read; an interrupt that comes in the meantime is raised.
///
/// # Errors
/// `KeyboardInterrupt`, and `OSError` for what `poll` says.
pub(super) fn wait(vm: &VirtualMachine, source: Option<BorrowedFd<'_>>, at_most: Option<Duration>) -> PyResult<()> {
    let Some(interrupts) = get().and_then(|host| host.interrupts.clone()) else {
        if source.is_none() {
            std::thread::sleep(at_most.unwrap_or_default());
        }
        return Ok(());
    };
    let start = std::time::Instant::now();
    loop {
        let left = at_most.map(|time| time.saturating_sub(start.elapsed()));
        match interrupts.wait(source, left) {
            Ok(Woken::Ready | Woken::TimedOut) => return Ok(()),
            Ok(Woken::Interrupted) => {
                vm.check_signals()?;
                interrupts.clear();
            }
            Err(error) => return Err(system::os_error(vm, &error)),
        }
    }
}

/// Reads from standard input, as [`wait`] does. 0 at the end.
pub(super) fn read_stdin(vm: &VirtualMachine, into: &mut [u8]) -> PyResult<usize> {
    let stdin = rustix::stdio::stdin();
    loop {
        wait(vm, Some(stdin), None)?;
        match rustix::io::read(stdin, &mut *into) {
            Ok(n) => return Ok(n),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(error) => return Err(system::os_error(vm, &io::Error::from(error))),
        }
    }
}
