//! `regenerate`: give a token a new key.

use std::time::Duration;

use clap::Args;
use zeroize::Zeroizing;

use super::{Context, Data, Failure, Note, Reply, chosen::span, reason::Reason, user::counted, what};
use crate::{
    authority::{Overlap, Tx},
    domain::Token,
};

/// Give a token a new key, printed alone on standard output; its id, name and history stay
#[derive(Args, Debug)]
pub struct Regenerate {
    /// A username, USERNAME/NAME, a token's id, or - for a key on standard input
    what: String,
    /// How long the old key stays valid, as in 1h; without it the old key is refused at once
    #[arg(long, value_name = "SPAN", value_parser = span)]
    overlap: Option<Duration>,
    /// Say what would become of the keys, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub(super) reason: Reason,
}

impl Regenerate {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let what = what::What::read(&self.what, context)?;
        let overlap = self.overlap.map_or(Overlap::None, Overlap::For);
        let session = context.session()?;
        let mut session = session.borrow_mut();
        let work = |tx: &mut Tx<'_>| {
            let (token, user) = what.token(tx)?;
            let before = earlier(&token, tx)?;
            let (token, key) = tx.regenerate(&token, None, overlap)?;
            Ok::<_, Failure>((token, user, key, before))
        };
        let done = if self.dry_run { session.rehearse(work) } else { session.transact(work) };
        let (token, user, key, before) = done?;
        let old = match (self.overlap, &token.superseded) {
            (Some(_), Some(old)) => format!("valid until {}", old.until.to_the_second()),
            (Some(_), None) | (None, _) => "refused from now on".to_owned(),
        };
        let of = what::of(&token, &user);
        let sentence = match self.dry_run {
            true => format!("Would give token {of} a new key, the old one being {old}; nothing was changed."),
            false => format!("Token {of} has a new key; the old one is {old}."),
        };
        let mut notes = vec![Note::Status(sentence)];
        notes.extend(before);
        let allowed = overlap_of(&token);
        if let (Some(asked), Some(allowed)) = (self.overlap, allowed)
            && allowed < asked
        {
            notes.push(Note::Warning("the policy allows no longer overlap".into()));
        }
        if !user.is_active {
            notes.push(Note::Warning(format!(
                "user {} is inactive: their keys are refused",
                what::shown(&user.username)
            )));
        }
        if self.dry_run {
            return Ok(Reply { notes, ..Reply::default() });
        }
        Ok(Reply { data: Data::Secret(Zeroizing::new(key.expose().to_owned())), notes, status: 0 })
    }
}

/// What is to be known of the key before the one that is replaced, where it was still valid: somebody may use it, and it
/// ends now, since a token has one old key at most.
fn earlier(token: &Token, tx: &mut Tx<'_>) -> Result<Option<Note>, Failure> {
    let Some(old) = token.superseded.as_ref().filter(|old| old.until > tx.now()) else { return Ok(None) };
    let usage = tx.usage_of(token)?;
    let uses = counted(usize::try_from(usage.superseded_uses).unwrap_or(usize::MAX), "use");
    let from = usage.superseded_from.map(|from| format!(", last from {}", what::shown(&from))).unwrap_or_default();
    let until = old.until;
    Ok(Some(Note::Warning(format!(
        "the key before that was valid until {until} and ends now: {uses} of it since{from}"
    ))))
}

/// How long the old key is valid from its replacement on.
fn overlap_of(token: &Token) -> Option<Duration> {
    let micros = token.superseded.as_ref()?.until.0 - token.key.since.0;
    Some(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}
