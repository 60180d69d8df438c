//! What the audit trail keeps of a change. Never a key, never a password.

use serde::{Deserialize, Serialize};

use super::{Timestamp, Token, TokenId, User};

/// Through which door somebody came.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// The shell: typed, piped or given with `-c`.
    Shell,
    /// A command given as arguments of the program.
    Command,
    /// A request to the endpoint server.
    Http,
    /// The program itself.
    System,
}

/// Who made a change.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Actor {
    /// The name that the system has for the person or, over HTTP, the username.
    pub name: String,
    /// The system's user id; none over HTTP.
    pub uid: Option<u32>,
    /// The door.
    pub channel: Channel,
    /// Where behind that door: the terminal, `pipe`, the address that a request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The number of the process; none over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,
}

impl Actor {
    /// Somebody of this name who came through this door.
    #[must_use]
    pub fn new(name: impl Into<String>, uid: Option<u32>, channel: Channel) -> Self {
        Self { name: name.into(), uid, channel, from: None, process: None }
    }
}

/// What an event is about, named as it was then.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Subject {
    /// The kind, in the words of the models: `user`, `group`, `token`.
    pub kind: String,
    /// The id of a user or group; the serial of a token.
    pub id: i64,
    /// The username, the group's name, the token's name.
    pub name: Option<String>,
    /// The token's public id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl Subject {
    /// A user.
    #[must_use]
    pub fn user(user: &User) -> Self {
        Self { kind: "user".into(), id: user.id, name: Some(user.username.clone()), token: None }
    }

    /// A token.
    #[must_use]
    pub fn token(token: &Token) -> Self {
        Self::token_id(token.serial, token.id, token.name.clone())
    }

    fn token_id(serial: i64, id: TokenId, name: Option<String>) -> Self {
        Self { kind: "token".into(), id: serial, name, token: Some(id.to_string()) }
    }
}

/// What was done.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    /// The store was made.
    StoreCreated,
    /// A row was made.
    Created,
    /// Fields of a row were changed.
    Changed {
        /// Their names.
        fields: Vec<String>,
    },
    /// One statement made many rows.
    ManyCreated {
        /// Of which kind, as in [`Subject::kind`].
        kind: String,
        /// Their ids: the first and the last of each unbroken row of them.
        ids: Vec<(i64, i64)>,
    },
    /// One statement changed many rows.
    ManyChanged {
        /// Of which kind, as in [`Subject::kind`].
        kind: String,
        /// Their ids: the first and the last of each unbroken row of them.
        ids: Vec<(i64, i64)>,
        /// The names of the fields.
        fields: Vec<String>,
    },
    /// A row was deleted.
    Deleted,
    /// Members were added to or taken from a relation.
    Related {
        /// The relation: `groups`, `user_permissions`, `permissions`.
        relation: String,
        /// The ids that were added.
        added: Vec<i64>,
        /// The ids that were taken away.
        removed: Vec<i64>,
    },
    /// A token got a new key.
    Regenerated {
        /// Until when the old key stays valid.
        overlap_until: Option<Timestamp>,
    },
    /// A token was revoked.
    Revoked,
    /// One statement or command revoked many tokens.
    ManyRevoked {
        /// Their public ids.
        tokens: Vec<String>,
        /// The ids of the users whose they are, each once.
        owners: Vec<i64>,
    },
    /// Keys were shown: one event for a statement or a command, whatever number it shows.
    Revealed {
        /// How many.
        #[serde(default)]
        count: u64,
        /// The public ids of their tokens, where they are several and not too many.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tokens: Vec<String>,
        /// Where they are too many for that: the first and last serials of ranges of tokens.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        serials: Vec<(i64, i64)>,
    },
    /// Revoked tokens were removed after their retention.
    Purged {
        /// The public ids of those tokens.
        tokens: Vec<String>,
    },
    /// The secrets of the keyring were renewed.
    KeyringRotated {
        /// How many keys were sealed anew.
        keys: u64,
    },
    /// Credentials were refused, for a reason that the client is not told: one event for a class, a token and a span
    /// of time.
    Refused {
        /// `unknown`, `expired`, `revoked`, `superseded`, `inactive`, `password`.
        why: String,
        /// How often.
        count: u64,
        /// Since when.
        since: Timestamp,
        /// From which address the last one came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_from: Option<String>,
    },
    /// A password was accepted.
    LoggedIn,
}

/// An entry of the audit trail.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What was done.
    #[serde(flatten)]
    pub action: Action,
    /// To what.
    pub subject: Option<Subject>,
    /// Whose it is, where the subject belongs to a user: the user's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<i64>,
    /// Why, if it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Ascending numbers as spans from a first to a last one.
#[must_use]
pub fn spans(numbers: impl IntoIterator<Item = i64>) -> Vec<(i64, i64)> {
    let mut spans = Vec::new();
    numbers.into_iter().for_each(|number| add_to_spans(&mut spans, number));
    spans
}

/// Adds a number behind all those that lie in the spans.
pub fn add_to_spans(spans: &mut Vec<(i64, i64)>, number: i64) {
    match spans.last_mut() {
        Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
        Some(_) | None => spans.push((number, number)),
    }
}

/// Whether a number lies in one of the spans.
#[must_use]
pub fn is_within(spans: &[(i64, i64)], number: i64) -> bool {
    spans.iter().any(|(first, last)| (*first..=*last).contains(&number))
}
