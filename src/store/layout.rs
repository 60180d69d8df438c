//! Where things are: the keys of every row. Numbers are big-endian with the sign bit turned, so that the order of the
//! bytes is the order of the numbers.
//!
//! | key | value |
//! |---|---|
//! | `u` user id | the user |
//! | `U` username | user id |
//! | `g` group id | the group |
//! | `G` group name | group id |
//! | `p` permission id | the permission |
//! | `P` content type id, codename | permission id |
//! | `y` content type id | the content type |
//! | `Y` app label, 0, model | content type id |
//! | `m` relation, left id, right id | id of the link |
//! | `w` relation, right id, left id | id of the link |
//! | `t` token serial | the token |
//! | `T` token id | token serial |
//! | `d` epoch, digest | token serial |
//! | `n` user id, name | token serial of the live token of that name (no name: DRF's one) |
//! | `o` user id, token serial | nothing: all tokens of a user |
//! | `a` token serial divided by 32 | the usage of these tokens |
//! | `r` table, id | nothing: written with every row that refers to that one, compared when that one is deleted |
//! | `k` | which secrets of the keyring are in use |
//! | `c` counter | the last number that was given out |
//! | `e`, `E` | audit events and their head (see [`super::events`]) |

use crate::domain::{Digest, TokenId};

/// What kind of row a key is of: its first byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A record of a table.
    Record(Table),
    /// A username's user.
    Username,
    /// A group's name's group.
    GroupName,
    /// A codename's permission.
    Codename,
    /// A model's content type.
    ModelName,
    /// A link, seen from the left.
    Link,
    /// A link, seen from the right.
    Back,
    /// A public id's token.
    TokenId,
    /// A digest's token.
    Digest,
    /// The token that has a name among a user's.
    TokenName,
    /// That a token is a user's.
    Owned,
    /// The usage of neighbouring tokens.
    Usage,
    /// That other rows came to refer to this one.
    Referred,
    /// Which secrets of the keyring are in use.
    Keyring,
    /// The last number given out.
    Counter,
    /// An audit event.
    Event,
    /// The newest audit event.
    Head,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::Record(Table::User),
        Self::Record(Table::Group),
        Self::Record(Table::Permission),
        Self::Record(Table::ContentType),
        Self::Record(Table::Token),
        Self::Username,
        Self::GroupName,
        Self::Codename,
        Self::ModelName,
        Self::Link,
        Self::Back,
        Self::TokenId,
        Self::Digest,
        Self::TokenName,
        Self::Owned,
        Self::Usage,
        Self::Referred,
        Self::Keyring,
        Self::Counter,
        Self::Event,
        Self::Head,
    ];

    /// The first byte of its keys: the only place that knows it.
    #[must_use]
    pub const fn letter(self) -> u8 {
        match self {
            Self::Record(table) => table.letter(),
            Self::Username => b'U',
            Self::GroupName => b'G',
            Self::Codename => b'P',
            Self::ModelName => b'Y',
            Self::Link => b'm',
            Self::Back => b'w',
            Self::TokenId => b'T',
            Self::Digest => b'd',
            Self::TokenName => b'n',
            Self::Owned => b'o',
            Self::Usage => b'a',
            Self::Referred => b'r',
            Self::Keyring => b'k',
            Self::Counter => b'c',
            Self::Event => b'e',
            Self::Head => b'E',
        }
    }

    /// The kind of a key; `None` of one that no row of ours has.
    #[must_use]
    pub fn of(key: &[u8]) -> Option<Self> {
        let letter = *key.first()?;
        Self::ALL.into_iter().find(|kind| kind.letter() == letter)
    }
}

/// The kinds of rows that have a number of their own.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Table {
    /// Users.
    User,
    /// Groups.
    Group,
    /// Permissions.
    Permission,
    /// Content types.
    ContentType,
    /// Tokens, by serial.
    Token,
}

impl Table {
    const fn letter(self) -> u8 {
        match self {
            Self::User => b'u',
            Self::Group => b'g',
            Self::Permission => b'p',
            Self::ContentType => b'y',
            Self::Token => b't',
        }
    }

    /// The prefix of all its rows.
    #[must_use]
    pub fn prefix(self) -> Vec<u8> {
        vec![self.letter()]
    }

    /// The key of one row.
    #[must_use]
    pub fn row(self, id: i64) -> Vec<u8> {
        join(self.letter(), &[&number(id)])
    }

    /// The key of the row that holds the last number given out.
    #[must_use]
    pub fn counter(self) -> Vec<u8> {
        vec![Kind::Counter.letter(), self.letter()]
    }

    /// The key that is written whenever a row comes to refer to this one: who deletes this one after looking for such
    /// rows compares it, and so misses none.
    #[must_use]
    pub fn referred(self, id: i64) -> Vec<u8> {
        join(Kind::Referred.letter(), &[&[self.letter()], &number(id)])
    }
}

/// The many-to-many relations.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Relation {
    /// `user.groups`: left is the user, right the group.
    UserGroups,
    /// `user.user_permissions`: left is the user, right the permission.
    UserPermissions,
    /// `group.permissions`: left is the group, right the permission.
    GroupPermissions,
}

impl Relation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::UserGroups, Self::UserPermissions, Self::GroupPermissions];

    const fn letter(self) -> u8 {
        match self {
            Self::UserGroups => b'g',
            Self::UserPermissions => b'u',
            Self::GroupPermissions => b'p',
        }
    }

    /// The name of the field on the left model.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::UserGroups => "groups",
            Self::UserPermissions => "user_permissions",
            Self::GroupPermissions => "permissions",
        }
    }

    /// Which table the left id is of, and which the right one.
    #[must_use]
    pub const fn sides(self) -> (Table, Table) {
        match self {
            Self::UserGroups => (Table::User, Table::Group),
            Self::UserPermissions => (Table::User, Table::Permission),
            Self::GroupPermissions => (Table::Group, Table::Permission),
        }
    }

    /// The key of the row that holds the last link id given out.
    #[must_use]
    pub fn counter(self) -> Vec<u8> {
        vec![Kind::Counter.letter(), Kind::Link.letter(), self.letter()]
    }

    /// The link of two rows, seen from the left.
    #[must_use]
    pub fn link(self, left: i64, right: i64) -> Vec<u8> {
        join(Kind::Link.letter(), &[&[self.letter()], &number(left), &number(right)])
    }

    /// The link of two rows, seen from the right.
    #[must_use]
    pub fn back(self, right: i64, left: i64) -> Vec<u8> {
        join(Kind::Back.letter(), &[&[self.letter()], &number(right), &number(left)])
    }

    /// The prefix of all links of a left row; of all of the relation without one.
    #[must_use]
    pub fn links(self, left: Option<i64>) -> Vec<u8> {
        side(Kind::Link.letter(), self.letter(), left)
    }

    /// The prefix of all links of a right row.
    #[must_use]
    pub fn backs(self, right: Option<i64>) -> Vec<u8> {
        side(Kind::Back.letter(), self.letter(), right)
    }
}

/// The id at the end of a key made by [`Table::row`], [`Relation::link`], [`Relation::back`] or [`owned`].
#[must_use]
pub fn last_id(key: &[u8]) -> Option<i64> {
    key.last_chunk::<8>().map(|bytes| read(*bytes))
}

/// The two ids at the end of a key made by [`Relation::link`] or [`Relation::back`], in the order they stand in.
#[must_use]
pub fn last_two_ids(key: &[u8]) -> Option<(i64, i64)> {
    let (rest, last) = key.split_last_chunk::<8>()?;
    Some((read(*rest.last_chunk::<8>()?), read(*last)))
}

/// Which secrets of the keyring are in use: written when they are renewed.
pub const KEYRING: &[u8] = &[Kind::Keyring.letter()];

/// The user with this name.
#[must_use]
pub fn username(name: &str) -> Vec<u8> {
    join(Kind::Username.letter(), &[name.as_bytes()])
}

/// The group with this name.
#[must_use]
pub fn group_name(name: &str) -> Vec<u8> {
    join(Kind::GroupName.letter(), &[name.as_bytes()])
}

/// The permission with this codename on this content type.
#[must_use]
pub fn codename(content_type: i64, codename: &str) -> Vec<u8> {
    join(Kind::Codename.letter(), &[&number(content_type), codename.as_bytes()])
}

/// The content type of this model.
#[must_use]
pub fn content_type(app_label: &str, model: &str) -> Vec<u8> {
    join(Kind::ModelName.letter(), &[app_label.as_bytes(), &[0], model.as_bytes()])
}

/// The token with this public id.
#[must_use]
pub fn token_id(id: TokenId) -> Vec<u8> {
    join(Kind::TokenId.letter(), &[&id.0])
}

/// The prefix of the tokens whose public id begins so; `None` where none can.
#[must_use]
pub fn token_ids(beginning: &str) -> Option<Vec<u8>> {
    TokenId::beginning(beginning).map(|bytes| join(Kind::TokenId.letter(), &[&bytes]))
}

/// The public id in a key made by [`token_id`].
#[must_use]
pub fn read_token_id(key: &[u8]) -> Option<TokenId> {
    key.get(1..)?.try_into().ok().map(TokenId)
}

/// The token one of whose keys has this digest.
#[must_use]
pub fn digest(digest: &Digest) -> Vec<u8> {
    join(Kind::Digest.letter(), &[&digest.epoch.to_be_bytes(), &digest.bytes])
}

/// The digest in a key made by [`digest`].
#[must_use]
pub fn read_digest(key: &[u8]) -> Option<Digest> {
    let (epoch, bytes) = key.get(1..)?.split_first_chunk::<4>()?;
    Some(Digest { epoch: u32::from_be_bytes(*epoch), bytes: bytes.try_into().ok()? })
}

/// The live token of a user with this name; with none, DRF's one.
#[must_use]
pub fn token_name(user: i64, name: Option<&str>) -> Vec<u8> {
    // A name that is set is told from none by the byte before it.
    match name {
        None => join(Kind::TokenName.letter(), &[&number(user), &[0]]),
        Some(name) => join(Kind::TokenName.letter(), &[&number(user), &[1], name.as_bytes()]),
    }
}

/// That a token is a user's.
#[must_use]
pub fn owned(user: i64, serial: i64) -> Vec<u8> {
    join(Kind::Owned.letter(), &[&number(user), &number(serial)])
}

/// The prefix of all tokens of a user.
#[must_use]
pub fn owned_by(user: i64) -> Vec<u8> {
    join(Kind::Owned.letter(), &[&number(user)])
}

/// The row that holds the usage of a token, and the token's place in it.
#[must_use]
pub fn usage(serial: i64) -> (Vec<u8>, u8) {
    /// So many tokens share a row.
    const TOGETHER: i64 = 32;
    let place = u8::try_from(serial.rem_euclid(TOGETHER)).expect("it is less than 32");
    (join(Kind::Usage.letter(), &[&number(serial.div_euclid(TOGETHER))]), place)
}

/// A number as a value of an index row.
#[must_use]
pub fn number(n: i64) -> [u8; 8] {
    (n ^ i64::MIN).to_be_bytes()
}

/// Reads what [`number`] wrote.
#[must_use]
pub fn read_number(bytes: &[u8]) -> Option<i64> {
    bytes.try_into().ok().map(read)
}

fn read(bytes: [u8; 8]) -> i64 {
    i64::from_be_bytes(bytes) ^ i64::MIN
}

fn side(letter: u8, relation: u8, id: Option<i64>) -> Vec<u8> {
    match id {
        Some(id) => join(letter, &[&[relation], &number(id)]),
        None => vec![letter, relation],
    }
}

fn join(letter: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|p| p.len()).sum::<usize>());
    key.push(letter);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_their_numbers() {
        let ids = [i64::MIN, -1, 0, 1, 255, 256, i64::MAX];
        let keys = ids.map(|id| Table::User.row(id));
        assert!(keys.is_sorted());
        assert_eq!(keys.map(|key| last_id(&key)), ids.map(Some));
    }

    #[test]
    fn each_kind_has_a_letter_of_its_own() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(&[kind.letter(), 7]), Some(kind));
        }
        assert_eq!(Kind::of(b"?"), None);
        assert_eq!(Kind::of(b""), None);
    }

    #[test]
    fn a_digest_is_read_back_from_its_key() {
        let of = Digest { epoch: 3, bytes: [7; 32] };
        assert_eq!(read_digest(&digest(&of)), Some(of));
    }

    #[test]
    fn no_name_and_an_empty_name_are_two_places() {
        assert_ne!(token_name(1, None), token_name(1, Some("")));
    }
}
