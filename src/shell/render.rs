//! What commands answer, as text: tables for people, plain columns in a pipe, JSON and CSV for scripts.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table as Drawn, presets::NOTHING};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::{
    command::{Block, Cell, Data, Format, Sheet, Table},
    domain::{
        Timestamp,
        text::{brief, csv_line, escape, relative},
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

/// How a moment is told in a table, from the most to the least of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Times {
    Both,
    Relative,
    Brief,
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
        Data::Sheet(sheet, format) => match format {
            Format::People => sheet_text(sheet, view),
            Format::Json => pretty(&sheet.json),
            Format::JsonLines => format!("{}\n", sheet.json),
            Format::Csv => sheet_csv(&sheet.json),
        },
    }
}

/// Whether this is for people to read at their own pace: what scripts and Django's own commands print is not.
#[must_use]
pub fn is_paged(data: &Data) -> bool {
    match data {
        Data::Table(_, format) | Data::Sheet(_, format) => *format == Format::People,
        Data::Nothing | Data::Text(_) | Data::Secret(_) => false,
    }
}

fn pretty(json: &Value) -> String {
    format!("{json:#}\n")
}

/// A table as wide as the terminal at most, with as much of each moment as there is room for; one that does not fit
/// becomes a record for each row. Nothing is wrapped or cut. A column without a value in any row is left out.
fn drawn(table: &Table, width: usize) -> String {
    if table.rows.is_empty() {
        return String::new();
    }
    let is_shown = |at: &usize| table.rows.iter().any(|row| bare(&row[*at]) != NONE);
    let shown: Vec<usize> = (0..table.columns.len()).filter(is_shown).collect();
    for times in [Times::Both, Times::Relative, Times::Brief] {
        let mut cells: Vec<Vec<String>> = (table.rows.iter())
            .map(|row| shown.iter().map(|at| in_table(&row[*at], times, table.now)).collect())
            .collect();
        let widest = |(n, at): (usize, &usize)| {
            let column = cells.iter().map(|row| row[n].width()).max().unwrap_or(0);
            column.max(table.columns[*at].width())
        };
        // Two blanks between two columns.
        let needed: usize = shown.iter().enumerate().map(|column| widest(column) + 2).sum();
        let over = needed.saturating_sub(width + 2);
        let fits = over == 0 || (times == Times::Brief && shortened(table, &shown, &mut cells, over));
        if fits {
            return ruled(shown.iter().map(|at| escape(&table.columns[*at])).collect(), cells);
        }
    }
    records(table, width)
}

/// Takes `over` columns from the texts of one column, the widest that may be shortened; whether it could.
fn shortened(table: &Table, shown: &[usize], cells: &mut [Vec<String>], over: usize) -> bool {
    let is_text = |at: &usize| table.rows.iter().all(|row| matches!(row[*at], Cell::Text(_) | Cell::None));
    let width = |cells: &[Vec<String>], n: usize| cells.iter().map(|row| row[n].width()).max().unwrap_or(0);
    let texts = (0..shown.len()).filter(|n| is_text(&shown[*n]));
    let Some((widest, n)) = texts.map(|n| (width(cells, n), n)).max() else { return false };
    let Some(room) = widest.checked_sub(over).filter(|room| *room >= ENOUGH.max(table.columns[shown[n]].width()))
    else {
        return false;
    };
    for row in cells {
        if row[n].width() > room {
            row[n] = cut(&row[n], room);
        }
    }
    true
}

/// A text that is cut to fewer columns says nothing any more.
const ENOUGH: usize = 12;

/// The beginning of a text, with three dots.
fn cut(text: &str, room: usize) -> String {
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if kept.width() + 3 > room {
            kept.pop();
            break;
        }
    }
    kept + "..."
}

/// Cells that are known to fit.
fn ruled(header: Vec<String>, cells: Vec<Vec<String>>) -> String {
    let mut out = Drawn::new();
    // The cells fit, so nothing is wrapped: arranging them is left to nobody.
    out.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    out.set_header(header);
    for row in cells {
        out.add_row(row);
    }
    out.lines().map(|line| format!("{}\n", line.trim_end().strip_prefix(' ').unwrap_or(line.trim_end()))).collect()
}

/// One record for each row, a line for each value.
fn records(table: &Table, width: usize) -> String {
    let label = table.columns.iter().map(|name| escape(name).width()).max().unwrap_or(0);
    let mut text = String::new();
    for (n, row) in table.rows.iter().enumerate() {
        if n > 0 {
            text.push('\n');
        }
        for (name, cell) in table.columns.iter().zip(row) {
            if *cell != Cell::None {
                let _ = writeln!(
                    text,
                    "{}  {}",
                    padded(&escape(name), label),
                    long(cell, table.now, width.saturating_sub(label + 2))
                );
            }
        }
    }
    text
}

/// Blanks behind a text, as many as its width on the screen leaves.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Columns with two blanks between them and their names above: every row has as many words as there are columns,
/// unless a value holds blanks itself.
fn columns(table: &Table) -> String {
    let header = table.columns.iter().map(|name| escape(name)).collect::<Vec<_>>();
    let rows = table.rows.iter().map(|row| row.iter().map(bare).collect());
    let lines: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
    let widths: Vec<usize> =
        (0..table.columns.len()).map(|at| lines.iter().map(|line| line[at].width()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for line in lines {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(value, width)| padded(value, *width)).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// RFC 4180, with a line feed at the end of a line.
fn csv(table: &Table) -> String {
    let mut text = csv_line(table.columns.iter().cloned());
    for row in &table.rows {
        text.push_str(&csv_line(row.iter().map(Cell::csv)));
    }
    text
}

/// One thing as a header and one row; a part that is a list or an object stands there as JSON.
fn sheet_csv(json: &Value) -> String {
    let raw = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let Some(object) = json.as_object() else { return String::new() };
    csv_line(object.keys().cloned()) + &csv_line(object.values().map(raw))
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
                let room = match view {
                    View::Terminal(width) => width.saturating_sub(label + 2),
                    View::Pipe => usize::MAX,
                };
                for (name, cell) in fields {
                    let _ = writeln!(text, "{}  {}", padded(name, label), long(cell, *now, room));
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

/// A cell of a table.
fn in_table(cell: &Cell, times: Times, now: Timestamp) -> String {
    match (cell, times) {
        (Cell::Moment(moment), Times::Both) => format!("{} ({})", moment.to_the_second(), relative(*moment, now)),
        (Cell::Moment(moment), Times::Relative) => relative(*moment, now),
        (Cell::Moment(moment), Times::Brief) => brief(*moment, now),
        (other, Times::Both | Times::Relative | Times::Brief) => bare(other),
    }
}

/// What stands for a value that is not there, so that columns can be counted.
const NONE: &str = "-";

/// A value on a line of its own: moments in full, and their distance where there is room for it.
fn long(cell: &Cell, now: Timestamp, room: usize) -> String {
    let Cell::Moment(moment) = cell else { return bare(cell) };
    let both = in_table(cell, Times::Both, now);
    if both.width() <= room { both } else { moment.to_the_second().to_string() }
}

/// A value without a terminal to look at it.
fn bare(cell: &Cell) -> String {
    match cell {
        Cell::None => NONE.into(),
        Cell::Text(text) | Cell::Handle(text) if text.is_empty() => NONE.into(),
        Cell::Text(text) | Cell::Handle(text) => escape(text),
        Cell::Number(number) => number.to_string(),
        Cell::Flag(true) => "yes".into(),
        Cell::Flag(false) => "no".into(),
        Cell::Moment(moment) => moment.to_string(),
        Cell::List(texts) if texts.is_empty() => NONE.into(),
        Cell::List(texts) => escape(&texts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let row = |name: &str, n| vec![Cell::Handle(name.into()), Cell::Number(n), Cell::Moment(Timestamp(0))];
        Table {
            columns: ["name", "n", "at"].map(str::to_owned).to_vec(),
            rows: vec![row("al,i\"ce", 1), row("\u{5c71}\u{7530}\u{1b}[2J", 22)],
            now: Timestamp(3_600_000_000),
        }
    }

    /// One that is too wide for a narrow terminal.
    fn wide_table() -> Table {
        let handle = || Cell::Handle("tok_0123456789ABCDEF".into());
        Table::new(&["id", "next", "at"], vec![vec![handle(), handle(), Cell::Moment(Timestamp(0))]], Timestamp(1))
    }

    #[test]
    fn a_terminal_shows_a_table_and_a_narrow_one_records() {
        let wide = render(&Data::Table(table(), Format::People), View::Terminal(80));
        assert_eq!(wide.lines().count(), 3);
        assert!(wide.contains("1 hour ago") && !wide.contains('\u{1b}'), "{wide}");
        assert!(wide.contains("1970-01-01T00:00:00Z (1 hour ago)"), "{wide}");
        let less = render(&Data::Table(table(), Format::People), View::Terminal(40));
        assert!(less.contains("1 hour ago") && !less.contains("1970"), "{less}");
        let least = render(&Data::Table(table(), Format::People), View::Terminal(24));
        assert!(least.contains("1h ago") && least.lines().all(|line| line.width() <= 24), "{least}");
        let narrow = render(&Data::Table(table(), Format::People), View::Terminal(12));
        assert!(narrow.contains("name  al,i\"ce\n"), "{narrow}");
        let record = render(&Data::Table(wide_table(), Format::People), View::Terminal(30));
        assert!(record.contains("at    1970-01-01T00:00:00Z\n"), "{record}");
        assert!(record.lines().all(|line| line.width() <= 30), "{record}");
    }

    #[test]
    fn a_pipe_shows_columns_that_line_up() {
        let text = render(&Data::Table(table(), Format::People), View::Pipe);
        let at = |line: &str| line.find("1970").map(|at| line[..at].width());
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(at(lines[0]), at(lines[1]), "{text}");
    }

    #[test]
    fn wide_and_combining_characters_line_up() {
        let row = |name: &str| vec![Cell::Handle(name.into()), Cell::Number(1)];
        let rows = ["ab", "\u{5c71}", "e\u{301}o"].map(row).to_vec();
        for view in [View::Terminal(80), View::Pipe] {
            let text =
                render(&Data::Table(Table::new(&["name", "n"], rows.clone(), Timestamp(0)), Format::People), view);
            let ends: Vec<usize> = text.lines().map(str::width).collect();
            assert!(ends.iter().all(|end| *end == ends[0]), "{text}");
        }
    }

    #[test]
    fn a_sheet_is_one_line_of_json_or_a_header_and_a_row() {
        let json = serde_json::json!({"user": "a,b", "id": 1, "email": null, "tokens": [{"id": 2}]});
        let sheet = |format| render(&Data::Sheet(Sheet { json: json.clone(), blocks: Vec::new() }, format), View::Pipe);
        assert_eq!(sheet(Format::JsonLines), format!("{json}\n"));
        assert_eq!(sheet(Format::Csv), "user,id,email,tokens\n\"a,b\",1,,\"[{\"\"id\"\":2}]\"\n");
    }

    #[test]
    fn a_long_text_is_shortened_before_a_table_becomes_records_and_a_handle_never() {
        let row = vec![Cell::Handle("tok_0123456789ABCDEF".into()), Cell::Text("a reason that goes on and on".into())];
        let table = Data::Table(Table::new(&["id", "why"], vec![row], Timestamp(0)), Format::People);
        let text = render(&table, View::Terminal(40));
        assert!(text.contains("tok_0123456789ABCDEF  a reason that g..."), "{text}");
        let narrow = render(&table, View::Terminal(30));
        assert!(narrow.contains("why  a reason that goes on and on"), "{narrow}");
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
