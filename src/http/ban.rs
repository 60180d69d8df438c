//! Addresses that come with one wrong key after the other, where the configuration asks for that to be looked at: each
//! time they overdo it they are shut out for twice as long.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::rate::{REMEMBERED, Rate};

/// Nobody is shut out for longer, unless the rate itself is about longer.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// Who is shut out, and who is on the way there.
pub(super) struct Bans<K> {
    rate: Rate,
    records: Mutex<HashMap<K, Record>>,
}

#[derive(Debug)]
struct Record {
    /// When it came with a wrong key lately.
    failures: VecDeque<Instant>,
    /// The last time it was shut out: until when, and for how long.
    last: Option<(Instant, Duration)>,
}

impl Record {
    /// Whether it may be forgotten: it has been good for as long as it was shut out, or for the span of the rate.
    fn is_over(&self, now: Instant, window: Duration) -> bool {
        let is_served = self.last.is_none_or(|(until, span)| until + span <= now);
        is_served && self.failures.back().is_none_or(|last| *last + window <= now)
    }
}

impl<K: Eq + Hash> Bans<K> {
    /// Shuts out whoever comes with so many wrong keys in so long: for so long, too, at first.
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, records: Mutex::default() }
    }

    fn records(&self) -> MutexGuard<'_, HashMap<K, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `key` may come in.
    ///
    /// # Errors
    /// Not for so long.
    pub(super) fn check(&self, key: &K, now: Instant) -> Result<(), Duration> {
        if self.rate.is_off() {
            return Ok(());
        }
        match self.records().get(key).and_then(|record| record.last) {
            Some((until, _)) if until > now => Err(until - now),
            Some(_) | None => Ok(()),
        }
    }

    /// Notes that `key` came with something wrong.
    pub(super) fn note(&self, key: K, now: Instant) {
        let Some((count, window)) = self.rate.of() else { return };
        let mut records = self.records();
        if records.len() >= REMEMBERED && !records.contains_key(&key) {
            records.retain(|_, record| !record.is_over(now, window));
            // Still full: somebody is forgotten, so that made-up addresses do not make the memory grow.
            if records.len() >= REMEMBERED {
                records.extract_if(|_, _| true).next();
            }
        }
        let record = records.entry(key).or_insert_with(|| Record { failures: VecDeque::new(), last: None });
        if record.is_over(now, window) {
            (record.failures, record.last) = (VecDeque::new(), None);
        }
        record.failures.push_back(now);
        while record.failures.front().is_some_and(|first| *first + window <= now) {
            record.failures.pop_front();
        }
        if record.failures.len() >= count {
            let span = record.last.map_or(window, |(_, before)| (before * 2).min(LONGEST.max(window)));
            record.last = Some((now + span, span));
            record.failures.clear();
        }
    }
}

impl<K> fmt::Debug for Bans<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bans").field("rate", &self.rate).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_goes_on_is_shut_out_for_twice_as_long_and_who_is_good_begins_anew() {
        let bans = Bans::new(Rate::per_minute(2));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let wait = |seconds| bans.check(&"a", at(seconds)).err().map(|wait| wait.as_secs());
        bans.note("a", at(0));
        assert_eq!(wait(0), None);
        bans.note("a", at(70));
        assert_eq!(wait(70), None, "the first one was more than a minute before");
        bans.note("a", at(80));
        assert_eq!((wait(80), wait(139), wait(140)), (Some(60), Some(1), None));
        assert_eq!(bans.check(&"b", at(80)), Ok(()), "others are none of it");
        for second in [150, 151] {
            bans.note("a", at(second));
        }
        assert_eq!((wait(151), wait(271)), (Some(120), None));
        for second in [300, 301] {
            bans.note("a", at(second));
        }
        assert_eq!(wait(301), Some(240));
        for second in [541 + 240, 541 + 241] {
            bans.note("a", at(second));
        }
        assert_eq!(wait(541 + 241), Some(60), "good for as long as it was shut out");
    }

    #[test]
    fn nobody_is_shut_out_for_ever_and_made_up_addresses_do_not_make_the_memory_grow() {
        let bans = Bans::new(Rate::per_minute(1));
        let mut now = Instant::now();
        for _ in 0..40 {
            bans.note(0, now);
            now += bans.check(&0, now).expect_err("once is too often");
        }
        bans.note(0, now);
        assert_eq!(bans.check(&0, now), Err(LONGEST));
        for key in 0..=REMEMBERED {
            bans.note(key, now);
        }
        assert_eq!(bans.records().len(), REMEMBERED);
    }
}
