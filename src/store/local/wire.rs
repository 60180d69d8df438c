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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn messages_arrive_whole_however_the_bytes_are_cut(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6),
            cuts in prop::collection::vec(1..97_usize, 1..50),
        ) {
            let sent: Vec<_> = bodies.into_iter().enumerate()
                .map(|(n, body)| Message { request: n as u64, kind: 7, body }).collect();
            let bytes: Vec<u8> = sent.iter().flat_map(encode).collect();
            let (mut frames, mut received, mut rest) = (Frames::default(), Vec::new(), bytes.as_slice());
            for cut in cuts.iter().cycle() {
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                frames.push(now);
                while let Some(message) = frames.next().expect("well formed") {
                    received.push(message);
                }
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(received, sent);
        }

        #[test]
        fn whatever_bytes_come_nothing_panics_and_little_is_kept(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
            let mut frames = Frames::default();
            frames.push(&bytes);
            while let Ok(Some(message)) = frames.next() {
                let _ = crate::store::local::message::Request::parse(&message);
                let _ = crate::store::local::message::Response::parse(&message);
            }
        }

        #[test]
        fn whatever_stands_in_a_message_parsing_it_does_not_panic(
            kind in any::<u8>(), body in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let message = Message { request: 1, kind, body };
            let _ = crate::store::local::message::Request::parse(&message);
            let _ = crate::store::local::message::Response::parse(&message);
        }
    }

    #[test]
    fn a_message_longer_than_a_frame_is_put_together() {
        let message = Message { request: 3, kind: 4, body: vec![9; FRAME_LIMIT * 2 + 5] };
        let mut frames = Frames::default();
        frames.push(&encode(&message));
        assert_eq!(frames.next(), Ok(Some(message)));
    }

    #[test]
    fn a_length_beyond_the_limit_ends_the_stream() {
        let mut frames = Frames::default();
        frames.push(&u32::MAX.to_le_bytes());
        assert_eq!(frames.next(), Err(Malformed::Length));
    }
}
