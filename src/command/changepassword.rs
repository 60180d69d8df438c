//! Django's `changepassword`.

use clap::Args;
use zeroize::Zeroizing;

use super::{
    Context, Failure, Reply, Turn,
    django::{Common, Database},
    passwords,
    reason::Reason,
};
use crate::{authority::ChangeError, domain::User, password};

/// How often it asks.
const TRIES: usize = 3;

/// Change a user's password for django.contrib.auth
#[derive(Args, Debug)]
pub struct ChangePassword {
    /// Username to change password for; by default, it's the current username
    username: Option<String>,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    pub(super) reason: Reason,
    #[command(flatten)]
    pub(super) common: Common,
}

impl ChangePassword {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        context.may_change()?;
        let given = self.username.filter(|name| !name.is_empty());
        let username = given.unwrap_or_else(|| context.system_user().to_owned());
        let session = context.session()?;
        let user = session.borrow_mut().transact(|tx| tx.user_named(&username))?;
        let user = user.ok_or_else(|| Failure::command(format!("user '{username}' does not exist")))?;
        context.talk(Turn::Say(&format!("Changing password for user '{username}'\n")))?;
        let password = new_password(&user, context)?;
        let authority = context.authority()?;
        let encoded = password::make(&password, authority.entropy());
        session.borrow_mut().transact(|tx| match tx.find::<User>(user.id)? {
            Some(now) => tx.update(&User { password: encoded.clone(), ..now }),
            None => Err(ChangeError::Gone { what: "user" }),
        })?;
        Ok(Reply::text(format!("Password changed successfully for user '{username}'\n")))
    }
}

fn new_password(user: &User, context: &mut Context) -> Result<Zeroizing<String>, Failure> {
    for _ in 0..TRIES {
        let first = ask("Password: ", context)?;
        let second = ask("Password (again): ", context)?;
        if first != second {
            context.talk(Turn::Say("Passwords do not match. Please try again.\n"))?;
            continue;
        }
        let complaints = passwords::complaints(&first, user);
        if complaints.is_empty() {
            return Ok(first);
        }
        context.talk(Turn::Complain(&complaints.join("\n")))?;
    }
    let name = &user.username;
    Err(Failure::command(format!("Aborting password change for user '{name}' after {TRIES} attempts")))
}

/// An empty answer ends the command, as in Django.
fn ask(question: &str, context: &mut Context) -> Result<Zeroizing<String>, Failure> {
    match passwords::hidden(question, context)? {
        Some(password) if !password.is_empty() => Ok(password),
        Some(_) => Err(Failure::command("aborted")),
        None => Err(Failure::raised("EOFError", "")),
    }
}
