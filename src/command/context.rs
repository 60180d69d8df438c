//! What a command works with: the session, the person at the terminal, the environment. Everything that reaches outside
//! the process comes in from the edge.

use std::{
    cell::RefCell,
    fmt, io,
    path::{Path, PathBuf},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use zeroize::Zeroizing;

use super::{Failure, Format, Mode, Reply, Service};
use crate::{
    authority::{Authority, ChangeError, Session},
    domain::Actor,
};

/// A session that the commands and the interpreter of one process share.
pub type SharedSession = Rc<RefCell<Session>>;

/// Tells the environment.
pub type Env = Box<dyn Fn(&str) -> Option<String>>;

/// Does a service for the store, and says what came of it.
pub type Serve = Box<dyn FnMut(Service, Format) -> Result<Reply, Failure>>;

/// Hears how many parts of something are done; dropped when it is over.
pub type Meter = Box<dyn FnMut(u64)>;

/// Opens the store; called when the first command needs it.
pub type Opener = Box<dyn Fn() -> Result<Authority, Failure>>;

/// The surroundings of commands.
pub struct Context {
    actor: Actor,
    opener: Opener,
    open: Option<(Authority, SharedSession)>,
    stop: Option<Arc<AtomicBool>>,
    surroundings: Surroundings,
}

/// What the edge knows and does for commands.
pub struct Surroundings {
    /// Where the store is, as it is shown to people.
    pub store: String,
    /// The directory that relative file names count from.
    pub directory: PathBuf,
    /// What may be done to it.
    pub mode: Mode,
    /// Whether a person can be asked.
    pub person: Person,
    /// The environment.
    pub env: Env,
    /// Speaks with the person, or prints a line on the way.
    pub talk: Box<dyn FnMut(Turn<'_>) -> io::Result<Answer>>,
    /// Does a service for the store; it may open the store.
    pub serve: Serve,
    /// The declarations of this whole program and of the server, with their global options.
    pub programs: [fn() -> clap::Command; 2],
    /// Begins something that takes its time and has so many parts, if that is known.
    pub progress: Box<dyn Fn(&'static str, Option<u64>) -> Meter>,
    /// Reads standard input to its end.
    pub stdin: Box<dyn FnMut() -> io::Result<Vec<u8>>>,
}

/// Whether somebody sits at the terminal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Person {
    /// Standard input is a terminal.
    Present,
    /// It is a pipe, a file or nothing.
    Absent,
}

/// A turn of a dialogue.
#[derive(Clone, Copy, Debug)]
pub enum Turn<'a> {
    /// A question, answered by a line.
    Ask(&'a str),
    /// A question whose answer is not shown while it is typed.
    AskHidden(&'a str),
    /// Text for standard output.
    Say(&'a str),
    /// Text for standard error, as Django shows its errors.
    Complain(&'a str),
}

/// What became of a turn.
pub enum Answer {
    /// A line, without its end.
    Line(Zeroizing<String>),
    /// There is no more input; or nobody reads what is said.
    End,
    /// Ctrl-C.
    Interrupted,
    /// Nothing was asked.
    Said,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            // It may be a password.
            Self::Line(_) => "Line(..)",
            Self::End => "End",
            Self::Interrupted => "Interrupted",
            Self::Said => "Said",
        })
    }
}

/// Whether a dangerous command was confirmed beforehand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Consent {
    /// By `--yes`.
    Given,
    /// It is to be asked for.
    Needed,
}

impl Consent {
    /// From the option `--yes`.
    #[must_use]
    pub fn from_flag(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Needed }
    }
}

impl Context {
    /// Commands by `actor` in these surroundings, over a store that is opened when it is first needed.
    #[must_use]
    pub fn new(actor: Actor, opener: Opener, surroundings: Surroundings) -> Self {
        Self { actor, opener, open: None, stop: None, surroundings }
    }

    /// Has the session, and commands that may work for ever, stop their work while this is set.
    pub fn heed(&mut self, stop: Arc<AtomicBool>) {
        if let Some((_, session)) = &self.open {
            session.borrow_mut().heed(Arc::clone(&stop));
        }
        self.stop = Some(stop);
    }

    /// The authority and the one session of this process.
    pub fn open(&mut self) -> Result<&(Authority, SharedSession), Failure> {
        if self.open.is_none() {
            let authority = (self.opener)()?;
            let mut session = authority.session(self.actor.clone());
            if let Some(stop) = &self.stop {
                session.heed(Arc::clone(stop));
            }
            self.open = Some((authority, Rc::new(RefCell::new(session))));
        }
        Ok(self.open.as_ref().expect("set just above"))
    }

    /// The session.
    pub fn session(&mut self) -> Result<SharedSession, Failure> {
        Ok(Rc::clone(&self.open()?.1))
    }

    /// The authority.
    pub fn authority(&mut self) -> Result<Authority, Failure> {
        Ok(self.open()?.0.clone())
    }

    /// Waits until everything that this process has seen is durable. Before anything is printed.
    pub fn settle(&mut self) -> Result<(), Failure> {
        match &self.open {
            Some((_, session)) => Ok(session.borrow_mut().settle()?),
            None => Ok(()),
        }
    }

    /// Ends a command or a statement: what keys it showed is told in the audit trail, and everything is durable.
    pub fn conclude(&mut self) -> Result<(), Failure> {
        match &self.open {
            Some((_, session)) => Ok(session.borrow_mut().conclude()?),
            None => Ok(()),
        }
    }

    /// Where the store is, as it is shown to people.
    #[must_use]
    pub fn store(&self) -> &str {
        &self.surroundings.store
    }

    /// The directory that relative file names count from.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.surroundings.directory
    }

    /// Has a service done for the store.
    pub fn serve(&mut self, service: Service, format: Format) -> Result<Reply, Failure> {
        self.settle()?;
        (self.surroundings.serve)(service, format)
    }

    /// A file name as it was given, from the directory of the process.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.surroundings.directory.join(name)
    }

    /// Whether a person can be asked.
    #[must_use]
    pub fn person(&self) -> Person {
        self.surroundings.person
    }

    /// A variable of the environment.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<String> {
        (self.surroundings.env)(name)
    }

    /// The name that the system has for whoever runs this.
    #[must_use]
    pub fn system_user(&self) -> &str {
        &self.actor.name
    }

    /// Whether Ctrl-C was pressed.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Reads standard input to its end.
    pub fn stdin(&mut self) -> Result<Vec<u8>, Failure> {
        (self.surroundings.stdin)().map_err(|error| Failure::refused(format!("standard input cannot be read: {error}")))
    }

    /// The declaration of the whole program, with its global options.
    #[must_use]
    pub fn program(&self) -> clap::Command {
        (self.surroundings.programs[0])()
    }

    /// The declaration of the server beside it.
    #[must_use]
    pub fn server(&self) -> clap::Command {
        (self.surroundings.programs[1])()
    }

    /// Begins something that takes its time and has so many parts, if that is known.
    #[must_use]
    pub fn progress(&self, what: &'static str, total: Option<u64>) -> Meter {
        (self.surroundings.progress)(what, total)
    }

    /// Reads one line that is a secret from standard input.
    pub fn secret_from_stdin(&mut self) -> Result<Zeroizing<String>, Failure> {
        let bytes = Zeroizing::new(self.stdin()?);
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match str::from_utf8(line) {
            Ok(text) => Ok(Zeroizing::new(text.to_owned())),
            Err(_) => Err(Failure::refused("what was given on standard input is not UTF-8")),
        }
    }

    /// Takes a turn of a dialogue; everything said before is durable by then.
    pub fn talk(&mut self, turn: Turn<'_>) -> Result<Answer, Failure> {
        self.settle()?;
        (self.surroundings.talk)(turn).map_err(|error| Failure::refused(format!("the terminal failed: {error}")))
    }

    /// Refuses at once, before anything is asked, where nothing may be changed.
    pub fn may_change(&self) -> Result<(), Failure> {
        match self.surroundings.mode {
            Mode::ReadOnly => Err(ChangeError::ReadOnly.into()),
            Mode::Full | Mode::Sandbox => Ok(()),
        }
    }

    /// Asks for `name` to be typed before something that cannot be taken back; without a person it takes `--yes`.
    pub fn confirm(&mut self, what: &str, name: &str, consent: Consent) -> Result<(), Failure> {
        self.may_change()?;
        if consent == Consent::Given {
            return Ok(());
        }
        if self.person() == Person::Absent {
            return Err(Failure::refused_with(
                format!("{what} needs to be confirmed; nothing was changed"),
                "add --yes",
            ));
        }
        let question = format!("This will {what}. Type {name} to go on: ");
        match self.talk(Turn::Ask(&question))? {
            Answer::Line(line) if line.trim() == name => Ok(()),
            Answer::Line(_) | Answer::End | Answer::Said => Err(Failure::refused("not confirmed; nothing was changed")),
            Answer::Interrupted => Err(Failure::Interrupted),
        }
    }
}
