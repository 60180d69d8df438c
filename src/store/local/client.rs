//! An attached process's connection to the owner: requests of any number of threads, answered in any order.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};

use super::{
    super::{Revision, StoreError, StoreId},
    engine::Trouble,
    feed::Item,
    message::{Greeting, Request, Response},
    pending::{Answer, Pending, Slot, Sync, Turn, Waiting},
    place::Place,
    serve::socket_path,
    wire::{self, Frames},
};

/// After this long without an answer the owner is looked at.
const IMPATIENCE: Duration = Duration::from_secs(2);

/// After this many of those the request is given up.
const PATIENCE: u32 = 30;

/// So many things are asked for at once.
const AT_ONCE: usize = 256;

/// What became of the attempt to attach.
#[derive(Debug)]
pub(super) enum Attempt {
    /// Nobody listens.
    NotServed,
    /// Attached.
    Connected(Arc<Client>, Greeting, StoreId),
    /// The owner will not serve this process, or cannot.
    Refused(StoreError),
}

/// The connection.
#[derive(Debug)]
pub(super) struct Client {
    stream: UnixStream,
    pending: Mutex<Pending>,
    leaving: AtomicBool,
    pid: i32,
}

/// Tries to attach; `on_end` is called from the reading thread when the connection is over.
pub(super) fn attach(place: &Place, own: &Greeting, on_end: impl FnOnce() + Send + 'static) -> Attempt {
    let stream = match fs::File::open(place.dir()).and_then(|dir| UnixStream::connect(socket_path(&dir))) {
        Ok(stream) => stream,
        Err(e) => {
            return match e.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Attempt::NotServed,
                _ => Attempt::Refused(StoreError::Unavailable {
                    what: "cannot reach the process that has the store open".into(),
                    hint: None,
                    source: Some(e),
                }),
            };
        }
    };
    // A dead owner's socket may still accept nobody: an end here means that it is being replaced.
    greet(stream, own, on_end).unwrap_or_else(|_| Attempt::NotServed)
}

fn greet(stream: UnixStream, own: &Greeting, on_end: impl FnOnce() + Send + 'static) -> io::Result<Attempt> {
    let pid = rustix::net::sockopt::socket_peercred(&stream)?.pid.as_raw_pid();
    stream.set_read_timeout(Some(IMPATIENCE))?;
    stream.set_write_timeout(Some(IMPATIENCE * PATIENCE))?;
    let mut frames = Frames::default();
    (&stream).write_all(&wire::encode(&Request::Hello(own.clone()).message(0)))?;
    let mut reader = stream.try_clone()?;
    let mut bytes = vec![0; 64 * 1024];
    let mut tries = 0;
    let message = loop {
        match reader.read(&mut bytes) {
            Ok(0) => return Ok(Attempt::NotServed),
            Ok(n) => frames.push(&bytes[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                tries += 1;
                if tries >= PATIENCE || stopped(pid) {
                    return Ok(Attempt::Refused(silent(pid)));
                }
            }
            Err(e) => return Err(e),
        }
        match frames.next() {
            Ok(Some(message)) => break message,
            Ok(None) => {}
            Err(_) => return Ok(Attempt::Refused(gibberish())),
        }
    };
    match Response::parse(&message) {
        Some(Response::Welcome(owner, id, revision)) => {
            stream.set_read_timeout(None)?;
            let pending = Mutex::new(Pending::new(revision));
            let client = Arc::new(Client { stream, pending, leaving: AtomicBool::new(false), pid });
            let reading = Arc::clone(&client);
            thread::Builder::new().name("store-client".into()).spawn(move || {
                reading.read(reader, frames, bytes);
                reading.end();
                on_end();
            })?;
            Ok(Attempt::Connected(client, owner, id))
        }
        // It was giving the store up at that moment.
        Some(Response::Leaving) => Ok(Attempt::NotServed),
        Some(Response::Refused(why)) => Ok(Attempt::Refused(StoreError::Unavailable {
            what: why,
            hint: Some("use the same version of hallpass on both sides, or end the other process".into()),
            source: None,
        })),
        Some(_) | None => Ok(Attempt::Refused(gibberish())),
    }
}

impl Client {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the connection is over.
    pub(super) fn ended(&self) -> bool {
        self.pending().ended()
    }

    /// Whether the owner said that it gives the store up on purpose.
    pub(super) fn was_left(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    fn read(&self, mut stream: UnixStream, mut frames: Frames, mut bytes: Vec<u8>) {
        let mut came = Vec::new();
        loop {
            let whole = loop {
                match frames.next() {
                    Ok(Some(message)) => came.extend(Response::parse(&message).map(|it| (message.request, it))),
                    Ok(None) => break true,
                    Err(_) => break false,
                }
            };
            if came.iter().any(|(request, response)| *request == 0 && matches!(response, Response::Leaving)) {
                self.leaving.store(true, Ordering::Release);
            }
            // What came together is told together: those who are woken find the lock free.
            let told = self.pending().receive(came.drain(..));
            told.tell();
            if !whole {
                return;
            }
            match stream.read(&mut bytes) {
                Ok(n) if n > 0 => frames.push(&bytes[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return,
            }
        }
    }

    fn end(&self) {
        self.pending().end();
    }

    /// Ends the connection.
    pub(super) fn close(&self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        self.end();
    }

    fn submit(&self, request: &Request, waiting: Waiting) -> Result<(), Trouble> {
        let turn = self.queue(request, waiting)?;
        self.send(turn);
        Ok(())
    }

    /// Puts a request to what waits to go out.
    fn queue(&self, request: &Request, waiting: Waiting) -> Result<Turn, Trouble> {
        let mut message = request.message(0);
        let encode = |number| {
            message.request = number;
            wire::encode(&message)
        };
        self.pending().submit(encode, waiting).ok_or(Trouble::Gone)
    }

    /// Sends what waits to go out, and what others add meanwhile. Where that fails the connection is over, and all who
    /// wait for an answer are told.
    fn send(&self, turn: Turn) {
        if turn == Turn::Others {
            return;
        }
        loop {
            let Some(out) = self.pending().take_out() else { return };
            for bytes in out {
                if (&self.stream).write_all(&bytes).is_err() {
                    let _ = self.stream.shutdown(std::net::Shutdown::Both);
                }
            }
        }
    }

    /// The owner's process id.
    pub(super) fn owner(&self) -> u32 {
        self.pid.unsigned_abs()
    }

    /// Asks and waits for the answer. [`Trouble::Gone`]: ask the next owner.
    pub(super) fn call(&self, request: &Request) -> Result<Response, Trouble> {
        self.call_for(request, PATIENCE)
    }

    /// Asks for several things at once, and waits for all of the answers.
    pub(super) fn call_many(&self, requests: &[Request]) -> Result<Vec<Response>, Trouble> {
        let mut answers = Vec::with_capacity(requests.len());
        // The owner must be able to send the answers to one part while the next is on its way.
        for some in requests.chunks(AT_ONCE) {
            let slots: Vec<_> = some.iter().map(|_| Slot::new()).collect();
            let mut turn = Turn::Others;
            for (request, slot) in some.iter().zip(&slots) {
                if self.queue(request, Waiting::Call(Arc::clone(slot)))? == Turn::Mine {
                    turn = Turn::Mine;
                }
            }
            self.send(turn);
            for slot in slots {
                answers.push(self.wait(&slot, PATIENCE)?.ok_or(Trouble::Gone)?);
            }
        }
        Ok(answers)
    }

    /// Asks for something that takes its time: hours, on a very large store.
    pub(super) fn call_long(&self, request: &Request) -> Result<Response, Trouble> {
        self.call_for(request, u32::MAX)
    }

    fn call_for(&self, request: &Request, patience: u32) -> Result<Response, Trouble> {
        let slot = Slot::new();
        self.submit(request, Waiting::Call(Arc::clone(&slot)))?;
        self.wait(&slot, patience)?.ok_or(Trouble::Gone)
    }

    /// Waits for an answer; none: it has to be asked for alone.
    fn wait(&self, slot: &Slot, patience: u32) -> Result<Option<Response>, Trouble> {
        for _ in 0..patience {
            match slot.wait(IMPATIENCE) {
                Some(Answer::Response(Response::Failed(error))) => return Err(Trouble::Store(error)),
                Some(Answer::Response(response)) => return Ok(Some(response)),
                Some(Answer::AskAlone) => return Ok(None),
                Some(Answer::Gone) => return Err(Trouble::Gone),
                None if stopped(self.pid) => break,
                None => {}
            }
        }
        Err(Trouble::Store(silent(self.pid)))
    }

    /// Has everything up to `revision` made durable. One request serves all threads that wait.
    pub(super) fn sync(&self, revision: Revision) -> Result<Response, Trouble> {
        let joined = self.pending().sync(revision);
        match joined {
            Sync::Done => return Ok(Response::Synced),
            Sync::Gone => return Err(Trouble::Gone),
            Sync::Shared(slot, ask) => {
                if let Some(upto) = ask {
                    self.submit(&Request::Sync(upto), Waiting::Sync(upto))?;
                }
                if let Some(response) = self.wait(&slot, PATIENCE)? {
                    return Ok(response);
                }
            }
            Sync::Alone => {}
        }
        self.call(&Request::Sync(revision))
    }

    /// Follows a prefix.
    pub(super) fn feed(&self, prefix: &[u8], from: Revision) -> Result<Receiver<Item>, Trouble> {
        let (sender, feed) = channel();
        self.submit(&Request::Watch(prefix.to_vec(), from), Waiting::Feed(sender))?;
        Ok(feed)
    }
}

/// Whether a process is stopped (by Ctrl-Z, or a debugger), as the kernel tells it.
fn stopped(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name of the program stands in brackets and may hold anything.
    stat.rsplit_once(')').is_some_and(|(_, rest)| matches!(rest.trim_start().chars().next(), Some('T' | 't')))
}

fn silent(pid: i32) -> StoreError {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = name.trim();
    if stopped(pid) {
        StoreError::Unavailable {
            what: format!("the store is open in process {pid} ({name}), which is stopped"),
            hint: Some(format!("continue it with: kill -CONT {pid}")),
            source: None,
        }
    } else {
        StoreError::Unavailable {
            what: format!("the store is open in process {pid} ({name}), which does not answer"),
            hint: Some("wait for it, or end it; this process goes on then".into()),
            source: None,
        }
    }
}

fn gibberish() -> StoreError {
    StoreError::Unavailable {
        what: "whoever listens on the store's socket does not speak its protocol".into(),
        hint: Some("use the same version of hallpass on both sides".into()),
        source: None,
    }
}
