//! How often something may happen: DRF's rates, and who has used up theirs.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::{Deserialize, Deserializer, de::Error};

/// So many in so long. DRF's `10/minute`: a number, a slash, a word of which the first letter counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// How many; none: as many as one likes.
    count: Option<usize>,
    window: Duration,
}

impl Rate {
    /// No limit.
    pub const OFF: Self = Self { count: None, window: Duration::ZERO };

    /// Whether there is no limit.
    pub(super) fn is_off(self) -> bool {
        self.count.is_none()
    }

    /// So many in so long; `None`: as many as one likes.
    pub(super) fn of(self) -> Option<(usize, Duration)> {
        self.count.map(|count| (count, self.window))
    }

    /// So many a minute.
    #[must_use]
    pub const fn per_minute(count: usize) -> Self {
        Self { count: Some(count), window: Duration::from_secs(60) }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text == "off" {
            return Ok(Self::OFF);
        }
        let parsed = text.split_once('/').and_then(|(count, window)| {
            let seconds = match window.as_bytes().first()? {
                b's' => 1,
                b'm' => 60,
                b'h' => 3_600,
                b'd' => 86_400,
                _ => return None,
            };
            let count = count.parse().ok().filter(|count| (1..=100_000).contains(count))?;
            Some(Self { count: Some(count), window: Duration::from_secs(seconds) })
        });
        parsed.ok_or_else(|| D::Error::custom("a rate is written as 10/second, 10/minute, 10/hour, 10/day or off"))
    }
}

/// At most so many keys are remembered: whoever makes up new ones cannot make the memory grow.
pub(super) const REMEMBERED: usize = 16_384;

/// What happened lately, by whom.
pub(super) struct Window<K> {
    rate: Rate,
    happened: Mutex<HashMap<K, VecDeque<Instant>>>,
}

impl<K: Eq + Hash> Window<K> {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, happened: Mutex::default() }
    }

    /// Counts one of `key`'s at `now`, as DRF's `SimpleRateThrottle` does: what is refused does not count.
    ///
    /// # Errors
    /// It is one too many; after this time there is room again.
    pub(super) fn admit(&self, key: K, now: Instant) -> Result<(), Duration> {
        let Some(count) = self.rate.count else { return Ok(()) };
        let mut happened = self.happened.lock().unwrap_or_else(PoisonError::into_inner);
        if happened.len() >= REMEMBERED && !happened.contains_key(&key) {
            happened.retain(|_, times| times.back().is_some_and(|last| *last + self.rate.window > now));
            // Still full: somebody else is forgotten, rather than everybody new refused.
            if happened.len() >= REMEMBERED {
                happened.extract_if(|_, _| true).next();
            }
        }
        let times = happened.entry(key).or_default();
        while times.front().is_some_and(|first| *first + self.rate.window <= now) {
            times.pop_front();
        }
        match times.front() {
            Some(first) if times.len() >= count => Err(*first + self.rate.window - now),
            Some(_) | None => {
                times.push_back(now);
                Ok(())
            }
        }
    }

    /// Takes back the last one of `key`'s: it was none to count after all.
    pub(super) fn forgive(&self, key: &K) {
        let mut happened = self.happened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = happened.get_mut(key) {
            times.pop_back();
            if times.is_empty() {
                happened.remove(key);
            }
        }
    }
}

impl<K> fmt::Debug for Window<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Window").field("rate", &self.rate).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_told_how_long_to_wait_and_does_not_count() {
        let window = Window::new(Rate::per_minute(2));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(window.admit("a", at(0)), Ok(()));
        assert_eq!(window.admit("a", at(10)), Ok(()));
        assert_eq!(window.admit("a", at(20)), Err(Duration::from_secs(40)));
        assert_eq!(window.admit("b", at(20)), Ok(()), "others have their own");
        assert_eq!(window.admit("a", at(60)), Ok(()));
        assert_eq!(window.admit("a", at(61)), Err(Duration::from_secs(9)));
    }

    #[test]
    fn made_up_keys_do_not_make_the_memory_grow() {
        let window = Window::new(Rate::per_minute(1));
        let now = Instant::now();
        for key in 0..REMEMBERED {
            assert_eq!(window.admit(key, now), Ok(()));
        }
        assert_eq!(window.admit(REMEMBERED, now), Ok(()));
        assert_eq!(window.happened.lock().expect("nobody panicked").len(), REMEMBERED);
    }
}
