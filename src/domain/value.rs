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
    fn moments_read_as_the_database_has_them() {
        assert_eq!(Value::Time(Timestamp(1_500_000)).to_text().as_deref(), Some("1970-01-01 00:00:01.500000"));
        assert_eq!(Value::Date(1).to_text().as_deref(), Some("1970-01-02"));
    }
}
