//! Values that are there and begin with what was typed: for completion. By range over an index and with a limit, never
//! a walk through all rows.

use super::{Scan, error::ChangeError, tx::Tx};
use crate::{
    domain::{Token, User},
    store::layout,
};

/// How many rows are looked through where a value has no index.
const LOOKED_THROUGH: usize = 500;

/// A value of a kind that can be suggested.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Suggested {
    /// Usernames.
    Usernames,
    /// Addresses: those of users whose name begins so too, and those of the first users.
    Emails,
    /// First names of the first users.
    FirstNames,
    /// Last names of the first users.
    LastNames,
    /// Names of groups.
    Groups,
    /// Ids of tokens.
    TokenIds,
    /// Names of the first tokens.
    TokenNames,
    /// Code names of permissions.
    Codenames,
    /// Permissions as `has_perm` takes them: `auth.add_user`.
    Permissions,
    /// What people read of permissions.
    PermissionNames,
    /// Labels of apps.
    AppLabels,
    /// Names of models.
    ModelNames,
}

impl Tx<'_> {
    /// At most `limit` values that begin with `prefix`, in order.
    pub fn suggest(&mut self, what: Suggested, prefix: &str, limit: usize) -> Result<Vec<String>, ChangeError> {
        let mut found = match what {
            Suggested::Usernames => self.indexed(&layout::username(prefix), limit)?,
            Suggested::Groups => self.indexed(&layout::group_name(prefix), limit)?,
            Suggested::TokenIds => self.token_ids(prefix, limit)?,
            Suggested::Emails => {
                let mut found = self.first(|user: User| user.email)?;
                for name in self.indexed(&layout::username(prefix.split('@').next().unwrap_or_default()), limit)? {
                    found.extend(self.user_named(&name)?.map(|user| user.email));
                }
                found
            }
            Suggested::FirstNames => self.first(|user: User| user.first_name)?,
            Suggested::LastNames => self.first(|user: User| user.last_name)?,
            Suggested::TokenNames => self.first(|token: Token| token.name.unwrap_or_default())?,
            Suggested::Codenames => self.first(|permission: crate::domain::Permission| permission.codename)?,
            Suggested::PermissionNames => self.first(|permission: crate::domain::Permission| permission.name)?,
            Suggested::Permissions => self.permissions()?,
            Suggested::AppLabels => self.first(|kind: crate::domain::ContentType| kind.app_label)?,
            Suggested::ModelNames => self.first(|kind: crate::domain::ContentType| kind.model)?,
        };
        found.retain(|value| !value.is_empty() && value.starts_with(prefix));
        found.sort();
        found.dedup();
        found.truncate(limit);
        Ok(found)
    }

    /// At most `limit` names of live tokens of a user that begin with `prefix`.
    pub fn suggest_tokens_of(&mut self, user: i64, prefix: &str, limit: usize) -> Result<Vec<String>, ChangeError> {
        let place = layout::token_name(user, Some(prefix));
        let from = layout::token_name(user, Some("")).len();
        self.keys_behind(&place, from, limit)
    }

    /// The names behind the first letter of the keys of an index.
    fn indexed(&mut self, place: &[u8], limit: usize) -> Result<Vec<String>, ChangeError> {
        self.keys_behind(place, 1, limit)
    }

    fn keys_behind(&mut self, place: &[u8], from: usize, limit: usize) -> Result<Vec<String>, ChangeError> {
        let mut found = Vec::new();
        self.range(place, |key, _| {
            found.extend(key.get(from..).and_then(|name| String::from_utf8(name.to_vec()).ok()));
            Ok(if found.len() < limit { Scan::On } else { Scan::Stop })
        })?;
        Ok(found)
    }

    fn token_ids(&mut self, prefix: &str, limit: usize) -> Result<Vec<String>, ChangeError> {
        let mut found = Vec::new();
        let Some(place) = layout::token_ids(prefix) else { return Ok(found) };
        let mut left = LOOKED_THROUGH;
        self.range(&place, |key, _| {
            left -= 1;
            found.extend(layout::read_token_id(key).map(|id| id.to_string()).filter(|id| id.starts_with(prefix)));
            Ok(if found.len() < limit && left > 0 { Scan::On } else { Scan::Stop })
        })?;
        Ok(found)
    }

    /// What `pick` takes of the first rows.
    fn first<E: super::Entity>(&mut self, pick: impl Fn(E) -> String) -> Result<Vec<String>, ChangeError> {
        let mut found = Vec::new();
        let mut left = LOOKED_THROUGH;
        self.scan(|row| {
            found.push(pick(row));
            left -= 1;
            if left > 0 { Scan::On } else { Scan::Stop }
        })?;
        Ok(found)
    }

    fn permissions(&mut self) -> Result<Vec<String>, ChangeError> {
        let mut labels = std::collections::HashMap::new();
        let mut left = LOOKED_THROUGH;
        self.scan(|kind: crate::domain::ContentType| {
            labels.insert(kind.id, kind.app_label);
            left -= 1;
            if left > 0 { Scan::On } else { Scan::Stop }
        })?;
        self.first(|permission: crate::domain::Permission| match labels.get(&permission.content_type) {
            Some(label) => format!("{label}.{}", permission.codename),
            None => String::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{NewToken, tests::bench};

    #[test]
    fn values_are_found_by_their_beginning_and_no_more_than_asked_for() {
        let bench = bench();
        let mut ids = Vec::new();
        for name in ["alice", "albert", "bob"] {
            let user = bench.session().transact(|tx| tx.insert(bench.user(name))).unwrap();
            let made = bench
                .session()
                .transact(|tx| tx.create_token(NewToken { name: Some(format!("of-{name}")), ..NewToken::of(user.id) }));
            ids.push(made.unwrap().0.id.to_string());
        }
        ids.sort();
        let ask = |what, prefix: &str, limit| bench.session().transact(|tx| tx.suggest(what, prefix, limit)).unwrap();
        assert_eq!(ask(Suggested::Usernames, "al", 10), ["albert", "alice"]);
        assert_eq!(ask(Suggested::Usernames, "", 1), ["albert"]);
        assert_eq!(ask(Suggested::TokenNames, "of-a", 10), ["of-albert", "of-alice"]);
        assert_eq!(ask(Suggested::TokenIds, "tok_", 10), ids);
        assert_eq!(ask(Suggested::TokenIds, &ids[1][..9], 10), [ids[1].clone()]);
        assert_eq!(ask(Suggested::TokenIds, "tok_!", 10), [""; 0]);
        assert!(ask(Suggested::Permissions, "auth.add_u", 10).contains(&"auth.add_user".to_owned()));
        let alice = bench.session().transact(|tx| tx.user_named("alice")).unwrap().unwrap();
        let of = |prefix: &str| bench.session().transact(|tx| tx.suggest_tokens_of(alice.id, prefix, 5)).unwrap();
        assert_eq!((of("of"), of("x")), (vec!["of-alice".to_owned()], Vec::new()));
    }
}
