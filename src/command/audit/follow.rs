//! Events one after the other as they are read: `audit export`, and `audit --follow`, which waits for more.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{About, columns, row};
use crate::{
    authority::{Notice, Scan},
    command::{Answer, Cell, Context, Failure, Format, Reply, Turn},
    domain::{Event, text},
};

/// How many events are read before they are printed.
const PAGE: usize = 1_000;

/// How soon Ctrl-C is noticed while nothing happens.
const PATIENCE: Duration = Duration::from_millis(200);

/// Prints all events as JSON lines.
pub(super) fn export(context: &mut Context) -> Result<Reply, Failure> {
    let mut after = 0;
    while let Told::More = tell(&mut after, None, Format::JsonLines, context)? {}
    Ok(Reply::default())
}

/// Prints the last events and then every one that comes.
pub(super) fn follow(user: Option<&str>, last: usize, format: Format, context: &mut Context) -> Result<Reply, Failure> {
    let authority = context.authority()?;
    let session = context.session()?;
    let (about, count) = session.borrow_mut().transact(|tx| {
        let about = user.map(|name| About::named(name, tx)).transpose()?;
        Ok::<_, Failure>((about, tx.event_count()?))
    })?;
    let mut after = count.saturating_sub(u64::try_from(last).unwrap_or(u64::MAX));
    if format == Format::Csv
        && let Answer::End = context.talk(Turn::Say(&text::csv_line(columns().into_iter().map(str::to_owned))))?
    {
        return Ok(Reply::default());
    }
    // Made anew after everything was read: a watch that lagged has said all it will.
    loop {
        let watch = authority.watch_events()?;
        loop {
            match tell(&mut after, about.as_ref(), format, context)? {
                Told::More => continue,
                Told::All => {}
                Told::Enough => return Ok(Reply::default()),
            }
            let notice = loop {
                // That is how it ends.
                if context.interrupted() {
                    return Ok(Reply::default());
                }
                if let Some(notice) = watch.next(PATIENCE) {
                    break notice;
                }
            };
            if notice == Notice::Lagged {
                break;
            }
        }
    }
}

enum Told {
    /// There may be more.
    More,
    /// That was all.
    All,
    /// Nobody reads it any more.
    Enough,
}

/// Prints a page of the events after the one numbered `after`, which moves on.
fn tell(after: &mut u64, about: Option<&About>, format: Format, context: &mut Context) -> Result<Told, Failure> {
    let session = context.session()?;
    let (lines, read) = session.borrow_mut().transact(|tx| {
        let (mut lines, mut read) = (String::new(), 0);
        tx.events(*after, |number, event| {
            if about.is_none_or(|about| about.matches(&event)) {
                lines.push_str(&line(number, &event, format));
                lines.push('\n');
            }
            read += 1;
            if read < PAGE { Scan::On } else { Scan::Stop }
        })?;
        Ok::<_, Failure>((lines, read))
    })?;
    *after += u64::try_from(read).unwrap_or(0);
    if !lines.is_empty()
        && let Answer::End = context.talk(Turn::Say(&lines))?
    {
        return Ok(Told::Enough);
    }
    Ok(if read < PAGE { Told::All } else { Told::More })
}

fn line(number: u64, event: &Event, format: Format) -> String {
    match format {
        Format::Json | Format::JsonLines => json(number, event),
        Format::Csv => text::csv_line(row(number, event).iter().map(Cell::csv)).trim_end_matches('\n').to_owned(),
        Format::People => {
            let cells = columns().into_iter().zip(row(number, event)).filter_map(|(_, cell)| match cell {
                Cell::None => None,
                Cell::Number(number) => Some(number.to_string()),
                Cell::Moment(at) => Some(at.to_string()),
                Cell::Text(text) | Cell::Handle(text) => Some(text::escape(&text)),
                Cell::Flag(flag) => Some(flag.to_string()),
                Cell::List(texts) => Some(text::escape(&texts.join(" "))),
            });
            cells.collect::<Vec<_>>().join("  ")
        }
    }
}

fn json(number: u64, event: &Event) -> String {
    let mut object = Map::from_iter([("event".to_owned(), Value::from(number))]);
    if let Ok(Value::Object(pairs)) = serde_json::to_value(event) {
        object.extend(pairs);
    }
    object.insert("at".into(), Value::from(event.at.to_string()));
    Value::Object(object).to_string()
}
