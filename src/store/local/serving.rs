//! The owner's side of one connection, as a state machine: a message comes in, effects come out. It reads no socket
//! and no clock, so that the simulation can drive it as the threads of [`super::serve`] do.

use super::{
    super::{Change, Committed, Read, Revision, Row, StoreError, StoreId, Versioned},
    engine::{Engine, Trouble},
    journal::CommitId,
    message::{Greeting, PROTOCOL, Request, Response, Tenure},
    status::{Service, Status},
    wire::Message,
};

/// What a connection needs of a store.
pub(super) trait Served {
    fn id(&self) -> StoreId;
    fn visible(&self) -> Revision;
    fn get(&self, key: &[u8]) -> Result<Read<Option<Versioned>>, Trouble>;
    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Read<Vec<Row>>, Trouble>;
    fn commit(&self, id: CommitId, change: &mut Change) -> Result<Committed, Trouble>;
    fn service(&self, service: Service) -> Result<Status, Trouble>;
}

impl Served for Engine {
    fn id(&self) -> StoreId {
        self.id
    }

    fn visible(&self) -> Revision {
        Self::visible(self)
    }

    fn get(&self, key: &[u8]) -> Result<Read<Option<Versioned>>, Trouble> {
        Self::get(self, key)
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Read<Vec<Row>>, Trouble> {
        Self::range(self, from, to, limit)
    }

    fn commit(&self, id: CommitId, change: &mut Change) -> Result<Committed, Trouble> {
        Self::commit(self, id, change)
    }

    fn service(&self, service: Service) -> Result<Status, Trouble> {
        Self::service(self, service)
    }
}

/// What is to be done for a message.
#[derive(Debug)]
pub(super) enum Effect {
    /// Send this.
    Send(Message),
    /// Answer the request when everything up to the revision is durable; other requests need not wait for that.
    SyncThen(Syncing),
    /// Send notices under the request until the connection ends.
    Watch(u64, Vec<u8>, Revision),
    /// A server wants the store: send that we leave, then leave.
    HandOver(u64),
    /// End the connection, after what was to be sent.
    End,
}

/// A request that waits for a sync.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Syncing {
    pub(super) request: u64,
    pub(super) revision: Revision,
    /// Whether the commit of that revision is answered, or one that was before.
    commit: bool,
}

impl Syncing {
    /// The answer, when it is known what became of the sync.
    pub(super) fn answer(self, synced: Result<(), StoreError>) -> Message {
        let response = match synced {
            Ok(()) if self.commit => Response::Kept(self.revision),
            Ok(()) => Response::Synced,
            // That it took effect is true; why it is not durable is told when that is asked for.
            Err(_) if self.commit => Response::Committed(Committed::Applied(self.revision)),
            Err(error) => Response::Failed(error),
        };
        response.message(self.request)
    }
}

/// One connection.
#[derive(Debug)]
pub(super) struct Serving {
    own: Greeting,
    peer: Option<Greeting>,
}

impl Serving {
    pub(super) fn new(own: Greeting) -> Self {
        Self { own, peer: None }
    }

    /// Takes one message.
    pub(super) fn receive(&mut self, message: &Message, store: &impl Served) -> Vec<Effect> {
        let request = message.request;
        let send = |response: Response| vec![Effect::Send(response.message(request))];
        let Some(asked) = Request::parse(message) else {
            return match self.peer {
                // A request of a later version.
                Some(_) => send(Response::Unknown),
                None => vec![Effect::End],
            };
        };
        if self.peer.is_none() {
            return self.greet(request, asked, store);
        }
        let answer = match asked {
            Request::Hello(_) => return vec![Effect::End],
            Request::Get(key) => store.get(&key).map(Response::Value),
            Request::Range(from, to, limit) => {
                store.range(&from, &to, usize::try_from(limit).unwrap_or(usize::MAX)).map(Response::Rows)
            }
            Request::Commit(id, mut change) => {
                let syncs = change.syncs;
                match store.commit(id, &mut change) {
                    Ok(Committed::Applied(revision)) if syncs => {
                        return vec![Effect::SyncThen(Syncing { request, revision, commit: true })];
                    }
                    done => done.map(Response::Committed),
                }
            }
            Request::Sync(revision) => return vec![Effect::SyncThen(Syncing { request, revision, commit: false })],
            Request::Watch(prefix, from) => return vec![Effect::Watch(request, prefix, from)],
            Request::Service(service) => store.service(service).map(Response::Status),
            Request::HandOver => match self.own.tenure {
                Tenure::Server => Ok(Response::Keeping),
                Tenure::Visitor => return vec![Effect::HandOver(request)],
            },
        };
        match answer {
            Ok(response) => send(response),
            Err(Trouble::Store(error)) => send(Response::Failed(error)),
            // The next owner will be asked again.
            Err(Trouble::Gone) => vec![Effect::End],
        }
    }

    fn greet(&mut self, request: u64, asked: Request, store: &impl Served) -> Vec<Effect> {
        let Request::Hello(peer) = asked else { return vec![Effect::End] };
        if peer.protocol != PROTOCOL {
            let why = format!(
                "{} (process {}) has the store open and speaks version {PROTOCOL} of its protocol, not {}",
                self.own.program, self.own.pid, peer.protocol
            );
            return vec![Effect::Send(Response::Refused(why).message(request)), Effect::End];
        }
        self.peer = Some(peer);
        let welcome = Response::Welcome(self.own.clone(), store.id(), store.visible());
        vec![Effect::Send(welcome.message(request))]
    }
}
