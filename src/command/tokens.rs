//! `tokens`: list the tokens.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{
    Cell, Context, Failure, Note, Reply, Table,
    argparse::nearest,
    reply::FormatArgs,
    what::{self, state_word},
};
use crate::{
    authority::{ChangeError, Tx},
    domain::{Timestamp, Token, TokenState, Usage, User, text},
};

/// List the tokens; revoked ones only with --state
#[derive(Args, Debug)]
pub struct Tokens {
    /// Only tokens of this user
    #[arg(long)]
    user: Option<String>,
    /// Only tokens of this name
    #[arg(long)]
    name: Option<String>,
    /// Only tokens in this state
    #[arg(long)]
    state: Option<State>,
    /// Only tokens that were not used for this long, as in 90d
    #[arg(long, value_name = "SPAN", value_parser = span)]
    unused: Option<Duration>,
    /// Only tokens that expire within this time, as in 7d
    #[arg(long, value_name = "SPAN", value_parser = span)]
    expiring: Option<Duration>,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum State {
    Active,
    Expired,
    Revoked,
    All,
}

/// Reads a span for clap.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    text::span(text).map_err(|text::NoSpan| "write a span of time as 90d or 12h".to_owned())
}

impl Tokens {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let session = context.session()?;
        let (table, hidden, near) = session.borrow_mut().transact(|tx| {
            let user = match &self.user {
                Some(name) => Some(what::user(name, tx)?),
                None => None,
            };
            let (table, hidden) = self.table(user.as_ref(), tx)?;
            let near = match &self.name {
                Some(name) if table.rows.is_empty() && hidden == 0 => {
                    nearest(name, tx.all::<Token>()?.into_iter().filter_map(|token| token.name))
                }
                Some(_) | None => None,
            };
            Ok::<_, Failure>((table, hidden, near.filter(|near| Some(near) != self.name.as_ref())))
        })?;
        let reply = Reply::list(table, self.format.format(), "tokens");
        if let Some(near) = near {
            return Ok(reply.and(Note::Hint(format!("did you mean \"{}\"?", what::shown(&near)))));
        }
        Ok(match hidden {
            0 => reply,
            n => reply.and(Note::Status(format!("{n} revoked not shown: tokens --state revoked"))),
        })
    }

    /// The rows, and how many revoked tokens were left out.
    fn table(&self, user: Option<&User>, tx: &mut Tx<'_>) -> Result<(Table, usize), ChangeError> {
        let now = tx.now();
        let tokens = match user {
            Some(user) => tx.tokens_of(user.id)?,
            None => tx.all::<Token>()?,
        };
        let (mut rows, mut hidden) = (Vec::new(), 0);
        for token in tokens {
            if self.name.as_ref().is_some_and(|name| token.name.as_ref() != Some(name)) {
                continue;
            }
            let usage = tx.usage_of(&token)?;
            if !self.wants_times(&token, &usage, now) {
                continue;
            }
            if !self.wants_state(token.state(now)) {
                hidden += usize::from(self.state.is_none());
                continue;
            }
            let owner = tx.find::<User>(token.user)?.map_or_else(String::new, |user| user.username);
            rows.push((owner, token, usage));
        }
        rows.sort_by(|(a, s, _), (b, t, _)| a.cmp(b).then(s.serial.cmp(&t.serial)));
        // What is most urgent stands first.
        if self.expiring.is_some() {
            rows.sort_by_key(|(_, token, _)| token.expires);
        } else if self.unused.is_some() {
            rows.sort_by_key(|(_, token, usage)| usage.last_used.unwrap_or(token.created));
        } else if self.state == Some(State::Revoked) {
            rows.sort_by_key(|(_, token, _)| token.revoked.as_ref().map(|revocation| std::cmp::Reverse(revocation.at)));
        }
        let rows = rows.into_iter().map(|(owner, token, usage)| row(owner, &token, &usage, now)).collect();
        Ok((Table::new(&columns(), rows, now), hidden))
    }

    fn wants_state(&self, state: TokenState) -> bool {
        match (self.state, state) {
            (Some(State::All), _)
            | (Some(State::Active), TokenState::Active)
            | (Some(State::Expired), TokenState::Expired { .. })
            | (Some(State::Revoked), TokenState::Revoked { .. })
            | (None, TokenState::Active | TokenState::Expired { .. }) => true,
            (Some(State::Active | State::Expired | State::Revoked), _) | (None, TokenState::Revoked { .. }) => false,
        }
    }

    fn wants_times(&self, token: &Token, usage: &Usage, now: Timestamp) -> bool {
        let unused = self.unused.is_none_or(|span| usage.last_used.unwrap_or(token.created) + span <= now);
        let expiring = self.expiring.is_none_or(|span| token.expires.is_some_and(|at| now < at && at <= now + span));
        unused && expiring
    }
}

/// The columns of a list of tokens.
pub(super) fn columns() -> Vec<&'static str> {
    vec!["id", "user", "name", "state", "created", "expires", "last_used", "uses"]
}

/// A token's row in such a list.
pub(super) fn row(owner: String, token: &Token, usage: &Usage, now: Timestamp) -> Vec<Cell> {
    vec![
        Cell::Handle(token.id.to_string()),
        Cell::Handle(owner),
        token.name.clone().map_or(Cell::None, Cell::Handle),
        Cell::Text(state_word(token.state(now)).to_owned()),
        Cell::Moment(token.created),
        Cell::moment(token.expires),
        Cell::moment(usage.last_used),
        Cell::Number(i64::try_from(usage.uses).unwrap_or(i64::MAX)),
    ]
}
