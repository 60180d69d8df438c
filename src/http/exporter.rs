//! The figures on a listener of their own, so that no route can show them by accident. One scrape at a time.

use std::{
    io::{self, Read, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use super::serve::{Current, Listener};

const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: usize = 8 * 1024;

/// Serves the figures from now on.
///
/// # Errors
/// The system gives no thread.
pub(super) fn start(listener: Listener, current: Arc<Current>) -> io::Result<()> {
    thread::Builder::new().name("metrics".into()).spawn(move || {
        loop {
            // A scrape that fails is tried again by whoever wanted it.
            let served = match &listener {
                Listener::Tcp(listener) => listener.accept().and_then(|(socket, _)| {
                    socket.set_read_timeout(Some(PATIENCE))?;
                    socket.set_write_timeout(Some(PATIENCE))?;
                    tell(socket, &current)
                }),
                Listener::Unix(listener) => listener.accept().and_then(|(socket, _)| {
                    socket.set_read_timeout(Some(PATIENCE))?;
                    socket.set_write_timeout(Some(PATIENCE))?;
                    tell(socket, &current)
                }),
            };
            if let Err(error) = served {
                tracing::debug!(%error, "a scrape failed");
            }
        }
    })?;
    Ok(())
}

fn tell(mut socket: impl Read + Write, current: &Current) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0; 512];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") && head.len() < LONGEST {
        match socket.read(&mut byte)? {
            0 => return Ok(()),
            read => head.extend_from_slice(&byte[..read]),
        }
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let (status, body) = match line.starts_with(b"GET /metrics ") {
        true => ("200 OK", current.get().figures()),
        false => ("404 Not Found", "the figures are at /metrics\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes())?;
    socket.write_all(body.as_bytes())
}
