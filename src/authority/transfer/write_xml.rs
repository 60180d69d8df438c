//! Fixtures as Django's XML.

use std::io;

use super::dump::{Entry, Sort, Writer, Written};
use crate::domain::Timestamp;

/// Writes XML.
pub(super) struct XmlWriter<'a> {
    out: &'a mut dyn io::Write,
    indent: Option<usize>,
}

impl<'a> XmlWriter<'a> {
    pub(super) fn new(out: &'a mut dyn io::Write, indent: Option<i64>) -> Self {
        Self { out, indent: indent.map(|indent| usize::try_from(indent).unwrap_or(0)) }
    }

    fn line(&self, depth: usize, text: &mut String) {
        if let Some(indent) = self.indent {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indent * depth));
        }
    }
}

impl Writer for XmlWriter<'_> {
    fn begin(&mut self) -> io::Result<()> {
        self.out.write_all(b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<django-objects version=\"1.0\">")
    }

    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        let mut text = String::new();
        self.line(1, &mut text);
        text.push_str(&format!("<object model=\"{}\"", entry.label));
        if let Some(pk) = &entry.pk {
            text.push_str(&format!(" pk={}", attribute(&plain(pk))));
        }
        text.push('>');
        for (name, value, sort) in &entry.fields {
            self.line(2, &mut text);
            match sort {
                Sort::Plain(class) => text.push_str(&format!("<field name=\"{name}\" type=\"{class}\">")),
                Sort::Related(rel, to) => text.push_str(&format!("<field name=\"{name}\" rel=\"{rel}\" to=\"{to}\">")),
            }
            match value {
                Written::Null => text.push_str("<None></None>"),
                Written::Natural(parts) => natural(parts, &mut text),
                Written::Many(items) => {
                    for item in items {
                        match item {
                            Written::Natural(parts) => {
                                text.push_str("<object>");
                                natural(parts, &mut text);
                                text.push_str("</object>");
                            }
                            item => text.push_str(&format!("<object pk={}></object>", attribute(&plain(item)))),
                        }
                    }
                }
                value => {
                    let value = plain(value);
                    if let Some(name) = unwritable(&value, entry, name) {
                        return Err(io::Error::new(io::ErrorKind::InvalidData, name));
                    }
                    text.push_str(&escape(&value));
                }
            }
            text.push_str("</field>");
        }
        self.line(1, &mut text);
        text.push_str("</object>");
        self.out.write_all(text.as_bytes())
    }

    fn end(&mut self) -> io::Result<()> {
        let mut text = String::new();
        self.line(0, &mut text);
        text.push_str("</django-objects>");
        self.out.write_all(text.as_bytes())
    }
}

/// XML has no way to write most control characters.
fn unwritable(value: &str, entry: &Entry, field: &str) -> Option<String> {
    let found = value.chars().any(|c| c < ' ' && !['\t', '\n', '\r'].contains(&c));
    let model = entry.label.split('.').next_back().unwrap_or_default();
    let class = match model {
        "user" => "User",
        "group" => "Group",
        "permission" => "Permission",
        "contenttype" => "ContentType",
        _ => "Token",
    };
    let pk = entry.pk.as_ref().map(plain).unwrap_or_default();
    found.then(|| format!("{class}.{field} (pk:{pk}) contains unserializable characters"))
}

fn natural(parts: &[String], text: &mut String) {
    for part in parts {
        text.push_str(&format!("<natural>{}</natural>", escape(part)));
    }
}

/// Python's `str(value)`.
fn plain(value: &Written) -> String {
    match value {
        Written::Null => "None".into(),
        Written::Bool(flag) => if *flag { "True" } else { "False" }.into(),
        Written::Int(number) => number.to_string(),
        Written::Text(text) => text.clone(),
        Written::Time(moment) => isoformat(*moment),
        Written::Natural(_) | Written::Many(_) => String::new(),
    }
}

/// Python's `datetime.isoformat()`: six digits of the second where any is not zero.
fn isoformat(moment: Timestamp) -> String {
    let [year, month, day, hour, minute, second, micros] = moment.parts();
    let base = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if micros == 0 { format!("{base}+00:00") } else { format!("{base}.{micros:06}+00:00") }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A value in quotes, as Python's `quoteattr` chooses them.
fn attribute(value: &str) -> String {
    let value = escape(value).replace('\n', "&#10;").replace('\r', "&#13;").replace('\t', "&#9;");
    if value.contains('"') && !value.contains('\'') {
        return format!("'{value}'");
    }
    format!("\"{}\"", value.replace('"', "&quot;"))
}
