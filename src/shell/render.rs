//! What commands answer, as text: tables for people, plain columns in a pipe, JSON and CSV for scripts.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table as Drawn, presets::NOTHING};
use unicode_width::UnicodeWidthStr;

use crate::{
    command::{Block, Cell, Data, Format, Sheet, Table},
    domain::{
        Timestamp,
        text::{escape, relative},
    },
};

/// Where text is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum View {
    /// On a terminal of this many columns.
    Terminal(usize),
    /// In a pipe or a file.
    Pipe,
}

/// The text for standard output.
#[must_use]
pub fn render(data: &Data, view: View) -> String {
    match data {
        Data::Nothing => String::new(),
        Data::Text(text) => text.clone(),
        Data::Secret(key) => format!("{}\n", key.as_str()),
        Data::Table(table, format) => match (format, view) {
            (Format::People, View::Terminal(width)) => drawn(table, width),
            (Format::People, View::Pipe) => columns(table),
            (Format::Json, _) => pretty(&table.json().into()),
            (Format::JsonLines, _) => table.json().iter().map(|row| format!("{row}\n")).collect(),
            (Format::Csv, _) => csv(table),
        },
        Data::Sheet(sheet, Format::People) => sheet_text(sheet, view),
        Data::Sheet(sheet, Format::Json | Format::JsonLines | Format::Csv) => pretty(&sheet.json),
    }
}

fn pretty(json: &serde_json::Value) -> String {
    format!("{json:#}\n")
}

/// A table as wide as the terminal at most; one that does not fit becomes a record for each row.
fn drawn(table: &Table, width: usize) -> String {
    if table.rows.is_empty() {
        return String::new();
    }
    let cells: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(|c| short(c, table.now)).collect()).collect();
    let widest = |at: usize| {
        let column = cells.iter().map(|row| row[at].width()).max().unwrap_or(0);
        column.max(table.columns[at].width())
    };
    let needed: usize = (0..table.columns.len()).map(|at| widest(at) + 2).sum();
    if needed > width + 2 {
        return records(table);
    }
    let mut out = Drawn::new();
    // The cells fit, so nothing is wrapped: arranging them is left to nobody.
    out.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    out.set_header(table.columns.clone());
    for row in cells {
        out.add_row(row);
    }
    out.lines().map(|line| format!("{}\n", line.trim_end().strip_prefix(' ').unwrap_or(line.trim_end()))).collect()
}

/// One record for each row, a line for each value.
fn records(table: &Table) -> String {
    let label = table.columns.iter().map(|name| name.width()).max().unwrap_or(0);
    let mut text = String::new();
    for (n, row) in table.rows.iter().enumerate() {
        if n > 0 {
            text.push('\n');
        }
        for (name, cell) in table.columns.iter().zip(row) {
            if *cell != Cell::None {
                let _ = writeln!(text, "{name:label$}  {}", long(cell, table.now));
            }
        }
    }
    text
}

/// Columns with two blanks between them and their names above: every row has as many words as there are columns,
/// unless a value holds blanks itself.
fn columns(table: &Table) -> String {
    let header = table.columns.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let rows = table.rows.iter().map(|row| row.iter().map(bare).collect());
    let lines: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
    let widths: Vec<usize> =
        (0..table.columns.len()).map(|at| lines.iter().map(|line| line[at].width()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for line in lines {
        let mut out = String::new();
        for (value, width) in line.iter().zip(&widths) {
            out.push_str(value);
            out.extend(std::iter::repeat_n(' ', width - value.width() + 2));
        }
        text.push_str(out.trim_end());
        text.push('\n');
    }
    text
}

/// RFC 4180, with a line feed at the end of a line.
fn csv(table: &Table) -> String {
    let field = |text: String| match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    };
    let raw = |cell: &Cell| match cell {
        Cell::None => String::new(),
        Cell::Text(text) | Cell::Handle(text) => text.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::Moment(moment) => moment.to_string(),
        Cell::List(texts) => texts.join(" "),
    };
    let mut text = format!("{}\n", table.columns.join(","));
    for row in &table.rows {
        text.push_str(&row.iter().map(|cell| field(raw(cell))).collect::<Vec<_>>().join(","));
        text.push('\n');
    }
    text
}

fn sheet_text(sheet: &Sheet, view: View) -> String {
    let mut text = String::new();
    for (n, block) in sheet.blocks.iter().enumerate() {
        if n > 0 {
            text.push('\n');
        }
        match block {
            Block::Fields(fields, now) => {
                let label = fields.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
                for (name, cell) in fields {
                    let _ = writeln!(text, "{name:label$}  {}", long(cell, *now));
                }
            }
            Block::Table(heading, table) => {
                let _ = writeln!(text, "{heading}");
                text.push_str(&match view {
                    View::Terminal(width) => drawn(table, width),
                    View::Pipe => columns(table),
                });
            }
            Block::Line(line) => {
                let _ = writeln!(text, "{}", escape(line));
            }
        }
    }
    text
}

/// A cell of a table: moments are told by their distance.
fn short(cell: &Cell, now: Timestamp) -> String {
    match cell {
        Cell::None => "-".into(),
        Cell::Moment(moment) => relative(*moment, now),
        other => bare(other),
    }
}

/// A value on a line of its own: moments in full, and their distance.
fn long(cell: &Cell, now: Timestamp) -> String {
    match cell {
        Cell::Moment(moment) => format!("{moment} ({})", relative(*moment, now)),
        other => bare(other),
    }
}

/// A value without a terminal to look at it. A value that is not there is a dash, so that columns can be counted.
fn bare(cell: &Cell) -> String {
    match cell {
        Cell::None => "-".into(),
        Cell::Text(text) | Cell::Handle(text) if text.is_empty() => "-".into(),
        Cell::Text(text) | Cell::Handle(text) => escape(text),
        Cell::Number(number) => number.to_string(),
        Cell::Flag(true) => "yes".into(),
        Cell::Flag(false) => "no".into(),
        Cell::Moment(moment) => moment.to_string(),
        Cell::List(texts) if texts.is_empty() => "-".into(),
        Cell::List(texts) => escape(&texts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let row = |name: &str, n| vec![Cell::Handle(name.into()), Cell::Number(n), Cell::Moment(Timestamp(0))];
        Table {
            columns: vec!["name", "n", "at"],
            rows: vec![row("al,i\"ce", 1), row("\u{5c71}\u{7530}\u{1b}[2J", 22)],
            now: Timestamp(3_600_000_000),
        }
    }

    #[test]
    fn a_terminal_shows_a_table_and_a_narrow_one_records() {
        let wide = render(&Data::Table(table(), Format::People), View::Terminal(80));
        assert_eq!(wide.lines().count(), 3);
        assert!(wide.contains("1 hour ago") && !wide.contains('\u{1b}'), "{wide}");
        let narrow = render(&Data::Table(table(), Format::People), View::Terminal(12));
        assert!(narrow.contains("name  al,i\"ce\n"), "{narrow}");
    }

    #[test]
    fn a_pipe_shows_columns_that_line_up() {
        let text = render(&Data::Table(table(), Format::People), View::Pipe);
        let at = |line: &str| line.find("1970").map(|at| line[..at].width());
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(at(lines[0]), at(lines[1]), "{text}");
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        let text = render(&Data::Table(table(), Format::Csv), View::Pipe);
        assert!(text.starts_with("name,n,at\n\"al,i\"\"ce\",1,1970-01-01T00:00:00Z\n"), "{text}");
    }

    #[test]
    fn json_has_the_columns_as_fields() {
        let text = render(&Data::Table(table(), Format::JsonLines), View::Pipe);
        assert!(text.starts_with(r#"{"name":"al,i\"ce","n":1,"at":"1970-01-01T00:00:00Z"}"#), "{text}");
    }
}
