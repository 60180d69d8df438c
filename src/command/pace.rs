//! How long work that nobody waits for takes beside work that somebody waits for.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// How often it is looked whether the machine has anything else to do.
const LOOK: Duration = Duration::from_millis(250);
/// A machine that idles for this share of its time has room for us.
const ROOM: f64 = 0.2;
/// Where it has not, so many times as long as a part of the work took is rested ...
const RESTS: u32 = 4;
/// ... but a part does not take longer than this with its rest: of 100 tokens, so that 100,000 take 50 seconds.
const LONGEST: Duration = Duration::from_millis(50);

/// How a rotation goes beside requests: at once where the machine idles, and where it does not, a little at a time.
#[derive(Debug)]
pub struct Pace {
    /// When the last rest ended.
    began: Instant,
    looked: Instant,
    seen: Option<Spent>,
    is_busy: bool,
}

/// What the processors did since the system was started, in ticks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Spent {
    idle: u64,
    all: u64,
}

impl Spent {
    /// From `/proc/stat`; none where the system has no such file.
    fn now() -> Option<Self> {
        Self::read(&fs::read_to_string("/proc/stat").ok()?)
    }

    fn read(stat: &str) -> Option<Self> {
        // user, nice, system, idle, waiting for disks, interrupts, stolen; the guests' time is among the first two.
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|tick| tick.parse().ok()).collect();
        let idle = ticks.get(3)? + ticks.get(4)?;
        Some(Self { idle, all: ticks.iter().sum() })
    }

    /// Which share of the time since `before` the processors had nothing to do.
    fn idled(self, before: Self) -> f64 {
        let (idle, all) = (self.idle.saturating_sub(before.idle), self.all.saturating_sub(before.all));
        #[expect(clippy::cast_precision_loss, reason = "a share, not a count")]
        let share = idle as f64 / all.max(1) as f64;
        share
    }
}

impl Default for Pace {
    fn default() -> Self {
        let now = Instant::now();
        // Careful until it is known better.
        Self { began: now, looked: now, seen: Spent::now(), is_busy: true }
    }
}

impl Pace {
    /// Rests after a part of the work.
    pub fn rest(&mut self) {
        let now = Instant::now();
        if now - self.looked >= LOOK {
            let seen = Spent::now();
            // Where nothing tells, somebody may be waiting.
            self.is_busy = match (seen, self.seen) {
                (Some(seen), Some(before)) => seen.idled(before) < ROOM,
                _ => true,
            };
            (self.looked, self.seen) = (now, seen);
        }
        if self.is_busy {
            thread::park_timeout(rest(now - self.began));
        }
        self.began = Instant::now();
    }
}

/// How long is rested on a busy machine after a part that took so long.
fn rest(worked: Duration) -> Duration {
    (worked * RESTS).min(LONGEST.saturating_sub(worked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_idle_share_is_told_from_two_looks() {
        let look = |user: u64, idle: u64| Spent::read(&format!("cpu  {user} 0 100 {idle} 50 0 5 0 7 0\ncpu0 1 2\n"));
        let (before, after) = (look(1000, 5000).expect("a line"), look(1300, 5100).expect("a line"));
        assert_eq!(before, Spent { idle: 5050, all: 6155 });
        assert!((after.idled(before) - 0.25).abs() < 1e-9);
        assert!(before.idled(before).abs() < 1e-9, "no time has passed: busy");
        assert_eq!(Spent::read("intr 1 2 3"), None);
    }

    #[test]
    fn on_a_busy_machine_most_of_the_time_is_rested_and_a_hundred_tokens_have_their_span() {
        let ms = Duration::from_millis;
        assert_eq!(rest(ms(5)), ms(20));
        assert_eq!(rest(ms(20)), ms(30));
        assert_eq!(rest(ms(70)), ms(0));
    }
}
