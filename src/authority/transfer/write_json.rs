//! Fixtures as JSON and JSON lines, byte for byte as Python's `json` module writes them.

use std::io;

use super::dump::{Entry, Writer, Written};

/// Writes JSON.
pub(super) struct JsonWriter<'a> {
    out: &'a mut dyn io::Write,
    form: Form,
    first: bool,
}

#[derive(Clone, Copy)]
enum Form {
    /// A list on one line.
    Line,
    /// A list, indented.
    Indented(i64),
    /// An object on each line.
    Lines,
}

impl<'a> JsonWriter<'a> {
    /// One list.
    pub(super) fn list(out: &'a mut dyn io::Write, indent: Option<i64>) -> Self {
        Self { out, form: indent.map_or(Form::Line, Form::Indented), first: true }
    }

    /// An object on each line.
    pub(super) fn lines(out: &'a mut dyn io::Write) -> Self {
        Self { out, form: Form::Lines, first: true }
    }
}

impl Writer for JsonWriter<'_> {
    fn begin(&mut self) -> io::Result<()> {
        match self.form {
            Form::Line | Form::Indented(_) => self.out.write_all(b"["),
            Form::Lines => Ok(()),
        }
    }

    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        let mut text = String::new();
        match (self.form, self.first) {
            // Django takes an indent of 0 for none between objects.
            (Form::Line | Form::Indented(0), false) => text.push_str(", "),
            (Form::Lines, _) | (Form::Line | Form::Indented(0), true) => {}
            // Python takes a negative one for true: lines, and nothing before them.
            (Form::Indented(_), true) => text.push('\n'),
            (Form::Indented(_), false) => text.push_str(",\n"),
        }
        self.first = false;
        let mut members = vec![("model", Written::Text(entry.label.to_owned()))];
        members.extend(entry.pk.clone().map(|pk| ("pk", pk)));
        let style = Style::of(self.form);
        style.open('{', 1, &mut text);
        for (at, (name, value)) in members.iter().enumerate() {
            style.member(at, 1, name, &mut text);
            style.value(value, 1, &mut text);
        }
        style.member(members.len(), 1, "fields", &mut text);
        if entry.fields.is_empty() {
            text.push_str("{}");
        } else {
            style.open('{', 2, &mut text);
            for (at, (name, value, _)) in entry.fields.iter().enumerate() {
                style.member(at, 2, name, &mut text);
                style.value(value, 2, &mut text);
            }
            style.close('}', 1, &mut text);
        }
        style.close('}', 0, &mut text);
        if let Form::Lines = self.form {
            text.push('\n');
        }
        self.out.write_all(text.as_bytes())
    }

    fn end(&mut self) -> io::Result<()> {
        match self.form {
            Form::Line | Form::Indented(0) => self.out.write_all(b"]"),
            Form::Indented(_) => self.out.write_all(b"\n]\n"),
            Form::Lines => Ok(()),
        }
    }
}

/// Where Python puts blanks and line ends.
#[derive(Clone, Copy)]
struct Style {
    indent: Option<usize>,
    comma: &'static str,
}

impl Style {
    fn of(form: Form) -> Self {
        match form {
            Form::Line => Self { indent: None, comma: ", " },
            Form::Indented(indent) => Self { indent: Some(usize::try_from(indent).unwrap_or(0)), comma: "," },
            Form::Lines => Self { indent: None, comma: "," },
        }
    }

    fn break_line(self, depth: usize, text: &mut String) {
        if let Some(indent) = self.indent {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indent * depth));
        }
    }

    fn open(self, bracket: char, depth: usize, text: &mut String) {
        text.push(bracket);
        self.break_line(depth, text);
    }

    fn close(self, bracket: char, depth: usize, text: &mut String) {
        self.break_line(depth, text);
        text.push(bracket);
    }

    fn separate(self, at: usize, depth: usize, text: &mut String) {
        if at > 0 {
            text.push_str(self.comma);
            self.break_line(depth, text);
        }
    }

    fn member(self, at: usize, depth: usize, name: &str, text: &mut String) {
        self.separate(at, depth, text);
        quote(name, text);
        text.push_str(": ");
    }

    fn value(self, value: &Written, depth: usize, text: &mut String) {
        match value {
            Written::Null => text.push_str("null"),
            Written::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
            Written::Int(number) => text.push_str(&number.to_string()),
            Written::Text(value) => quote(value, text),
            Written::Time(moment) => quote(&moment.to_django_json(), text),
            Written::Natural(parts) => {
                let parts: Vec<_> = parts.iter().cloned().map(Written::Text).collect();
                self.list(&parts, depth, text);
            }
            Written::Many(items) => self.list(items, depth, text),
        }
    }

    fn list(self, items: &[Written], depth: usize, text: &mut String) {
        if items.is_empty() {
            text.push_str("[]");
            return;
        }
        self.open('[', depth + 1, text);
        for (at, item) in items.iter().enumerate() {
            self.separate(at, depth + 1, text);
            self.value(item, depth + 1, text);
        }
        self.close(']', depth, text);
    }
}

/// A text in quotes, everything beyond ASCII as it is: Python's `ensure_ascii=False`.
fn quote(value: &str, text: &mut String) {
    text.push_str(&serde_json::Value::from(value).to_string());
}
