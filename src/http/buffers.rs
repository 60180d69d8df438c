//! What is read with, and what waits to be sent. Connections of a thread borrow the buffers to read with, and give them
//! back when there is nothing to read: ten thousand that are at rest take none.

use std::{
    cell::RefCell,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::AsyncWrite;

/// The size of a buffer.
pub(super) const BUFFER: usize = 16 * 1024;
/// So many of them lie ready.
const READY: usize = 64;

thread_local! {
    static BUFFERS: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer; what is in it does not matter.
pub(super) fn borrow() -> Vec<u8> {
    BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_else(|| vec![0; BUFFER])
}

/// Takes back what was borrowed, unless it has grown or shrunk meanwhile.
pub(super) fn give_back(buffer: Vec<u8>) {
    if buffer.len() == BUFFER {
        BUFFERS.with_borrow_mut(|ready| {
            if ready.len() < READY {
                ready.push(buffer);
            }
        });
    }
}

/// Bytes on their way to a client.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What is to be sent; more is put at its end.
    pub(super) fn unsent(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Sends all of it.
    pub(super) fn poll_send<S: AsyncWrite + Unpin>(
        &mut self,
        socket: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.sent < self.bytes.len() {
            match Pin::new(&mut *socket).poll_write(cx, &self.bytes[self.sent..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => self.sent += written,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        self.bytes.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}
