//! The system's clock. Built in `bin/`, nowhere else.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::{Clock, Timestamp};

/// The time that the system tells.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()),
            Err(before) => i64::try_from(before.duration().as_micros()).map(|m| -m),
        };
        Timestamp(micros.unwrap_or(i64::MAX))
    }
}
