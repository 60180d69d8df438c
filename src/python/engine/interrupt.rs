//! Ctrl-C. A thread of its own waits for SIGINT and tells whoever can act on it: the interpreter between two of its
//! instructions, and readers and sleepers that wait on [`Interrupts::wakes`].

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustpython_vm as vm;
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use vm::bytecode::{Instruction, find_exception_handler};
use vm::signal::{UserSignalReceiver, UserSignalSender, user_signal_channel};
use vm::{PyResult, VirtualMachine};

/// A second interrupt within this time of the first ends the process, whatever it does.
const TWICE: Duration = Duration::from_secs(1);

/// What this process does about SIGINT. Clones are the same.
#[derive(Clone)]
pub struct Interrupts(Arc<State>);

struct State {
    /// 0: no statement runs and none is awaited (an interrupt ends the process); 1: at a prompt (an interrupt is for
    /// its reader); greater: a statement runs, each with its own number.
    phase: AtomicU64,
    next: AtomicU64,
    pending: Arc<AtomicBool>,
    /// The phase whose interrupt was raised last.
    raised: AtomicU64,
    engine: Mutex<Option<UserSignalSender>>,
    wake: io::PipeReader,
    waker: io::PipeWriter,
}

const OUTSIDE: u64 = 0;
const AT_PROMPT: u64 = 1;

/// Why [`Interrupts::wait`] came back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Woken {
    /// There is something to read (or the other end is gone).
    Ready,
    /// An interrupt came.
    Interrupted,
    /// The time is up.
    TimedOut,
}

impl Interrupts {
    /// Begins to listen. Until [`Interrupts::at_prompt`] or [`Interrupts::running`] is called, an interrupt still ends
    /// the process.
    ///
    /// # Errors
    /// When the process has no descriptors or threads left.
    pub fn listen() -> io::Result<Self> {
        let (wake, waker) = io::pipe()?;
        rustix::io::ioctl_fionbio(&wake, true)?;
        rustix::io::ioctl_fionbio(&waker, true)?;
        let state = Arc::new(State {
            phase: AtomicU64::new(OUTSIDE),
            next: AtomicU64::new(AT_PROMPT + 1),
            pending: Arc::default(),
            raised: AtomicU64::new(OUTSIDE),
            engine: Mutex::new(None),
            wake,
            waker,
        });
        let mut signals = Signals::new([SIGINT])?;
        let listener = Arc::clone(&state);
        std::thread::Builder::new().name("interrupts".into()).spawn(move || {
            let mut last: Option<(u64, Instant)> = None;
            for _ in signals.forever() {
                last = listener.interrupted(last);
            }
        })?;
        Ok(Self(state))
    }

    /// The interrupts from here on are for the reader of a prompt.
    pub fn at_prompt(&self) {
        self.clear();
        self.0.phase.store(AT_PROMPT, Ordering::SeqCst);
    }

    /// The interrupts from here on are for a statement that begins now.
    pub fn running(&self) {
        self.clear();
        self.0.phase.store(self.0.next.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Whether an interrupt came that the statement has not yet seen: for loops outside the interpreter, which may stop
    /// early and let the interpreter raise.
    #[must_use]
    pub fn pending(&self) -> bool {
        self.0.pending.load(Ordering::Relaxed)
    }

    /// Whether an interrupt was raised in the statement that runs.
    #[must_use]
    pub(super) fn was_raised(&self) -> bool {
        self.0.raised.load(Ordering::SeqCst) == self.0.phase.load(Ordering::SeqCst)
    }

    /// What [`Interrupts::pending`] reads, for loops that know nothing of interrupts.
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0.pending)
    }

    /// Forgets the interrupts of the past.
    pub fn clear(&self) {
        self.0.pending.store(false, Ordering::SeqCst);
        let mut bytes = [0; 64];
        while rustix::io::read(&self.0.wake, &mut bytes).is_ok_and(|n| n > 0) {}
    }

    /// Waits until `source` can be read, an interrupt comes, or the time is up.
    ///
    /// # Errors
    /// What `poll` says.
    pub fn wait(&self, source: Option<BorrowedFd<'_>>, at_most: Option<Duration>) -> io::Result<Woken> {
        let until = at_most.map(|time| Instant::now() + time);
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let left =
                left.map(|left| Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() });
            let mut fds = vec![PollFd::from_borrowed_fd(self.0.wake.as_fd(), PollFlags::IN)];
            fds.extend(source.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
            match poll(&mut fds, left.as_ref()) {
                Ok(0) => return Ok(Woken::TimedOut),
                Ok(_) if !fds[0].revents().is_empty() => return Ok(Woken::Interrupted),
                Ok(_) => return Ok(Woken::Ready),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The channel by which an engine hears of interrupts; the last engine that asked has it.
    pub(super) fn connect(&self) -> UserSignalReceiver {
        let (sender, receiver) = user_signal_channel();
        *self.0.engine.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }
}

impl State {
    fn interrupted(self: &Arc<Self>, last: Option<(u64, Instant)>) -> Option<(u64, Instant)> {
        let phase = self.phase.load(Ordering::SeqCst);
        let twice = last.is_some_and(|(before, at)| before == phase && at.elapsed() < TWICE);
        if phase == OUTSIDE || (phase != AT_PROMPT && twice) {
            // The default action of SIGINT is to end the process; should that fail, the next one tries again.
            let _ = emulate_default_handler(SIGINT);
        }
        if phase != AT_PROMPT {
            self.pending.store(true, Ordering::SeqCst);
            self.tell_engine(phase, Instant::now());
        }
        // A full pipe already wakes.
        let _ = rustix::io::write(&self.waker, &[0]);
        Some((phase, Instant::now()))
    }
}

impl State {
    /// Lets the engine raise the interrupt that came at `since`, for the statement of `phase`.
    fn tell_engine(self: &Arc<Self>, phase: u64, since: Instant) {
        let state = Arc::clone(self);
        let raise = move |vm: &VirtualMachine| {
            // What was meant for an earlier statement is not for this one.
            if state.phase.load(Ordering::SeqCst) != phase {
                return Ok(());
            }
            if !POLLED.get() && since.elapsed() < STUMBLING && would_stumble(vm) {
                // A few instructions on it is another one's turn.
                let again = move || {
                    std::thread::sleep(Duration::from_micros(100));
                    state.tell_engine(phase, since);
                };
                // Without a thread for it, the next interrupt is heard.
                let _ = std::thread::Builder::new().name("interrupt".into()).spawn(again);
                return Ok(());
            }
            state.raised.store(phase, Ordering::SeqCst);
            state.pending.store(false, Ordering::SeqCst);
            let mut bytes = [0; 64];
            while rustix::io::read(&state.wake, &mut bytes).is_ok_and(|n| n > 0) {}
            Err(vm.new_exception_empty(vm.ctx.exceptions.keyboard_interrupt.to_owned()))
        };
        if let Some(engine) = &*self.engine.lock().unwrap_or_else(PoisonError::into_inner) {
            // An engine that has ended needs no interrupts.
            let _ = engine.send(Box::new(raise));
        }
    }
}

/// For so long an interrupt waits for an instruction at which the engine does not stumble.
const STUMBLING: Duration = Duration::from_millis(60);

thread_local! {
    /// A function of ours asks for interrupts, not the engine between two instructions.
    static POLLED: Cell<bool> = const { Cell::new(false) };
}

/// Raises an interrupt that has come: for functions of ours, in the middle of one instruction.
///
/// # Errors
/// `KeyboardInterrupt`.
pub(super) fn check(vm: &VirtualMachine) -> PyResult<()> {
    POLLED.set(true);
    let checked = vm.check_signals();
    POLLED.set(false);
    checked
}

/// Whether the engine would read its next instruction wrongly if an interrupt was raised now.
///
/// RustPython 0.5 adds the argument of the instruction before which it raises to that of the handler's first one. Most
/// handlers begin with an instruction that looks at no argument; the one that every generator has does not, and the
/// engine panics.
fn would_stumble(vm: &VirtualMachine) -> bool {
    let Some(frame) = vm.current_frame() else { return false };
    let Some(at) = frame.lasti().checked_sub(1) else { return false };
    let instructions = &frame.code.instructions;
    let argument = |at: u32| u8::from(instructions.read_arg(at as usize));
    let extended = |at: u32| matches!(instructions.read_op(at as usize), Instruction::ExtendedArg);
    if argument(at) == 0 && !at.checked_sub(1).is_some_and(extended) {
        return false;
    }
    let handler = find_exception_handler(&frame.code.exceptiontable, at);
    handler.is_some_and(|handler| !matches!(instructions.read_op(handler.target as usize), Instruction::PushExcInfo))
}

/// Dies of SIGINT, as a program does that never caught it: 130 in a shell.
pub fn die_by_interrupt() -> ! {
    let _ = emulate_default_handler(SIGINT);
    // Only where SIGINT is blocked or ignored do we get here.
    std::process::exit(130)
}
