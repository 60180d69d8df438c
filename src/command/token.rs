//! `token`: make tokens.

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::{Context, Data, Failure, Note, Reply, reason::Reason, what};
use crate::{
    authority::{NewToken, Recovery, Tx},
    domain::{self, Timestamp, TokenState, User, text},
};

/// Make a token
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token; refused where the user has one of this name
    Create(Make),
    /// Make a token unless the user has one of this name; one that is expired gets a new key
    Ensure(Make),
}

/// A token to be made
#[derive(Args, Debug)]
pub struct Make {
    /// The owner
    user: String,
    /// The token's name; without one it is the user's one token for Django and DRF
    #[arg(long)]
    name: Option<String>,
    /// When it expires: a span as in 90d, a date, or a moment
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// Print the key, alone on standard output
    #[arg(long)]
    show_key: bool,
    /// Keep only the key's digest: nobody can be shown it again
    #[arg(long)]
    show_once: bool,
    #[command(flatten)]
    reason: Reason,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Existing {
    Refuse,
    Leave,
}

/// What came of it.
enum Made {
    New(domain::Token, User, domain::Key),
    There(domain::Token, User, Option<domain::Key>),
    Renewed(domain::Token, User, domain::Key),
}

impl Token {
    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Self::Create(make) | Self::Ensure(make) => make.reason.text(),
        }
    }

    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        match self {
            Self::Create(make) => make.run(Existing::Refuse, context),
            Self::Ensure(make) => make.run(Existing::Leave, context),
        }
    }
}

impl Make {
    fn run(self, existing: Existing, context: &mut Context) -> Result<Reply, Failure> {
        let session = context.session()?;
        let mut session = session.borrow_mut();
        let made = session.transact(|tx| {
            let made = self.make(existing, tx)?;
            Ok::<_, Failure>((self.cut(&made, tx.now())?, made))
        });
        let (cut, made) = made?;
        let (sentence, key) = match made {
            Made::New(token, user, key) => (format!("Created token {}.", what::of(&token, &user)), Some(key)),
            Made::There(token, user, key) => (format!("Token {} is there.", what::of(&token, &user)), key),
            Made::Renewed(token, user, key) => {
                (format!("Token {} was expired and has a new key.", what::of(&token, &user)), Some(key))
            }
        };
        let mut reply = Reply::status(sentence);
        if let Some(end) = cut {
            reply.notes.push(Note::Warning(format!("the policy lets it live until {end}, no longer")));
        }
        if self.show_key || self.show_once {
            match key {
                Some(key) => reply.data = Data::Secret(Zeroizing::new(key.expose().to_owned())),
                None => {
                    return Err(Failure::refused_with(
                        "its key was shown once, when it was made",
                        "hallpass regenerate",
                    ));
                }
            }
        } else {
            let user = what::shown(&self.user);
            let what = self.name.as_ref().map_or_else(|| user.clone(), |name| format!("{user}/{}", what::shown(name)));
            reply.notes.push(Note::Hint(format!("its key: hallpass key {what}")));
        }
        Ok(reply)
    }

    fn make(&self, existing: Existing, tx: &mut Tx<'_>) -> Result<Made, Failure> {
        let user = what::user(&self.user, tx)?;
        let expires = self.expires(tx.now())?;
        let Some(token) = tx.token_named(user.id, self.name.as_deref())? else {
            let recovery = if self.show_once { Recovery::ShowOnce } else { Recovery::Sealed };
            let new = NewToken { name: self.name.clone(), expires, recovery, ..NewToken::of(user.id) };
            let (token, key) = tx.create_token(new)?;
            return Ok(Made::New(token, user, key));
        };
        match (existing, token.state(tx.now())) {
            (Existing::Refuse, _) => Err(Failure::refused_with(
                format!("there is token {} already; nothing was changed", what::of(&token, &user)),
                "token ensure takes the one that is there; regenerate gives it a new key",
            )),
            (Existing::Leave, TokenState::Expired { .. }) => {
                let (token, key) = tx.renew(&token, expires)?;
                Ok(Made::Renewed(token, user, key))
            }
            (Existing::Leave, TokenState::Active | TokenState::Revoked { .. }) => {
                let key = if self.show_key { tx.reveal_key(&token)? } else { None };
                Ok(Made::There(token, user, key))
            }
        }
    }

    /// The end of a token that was made, where it is earlier than what was asked for.
    fn cut(&self, made: &Made, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
        let asked = self.expires(now)?;
        Ok(match made {
            Made::New(token, ..) | Made::Renewed(token, ..) => {
                token.expires.filter(|end| asked.is_some_and(|asked| *end < asked))
            }
            Made::There(..) => None,
        })
    }

    fn expires(&self, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
        let Some(text) = &self.expires else { return Ok(None) };
        match text::moment(text, now) {
            Ok(moment) if moment > now => Ok(Some(moment)),
            Ok(_) => Err(Failure::refused(format!("\"{}\" is in the past; nothing was changed", text::escape(text)))),
            Err(text::NoSpan) => Err(Failure::refused_with(
                format!("\"{}\" is no moment; nothing was changed", text::escape(text)),
                "write a span as 90d, a date as 2030-01-31, or a moment as 2030-01-31T12:00:00Z",
            )),
        }
    }
}
