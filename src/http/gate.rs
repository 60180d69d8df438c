//! What stands between the socket and hyper: reads each head by gunicorn's grammar ([`super::head`]) before hyper sees
//! it, hands hyper one request at a time, and holds the deadlines of a connection.
//!
//! A head that is refused never reaches hyper. In its place hyper gets a plain request that means "answer with the
//! refusal"; which one that is, is told beside the byte stream ([`Wire`]), so that no client can write it.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

use super::{
    buffers::{self, Outbox},
    chunks::ChunkReader,
    head::{Framing, Head, HeadReader, Progress, Refusal},
    settings::Limits,
    swift::Swift,
    wire::Wire,
};

/// What hyper gets in place of a head that is refused.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n";
/// After the last answer, so much of what the client still sends is taken in, for so long: closing at once would make
/// the system throw the answer away before the client has read it.
const LINGER: (usize, Duration) = (1024 * 1024, Duration::from_secs(2));

enum Stage {
    /// A head is read.
    Head(HeadReader),
    /// So many bytes of a head go to hyper.
    Pass(usize, Framing),
    /// So many bytes of a body go to hyper.
    Length(u64),
    /// The chunks of a body go to hyper.
    Chunked(ChunkReader),
    /// Nothing more goes to hyper.
    Over,
}

/// A socket, gated.
pub(super) struct Gate<S> {
    socket: S,
    wire: Rc<Wire>,
    swift: Swift,
    limits: Limits,
    buf: Vec<u8>,
    from: usize,
    to: usize,
    stage: Stage,
    /// What was answered past hyper.
    out: Outbox,
    /// Not all that hyper has for the client is sent: nothing may go past it.
    behind: bool,
    /// Requests so far, and how many of them were there before the one before was answered.
    requests: usize,
    in_a_row: usize,
    waited: bool,
    since: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
    lingered: Option<(usize, Instant)>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Gate<S> {
    pub(super) fn new(socket: S, wire: Rc<Wire>, swift: Swift, limits: Limits) -> Self {
        let (buf, from, to, stage) = (Vec::new(), 0, 0, Stage::Head(HeadReader::default()));
        let (out, behind, requests, in_a_row) = (Outbox::default(), false, 0, 0);
        Self {
            socket,
            wire,
            swift,
            limits,
            buf,
            from,
            to,
            stage,
            out,
            behind,
            requests,
            in_a_row,
            waited: true,
            since: None,
            alarm: None,
            lingered: None,
        }
    }

    /// Reads from the socket behind what is there already. `Ok(0)`: the client has ended.
    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.buf.len() < buffers::BUFFER {
            let kept = std::mem::replace(&mut self.buf, buffers::borrow());
            self.buf[self.from..self.to].copy_from_slice(&kept[self.from..self.to]);
        }
        if self.from == self.to {
            (self.from, self.to) = (0, 0);
        } else if self.to == self.buf.len() {
            if self.from > 0 {
                self.buf.copy_within(self.from..self.to, 0);
                (self.from, self.to) = (0, self.to - self.from);
            } else {
                self.buf.resize(self.buf.len() * 2, 0);
            }
        }
        let mut free = ReadBuf::new(&mut self.buf[self.to..]);
        match Pin::new(&mut self.socket).poll_read(cx, &mut free) {
            Poll::Ready(Ok(())) => {
                let read = free.filled().len();
                self.to += read;
                Poll::Ready(Ok(read))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.rest();
                Poll::Pending
            }
        }
    }

    /// While the client is waited for, only what it said is kept: there may be ten thousand of them.
    fn rest(&mut self) {
        let kept = self.buf[self.from..self.to].to_vec();
        (self.from, self.to) = (0, kept.len());
        buffers::give_back(std::mem::replace(&mut self.buf, kept));
    }

    /// Whether `span` has passed since `since`. Where it has not, the task is woken when it will have.
    fn is_late(&mut self, cx: &mut Context<'_>, span: Duration) -> bool {
        let since = *self.since.get_or_insert_with(Instant::now);
        let deadline = (since + span).into();
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        // An alarm that rings early is set anew when it rings: most never do, since the request was there before.
        if alarm.is_elapsed() || alarm.deadline() > deadline {
            alarm.as_mut().reset(deadline);
        }
        alarm.as_mut().poll(cx).is_ready() && alarm.deadline() >= deadline
    }

    /// Counts the request that is there. `true`: it is the last one that this connection may make.
    fn count(&mut self) -> bool {
        self.requests += 1;
        self.in_a_row = if self.waited { 0 } else { self.in_a_row + 1 };
        self.waited = false;
        self.requests >= self.limits.requests || self.in_a_row >= self.limits.pipelined
    }

    /// Begins with a request: answers it where that can be done at once; all others are hyper's.
    fn begin(&mut self, head: &Head) {
        let now = Instant::now();
        let is_spent = self.count();
        let goes_past = !is_spent && !self.behind;
        if goes_past && self.swift.answer(&self.buf[self.from..self.to], head, now, self.out.unsent()) {
            self.from += head.end;
            self.stage = self.next_stage(Framing::Length(0));
            return;
        }
        self.since = Some(now);
        self.wire.last.set(head.last || is_spent);
        self.wire.begun.set(Some(now));
        self.wire.resting.set(None);
        self.wire.busy.set(true);
        self.from += head.start;
        let mut length = head.end - head.start;
        let at = |place: usize| self.from + place - head.start;
        let (from, to) = (at(head.target.0), at(head.target.1));
        // hyper refuses targets that are none to it, and versions that are no 1.0 or 1.1; gunicorn takes them.
        let strange = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"/-._~?=&%+:,".contains(byte);
        if head.minor > 1 {
            self.buf[to + 8] = b'1';
        }
        if self.buf[from] != b'/' || self.buf[from..to].iter().any(strange) {
            *self.wire.target.borrow_mut() = Some(self.buf[from..to].to_vec());
            self.buf[from] = b'/';
            self.buf.copy_within(to..self.to, from + 1);
            self.to -= to - from - 1;
            length -= to - from - 1;
        }
        self.stage = Stage::Pass(length, head.framing);
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.wire.refusal.set(Some(refusal));
        self.wire.last.set(true);
        self.wire.begun.set(Some(Instant::now()));
        self.buf = STAND_IN.to_vec();
        (self.from, self.to) = (0, STAND_IN.len());
        self.stage = Stage::Pass(STAND_IN.len(), Framing::Length(0));
    }

    /// Hands over what there is, `most` bytes at most.
    fn hand_over(&mut self, out: &mut ReadBufCursor<'_>, most: usize) -> usize {
        let count = (self.to - self.from).min(out.remaining()).min(most);
        out.put_slice(&self.buf[self.from..self.from + count]);
        self.from += count;
        count
    }

    fn next_stage(&mut self, framing: Framing) -> Stage {
        match framing {
            Framing::Length(0) if self.wire.is_last() => Stage::Over,
            Framing::Length(0) => {
                self.since = None;
                Stage::Head(HeadReader::default())
            }
            Framing::Length(length) => Stage::Length(length),
            Framing::Chunked => Stage::Chunked(ChunkReader::new(self.limits.field)),
        }
    }

    /// Sends what was answered past hyper.
    fn send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        match self.out.poll_send(&mut self.socket, cx) {
            Poll::Pending if self.is_late(cx, self.limits.request) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
            ready @ Poll::Ready(_) => {
                self.since = None;
                ready
            }
        }
    }

    fn read_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.send(cx))?;
            if self.from < self.to {
                let Stage::Head(reader) = &mut self.stage else { return Poll::Ready(Ok(())) };
                match reader.read(&self.buf[self.from..self.to], &self.limits) {
                    Progress::Done(head) => {
                        self.begin(&head);
                        if self.out.is_empty() {
                            return Poll::Ready(Ok(()));
                        }
                        continue;
                    }
                    Progress::Refused(refusal) => {
                        self.refuse(refusal);
                        return Poll::Ready(Ok(()));
                    }
                    Progress::More => {}
                }
            }
            let at_rest = self.from == self.to;
            match self.fill(cx) {
                Poll::Ready(Ok(0)) => {
                    self.stage = Stage::Over;
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(_)) if at_rest => {
                    self.since = None;
                    self.wire.resting.set(None);
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if at_rest => {
                    if !self.waited {
                        (self.waited, self.since) = (true, None);
                    }
                    if self.is_late(cx, self.limits.idle) {
                        self.stage = Stage::Over;
                        return Poll::Ready(Ok(()));
                    }
                    self.wire.resting.set(self.since);
                    return Poll::Pending;
                }
                Poll::Pending => {
                    if self.is_late(cx, self.limits.header) {
                        self.refuse(Refusal::Slow);
                        return Poll::Ready(Ok(()));
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    fn read_body(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.from < self.to {
            return Poll::Ready(Ok(()));
        }
        match self.fill(cx) {
            Poll::Ready(Ok(0)) => {
                self.stage = Stage::Over;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Ok(_)) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending if self.is_late(cx, self.limits.request) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Read for Gate<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut out: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let gate = &mut *self;
        loop {
            match &mut gate.stage {
                Stage::Head(_) => ready!(gate.read_head(cx))?,
                Stage::Pass(left, framing) => {
                    let (left, framing) = (*left, *framing);
                    let left = left - gate.hand_over(&mut out, left);
                    gate.stage = if left > 0 { Stage::Pass(left, framing) } else { gate.next_stage(framing) };
                    return Poll::Ready(Ok(()));
                }
                Stage::Length(left) => {
                    let left = *left;
                    ready!(gate.read_body(cx))?;
                    if let Stage::Over = gate.stage {
                        continue;
                    }
                    let most = usize::try_from(left).unwrap_or(usize::MAX);
                    let left = left - gate.hand_over(&mut out, most) as u64;
                    gate.stage = if left > 0 { Stage::Length(left) } else { gate.next_stage(Framing::Length(0)) };
                    return Poll::Ready(Ok(()));
                }
                Stage::Chunked(_) => {
                    ready!(gate.read_body(cx))?;
                    let Stage::Chunked(chunks) = &mut gate.stage else { continue };
                    let end = gate.to.min(gate.from + out.remaining());
                    let read = chunks.read(&gate.buf[gate.from..end]);
                    let Ok(read) = read else { return Poll::Ready(Err(io::ErrorKind::InvalidData.into())) };
                    let ended = chunks.is_done();
                    gate.hand_over(&mut out, read);
                    if ended {
                        gate.stage = gate.next_stage(Framing::Length(0));
                    }
                    return Poll::Ready(Ok(()));
                }
                Stage::Over => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Write for Gate<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let gate = &mut *self;
        match Pin::new(&mut gate.socket).poll_write(cx, buf) {
            Poll::Pending => {
                gate.behind = true;
                // A client that does not read is one that does not answer.
                if gate.is_late(cx, gate.limits.request) {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                Poll::Pending
            }
            ready @ Poll::Ready(_) => {
                gate.behind = !matches!(ready, Poll::Ready(Ok(written)) if written == buf.len());
                ready
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let gate = &mut *self;
        ready!(gate.send(cx))?;
        ready!(Pin::new(&mut gate.socket).poll_shutdown(cx))?;
        // Nobody is still sending where the client was at rest.
        if gate.requests == 0 && gate.wire.refusal().is_none() {
            return Poll::Ready(Ok(()));
        }
        let (mut left, since) = *gate.lingered.get_or_insert_with(|| (LINGER.0, Instant::now()));
        gate.since = Some(since);
        loop {
            (gate.from, gate.to) = (0, 0);
            match gate.fill(cx) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(read)) => left = left.saturating_sub(read),
                Poll::Pending if gate.is_late(cx, LINGER.1) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    gate.lingered = Some((left, since));
                    return Poll::Pending;
                }
            }
            if left == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
