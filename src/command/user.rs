//! `user`: make, change and delete users.

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::{
    Consent, Context, Failure, Note, Person, Reply,
    passwords::{self, Asked},
    reason::Reason,
    what::{self, shown},
};
use crate::{
    authority::{ChangeError, Tx},
    domain::{Timestamp, User as Row, validate},
    password,
};

/// Make, change or delete a user
#[derive(Debug, Subcommand)]
pub enum User {
    /// Make a user; refused where there is one of this name
    Create(Make),
    /// Make a user unless there is one of this name
    Ensure(Make),
    /// Let an inactive user's tokens and password be accepted again
    Activate(Name),
    /// Refuse a user's tokens and password from now on
    Deactivate(Name),
    /// Delete a user with all their tokens
    Delete(Delete),
    /// Set a user's password
    Passwd(Passwd),
}

/// A user to be made
#[derive(Args, Debug)]
pub struct Make {
    /// The username
    name: String,
    /// The email address
    #[arg(long, default_value = "", hide_default_value = true)]
    email: String,
    /// The first name
    #[arg(long, default_value = "", hide_default_value = true)]
    first_name: String,
    /// The last name
    #[arg(long, default_value = "", hide_default_value = true)]
    last_name: String,
    /// May use Django's admin site
    #[arg(long)]
    staff: bool,
    /// Has every permission
    #[arg(long)]
    superuser: bool,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    reason: Reason,
}

/// Where a password comes from
#[derive(Args, Debug)]
struct Source {
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Ask for the password on the terminal
    #[arg(long, conflicts_with = "password_stdin")]
    ask_password: bool,
}

/// A user's name
#[derive(Args, Debug)]
pub struct Name {
    /// The username
    name: String,
    #[command(flatten)]
    reason: Reason,
}

/// A user to be deleted
#[derive(Args, Debug)]
pub struct Delete {
    /// The username
    name: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    reason: Reason,
}

/// A user who gets a password
#[derive(Args, Debug)]
pub struct Passwd {
    /// The username
    name: String,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Let no password be accepted
    #[arg(long, conflicts_with = "password_stdin")]
    unusable: bool,
    #[command(flatten)]
    reason: Reason,
}

impl User {
    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Self::Create(make) | Self::Ensure(make) => make.reason.text(),
            Self::Activate(name) | Self::Deactivate(name) => name.reason.text(),
            Self::Delete(delete) => delete.reason.text(),
            Self::Passwd(passwd) => passwd.reason.text(),
        }
    }

    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        match self {
            Self::Create(make) => make.run(Existing::Refuse, context),
            Self::Ensure(make) => make.run(Existing::Leave, context),
            Self::Activate(name) => name.set_active(Active::Yes, context),
            Self::Deactivate(name) => name.set_active(Active::No, context),
            Self::Delete(delete) => delete.run(context),
            Self::Passwd(passwd) => passwd.run(context),
        }
    }
}

/// What becomes of a user who is there already.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Existing {
    Refuse,
    Leave,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Active {
    Yes,
    No,
}

impl Make {
    fn run(self, existing: Existing, context: &mut Context) -> Result<Reply, Failure> {
        context.may_change()?;
        let session = context.session()?;
        let there = session.borrow_mut().transact(|tx| tx.user_named(&self.name))?;
        let name = shown(&self.name);
        match (there, existing) {
            (Some(_), Existing::Refuse) => {
                return Err(Failure::refused_with(
                    format!("there is a user named \"{name}\" already; nothing was changed"),
                    "user ensure does nothing then",
                ));
            }
            (Some(user), Existing::Leave) => {
                return Ok(Reply::status(format!("User {name} is there (id {}); nothing was changed.", user.id)));
            }
            (None, _) => {}
        }
        let wrong = [validate::username(&self.name), validate::email(&self.email)].concat();
        if let Some(wrong) = wrong.first() {
            return Err(Failure::refused(format!("{}; nothing was changed", lower(wrong))));
        }
        let authority = context.authority()?;
        let mut row = Row {
            id: 0,
            password: password::unusable(authority.entropy()),
            last_login: None,
            is_superuser: self.superuser,
            username: self.name.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            email: self.email.clone(),
            is_staff: self.staff,
            is_active: true,
            date_joined: Timestamp::default(),
        };
        if let Some(password) = self.source.read(&row, context)? {
            row.password = password::make(&password, authority.entropy());
        }
        let user = session.borrow_mut().transact(|tx| {
            // Somebody else may have been faster.
            match (tx.user_named(&row.username)?, existing) {
                (Some(user), Existing::Leave) => Ok(user),
                (Some(_), Existing::Refuse) | (None, _) => tx.insert(Row { date_joined: tx.now(), ..row.clone() }),
            }
        })?;
        let reply = Reply::status(format!("User {name} is there (id {}).", user.id));
        Ok(match password::is_usable(&user.password) {
            true => reply,
            false => reply.and(Note::Hint(format!("no password yet: user passwd {name}"))),
        })
    }
}

impl Source {
    /// The password, if one is to be set.
    fn read(&self, user: &Row, context: &mut Context) -> Result<Option<Zeroizing<String>>, Failure> {
        if self.password_stdin {
            return Ok(Some(from_stdin(user, context)?));
        }
        if self.ask_password {
            return Ok(Some(ask(user, context)?));
        }
        Ok(None)
    }
}

impl Name {
    fn set_active(self, active: Active, context: &mut Context) -> Result<Reply, Failure> {
        let session = context.session()?;
        let (user, changed) = session.borrow_mut().transact(|tx| {
            let user = Row { is_active: active == Active::Yes, ..what::user(&self.name, tx)? };
            let changed = tx.update(&user)?;
            Ok::<_, Failure>((user, changed))
        })?;
        let state = if user.is_active { "active" } else { "inactive" };
        let name = shown(&user.username);
        Ok(Reply::status(match changed.is_empty() {
            true => format!("User {name} is {state} already; nothing was changed."),
            false => format!("User {name} is {state}."),
        }))
    }
}

impl Delete {
    fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let session = context.session()?;
        let (user, tokens) = session.borrow_mut().transact(|tx| {
            let user = what::user(&self.name, tx)?;
            let tokens = tx.tokens_of(user.id)?.len();
            Ok::<_, Failure>((user, tokens))
        })?;
        let name = shown(&user.username);
        let what = format!("delete user {name} (id {}) with {}", user.id, counted(tokens, "token"));
        if self.dry_run {
            return Ok(Reply::status(format!("Would {what}.")));
        }
        context.confirm(&what, &user.username, Consent::from_flag(self.yes))?;
        let done = session.borrow_mut().transact(|tx: &mut Tx<'_>| match tx.find::<Row>(user.id)? {
            Some(user) => tx.delete_user(&user),
            None => Err(ChangeError::Gone { what: "user" }),
        })?;
        Ok(Reply::status(format!("Deleted user {name} with {}.", counted(done.tokens.len(), "token"))))
    }
}

impl Passwd {
    fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        context.may_change()?;
        let session = context.session()?;
        let user = session.borrow_mut().transact(|tx| what::user(&self.name, tx))?;
        let entropy = context.authority()?;
        let encoded = if self.unusable {
            password::unusable(entropy.entropy())
        } else if self.password_stdin {
            password::make(&from_stdin(&user, context)?, entropy.entropy())
        } else {
            password::make(&ask(&user, context)?, entropy.entropy())
        };
        session.borrow_mut().transact(|tx| match tx.find::<Row>(user.id)? {
            Some(now) => tx.update(&Row { password: encoded.clone(), ..now }),
            None => Err(ChangeError::Gone { what: "user" }),
        })?;
        let name = shown(&user.username);
        Ok(Reply::status(match self.unusable {
            true => format!("User {name} has no usable password now."),
            false => format!("User {name} has a new password."),
        }))
    }
}

/// A password from standard input, which must satisfy the validators.
fn from_stdin(user: &Row, context: &mut Context) -> Result<Zeroizing<String>, Failure> {
    let password = context.secret_from_stdin()?;
    match passwords::complaints(&password, user).into_iter().next() {
        Some(complaint) => Err(Failure::refused(lower(&complaint))),
        None => Ok(password),
    }
}

/// Asks until two answers agree and satisfy the validators.
fn ask(user: &Row, context: &mut Context) -> Result<Zeroizing<String>, Failure> {
    if context.person() == Person::Absent {
        return Err(Failure::refused_with("there is no terminal to ask for a password", "--password-stdin"));
    }
    loop {
        match passwords::twice(context)? {
            None => return Err(Failure::refused("no password was given; nothing was changed")),
            Some(Asked::Differ) => context.talk(super::Turn::Complain("The two do not agree.")).map(drop)?,
            Some(Asked::Agreed(password)) => {
                let complaints = passwords::complaints(&password, user);
                if complaints.is_empty() {
                    return Ok(password);
                }
                context.talk(super::Turn::Complain(&complaints.join("\n")))?;
            }
        }
    }
}

/// Django's sentence as our errors are written.
fn lower(sentence: &str) -> String {
    let mut chars = sentence.trim_end_matches('.').chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// `1 token`, `2 tokens`.
pub(super) fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
