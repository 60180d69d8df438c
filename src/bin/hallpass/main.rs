//! The admin shell and its commands: arguments -> what they mean -> run -> exit status. The only place here that opens a
//! store.

mod opening;
mod saying;
#[allow(dead_code, reason = "of the server only what its page says is of use here")]
#[path = "../hallpassd/options.rs"]
mod server;
mod stopping;

use std::{cell::RefCell, env, io, panic::catch_unwind, process::ExitCode, rc::Rc, sync::Arc};

use clap::{CommandFactory, FromArgMatches, Parser};

use hallpass::{
    authority::Role,
    clock::SystemClock,
    command::{self, Answer, Command, Context, Failure, Mode, Person, Reply, Shell, Surroundings, Turn},
    config::{Config, Globals, Where},
    domain::{Actor, Channel, Clock as _},
    python::bridge,
    python::engine::{CommandErrors, Exit, Imports, Interrupts, Setup, die_by_interrupt, on_big_stack},
    shell::{
        self, Commands, Keyboard, Options,
        render::{View, render},
    },
    ui::{self, Echo, Lost, Paint, Typed, Ui},
};

/// Python makes and drops objects all the time, and the tree is filled on another thread meanwhile.
#[global_allocator]
static HEAP: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Django's users and tokens, in one small program
#[derive(Debug, Parser)]
#[command(name = "hallpass", version = env!("CARGO_PKG_VERSION"), disable_help_subcommand = true, infer_long_args = true)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Option<Command>,
}

use opening::Held;
use saying::{End, called, fail, say};
use stopping::Patience;

fn main() -> ExitCode {
    hallpass::telemetry::leave_no_core();
    let ended = catch_unwind(|| run(env::args().collect()));
    match ended {
        Ok(End::Status(status)) => ExitCode::from(status),
        Ok(End::Interrupted) => die_by_interrupt(),
        // The panic's own message has been printed where it happened.
        Err(_) => ExitCode::from(70),
    }
}

fn run(args: Vec<String>) -> End {
    let ui = Rc::new(RefCell::new(Ui::new(&variable)));
    let words = words_without_globals(&args);
    let asked = |option: &str| words.iter().any(|word| word == option);
    match (asked("--no-color"), asked("--force-color")) {
        (true, false) => ui.borrow_mut().set_paint(Paint::Plain),
        (false, true) => ui.borrow_mut().set_paint(Paint::Colour),
        // Both are refused, and so decide nothing.
        (true, true) | (false, false) => {}
    }
    let cli = match Cli::command().try_get_matches_from(&args).and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => cli,
        Err(error) => return fail(&ui.borrow(), &command::usage_failure(&error, &words)),
    };
    let config = match Config::decide(&cli.globals, &variable) {
        Ok(config) => config,
        Err(error) => {
            let causes = std::error::Error::source(&error).map(ToString::to_string).into_iter().collect::<Vec<_>>();
            ui.borrow().error(&error.to_string(), &causes, &[error.hint()]);
            return End::Status(2);
        }
    };
    let argv = std::iter::once("hallpass".to_owned()).chain(words).collect();
    match cli.command {
        None => run_shell(config, None, argv, &ui),
        Some(Command::Shell(shell)) if !shell.stays_closed() => run_shell(config, Some(shell), argv, &ui),
        Some(command) => {
            // Where the system has no handler to give, Ctrl-C ends the process as ever.
            let patience = Patience::of_command().unwrap_or_else(|_| Patience::of_shell(Arc::default()));
            let mut context = context(&config, Mode::Full, Channel::Command, &ui, &Held::default(), &patience);
            let done = command.run(&mut context);
            finish(done, &mut context, &ui.borrow())
        }
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// The words of a command line as a line at the prompt would have them.
fn words_without_globals(args: &[String]) -> Vec<String> {
    let mut words = Vec::new();
    let mut args = args.iter().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--store" | "--keyring" | "--config" | "--cache" => drop(args.next()),
            arg if ["--store=", "--keyring=", "--config=", "--cache="].iter().any(|o| arg.starts_with(o)) => {}
            arg => words.push(arg.to_owned()),
        }
    }
    words
}

/// The name of the account `uid`, as the machine's own list of them has it: in a container nothing else says it.
fn account(uid: u32) -> Option<String> {
    let list = std::fs::read_to_string("/etc/passwd").ok()?;
    let found = list.lines().find(|line| line.split(':').nth(2).and_then(|field| field.parse().ok()) == Some(uid))?;
    found.split(':').next().map(str::to_owned)
}

/// What commands of this process work with.
fn context(
    config: &Config,
    mode: Mode,
    channel: Channel,
    ui: &Rc<RefCell<Ui>>,
    held: &Held,
    patience: &Patience,
) -> Context {
    let uid = rustix::process::getuid().as_raw();
    let name = ["LOGNAME", "USER", "LNAME", "USERNAME"].into_iter().find_map(variable);
    let name = name.or_else(|| account(uid)).unwrap_or_else(|| uid.to_string());
    let actor = Actor {
        from: Some(ui::terminal_name().unwrap_or_else(|| "pipe".into())),
        process: Some(std::process::id()),
        ..Actor::new(name, Some(uid), channel)
    };
    let (opened, held) = (config.clone(), held.clone());
    let serving = config.clone();
    let talking = Rc::clone(ui);
    let (patient, measured) = (patience.clone(), patience.clone());
    let surroundings = Surroundings {
        store: config.store.to_string(),
        directory: env::current_dir().unwrap_or_default(),
        mode,
        person: if io::IsTerminal::is_terminal(&io::stdin()) { Person::Present } else { Person::Absent },
        env: Box::new(variable),
        talk: Box::new(move |turn| talk(turn, &talking.borrow())),
        programs: [Cli::command, server::declaration],
        progress: Box::new(move |what, total| measured.meter(what, total)),
        serve: Box::new(move |service, format| opening::serve(&serving, mode, service, format, &patient)),
        stdin: Box::new(|| {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut io::stdin().lock(), &mut bytes)?;
            Ok(bytes)
        }),
    };
    let mut context = Context::new(actor, Box::new(move || opening::open(&opened, mode, &held)), surroundings);
    context.heed(patience.flag());
    context
}

fn talk(turn: Turn<'_>, ui: &Ui) -> io::Result<Answer> {
    let asked = match turn {
        Turn::Ask(question) => ui::ask(question, Echo::Shown)?,
        Turn::AskHidden(question) => ui::ask(question, Echo::Hidden)?,
        Turn::Say(text) => {
            return match ui.data(text) {
                Ok(()) => Ok(Answer::Said),
                Err(Lost::Pipe) => Ok(Answer::End),
                Err(Lost::Failed(error)) => Err(error),
            };
        }
        Turn::Complain(text) => {
            ui.django_error(text);
            return Ok(Answer::Said);
        }
    };
    Ok(match asked {
        Typed::Line(line) => Answer::Line(line),
        Typed::End => Answer::End,
        Typed::Interrupted => Answer::Interrupted,
    })
}

/// Makes durable what a command did and saw, and then prints its answer.
fn finish(done: Result<Reply, Failure>, context: &mut Context, ui: &Ui) -> End {
    let done = match context.conclude() {
        Ok(()) => done,
        Err(failure) => Err(failure),
    };
    match done {
        Ok(reply) => say(&reply, ui),
        Err(failure) => fail(ui, &failure),
    }
}

fn run_shell(config: Config, shell: Option<Shell>, argv: Vec<String>, ui: &Rc<RefCell<Ui>>) -> End {
    let paint = [ui.borrow().paint(ui::Stream::Out), ui.borrow().paint(ui::Stream::Err)];
    let code = shell.as_ref().and_then(|shell| shell.command.clone());
    let mode = shell.as_ref().map(Shell::mode).unwrap_or_default();
    let no_imports = shell.as_ref().is_some_and(|shell| shell.no_imports);
    let traceback = shell.as_ref().is_some_and(Shell::traceback);
    let exit = on_big_stack(move || {
        // What the interpreter and the commands share lives on this thread.
        let mut own = Ui::new(&variable);
        if paint[0] == paint[1] {
            own.set_paint(paint[0]);
        }
        let held = Held::default();
        let suspended = held.clone();
        // Whoever is suspended holds nothing that others wait for. What cannot be kept now is said at the next prompt.
        let suspend = Arc::new(move || suspended.get().iter().for_each(|store| drop(store.hand_over())));
        let asked = code.is_none() && io::IsTerminal::is_terminal(&io::stdin());
        let keyboard = asked.then(|| Keyboard::open(own.paint(ui::Stream::Out), suspend));
        let interrupts = Interrupts::listen().ok();
        let ui = Rc::new(RefCell::new(own));
        let patience = Patience::of_shell(interrupts.as_ref().map(Interrupts::flag).unwrap_or_default());
        let mut context = context(&config, mode, Channel::Shell, &ui, &held, &patience);
        let banner = if code.is_none() && context.person() == Person::Present {
            match banner(&config, mode, &mut context) {
                Ok(banner) => banner,
                Err(failure) => return Err(fail(&ui.borrow(), &failure)),
            }
        } else {
            String::new()
        };
        let context = Rc::new(RefCell::new(context));
        let opening = Rc::clone(&context);
        let concluding = Rc::clone(&context);
        bridge::attach(Box::new(move || opening.borrow_mut().session().map_err(|failure| failure.to_string())));
        let calling = Rc::clone(&context);
        bridge::attach_commands(Rc::new(move |words| called(command::run_line(words, &mut calling.borrow_mut()))));
        bridge::attach_screen(screen(&ui, patience));
        let settling = Rc::clone(&context);
        let running = Rc::clone(&context);
        let names = command::names_with_absent();
        let history = config.directory.join("history");
        let mut guarded = vec![config.keyring.clone(), history.clone()];
        if let Where::Directory(directory) = &config.store {
            guarded.push(directory.clone());
        }
        Ok(shell::run(Options {
            code,
            engine: Setup {
                argv,
                imports: if no_imports { Imports::Off } else { Imports::Automatic },
                command_errors: if traceback { CommandErrors::Traceback } else { CommandErrors::Message },
                settle: Rc::new(move || settling.borrow_mut().settle().map_err(|failure| failure.to_string())),
                interrupts,
                guarded,
            },
            commands: Commands {
                known: Rc::new(move |word| names.iter().any(|name| name == word)),
                run: Rc::new(move |words| {
                    let mut context = running.borrow_mut();
                    let done = command::run_line(words, &mut context);
                    match finish(done, &mut context, &ui.borrow()) {
                        End::Status(status) => status,
                        End::Interrupted => 130,
                    }
                }),
            },
            conclude: Rc::new(move || concluding.borrow_mut().conclude().map_err(|failure| failure.to_string())),
            banner,
            mode: mode.word(),
            history: Some(history),
            startup: Some(config.directory.join("rc.py")),
            keyboard,
        }))
    });
    match exit {
        Ok(Exit::Status(status)) => End::Status(status),
        Ok(Exit::Interrupted) => End::Interrupted,
        Err(end) => end,
    }
}

/// Where Python's `show()` and what takes its time are seen.
fn screen(ui: &Rc<RefCell<Ui>>, patience: Patience) -> bridge::Screen {
    let ui = Rc::clone(ui);
    bridge::Screen {
        draw: Box::new(|data, surface| match surface {
            bridge::Surface::Terminal => render(data, ui::width().map_or(View::Pipe, View::Terminal)),
            bridge::Surface::Plain => render(data, View::Pipe),
        }),
        page: Box::new(move |text| match ui.borrow().page(text) {
            Ok(()) | Err(Lost::Pipe) => Ok(()),
            Err(Lost::Failed(error)) => Err(error.to_string()),
        }),
        progress: Box::new(move |what, total| patience.meter(what, Some(total))),
        now: Box::new(|| SystemClock.now()),
    }
}

/// What is said before the first prompt: which program, which store, and whose it is.
fn banner(config: &Config, mode: Mode, context: &mut Context) -> Result<String, Failure> {
    let role = match context.authority()?.role() {
        _ if mode == Mode::Sandbox => "sandbox: a copy in memory, gone with this process",
        Role::Owner => "owner",
        Role::Attached => "attached",
        Role::Memory => "in memory, gone with this process",
    };
    let version = env!("CARGO_PKG_VERSION");
    let role = if mode == Mode::ReadOnly { format!("{role}, read-only") } else { role.to_owned() };
    Ok(format!("hallpass {version} on {} ({role}). Commands: %help. Leave: Ctrl-D.", config.store))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn global_options_are_no_words_of_a_command() {
        let words = |args: &[&str]| words_without_globals(&args.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["hallpass", "--store", "x", "key", "--keyring=y", "alice"]), ["key", "alice"]);
        assert_eq!(words(&["hallpass"]), [] as [&str; 0]);
    }

    #[test]
    fn the_declaration_is_sound() {
        Cli::command().debug_assert();
        command::declaration().debug_assert();
    }
}
