//! Django's `flush`.

use clap::Args;

use super::{
    Answer, Context, Failure, Reply, Turn,
    django::{Common, Database},
    reason::Reason,
    user::counted,
};
use crate::{
    authority::{Entity, Scan, Tx},
    domain::{Group, Token, User},
};

/// Remove ALL DATA from the store, including data added during migrations
#[derive(Args, Debug)]
pub struct Flush {
    /// Do not ask
    #[arg(long = "noinput", alias = "no-input")]
    noinput: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    pub(super) reason: Reason,
    #[command(flatten)]
    pub(super) common: Common,
}

impl Flush {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        if self.dry_run {
            return would_remove(context);
        }
        context.may_change()?;
        if !self.noinput {
            let question = format!(
                "You have requested a flush of the database.\nThis will IRREVERSIBLY DESTROY all data currently in \
                 the \"{}\" database,\nand return each table to an empty state.\nAre you sure you want to do \
                 this?\n\n    Type 'yes' to continue, or 'no' to cancel: ",
                context.store()
            );
            match context.talk(Turn::Ask(&question))? {
                Answer::Line(line) if line.as_str() == "yes" => {}
                Answer::Line(_) | Answer::Said => return Ok(Reply::text("Flush cancelled.\n")),
                Answer::End => return Err(Failure::raised("EOFError", "EOF when reading a line")),
                Answer::Interrupted => return Err(Failure::Interrupted),
            }
        }
        let session = context.session()?;
        session.borrow_mut().transact(|tx| tx.flush())?;
        Ok(Reply::default())
    }
}

/// Says what a flush would find.
fn would_remove(context: &mut Context) -> Result<Reply, Failure> {
    let session = context.session()?;
    let [users, tokens, groups] = session
        .borrow_mut()
        .transact(|tx| Ok::<_, Failure>([count::<User>(tx)?, count::<Token>(tx)?, count::<Group>(tx)?]))?;
    Ok(Reply::status(format!(
        "Would remove {}, {} and {}; nothing was changed.",
        counted(users, "user"),
        counted(tokens, "token"),
        counted(groups, "group")
    )))
}

fn count<E: Entity>(tx: &mut Tx<'_>) -> Result<usize, Failure> {
    let mut count = 0;
    tx.scan::<E>(|_| {
        count += 1;
        Scan::On
    })?;
    Ok(count)
}
