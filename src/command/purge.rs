//! `purge`: remove what was revoked long ago.

use std::time::Duration;

use clap::Args;

use super::{Consent, Context, Failure, Reply, chosen::span, reason::Reason, user::counted};
use crate::domain::Timestamp;

/// How many tokens are removed in one commit.
const BATCH: usize = 100;

/// Remove tokens that were revoked long ago, for good; the audit trail keeps what it says of them
#[derive(Args, Debug)]
pub struct Purge {
    /// How long ago at least, as in 90d; without it what the policy says
    #[arg(long, value_name = "SPAN", value_parser = span)]
    older_than: Option<Duration>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub(super) reason: Reason,
}

impl Purge {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let older_than = match self.older_than {
            Some(span) => span,
            None => context.authority()?.policy().retention,
        };
        let session = context.session()?;
        let (before, due) = session.borrow_mut().transact(|tx| {
            let span = i64::try_from(older_than.as_micros()).unwrap_or(i64::MAX);
            let before = Timestamp(tx.now().0.saturating_sub(span));
            Ok::<_, Failure>((before, tx.revoked_before(before)?))
        })?;
        let told = before.to_the_second();
        let what = format!("remove {} revoked before {told}", counted(due.len(), "token"));
        if self.dry_run {
            return Ok(Reply::status(format!("Would {what}.")));
        }
        if due.is_empty() {
            return Ok(Reply::status(format!("No token was revoked before {told}; nothing was changed.")));
        }
        context.confirm(&what, &due.len().to_string(), Consent::from_flag(self.yes))?;
        let mut session = session.borrow_mut();
        let mut removed = 0;
        for some in due.chunks(BATCH) {
            removed += session.transact(|tx| tx.purge(some, before))?.len();
        }
        Ok(Reply::status(format!("Removed {}.", counted(removed, "token"))))
    }
}
