//! Moving state in and out as Django's fixtures: what `loaddata` and `dumpdata` come down to.
//!
//! A fixture is read ([`Fixture::read`]) before a transaction begins, since that needs no store, and then installed in one
//! ([`super::Tx::install`]). Errors are those of Django's serializers, exception and text.

mod dump;
mod error;
mod fixture;
mod foreign;
mod full_token;
mod install;
mod json;
mod object;
mod pyrepr;
mod to_python;
mod write_json;
mod write_xml;
mod xml;

pub use dump::{DumpError, DumpOptions, Keys, dump};
pub use error::TransferError;
pub use fixture::{Fixture, Format, Unknown};
pub use install::Installed;
pub use object::{HALLPASS_TOKEN, Kind};
