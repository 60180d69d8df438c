//! Where the values of an instance are that are not in its `__dict__`: in a row that was read, or nowhere yet, where they
//! are what its fields hold at first.

use std::{rc::Rc, sync::Arc};

use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};

use super::value::to_python;
use crate::{
    authority::query::Row,
    domain::{
        Model, Timestamp, Value,
        model::{Default as Initial, Kind},
    },
};

/// The places of the fields of a token that are looked up when they are asked for.
const LAZY: [&str; 4] = ["key", "state", "last_used", "uses"];

/// Where the values of an instance are.
#[derive(Debug)]
pub(super) enum Shelf {
    /// In its `__dict__`, but for `_state`, which is made when somebody asks for it; of one that [`Born`] tells of, also
    /// but for what its fields hold at first.
    Fresh(Option<Born>),
    /// As `Fresh`, of an instance that was made and has a row by now.
    Saved(Option<Born>),
    /// In its `__dict__`; what is missing there, in the row.
    Row(Packed),
    /// In its `__dict__`, all of them.
    Unpacked,
}

impl Default for Shelf {
    fn default() -> Self {
        Self::Fresh(None)
    }
}

impl Shelf {
    /// The model of what it holds beside the `__dict__`.
    pub(super) fn model(&self) -> Option<Model> {
        match self {
            Self::Fresh(born) | Self::Saved(born) => born.map(|born| born.model),
            Self::Row(packed) => Some(packed.model),
            Self::Unpacked => None,
        }
    }

    /// The value of a field that is not in the `__dict__`, where there is one.
    pub(super) fn value(&self, place: usize, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        match self {
            Self::Fresh(born) => born.map(|born| to_python(&born.value(place), vm)).transpose(),
            Self::Saved(born) => born.map(|born| to_python(&born.saved(place), vm)).transpose(),
            Self::Row(packed) => packed.value(place, vm),
            Self::Unpacked => Ok(None),
        }
    }
}

/// What an instance was made as, and when; of one that has a row whose time counts, when that was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Born {
    pub(super) model: Model,
    pub(super) at: Timestamp,
}

impl Born {
    /// What a field holds once there is a row, where nobody has set anything else.
    fn saved(self, place: usize) -> Value {
        match self.model.describe().fields[place].default {
            Initial::AddedNow => Value::Time(self.at),
            Initial::None | Initial::False | Initial::True | Initial::Now => self.value(place),
        }
    }

    /// What a field holds at first.
    pub(super) fn value(self, place: usize) -> Value {
        let field = &self.model.describe().fields[place];
        match field.default {
            Initial::False => Value::Bool(false),
            Initial::True => Value::Bool(true),
            Initial::Now => Value::Time(self.at),
            Initial::None | Initial::AddedNow => match field.kind {
                Kind::Char | Kind::Email | Kind::Text if !field.null => Value::Text(String::new()),
                Kind::Char
                | Kind::Email
                | Kind::Text
                | Kind::Auto
                | Kind::Boolean
                | Kind::PositiveSmallInteger
                | Kind::Integer
                | Kind::DateTime
                | Kind::ForeignKey(_)
                | Kind::OneToOne(_)
                | Kind::ManyToMany(_) => Value::Null,
            },
        }
    }
}

/// The row of an instance.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    pub(super) model: Model,
    pub(super) row: Arc<Row>,
    /// Which fields were asked for; none: all.
    pub(super) only: Option<Rc<[usize]>>,
}

impl Packed {
    /// The value of a field, where it is one that was asked for and lies in the row.
    pub(super) fn value(&self, place: usize, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        let lazy = || LAZY.contains(&self.model.describe().fields[place].attname);
        if self.only.as_ref().is_some_and(|only| !only.contains(&place)) || (self.row.token.is_some() && lazy()) {
            return Ok(None);
        }
        to_python(&self.row.value(place), vm).map(Some)
    }
}
