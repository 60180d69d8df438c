//! A real `hallpassd` on a free port, and requests to it as bytes on a socket.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};

/// A reply as it came.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Names (as sent) and values (bytes as Latin-1), in order.
    pub headers: Vec<(String, String)>,
    /// The body, decoded from chunks where it came in such.
    pub body: Vec<u8>,
    /// Status lines of 1xx replies before it.
    pub interim: Vec<String>,
}

impl Reply {
    /// The value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The server; killed when dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
    log: mpsc::Receiver<String>,
}

/// How long the server may take to come up, and a reply to come.
const PATIENCE: Duration = Duration::from_secs(30);

impl Server {
    /// Starts it and waits for the line that says where it listens.
    ///
    /// # Errors
    /// It could not be started, or said something else and ended.
    pub fn start(mut command: Command) -> Result<Self, anyhow::Error> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start")?;
        let stderr = child.stderr.take().context("it is piped")?;
        let (sender, log) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // Nobody may be listening any more; the pipe is drained all the same.
                let _unheard = sender.send(line);
            }
        });
        let mut said = Vec::new();
        loop {
            let Ok(line) = log.recv_timeout(PATIENCE) else {
                let _gone = child.kill();
                let _reaped = child.wait();
                bail!("the server did not come up; it said:\n{}", said.join("\n"));
            };
            if let Some((_, address)) = line.split_once("listening on http://") {
                let address = address.trim().parse().with_context(|| format!("the address of {line:?}"))?;
                return Ok(Self { child, address, log });
            }
            said.push(line);
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next line of its standard error, waited for.
    #[must_use]
    pub fn next_line(&self) -> Option<String> {
        self.log.recv_timeout(PATIENCE).ok()
    }

    /// Its process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end and returns the exit status.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().ok().and_then(|status| status.code())
    }

    /// Ends it at once, as a power cut would: no signal it could see.
    pub fn kill(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }

    /// Sends `bytes` on a new connection and reads one reply.
    ///
    /// # Errors
    /// No connection, no reply, or none that is HTTP.
    pub fn raw(&self, bytes: &[u8]) -> Result<Reply, anyhow::Error> {
        let mut replies = self.exchange(bytes, 1)?;
        replies.pop().context("no reply")
    }

    /// Sends `bytes` on a new connection and reads up to `most` replies or to the end of the connection.
    ///
    /// # Errors
    /// No connection, or something that is no HTTP.
    pub fn exchange(&self, bytes: &[u8], most: usize) -> Result<Vec<Reply>, anyhow::Error> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut writer = stream.try_clone()?;
        let owned = bytes.to_vec();
        // A server that refuses early does not read to the end, so writing and reading must not wait for each other.
        let sender = thread::spawn(move || {
            let _refused = writer.write_all(&owned);
        });
        let head = bytes.starts_with(b"HEAD ");
        let mut reader = BufReader::new(stream);
        let mut replies = Vec::new();
        while replies.len() < most {
            match read_reply(&mut reader, head)? {
                Some(reply) => replies.push(reply),
                None => break,
            }
        }
        drop(reader);
        sender.join().expect("the sender does not panic");
        Ok(replies)
    }

    /// `POST /api/` with `key`, on a connection of its own.
    #[track_caller]
    #[must_use]
    pub fn trigger(&self, key: &str) -> Reply {
        let request = format!(
            "POST /api/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Token {key}\r\nContent-Length: 0\r\n\r\n"
        );
        self.raw(request.as_bytes()).expect("the server answers")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn read_line(reader: &mut impl BufRead) -> Result<Option<String>, anyhow::Error> {
    let mut line = Vec::new();
    match reader.read_until(b'\n', &mut line) {
        Ok(0) => return Ok(None),
        Ok(_) => {}
        // A peer that refused what we still sent resets the connection: nothing more comes.
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Some(line.iter().map(|&byte| char::from(byte)).collect()))
}

fn read_reply(reader: &mut impl BufRead, head: bool) -> Result<Option<Reply>, anyhow::Error> {
    let mut reply = Reply::default();
    loop {
        let Some(first) = read_line(reader)? else { return Ok(None) };
        let status = first.split(' ').nth(1).and_then(|word| word.parse().ok());
        reply.status =
            status.filter(|_| first.starts_with("HTTP/1.")).with_context(|| format!("no HTTP: {first:?}"))?;
        reply.headers.clear();
        while let Some(line) = read_line(reader)?.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').with_context(|| format!("no header: {line:?}"))?;
            reply.headers.push((name.to_owned(), value.trim().to_owned()));
        }
        if (100..200).contains(&reply.status) {
            reply.interim.push(first);
        } else {
            break;
        }
    }
    if head || reply.status == 204 || reply.status == 304 {
        return Ok(Some(reply));
    }
    if reply.header("Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        loop {
            let size = read_line(reader)?.context("a chunk's size")?;
            let size = usize::from_str_radix(size.trim(), 16)?;
            let mut chunk = vec![0; size];
            reader.read_exact(&mut chunk)?;
            read_line(reader)?;
            if size == 0 {
                break;
            }
            reply.body.extend(chunk);
        }
    } else if let Some(length) = reply.header("Content-Length") {
        let mut body = vec![0; length.parse()?];
        reader.read_exact(&mut body)?;
        reply.body = body;
    } else {
        reader.read_to_end(&mut reply.body)?;
    }
    Ok(Some(reply))
}
