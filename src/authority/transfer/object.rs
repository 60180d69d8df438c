//! An object of a fixture: which model, which primary key, which values; its references still by name where it says so.

use crate::domain::{Model, Value};

/// The label under which tokens travel with what Django has no place for.
pub const HALLPASS_TOKEN: &str = "hallpass.token";

/// What kind of row an object is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// One of Django's models.
    Model(Model),
    /// A token with what Django has no place for.
    FullToken,
}

impl Kind {
    /// `auth.User`.
    pub(super) fn label(self) -> String {
        match self {
            Self::Model(model) => model.label(),
            Self::FullToken => "hallpass.Token".into(),
        }
    }
}

/// A reference to a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reference {
    /// By primary key.
    Pk(i64),
    /// By natural key: a username; a group's name; codename, app and model.
    Natural(Vec<String>),
}

/// A many-to-many field of an object.
#[derive(Clone, Debug)]
pub(super) struct Many {
    /// Its place in the model.
    pub(super) field: usize,
    /// What it refers to.
    pub(super) to: Vec<Reference>,
    /// The references as Python shows each, for errors.
    pub(super) shown: Vec<String>,
}

/// An object, read and not installed.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) kind: Kind,
    /// The model as the fixture writes it.
    pub(super) label: String,
    /// The primary key as Python shows it, for errors.
    pub(super) shown_pk: String,
    /// The primary key: a number, or the key of a token.
    pub(super) pk: Value,
    /// The values that are given, by the place of the field.
    pub(super) values: Vec<(usize, Value)>,
    /// Foreign keys by natural key: the place of the field, the key, and as Python shows it.
    pub(super) natural: Vec<(usize, Vec<String>, String)>,
    pub(super) many: Vec<Many>,
    /// Of a token with what Django has no place for: the fields that are no model's.
    pub(super) extra: Vec<(String, Value)>,
}
