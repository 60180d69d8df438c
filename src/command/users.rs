//! `users`: list the users.

use std::collections::HashMap;

use clap::{Args, ValueEnum};

use super::{Cell, Context, Failure, Reply, Table, reply::FormatArgs, what};
use crate::{
    authority::{ChangeError, Scan, Tx},
    domain::{Token, User},
};

/// List the users
#[derive(Args, Debug)]
pub struct Users {
    /// Only the user of this name
    #[arg(long)]
    user: Option<String>,
    /// Only users whose name contains this
    #[arg(long)]
    name: Option<String>,
    /// Only users in this state
    #[arg(long)]
    state: Option<State>,
    #[command(flatten)]
    format: FormatArgs,
}

const COLUMNS: [&str; 9] =
    ["id", "username", "email", "active", "staff", "superuser", "tokens", "last_login", "date_joined"];

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum State {
    Active,
    Inactive,
}

impl Users {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let session = context.session()?;
        let table = session.borrow_mut().transact(|tx| {
            if let Some(name) = &self.user {
                what::user(name, tx)?;
            }
            Ok::<_, Failure>(self.table(tx)?)
        })?;
        Ok(Reply::list(table, self.format.format(), "users"))
    }

    fn table(&self, tx: &mut Tx<'_>) -> Result<Table, ChangeError> {
        let mut live: HashMap<i64, i64> = HashMap::new();
        tx.scan::<Token>(|token| {
            if token.is_live() {
                *live.entry(token.user).or_default() += 1;
            }
            Scan::On
        })?;
        let mut users = Vec::new();
        tx.scan::<User>(|user| {
            if self.wants(&user) {
                users.push(user);
            }
            Scan::On
        })?;
        users.sort_by(|a, b| a.username.cmp(&b.username));
        let row = |user: User| {
            vec![
                Cell::Number(user.id),
                Cell::Handle(user.username),
                Cell::Text(user.email),
                Cell::Flag(user.is_active),
                Cell::Flag(user.is_staff),
                Cell::Flag(user.is_superuser),
                Cell::Number(live.get(&user.id).copied().unwrap_or(0)),
                Cell::moment(user.last_login),
                Cell::Moment(user.date_joined),
            ]
        };
        Ok(Table::new(&COLUMNS, users.into_iter().map(row).collect(), tx.now()))
    }

    fn wants(&self, user: &User) -> bool {
        self.user.as_ref().is_none_or(|name| user.username == *name)
            && self.name.as_ref().is_none_or(|part| user.username.contains(part))
            && self.state.is_none_or(|state| user.is_active == (state == State::Active))
    }
}
