//! What a command is about: a username, `username/name`, a token's id, or `-` for a key on standard input.

use super::{Context, Failure, argparse::nearest};
use crate::{
    authority::{Scan, Tx},
    domain::{Key, Token, TokenId, TokenState, User, text::escape},
};

/// How many usernames are looked through for one that was meant.
const SUGGEST_FROM: usize = 10_000;

/// Words that name a token or a user, read but not looked up.
#[derive(Debug)]
pub(super) enum What {
    /// A key from standard input.
    Key(Key),
    /// A token's id.
    Id(TokenId),
    /// A username, or a username and a token's name.
    Name(String),
}

impl What {
    /// Reads a word; `-` reads standard input.
    pub(super) fn read(word: &str, context: &mut Context) -> Result<Self, Failure> {
        if word == "-" {
            let key = context.secret_from_stdin()?;
            if key.is_empty() {
                return Err(Failure::refused("there is no key on standard input"));
            }
            return Ok(Self::Key(Key::from_text(key.as_str().to_owned())));
        }
        Ok(match word.parse() {
            Ok(id) => Self::Id(id),
            Err(_) => Self::Name(word.to_owned()),
        })
    }

    /// Reads what [`What::token`] will ask for, all at once.
    pub(super) fn look_ahead(what: &[Self], tx: &mut Tx<'_>) -> Result<(), Failure> {
        if !tx.is_far() {
            return Ok(());
        }
        let names: Vec<_> = what.iter().filter_map(Self::name).collect();
        let bare = tx.look_ahead_users(names.iter().copied())?;
        let split: Vec<_> =
            names.iter().zip(&bare).filter(|(_, found)| found.is_none()).map(|(name, _)| *name).collect();
        let split: Vec<_> = split.into_iter().filter_map(|name| name.rsplit_once('/')).collect();
        let owners = tx.look_ahead_users(split.iter().map(|(username, _)| *username))?;
        let unnamed = bare.into_iter().flatten().map(|user| (user, None));
        let named = owners.into_iter().zip(split).filter_map(|(user, (_, name))| Some((user?, Some(name))));
        Ok(tx.look_ahead_tokens(unnamed.chain(named))?)
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Key(_) | Self::Id(_) => None,
        }
    }

    /// The token that is meant: for a bare username, the unnamed one.
    pub(super) fn token(&self, tx: &mut Tx<'_>) -> Result<(Token, User), Failure> {
        let token = match self {
            Self::Key(key) => tx
                .token_by_key(key)?
                .map(|(token, _)| token)
                .ok_or_else(|| Failure::refused("no token has this key"))?,
            Self::Id(id) => match tx.token_by_id(*id)? {
                Some(token) => token,
                None => return Err(no_id(&id.to_string(), tx)?),
            },
            Self::Name(name) => return named(name, tx),
        };
        let user = tx.owner_of(&token)?;
        Ok((token, user))
    }
}

fn named(word: &str, tx: &mut Tx<'_>) -> Result<(Token, User), Failure> {
    if let Some(user) = tx.user_named(word)? {
        return match tx.token_named(user.id, None)? {
            Some(token) => Ok((token, user)),
            None => Err(no_unnamed_token(&user, tx)?),
        };
    }
    if let Some((username, name)) = word.rsplit_once('/')
        && let Some(user) = tx.user_named(username)?
    {
        return match tx.token_named(user.id, Some(name))? {
            Some(token) => Ok((token, user)),
            None => {
                let names = tx.tokens_of(user.id)?.into_iter().filter(Token::is_live).filter_map(|token| token.name);
                let hint = match nearest(name, names) {
                    Some(near) => format!("did you mean {}/{}?", shown(username), shown(&near)),
                    None => format!("hallpass tokens --user {}", shown(username)),
                };
                let what = format!("user \"{}\" has no token named \"{}\"", shown(username), shown(name));
                Err(Failure::refused_with(what, hint))
            }
        };
    }
    if word.starts_with("tok_") { Err(no_id(word, tx)?) } else { Err(no_user(word, tx)?) }
}

/// That no token has such an id, with the one that was probably meant.
fn no_id(id: &str, tx: &mut Tx<'_>) -> Result<Failure, Failure> {
    let mut ids = Vec::new();
    tx.scan::<Token>(|token| {
        ids.push(token.id.to_string());
        if ids.len() < SUGGEST_FROM { Scan::On } else { Scan::Stop }
    })?;
    // Ids have nothing in common but their beginning: one or two letters are wrong, or it is another one.
    let near = ids.into_iter().map(|other| (strsim::osa_distance(id, &other), other)).min();
    let hint = match near {
        Some((1..=2, near)) => format!("did you mean {near}?"),
        Some(_) | None => "hallpass tokens".into(),
    };
    Ok(Failure::refused_with(format!("no token has the id {}", shown(id)), hint))
}

fn no_unnamed_token(user: &User, tx: &mut Tx<'_>) -> Result<Failure, Failure> {
    let live: Vec<_> = tx.tokens_of(user.id)?.into_iter().filter(Token::is_live).collect();
    let message = format!("user \"{}\" has no token", shown(&user.username));
    Ok(match live.iter().find_map(|token| token.name.as_deref()) {
        Some(name) => Failure::refused_with(
            format!("{message} without a name"),
            format!("there is {}/{}", shown(&user.username), shown(name)),
        ),
        None => Failure::refused_with(message, format!("hallpass token create {}", shown(&user.username))),
    })
}

/// That there is no such user, with the one that was probably meant.
pub(super) fn no_user(username: &str, tx: &mut Tx<'_>) -> Result<Failure, Failure> {
    let mut names = Vec::new();
    tx.scan::<User>(|user| {
        names.push(user.username);
        if names.len() < SUGGEST_FROM { Scan::On } else { Scan::Stop }
    })?;
    let hint = match nearest(username, names) {
        Some(near) => format!("did you mean \"{}\"?", shown(&near)),
        None => "hallpass users".into(),
    };
    Ok(Failure::refused_with(format!("no user named \"{}\"", shown(username)), hint))
}

/// The user of this name.
pub(super) fn user(username: &str, tx: &mut Tx<'_>) -> Result<User, Failure> {
    match tx.user_named(username)? {
        Some(user) => Ok(user),
        None => Err(no_user(username, tx)?),
    }
}

/// Data in a message: without control characters.
pub(super) fn shown(text: &str) -> String {
    escape(text)
}

/// A token in a sentence: its id, its name, its owner.
pub(super) fn of(token: &Token, user: &User) -> String {
    match &token.name {
        Some(name) => format!("{} (\"{}\" of {})", token.id, shown(name), shown(&user.username)),
        None => format!("{} of {}", token.id, shown(&user.username)),
    }
}

/// A state in one word.
pub(super) fn state_word(state: TokenState) -> &'static str {
    match state {
        TokenState::Active => "active",
        TokenState::Expired { .. } => "expired",
        TokenState::Revoked { .. } => "revoked",
    }
}
