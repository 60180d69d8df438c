//! The engine: one Python interpreter, its streams, and the ways to run source in it.
//!
//! An [`Engine`] lives on one thread from birth to end ([`on_big_stack`] gives it one): the interpreter's objects are
//! not for two threads, and its evaluation loop and its parser recurse.

mod compiling;
mod complete;
mod files;
mod guard;
mod hashing;
pub(super) mod host;
mod interpreter;
mod interrupt;
mod lint;
mod namespace;
pub mod offer;
pub(super) mod polling;
pub mod secrets;
mod streams;
mod syntax;
mod system;
mod terminal;
mod traceback;
mod wording;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::rc::Rc;

use rustpython_vm as vm;
use vm::builtins::{PyBaseExceptionRef, PyDictRef};
use vm::compiler::Mode;
use vm::scope::Scope;
use vm::{AsObject, Interpreter, VirtualMachine};

use complete::Completeness;
use namespace::Kind;
use traceback::Hints;

pub use interrupt::{Interrupts, Woken, die_by_interrupt};
pub use namespace::{IMPORTED, Imports};

/// Makes everything durable that this process has seen. Called before anything leaves the process: text, a prompt, an
/// exit status. The error is the message of the `OperationalError` that Python sees.
pub type Settle = Rc<dyn Fn() -> Result<(), String>>;

/// What an engine needs to know before it starts.
pub struct Setup {
    /// `sys.argv`.
    pub argv: Vec<String>,
    /// See [`Settle`].
    pub settle: Settle,
    /// Where interrupts come from; without it, Ctrl-C ends the process.
    pub interrupts: Option<Interrupts>,
    /// Files and directories that scripts may not touch, with all that is in them: store, keyring, history.
    pub guarded: Vec<PathBuf>,
    /// What is there without an import.
    pub imports: Imports,
    /// What is shown of a `CommandError` that ends a script.
    pub command_errors: CommandErrors,
}

/// What Django shows of a `CommandError` that ends a script.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CommandErrors {
    /// The message alone.
    #[default]
    Message,
    /// The traceback (`--traceback`).
    Traceback,
}

impl Default for Setup {
    /// For a program that keeps nothing and talks to nobody: nothing to settle, nothing to guard.
    fn default() -> Self {
        Self {
            argv: vec!["hallpass".into(), "shell".into()],
            settle: Rc::new(|| Ok(())),
            interrupts: None,
            guarded: Vec::new(),
            imports: Imports::default(),
            command_errors: CommandErrors::default(),
        }
    }
}

/// Asks the person at the terminal, behind a prompt.
pub type Ask = Rc<dyn Fn(&str) -> Answer>;

/// What came of asking.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// A line, without its newline.
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D.
    End,
}

/// How a script, or a statement that asked for it, ended the process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// With this status.
    Status(u8),
    /// By an interrupt that nobody caught: the process is to die by SIGINT.
    Interrupted,
}

/// How much [`Engine::explain`] says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Detail {
    /// What it is, how it is called, what is written about it.
    Usual,
    /// Its source too, or what it has.
    All,
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
    kind: Cell<Kind>,
    imports: Imports,
    command_errors: CommandErrors,
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

/// What tracebacks call the source of a session at a prompt.
const CONSOLE: &str = "<console>";

/// The module of Django's shell, and its file as we have it.
const SHELL_MODULE: &str = "django.core.management.commands.shell";
const SHELL_FILE: &str = "<frozen django.core.management.commands.shell>";

impl Engine {
    /// Builds the interpreter: about 10 ms.
    ///
    /// # Panics
    /// When the interpreter cannot import its own modules: a fault of the build.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let signals = setup.interrupts.as_ref().map(Interrupts::connect);
        host::install(host::Host { settle: setup.settle, interrupts: setup.interrupts, guarded: setup.guarded });
        let interpreter = interpreter::build(setup.argv, signals);
        let globals = interpreter.enter(|vm| {
            streams::install(vm).expect("the streams need nothing but their own module");
            wording::install(vm);
            system::install(vm).expect("the system needs nothing but its own module");
            hashing::install(vm).expect("the engine has its hashes");
            polling::install(vm).expect("the engine has its iterators");
            compiling::install(vm).expect("the engine has its compiler");
            let globals = vm.new_scope_with_main().expect("__main__ can be made in a new interpreter").globals;
            // Django runs a script among the names of its shell module.
            for (name, value) in [("__name__", SHELL_MODULE), ("__file__", SHELL_FILE)] {
                globals.set_item(name, vm.ctx.new_str(value).into(), vm).expect("a new dict takes a string");
            }
            globals
        });
        Self {
            interpreter,
            globals,
            kind: Cell::new(Kind::Script),
            imports: setup.imports,
            command_errors: setup.command_errors,
            pending: RefCell::default(),
        }
    }

    /// Runs `source` as one module, as Django's `shell -c` and its standard input do.
    pub fn run_module(&self, source: &str) -> Exit {
        self.run_part(source).unwrap_or(Exit::Status(0))
    }

    /// Runs `source` as a part of a module: the names stay. `None` when it ran to its end and the script goes on.
    pub fn run_part(&self, source: &str) -> Option<Exit> {
        self.interpreter.enter(|vm| {
            let done = self.compile_and_run(vm, source, Mode::Exec, "<string>").and_then(|()| streams::flush(vm));
            done.err().map(|exc| conclude(vm, &exc, self.command_errors))
        })
    }

    /// Reads standard input to its end, as text.
    ///
    /// # Errors
    /// How the process is to end when that cannot be: the reason has been said.
    pub fn read_stdin(&self) -> Result<String, Exit> {
        self.interpreter.enter(|vm| {
            let read = vm.sys_module.get_attr("stdin", vm).and_then(|stdin| vm.call_method(&stdin, "read", ()));
            read.and_then(|text| text.try_into_value(vm)).map_err(|exc| conclude(vm, &exc, self.command_errors))
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
        let outcome = match complete::examine(&source, line.trim().is_empty()) {
            Completeness::Nothing => Outcome::Done,
            Completeness::More => return Outcome::More,
            Completeness::Whole => self.run_statement(&source),
            Completeness::Second(at) => self.interpreter.enter(|vm| {
                traceback::print(vm, &syntax::second_statement(vm, &source, CONSOLE, at), Hints::Withheld);
                Outcome::Done
            }),
        };
        self.clear();
        outcome
    }

    /// Runs one whole statement (or several on one line) and shows the values of expressions, as the console does.
    pub fn run_statement(&self, source: &str) -> Outcome {
        self.interpreter.enter(|vm| {
            lint::forget_told(vm);
            let done = self
                .compile_and_run(vm, source, Mode::Single, CONSOLE)
                .and_then(|()| interrupt::check(vm))
                .and_then(|()| streams::flush(vm));
            match done {
                Ok(()) => Outcome::Done,
                Err(exc) if exc.fast_isinstance(vm.ctx.exceptions.system_exit) => {
                    Outcome::Exit(conclude(vm, &exc, self.command_errors))
                }
                Err(exc) => {
                    // What was printed before the error stands before it.
                    let _ = streams::flush(vm);
                    traceback::print(vm, &exc, Hints::Withheld);
                    Outcome::Done
                }
            }
        })
    }

    /// Begins a session at a prompt: its names are not those of a module.
    pub fn open_console(&self) {
        // A console has no `__name__`: a class made in it says no module.
        self.interpreter.enter(|vm| {
            for name in ["__name__", "__file__", "__doc__", "__loader__", "__spec__", "__package__", "__annotations__"]
            {
                // Not there is as good as gone.
                let _ = self.globals.del_item(name, vm);
            }
            self.kind.set(Kind::Console);
            if let Err(exc) = namespace::fill(vm, &self.globals, None, Kind::Console, self.imports) {
                traceback::print(vm, &exc, Hints::Offered);
            }
        });
    }

    /// Runs the script that comes before the first prompt; what goes wrong in it is printed.
    pub fn run_startup(&self, source: &str, path: &str) {
        self.interpreter.enter(|vm| {
            let done = self.compile_and_run(vm, source, Mode::Exec, path).and_then(|()| streams::flush(vm));
            if let Err(exc) = done {
                // What was printed before the error stands before it.
                let _ = streams::flush(vm);
                traceback::print(vm, &exc, Hints::Withheld);
            }
        });
    }

    /// Says what the dotted `name` is: kind, signature, documentation; `full`: all that is known.
    pub fn explain(&self, name: &str, detail: Detail) {
        let full = if detail == Detail::All { "True" } else { "False" };
        let question = format!("__import__('_hallpass_site').explain({name:?}, globals(), {full})");
        // What can go wrong has been printed.
        let _ = self.run_statement(&question);
    }

    /// Who answers when a script asks for a line: the editor of the session.
    pub fn answer_by(&self, ask: Ask) {
        host::answer_by(ask);
    }

    /// The lines of the statement that is being typed; it is forgotten.
    #[must_use]
    pub fn take_pending(&self) -> String {
        self.pending.take()
    }

    /// Forgets the lines of a statement that was not finished.
    pub fn clear(&self) {
        self.pending.borrow_mut().clear();
    }

    /// Does something beside Python, whose output comes after what Python has printed so far.
    pub fn aside<R>(&self, work: impl FnOnce() -> R) -> R {
        // What cannot be written now is reported at the next write.
        let _ = self.interpreter.enter(streams::flush);
        work()
    }

    /// Whether `name` means something: in the session, or to Python itself.
    #[must_use]
    pub fn is_bound(&self, name: &str) -> bool {
        self.interpreter.enter(|vm| self.globals.contains_key(name, vm) || vm.builtins.dict().contains_key(name, vm))
    }

    /// The literals that were taken as keys or passwords since the last call.
    #[must_use]
    pub fn take_secrets(&self) -> Vec<String> {
        secrets::take()
    }

    /// Runs what is to run at the end (`atexit`) and flushes the streams. Returns how the process ends: as it was to,
    /// or worse.
    #[must_use]
    pub fn finish(&self, exit: Exit) -> Exit {
        self.interpreter.enter(|vm| {
            let registered = vm.sys_module.get_attr("modules", vm).and_then(|modules| modules.get_item("atexit", vm));
            if let Ok(atexit) = registered {
                // What a function raises, it has printed.
                let _ = vm.call_method(&atexit, "_run_exitfuncs", ());
            }
            match streams::flush(vm) {
                Ok(()) => exit,
                // As Python, when the last of the output cannot be written.
                Err(_) => Exit::Status(120),
            }
        })
    }

    fn compile_and_run(
        &self,
        vm: &VirtualMachine,
        source: &str,
        mode: Mode,
        path: &str,
    ) -> Result<(), PyBaseExceptionRef> {
        let guarded = catch_unwind(AssertUnwindSafe(|| {
            let code = compiling::compile(vm, source, mode, path)?;
            if self.kind.get() == Kind::Script {
                namespace::fill(vm, &self.globals, Some(&code), Kind::Script, self.imports)?;
            }
            vm.run_code_obj(code, Scope::with_builtins(None, self.globals.clone(), vm)).map(drop)
        }));
        guarded.unwrap_or_else(|_| Err(host::lost(vm)))
    }
}

/// Prints what is to be printed about an exception that ended a script, and says how the process ends.
fn conclude(vm: &VirtualMachine, exc: &PyBaseExceptionRef, shown: CommandErrors) -> Exit {
    if exc.fast_isinstance(vm.ctx.exceptions.system_exit) {
        let status = vm.handle_exit_exception(exc.clone());
        // The kernel keeps the low eight bits of a status.
        return Exit::Status((status & 0xff) as u8);
    }
    // What was printed before the error stands before it; that it cannot be printed is no news now.
    let _ = streams::flush(vm);
    if shown == CommandErrors::Message
        && let Some(status) = command_error(vm, exc)
    {
        return Exit::Status(status);
    }
    traceback::print(vm, exc, Hints::Offered);
    if exc.fast_isinstance(vm.ctx.exceptions.keyboard_interrupt) { Exit::Interrupted } else { Exit::Status(1) }
}

/// Says a `CommandError` as Django's commands say it, without a traceback. The status is its `returncode`.
fn command_error(vm: &VirtualMachine, exc: &PyBaseExceptionRef) -> Option<u8> {
    let modules = vm.sys_module.get_attr("modules", vm).ok()?;
    let class = modules.get_item("django.core.management.base", vm).ok()?.get_attr("CommandError", vm).ok()?;
    if !exc.as_object().is_instance(&class, vm).ok()? {
        return None;
    }
    let said = exc.as_object().str(vm).ok()?;
    traceback::write_to_stderr(vm, format!("{}: {}\n", exc.class().name(), said.to_string_lossy()));
    let status = exc.as_object().get_attr("returncode", vm).ok().and_then(|code| code.try_into_value::<i64>(vm).ok());
    Some((status.unwrap_or(1) & 0xff) as u8)
}
