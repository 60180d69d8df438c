//! Asking for a new password.

use zeroize::Zeroizing;

use super::{Answer, Context, Failure, Turn};
use crate::{domain::User, password};

/// A new password in two questions that agree.
pub(super) enum Asked {
    /// The same twice.
    Agreed(Zeroizing<String>),
    /// Two different ones.
    Differ,
}

/// Asks a question whose answer is not shown. `None`: the input ended.
pub(super) fn hidden(question: &str, context: &mut Context) -> Result<Option<Zeroizing<String>>, Failure> {
    match context.talk(Turn::AskHidden(question))? {
        Answer::Line(line) => Ok(Some(line)),
        Answer::End | Answer::Said => Ok(None),
        Answer::Interrupted => Err(Failure::Interrupted),
    }
}

/// Asks twice.
pub(super) fn twice(context: &mut Context) -> Result<Option<Asked>, Failure> {
    let Some(first) = hidden("Password: ", context)? else { return Ok(None) };
    let Some(second) = hidden("Password (again): ", context)? else { return Ok(None) };
    Ok(Some(if first == second { Asked::Agreed(first) } else { Asked::Differ }))
}

/// What Django's validators have against it, one line each.
pub(super) fn complaints(password: &str, user: &User) -> Vec<String> {
    let attributes = password::UserAttributes {
        username: &user.username,
        first_name: &user.first_name,
        last_name: &user.last_name,
        email: &user.email,
    };
    password::validate(password, Some(&attributes)).into_iter().map(password::Invalid::message).collect()
}
