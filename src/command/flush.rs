//! Django's `flush`.

use clap::Args;

use super::{
    Answer, Context, Failure, Reply, Turn,
    django::{Common, Database},
    reason::Reason,
};

/// Remove ALL DATA from the store, including data added during migrations
#[derive(Args, Debug)]
pub struct Flush {
    /// Do not ask
    #[arg(long = "noinput", alias = "no-input")]
    noinput: bool,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    pub(super) reason: Reason,
    #[command(flatten)]
    pub(super) common: Common,
}

impl Flush {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
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
