//! Tokens with what Django has no place for: `hallpass.token` in our own dumps.

use std::collections::HashMap;

use super::{error::TransferError, object::Object};
use crate::{
    authority::Tx,
    domain::{Actor, Channel, Key, Revocation, Timestamp, Token, TokenId, User, Value},
};

impl Tx<'_> {
    /// Installs a token under its id.
    pub(super) fn install_full_token(
        &mut self,
        object: &Object,
        values: &HashMap<usize, Value>,
    ) -> Result<i64, TransferError> {
        let wrong = |text: &str| TransferError::deserialization(text);
        let id: TokenId = object.pk.text().and_then(|text| text.parse().ok()).ok_or_else(|| wrong("no token's id"))?;
        let extra: HashMap<&str, &Value> = object.extra.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let text = |name: &str| extra.get(name).and_then(|value| value.to_text());
        let time = |name: &str| text(name).and_then(|text| text.parse::<Timestamp>().ok());
        let number = |name: &str| extra.get(name).and_then(|value| value.int()).unwrap_or(0);
        let user = values.get(&1).and_then(Value::int).ok_or_else(|| wrong("no user"))?;
        if self.find::<User>(user)?.is_none() {
            return Err(wrong("there is no such user"));
        }
        let created = match values.get(&2) {
            Some(Value::Time(created)) => *created,
            _ => return Err(wrong("no moment of creation")),
        };
        let revoked = time("revoked").map(|at| Revocation {
            at,
            by: Actor::new(text("revoked_by").unwrap_or_default(), None, Channel::System),
            reason: text("reason"),
        });
        let key = values.get(&0).and_then(Value::text).map(|key| Key::from_text(key.to_owned()));
        let there = self.token_by_id(id)?;
        let token = match (there, key) {
            (Some(there), _) => {
                let new = Token { user, name: text("name"), created, expires: time("expires"), revoked, ..there };
                self.update(&new)?;
                new
            }
            (None, None) => return Err(wrong("no key: it was to be shown once only, and cannot be moved")),
            (None, Some(key)) => {
                let mut token = self.restored_token(id, user, &key, created)?;
                token.name = text("name");
                token.expires = time("expires");
                token.revoked = revoked;
                self.insert(token)?
            }
        };
        let uses = u64::try_from(number("uses")).unwrap_or(0);
        self.change_usage(&token, |usage| (usage.last_used, usage.uses) = (time("last_used"), uses))?;
        Ok(token.serial)
    }
}
