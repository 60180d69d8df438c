//! DRF's `drf_create_token`.

use clap::Args;

use super::{Context, Failure, Reply, django::Common, reason::Reason};
use crate::{
    authority::{NewToken, Tx},
    domain::TokenState,
};

/// Create DRF Token for a given user
#[derive(Args, Debug)]
pub struct DrfCreateToken {
    /// The username
    username: String,
    /// Reset existing User token and create a new one
    #[arg(short, long)]
    reset: bool,
    #[command(flatten)]
    pub(super) reason: Reason,
    #[command(flatten)]
    pub(super) common: Common,
}

impl DrfCreateToken {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let session = context.session()?;
        let key = session.borrow_mut().transact(|tx| self.token(tx))?;
        Ok(Reply::text(format!("Generated token {} for user {}\n", key.expose(), self.username)))
    }

    fn token(&self, tx: &mut Tx<'_>) -> Result<crate::domain::Key, Failure> {
        let Some(user) = tx.user_named(&self.username)? else {
            return Err(Failure::command(format!("Cannot create the Token: user {} does not exist", self.username)));
        };
        let there = tx.token_named(user.id, None)?;
        match there {
            Some(token) if self.reset => tx.delete_token(&token)?,
            // An expired token is of no use to whoever asked for one.
            Some(token) if token.state(tx.now()) != TokenState::Active => {
                return Ok(tx.renew(&token, None)?.1);
            }
            Some(token) => {
                if let Some(key) = tx.reveal_key(&token)? {
                    return Ok(key);
                }
                return Err(Failure::refused_with(
                    "the key of this token was shown once, when it was made",
                    "hallpass drf_create_token -r makes a new one",
                ));
            }
            None => {}
        }
        Ok(tx.create_token(NewToken::of(user.id))?.1)
    }
}
