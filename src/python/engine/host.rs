//! What the engine's native modules know of the process around them. It lies beside the interpreter, on its thread.

use std::cell::RefCell;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use rustpython_vm as vm;
use vm::builtins::PyBaseExceptionRef;
use vm::{PyResult, VirtualMachine};

use super::interrupt::{self, Interrupts, Woken};
use super::{Answer, Ask, Settle, system};

thread_local! {
    static HOST: RefCell<Option<Rc<Host>>> = const { RefCell::new(None) };
    static ASK: RefCell<Option<Ask>> = const { RefCell::new(None) };
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

/// Says who answers when a script asks for a line.
pub(super) fn answer_by(ask: Ask) {
    ASK.with_borrow_mut(|slot| *slot = Some(ask));
}

/// Asks the person at the terminal behind `prompt`; `None` where nobody answers. The line has its newline; the end is
/// an empty one.
///
/// # Errors
/// `KeyboardInterrupt`.
pub(super) fn ask(vm: &VirtualMachine, prompt: &str) -> PyResult<Option<String>> {
    let Some(ask) = ASK.with_borrow(Clone::clone) else { return Ok(None) };
    match ask(prompt) {
        Answer::Line(line) => Ok(Some(line + "\n")),
        Answer::End => Ok(Some(String::new())),
        Answer::Interrupted => Err(vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned())),
    }
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
                interrupt::check(vm)?;
                interrupts.clear();
            }
            Err(error) => return Err(system::os_error(vm, &error)),
        }
    }
}

/// The flag that an interrupt sets, if somebody listens to interrupts.
pub(in crate::python) fn interrupt_flag() -> Option<Arc<AtomicBool>> {
    get()?.interrupts.as_ref().map(Interrupts::flag)
}

/// The exception of a statement in which the engine panicked: an interrupt at a bad moment is one all the same.
pub(super) fn lost(vm: &VirtualMachine) -> PyBaseExceptionRef {
    if get().and_then(|host| host.interrupts.clone()).is_some_and(|interrupts| interrupts.was_raised()) {
        return vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned());
    }
    vm.new_system_error("internal error: the statement was lost, the session goes on")
}

/// Raises an interrupt that has come.
///
/// # Errors
/// `KeyboardInterrupt`.
pub(in crate::python) fn check(vm: &VirtualMachine) -> PyResult<()> {
    interrupt::check(vm)
}

/// The exception of an interrupt that a loop outside the interpreter has seen.
pub(in crate::python) fn interrupted(vm: &VirtualMachine) -> PyBaseExceptionRef {
    // The flag is set a moment before the interpreter is told; it must not be told twice.
    for _ in 0..100 {
        if let Err(raised) = interrupt::check(vm) {
            return raised;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned())
}

/// Does what takes long on a thread of its own, so that an interrupt is raised at once. What was begun goes on there to
/// its end and is thrown away.
///
/// # Errors
/// `KeyboardInterrupt`.
pub(in crate::python) fn patiently<T: Send + 'static>(
    vm: &VirtualMachine,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let Some(flag) = interrupt_flag() else { return Ok(work()) };
    let (sender, done) = std::sync::mpsc::sync_channel(1);
    let work = move || drop(sender.send(work()));
    if let Err(error) = std::thread::Builder::new().name("hasher".into()).spawn(work) {
        return Err(system::os_error(vm, &error));
    }
    loop {
        match done.recv_timeout(Duration::from_millis(20)) {
            Ok(value) => return Ok(value),
            Err(RecvTimeoutError::Timeout) if !flag.load(Ordering::Relaxed) => {}
            Err(RecvTimeoutError::Timeout) => return Err(interrupted(vm)),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(vm.new_runtime_error("a thread ended without an answer".to_owned()));
            }
        }
    }
}

/// Reads from standard input, as [`wait`] does, at most so much; of the person at a session's terminal, a line. Nothing at
/// the end.
pub(super) fn read_stdin(vm: &VirtualMachine, at_most: usize) -> PyResult<Vec<u8>> {
    if let Some(line) = ask(vm, "")? {
        return Ok(line.into_bytes());
    }
    let stdin = rustix::stdio::stdin();
    let mut bytes = vec![0; at_most];
    loop {
        wait(vm, Some(stdin), None)?;
        match rustix::io::read(stdin, &mut bytes) {
            Ok(n) => {
                bytes.truncate(n);
                return Ok(bytes);
            }
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(error) => return Err(system::os_error(vm, &io::Error::from(error))),
        }
    }
}
