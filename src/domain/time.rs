//! Moments in time.

use std::{fmt, ops::Add, str::FromStr, time::Duration};

use jiff::{Timestamp as Jiff, Unit, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A moment: microseconds since 1970-01-01 00:00 UTC, as precise as Django's `DateTimeField`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The text of Django's JSON serializer: `2024-02-01T10:30:00.123Z`, milliseconds only where there are any.
    /// Microseconds beyond are cut, as Django cuts them.
    #[must_use]
    pub fn to_django_json(self) -> String {
        let cut = self.0.rem_euclid(1_000_000) / 1_000;
        let text = self.to_the_second().to_string();
        let (seconds, _) = text.split_at(text.len() - 1);
        if cut == 0 { format!("{seconds}Z") } else { format!("{seconds}.{cut:03}Z") }
    }

    /// Without its fraction of a second.
    #[must_use]
    pub fn to_the_second(self) -> Self {
        Self(self.0 - self.0.rem_euclid(1_000_000))
    }

    /// Year, month, day, hour, minute, second, microsecond in UTC: the arguments of Python's `datetime`.
    #[must_use]
    pub fn parts(self) -> [i32; 7] {
        let t = TimeZone::UTC.to_datetime(self.jiff());
        let micros = i32::try_from(self.0.rem_euclid(1_000_000)).expect("below a million");
        [
            t.year().into(),
            t.month().into(),
            t.day().into(),
            t.hour().into(),
            t.minute().into(),
            t.second().into(),
            micros,
        ]
    }

    fn jiff(self) -> Jiff {
        // jiff ends at 9999-12-30; Python's datetime, from which our values come, a day later.
        Jiff::from_microsecond(self.0).unwrap_or(if self.0 < 0 { Jiff::MIN } else { Jiff::MAX })
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with as many digits of the second as are not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jiff().fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    /// Reads RFC 3339; a missing offset is an error.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment: Jiff = text.parse()?;
        Ok(Self(moment.round(Unit::Microsecond)?.as_microsecond()))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn django_json_cuts_to_milliseconds_and_drops_zeros() {
        let at = |s: &str| s.parse::<Timestamp>().expect("a moment").to_django_json();
        assert_eq!(at("2024-02-01T10:30:00.123456Z"), "2024-02-01T10:30:00.123Z");
        assert_eq!(at("2024-02-01T10:30:00Z"), "2024-02-01T10:30:00Z");
        assert_eq!(at("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999Z");
    }
}
