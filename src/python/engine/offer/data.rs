//! What is in the store and fits the text that is being typed: usernames, addresses, groups, ids and names of tokens,
//! permissions. Never a key. A store that fails offers nothing.

use super::lookups;
use super::place::Call;
use crate::authority::Suggested;
use crate::domain::Model;
use crate::domain::filter::View;
use crate::domain::model::Field;
use crate::python::bridge;

/// The most values that are offered at once.
pub(super) const MOST: usize = 100;

/// The values of a kind that begin with `prefix`.
pub(super) fn values(what: Suggested, prefix: &str) -> Vec<String> {
    let found = bridge::with_session(|session| session.transact(|tx| tx.suggest(what, prefix, MOST)));
    found.ok().and_then(Result::ok).unwrap_or_default()
}

/// The names of a user's live tokens that begin with `prefix`.
pub(super) fn tokens_of(username: &str, prefix: &str) -> Vec<String> {
    let found = bridge::with_session(|session| {
        session.transact(|tx| match tx.user_named(username)? {
            Some(user) => tx.suggest_tokens_of(user.id, prefix, MOST),
            None => Ok(Vec::new()),
        })
    });
    found.ok().and_then(Result::ok).unwrap_or_default()
}

/// The values of the field that a look-up on `model` ends at.
pub(super) fn of_lookup(model: Model, view: View, lookup: &str, prefix: &str) -> Vec<String> {
    match lookups::field_of(model, view, lookup) {
        Some((model, field)) => of_field(model, field, prefix),
        None => Vec::new(),
    }
}

fn of_field(model: Model, field: &Field, prefix: &str) -> Vec<String> {
    let what = match (model.concrete(), field.name) {
        (Model::User, "username") => Suggested::Usernames,
        (Model::User, "email") => Suggested::Emails,
        (Model::User, "first_name") => Suggested::FirstNames,
        (Model::User, "last_name") => Suggested::LastNames,
        (Model::Group, "name") => Suggested::Groups,
        (Model::Permission, "codename") => Suggested::Codenames,
        (Model::Permission, "name") => Suggested::PermissionNames,
        (Model::ContentType, "app_label") => Suggested::AppLabels,
        (Model::ContentType, "model") => Suggested::ModelNames,
        (Model::Token, "id") => Suggested::TokenIds,
        (Model::Token, "name") => Suggested::TokenNames,
        (Model::Token, "state") => {
            let states = ["active", "expired", "revoked"];
            return states.into_iter().filter(|state| state.starts_with(prefix)).map(str::to_owned).collect();
        }
        _ => return Vec::new(),
    };
    values(what, prefix)
}

/// The values that a parameter of an ordinary function takes, by its name or its place.
pub(super) fn of_parameter(call: &Call<'_>, prefix: &str) -> Vec<String> {
    let function = call.callee.rsplit('.').next().unwrap_or_default();
    let what = match (function, call.keyword, call.before) {
        (_, Some("username"), _) | ("get_by_natural_key", None, 0) => Suggested::Usernames,
        (_, Some("email"), _) => Suggested::Emails,
        ("has_perm" | "ahas_perm" | "with_perm" | "has_perms", None, 0) => Suggested::Permissions,
        ("has_module_perms", None, 0) => Suggested::AppLabels,
        _ => return Vec::new(),
    };
    values(what, prefix)
}
