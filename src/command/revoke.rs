//! `revoke`: revoke tokens, for good.

use std::collections::HashSet;

use clap::Args;

use super::{
    Consent, Context, Failure, Note, Reply,
    chosen::Chosen,
    reason::Reason,
    user::counted,
    what::{self, What, shown},
};
use crate::{
    authority::Tx,
    domain::{Token, User},
};

/// How many tokens are named where a person is asked.
const NAMED: usize = 20;

/// Revoke tokens, for good: those that are named, or those that --user, --name, --state, --unused and --expiring choose
#[derive(Args, Debug)]
pub struct Revoke {
    /// Usernames, USERNAME/NAME, tokens' ids, or - for a key on standard input
    #[arg(required_unless_present_any = CHOOSING, conflicts_with_all = CHOOSING)]
    what: Vec<String>,
    /// All tokens of the users that are named
    #[arg(long, conflicts_with_all = CHOOSING)]
    all: bool,
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    pub(super) reason: Reason,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Say what would be revoked, and revoke nothing
    #[arg(long)]
    dry_run: bool,
}

/// The options that choose tokens by what they are like.
const CHOOSING: [&str; 5] = ["user", "name", "state", "unused", "expiring"];

impl Revoke {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let mut what = Vec::new();
        for word in &self.what {
            what.push(What::read(word, context)?);
        }
        let session = context.session()?;
        let found = session.borrow_mut().transact(|tx| self.find(&what, tx))?;
        let named = if self.dry_run { found.len() } else { NAMED };
        let mut list =
            found.iter().take(named).map(|(token, user)| what::of(token, user)).collect::<Vec<_>>().join(", ");
        if found.len() > named {
            list.push_str(&format!(" and {} more", found.len() - named));
        }
        let sentence = match found.len() {
            0 => "there is nothing to revoke".to_owned(),
            1 => format!("revoke token {list}"),
            n => format!("revoke {n} tokens: {list}"),
        };
        if self.dry_run {
            return Ok(Reply::status(format!("Would {sentence}.")));
        }
        if found.is_empty() {
            return Ok(Reply::status("There is no live token to revoke; nothing was changed."));
        }
        let name = match found.as_slice() {
            [(_, user)] => user.username.clone(),
            [(_, first), rest @ ..] if rest.iter().all(|(_, user)| user.id == first.id) => first.username.clone(),
            _ => found.len().to_string(),
        };
        context.confirm(&sentence, &name, Consent::from_flag(self.yes))?;
        let mut session = session.borrow_mut();
        let done = session.transact(|tx| {
            // What was chosen is what still is so: a token that was used while the person thought is not unused.
            let still = match self.chosen.is_given() {
                true => Some(self.find(&what, tx)?.into_iter().map(|(token, _)| token.serial).collect::<HashSet<_>>()),
                false => None,
            };
            tx.look_ahead::<Token>(found.iter().map(|(token, _)| token.serial))?;
            let mut revoked = Vec::new();
            tx.crowded(found.len(), |tx| {
                for (token, user) in &found {
                    if still.as_ref().is_none_or(|still| still.contains(&token.serial)) && tx.revoke(token)? {
                        revoked.push(what::of(token, user));
                    }
                }
                Ok::<_, Failure>(())
            })?;
            // Of a long list nobody reads what else its users have.
            let alive = if still.is_some() || found.len() > NAMED { Vec::new() } else { alive(&found, tx)? };
            Ok::<_, Failure>((revoked, alive))
        });
        let (revoked, alive) = done?;
        let mut reply = Reply::default();
        reply.notes.extend(revoked.iter().map(|token| Note::Status(format!("Revoked token {token}."))));
        if revoked.is_empty() {
            reply.notes.push(Note::Status("It was revoked already; nothing was changed.".into()));
        }
        for (user, tokens) in alive {
            let names = tokens.iter().map(|token| what::of(token, &user)).collect::<Vec<_>>().join(", ");
            let user = shown(&user.username);
            let stay = if tokens.len() == 1 { "stays" } else { "stay" };
            reply
                .notes
                .push(Note::Status(format!("{} of {user} {stay} valid: {names}.", counted(tokens.len(), "token"))));
            reply.notes.push(Note::Hint(format!("all of them: hallpass revoke {user} --all")));
        }
        Ok(reply)
    }

    /// The tokens that are meant. A bare username means the unnamed one, with `--all` every live one.
    fn find(&self, what: &[What], tx: &mut Tx<'_>) -> Result<Vec<(Token, User)>, Failure> {
        if self.chosen.is_given() {
            let (found, _) = self.chosen.find(tx)?;
            let live = found.into_iter().filter(|(token, _, _)| token.is_live());
            return Ok(live.map(|(token, user, _)| (token, user)).collect());
        }
        What::look_ahead(what, tx)?;
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        for what in what {
            let tokens = match what {
                What::Name(name) if self.all => {
                    let user = what::user(name, tx)?;
                    let live = tx.tokens_of(user.id)?.into_iter().filter(Token::is_live);
                    live.map(|token| (token, user.clone())).collect()
                }
                What::Name(_) | What::Id(_) | What::Key(_) => vec![what.token(tx)?],
            };
            for (token, user) in tokens {
                if seen.insert(token.serial) {
                    found.push((token, user));
                }
            }
        }
        Ok(found)
    }
}

/// The tokens that the same users still have.
fn alive(revoked: &[(Token, User)], tx: &mut Tx<'_>) -> Result<Vec<(User, Vec<Token>)>, Failure> {
    let mut alive: Vec<(User, Vec<Token>)> = Vec::new();
    for (_, user) in revoked {
        if alive.iter().any(|(other, _)| other.id == user.id) {
            continue;
        }
        let now = tx.now();
        let tokens = tx.tokens_of(user.id)?;
        let valid = tokens.into_iter().filter(|token| token.state(now) == crate::domain::TokenState::Active);
        alive.push((user.clone(), valid.collect()));
    }
    alive.retain(|(_, tokens)| !tokens.is_empty());
    Ok(alive)
}
