//! Which tokens a list shows or a change is about, where they are told by what they are like.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Failure, what};
use crate::{
    authority::Tx,
    domain::{Timestamp, Token, TokenState, Usage, User, text},
};

/// A token, whose it is, and how it is used.
pub(super) type Row = (Token, User, Usage);

/// Options that choose tokens; a token must satisfy all that are given
#[derive(Args, Debug, Default)]
pub(super) struct Chosen {
    /// Only tokens of this user
    #[arg(long)]
    pub user: Option<String>,
    /// Only tokens of this name
    #[arg(long)]
    pub name: Option<String>,
    /// Only tokens in this state
    #[arg(long)]
    pub state: Option<State>,
    /// Only tokens that were not used for this long, as in 90d
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub unused: Option<Duration>,
    /// Only tokens that expire within this time, as in 7d
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub expiring: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum State {
    Active,
    Expired,
    Revoked,
    All,
}

/// Reads a span for clap.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    text::span(text).map_err(|text::NoSpan| "write a span of time as 90d or 12h".to_owned())
}

impl Chosen {
    /// Whether anything was said.
    pub(super) fn is_given(&self) -> bool {
        let Self { user, name, state, unused, expiring } = self;
        user.is_some() || name.is_some() || state.is_some() || unused.is_some() || expiring.is_some()
    }

    /// The tokens with their users and their use, by username, and how many revoked ones were left out because no state
    /// was asked for.
    pub(super) fn find(&self, tx: &mut Tx<'_>) -> Result<(Vec<Row>, usize), Failure> {
        let now = tx.now();
        let tokens = match &self.user {
            Some(name) => {
                let id = what::user(name, tx)?.id;
                tx.tokens_of(id)?
            }
            None => tx.all::<Token>()?,
        };
        let (mut found, mut hidden) = (Vec::new(), 0);
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
            // Deleted in between: its tokens are gone with it.
            let Some(user) = tx.find::<User>(token.user)? else { continue };
            found.push((token, user, usage));
        }
        found.sort_by(|(s, a, _), (t, b, _)| a.username.cmp(&b.username).then(s.serial.cmp(&t.serial)));
        Ok((found, hidden))
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
