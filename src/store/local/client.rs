//! An attached process's connection to the owner: requests of any number of threads, answered in any order.

use std::{
    collections::HashMap,
    fs,
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel},
    },
    thread,
    time::Duration,
};

use super::{
    super::{Notice, Revision, StoreError, StoreId},
    engine::Trouble,
    feed::Item,
    message::{Greeting, Request, Response},
    place::Place,
    serve::socket_path,
    wire::{self, Frames, Message},
};

/// After this long without an answer the owner is looked at.
const IMPATIENCE: Duration = Duration::from_secs(2);

/// After this many of those the request is given up.
const PATIENCE: u32 = 30;

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
    line: Mutex<UnixStream>,
    open: Mutex<Open>,
    next: AtomicU64,
    leaving: AtomicBool,
    pid: i32,
}

#[derive(Debug, Default)]
struct Open {
    ended: bool,
    waiting: HashMap<u64, Waiting>,
}

#[derive(Debug)]
enum Waiting {
    Call(SyncSender<Response>),
    Feed(Sender<Item>),
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
        Some(Response::Welcome(owner, id, _)) => {
            stream.set_read_timeout(None)?;
            let client = Arc::new(Client {
                line: Mutex::new(stream),
                open: Mutex::default(),
                next: AtomicU64::new(1),
                leaving: AtomicBool::new(false),
                pid,
            });
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
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the connection is over.
    pub(super) fn ended(&self) -> bool {
        self.open().ended
    }

    /// Whether the owner said that it gives the store up on purpose.
    pub(super) fn was_left(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    fn read(&self, mut stream: UnixStream, mut frames: Frames, mut bytes: Vec<u8>) {
        loop {
            loop {
                match frames.next() {
                    Ok(Some(message)) => self.receive(&message),
                    Ok(None) => break,
                    Err(_) => return,
                }
            }
            match stream.read(&mut bytes) {
                Ok(n) if n > 0 => frames.push(&bytes[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return,
            }
        }
    }

    fn receive(&self, message: &Message) {
        let Some(response) = Response::parse(message) else { return };
        if message.request == 0 {
            if matches!(response, Response::Leaving) {
                self.leaving.store(true, Ordering::Release);
            }
            return;
        }
        let mut open = self.open();
        match open.waiting.remove(&message.request) {
            Some(Waiting::Call(answer)) => {
                let _ = answer.send(response);
            }
            Some(Waiting::Feed(feed)) => {
                let item = match response {
                    Response::Notice(notice) => Item::Notice(notice),
                    Response::Quiet(revision) => Item::Quiet(revision),
                    _ => return,
                };
                let over = matches!(item, Item::Notice(Notice::Lagged));
                if feed.send(item).is_ok() && !over {
                    open.waiting.insert(message.request, Waiting::Feed(feed));
                }
            }
            None => {}
        }
    }

    fn end(&self) {
        let mut open = self.open();
        open.ended = true;
        // Whoever waits finds its channel closed.
        open.waiting.clear();
    }

    /// Ends the connection.
    pub(super) fn close(&self) {
        if let Ok(line) = self.line.lock() {
            let _ = line.shutdown(std::net::Shutdown::Both);
        }
        self.end();
    }

    fn submit(&self, request: &Request, waiting: Waiting) -> Result<(), Trouble> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        {
            let mut open = self.open();
            if open.ended {
                return Err(Trouble::Gone);
            }
            open.waiting.insert(number, waiting);
        }
        let bytes = wire::encode(&request.message(number));
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.write_all(&bytes).map_err(|_| {
            let _ = line.shutdown(std::net::Shutdown::Both);
            Trouble::Gone
        })
    }

    /// The owner's process id.
    pub(super) fn owner(&self) -> u32 {
        self.pid.unsigned_abs()
    }

    /// Asks and waits for the answer. [`Trouble::Gone`]: ask the next owner.
    pub(super) fn call(&self, request: &Request) -> Result<Response, Trouble> {
        self.call_for(request, PATIENCE)
    }

    /// Asks for something that takes its time: hours, on a very large store.
    pub(super) fn call_long(&self, request: &Request) -> Result<Response, Trouble> {
        self.call_for(request, u32::MAX)
    }

    fn call_for(&self, request: &Request, patience: u32) -> Result<Response, Trouble> {
        let (answer, answered) = sync_channel(1);
        self.submit(request, Waiting::Call(answer))?;
        for _ in 0..patience {
            match answered.recv_timeout(IMPATIENCE) {
                Ok(Response::Failed(error)) => return Err(Trouble::Store(error)),
                Ok(response) => return Ok(response),
                Err(RecvTimeoutError::Disconnected) => return Err(Trouble::Gone),
                Err(RecvTimeoutError::Timeout) if stopped(self.pid) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        Err(Trouble::Store(silent(self.pid)))
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
