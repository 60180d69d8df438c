//! The access log: a line of JSON for each request. A line that cannot be taken at once is dropped and counted: a full
//! disk or a stuck pipe never makes a request wait.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use serde::Serialize;

/// Lines that wait to be written.
const WAITING: usize = 4096;
/// Lines are written together, up to about so many bytes.
const TOGETHER: usize = 64 * 1024;

/// A log of lines.
#[derive(Clone, Debug)]
pub(super) struct LineLog {
    lines: SyncSender<Vec<u8>>,
    dropped: Arc<AtomicU64>,
}

impl LineLog {
    /// Opens a log: the file `to`, or `stderr`.
    ///
    /// # Errors
    /// The file cannot be opened, or the system gives no thread.
    pub(super) fn open(to: &Path) -> io::Result<Self> {
        let sink: Box<dyn Write + Send> = match to.as_os_str() == "stderr" {
            true => Box::new(io::stderr()),
            false => Box::new(OpenOptions::new().create(true).append(true).open(to)?),
        };
        Self::to(sink)
    }

    /// A log that writes to `sink`.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn to(mut sink: Box<dyn Write + Send>) -> io::Result<Self> {
        let (lines, waiting) = sync_channel::<Vec<u8>>(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let lost = Arc::clone(&dropped);
        thread::Builder::new().name("log".into()).spawn(move || write_lines(&waiting, &mut *sink, &lost))?;
        Ok(Self { lines, dropped })
    }

    /// Takes one record, as a line of JSON.
    pub(super) fn record(&self, record: &impl Serialize) {
        let Ok(mut line) = serde_json::to_vec(record) else { return };
        line.push(b'\n');
        if self.lines.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many lines were dropped.
    #[must_use]
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn write_lines(waiting: &Receiver<Vec<u8>>, sink: &mut dyn Write, lost: &AtomicU64) {
    let mut together = Vec::new();
    while let Ok(line) = waiting.recv() {
        together.extend(line);
        let mut count = 1;
        while together.len() < TOGETHER {
            let Ok(line) = waiting.try_recv() else { break };
            together.extend(line);
            count += 1;
        }
        if sink.write_all(&together).and_then(|()| sink.flush()).is_err() {
            lost.fetch_add(count, Ordering::Relaxed);
        }
        together.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A sink that is stuck until it is told to go on.
    struct Stuck(mpsc::Receiver<()>, mpsc::Sender<Vec<u8>>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // The test is over when nobody tells any more.
            let _ = self.0.recv();
            let _ = self.1.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_sink_drops_lines_and_counts_them_and_nobody_waits() {
        let (go, stuck) = mpsc::channel();
        let (written, writes) = mpsc::channel();
        let log = LineLog::to(Box::new(Stuck(stuck, written))).expect("a thread");
        for number in 0..WAITING * 40 {
            log.record(&number);
        }
        assert!(log.dropped() > 0);
        go.send(()).expect("the sink is there");
        assert!(writes.recv().expect("it writes").starts_with(b"0\n"));
    }
}
