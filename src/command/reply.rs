//! What a command answers. Commands compute it; the edge (a terminal, a pipe, `call_command`) prints it.

use std::fmt;

use clap::Args;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::domain::Timestamp;

/// A command's answer.
#[derive(Debug, Default)]
pub struct Reply {
    /// For standard output.
    pub data: Data,
    /// For standard error, in order.
    pub notes: Vec<Note>,
    /// The exit status of a command that did its work and found something amiss (`check`, `audit verify`).
    pub status: u8,
}

/// What goes to standard output.
#[derive(Default)]
pub enum Data {
    /// Nothing.
    #[default]
    Nothing,
    /// This text, to the letter.
    Text(String),
    /// A key, alone on its line.
    Secret(Zeroizing<String>),
    /// A list.
    Table(Table, Format),
    /// One thing with its parts.
    Sheet(Sheet, Format),
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            // A dump holds keys.
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Secret(_) => f.write_str("Secret(..)"),
            Self::Table(table, format) => f.debug_tuple("Table").field(table).field(format).finish(),
            Self::Sheet(sheet, format) => f.debug_tuple("Sheet").field(sheet).field(format).finish(),
        }
    }
}

/// What is said beside the data.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Note {
    /// What was done: a sentence.
    Status(String),
    /// Something to be careful about.
    Warning(String),
    /// What one could do next.
    Hint(String),
    /// Django's own words, to the letter.
    Text(String),
}

/// How lists are printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// For people: a table on a terminal, plain columns in a pipe.
    #[default]
    People,
    /// One JSON document.
    Json,
    /// One JSON document on each line.
    JsonLines,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
}

/// The options that choose a [`Format`].
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct FormatArgs {
    /// Print one JSON document
    #[arg(long, conflicts_with_all = ["jsonl", "csv"])]
    json: bool,
    /// Print one JSON document on each line
    #[arg(long, conflicts_with = "csv")]
    jsonl: bool,
    /// Print comma-separated values with a header
    #[arg(long)]
    csv: bool,
}

impl FormatArgs {
    /// What was chosen.
    #[must_use]
    pub(super) fn format(self) -> Format {
        match (self.json, self.jsonl, self.csv) {
            (true, _, _) => Format::Json,
            (_, true, _) => Format::JsonLines,
            (_, _, true) => Format::Csv,
            (false, false, false) => Format::People,
        }
    }
}

/// A list of rows.
#[derive(Clone, Debug)]
pub struct Table {
    /// The names of the columns: also the names of the JSON fields.
    pub columns: Vec<String>,
    /// The cells, as many in each row as there are columns.
    pub rows: Vec<Vec<Cell>>,
    /// The moment that relative times count from.
    pub now: Timestamp,
}

/// A value of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cell {
    /// Nothing.
    None,
    /// Text, which may be shortened where there is no room.
    Text(String),
    /// Text that is copied: never shortened, never wrapped.
    Handle(String),
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A moment.
    Moment(Timestamp),
    /// Several texts.
    List(Vec<String>),
}

impl Cell {
    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Text(text) | Self::Handle(text) => Value::String(text.clone()),
            Self::Number(number) => Value::from(*number),
            Self::Flag(flag) => Value::Bool(*flag),
            Self::Moment(moment) => Value::String(moment.to_string()),
            Self::List(texts) => texts.iter().cloned().map(Value::String).collect(),
        }
    }

    /// As a field of comma-separated values.
    #[must_use]
    pub fn csv(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Text(text) | Self::Handle(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Moment(moment) => moment.to_string(),
            Self::List(texts) => texts.join(" "),
        }
    }

    /// A moment where there is one.
    #[must_use]
    pub fn moment(moment: Option<Timestamp>) -> Self {
        moment.map_or(Self::None, Self::Moment)
    }

    /// Text where there is any.
    #[must_use]
    pub fn text(text: Option<String>) -> Self {
        text.map_or(Self::None, Self::Text)
    }
}

impl Table {
    /// A list.
    #[must_use]
    pub fn new(columns: &[&str], rows: Vec<Vec<Cell>>, now: Timestamp) -> Self {
        Self { columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows, now }
    }

    /// The same without one of its columns.
    #[must_use]
    pub(super) fn without(mut self, column: &str) -> Self {
        if let Some(at) = self.columns.iter().position(|name| name == column) {
            self.columns.remove(at);
            self.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
        self
    }

    /// The last rows of it.
    #[must_use]
    pub(super) fn last(mut self, count: usize) -> Self {
        self.rows.drain(..self.rows.len().saturating_sub(count));
        self
    }

    /// The rows as JSON objects.
    #[must_use]
    pub fn json(&self) -> Vec<Value> {
        let object = |row: &Vec<Cell>| {
            let pairs = self.columns.iter().zip(row).map(|(name, cell)| (name.clone(), cell.json()));
            Value::Object(pairs.collect::<Map<_, _>>())
        };
        self.rows.iter().map(object).collect()
    }
}

/// One thing with its parts.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// What a script reads.
    pub json: Value,
    /// What a person reads.
    pub blocks: Vec<Block>,
}

/// A part of a [`Sheet`].
#[derive(Clone, Debug)]
pub enum Block {
    /// Names and values.
    Fields(Vec<(String, Cell)>, Timestamp),
    /// A list under a heading.
    Table(String, Table),
    /// A line of text.
    Line(String),
}

impl Reply {
    /// Django's own output.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { data: Data::Text(text.into()), ..Self::default() }
    }

    /// A sentence that says what was done.
    #[must_use]
    pub fn status(text: impl Into<String>) -> Self {
        Self { notes: vec![Note::Status(text.into())], ..Self::default() }
    }

    /// A list.
    #[must_use]
    pub fn table(table: Table, format: Format) -> Self {
        Self { data: Data::Table(table, format), ..Self::default() }
    }

    /// A list; where it is empty, people are told so.
    #[must_use]
    pub(super) fn list(table: Table, format: Format, what: &str) -> Self {
        let is_blank = table.rows.is_empty() && format == Format::People;
        let reply = Self::table(table, format);
        if is_blank { reply.and(Note::Status(format!("No {what}."))) } else { reply }
    }

    /// The same with one more note.
    #[must_use]
    pub fn and(mut self, note: Note) -> Self {
        self.notes.push(note);
        self
    }
}
