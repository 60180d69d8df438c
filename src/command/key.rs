//! `key`: show a token's key.

use clap::Args;
use zeroize::Zeroizing;

use super::{Context, Data, Failure, Note, Reply, what};
use crate::domain::TokenState;

/// Show a token's key, alone on standard output
#[derive(Args, Debug)]
pub struct Key {
    /// A username, USERNAME/NAME, a token's id, or - for a key on standard input
    what: String,
}

impl Key {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let what = what::What::read(&self.what, context)?;
        let session = context.session()?;
        let (token, user, key, now) = session.borrow_mut().transact(|tx| {
            let (token, user) = what.token(tx)?;
            let key = tx.reveal_key(&token)?;
            Ok::<_, Failure>((token, user, key, tx.now()))
        })?;
        let of = what::of(&token, &user);
        let Some(key) = key else {
            return Err(Failure::refused_with(
                format!("the key of {of} was shown once, when it was made"),
                format!("hallpass regenerate {}", token.id),
            ));
        };
        let mut notes = Vec::new();
        match token.state(now) {
            TokenState::Active if user.is_active => {}
            TokenState::Active => notes.push(Note::Warning(format!("the owner of {of} is inactive"))),
            TokenState::Expired { .. } => notes.push(Note::Warning(format!("{of} is expired"))),
            TokenState::Revoked { .. } => notes.push(Note::Warning(format!("{of} is revoked"))),
        }
        Ok(Reply { data: Data::Secret(Zeroizing::new(key.expose().to_owned())), notes, status: 0 })
    }
}
