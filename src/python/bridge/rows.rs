//! Rows on their way to Python: instances and selections, made in one go; and attributes on their way back.

use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine,
    builtins::{PyDictRef, PyListRef, PyTypeRef},
    pyclass,
};

use super::{
    import,
    query::model_of,
    raise, state,
    value::{Out, Prepared, label, prepare, to_python},
};
use crate::{
    authority::query::{Deleted, Fetched, Found, Patch, Row},
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

/// A token whose key is opened when it is asked for, not before.
#[pyclass(module = "_hallpass", name = "Sealed")]
#[derive(Debug, PyPayload)]
pub(super) struct PySealed {
    token: Token,
}

#[pyclass]
impl PySealed {
    /// The key; none where it was to be shown once only.
    #[pymethod]
    fn key(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<String>> {
        let key = state::run(vm, |session| session.transact(|tx| Ok(tx.key_of(&zelf.token)?)))?;
        Ok(key.map(|key| key.expose().to_owned()))
    }

    /// The token's own number: which row it is, whatever its key.
    #[pygetset]
    fn serial(zelf: &Py<Self>) -> i64 {
        zelf.token.serial
    }
}

/// The places of the fields of a token that are looked up when they are asked for.
const LAZY: [&str; 4] = ["key", "state", "last_used", "uses"];

/// Instances of `class` with the rows' values.
pub(super) fn instances(
    query: &Query,
    fetched: Fetched,
    class: &PyTypeRef,
    state_class: &PyTypeRef,
    vm: &VirtualMachine,
) -> PyResult<PyListRef> {
    let only = match &query.select {
        Select::Only(fields) => Some(fields),
        Select::Row | Select::Values(_) => None,
    };
    let names: Vec<_> =
        query.annotations.iter().filter(|a| a.shown).map(|a| vm.ctx.intern_str(a.name.as_str())).collect();
    let fields: Vec<_> = query.model.describe().fields.iter().map(|field| vm.ctx.intern_str(field.attname)).collect();
    let state_name = vm.ctx.intern_str("_state");
    let database: PyObjectRef = vm.ctx.intern_str("default").to_owned().into();
    let adding: PyObjectRef = vm.ctx.new_bool(false).into();
    let (adding_name, db_name) = (vm.ctx.intern_str("adding"), vm.ctx.intern_str("db"));
    let mut list = Vec::with_capacity(fetched.found.len());
    for found in fetched.found {
        let Found::Row(row, annotations) = found else { continue };
        let state = vm.ctx.new_dict();
        state.set_item(adding_name, adding.clone(), vm)?;
        state.set_item(db_name, database.clone(), vm)?;
        if let Some(token) = &row.token {
            let sealed = PySealed { token: (**token).clone() }.into_ref(&vm.ctx);
            state.set_item("sealed", sealed.into(), vm)?;
        }
        let dict = vm.ctx.new_dict();
        dict.set_item(state_name, vm.ctx.new_base_object(state_class.clone(), Some(state)), vm)?;
        for (place, name) in fields.iter().enumerate() {
            let lazy = row.token.is_some() && LAZY.contains(&name.as_str());
            if !lazy && only.is_none_or(|only| only.contains(&place)) {
                dict.set_item(*name, to_python(&row.values[place], vm)?, vm)?;
            }
        }
        for (name, value) in names.iter().zip(&annotations) {
            dict.set_item(*name, to_python(value, vm)?, vm)?;
        }
        list.push(vm.ctx.new_base_object(class.clone(), Some(dict)));
    }
    Ok(vm.ctx.new_list(list))
}

/// The selected values, each result in one of three forms.
pub(super) fn selection(query: &Query, fetched: Fetched, form: &str, vm: &VirtualMachine) -> PyResult<PyListRef> {
    let names: Vec<_> = match &query.select {
        Select::Values(values) => values.iter().map(|(name, _)| vm.ctx.intern_str(name.as_str())).collect(),
        Select::Row | Select::Only(_) => Vec::new(),
    };
    let exprs: Vec<&Expr> = match &query.select {
        Select::Values(values) => values.iter().map(|(_, expr)| expr).collect(),
        Select::Row | Select::Only(_) => Vec::new(),
    };
    let to_python = |place: usize, value: &Value| zoned(exprs.get(place).copied(), value, vm);
    let mut list = Vec::with_capacity(fetched.found.len());
    for found in fetched.found {
        let Found::Values(values) = found else { continue };
        list.push(match form {
            "dict" => {
                let dict = vm.ctx.new_dict();
                for (place, (name, value)) in names.iter().zip(&values).enumerate() {
                    dict.set_item(*name, to_python(place, value)?, vm)?;
                }
                dict.into()
            }
            "flat" => to_python(0, values.first().unwrap_or(&Value::Null))?,
            _ => {
                let values = values.iter().enumerate();
                let values = values.map(|(place, value)| to_python(place, value)).collect::<PyResult<_>>()?;
                vm.ctx.new_tuple(values).into()
            }
        });
    }
    Ok(vm.ctx.new_list(list))
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
pub(super) fn first_pk(query: &Query, fetched: Fetched, vm: &VirtualMachine) -> PyResult {
    match fetched.found.into_iter().next() {
        Some(Found::Row(row, _)) => key_of(&row, query.model, vm),
        Some(Found::Values(_)) | None => Ok(vm.ctx.none()),
    }
}

/// The primary key of a row.
pub(super) fn key_of(row: &Row, model: Model, vm: &VirtualMachine) -> PyResult {
    match &row.token {
        Some(token) => Ok(PySealed { token: (**token).clone() }.into_ref(&vm.ctx).into()),
        None => to_python(&row.values[model.describe().pk], vm),
    }
}

/// `(label, number)` of each model.
pub(super) fn counts(deleted: &Deleted, vm: &VirtualMachine) -> PyListRef {
    let pair = |(model, count): &(Model, usize)| {
        vm.ctx.new_tuple(vec![vm.ctx.new_str(model.label()).into(), vm.ctx.new_int(*count).into()]).into()
    };
    vm.ctx.new_list(deleted.0.iter().map(pair).collect())
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
