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
    state, tables,
};
use crate::{
    authority::{
        Tx,
        query::{OnConflict, Patch, Row},
    },
    domain::{
        Key, Model, Timestamp, Value,
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

impl Made {
    fn of(row: &Row, vm: &VirtualMachine) -> Self {
        match &row.token {
            Some(token) => Self::Token(PySealed::new(token).into_ref(&vm.ctx).into()),
            None => Self::Row(vm.ctx.new_int(row.id).into()),
        }
    }
}

impl Plain {
    /// Makes the row of these values.
    fn make(&self, patch: &Patch, vm: &VirtualMachine) -> PyResult<Made> {
        let make = |tx: &mut Tx<'_>| tx.insert_row(self.model, patch.clone());
        let row = state::run(vm, |session| session.transact(make))?;
        Ok(Made::of(&row, vm))
    }

    /// Adds to the values what is what it is because the row is made now, and tells when that is: an instance that
    /// was born can say so itself later.
    pub(super) fn stamp(&self, patch: &mut Patch, vm: &VirtualMachine) -> PyResult<Option<Timestamp>> {
        let mut at = None;
        for (place, field) in self.model.describe().fields.iter().enumerate() {
            if !matches!(field.default, Initial::AddedNow) {
                continue;
            }
            let name = vm.ctx.intern_str(field.attname);
            let value = match own_now(vm)? {
                Ok(now) => {
                    if !matches!(self.rest, Rest::Born(_)) || self.dict.contains_key(name, vm) {
                        let object = moments::with_classes(vm, |classes| moments::datetime(now, classes, vm))?;
                        self.dict.set_item(name, object, vm)?;
                    }
                    at = Some(now);
                    Value::Time(now)
                }
                Err(theirs) => {
                    self.dict.set_item(name, theirs.clone(), vm)?;
                    rows::prepare_save(self.model, place, &theirs, vm)?
                }
            };
            patch.retain(|(at, _)| *at != place);
            patch.push((place, value));
        }
        Ok(at)
    }

    /// The state of an instance that is new in every respect, where somebody asked for it; `false`: it is not new.
    fn new_state(&self, vm: &VirtualMachine) -> PyResult<Result<Option<PyObjectRef>, ()>> {
        let Some(state) = self.dict.get_item_opt(vm.ctx.intern_str("_state"), vm)? else { return Ok(Ok(None)) };
        let Some(known) = state.dict() else { return Ok(Err(())) };
        if known.contains_key("adding", vm) || known.contains_key("sealed", vm) {
            return Ok(Err(()));
        }
        let cache = known.get_item_opt("_cache", vm)?.map(PyObjectRef::downcast::<PyDict>);
        let is_well = match cache {
            Some(Ok(cache)) => self.is_well_related(&cache, vm)?,
            Some(Err(_)) => false,
            None => true,
        };
        Ok(if is_well { Ok(Some(state)) } else { Err(()) })
    }

    /// The values of all fields, or of those that are named.
    fn patch(&self, only: Option<&[String]>, vm: &VirtualMachine) -> PyResult<Patch> {
        let description = self.model.describe();
        let mut patch = Patch::with_capacity(description.fields.len());
        for (place, field) in description.fields.iter().enumerate() {
            let named = |only: &[String]| only.iter().any(|name| name == field.name || name == field.attname);
            if only.is_none_or(named)
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
    let Ok(state) = plain.new_state(vm)? else { return Ok(false) };
    let description = plain.model.describe();
    let pk = &description.fields[description.pk];
    if plain.model.concrete() == Model::Token {
        let own = plain.held(pk, vm)?;
        if !own.map_or(Ok(false), |own| own.try_to_bool(vm))? {
            let key = state::run(vm, |session| session.transact(|tx| Ok(Key::generate(tx.entropy()))))?;
            plain.dict.set_item(vm.ctx.intern_str(pk.attname), vm.ctx.new_str(key.expose()).into(), vm)?;
        }
    }
    let mut patch = plain.patch(None, vm)?;
    let at = plain.stamp(&mut patch, vm)?;
    let made = plain.make(&patch, vm)?;
    settle(instance, state, at, Some(made), vm)?;
    Ok(true)
}

/// Says of an instance that was new that it has a row by now, and what there is of it; of one that was left out nothing
/// else is known.
fn settle(
    instance: &PyObject,
    state: Option<PyObjectRef>,
    at: Option<Timestamp>,
    made: Option<Made>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let (key, sealed) = match made {
        Some(Made::Row(key)) => (Some(key), None),
        Some(Made::Token(sealed)) => (None, Some(sealed)),
        None => (None, None),
    };
    PyInstance::saved(instance, key, at, vm)?;
    if let Some(state) = &state {
        state.set_attr("adding", vm.ctx.new_bool(false), vm)?;
        state.set_attr("db", vm.ctx.intern_str("default").to_owned(), vm)?;
    }
    if let Some(sealed) = sealed {
        let state = state.map_or_else(|| instance.get_attr(vm.ctx.intern_str("_state"), vm), Ok)?;
        state.set_attr("sealed", sealed, vm)?;
    }
    Ok(())
}

/// Makes the rows of instances that are fresh from their class, in one change. `false`: one of them is not, and nothing
/// was done.
pub(super) fn insert_fresh(
    model: Model,
    instances: &[PyObjectRef],
    conflict: OnConflict,
    vm: &VirtualMachine,
) -> PyResult<bool> {
    let mut states = Vec::with_capacity(instances.len());
    let mut patches = Vec::with_capacity(instances.len());
    for instance in instances {
        let Some(plain) = PyInstance::plain(instance, vm)?.filter(|plain| plain.model == model) else {
            return Ok(false);
        };
        let Ok(state) = plain.new_state(vm)? else { return Ok(false) };
        if !matches!(plain.rest, Rest::Born(_)) {
            return Ok(false);
        }
        let mut patch = plain.patch(None, vm)?;
        let at = plain.stamp(&mut patch, vm)?;
        states.push((state, at));
        patches.push(patch);
    }
    let made = tables::insert(model, &patches, conflict, vm)?;
    for ((instance, row), (state, at)) in instances.iter().zip(&made).zip(states) {
        let made = row.as_ref().map(|row| Made::of(row, vm));
        // Where rows may be left out, SQLite does not say what keys the others have.
        let told = made.filter(|made| conflict == OnConflict::Refuse || matches!(made, Made::Token(_)));
        settle(instance, state, at, told, vm)?;
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
    let mut patch = plain.patch(only, vm)?;
    patch.retain(|(place, _)| *place != description.pk);
    if let Some(id) = id {
        if patch.is_empty() {
            return Ok(None);
        }
        let is_there = state::run(vm, |session| session.transact(|tx| tx.update_by_id(model, id, &patch)))?;
        if is_there || way == Way::Update {
            return Ok(Some(is_there));
        }
    }
    patch.push((description.pk, key));
    plain.stamp(&mut patch, vm)?;
    match plain.make(&patch, vm)? {
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
