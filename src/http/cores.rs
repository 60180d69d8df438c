//! Which thread serves a connection. There is one for each processor that this process may use, and it stays there: a
//! client on the same machine and the thread that answers it then need not wake each other from one processor to the
//! other, and a client elsewhere is answered where the system takes in its packets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rustix::{
    net::sockopt::socket_incoming_cpu,
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

/// So many connections more than another thread may have those whose processor it shares: it wakes seldom for few, and
/// many are everybody's.
const NEAR: usize = 64;

/// The threads and their processors.
#[derive(Clone, Debug)]
pub(super) struct Cores {
    /// The processor of each thread; none where this process has not as many processors as it may keep busy.
    places: Vec<Option<usize>>,
}

impl Cores {
    /// Those of this process. At least one thread.
    pub(super) fn of_this_process() -> Self {
        // A quota of time is counted here, the processors themselves below.
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let own = sched_getaffinity(None)
            .map_or_else(|_| Vec::new(), |set| (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect());
        let places = if own.len() == threads { own.into_iter().map(Some).collect() } else { vec![None; threads] };
        Self { places }
    }

    /// How many threads there are.
    pub(super) fn count(&self) -> usize {
        self.places.len()
    }

    /// Keeps the calling thread, which has this number, on its processor. Where the system refuses, it still works.
    pub(super) fn stay(&self, thread: usize) {
        if let Some(cpu) = self.places[thread] {
            let mut set = CpuSet::new();
            set.set(cpu);
            let _ = sched_setaffinity(None, &set);
        }
    }

    /// The thread on the processor that took in the last packet of this connection.
    pub(super) fn near(&self, socket: &std::net::TcpStream) -> Option<usize> {
        let cpu = usize::try_from(socket_incoming_cpu(socket).ok()?).ok()?;
        self.places.iter().position(|place| *place == Some(cpu))
    }
}

/// How many connections each thread has.
#[derive(Debug)]
pub(super) struct Shares(Vec<Arc<AtomicUsize>>);

/// A connection's place among those of its thread, until it is dropped.
#[derive(Debug)]
pub(super) struct Share(Arc<AtomicUsize>);

impl Drop for Share {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shares {
    pub(super) fn of(threads: usize) -> Self {
        Self((0..threads).map(|_| Arc::default()).collect())
    }

    /// Gives a connection to a thread: to the one near to it, unless others have much less to do.
    pub(super) fn take(&self, near: Option<usize>) -> (usize, Share) {
        let open = |thread: usize| self.0[thread].load(Ordering::Relaxed);
        let least = (0..self.0.len()).min_by_key(|&thread| open(thread)).unwrap_or_default();
        let chosen = near.filter(|&near| open(near) < open(least) + NEAR).unwrap_or(least);
        self.0[chosen].fetch_add(1, Ordering::Relaxed);
        (chosen, Share(Arc::clone(&self.0[chosen])))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn few_connections_stay_where_they_are_near_and_many_are_shared() {
        let shares = Shares::of(2);
        let mut kept: Vec<_> = (0..NEAR).map(|_| shares.take(Some(1))).collect();
        assert!(kept.iter().all(|(thread, _)| *thread == 1));
        // From here on each has to be NEAR behind the other.
        kept.extend((0..10).map(|_| shares.take(Some(1))));
        let of = |number| kept.iter().filter(|(thread, _)| *thread == number).count();
        assert_eq!([of(0), of(1)], [5, NEAR + 5]);
        drop(kept);
        assert_eq!(shares.take(Some(0)).0, 0, "who went makes room");
    }

    #[test]
    fn those_that_are_near_to_nobody_go_where_least_is_to_do() {
        let shares = Shares::of(3);
        let kept: Vec<_> = (0..9).map(|_| shares.take(None)).collect();
        assert_eq!([0, 1, 2].map(|number| kept.iter().filter(|(thread, _)| *thread == number).count()), [3, 3, 3]);
    }

    #[test]
    fn a_connection_is_near_to_the_thread_on_its_processor() {
        let cores = Cores::of_this_process();
        if cores.places.contains(&None) {
            return;
        }
        // Whoever speaks here stays on the last processor.
        let last = cores.count() - 1;
        thread::scope(|scope| {
            scope.spawn(|| {
                cores.stay(last);
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let (socket, _) = listener.accept().unwrap();
                assert_eq!(cores.near(&socket), Some(last));
            });
        });
    }
}
