//! `about` and `version`.

use clap::Args;
use serde_json::json;

use super::{Block, Cell, Context, DJANGO, Data, Failure, Reply, Sheet, reply::FormatArgs};
use crate::{
    authority::{ChangeError, Role, Scan},
    domain::{Token, User, to_hex},
};

/// Say what this program is and which store it works on
#[derive(Args, Debug)]
pub struct About {
    #[command(flatten)]
    format: FormatArgs,
}

/// Say the version
#[derive(Args, Debug)]
pub struct Version {}

impl Version {
    pub(super) fn run(self) -> Reply {
        Reply::text(format!("{}\n", version_line()))
    }
}

/// Our version, and the Django that we answer as.
#[must_use]
pub(super) fn version_line() -> String {
    format!("hallpass {} (answers as Django {DJANGO})", env!("CARGO_PKG_VERSION"))
}

impl About {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let authority = context.authority()?;
        let session = context.session()?;
        let (users, tokens, events, now) = session.borrow_mut().transact(|tx| {
            let (mut users, mut tokens) = (0_i64, 0_i64);
            tx.scan::<User>(|_| {
                users += 1;
                Scan::On
            })?;
            tx.scan::<Token>(|token| {
                tokens += i64::from(token.is_live());
                Scan::On
            })?;
            Ok::<_, ChangeError>((users, tokens, tx.event_count()?, tx.now()))
        })?;
        let role = match authority.role() {
            Role::Owner => "owner",
            Role::Attached => "attached",
            Role::Memory => "memory",
        };
        let id = to_hex(&authority.store_id().0);
        let events = i64::try_from(events).unwrap_or(i64::MAX);
        let json = json!({
            "version": env!("CARGO_PKG_VERSION"), "django": DJANGO, "store": context.store(), "store_id": id,
            "role": role, "users": users, "tokens": tokens, "events": events,
        });
        let fields = vec![
            ("program".to_owned(), Cell::Text(version_line())),
            ("store".to_owned(), Cell::Handle(context.store().to_owned())),
            ("store id".to_owned(), Cell::Handle(id)),
            ("this process".to_owned(), Cell::Text(role.to_owned())),
            ("users".to_owned(), Cell::Number(users)),
            ("live tokens".to_owned(), Cell::Number(tokens)),
            ("audit events".to_owned(), Cell::Number(events)),
        ];
        let sheet = Sheet { json, blocks: vec![Block::Fields(fields, now)] };
        Ok(Reply { data: Data::Sheet(sheet, self.format.format()), ..Reply::default() })
    }
}
