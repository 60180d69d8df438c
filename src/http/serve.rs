//! Connections: accepting them, serving them, ending them.

use std::{
    cell::Cell,
    convert::Infallible,
    future::poll_fn,
    io,
    pin::pin,
    rc::Rc,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use hyper::{server::conn::http1, service::service_fn};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    runtime::Builder,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    task::LocalSet,
};

use super::{
    Phase,
    address::Peer,
    cores::{Cores, Share, Shares},
    gate::Gate,
    site::Site,
    swift::{Held, Swift},
    wire::Wire,
};

/// A socket that listens.
#[derive(Debug)]
pub enum Listener {
    /// To an address.
    Tcp(std::net::TcpListener),
    /// To a path.
    Unix(std::os::unix::net::UnixListener),
}

/// The site of the present configuration.
#[derive(Debug)]
pub(super) struct Current {
    site: RwLock<Arc<Site>>,
    generation: AtomicU64,
}

impl Current {
    pub(super) fn new(site: Site) -> Self {
        Self { site: RwLock::new(Arc::new(site)), generation: AtomicU64::new(0) }
    }

    /// How often the configuration has changed.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(super) fn get(&self) -> Arc<Site> {
        Arc::clone(&self.site.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn replace(&self, site: Site) {
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
        self.generation.fetch_add(1, Ordering::Release);
    }
}

enum Socket {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

/// A connection on its way to the thread that serves it.
struct Arrival {
    socket: Socket,
    peer: Peer,
    place: Place,
}

/// What a connection takes up as long as it lasts.
type Place = (OwnedSemaphorePermit, Share);

/// Serves until the phase says to end; returns when the last connection is over.
pub(super) fn serve(
    listeners: Vec<Listener>,
    current: &Arc<Current>,
    phase: &watch::Receiver<Phase>,
    cores: &Cores,
) -> io::Result<()> {
    let mut workers = Vec::new();
    let mut doors = Vec::new();
    let (tell, crowd) = watch::channel(());
    for number in 0..cores.count() {
        let (door, arrivals) = mpsc::unbounded_channel();
        doors.push(door);
        let (current, phase, crowd) = (Arc::clone(current), phase.clone(), crowd.clone());
        let cores = cores.clone();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let work = move || {
            cores.stay(number);
            let tasks = LocalSet::new();
            tasks.block_on(&runtime, take_in(arrivals, current, phase, crowd));
            // Whatever is still being answered; connections end by themselves, as the phase tells them.
            runtime.block_on(tasks);
        };
        workers.push(thread::Builder::new().name(format!("http-{number}")).spawn(work)?);
    }
    let most = current.get().settings.limits.connections;
    let permits = Arc::new(Semaphore::new(most));
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let doors = Rc::new(Doors { shares: Shares::of(doors.len()), cores: cores.clone(), doors });
        let crowd = Rc::new(Crowd { little: most / 8, asked: Cell::new(None), tell });
        let tasks = LocalSet::new();
        for listener in listeners {
            let (doors, permits, phase) = (Rc::clone(&doors), Arc::clone(&permits), phase.clone());
            let listener = Door::open(listener)?;
            tasks.spawn_local(accept(listener, doors, permits, Rc::clone(&crowd), Arc::clone(current), phase));
        }
        drop((doors, crowd));
        tasks.await;
        Ok::<_, io::Error>(())
    })?;
    for worker in workers {
        // A thread that panicked has ended as well.
        let _ = worker.join();
    }
    Ok(())
}

/// The ways to the threads that serve.
struct Doors {
    doors: Vec<mpsc::UnboundedSender<Arrival>>,
    shares: Shares,
    cores: Cores,
}

enum Door {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// So many connections may wait to be accepted, if the system's own limit lets them: the standard library asks for 128,
/// and whoever comes when they are there tries again a second later.
const QUEUE: i32 = 4096;

impl Door {
    fn open(listener: Listener) -> io::Result<Self> {
        match listener {
            Listener::Tcp(listener) => {
                rustix::net::listen(&listener, QUEUE)?;
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(Self::Tcp)
            }
            Listener::Unix(listener) => {
                rustix::net::listen(&listener, QUEUE)?;
                listener.set_nonblocking(true)?;
                UnixListener::from_std(listener).map(Self::Unix)
            }
        }
    }

    async fn accept(&self) -> io::Result<(Socket, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (socket, address) = listener.accept().await?;
                socket.set_nodelay(true)?;
                Ok((Socket::Tcp(socket.into_std()?), Peer::Ip(address.ip().to_canonical())))
            }
            Self::Unix(listener) => {
                let (socket, _) = listener.accept().await?;
                Ok((Socket::Unix(socket.into_std()?), Peer::Unix))
            }
        }
    }
}

/// A connection that has said nothing for so long rests.
const RESTED: Duration = Duration::from_secs(1);

/// After an error of accept that will not go away by itself, such as too many open files.
const PAUSE: Duration = Duration::from_millis(50);

async fn accept(
    door: Door,
    doors: Rc<Doors>,
    permits: Arc<Semaphore>,
    crowd: Rc<Crowd>,
    current: Arc<Current>,
    mut phase: watch::Receiver<Phase>,
) {
    loop {
        // A connection is accepted only when there is room for it; others wait in the system's queue.
        let arrival = async {
            let permit = room(&permits, &crowd).await;
            (permit, door.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            biased;
            arrival = arrival => arrival,
            _ = phase.wait_for(|phase| *phase != Phase::Serving) => {
                current.get().draining.store(true, Ordering::Relaxed);
                return;
            }
        };
        match accepted {
            Ok((socket, peer)) => {
                let near = if let Socket::Tcp(socket) = &socket { doors.cores.near(socket) } else { None };
                let (thread, share) = doors.shares.take(near);
                if doors.doors[thread].send(Arrival { socket, peer, place: (permit, share) }).is_err() {
                    return;
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Waits for room for one more connection. Where little is left, those that only rest are asked to make some.
async fn room(permits: &Arc<Semaphore>, crowd: &Crowd) -> OwnedSemaphorePermit {
    let mut permit = pin!(Arc::clone(permits).acquire_owned());
    loop {
        if permits.available_permits() <= crowd.little {
            crowd.ask();
        }
        tokio::select! {
            biased;
            permit = permit.as_mut() => return permit.expect("nobody closes the semaphore"),
            () = tokio::time::sleep(RESTED) => {}
        }
    }
}

/// Asks connections to make room.
struct Crowd {
    /// So little room is left that it is time to ask.
    little: usize,
    asked: Cell<Option<Instant>>,
    tell: watch::Sender<()>,
}

impl Crowd {
    fn ask(&self) {
        // Each time wakes all of them.
        if self.asked.get().is_none_or(|asked| asked.elapsed() >= RESTED) {
            self.asked.set(Some(Instant::now()));
            self.tell.send_replace(());
        }
    }
}

async fn take_in(
    mut arrivals: mpsc::UnboundedReceiver<Arrival>,
    current: Arc<Current>,
    phase: watch::Receiver<Phase>,
    crowd: watch::Receiver<()>,
) {
    while let Some(Arrival { socket, peer, place }) = arrivals.recv().await {
        let (current, phase, crowd) = (Arc::clone(&current), phase.clone(), crowd.clone());
        match socket {
            Socket::Tcp(socket) => {
                if let Ok(socket) = TcpStream::from_std(socket) {
                    tokio::task::spawn_local(connection(socket, peer, place, current, (phase, crowd)));
                }
            }
            Socket::Unix(socket) => {
                if let Ok(socket) = UnixStream::from_std(socket) {
                    tokio::task::spawn_local(connection(socket, peer, place, current, (phase, crowd)));
                }
            }
        }
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    socket: S,
    peer: Peer,
    place: Place,
    current: Arc<Current>,
    (mut phase, mut crowd): (watch::Receiver<Phase>, watch::Receiver<()>),
) {
    let held = Rc::new(Held::new(current));
    let (metrics, limits) = held.with(|site| (Arc::clone(&site.metrics), site.settings.limits.clone()));
    metrics.open.fetch_add(1, Ordering::Relaxed);
    metrics.opened.fetch_add(1, Ordering::Relaxed);
    let wire = Rc::new(Wire::default());
    let largest = limits.head.max(8 * 1024) * 2;
    let gate = Gate::new(socket, Rc::clone(&wire), Swift::new(Rc::clone(&held), peer), limits);
    let service = service_fn(|request| {
        let (site, wire) = (held.with(Arc::clone), Rc::clone(&wire));
        async move {
            let response = site.answer(&wire, peer, request).await;
            wire.answered();
            Ok::<_, Infallible>(response)
        }
    });
    // The deadlines are the gate's: hyper's timer cannot tell an idle connection from a slow head. A client that has
    // said its last word may still hear the answer.
    let mut http = http1::Builder::new();
    http.half_close(true).max_buf_size(largest);
    let mut serving = pin!(http.serve_connection(gate, service));
    let mut is_told = true;
    loop {
        tokio::select! {
            biased;
            // An error is a client that went away, or was cut off: nothing to tell.
            _ = serving.as_mut() => break,
            told = change(&mut phase) => match if told { *phase.borrow_and_update() } else { Phase::Hurried } {
                Phase::Serving => {}
                Phase::Draining => serving.as_mut().graceful_shutdown(),
                Phase::Hurried => break,
            },
            told = change(&mut crowd), if is_told => {
                crowd.mark_unchanged();
                // Where nobody is let in any more, nobody has to make room.
                is_told = told;
                if told && wire.is_resting(RESTED) {
                    break;
                }
            }
        }
    }
    metrics.open.fetch_sub(1, Ordering::Relaxed);
    drop(place);
}

/// Returns when something new was told; `false`: nobody tells any more. Waiting takes a lock that all connections
/// share. It is taken once; after that, a look at what is told says whether it is what woke this task.
async fn change<T>(told: &mut watch::Receiver<T>) -> bool {
    let probe = told.clone();
    let mut changed = pin!(told.changed());
    let mut is_waiting = false;
    poll_fn(|cx| {
        if is_waiting && matches!(probe.has_changed(), Ok(false)) {
            return Poll::Pending;
        }
        is_waiting = true;
        changed.as_mut().poll(cx).map(|told| told.is_ok())
    })
    .await
}
