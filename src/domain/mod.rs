//! Pure values: users, groups, tokens, keys, events, and the table that describes the models. No I/O: time and
//! randomness come in through [`Clock`] and [`Entropy`].

mod event;
pub mod filter;
mod group;
mod key;
pub mod model;
mod policy;
pub mod text;
mod time;
mod token;
mod user;
pub mod validate;
mod value;

pub use event::{Action, Actor, Channel, Event, Subject, add_to_spans, is_within, spans};
pub use group::{ContentType, Group, Permission};
pub use key::{Key, from_hex, to_hex};
pub use model::Model;
pub use policy::{Policy, TokensDieWith};
pub use time::Timestamp;
pub use token::{Digest, KeyState, Revocation, Sealed, StoredKey, Superseded, Token, TokenId, TokenState, Usage};
pub use user::User;
pub use value::Value;

/// Tells the time. Built in `bin/` (the system's) and in tests (a clock that is stepped).
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Draws random bytes. Built in `bin/` (the system's generator) and in tests (seeded).
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);
}
