//! Moments in time.

use std::{fmt, ops::Add, str::FromStr, time::Duration};

use jiff::{
    SignedDuration, Timestamp as Jiff, Unit,
    civil::{DateTime, Time, date},
    fmt::temporal::Pieces,
};
use serde::{Deserialize, Serialize};

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

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
        let t = self.civil();
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

    /// The day and the time of day in UTC: unlike jiff's moments, these reach as far as Python's.
    fn civil(self) -> DateTime {
        EPOCH.saturating_add(SignedDuration::from_micros(self.0))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with as many digits of the second as are not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", self.civil())
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    /// Reads RFC 3339; a missing offset is an error.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<Jiff>() {
            Ok(moment) => Ok(Self(moment.round(Unit::Microsecond)?.as_microsecond())),
            Err(error) => last_day(text).ok_or(error),
        }
    }
}

/// Reads a moment that is later than jiff's last one, a day before Python's.
fn last_day(text: &str) -> Option<Timestamp> {
    let pieces = Pieces::parse(text).ok()?;
    let offset = pieces.to_numeric_offset()?.seconds();
    let moment = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
    let since = moment.duration_since(EPOCH).as_micros() - i128::from(offset) * 1_000_000;
    let latest = date(9999, 12, 31).at(23, 59, 59, 999_999_999);
    let fits = since <= latest.duration_since(EPOCH).as_micros();
    i64::try_from(since).ok().filter(|_| fits).map(Timestamp)
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
    #[test]
    fn the_last_day_of_pythons_calendar_is_there() {
        for text in ["9999-12-31T23:59:59.999999Z", "9999-12-31T00:00:00Z", "0001-01-01T00:00:00Z"] {
            assert_eq!(text.parse::<Timestamp>().expect("a moment").to_string(), text);
        }
        let last: Timestamp = "9999-12-31T23:59:59.999999Z".parse().expect("a moment");
        assert_eq!(last.parts(), [9999, 12, 31, 23, 59, 59, 999_999]);
        assert_eq!(
            "9999-12-31T22:30:00+00:30".parse::<Timestamp>().expect("a moment").to_string(),
            "9999-12-31T22:00:00Z"
        );
        assert!("9999-12-31T23:30:00-01:00".parse::<Timestamp>().is_err(), "there is no later day");
        assert!("9999-12-31T23:30:00".parse::<Timestamp>().is_err(), "a moment has an offset");
    }
}
