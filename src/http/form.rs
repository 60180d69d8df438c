//! Forms: URL-encoded ones as Django's `QueryDict` reads them, and what both kinds of forms become.

use super::{charset::Charset, text::percent_decoded};

/// Django's `DATA_UPLOAD_MAX_NUMBER_FIELDS`.
pub(super) const MOST_FIELDS: usize = 1000;

/// A field of a form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Field {
    /// Text.
    Text(String),
    /// A file that was uploaded.
    File,
}

/// A form. A name may stand several times; the last one counts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Form(pub(super) Vec<(String, Field)>);

impl Form {
    /// The value of a field.
    pub(super) fn get(&self, name: &str) -> Option<&Field> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// There are more fields than Django counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TooManyFields;

/// Reads an URL-encoded form or a query.
pub(super) fn parse(body: &[u8], charset: Charset) -> Result<Form, TooManyFields> {
    // What is none of the charset is taken for latin-1, as Django does for user agents that misbehave.
    let text = match charset {
        Charset::Utf8 => String::from_utf8(body.to_vec()).unwrap_or_else(|_| super::text::latin1(body)),
        _ => charset.decode(body).unwrap_or_else(|_| super::text::latin1(body)),
    };
    if text.is_empty() {
        return Ok(Form::default());
    }
    if text.matches('&').count() + 1 > MOST_FIELDS {
        return Err(TooManyFields);
    }
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (unquote(name, charset), Field::Text(unquote(value, charset)))
    });
    Ok(Form(pairs.collect()))
}

/// `urllib.parse.unquote`: the percent signs of each run of ASCII are decoded together.
fn unquote(text: &str, charset: Charset) -> String {
    let text = text.replace('+', " ");
    if !text.contains('%') {
        return text;
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let ascii = rest.find(|c: char| !c.is_ascii()).unwrap_or(rest.len());
        let (run, after) = rest.split_at(ascii);
        decoded += &charset.decode_leniently(&percent_decoded(run.as_bytes()));
        let other = after.find(|c: char| c.is_ascii()).unwrap_or(after.len());
        let (run, after) = after.split_at(other);
        decoded += run;
        rest = after;
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(body: &str, name: &str) -> Option<String> {
        match parse(body.as_bytes(), Charset::Utf8).expect("few fields").get(name) {
            Some(Field::Text(text)) => Some(text.clone()),
            Some(Field::File) | None => None,
        }
    }

    #[test]
    fn a_form_is_read_as_django_reads_it() {
        assert_eq!(get("a=1&a=2&&b", "a").as_deref(), Some("2"));
        assert_eq!(get("a=1&b", "b").as_deref(), Some(""));
        assert_eq!(get("p=p%C3%A4+%E2%98%83%zz", "p").as_deref(), Some("p\u{e4} \u{2603}%zz"));
        assert_eq!(get("p=%ff%C3", "p").as_deref(), Some("\u{fffd}\u{fffd}"));
        assert_eq!(get("p=\u{e4}%C3%A4", "p").as_deref(), Some("\u{e4}\u{e4}"));
        assert_eq!(get("a;b=c", "a;b").as_deref(), Some("c"));
        assert_eq!(get("a=b=c", "a").as_deref(), Some("b=c"));
        assert_eq!(parse(b"a=\xff", Charset::Utf8).expect("one field").get("a"), Some(&Field::Text("\u{ff}".into())));
    }

    #[test]
    fn a_thousand_fields_are_read_and_no_more() {
        assert_eq!(parse("a&".repeat(999).as_bytes(), Charset::Utf8).map(|form| form.0.len()), Ok(999));
        assert_eq!(parse("a&".repeat(1000).as_bytes(), Charset::Utf8), Err(TooManyFields));
    }
}
