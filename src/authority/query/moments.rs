//! Parts of moments, and moments cut down, as Django's functions for SQLite compute them (in UTC).

use jiff::civil::{Date, DateTime, Time, date};

use crate::domain::{
    Timestamp, Value,
    filter::{Part, Trunc},
};

const DAY: i64 = 86_400_000_000;

fn civil(at: Timestamp) -> Option<DateTime> {
    let [year, month, day, hour, minute, second, micro] = at.parts();
    let small = |n: i32| i8::try_from(n).ok();
    DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        micro * 1000,
    )
    .ok()
}

/// The days since 1970-01-01 of a day.
pub(super) fn days(day: Date) -> i64 {
    let since = day.since((jiff::Unit::Day, date(1970, 1, 1)));
    since.map_or(0, |span| i64::from(span.get_days()))
}

fn moment(value: &Value) -> Option<DateTime> {
    match value {
        Value::Time(at) => civil(*at),
        Value::Date(days) => civil(Timestamp(days * DAY)),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Clock(_)
        | Value::Span(_) => None,
    }
}

/// A part of a moment or day; no value of what is neither.
pub(super) fn extract(part: Part, value: &Value) -> Value {
    if let Value::Clock(micros) = value {
        let seconds = micros / 1_000_000;
        return match part {
            Part::Hour => Value::Int(seconds / 3600),
            Part::Minute => Value::Int(seconds / 60 % 60),
            Part::Second => Value::Int(seconds % 60),
            Part::Year
            | Part::IsoYear
            | Part::Month
            | Part::Day
            | Part::Week
            | Part::WeekDay
            | Part::IsoWeekDay
            | Part::Quarter
            | Part::Unknown => Value::Null,
        };
    }
    let Some(at) = moment(value).filter(|_| part != Part::Unknown) else { return Value::Null };
    let week = at.date().iso_week_date();
    Value::Int(match part {
        Part::Year => at.year().into(),
        Part::IsoYear => week.year().into(),
        Part::Month => at.month().into(),
        Part::Day => at.day().into(),
        Part::Week => week.week().into(),
        Part::WeekDay => i64::from(at.weekday().to_sunday_one_offset()),
        Part::IsoWeekDay => i64::from(at.weekday().to_monday_one_offset()),
        Part::Quarter => (i64::from(at.month()) + 2) / 3,
        Part::Hour => at.hour().into(),
        Part::Minute => at.minute().into(),
        Part::Second | Part::Unknown => at.second().into(),
    })
}

/// A moment or day, cut down to its beginning.
pub(super) fn truncate(to: Trunc, value: &Value) -> Value {
    let Some(at) = moment(value) else { return Value::Null };
    let day = |month: i8, day: i8| Date::new(at.year(), month, day).unwrap_or(at.date());
    let begun = match to {
        Trunc::Year => day(1, 1).into(),
        Trunc::Quarter => day((at.month() - 1) / 3 * 3 + 1, 1).into(),
        Trunc::Month => day(at.month(), 1).into(),
        Trunc::Week => {
            let back = jiff::Span::new().days(i64::from(at.weekday().to_monday_zero_offset()));
            DateTime::from(at.date().checked_sub(back).unwrap_or(at.date()))
        }
        Trunc::Day => at.date().into(),
        Trunc::Hour => clock(at, at.hour(), 0, 0),
        Trunc::Minute => clock(at, at.hour(), at.minute(), 0),
        Trunc::Second => clock(at, at.hour(), at.minute(), at.second()),
    };
    if matches!(value, Value::Date(_)) {
        return Value::Date(days(begun.date()));
    }
    let seconds = i64::from(begun.hour()) * 3600 + i64::from(begun.minute()) * 60 + i64::from(begun.second());
    Value::Time(Timestamp(days(begun.date()) * DAY + seconds * 1_000_000))
}

fn clock(at: DateTime, hour: i8, minute: i8, second: i8) -> DateTime {
    let time = Time::new(hour, minute, second, 0).unwrap_or(Time::midnight());
    at.date().to_datetime(time)
}

/// The day of a moment.
pub(super) fn to_date(value: &Value) -> Value {
    match value {
        Value::Time(at) => Value::Date(at.0.div_euclid(DAY)),
        Value::Date(days) => Value::Date(*days),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Clock(_)
        | Value::Span(_) => Value::Null,
    }
}

/// The time of the day of a moment.
pub(super) fn to_clock(value: &Value) -> Value {
    match value {
        Value::Time(at) => Value::Clock(at.0.rem_euclid(DAY)),
        Value::Clock(micros) => Value::Clock(*micros),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::Span(_) => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Value {
        Value::Time(text.parse().expect("a moment"))
    }

    #[test]
    fn parts_of_a_moment_are_djangos() {
        let new_year = at("2024-01-01T10:20:30.5Z");
        assert_eq!(extract(Part::WeekDay, &new_year), Value::Int(2));
        assert_eq!(extract(Part::IsoWeekDay, &new_year), Value::Int(1));
        assert_eq!(extract(Part::Quarter, &at("2024-05-01T00:00:00Z")), Value::Int(2));
        assert_eq!(extract(Part::IsoYear, &at("2027-01-01T00:00:00Z")), Value::Int(2026));
        assert_eq!(extract(Part::Second, &new_year), Value::Int(30));
    }

    #[test]
    fn a_moment_is_cut_to_its_beginning() {
        let moment = at("2024-05-15T10:20:30.5Z");
        assert_eq!(truncate(Trunc::Quarter, &moment), at("2024-04-01T00:00:00Z"));
        assert_eq!(truncate(Trunc::Week, &moment), at("2024-05-13T00:00:00Z"));
        assert_eq!(truncate(Trunc::Minute, &moment), at("2024-05-15T10:20:00Z"));
        assert_eq!(truncate(Trunc::Month, &to_date(&moment)), to_date(&at("2024-05-01T00:00:00Z")));
    }
}
