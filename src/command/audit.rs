//! `audit`: the audit trail.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Cell, Context, Failure, Note, Reply, Table, reply::FormatArgs};
use crate::{
    authority::{Flaw, Scan, TrailHead, Tx, Verdict},
    domain::{self, Action, Event, is_within},
};

mod follow;

/// Show the audit trail
#[derive(Args, Debug)]
pub struct Audit {
    #[command(subcommand)]
    action: Option<What>,
    /// Only events about this user and their tokens
    #[arg(long)]
    user: Option<String>,
    /// Go on with the events as they come, until Ctrl-C
    #[arg(long)]
    follow: bool,
    /// How many, from the last one back
    #[arg(short = 'n', long, default_value_t = 50)]
    last: usize,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check that nothing was altered or removed
    Verify(Verify),
    /// Print the head of the trail, to be kept elsewhere: a later check with it finds a tail that was cut off
    Head,
    /// Print all events as JSON lines
    Export,
}

/// What the trail is checked against
#[derive(Args, Debug)]
struct Verify {
    /// A head that was printed earlier, or the file it is in
    #[arg(long, value_name = "HEAD|FILE")]
    head: Option<String>,
}

impl Audit {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        match self.action {
            Some(What::Verify(verify)) => verify.run(context),
            Some(What::Head) => head(context),
            Some(What::Export) => follow::export(context),
            None if self.follow => follow::follow(self.user.as_deref(), self.last, self.format.format(), context),
            None => self.list(context),
        }
    }

    fn list(self, context: &mut Context) -> Result<Reply, Failure> {
        let session = context.session()?;
        let (events, now) = session.borrow_mut().transact(|tx| {
            let about = self.user.as_deref().map(|name| About::named(name, tx)).transpose()?;
            let mut events = Vec::new();
            // Backwards there is no reading; a page that is long enough is almost always at the end.
            let count = tx.event_count()?;
            let from =
                if about.is_some() { 0 } else { count.saturating_sub(u64::try_from(self.last).unwrap_or(u64::MAX)) };
            tx.events(from, |number, event| {
                if about.as_ref().is_none_or(|about| about.matches(&event)) {
                    events.push((number, event));
                }
                Scan::On
            })?;
            let skip = events.len().saturating_sub(self.last);
            events.drain(..skip);
            Ok::<_, Failure>((events, tx.now()))
        })?;
        let rows = events.into_iter().map(|(number, event)| row(number, &event)).collect();
        Ok(Reply::list(Table::new(&columns(), rows, now), self.format.format(), "events"))
    }
}

/// A user whose events are wanted, with their tokens.
pub(super) struct About {
    user: i64,
    tokens: Vec<(String, i64)>,
}

impl About {
    pub(super) fn of(user: i64, tokens: &[domain::Token]) -> Self {
        Self { user, tokens: tokens.iter().map(|token| (token.id.to_string(), token.serial)).collect() }
    }

    fn named(name: &str, tx: &mut Tx<'_>) -> Result<Self, Failure> {
        let user = super::what::user(name, tx)?.id;
        Ok(Self::of(user, &tx.tokens_of(user)?))
    }

    /// Whether an event is about the user or a token of theirs.
    pub(super) fn matches(&self, event: &Event) -> bool {
        let among_many = match &event.action {
            Action::ManyCreated { kind, ids } | Action::ManyChanged { kind, ids, .. } => {
                kind == "user" && is_within(ids, self.user)
            }
            Action::ManyRevoked { owners, .. } => owners.contains(&self.user),
            _ => false,
        };
        among_many
            || event.owner == Some(self.user)
            || event.subject.as_ref().is_some_and(|s| s.kind == "user" && s.id == self.user)
            || self.tokens.iter().any(|(id, serial)| names(event, id, *serial))
    }
}

/// Whether an event is about a token, by itself or among others.
pub(super) fn names(event: &Event, token: &str, serial: i64) -> bool {
    let among = match &event.action {
        Action::Revealed { tokens, serials, .. } => tokens.iter().any(|id| id == token) || is_within(serials, serial),
        Action::Purged { tokens } | Action::ManyRevoked { tokens, .. } => tokens.iter().any(|id| id == token),
        Action::ManyCreated { kind, ids } | Action::ManyChanged { kind, ids, .. } => {
            kind == "token" && is_within(ids, serial)
        }
        Action::StoreCreated
        | Action::Created
        | Action::Changed { .. }
        | Action::Deleted
        | Action::Related { .. }
        | Action::Regenerated { .. }
        | Action::Revoked
        | Action::KeyringRotated { .. }
        | Action::Refused { .. }
        | Action::LoggedIn => false,
    };
    among || event.subject.as_ref().is_some_and(|subject| subject.token.as_deref() == Some(token))
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

/// Ids as people write them: `1-100 105`.
fn spans(ids: &[(i64, i64)]) -> String {
    let span = |(first, last): &(i64, i64)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    ids.iter().map(span).collect::<Vec<_>>().join(" ")
}

/// An action in a word or two, and what else there is to say of it.
fn words(action: &Action) -> (String, Option<String>) {
    let ids = |ids: &[i64]| ids.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    let json = serde_json::to_value(action).unwrap_or_default();
    let word = json.get("action").and_then(Value::as_str).unwrap_or_default().replace('_', " ");
    let detail = match action {
        Action::Changed { fields } => Some(fields.join(", ")),
        Action::ManyCreated { kind, ids } => Some(format!("{kind} {}", spans(ids))),
        Action::ManyChanged { kind, ids, fields } => Some(format!("{kind} {}: {}", spans(ids), fields.join(", "))),
        Action::Related { relation, added, removed } => {
            let added = if added.is_empty() { String::new() } else { format!(" +{}", ids(added)) };
            let removed = if removed.is_empty() { String::new() } else { format!(" -{}", ids(removed)) };
            Some(format!("{relation}{added}{removed}"))
        }
        Action::Regenerated { overlap_until } => {
            overlap_until.map(|until| format!("old key until {}", until.to_the_second()))
        }
        Action::Refused { why, count, since, last_from } => {
            let from = last_from.as_ref().map(|from| format!(", last from {from}")).unwrap_or_default();
            Some(format!("{why}: {count} since {}{from}", since.to_the_second()))
        }
        Action::Revealed { tokens, .. } if !tokens.is_empty() => {
            Some(format!("{} keys: {}", tokens.len(), tokens.join(" ")))
        }
        Action::Revealed { count, serials, .. } if !serials.is_empty() => {
            Some(format!("{count} keys: serials {}", spans(serials)))
        }
        Action::Purged { tokens } | Action::ManyRevoked { tokens, .. } => Some(tokens.join(" ")),
        Action::KeyringRotated { keys } => Some(format!("{keys} keys")),
        Action::StoreCreated
        | Action::Created
        | Action::Deleted
        | Action::Revoked
        | Action::Revealed { .. }
        | Action::LoggedIn => None,
    };
    (word, detail)
}

impl Verify {
    fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let saved = self.head.map(|text| saved_head(&text, context)).transpose()?;
        let session = context.session()?;
        let verdict = session.borrow_mut().transact(|tx| tx.verify_events(saved))?;
        let (at, flaw) = match verdict {
            Verdict::Whole(head) => {
                let reply = Reply::status(format!("The audit trail is whole: {} events.", head.len()));
                return Ok(match saved {
                    Some(_) => reply,
                    None => reply.and(Note::Hint(
                        "a tail that was cut off shows with --head and what `audit head` printed earlier".into(),
                    )),
                });
            }
            Verdict::Broken { at, flaw } => (at, flaw),
        };
        let text = match flaw {
            Flaw::Missing => format!("event {at} is missing"),
            Flaw::Altered => format!("event {at} is not what was written"),
            Flaw::Head => format!("event {at} is not where the trail's head says"),
            Flaw::CutOff => format!("it ends before event {at}, and the saved head is of a later one"),
            Flaw::WrittenAnew => format!("event {at} is not the one of the saved head"),
        };
        let notes = vec![Note::Warning(format!("the audit trail is broken at event {at}: {text}"))];
        Ok(Reply { status: 1, notes, ..Reply::default() })
    }
}

fn saved_head(text: &str, context: &Context) -> Result<TrailHead, Failure> {
    if let Ok(head) = text.parse() {
        return Ok(head);
    }
    let shown = super::what::shown(text);
    let file = std::fs::read_to_string(context.path(text))
        .map_err(|error| Failure::refused(format!("{shown} is no head and cannot be read as a file: {error}")))?;
    file.parse()
        .map_err(|_| Failure::refused_with(format!("there is no head in {shown}"), "hallpass audit head > FILE"))
}

fn head(context: &mut Context) -> Result<Reply, Failure> {
    let session = context.session()?;
    let head = session.borrow_mut().transact(|tx| tx.trail_head())?;
    match head {
        Some(head) => Ok(Reply::text(format!("{head}\n"))),
        None => Err(Failure::refused_with("the trail has no head", "hallpass audit verify")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_written_as_ids_are() {
        let shown = Action::Revealed { count: 4, tokens: Vec::new(), serials: vec![(5, 5), (7, 9)] };
        assert_eq!(words(&shown).1.as_deref(), Some("4 keys: serials 5 7-9"));
    }
}
