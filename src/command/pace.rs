//! How long work that nobody waits for takes beside work that somebody waits for.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a part takes with its rest: of 100 tokens, so that 100,000 take 54 seconds. What requests lose is what has to be
/// done in a second, for the processors are theirs otherwise: so no part is done sooner than it must be.
const SPAN: Duration = Duration::from_millis(54);

/// How a rotation goes beside requests: a little at a time.
#[derive(Debug)]
pub struct Pace(Instant);

impl Default for Pace {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Pace {
    /// Rests after a part of the work.
    pub fn rest(&mut self) {
        thread::park_timeout(rest(self.0.elapsed()));
        self.0 = Instant::now();
    }
}

/// How long is rested after a part that took so long.
fn rest(worked: Duration) -> Duration {
    SPAN.saturating_sub(worked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_tokens_have_their_span() {
        let ms = Duration::from_millis;
        assert_eq!(rest(ms(1)), ms(53));
        assert_eq!(rest(ms(20)), ms(34));
        assert_eq!(rest(ms(70)), ms(0));
    }
}
