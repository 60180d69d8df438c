//! Moving in what another project dumped whole: `--skip-foreign`.
//!
//! Content types and permissions are rows of ours, whatever model they are about: they come along, and who holds them
//! keeps them. But their ids are another project's. So they are recognised by their names, a number that the dump has for
//! one leads to that one, and a permission of which nothing says what it is about is passed over with the links to it.

use std::collections::{BTreeMap, HashMap};

use super::{
    error::TransferError,
    object::{Object, Reference},
};
use crate::{
    authority::{Tx, entity::Entity, query::Patch},
    domain::{ContentType, Model, Permission, Value},
};

/// Where the dump's content types and permissions are here.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    /// By the primary keys of the dump.
    types: HashMap<i64, i64>,
    /// The same; none: it was passed over.
    permissions: HashMap<i64, Option<i64>>,
    /// What was passed over, by label.
    pub(super) passed: BTreeMap<String, usize>,
}

impl Foreign {
    fn pass_over(&mut self, label: String) {
        *self.passed.entry(label).or_default() += 1;
    }
}

impl Tx<'_> {
    /// Installs a content type of another project; where it is here.
    pub(super) fn install_foreign_type(
        &mut self,
        object: &Object,
        patch: Patch,
        foreign: &mut Foreign,
    ) -> Result<Option<i64>, TransferError> {
        let id = match self.existing(Model::ContentType, &patch)? {
            Some(id) => id,
            None => {
                let free = self.free::<ContentType>(object)?;
                self.put_row(Model::ContentType, free, patch)?
            }
        };
        foreign.types.extend(object.pk.int().map(|pk| (pk, id)));
        Ok(Some(id))
    }

    /// Installs a permission of another project; none where nothing says what it is about.
    pub(super) fn install_foreign_permission(
        &mut self,
        object: &Object,
        mut patch: Patch,
        foreign: &mut Foreign,
    ) -> Result<Option<i64>, TransferError> {
        const CONTENT_TYPE: usize = 2;
        let by_name = object.natural.iter().any(|(at, ..)| *at == CONTENT_TYPE);
        let given = patch.iter_mut().find(|(at, _)| *at == CONTENT_TYPE).map(|(_, value)| value);
        let mut named = by_name;
        if let (false, Some(value)) = (by_name, given)
            && let Some(here) = value.int().and_then(|pk| foreign.types.get(&pk))
        {
            *value = Value::Int(*here);
            named = true;
        }
        let id = match self.existing(Model::Permission, &patch)? {
            Some(id) => Some(self.put_row(Model::Permission, Some(id), patch)?),
            // A bare number of a type that the dump does not have says nothing here.
            None if !named || patch.iter().any(|(at, value)| *at == CONTENT_TYPE && value.is_null()) => None,
            None => {
                let free = self.free::<Permission>(object)?;
                Some(self.put_row(Model::Permission, free, patch)?)
            }
        };
        if id.is_none() {
            foreign.pass_over(object.label.clone());
        }
        foreign.permissions.extend(object.pk.int().map(|pk| (pk, id)));
        Ok(id)
    }

    /// The permission that a link of another project leads to; none, and counted, where it is not here.
    pub(super) fn foreign_link(
        &mut self,
        object: &Object,
        field: &str,
        reference: &Reference,
        foreign: &mut Foreign,
    ) -> Result<Option<i64>, TransferError> {
        let found = match reference {
            Reference::Natural(natural) => self.by_natural_key(Model::Permission, natural)?,
            Reference::Pk(pk) => match foreign.permissions.get(pk) {
                Some(here) => *here,
                None => self.find::<Permission>(*pk)?.map(|permission| permission.id),
            },
        };
        if found.is_none() {
            foreign.pass_over(format!("{}.{field}", object.label));
        }
        Ok(found)
    }

    /// The object's own primary key, where no row has it yet.
    fn free<R: Entity>(&mut self, object: &Object) -> Result<Option<i64>, TransferError> {
        match object.pk.int() {
            Some(pk) if self.find::<R>(pk)?.is_none() => Ok(Some(pk)),
            Some(_) | None => Ok(None),
        }
    }
}
