//! The framing of a chunked body, checked as strictly as gunicorn does, before hyper decodes it.

use super::settings::Limits;

/// The framing is broken: where the body ends is unknown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Broken;

/// Follows the chunks of one body.
#[derive(Debug)]
pub(super) struct ChunkReader {
    at: At,
    line: Vec<u8>,
    longest: usize,
    trailers: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum At {
    /// In the line that says how long the next chunk is.
    Size,
    /// So many bytes before the end of a chunk.
    Data(u64),
    /// In the line end behind a chunk, of which so many bytes were there.
    DataEnd(u8),
    /// In a line behind the last chunk.
    Trailer,
    /// Behind the body.
    Done,
}

impl ChunkReader {
    /// Begins; a line may have `longest` bytes.
    pub(super) fn new(longest: usize) -> Self {
        Self { at: At::Size, line: Vec::new(), longest, trailers: 0 }
    }

    /// Whether the body is over.
    pub(super) fn is_done(&self) -> bool {
        self.at == At::Done
    }

    /// Follows `bytes`; returns how many of them belong to the body.
    ///
    /// # Errors
    /// The framing is broken.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let mut at = 0;
        while at < bytes.len() && self.at != At::Done {
            let rest = &bytes[at..];
            at += match self.at {
                At::Data(left) => {
                    let here = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let left = left - here as u64;
                    self.at = if left == 0 { At::DataEnd(0) } else { At::Data(left) };
                    here
                }
                At::DataEnd(seen) => {
                    if rest[0] != b"\r\n"[usize::from(seen)] {
                        return Err(Broken);
                    }
                    self.at = if seen == 0 { At::DataEnd(1) } else { At::Size };
                    1
                }
                At::Size | At::Trailer => self.line(rest)?,
                At::Done => 0,
            };
        }
        Ok(at)
    }

    fn line(&mut self, rest: &[u8]) -> Result<usize, Broken> {
        let newline = rest.iter().position(|byte| *byte == b'\n');
        let here = newline.map_or(rest.len(), |at| at + 1);
        self.line.extend_from_slice(&rest[..here]);
        if self.line.len() > self.longest {
            return Err(Broken);
        }
        if newline.is_none() {
            return Ok(here);
        }
        let Some(line) = self.line.strip_suffix(b"\r\n") else { return Err(Broken) };
        self.at = match self.at {
            At::Trailer if line.is_empty() => At::Done,
            At::Trailer => {
                self.trailers += self.line.len();
                if self.trailers > self.longest || !is_trailer(line) {
                    return Err(Broken);
                }
                At::Trailer
            }
            At::Size | At::Data(_) | At::DataEnd(_) | At::Done => match size(line)? {
                0 => At::Trailer,
                size => At::Data(size),
            },
        };
        self.line.clear();
        Ok(here)
    }
}

fn size(line: &[u8]) -> Result<u64, Broken> {
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, extension) = line.split_at(digits);
    let after = extension.trim_ascii_start();
    // An extension may be anything that hides no line end; nobody reads it.
    let plain = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    if !(after.is_empty() && extension.is_empty() || after.first() == Some(&b';')) || !extension.iter().all(plain) {
        return Err(Broken);
    }
    let digits = str::from_utf8(digits).map_err(|_| Broken)?;
    u64::from_str_radix(digits, 16).map_err(|_| Broken)
}

/// RFC 9110, 6.5.1: no field that says how the message is delimited, whom it is for or who sends it.
fn is_trailer(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
    let name = &line[..colon];
    let forbidden = ["host", "content-length", "transfer-encoding", "trailer", "authorization", "te"];
    !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        && !forbidden.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        && line.len() <= Limits::default().field
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(body: &[u8]) -> Result<usize, Broken> {
        let mut reader = ChunkReader::new(8190);
        let read = reader.read(body)?;
        if reader.is_done() { Ok(read) } else { Err(Broken) }
    }

    #[test]
    fn a_body_ends_where_its_last_chunk_ends() {
        assert_eq!(follow(b"5\r\nhello\r\n0\r\n\r\nGET /"), Ok(15));
        assert_eq!(follow(b"5 ; a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), Ok(31));
        let mut reader = ChunkReader::new(8190);
        for byte in b"A\r\n0123456789\r\n00\r\n\r\n" {
            assert!(!reader.is_done());
            assert_eq!(reader.read(&[*byte]), Ok(1));
        }
        assert!(reader.is_done());
    }

    #[test]
    fn broken_framing_is_told() {
        for body in [
            &b"5\nhello\r\n0\r\n\r\n"[..],
            b"5\r\nhelloo\r\n0\r\n\r\n",
            b"-5\r\nhello\r\n0\r\n\r\n",
            b"0x5\r\nhello\r\n0\r\n\r\n",
            b"\r\n\r\n",
            b"5 \r\nhello\r\n0\r\n\r\n",
            b"10000000000000000\r\n",
            b"0\r\nContent-Length: 5\r\n\r\n",
            b"0\r\nX: y\n\r\n",
        ] {
            assert_eq!(follow(body), Err(Broken), "{}", body.escape_ascii());
        }
    }
}
