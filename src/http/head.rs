//! The grammar of a request's head, as gunicorn 27 reads it: without this, what stands before DRF would be hyper's
//! more lenient reading, and two readers of one byte stream are what request smuggling lives on.
//!
//! A head is read line by line as its bytes come in, each line once, so that a slow sender costs no more than a fast
//! one.

use super::{
    fields::{Seen, trim},
    settings::Limits,
};

/// Why a request is not served at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    /// It is no HTTP, or could be read in two ways.
    Malformed,
    /// The request line is too long.
    LineTooLong,
    /// Too many fields, or too long a one.
    FieldsTooLarge,
    /// An expectation other than `100-continue`.
    Expectation,
    /// A transfer coding that nobody knows.
    Coding,
    /// The head did not arrive in time.
    Slow,
}

impl Refusal {
    /// gunicorn's status for it (408: nginx's).
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Slow => 408,
            Self::LineTooLong => 414,
            Self::Expectation => 417,
            Self::FieldsTooLarge => 431,
            Self::Coding => 501,
        }
    }
}

/// How the body is delimited.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Framing {
    /// By its length in bytes; 0: there is none.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// What a head says about the connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Head {
    /// Where in the buffer the request line begins: behind the one empty line that may precede it.
    pub(super) start: usize,
    /// Where the head ends, behind its empty line.
    pub(super) end: usize,
    /// The place of the request target in the buffer.
    pub(super) target: (usize, usize),
    /// The minor version: `HTTP/1.minor`.
    pub(super) minor: u8,
    /// How the body is delimited.
    pub(super) framing: Framing,
    /// Nothing that follows on this connection is a request: it was a CONNECT, or its body has an unknown coding.
    pub(super) last: bool,
    /// What it says, where that is no more than most requests say.
    pub(super) plain: Option<Plain>,
}

/// A head of HTTP/1.1 without a body, and with no field but those that every client sends. Places in the buffer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Plain {
    /// The place of the method.
    pub(super) method: (usize, usize),
    /// The place of the value of `Host`.
    pub(super) host: Option<(usize, usize)>,
    /// The place of the value of `Authorization`.
    pub(super) authorization: Option<(usize, usize)>,
}

/// How far a head has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Progress {
    /// More bytes are needed.
    More,
    /// It is complete.
    Done(Head),
    /// It is refused.
    Refused(Refusal),
}

/// Reads one head.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    /// Up to here the buffer was looked at.
    scanned: usize,
    /// Here the present line begins.
    line: usize,
    start: usize,
    request: Option<RequestLine>,
    fields: usize,
    seen: Seen,
}

#[derive(Clone, Copy, Debug)]
struct RequestLine {
    method: (usize, usize),
    target: (usize, usize),
    minor: u8,
    connect: bool,
}

impl HeadReader {
    /// Goes on with `buf`, which begins where the head begins and holds at least what it held before.
    pub(super) fn read(&mut self, buf: &[u8], limits: &Limits) -> Progress {
        while let Some(found) = memchr::memchr(b'\n', &buf[self.scanned..]) {
            let newline = self.scanned + found;
            self.scanned = newline + 1;
            if newline == self.line || buf[newline - 1] != b'\r' {
                return Progress::Refused(Refusal::Malformed);
            }
            let (from, to) = (self.line, newline - 1);
            self.line = newline + 1;
            match self.line_ended(buf, from, to, limits) {
                Ok(_) if self.line > limits.head => return Progress::Refused(Refusal::FieldsTooLarge),
                Ok(None) => {}
                Ok(Some(head)) => return Progress::Done(head),
                Err(refusal) => return Progress::Refused(refusal),
            }
        }
        self.scanned = buf.len();
        if self.request.is_none() && (buf.len() - self.line).saturating_sub(2) > limits.request_line {
            return Progress::Refused(Refusal::LineTooLong);
        }
        if buf.len() > limits.head {
            return Progress::Refused(Refusal::FieldsTooLarge);
        }
        Progress::More
    }

    fn line_ended(&mut self, buf: &[u8], from: usize, to: usize, limits: &Limits) -> Result<Option<Head>, Refusal> {
        let line = &buf[from..to];
        let Some(request) = self.request else {
            // RFC 9112, 2.2: one empty line before the request line is overlooked.
            if line.is_empty() && from == 0 {
                self.start = to + 2;
                return Ok(None);
            }
            if line.len() > limits.request_line {
                return Err(Refusal::LineTooLong);
            }
            self.request = Some(request_line(line, from)?);
            return Ok(None);
        };
        if !line.is_empty() {
            if self.fields >= limits.fields {
                return Err(Refusal::FieldsTooLarge);
            }
            return self.field(line, from, limits).map(|()| None);
        }
        let RequestLine { method, target, minor, connect } = request;
        let framing = self.seen.framing(minor)?;
        let last = connect || self.seen.stacked;
        let Seen { host, authorization, special, .. } = self.seen;
        let is_plain = !special && !last && minor == 1 && framing == Framing::Length(0);
        let plain = is_plain.then_some(Plain { method, host, authorization });
        Ok(Some(Head { start: self.start, end: to + 2, target, minor, framing, last, plain }))
    }

    fn field(&mut self, line: &[u8], at: usize, limits: &Limits) -> Result<(), Refusal> {
        let colon = memchr::memchr(b':', line).ok_or(Refusal::Malformed)?;
        let (name, rest) = (&line[..colon], &line[colon + 1..]);
        let value = trim(rest);
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
            return Err(Refusal::Malformed);
        }
        // RFC 9110, 5.5: no control characters but the tab. Looked at to the end: many at once, that is faster.
        if value.iter().fold(false, |any, byte| any | (*byte < b' ') & (*byte != b'\t') | (*byte == 0x7f)) {
            return Err(Refusal::Malformed);
        }
        if line.len() + 2 > limits.field {
            return Err(Refusal::FieldsTooLarge);
        }
        // A name with an underscore is dropped there, and not counted.
        self.fields += usize::from(!name.contains(&b'_'));
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let from = at + colon + 1 + blanks;
        self.seen.note(name, value, (from, from + value.len()))
    }
}

fn request_line(line: &[u8], at: usize) -> Result<RequestLine, Refusal> {
    let mut bits = line.splitn(3, |byte| *byte == b' ');
    let (Some(method), Some(target), Some(version)) = (bits.next(), bits.next(), bits.next()) else {
        return Err(Refusal::Malformed);
    };
    let conventional = |byte: &u8| is_token(*byte) && !byte.is_ascii_lowercase() && *byte != b'#';
    if !(3..=20).contains(&method.len()) || !method.iter().all(conventional) {
        return Err(Refusal::Malformed);
    }
    if target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
        return Err(Refusal::Malformed);
    }
    let connect = method == b"CONNECT";
    let absolute = || target.windows(3).any(|three| three == b"://");
    match target {
        b"*" if method != b"OPTIONS" => return Err(Refusal::Malformed),
        b"*" => {}
        _ if connect || target[0] == b'/' || absolute() => {}
        _ => return Err(Refusal::Malformed),
    }
    let minor = match version {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ b'0'..=b'9'] => minor - b'0',
        _ => return Err(Refusal::Malformed),
    };
    let from = at + method.len() + 1;
    Ok(RequestLine { method: (at, at + method.len()), target: (from, from + target.len()), minor, connect })
}

/// RFC 9110, 5.6.2.
fn is_token(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let (mut byte, others) = (0, b"!#$%&'*+-.^_`|~");
    while byte < 128_u8 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Progress {
        HeadReader::default().read(head.as_bytes(), &Limits::default())
    }

    fn with_field(field: &str) -> Progress {
        read(&format!("POST /api/ HTTP/1.1\r\nHost: localhost\r\n{field}\r\n\r\n"))
    }

    #[test]
    fn a_head_that_comes_byte_by_byte_is_read_like_one_that_comes_at_once() {
        let text = b"\r\nPOST /api/?a=b HTTP/1.0\r\nContent-Length: 12\r\n\r\nbody";
        let mut reader = HeadReader::default();
        let limits = Limits::default();
        let end = text.len() - 4;
        for upto in 0..end {
            assert_eq!(reader.read(&text[..upto], &limits), Progress::More);
        }
        let Progress::Done(head) = reader.read(text, &limits) else { panic!("it is complete") };
        assert_eq!((head.start, head.end, head.minor, head.framing), (2, end, 0, Framing::Length(12)));
        assert_eq!(&text[head.target.0..head.target.1], b"/api/?a=b");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for field in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Content-Length: 5\r\nContent-Length: 5",
            "Content-Length: +5",
            "Content-Length: 5, 5",
            "Content-Length:",
            "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: gzip",
            "Transfer-Encoding: chunked, gzip",
            "Host: elsewhere",
            "Authorization : Token x",
            "Authorization: a\r\n folded",
            "Authorization: Token\x0bx",
            ": nothing",
            "nothing",
            "X: a\nY: b",
        ] {
            assert_eq!(with_field(field), Progress::Refused(Refusal::Malformed), "{field:?}");
        }
        assert_eq!(with_field("Transfer-Encoding: xchunked"), Progress::Refused(Refusal::Coding));
        assert_eq!(with_field("Expect: 200-ok"), Progress::Refused(Refusal::Expectation));
    }

    #[test]
    fn request_lines_are_those_of_gunicorn() {
        for line in [
            "garbage",
            "get /api/ HTTP/1.1",
            "GE /api/ HTTP/1.1",
            "GET  /api/ HTTP/1.1",
            "GET api HTTP/1.1",
            "GET * HTTP/1.1",
            "GET /caf\u{e9} HTTP/1.1",
            "GET /api/ HTTP/2.0",
            "GET /api/ HTTP/1.10",
            "GET /api/ http/1.1",
        ] {
            assert_eq!(read(&format!("{line}\r\n")), Progress::Refused(Refusal::Malformed), "{line}");
        }
        for line in ["GET http://localhost/api/ HTTP/1.1", "OPTIONS * HTTP/1.2", "CONNECT a:1 HTTP/1.1"] {
            assert!(matches!(read(&format!("{line}\r\n\r\n")), Progress::Done(_)), "{line}");
        }
    }

    #[test]
    fn the_limits_are_gunicorns() {
        let line = |length: usize| read(&format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(length - 14)));
        assert!(matches!(line(4094), Progress::Done(_)));
        assert_eq!(line(4095), Progress::Refused(Refusal::LineTooLong));
        assert_eq!(read(&"G".repeat(4097)), Progress::Refused(Refusal::LineTooLong), "before its end");
        let field = |length: usize| with_field(&format!("X: {}", "x".repeat(length - 5)));
        assert!(matches!(field(8190), Progress::Done(_)), "its line end counts");
        assert_eq!(field(8191), Progress::Refused(Refusal::FieldsTooLarge));
        let fields = |count: usize| with_field(&vec!["X: y"; count].join("\r\n"));
        assert!(matches!(fields(99), Progress::Done(_)));
        assert_eq!(fields(100), Progress::Refused(Refusal::FieldsTooLarge));
    }
}
