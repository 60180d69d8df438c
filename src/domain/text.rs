//! Text for people: data that cannot move a cursor, and spans of time as they are written.

use std::{fmt::Write as _, time::Duration};

use jiff::{Span, SpanRelativeTo};

use super::Timestamp;

/// Text that cannot do anything to a terminal: control characters, and characters that turn the direction of the text
/// around, are written as escapes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// The text is no span of time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoSpan;

/// Reads a span: `90d`, `1h 30m`, `2 weeks`. A day has 24 hours.
///
/// # Errors
/// Where it is none, or none that goes forward.
pub fn span(text: &str) -> Result<Duration, NoSpan> {
    let span: Span = text.parse().map_err(|_| NoSpan)?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| NoSpan)?;
    Duration::try_from(span).ok().filter(|span| !span.is_zero()).ok_or(NoSpan)
}

/// Reads a moment: a span from `now` on, an RFC 3339 moment, or a date (its beginning in UTC).
///
/// # Errors
/// Where it is none of these.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, NoSpan> {
    if let Ok(span) = span(text) {
        return Ok(now + span);
    }
    text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()).map_err(|_| NoSpan)
}

/// The units that a distance is told in, with their seconds.
const UNITS: [(i64, &str); 6] =
    [(365 * 86_400, "year"), (30 * 86_400, "month"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];

/// A distance in its greatest unit, of which it has so many; `None`: no second. What is to come and lacks a twentieth of
/// a unit or less has it: a token that was made for five days expires in five days, not in four.
fn distance(seconds: i64) -> Option<(i64, &'static str)> {
    let count = |size: i64| if seconds < 0 { -seconds / size } else { (seconds + size / 20) / size };
    UNITS.into_iter().map(|(size, unit)| (count(size), unit)).find(|(count, _)| *count > 0)
}

/// How far `moment` is from `now`, in one unit: `3 days ago`, `in 2 hours`.
#[must_use]
pub fn relative(moment: Timestamp, now: Timestamp) -> String {
    let seconds = moment.0.saturating_sub(now.0) / 1_000_000;
    let Some((count, unit)) = distance(seconds) else { return "now".into() };
    let plural = if count == 1 { "" } else { "s" };
    if seconds < 0 { format!("{count} {unit}{plural} ago") } else { format!("in {count} {unit}{plural}") }
}

/// [`relative`] where there is little room: `3d ago`, `in 2h`. A month is `mo`.
#[must_use]
pub fn brief(moment: Timestamp, now: Timestamp) -> String {
    let seconds = moment.0.saturating_sub(now.0) / 1_000_000;
    let Some((count, unit)) = distance(seconds) else { return "now".into() };
    let letters = if unit == "month" { "mo" } else { &unit[..1] };
    if seconds < 0 { format!("{count}{letters} ago") } else { format!("in {count}{letters}") }
}

/// Fields as a line of RFC 4180, with a line feed at its end.
pub fn csv_line(fields: impl Iterator<Item = String>) -> String {
    let field = |text: String| match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    };
    format!("{}\n", fields.map(field).collect::<Vec<_>>().join(","))
}

/// Python's `repr` of a text: single quotes unless the text holds some and no double ones.
#[must_use]
pub fn python_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_little_of_a_unit_has_it() {
        let told = |seconds: i64| relative(Timestamp(seconds * 1_000_000), Timestamp(0));
        let day = 86_400;
        for (seconds, text) in [
            (0, "now"),
            (-59, "59 seconds ago"),
            (-60, "1 minute ago"),
            (3_600 - 1, "in 1 hour"),
            (5 * day - 1, "in 5 days"),
            (90 * day - 1, "in 3 months"),
            (45 * day, "in 1 month"),
            (-5 * day + 1, "4 days ago"),
        ] {
            assert_eq!(told(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn nothing_in_data_reaches_a_terminal_as_a_command() {
        assert_eq!(escape("a\u{1b}[2Jb\r\n\u{9b}c\u{202e}d"), "a\\x1b[2Jb\\r\\n\\x9bc\\u202ed");
        assert_eq!(escape("o'neil zo\u{e9} \u{5c71}"), "o'neil zo\u{e9} \u{5c71}");
    }

    #[test]
    fn spans_are_read_as_people_write_them() {
        assert_eq!(span("90d"), Ok(Duration::from_secs(90 * 86_400)));
        assert_eq!(span("1h 30m"), Ok(Duration::from_secs(5_400)));
        for wrong in ["", "90", "-1h", "0s", "soon"] {
            assert_eq!(span(wrong), Err(NoSpan), "{wrong}");
        }
    }

    #[test]
    fn a_moment_is_a_span_a_date_or_a_timestamp() {
        let now = Timestamp(1_000_000);
        assert_eq!(moment("1s", now), Ok(Timestamp(2_000_000)));
        assert_eq!(moment("1970-01-02", now), Ok(Timestamp(86_400_000_000)));
        assert_eq!(moment("1970-01-01T00:00:03Z", now), Ok(Timestamp(3_000_000)));
        assert_eq!(moment("never", now), Err(NoSpan));
    }

    #[test]
    fn a_distance_is_told_in_one_unit() {
        let day = 86_400_000_000;
        assert_eq!(relative(Timestamp(0), Timestamp(3 * day)), "3 days ago");
        assert_eq!(relative(Timestamp(3_600_000_000), Timestamp(0)), "in 1 hour");
        assert_eq!(relative(Timestamp(0), Timestamp(0)), "now");
        assert_eq!(brief(Timestamp(0), Timestamp(40 * day)), "1mo ago");
        assert_eq!(brief(Timestamp(60_000_000), Timestamp(0)), "in 1m");
    }
}
