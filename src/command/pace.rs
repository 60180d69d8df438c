//! How long work that nobody waits for takes beside work that somebody waits for.

use std::{
    thread,
    time::{Duration, Instant},
};

/// So many times as long as a part of the work took is rested after it. Requests wait for each commit, so how many there are in a
/// second is what they lose; that the processors idle meanwhile says nothing.
const RESTS: u32 = 20;
/// A part does not take longer than this with its rest: of 100 tokens, so that 100,000 take 50 seconds.
const LONGEST: Duration = Duration::from_millis(50);

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
    (worked * RESTS).min(LONGEST.saturating_sub(worked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_the_time_is_rested_and_a_hundred_tokens_have_their_span() {
        let ms = Duration::from_millis;
        assert_eq!(rest(ms(1)), ms(20));
        assert_eq!(rest(ms(5)), ms(45));
        assert_eq!(rest(ms(20)), ms(30));
        assert_eq!(rest(ms(70)), ms(0));
    }
}
