//! `save` where there is nothing to it but the row: the values go from the instance to the authority without a stop in
//! the prelude.

use std::{cell::RefCell, sync::Arc};

use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::{PyDict, PyDictRef},
};

use super::{
    import,
    instance::{PyInstance, is_told, own_now},
    moments,
    rows::{self, PySealed},
    shelf::Born,
    state,
};
use crate::{
    authority::{
        Tx,
        query::{Patch, Row},
    },
    domain::{
        Key, Model, Value,
        model::{Default as Initial, Field},
    },
};

/// What `save` may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    Insert,
    Update,
    /// Set the fields of the row; where there is none, make it.
    Either,
}

impl Way {
    pub(super) const fn of(insert: bool, update: bool) -> Self {
        match (insert, update) {
            (true, _) => Self::Insert,
            (false, true) => Self::Update,
            (false, false) => Self::Either,
        }
    }
}

/// Where the values of an instance are that are not in its `__dict__`.
pub(super) enum Rest {
    Born(Born),
    Row(Arc<Row>),
    /// It has no others.
    Nowhere,
}

/// An instance whose values can be told without its class.
pub(super) struct Plain {
    pub(super) model: Model,
    pub(super) dict: PyDictRef,
    pub(super) rest: Rest,
}

impl Plain {
    fn held(&self, field: &Field, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        self.dict.get_item_opt(vm.ctx.intern_str(field.attname), vm)
    }

    /// The value of a field, where there is one.
    fn value(&self, place: usize, vm: &VirtualMachine) -> PyResult<Option<Value>> {
        if let Some(object) = self.held(&self.model.describe().fields[place], vm)? {
            return rows::prepare_save(self.model, place, &object, vm).map(Some);
        }
        Ok(match &self.rest {
            Rest::Born(born) => Some(born.value(place)),
            Rest::Row(row) => Some(row.value(place).into_owned()),
            Rest::Nowhere => None,
        })
    }

    /// Whether a value is one that the store computes.
    fn has_expressions(&self, vm: &VirtualMachine) -> PyResult<bool> {
        for field in self.model.describe().fields {
            if let Some(object) = self.held(field, vm)?
                && !is_common(&object, vm)
                && vm.get_attribute_opt(object, "_node")?.is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What there is of an instance once it has a row.
enum Made {
    /// Its primary key.
    Row(PyObjectRef),
    /// The token, whose key is sealed.
    Token(PyObjectRef),
}

impl Plain {
    /// Makes the row of these values and this primary key, and of those that are what they are because it is made.
    fn make(&self, mut patch: Patch, key: Value, vm: &VirtualMachine) -> PyResult<Made> {
        let description = self.model.describe();
        for (place, field) in description.fields.iter().enumerate() {
            if matches!(field.default, Initial::AddedNow) {
                let (object, value) = match own_now(vm)? {
                    Ok(now) => {
                        (moments::with_classes(vm, |classes| moments::datetime(now, classes, vm))?, Value::Time(now))
                    }
                    Err(theirs) => (theirs.clone(), rows::prepare_save(self.model, place, &theirs, vm)?),
                };
                self.dict.set_item(vm.ctx.intern_str(field.attname), object, vm)?;
                patch.retain(|(at, _)| *at != place);
                patch.push((place, value));
            }
        }
        patch.push((description.pk, key));
        let make = |tx: &mut Tx<'_>| tx.insert_row(self.model, patch.clone());
        let row = state::run(vm, |session| session.transact(make))?;
        Ok(match &row.token {
            Some(token) => Made::Token(PySealed::new(token).into_ref(&vm.ctx).into()),
            None => Made::Row(vm.ctx.new_int(row.id).into()),
        })
    }

    /// The values of all fields but the primary key.
    fn patch(&self, only: Option<&[String]>, vm: &VirtualMachine) -> PyResult<Patch> {
        let description = self.model.describe();
        let mut patch = Patch::with_capacity(description.fields.len() + 1);
        for (place, field) in description.fields.iter().enumerate() {
            let named = |only: &[String]| only.iter().any(|name| name == field.name || name == field.attname);
            if place != description.pk
                && only.is_none_or(named)
                && let Some(value) = self.value(place, vm)?
            {
                patch.push((place, value));
            }
        }
        Ok(patch)
    }

    /// Whether what it is related to is as Django wants it before a row is written.
    fn is_well_related(&self, cache: &PyDictRef, vm: &VirtualMachine) -> PyResult<bool> {
        for field in self.model.describe().fields.iter().filter(|field| field.related().is_some()) {
            let name = vm.ctx.intern_str(field.name);
            let Some(related) = cache.get_item_opt(name, vm)?.filter(|related| !vm.is_none(related)) else { continue };
            let pk = related.get_attr(vm.ctx.intern_str("pk"), vm)?;
            let own = self.held(field, vm)?;
            if vm.is_none(&pk) || !own.is_some_and(|own| own.is(&pk)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

thread_local! {
    /// The methods by which instances are saved, as they are where no script has put others in their place.
    static USUAL: RefCell<Vec<PyObjectRef>> = const { RefCell::new(Vec::new()) };
}

/// Says that these methods do what [`insert_new`] does.
pub(super) fn set_usual(methods: Vec<PyObjectRef>) {
    USUAL.with_borrow_mut(|usual| usual.extend(methods));
}

/// Whether nobody has another idea of what saving an instance of this class is.
fn is_saved_as_usual(plain: &Plain, instance: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    let of_tokens = plain.model.concrete() == Model::Token;
    let names = ["save", "save_base", "generate_key"];
    for name in &names[..if of_tokens { 3 } else { 2 }] {
        let name = vm.ctx.intern_str(*name);
        let method = instance.class().get_attr(name);
        let is_usual = method.is_some_and(|method| USUAL.with_borrow(|usual| usual.iter().any(|u| u.is(&method))));
        if !is_usual || plain.dict.contains_key(name, vm) {
            return Ok(false);
        }
    }
    if plain.dict.contains_key("_password", vm) || is_told(["pre_save", "post_save"], vm)? {
        return Ok(false);
    }
    // In an `atomic()` block an error does more than to be raised.
    let blocks = import(vm, "django.db.transaction")?.get_attr(vm.ctx.intern_str("_blocks"), vm)?;
    Ok(!blocks.is_true(vm)?)
}

/// Makes the row of an instance that was made just now, all in one, where everything about it is plain. Whether it was;
/// else nothing was done.
pub(super) fn insert_new(instance: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    let Some(plain) = PyInstance::plain(instance, vm)? else { return Ok(false) };
    let is_born = matches!(plain.rest, Rest::Born(_));
    if !is_born || !is_saved_as_usual(&plain, instance, vm)? || plain.has_expressions(vm)? {
        return Ok(false);
    }
    let state = plain.dict.get_item_opt(vm.ctx.intern_str("_state"), vm)?;
    if let Some(state) = &state {
        let Some(known) = state.dict() else { return Ok(false) };
        if known.contains_key("adding", vm) || known.contains_key("sealed", vm) {
            return Ok(false);
        }
        let cache = known.get_item_opt("_cache", vm)?.map(PyObjectRef::downcast::<PyDict>);
        if !cache.is_none_or(|cache| cache.is_ok_and(|cache| plain.is_well_related(&cache, vm).unwrap_or(false))) {
            return Ok(false);
        }
    }
    let description = plain.model.describe();
    let pk = &description.fields[description.pk];
    if plain.model.concrete() == Model::Token {
        let own = plain.held(pk, vm)?;
        if !own.map_or(Ok(false), |own| own.try_to_bool(vm))? {
            let key = state::run(vm, |session| session.transact(|tx| Ok(Key::generate(tx.entropy()))))?;
            plain.dict.set_item(vm.ctx.intern_str(pk.attname), vm.ctx.new_str(key.expose()).into(), vm)?;
        }
    }
    let key = plain.value(description.pk, vm)?.unwrap_or_default();
    let made = plain.make(plain.patch(None, vm)?, key, vm)?;
    let (key, sealed) = match made {
        Made::Row(key) => (Some(key), None),
        Made::Token(sealed) => (None, Some(sealed)),
    };
    PyInstance::saved(instance, key, vm)?;
    if let Some(state) = state {
        state.set_attr("adding", vm.ctx.new_bool(false), vm)?;
        state.set_attr("db", vm.ctx.new_str("default"), vm)?;
    }
    if let Some(sealed) = sealed {
        instance.get_attr(vm.ctx.intern_str("_state"), vm)?.set_attr("sealed", sealed, vm)?;
    }
    Ok(true)
}

/// Whether it is of a class that most values are of.
fn is_common(object: &PyObject, vm: &VirtualMachine) -> bool {
    let types = &vm.ctx.types;
    let class = object.class();
    vm.is_none(object) || class.is(types.str_type) || class.is(types.int_type) || class.is(types.bool_type)
}

/// Writes the row of an instance; `only` are the names of the fields that are set, none: all. Whether the row was there;
/// `None`: the instance is not plain, and nothing was done.
pub(super) fn write_plain(
    instance: &PyObject,
    way: Way,
    only: Option<&[String]>,
    vm: &VirtualMachine,
) -> PyResult<Option<bool>> {
    let Some(plain) = PyInstance::plain(instance, vm)? else { return Ok(None) };
    let (model, description) = (plain.model, plain.model.describe());
    let of_tokens = model.concrete() == Model::Token;
    if plain.has_expressions(vm)? || (of_tokens && way != Way::Insert) {
        return Ok(None);
    }
    // Of a token that was read the key has to be opened.
    if of_tokens
        && matches!(plain.rest, Rest::Nowhere)
        && plain.held(&description.fields[description.pk], vm)?.is_none()
    {
        return Ok(None);
    }
    let key = plain.value(description.pk, vm)?.unwrap_or_default();
    let id = match (way, &key) {
        (Way::Insert, _) | (Way::Either, Value::Null) => None,
        (Way::Update | Way::Either, Value::Int(id)) if PATCHED.contains(&model) => Some(*id),
        (Way::Update | Way::Either, _) => return Ok(None),
    };
    let patch = plain.patch(only, vm)?;
    if let Some(id) = id {
        if patch.is_empty() {
            return Ok(None);
        }
        let is_there = state::run(vm, |session| session.transact(|tx| tx.update_by_id(model, id, &patch)))?;
        if is_there || way == Way::Update {
            return Ok(Some(is_there));
        }
    }
    match plain.make(patch, key, vm)? {
        Made::Token(sealed) => instance.get_attr(vm.ctx.intern_str("_state"), vm)?.set_attr("sealed", sealed, vm)?,
        Made::Row(id) => {
            let name = vm.ctx.intern_str(description.fields[description.pk].attname);
            plain.dict.set_item(name, id, vm)?;
        }
    }
    Ok(Some(false))
}

/// The models whose rows are found by the primary key and patched.
const PATCHED: [Model; 4] = [Model::User, Model::Group, Model::Permission, Model::ContentType];
