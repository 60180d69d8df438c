//! What a field makes of a value in a fixture: Django's `Field.to_python`, with its errors.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::pyrepr::str_of;
use crate::domain::text::python_repr;
use crate::domain::{
    Timestamp, Value,
    model::{Field, Kind},
};

/// The text of the exception: `str(exc)` of a `ValidationError`, or of what else Python raises.
pub(super) type Wrong = String;

/// What `field` makes of `given`.
pub(super) fn to_python(field: &Field, given: &Json) -> Result<Value, Wrong> {
    match field.kind {
        Kind::Auto | Kind::PositiveSmallInteger | Kind::Integer => integer(given),
        Kind::Char | Kind::Email | Kind::Text => Ok(text(given)),
        Kind::Boolean => boolean(given),
        Kind::DateTime => moment(given),
        // A foreign key is what the primary key of its model is; all of those that are referred to are numbers.
        Kind::ForeignKey(_) | Kind::OneToOne(_) | Kind::ManyToMany(_) => integer(given),
    }
}

/// Django's integer fields: `int(value)`.
pub(super) fn integer(given: &Json) -> Result<Value, Wrong> {
    let wrong = || invalid(&format!("\u{201c}{}\u{201d} value must be an integer.", str_of(given)));
    match given {
        Json::Null => Ok(Value::Null),
        Json::Bool(flag) => Ok(Value::Int(i64::from(*flag))),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Ok(Value::Int(number)),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "Python's int() cuts the fraction; the range is checked"
            )]
            (None, Some(real)) if real.abs() < 9.2e18 => Ok(Value::Int(real.trunc() as i64)),
            (None, _) => Err("Python int too large to convert to SQLite INTEGER".into()),
        },
        Json::String(text) => text.trim().replace('_', "").parse().map(Value::Int).map_err(|_| wrong()),
        Json::Array(_) | Json::Object(_) => Err(wrong()),
    }
}

fn text(given: &Json) -> Value {
    match given {
        Json::Null => Value::Null,
        other => Value::Text(str_of(other)),
    }
}

fn boolean(given: &Json) -> Result<Value, Wrong> {
    let flag = match given {
        Json::Bool(flag) => Some(*flag),
        Json::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        Json::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Json::String(text) => match text.as_str() {
            "t" | "True" | "1" => Some(true),
            "f" | "False" | "0" => Some(false),
            _ => None,
        },
        Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => None,
    };
    let wrong = || invalid(&format!("\u{201c}{}\u{201d} value must be either True or False.", str_of(given)));
    flag.map(Value::Bool).ok_or_else(wrong)
}

static MOMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,6})\d{0,6})?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$",
    )
    .expect("a constant pattern, tried by the tests below")
});

/// Django's `parse_datetime` and `parse_date`. A moment without an offset is in UTC, the time zone of the settings.
fn moment(given: &Json) -> Result<Value, Wrong> {
    let text = match given {
        Json::Null => return Ok(Value::Null),
        Json::String(text) => text,
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            return Err("fromisoformat: argument must be str".into());
        }
    };
    let told = |what: &str| invalid(&format!("\u{201c}{text}\u{201d} value has {what}"));
    let format = || told("an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format.");
    let found = MOMENT.captures(text).ok_or_else(format)?;
    let part = |at: usize| found.get(at).map_or(0, |digits| digits.as_str().parse::<i16>().unwrap_or(i16::MAX));
    let small = |at: usize| i8::try_from(part(at)).unwrap_or(i8::MAX);
    let fraction = found.get(7).map_or("", |digits| digits.as_str());
    let micros: i32 = format!("{fraction:0<6}").parse().unwrap_or(0);
    let civil = jiff::civil::DateTime::new(part(1), small(2), small(3), small(4), small(5), small(6), micros * 1000);
    let civil = civil.map_err(|_| {
        let what = if found.get(4).is_some() { "date/time" } else { "date" };
        let form = if found.get(4).is_some() { "YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]" } else { "YYYY-MM-DD" };
        told(&format!("the correct format ({form}) but it is an invalid {what}."))
    })?;
    let stamp = jiff::tz::TimeZone::UTC.to_timestamp(civil).map_err(|_| format())?.as_microsecond();
    Ok(Value::Time(Timestamp(stamp - offset(found.get(8).map_or("Z", |zone| zone.as_str())) * 60_000_000)))
}

/// Minutes east of Greenwich.
fn offset(zone: &str) -> i64 {
    let (sign, digits) = match zone.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) | None => return 0,
    };
    let digits = digits.replace(':', "");
    let number = |from: usize| digits.get(from..from + 2).map_or(0, |d| d.parse::<i64>().unwrap_or(0));
    sign * (number(0) * 60 + number(2))
}

/// `str()` of a `ValidationError` with one message.
fn invalid(message: &str) -> Wrong {
    format!("[{}]", python_repr(message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Result<i64, Wrong> {
        match moment(&json!(text))? {
            Value::Time(Timestamp(micros)) => Ok(micros),
            other => panic!("{other:?} is no moment"),
        }
    }

    #[test]
    fn moments_are_read_in_all_of_djangos_forms() {
        assert_eq!(at("1970-01-01T00:00:01.5Z"), Ok(1_500_000));
        assert_eq!(at("1970-01-01 01:00+01:00"), Ok(0));
        assert_eq!(at("1970-01-01 01:00:00-0030"), Ok(5_400_000_000));
        assert_eq!(at("1970-01-02"), Ok(86_400_000_000));
        assert_eq!(at("1970-1-1T0:0:0"), Ok(0));
        assert!(at("soon").is_err_and(|text| text.contains("invalid format")));
        assert!(at("2024-13-01T00:00:00Z").is_err_and(|text| text.contains("invalid date/time")));
    }

    #[test]
    fn numbers_and_flags_are_read_as_python_does() {
        assert_eq!(integer(&json!(" 7 ")), Ok(Value::Int(7)));
        assert_eq!(integer(&json!(true)), Ok(Value::Int(1)));
        assert_eq!(integer(&json!("abc")), Err("['\u{201c}abc\u{201d} value must be an integer.']".into()));
        assert_eq!(boolean(&json!("t")), Ok(Value::Bool(true)));
        assert!(boolean(&Json::Null).is_err());
    }
}
