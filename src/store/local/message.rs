//! What is said on the socket, and how it stands in bytes.

use std::io;

use super::{
    super::{Change, Committed, Notice, Read, Revision, Row, StoreError, StoreId, Versioned},
    codec::{In, Out},
    journal::CommitId,
    status::{Service, Status},
    wire::Message,
};

/// The version of the protocol; both sides must speak the same. It only grows.
pub(super) const PROTOCOL: u16 = 5;

/// How long a process means to own the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tenure {
    /// Asks the present owner for a hand-over, and keeps the store till it ends: a server.
    Server,
    /// Attaches if somebody serves, else owns; hands over when a server asks.
    Visitor,
}

/// How a process introduces itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Greeting {
    /// [`PROTOCOL`] of the side that speaks.
    pub(super) protocol: u16,
    /// Its process id.
    pub(super) pid: u32,
    /// What it means to do.
    pub(super) tenure: Tenure,
    /// Its name for people.
    pub(super) program: String,
}

/// What an attached process asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Request {
    /// The first message.
    Hello(Greeting),
    /// See [`super::super::Store::get`].
    Get(Vec<u8>),
    /// See [`super::super::Store::range`].
    Range(Vec<u8>, Vec<u8>, u64),
    /// See [`super::super::Store::commit`]; the id makes it safe to ask twice.
    Commit(CommitId, Change),
    /// See [`super::super::Store::sync`].
    Sync(Revision),
    /// See [`super::super::Store::watch`]; notices answer it until the connection ends.
    Watch(Vec<u8>, Revision),
    /// A server asks for the store.
    HandOver,
    /// One of the store's own services.
    Service(Service),
}

/// What the owner answers.
#[derive(Debug)]
pub(super) enum Response {
    /// The owner's greeting, the store's identity and its last revision.
    Welcome(Greeting, StoreId, Revision),
    /// No service for this peer; why, for people.
    Refused(String),
    /// To [`Request::Get`].
    Value(Read<Option<Versioned>>),
    /// To [`Request::Range`].
    Rows(Read<Vec<Row>>),
    /// To [`Request::Commit`].
    Committed(Committed),
    /// To [`Request::Commit`] of a change that is to be synced: it took effect, and is durable.
    Kept(Revision),
    /// To [`Request::Sync`].
    Synced,
    /// To [`Request::Watch`].
    Notice(Notice),
    /// To [`Request::Watch`]: nothing came up to this revision that was not told.
    Quiet(Revision),
    /// The store says no.
    Failed(StoreError),
    /// The owner gives the store up; to [`Request::HandOver`], and to all before a connection ends for that reason.
    Leaving,
    /// To [`Request::HandOver`]: the owner keeps it.
    Keeping,
    /// The request has no meaning for this owner.
    Unknown,
    /// To [`Request::Service`].
    Status(Status),
}

impl Request {
    /// As a message.
    #[must_use]
    pub(super) fn message(&self, request: u64) -> Message {
        let mut out = Out::default();
        let kind = match self {
            Self::Hello(greeting) => {
                out.greeting(greeting);
                1
            }
            Self::Get(key) => {
                out.bytes(key);
                2
            }
            Self::Range(from, to, limit) => {
                out.bytes(from);
                out.bytes(to);
                out.u64(*limit);
                3
            }
            Self::Commit(id, change) => {
                out.raw(&id.0);
                out.change(change);
                4
            }
            Self::Sync(revision) => {
                out.u64(revision.0);
                5
            }
            Self::Watch(prefix, from) => {
                out.bytes(prefix);
                out.u64(from.0);
                6
            }
            Self::HandOver => 7,
            Self::Service(service) => {
                out.u8(match service {
                    Service::Status => 0,
                    Service::Verify => 1,
                    Service::Compact => 2,
                    Service::Checkpoint => 3,
                });
                8
            }
        };
        Message { request, kind, body: out.0 }
    }

    /// From a message; `None` for what is no request of this version.
    #[must_use]
    pub(super) fn parse(message: &Message) -> Option<Self> {
        let mut bytes = In(&message.body);
        let request = match message.kind {
            // What follows the greeting may grow with the version.
            1 => return bytes.greeting().map(Self::Hello),
            2 => Self::Get(bytes.bytes()?.to_vec()),
            3 => Self::Range(bytes.bytes()?.to_vec(), bytes.bytes()?.to_vec(), bytes.u64()?),
            4 => Self::Commit(CommitId(bytes.array()?), bytes.change()?),
            5 => Self::Sync(Revision(bytes.u64()?)),
            6 => Self::Watch(bytes.bytes()?.to_vec(), Revision(bytes.u64()?)),
            7 => Self::HandOver,
            8 => Self::Service(match bytes.u8()? {
                0 => Service::Status,
                1 => Service::Verify,
                2 => Service::Compact,
                3 => Service::Checkpoint,
                _ => return None,
            }),
            _ => return None,
        };
        bytes.end(request)
    }
}

impl Response {
    /// As a message.
    #[must_use]
    pub(super) fn message(&self, request: u64) -> Message {
        let mut out = Out::default();
        let kind = match self {
            Self::Welcome(greeting, id, revision) => {
                out.greeting(greeting);
                out.raw(&id.0);
                out.u64(revision.0);
                65
            }
            Self::Refused(why) => {
                out.bytes(why.as_bytes());
                66
            }
            Self::Value(read) => {
                out.u64(read.seen.0);
                out.maybe(read.found.as_ref(), |out, row| {
                    out.u64(row.changed.0);
                    out.bytes(&row.value);
                });
                67
            }
            Self::Rows(read) => {
                out.u64(read.seen.0);
                out.count(read.found.len());
                for row in &read.found {
                    out.bytes(&row.key);
                    out.bytes(&row.value);
                    out.u64(row.changed.0);
                }
                68
            }
            Self::Committed(Committed::Applied(revision)) => {
                out.u64(revision.0);
                69
            }
            Self::Committed(Committed::Conflict(revision)) => {
                out.u64(revision.0);
                70
            }
            Self::Kept(revision) => {
                out.u64(revision.0);
                80
            }
            Self::Synced => 71,
            Self::Notice(Notice::Changed { revision, writes }) => {
                out.u64(revision.0);
                out.writes(writes);
                72
            }
            Self::Notice(Notice::Lagged) => 73,
            Self::Quiet(revision) => {
                out.u64(revision.0);
                74
            }
            Self::Failed(error) => {
                out.error(error);
                75
            }
            Self::Leaving => 76,
            Self::Keeping => 77,
            Self::Unknown => 78,
            Self::Status(status) => {
                status.write(&mut out);
                79
            }
        };
        Message { request, kind, body: out.0 }
    }

    /// From a message; `None` for what is no answer of this version.
    #[must_use]
    pub(super) fn parse(message: &Message) -> Option<Self> {
        let mut bytes = In(&message.body);
        let response = match message.kind {
            65 => Self::Welcome(bytes.greeting()?, StoreId(bytes.array()?), Revision(bytes.u64()?)),
            66 => Self::Refused(bytes.text()?),
            67 => {
                let seen = Revision(bytes.u64()?);
                let found = bytes.maybe(|bytes| {
                    let changed = Revision(bytes.u64()?);
                    Some(Versioned { changed, value: bytes.bytes()?.to_vec() })
                })?;
                Self::Value(Read { seen, found })
            }
            68 => {
                let seen = Revision(bytes.u64()?);
                let found = bytes.list(|bytes| {
                    let key = bytes.bytes()?.to_vec();
                    Some(Row { key, value: bytes.bytes()?.to_vec(), changed: Revision(bytes.u64()?) })
                })?;
                Self::Rows(Read { seen, found })
            }
            69 => Self::Committed(Committed::Applied(Revision(bytes.u64()?))),
            70 => Self::Committed(Committed::Conflict(Revision(bytes.u64()?))),
            71 => Self::Synced,
            72 => Self::Notice(Notice::Changed { revision: Revision(bytes.u64()?), writes: bytes.writes()? }),
            73 => Self::Notice(Notice::Lagged),
            74 => Self::Quiet(Revision(bytes.u64()?)),
            75 => Self::Failed(bytes.error()?),
            76 => Self::Leaving,
            77 => Self::Keeping,
            78 => Self::Unknown,
            79 => Self::Status(Status::read(&mut bytes)?),
            80 => Self::Kept(Revision(bytes.u64()?)),
            _ => return None,
        };
        Some(response)
    }
}

impl Out {
    fn greeting(&mut self, greeting: &Greeting) {
        self.u32(u32::from(greeting.protocol));
        self.u32(greeting.pid);
        self.u8(match greeting.tenure {
            Tenure::Visitor => 0,
            Tenure::Server => 1,
        });
        self.bytes(greeting.program.as_bytes());
    }

    fn io(&mut self, error: &io::Error) {
        self.maybe(error.raw_os_error(), |out, errno| out.raw(&errno.to_le_bytes()));
        self.bytes(error.to_string().as_bytes());
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn error(&mut self, error: &StoreError) {
        match error {
            StoreError::Unavailable { what, hint, source } => {
                self.u8(1);
                self.text(what);
                self.maybe(hint.as_deref(), Self::text);
                self.maybe(source.as_ref(), Self::io);
            }
            StoreError::Damaged { what, hint } => {
                self.u8(2);
                self.text(what);
                self.maybe(hint.as_deref(), Self::text);
            }
            StoreError::Full { source } => {
                self.u8(3);
                self.io(source);
            }
            StoreError::Disk { what, source } => {
                self.u8(4);
                self.text(what);
                self.io(source);
            }
            StoreError::TooLarge { bytes, limit } => {
                self.u8(5);
                self.count(*bytes);
                self.count(*limit);
            }
            StoreError::OutcomeUnknown => self.u8(6),
            // The name is a constant of the program that read the record; the version is what matters.
            StoreError::UnknownFormat { version, .. } => {
                self.u8(7);
                self.u8(*version);
            }
            StoreError::Interrupted => self.u8(8),
        }
    }
}

impl In<'_> {
    fn greeting(&mut self) -> Option<Greeting> {
        let protocol = u16::try_from(self.u32()?).ok()?;
        let pid = self.u32()?;
        let tenure = match self.u8()? {
            0 => Tenure::Visitor,
            1 => Tenure::Server,
            _ => return None,
        };
        Some(Greeting { protocol, pid, tenure, program: self.text()? })
    }

    fn io(&mut self) -> Option<io::Error> {
        let errno = self.maybe(|bytes| bytes.array().map(i32::from_le_bytes))?;
        let text = self.text()?;
        Some(errno.map_or_else(|| io::Error::other(text), io::Error::from_raw_os_error))
    }

    fn error(&mut self) -> Option<StoreError> {
        Some(match self.u8()? {
            1 => StoreError::Unavailable {
                what: self.text()?,
                hint: self.maybe(Self::text)?,
                source: self.maybe(Self::io)?,
            },
            2 => StoreError::Damaged { what: self.text()?, hint: self.maybe(Self::text)? },
            3 => StoreError::Full { source: self.io()? },
            4 => StoreError::Disk { what: self.text()?, source: self.io()? },
            5 => StoreError::TooLarge {
                bytes: usize::try_from(self.u64()?).ok()?,
                limit: usize::try_from(self.u64()?).ok()?,
            },
            6 => StoreError::OutcomeUnknown,
            7 => StoreError::UnknownFormat { what: "store", version: self.u8()? },
            8 => StoreError::Interrupted,
            _ => return None,
        })
    }
}
