//! Frames on the socket: `length u32 | request u64 | kind u8 | more u8 | bytes`. A message longer than one frame goes
//! in several, so that nobody has to believe a large length.

/// The greatest number of bytes in one frame behind its length.
pub(super) const FRAME_LIMIT: usize = 1 << 20;

/// The greatest number of bytes in one message.
pub(super) const MESSAGE_LIMIT: usize = 300 << 20;

const HEAD: usize = 8 + 1 + 1;

/// A message: which request it is (of), what it is, its bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Message {
    /// The request that this is, or answers.
    pub(super) request: u64,
    /// What the bytes mean; see [`super::message`].
    pub(super) kind: u8,
    /// The bytes.
    pub(super) body: Vec<u8>,
}

/// Why a stream cannot be read on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Malformed {
    /// A frame says it is longer than any of ours, or shorter than its head.
    Length,
    /// The parts of a message do not fit together.
    Parts,
    /// A message grew beyond the limit.
    TooLong,
}

/// Writes a message as frames.
#[must_use]
pub(super) fn encode(message: &Message) -> Vec<u8> {
    let room = FRAME_LIMIT - HEAD;
    let mut out = Vec::with_capacity(message.body.len() + 4 + HEAD);
    let mut rest = message.body.as_slice();
    loop {
        let (part, after) = rest.split_at(rest.len().min(room));
        let length = u32::try_from(HEAD + part.len()).expect("a part is at most FRAME_LIMIT");
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&message.request.to_le_bytes());
        out.push(message.kind);
        out.push(u8::from(!after.is_empty()));
        out.extend_from_slice(part);
        rest = after;
        if rest.is_empty() {
            return out;
        }
    }
}

/// Puts messages together from the bytes as they arrive.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    start: usize,
    part: Option<Message>,
}

impl Frames {
    /// Takes bytes from the stream.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 && self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, if there is one.
    ///
    /// # Errors
    /// [`Malformed`]: the stream is of no use from here on.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Malformed> {
        while let Some((frame, more)) = self.frame()? {
            let whole = match self.part.take() {
                None => frame,
                Some(mut part) if part.request == frame.request && part.kind == frame.kind => {
                    if part.body.len() + frame.body.len() > MESSAGE_LIMIT {
                        return Err(Malformed::TooLong);
                    }
                    part.body.extend_from_slice(&frame.body);
                    part
                }
                Some(_) => return Err(Malformed::Parts),
            };
            match more {
                More::Follows => self.part = Some(whole),
                More::Ends => return Ok(Some(whole)),
            }
        }
        Ok(None)
    }

    fn frame(&mut self) -> Result<Option<(Message, More)>, Malformed> {
        let rest = &self.bytes[self.start..];
        let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if !(HEAD..=FRAME_LIMIT).contains(&length) {
            return Err(Malformed::Length);
        }
        let Some(frame) = rest.get(..length) else {
            // What was used is dropped before the buffer grows.
            if self.start > FRAME_LIMIT {
                self.bytes.drain(..self.start);
                self.start = 0;
            }
            return Ok(None);
        };
        let (request, frame) = frame.split_first_chunk::<8>().expect("length is at least HEAD");
        let more = match frame[1] {
            0 => More::Ends,
            1 => More::Follows,
            _ => return Err(Malformed::Parts),
        };
        let message = Message { request: u64::from_le_bytes(*request), kind: frame[0], body: frame[2..].to_vec() };
        self.start += 4 + length;
        Ok(Some((message, more)))
    }
}

/// Whether a frame is the last of its message.
#[derive(Clone, Copy)]
enum More {
    Follows,
    Ends,
}
