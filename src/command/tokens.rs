//! `tokens`: list the tokens.

use clap::Args;

use super::{
    Cell, Context, Failure, Note, Reply, Table,
    argparse::nearest,
    chosen::{Chosen, State},
    reply::FormatArgs,
    what::{self, state_word},
};
use crate::{
    authority::Tx,
    domain::{Timestamp, Token, Usage},
};

/// List the tokens; revoked ones only with --state
#[derive(Args, Debug)]
pub struct Tokens {
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    format: FormatArgs,
}

impl Tokens {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let session = context.session()?;
        let (table, hidden, near) = session.borrow_mut().transact(|tx| {
            let (table, hidden) = self.table(tx)?;
            let near = match &self.chosen.name {
                Some(name) if table.rows.is_empty() && hidden == 0 => {
                    nearest(name, tx.all::<Token>()?.into_iter().filter_map(|token| token.name))
                }
                Some(_) | None => None,
            };
            Ok::<_, Failure>((table, hidden, near.filter(|near| Some(near) != self.chosen.name.as_ref())))
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
    fn table(&self, tx: &mut Tx<'_>) -> Result<(Table, usize), Failure> {
        let now = tx.now();
        let (mut rows, hidden) = self.chosen.find(tx)?;
        // What is most urgent stands first.
        if self.chosen.expiring.is_some() {
            rows.sort_by_key(|(token, _, _)| token.expires);
        } else if self.chosen.unused.is_some() {
            rows.sort_by_key(|(token, _, usage)| usage.last_used.unwrap_or(token.created));
        } else if self.chosen.state == Some(State::Revoked) {
            rows.sort_by_key(|(token, _, _)| token.revoked.as_ref().map(|revocation| std::cmp::Reverse(revocation.at)));
        }
        let rows = rows.into_iter().map(|(token, user, usage)| row(user.username, &token, &usage, now)).collect();
        Ok((Table::new(&columns(), rows, now), hidden))
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
