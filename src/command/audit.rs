//! `audit`: the audit trail.

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::{Cell, Context, Data, Failure, Note, Reply, Table, reply::FormatArgs};
use crate::{
    authority::{ChangeError, Scan, Verdict},
    domain::{Action, Event, Timestamp},
};

/// Show the audit trail
#[derive(Args, Debug)]
pub struct Audit {
    #[command(subcommand)]
    action: Option<What>,
    /// Only events about this user and their tokens
    #[arg(long)]
    user: Option<String>,
    /// How many, from the last one back
    #[arg(short = 'n', long, default_value_t = 50)]
    last: usize,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum What {
    /// Check that nothing was altered or removed
    Verify,
    /// Print all events as JSON lines
    Export,
}

impl Audit {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        match self.action {
            Some(What::Verify) => verify(context),
            Some(What::Export) => export(context),
            None => self.list(context),
        }
    }

    fn list(self, context: &mut Context) -> Result<Reply, Failure> {
        let session = context.session()?;
        let (events, now) = session.borrow_mut().transact(|tx| {
            let of = match &self.user {
                Some(name) => Some(super::what::user(name, tx)?.id),
                None => None,
            };
            let mut events = Vec::new();
            // Backwards there is no reading; a page that is long enough is almost always at the end.
            let count = tx.event_count()?;
            let from =
                if of.is_some() { 0 } else { count.saturating_sub(u64::try_from(self.last).unwrap_or(u64::MAX)) };
            tx.events(from, |number, event| {
                if of.is_none_or(|id| is_about(&event, id)) {
                    events.push((number, event));
                }
                Scan::On
            })?;
            let skip = events.len().saturating_sub(self.last);
            events.drain(..skip);
            Ok::<_, Failure>((events, tx.now()))
        })?;
        let rows = events.into_iter().map(|(number, event)| row(number, &event)).collect();
        Ok(Reply::table(Table::new(&columns(), rows, now), self.format.format()))
    }
}

/// Whether an event is about a user or a token of theirs.
pub(super) fn is_about(event: &Event, user: i64) -> bool {
    event.owner == Some(user) || event.subject.as_ref().is_some_and(|s| s.kind == "user" && s.id == user)
}

/// The columns of a list of events.
pub(super) fn columns() -> Vec<&'static str> {
    vec!["event", "at", "actor", "by", "action", "subject", "detail", "reason"]
}

/// An event's row in such a list.
pub(super) fn row(number: u64, event: &Event) -> Vec<Cell> {
    let subject = event.subject.as_ref().map(|subject| match (&subject.token, &subject.name) {
        (Some(token), _) => token.clone(),
        (None, Some(name)) => format!("{} {name}", subject.kind),
        (None, None) => format!("{} {}", subject.kind, subject.id),
    });
    let by = format!("{:?}", event.actor.channel).to_lowercase();
    let (action, detail) = words(&event.action);
    vec![
        Cell::Number(i64::try_from(number).unwrap_or(i64::MAX)),
        Cell::Moment(event.at),
        Cell::Text(event.actor.name.clone()),
        Cell::Text(by),
        Cell::Text(action),
        subject.map_or(Cell::None, Cell::Handle),
        Cell::text(detail),
        Cell::text(event.reason.clone()),
    ]
}

/// An action in a word or two, and what else there is to say of it.
fn words(action: &Action) -> (String, Option<String>) {
    let ids = |ids: &[i64]| ids.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    let json = serde_json::to_value(action).unwrap_or_default();
    let word = json.get("action").and_then(Value::as_str).unwrap_or_default().replace('_', " ");
    let detail = match action {
        Action::Changed { fields } => Some(fields.join(", ")),
        Action::Related { relation, added, removed } => {
            let added = if added.is_empty() { String::new() } else { format!(" +{}", ids(added)) };
            let removed = if removed.is_empty() { String::new() } else { format!(" -{}", ids(removed)) };
            Some(format!("{relation}{added}{removed}"))
        }
        Action::Regenerated { overlap_until } => {
            overlap_until.map(|until| format!("old key until {}", to_the_second(until)))
        }
        Action::Refused { why, .. } => Some(why.clone()),
        _ => None,
    };
    (word, detail)
}

/// A moment without its fraction of a second.
fn to_the_second(moment: Timestamp) -> Timestamp {
    Timestamp(moment.0 - moment.0.rem_euclid(1_000_000))
}

fn verify(context: &mut Context) -> Result<Reply, Failure> {
    let session = context.session()?;
    let verdict = session.borrow_mut().transact(|tx| tx.verify_events())?;
    Ok(match verdict {
        Verdict::Whole { events } => Reply::status(format!("The audit trail is whole: {events} events.")),
        Verdict::Broken { at } => Reply {
            status: 1,
            notes: vec![Note::Warning(format!("the audit trail is broken at event {at}"))],
            ..Reply::default()
        },
    })
}

fn export(context: &mut Context) -> Result<Reply, Failure> {
    let session = context.session()?;
    let mut text = String::new();
    session.borrow_mut().transact(|tx| {
        text.clear();
        tx.events(0, |number, event| {
            let mut object = Map::from_iter([("event".to_owned(), Value::from(number))]);
            if let Ok(Value::Object(pairs)) = serde_json::to_value(&event) {
                object.extend(pairs);
            }
            object.insert("at".into(), Value::from(event.at.to_string()));
            text.push_str(&Value::Object(object).to_string());
            text.push('\n');
            Scan::On
        })?;
        Ok::<_, ChangeError>(())
    })?;
    Ok(Reply { data: Data::Text(text), ..Reply::default() })
}
