//! `keyring`: the secrets of the store.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Block, Cell, Context, Data, Failure, Note, Pace, Reply, Sheet, reason::Reason, reply::FormatArgs};
use crate::{
    authority::{KeyringStatus, Role, RotateError},
    domain::Timestamp,
};

/// Show how the store stands to its keyring, or renew its secrets
#[derive(Args, Debug)]
pub struct Keyring {
    #[command(subcommand)]
    action: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show how the keys of the store stand to its keyring
    Status(Show),
    /// Draw new secrets and seal every key anew; goes on with a rotation that was cut short
    Rotate(Rotate),
}

#[derive(Args, Debug, Default)]
struct Show {
    #[command(flatten)]
    format: FormatArgs,
}

/// A rotation
#[derive(Args, Debug)]
struct Rotate {
    #[command(flatten)]
    reason: Reason,
}

impl Keyring {
    pub(super) fn reason(&self) -> Option<&str> {
        match &self.action {
            Some(What::Rotate(rotate)) => rotate.reason.text(),
            Some(What::Status(_)) | None => None,
        }
    }

    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        match self.action {
            None => status(&Show::default(), context),
            Some(What::Status(show)) => status(&show, context),
            Some(What::Rotate(_)) => rotate(context),
        }
    }
}

fn status(show: &Show, context: &mut Context) -> Result<Reply, Failure> {
    let authority = context.authority()?;
    let session = context.session()?;
    let status = authority.keyring_status(&mut session.borrow_mut())?;
    let json = json!({
        "digest_key": status.digest_key, "seal_key": status.seal_key, "keys": status.keys,
        "to_reseal": status.to_reseal, "to_move": status.to_move,
    });
    let count = |n: u64| Cell::Number(i64::try_from(n).unwrap_or(i64::MAX));
    let fields = vec![
        ("digest key".to_owned(), count(status.digest_key.into())),
        ("seal key".to_owned(), count(status.seal_key.into())),
        ("keys".to_owned(), count(status.keys)),
        ("to be sealed anew".to_owned(), count(status.to_reseal)),
        ("move at their next use".to_owned(), count(status.to_move)),
    ];
    let blocks = vec![Block::Fields(fields, Timestamp::default())];
    let reply = Reply { data: Data::Sheet(Sheet { json, blocks }, show.format.format()), ..Reply::default() };
    Ok(match status.to_reseal {
        0 => reply,
        _ => reply.and(Note::Hint("a rotation was cut short: hallpass keyring rotate".into())),
    })
}

fn rotate(context: &mut Context) -> Result<Reply, Failure> {
    context.may_change()?;
    let authority = context.authority()?;
    let session = context.session()?;
    let mut meter = context.progress("sealing keys", None);
    let mut pace = Pace::default();
    let mut progress = |done| {
        meter(done);
        // A server that runs owns the store: where this process does, no request waits.
        if authority.role() == Role::Attached {
            pace.rest();
        }
    };
    let status: KeyringStatus = authority.rotate_keyring(&mut session.borrow_mut(), &mut progress).map_err(failure)?;
    drop(meter);
    let sealed = status.keys - status.to_move;
    let reply = Reply::status(format!(
        "The keyring has new secrets: {} sealed under seal key {}, and the old one opens nothing.",
        if sealed == 1 { "1 key is".to_owned() } else { format!("{sealed} keys are") },
        status.seal_key
    ));
    let reply = match status.to_move {
        0 => reply,
        n => reply.and(Note::Status(format!("{n} keys that are shown once only move at their next use."))),
    };
    Ok(reply.and(Note::Hint("keep a copy of the keyring apart from the store".into())))
}

fn failure(error: RotateError) -> Failure {
    let hints = error.hint().into_iter().collect();
    match error {
        RotateError::Change(error) => error.into(),
        error => Failure::Refused { message: error.to_string(), hints },
    }
}
