//! Threads for what takes time: password hashes, a store that is slow. Requests wait in a short queue for them, and
//! the threads that serve connections never do.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A few threads and a queue of bounded length.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    jobs: SyncSender<Job>,
}

/// The queue is full.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Full;

/// Who goes first where the processor is short.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Precedence {
    /// Like the threads that serve connections.
    Equal,
    /// After them.
    Behind,
}

impl Lane {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(name: &str, threads: usize, waiting: usize, precedence: Precedence) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(waiting);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name(name.into()).spawn(move || {
                if precedence == Precedence::Behind {
                    // On Linux this is about the thread. Without it, it still works.
                    let _ = rustix::process::setpriority_process(None, 10);
                }
                work(&queue);
            })?;
        }
        Ok(Self { jobs })
    }

    /// Runs `job` on one of the threads.
    pub(super) async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Full> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            // Whoever asked may be gone.
            let _ = answer.send(job());
        });
        match self.jobs.try_send(job) {
            Ok(()) => answered.await.map_err(|_| Full),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Full),
        }
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // A job that panics is one answer lost, not a thread.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
    }
}

/// What a look-up may take, how many slower ones in a row move look-ups to threads of their own, and for how long. One
/// slow one alone is a thread that the system interrupted.
const SWIFT: Duration = Duration::from_millis(2);
const IN_A_ROW: u32 = 3;
const AWAY: Duration = Duration::from_secs(1);

/// Look-ups in the store. They are over in microseconds as long as the store answers from memory, and going to
/// another thread would cost more than they do; so they run where they are asked for until some were slow.
#[derive(Debug)]
pub(super) struct Lookups {
    lane: Lane,
    started: Instant,
    /// Until then, in microseconds since `started`, they run in the lane.
    away_until: AtomicU64,
    slow: AtomicU32,
}

impl Lookups {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(threads: usize, waiting: usize) -> io::Result<Self> {
        let lane = Lane::start("look-ups", threads, waiting, Precedence::Equal)?;
        Ok(Self { lane, started: Instant::now(), away_until: AtomicU64::new(0), slow: AtomicU32::new(0) })
    }

    /// Runs `job`, which asks the store, begun at `now`.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        now: Instant,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Full> {
        let micros = |since: Instant| u64::try_from((since - self.started).as_micros()).unwrap_or(u64::MAX);
        if micros(now) < self.away_until.load(Ordering::Relaxed) {
            return self.lane.run(job).await;
        }
        let begun = Instant::now();
        let done = job();
        let ended = Instant::now();
        if ended - begun <= SWIFT {
            // Read first: threads that only read it share it.
            if self.slow.load(Ordering::Relaxed) > 0 {
                self.slow.store(0, Ordering::Relaxed);
            }
        } else if self.slow.fetch_add(1, Ordering::Relaxed) + 1 >= IN_A_ROW {
            self.slow.store(0, Ordering::Relaxed);
            self.away_until.store(micros(ended + AWAY), Ordering::Relaxed);
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Barrier, mpsc};

    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
    }

    #[test]
    fn a_full_queue_is_told_at_once() {
        let lane = Lane::start("test", 1, 1, Precedence::Behind).expect("a thread");
        let (begun, has_begun) = mpsc::channel();
        let gate = Arc::new(Barrier::new(2));
        let hold = {
            let gate = Arc::clone(&gate);
            move || {
                begun.send(()).expect("the test waits for it");
                gate.wait();
            }
        };
        block_on(async {
            let first = lane.run(hold);
            let second = lane.run(|| 2);
            let mut first = std::pin::pin!(first);
            let mut second = std::pin::pin!(second);
            let nothing = std::task::Waker::noop();
            let mut cx = std::task::Context::from_waker(nothing);
            assert!(first.as_mut().poll(&mut cx).is_pending());
            has_begun.recv().expect("the thread began");
            assert!(second.as_mut().poll(&mut cx).is_pending());
            assert_eq!(lane.run(|| 3).await, Err(Full));
            gate.wait();
            assert_eq!(second.await, Ok(2));
        });
    }

    #[test]
    fn after_some_slow_look_ups_they_run_elsewhere() {
        let lookups = Lookups::start(1, 4).expect("a thread");
        let here = thread::current().id();
        block_on(async {
            let who = || thread::current().id();
            assert_eq!(lookups.run(Instant::now(), who).await, Ok(here));
            let slow = || {
                let begun = Instant::now();
                while begun.elapsed() <= 2 * SWIFT {}
            };
            for _ in 0..IN_A_ROW {
                assert_eq!(lookups.run(Instant::now(), slow).await, Ok(()));
            }
            assert_ne!(lookups.run(Instant::now(), who).await, Ok(here));
            assert_eq!(lookups.run(Instant::now() + 2 * AWAY, who).await, Ok(here));
        });
    }
}
