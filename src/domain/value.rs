//! A value of a field or of an expression, and how values compare: as in SQLite.

use std::cmp::Ordering;

use super::Timestamp;

/// A value. Text is compared by its bytes, as SQLite's `BINARY` collation does.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// No value (SQL's NULL).
    #[default]
    Null,
    /// True or false; in comparisons and sums it is 1 or 0.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Text(String),
    /// A moment.
    Time(Timestamp),
    /// A day: days since 1970-01-01.
    Date(i64),
    /// A time of the day: microseconds since midnight.
    Clock(i64),
    /// A span of time in microseconds.
    Span(i64),
}

impl Value {
    /// Whether there is no value.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The number it counts as in a comparison of numbers.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(b) => Some(f64::from(u8::from(*b))),
            #[expect(clippy::cast_precision_loss, reason = "SQLite's arithmetic on reals loses the same bits")]
            Self::Int(n) | Self::Span(n) => Some(*n as f64),
            Self::Float(x) => Some(*x),
            Self::Null | Self::Text(_) | Self::Time(_) | Self::Date(_) | Self::Clock(_) => None,
        }
    }

    /// The whole number it is.
    #[must_use]
    pub const fn int(&self) -> Option<i64> {
        match self {
            Self::Bool(b) => Some(if *b { 1 } else { 0 }),
            Self::Int(n) | Self::Span(n) => Some(*n),
            Self::Null | Self::Float(_) | Self::Text(_) | Self::Time(_) | Self::Date(_) | Self::Clock(_) => None,
        }
    }

    /// The text it is.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Time(_)
            | Self::Date(_)
            | Self::Clock(_)
            | Self::Span(_) => None,
        }
    }

    /// What SQLite counts with where a number is wanted: of a text, the number that it begins with.
    #[must_use]
    pub fn counted(&self) -> Self {
        match self {
            Self::Text(text) => leading_number(text),
            Self::Time(_) | Self::Date(_) | Self::Clock(_) => leading_number(&self.to_text().unwrap_or_default()),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Span(_) => self.clone(),
        }
    }

    /// How SQLite writes it where text is wanted: moments as Django's backend stores them. `None` for no value.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(b) => u8::from(*b).to_string(),
            Self::Int(n) | Self::Span(n) => n.to_string(),
            Self::Float(x) if x.fract() == 0.0 && x.abs() < 1e15 => format!("{x:.1}"),
            Self::Float(x) => x.to_string(),
            Self::Text(text) => text.clone(),
            Self::Time(at) => {
                let [year, month, day, hour, minute, second, micro] = at.parts();
                let fraction = if micro == 0 { String::new() } else { format!(".{micro:06}") };
                format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction}")
            }
            Self::Date(days) => {
                let [year, month, day, ..] = Timestamp(days * 86_400_000_000).parts();
                format!("{year:04}-{month:02}-{day:02}")
            }
            Self::Clock(micros) => {
                let seconds = micros / 1_000_000;
                format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
            }
        })
    }

    /// The order of SQLite's ORDER BY: no value first, then numbers, then text.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        let class = |value: &Self| match value {
            Self::Null => 0,
            Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Span(_) => 1,
            Self::Text(_) | Self::Time(_) | Self::Date(_) | Self::Clock(_) => 2,
        };
        class(self).cmp(&class(other)).then_with(|| match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) | (Self::Clock(a), Self::Clock(b)) => a.cmp(b),
            (Self::Null, Self::Null) => Ordering::Equal,
            (a, b) => match (a.int(), b.int()) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => match (a.number(), b.number()) {
                    (Some(a), Some(b)) => a.total_cmp(&b),
                    _ => a.to_text().cmp(&b.to_text()),
                },
            },
        })
    }
}

/// The number at the start of a text; 0 where there is none.
fn leading_number(text: &str) -> Value {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(text.starts_with(['-', '+']));
    let before = digits(sign);
    let mut end = sign + before;
    let mut after = 0;
    if bytes.get(end) == Some(&b'.') {
        after = digits(end + 1);
        if before + after > 0 {
            end += 1 + after;
        }
    }
    if before + after == 0 {
        return if text.starts_with('-') { Value::Float(-0.0) } else { Value::Int(0) };
    }
    let whole = end == sign + before;
    let mut exponent = end;
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        let power = digits(end + 1 + sign);
        if power > 0 {
            exponent = end + 1 + sign + power;
        }
    }
    match text[..end].parse::<i64>() {
        Ok(n) if whole && exponent == end => Value::Int(n),
        _ => Value::Float(text[..exponent].parse().unwrap_or(0.0)),
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Null, Self::Time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_sort_as_in_sqlite() {
        let mut values =
            [Value::from("b"), Value::Int(2), Value::from("B"), Value::Null, Value::Bool(true), Value::Float(1.5)];
        values.sort_by(Value::order);
        assert_eq!(
            values,
            [Value::Null, Value::Bool(true), Value::Float(1.5), Value::Int(2), Value::from("B"), Value::from("b")]
        );
    }

    #[test]
    fn a_text_counts_as_the_number_it_begins_with() {
        for (text, number) in [
            ("12a", Value::Int(12)),
            (" -3", Value::Int(-3)),
            ("1.5e2x", Value::Float(150.0)),
            ("100%", Value::Int(100)),
            (".5", Value::Float(0.5)),
            ("1e", Value::Int(1)),
            ("a1", Value::Int(0)),
            ("", Value::Int(0)),
        ] {
            assert_eq!(Value::from(text).counted(), number, "{text:?}");
        }
    }

    #[test]
    fn moments_read_as_the_database_has_them() {
        assert_eq!(Value::Time(Timestamp(1_500_000)).to_text().as_deref(), Some("1970-01-01 00:00:01.500000"));
        assert_eq!(Value::Date(1).to_text().as_deref(), Some("1970-01-02"));
    }
}
