//! The owner's socket: one thread for each attached process, one more for its syncs, so that a slow or stuck peer
//! holds up nobody else.

use std::{
    collections::HashMap,
    fs,
    io::{Read as _, Write as _},
    os::{
        fd::AsRawFd,
        unix::{
            fs::PermissionsExt,
            net::{UnixListener, UnixStream},
        },
    },
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use super::{
    super::{Notice, Revision},
    engine::{Engine, Trouble},
    feed::{self, Item},
    message::{Greeting, Response},
    place::Place,
    serving::{Effect, Serving, Syncing},
    wire::{self, Frames, Message},
};

/// How long a peer may not read what was sent to it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many connections are served at once.
const CONNECTIONS: usize = 512;

/// What the server tells whoever owns it.
pub(super) type OnHandOver = Arc<dyn Fn() + Send + Sync>;

/// The listening socket and its connections.
pub(super) struct Server {
    listener: UnixListener,
    shared: Arc<Shared>,
    place: Place,
}

struct Shared {
    engine: Arc<Engine>,
    own: Greeting,
    /// Whose requests are served besides root's: the owner of the directory.
    uid: u32,
    on_hand_over: OnHandOver,
    on_failure: OnHandOver,
    peers: Mutex<Peers>,
}

#[derive(Default)]
struct Peers {
    next: u64,
    open: HashMap<u64, Line>,
    stopped: bool,
}

/// The writing end of a connection; frames of different threads do not mix.
type Line = Arc<Mutex<UnixStream>>;

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("own", &self.shared.own).finish_non_exhaustive()
    }
}

/// The path of the socket, through a descriptor of the directory: a socket's own path may have 108 bytes only.
pub(super) fn socket_path(dir: &fs::File) -> String {
    format!("/proc/self/fd/{}/socket", dir.as_raw_fd())
}

impl Server {
    /// Begins to serve. The caller holds the lock, so a socket that is there is a dead owner's.
    pub(super) fn start(
        place: &Place,
        engine: Arc<Engine>,
        own: Greeting,
        uid: u32,
        [on_hand_over, on_failure]: [OnHandOver; 2],
    ) -> std::io::Result<Self> {
        let dir = fs::File::open(place.dir())?;
        let path = socket_path(&dir);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        let peers = Mutex::default();
        let shared = Arc::new(Shared { engine, own, uid, on_hand_over, on_failure, peers });
        let accepting = (listener.try_clone()?, Arc::clone(&shared));
        thread::Builder::new().name("store-accept".into()).spawn(move || accept(&accepting.0, &accepting.1))?;
        Ok(Self { listener, shared, place: place.clone() })
    }

    /// Takes no more requests and tells everybody that the store is given up. The engine is closed by now.
    pub(super) fn stop(&self) {
        let open = {
            let mut peers = self.shared.peers();
            peers.stopped = true;
            std::mem::take(&mut peers.open)
        };
        let _ = rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both);
        let leaving = wire::encode(&Response::Leaving.message(0));
        for line in open.into_values() {
            // A thread that is stuck in a write to this peer has the line; the peer will see the end all the same.
            if let Ok(mut stream) = line.try_lock() {
                let _ = stream.set_write_timeout(Some(Duration::from_millis(100)));
                let _ = stream.write_all(&leaving);
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
        }
        let _ = fs::remove_file(self.place.dir().join("socket"));
    }
}

impl Shared {
    fn peers(&self) -> MutexGuard<'_, Peers> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(listener: &UnixListener, shared: &Arc<Shared>) {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(_) if shared.peers().stopped => return,
            Err(_) => {
                // No descriptors, most likely: those who are attached go on, the others wait in the queue.
                thread::sleep(Duration::from_millis(20));
                continue;
            }
        };
        let admitted = admit(stream, shared);
        if let Some((number, stream, line)) = admitted {
            let serving = Arc::clone(shared);
            let thread = thread::Builder::new().name("store-serve".into());
            let started = thread.spawn(move || {
                serve(stream, &line, &serving);
                if let Ok(line) = line.lock() {
                    let _ = line.shutdown(std::net::Shutdown::Both);
                }
                serving.peers().open.remove(&number);
            });
            if started.is_err() {
                shared.peers().open.remove(&number);
            }
        }
    }
}

/// Looks who is there, as the kernel tells it.
fn admit(stream: UnixStream, shared: &Shared) -> Option<(u64, UnixStream, Line)> {
    let peer = rustix::net::sockopt::socket_peercred(&stream).ok()?;
    let uid = peer.uid.as_raw();
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let mut peers = shared.peers();
    if (uid != 0 && uid != shared.uid) || peers.open.len() >= CONNECTIONS {
        let why = "the store serves its owner and root only, and not more than 512 of their processes";
        let refusal = wire::encode(&Response::Refused(why.into()).message(0));
        let _ = (&stream).write_all(&refusal);
        return None;
    }
    if peers.stopped {
        return None;
    }
    let line = Arc::new(Mutex::new(stream.try_clone().ok()?));
    let number = peers.next;
    peers.next += 1;
    peers.open.insert(number, Arc::clone(&line));
    Some((number, stream, line))
}

fn serve(mut stream: UnixStream, line: &Line, shared: &Arc<Shared>) {
    let mut serving = Serving::new(shared.own.clone());
    let (syncs, waiting) = channel();
    let syncer = (Arc::clone(line), Arc::clone(&shared.engine));
    let started =
        thread::Builder::new().name("store-sync".into()).spawn(move || answer_syncs(&waiting, &syncer.0, &syncer.1));
    if started.is_err() {
        return;
    }
    let mut frames = Frames::default();
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut bytes) {
            Ok(n) if n > 0 => frames.push(&bytes[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Ok(_) | Err(_) => return,
        }
        let mut out = Vec::new();
        loop {
            let message = match frames.next() {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(_) => return,
            };
            for effect in serving.receive(&message, &*shared.engine) {
                if act(effect, &mut out, line, &syncs, shared) == Flow::End {
                    let _ = send(line, &out);
                    return;
                }
            }
        }
        // Answers to requests that came together go together.
        if !out.is_empty() && !send(line, &out) {
            return;
        }
        if shared.engine.failed() {
            // Nobody in this process may notice for long: the others need the store opened again.
            (shared.on_failure)();
        }
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Flow {
    Continue,
    End,
}

fn act(effect: Effect, out: &mut Vec<u8>, line: &Line, syncs: &Sender<Syncing>, shared: &Arc<Shared>) -> Flow {
    match effect {
        Effect::Send(message) => out.extend_from_slice(&wire::encode(&message)),
        Effect::SyncThen(syncing) => {
            if syncs.send(syncing).is_err() {
                return Flow::End;
            }
        }
        Effect::Watch(request, prefix, from) => {
            let watching = (Arc::clone(line), Arc::clone(&shared.engine));
            let thread = thread::Builder::new().name("store-watch".into());
            if thread.spawn(move || watch(request, &prefix, from, &watching.0, &watching.1)).is_err() {
                return Flow::End;
            }
        }
        Effect::HandOver(request) => {
            out.extend_from_slice(&wire::encode(&Response::Leaving.message(request)));
            (shared.on_hand_over)();
        }
        Effect::End => return Flow::End,
    }
    Flow::Continue
}

fn send(line: &Line, bytes: &[u8]) -> bool {
    let Ok(mut stream) = line.lock() else { return false };
    let sent = stream.write_all(bytes).is_ok();
    if !sent {
        // Half a frame may be out: nothing can follow it.
        let _ = stream.shutdown(std::net::Shutdown::Both);
    }
    sent
}

/// Answers the syncs of one connection: all that wait share one.
fn answer_syncs(waiting: &Receiver<Syncing>, line: &Line, engine: &Engine) {
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        batch.extend(waiting.try_iter());
        // The greatest first: after it the others are only looked at.
        batch.sort_by_key(|syncing| std::cmp::Reverse(syncing.revision));
        let mut out = Vec::new();
        for syncing in batch {
            let synced = match engine.sync(syncing.revision) {
                Ok(()) => Ok(()),
                Err(Trouble::Store(error)) => Err(error),
                Err(Trouble::Gone) => return,
            };
            out.extend_from_slice(&wire::encode(&syncing.answer(synced)));
        }
        if !send(line, &out) {
            return;
        }
    }
}

fn watch(request: u64, prefix: &[u8], from: Revision, line: &Line, engine: &Engine) {
    let Ok(feed) = engine.feed(prefix, from) else { return };
    loop {
        let response = match feed::next(&feed, engine) {
            Item::Notice(notice) => Response::Notice(notice),
            Item::Quiet(revision) => Response::Quiet(revision),
            Item::Gone => return,
        };
        let over = matches!(response, Response::Notice(Notice::Lagged));
        let message: Message = response.message(request);
        if !send(line, &wire::encode(&message)) || over {
            return;
        }
    }
}
