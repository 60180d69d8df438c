//! The engine: one Python interpreter, its streams, and the ways to run source in it.
//!
//! An [`Engine`] lives on one thread from birth to end ([`on_big_stack`] gives it one): the interpreter's objects are
//! not for two threads, and its evaluation loop and its parser recurse.

mod complete;
mod interpreter;
mod streams;
mod system;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use rustpython_vm as vm;
use vm::builtins::{PyBaseExceptionRef, PyDictRef};
use vm::compiler::Mode;
use vm::scope::Scope;
use vm::{AsObject, Interpreter, VirtualMachine};

use complete::Completeness;

/// Makes everything durable that this process has seen. Called before anything leaves the process: text, a prompt, an
/// exit status. The error is the message of the `OperationalError` that Python sees.
pub type Settle = Rc<dyn Fn() -> Result<(), String>>;

/// What an engine needs to know before it starts.
pub struct Setup {
    /// `sys.argv`.
    pub argv: Vec<String>,
    /// See [`Settle`].
    pub settle: Settle,
}

/// How a script, or a statement that asked for it, ended the process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// With this status.
    Status(u8),
    /// By an interrupt that nobody caught: the process is to die by SIGINT.
    Interrupted,
}

/// What became of the lines typed so far.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// They were a whole statement, it has run (or failed, and said so).
    Done,
    /// More lines are needed.
    More,
    /// The statement asked for the end.
    Exit(Exit),
}

/// The interpreter and the names of its session.
pub struct Engine {
    interpreter: Interpreter,
    globals: PyDictRef,
    /// The lines of the statement that is being typed, each with its newline.
    pending: RefCell<String>,
}

/// Runs `work` on a thread with a stack that Python's recursion and a nested source cannot exhaust.
///
/// # Panics
/// When the thread cannot be started, or `work` panicked.
pub fn on_big_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    const STACK: usize = 256 << 20;
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("python".into())
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .expect("a thread can be started: the process has just begun")
            .join()
            .expect("the engine catches the panics of what it runs")
    })
}

impl Engine {
    /// Builds the interpreter: about 10 ms.
    ///
    /// # Panics
    /// When the interpreter cannot import its own modules: a fault of the build.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let interpreter = interpreter::build(setup.argv);
        let globals = interpreter.enter(|vm| {
            streams::install(vm, setup.settle).expect("the streams need nothing but their own module");
            vm.new_scope_with_main().expect("__main__ can be made in a new interpreter").globals
        });
        Self { interpreter, globals, pending: RefCell::default() }
    }

    /// Runs `source` as one module, as Django's `shell -c` and its standard input do.
    pub fn run_module(&self, source: &str) -> Exit {
        self.interpreter.enter(|vm| {
            let done = self.compile_and_run(vm, source, Mode::Exec, "<string>");
            let exit = done.err().map_or(Exit::Status(0), |exc| conclude(vm, &exc));
            if let Err(exc) = streams::flush(vm) {
                return conclude(vm, &exc);
            }
            exit
        })
    }

    /// Takes one line of a session, without its newline.
    pub fn push(&self, line: &str) -> Outcome {
        let source = {
            let mut pending = self.pending.borrow_mut();
            pending.push_str(line);
            pending.push('\n');
            pending.clone()
        };
        let outcome = self.interpreter.enter(|vm| self.statement(vm, &source, line.trim().is_empty()));
        if outcome != Outcome::More {
            self.pending.borrow_mut().clear();
        }
        outcome
    }

    /// Forgets the lines of a statement that was not finished.
    pub fn clear(&self) {
        self.pending.borrow_mut().clear();
    }

    /// Runs what is to run at the end (`atexit`) and flushes the streams.
    pub fn finish(self) {
        self.interpreter.enter(|vm| {
            let registered = vm.sys_module.get_attr("modules", vm).and_then(|modules| modules.get_item("atexit", vm));
            let done = registered.and_then(|atexit| vm.call_method(&atexit, "_run_exitfuncs", ()));
            // Without the module nothing was registered; what a function raises, it has printed.
            drop(done);
            let _ = streams::flush(vm);
        });
    }

    fn statement(&self, vm: &VirtualMachine, source: &str, last_is_blank: bool) -> Outcome {
        match complete::examine(source, last_is_blank) {
            Completeness::Nothing => return Outcome::Done,
            Completeness::More => return Outcome::More,
            Completeness::Whole => {}
        }
        let done = self.compile_and_run(vm, source, Mode::Single, "<console>");
        let outcome = match done {
            Ok(()) => Outcome::Done,
            Err(exc) if exc.fast_isinstance(vm.ctx.exceptions.system_exit) => Outcome::Exit(conclude(vm, &exc)),
            Err(exc) => {
                vm.print_exception(exc);
                Outcome::Done
            }
        };
        if let Err(exc) = streams::flush(vm) {
            vm.print_exception(exc);
        }
        outcome
    }

    fn compile_and_run(
        &self,
        vm: &VirtualMachine,
        source: &str,
        mode: Mode,
        path: &str,
    ) -> Result<(), PyBaseExceptionRef> {
        let guarded = catch_unwind(AssertUnwindSafe(|| {
            let code = vm.compile(source, mode, path.to_owned()).map_err(|e| vm.new_syntax_error(&e, Some(source)))?;
            vm.run_code_obj(code, Scope::with_builtins(None, self.globals.clone(), vm)).map(drop)
        }));
        guarded
            .unwrap_or_else(|_| Err(vm.new_system_error("internal error: the statement was lost, the session goes on")))
    }
}

/// Prints what is to be printed about an exception that ended a script, and says how the process ends.
fn conclude(vm: &VirtualMachine, exc: &PyBaseExceptionRef) -> Exit {
    if exc.fast_isinstance(vm.ctx.exceptions.system_exit) {
        let status = vm.handle_exit_exception(exc.clone());
        // The kernel keeps the low eight bits of a status.
        return Exit::Status((status & 0xff) as u8);
    }
    vm.print_exception(exc.clone());
    if exc.fast_isinstance(vm.ctx.exceptions.keyboard_interrupt) { Exit::Interrupted } else { Exit::Status(1) }
}
