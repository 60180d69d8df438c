//! Rows on their way to Python: instances and selections, made in one go; and attributes on their way back.

use std::{
    cell::RefCell,
    sync::{Arc, Weak},
};

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::{PyDictRef, PyListRef, PyTypeRef},
    pyclass,
};

use super::{
    import,
    instance::{NoCollector, Press},
    query::model_of,
    raise, state,
    value::{Out, Prepared, label, prepare, to_python},
};
use crate::{
    authority::{
        Tx,
        query::{Deleted, Fetched, Found, Patch, Picked, QueryError, Row},
    },
    domain::{
        Model, Token, Value,
        filter::{Expr, Func, Query, Select, View},
        model::{Field, Seen},
    },
};

/// The model of a label.
pub(super) fn model(label: &str, vm: &VirtualMachine) -> PyResult<Model> {
    Model::by_label(label).ok_or_else(|| raise(vm, "builtins", "LookupError", format!("No model named '{label}'.")))
}

/// Whether a field belongs to a view of the model.
pub(super) fn is_seen(field: &Field, view: View) -> bool {
    match field.seen {
        Seen::Django => true,
        Seen::Beyond => view == View::Every,
    }
}

/// How many columns a query selects.
pub(super) fn columns(query: &Query) -> usize {
    let shown = query.annotations.iter().filter(|annotation| annotation.shown).count();
    match &query.select {
        Select::Row => shown + query.model.describe().fields.iter().filter(|field| is_seen(field, query.view)).count(),
        Select::Only(fields) => shown + fields.len(),
        Select::Values(values) => values.len(),
    }
}

/// A token whose key is opened when it is asked for, not before.
#[pyclass(module = "_hallpass", name = "Sealed")]
#[derive(Debug, PyPayload)]
pub(super) struct PySealed {
    token: Token,
}

impl PySealed {
    pub(super) fn new(token: &Token) -> Self {
        Self { token: token.clone() }
    }
}

#[pyclass]
impl PySealed {
    /// The key; none where it was to be shown once only.
    #[pymethod]
    fn key(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<String>> {
        let key = state::run(vm, |session| session.transact(|tx| Ok(tx.show_key(&zelf.token)?)))?;
        Ok(key.map(|key| key.expose().to_owned()))
    }

    /// The token's public id: which row it is, whatever its key.
    #[pygetset]
    fn id(zelf: &Py<Self>) -> String {
        zelf.token.id.to_string()
    }

    /// The token's own number.
    #[pygetset]
    fn serial(zelf: &Py<Self>) -> i64 {
        zelf.token.serial
    }
}

/// What a query gave: rows as they are, or what was computed.
pub(super) enum Results {
    Picked(Picked),
    Fetched(Fetched),
}

impl Results {
    pub(super) fn of(tx: &mut Tx<'_>, query: &Query) -> Result<Self, QueryError> {
        match tx.pick(query)? {
            Some(picked) => Ok(Self::Picked(picked)),
            None => tx.fetch(query).map(Self::Fetched),
        }
    }
}

/// Instances of `class` with the rows' values.
pub(super) fn instances(
    query: &Query,
    results: Results,
    class: &PyTypeRef,
    vm: &VirtualMachine,
) -> PyResult<PyListRef> {
    let only = match &query.select {
        Select::Only(fields) => Some(fields.as_slice()),
        Select::Row | Select::Values(_) => None,
    };
    let press = Press::new(class, query.model, only, vm);
    let _quiet = NoCollector::new();
    let fetched = match results {
        Results::Picked(picked) => {
            let instances = picked.rows().iter().map(|row| press.instance(Arc::clone(row)).into());
            return Ok(vm.ctx.new_list(instances.collect()));
        }
        Results::Fetched(fetched) => fetched,
    };
    let names: Vec<_> =
        query.annotations.iter().filter(|a| a.shown).map(|a| vm.ctx.intern_str(a.name.as_str())).collect();
    let mut list = Vec::with_capacity(fetched.found.len());
    for found in fetched.found {
        let Found::Row(row, annotations) = found else { continue };
        let instance: PyObjectRef = press.instance(row).into();
        if let Some(dict) = instance.dict().filter(|_| !names.is_empty()) {
            for (name, value) in names.iter().zip(&annotations) {
                dict.set_item(*name, to_python(value, vm)?, vm)?;
            }
        }
        list.push(instance);
    }
    Ok(vm.ctx.new_list(list))
}

/// The selected values, each result in one of three forms.
pub(super) fn selection(query: &Query, results: Results, form: &str, vm: &VirtualMachine) -> PyResult<PyListRef> {
    let selected = match &query.select {
        Select::Values(values) => values.as_slice(),
        Select::Row | Select::Only(_) => &[],
    };
    let names: Vec<_> = selected.iter().map(|(name, _)| vm.ctx.intern_str(name.as_str())).collect();
    let exprs: Vec<&Expr> = selected.iter().map(|(_, expr)| expr).collect();
    let _quiet = NoCollector::new();
    let formed = |values: Vec<PyObjectRef>| -> PyResult {
        Ok(match form {
            "dict" => {
                let dict = vm.ctx.new_dict();
                for (name, value) in names.iter().zip(values) {
                    dict.set_item(*name, value, vm)?;
                }
                dict.into()
            }
            "flat" => values.into_iter().next().unwrap_or_else(|| vm.ctx.none()),
            _ => vm.ctx.new_tuple(values).into(),
        })
    };
    let list = match results {
        Results::Picked(picked) => {
            let fields: Vec<usize> = exprs
                .iter()
                .filter_map(|expr| if let Expr::Column { field, .. } = expr { Some(*field) } else { None })
                .collect();
            if let ("flat", [field, ..]) = (form, fields.as_slice()) {
                return Ok(vm.ctx.new_list(flat(&picked, *field, vm)?));
            }
            let mut columns: Vec<_> = fields.iter().map(|_| Repeated::default()).collect();
            let mut list = Vec::with_capacity(picked.rows().len());
            for row in picked.rows() {
                let values = fields.iter().zip(&mut columns).map(|(field, seen)| seen.object(&row.value(*field), vm));
                list.push(formed(values.collect::<PyResult<_>>()?)?);
            }
            list
        }
        Results::Fetched(fetched) => {
            let mut list = Vec::with_capacity(fetched.found.len());
            for found in fetched.found {
                let Found::Values(values) = found else { continue };
                let values = values.iter().enumerate();
                let objects = values.map(|(place, value)| zoned(exprs.get(place).copied(), value, vm));
                list.push(formed(objects.collect::<PyResult<_>>()?)?);
            }
            list
        }
    };
    Ok(vm.ctx.new_list(list))
}

/// The objects of a whole table's column are kept for the next time that they are asked for, up to so many.
const KEPT: usize = 200_000;

/// A table, the place of a field, and its objects.
type Column = (Weak<Vec<Arc<Row>>>, usize, Vec<PyObjectRef>);

thread_local! {
    static COLUMN: RefCell<Option<Column>> = const { RefCell::new(None) };
}

/// One field of all rows.
fn flat(picked: &Picked, field: usize, vm: &VirtualMachine) -> PyResult<Vec<PyObjectRef>> {
    let object = |row: &Arc<Row>| match row.text(field) {
        Some(text) => Ok(vm.ctx.new_str(text).into()),
        None => to_python(&row.value(field), vm),
    };
    let made = || picked.rows().iter().map(object).collect::<PyResult<Vec<_>>>();
    // Only what cannot be changed may be the same object twice.
    let fixed = |row: &Arc<Row>| matches!(*row.value(field), Value::Text(_) | Value::Int(_));
    let Some(table) = picked.whole().filter(|rows| rows.len() <= KEPT && rows.first().is_some_and(fixed)) else {
        return made();
    };
    let known = COLUMN.with_borrow(|kept| match kept {
        Some((of, at, objects)) if *at == field && std::ptr::eq(of.as_ptr(), Arc::as_ptr(table)) => {
            Some(objects.clone())
        }
        Some(_) | None => None,
    });
    if let Some(objects) = known {
        return Ok(objects);
    }
    let objects = made()?;
    COLUMN.set(Some((Arc::downgrade(table), field, objects.clone())));
    Ok(objects)
}

/// The object of a column's last value: the next row often has the same one.
#[derive(Default)]
struct Repeated(Option<(Value, PyObjectRef)>);

impl Repeated {
    fn object(&mut self, value: &Value, vm: &VirtualMachine) -> PyResult {
        match &self.0 {
            Some((last, object)) if last == value => Ok(object.clone()),
            Some(_) | None => {
                let object = to_python(value, vm)?;
                self.0 = Some((value.clone(), object.clone()));
                Ok(object)
            }
        }
    }
}

/// A value; a moment that was cut down is in the current time zone, as Django's is.
fn zoned(expr: Option<&Expr>, value: &Value, vm: &VirtualMachine) -> PyResult {
    let object = to_python(value, vm)?;
    match (expr, value) {
        (Some(Expr::Call(Func::Truncate(_), _)), Value::Time(_)) => {
            let zone = import(vm, "django.utils.timezone")?.get_attr("get_current_timezone", vm)?.call((), vm)?;
            vm.call_method(&object, "astimezone", (zone,))
        }
        _ => Ok(object),
    }
}

/// The primary key of the first result.
pub(super) fn first_pk(fetched: Fetched, vm: &VirtualMachine) -> PyResult {
    match fetched.found.into_iter().next() {
        Some(Found::Row(row, _)) => key_of(&row, vm),
        Some(Found::Values(_)) | None => Ok(vm.ctx.none()),
    }
}

/// The primary key of a row.
pub(super) fn key_of(row: &Row, vm: &VirtualMachine) -> PyResult {
    match &row.token {
        Some(token) => Ok(PySealed::new(token).into_ref(&vm.ctx).into()),
        // Of all others the primary key is the number.
        None => Ok(vm.ctx.new_int(row.id).into()),
    }
}

/// `(label, number)` of each model, in the order in which Django's collector comes to them: links, what refers to the
/// rows, the rows.
pub(super) fn counts(deleted: &Deleted, vm: &VirtualMachine) -> PyListRef {
    let place = |model: &Model| match model {
        Model::GroupPermissions => 0,
        Model::UserGroups => 1,
        Model::UserPermissions => 2,
        Model::LogEntry => 3,
        Model::Token | Model::TokenProxy => 4,
        Model::Permission => 5,
        Model::User | Model::Group | Model::ContentType | Model::Session => 6,
    };
    let mut ordered: Vec<&(Model, usize)> = deleted.0.iter().collect();
    ordered.sort_by_key(|(model, _)| place(model));
    let pair = |(model, count): &(Model, usize)| {
        vm.ctx.new_tuple(vec![vm.ctx.new_str(model.label()).into(), vm.ctx.new_int(*count).into()]).into()
    };
    vm.ctx.new_list(ordered.into_iter().map(pair).collect())
}

/// What Django's `get_db_prep_save` makes of a value.
pub(super) fn prepare_save(model: Model, field: usize, object: &PyObject, vm: &VirtualMachine) -> PyResult<Value> {
    let described = &model.describe().fields[field];
    let mut object = object.to_owned();
    if let Some(related) = described.related()
        && !object.fast_isinstance(vm.ctx.types.type_type)
        && model_of(&object, vm)?.is_some()
    {
        let to = related.to.describe();
        object = object.get_attr(to.fields[to.pk].attname, vm)?;
    }
    match prepare(Out::of(described), &label(model, described), &object, vm)? {
        Prepared::Value(value) => Ok(value),
        Prepared::Beyond(_) => {
            Err(vm.new_overflow_error("Python int too large to convert to SQLite INTEGER".to_owned()))
        }
    }
}

/// A dict of attributes as new values of fields.
pub(super) fn patch(model: Model, attributes: &PyDictRef, vm: &VirtualMachine) -> PyResult<Patch> {
    let mut patch = Patch::new();
    for (name, object) in attributes.items_vec() {
        let name = name.str(vm)?;
        if let Some(field) = model.field(&name.to_string_lossy()) {
            patch.push((field, prepare_save(model, field, &object, vm)?));
        }
    }
    Ok(patch)
}
