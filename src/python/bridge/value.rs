//! Values on their way to Python and back.

use rustpython_vm::{
    AsObject, PyObject, PyResult, VirtualMachine,
    builtins::{PyFloat, PyInt, PyStr},
};

use super::{
    import,
    moments::{DAY, datetime, days, micros_of_day, moment, span, with_classes},
    raise,
};
use crate::{
    domain::{
        Timestamp, Value,
        model::{Field, Kind},
    },
    python::engine::secrets,
};

/// What a value is of, as far as Django prepares what it is compared with or set to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Out {
    Text,
    Int,
    Float,
    Bool,
    DateTime,
    Date,
    Clock,
    Span,
    /// Anything: taken as it is.
    Any,
}

impl Out {
    /// Of what the values of a field are; those of a relation are the other model's keys.
    pub(super) const fn of(field: &Field) -> Self {
        match field.kind {
            Kind::Auto | Kind::PositiveSmallInteger | Kind::Integer => Self::Int,
            Kind::Char | Kind::Email | Kind::Text => Self::Text,
            Kind::Boolean => Self::Bool,
            Kind::DateTime => Self::DateTime,
            Kind::ForeignKey(related) | Kind::OneToOne(related) => {
                let description = related.to.describe();
                Self::of(&description.fields[description.pk])
            }
            Kind::ManyToMany(_) => Self::Int,
        }
    }
}

/// A prepared value.
pub(super) enum Prepared {
    Value(Value),
    /// A whole number beyond 64 bits: greater than all (`true`) or less than all.
    Beyond(bool),
}

/// The Python object of a value; moments are aware, in UTC.
pub(super) fn to_python(value: &Value, vm: &VirtualMachine) -> PyResult {
    Ok(match value {
        Value::Null => vm.ctx.none(),
        Value::Bool(b) => vm.ctx.new_bool(*b).into(),
        Value::Int(n) => vm.ctx.new_int(*n).into(),
        Value::Float(x) => vm.ctx.new_float(*x).into(),
        Value::Text(text) => vm.ctx.new_str(text.as_str()).into(),
        Value::Time(at) => return with_classes(vm, |classes| datetime(*at, classes, vm)),
        Value::Date(days) => {
            let [year, month, day, ..] = Timestamp(days * DAY).parts();
            return with_classes(vm, |c| c.date.as_object().call((year, month, day), vm));
        }
        Value::Clock(micros) => {
            let seconds = micros / 1_000_000;
            let parts = (seconds / 3600, seconds / 60 % 60, seconds % 60, micros % 1_000_000);
            return with_classes(vm, |c| c.time.call(parts, vm));
        }
        Value::Span(micros) => return with_classes(vm, |c| c.timedelta.call((0, 0, *micros), vm)),
    })
}

/// A value as it is, without a field to fit it to.
pub(super) fn natural(object: &PyObject, vm: &VirtualMachine) -> PyResult<Value> {
    if vm.is_none(object) {
        return Ok(Value::Null);
    }
    if object.fast_isinstance(vm.ctx.types.bool_type) {
        return Ok(Value::Bool(object.is(&vm.ctx.true_value)));
    }
    if let Some(text) = object.downcast_ref::<PyStr>() {
        return Ok(Value::Text(text.to_string_lossy().into_owned()));
    }
    if let Some(n) = object.downcast_ref::<PyInt>() {
        return n.try_to_primitive::<i64>(vm).map(Value::Int);
    }
    if let Some(x) = object.downcast_ref::<PyFloat>() {
        return Ok(Value::Float(x.to_f64()));
    }
    if let Some(at) = moment(object, vm)? {
        return Ok(Value::Time(at));
    }
    if let Some(micros) = span(object, vm)? {
        return Ok(Value::Span(micros));
    }
    let (is_datetime, is_date) =
        with_classes(vm, |c| Ok((object.fast_isinstance(&c.datetime), object.fast_isinstance(&c.date))))?;
    if is_datetime {
        return prepare(Out::DateTime, "", object, vm).map(Prepared::or_null);
    }
    if is_date {
        return days(object, vm).map(Value::Date);
    }
    let time = with_classes(vm, |c| Ok(c.time.clone()))?;
    if object.is_instance(&time, vm)? {
        return micros_of_day(object, vm).map(Value::Clock);
    }
    if object.class().name().to_string() == "Decimal" {
        let float = vm.ctx.types.float_type.as_object().call((object.to_owned(),), vm)?;
        return Ok(float.downcast_ref::<PyFloat>().map_or(Value::Null, |x| Value::Float(x.to_f64())));
    }
    Ok(Value::Text(object.str(vm)?.to_string_lossy().into_owned()))
}

impl Prepared {
    fn or_null(self) -> Value {
        match self {
            Self::Value(value) => value,
            Self::Beyond(_) => Value::Null,
        }
    }
}

/// What Django's `get_prep_value` makes of an object for a field. `name` is the field's, for errors and warnings:
/// `id`, or `User.date_joined` for a moment.
pub(super) fn prepare(out: Out, name: &str, object: &PyObject, vm: &VirtualMachine) -> PyResult<Prepared> {
    if vm.is_none(object) {
        return Ok(Prepared::Value(Value::Null));
    }
    let value = match out {
        Out::Any => natural(object, vm)?,
        Out::Span => match span(object, vm)? {
            Some(micros) => Value::Span(micros),
            None => {
                let message = format!("'{}' object has no attribute 'days'", object.class().name());
                return Err(raise(vm, "builtins", "AttributeError", message));
            }
        },
        Out::Clock => {
            let clean = import(vm, "django.db.models.fields.reading")?.get_attr("clean_time", vm)?;
            let time = clean.call((object.to_owned(),), vm)?;
            natural(&time, vm)?
        }
        Out::Text => match object.downcast_ref::<PyStr>() {
            Some(text) => {
                // What is looked for or kept as a key or a hash stays out of the history.
                if matches!(name, "key" | "password") {
                    secrets::note(&text.to_string_lossy());
                }
                Value::Text(text.to_string_lossy().into_owned())
            }
            None => Value::Text(object.str(vm)?.to_string_lossy().into_owned()),
        },
        Out::Int => return whole_number(name, object, vm),
        Out::Float => Value::Float(number(name, vm.ctx.types.float_type.as_object(), object, vm)?.try_into_value(vm)?),
        Out::Bool => Value::Bool(truth(object, vm)?),
        Out::DateTime => match moment(object, vm)? {
            Some(at) => Value::Time(at),
            None => {
                let clean = import(vm, "django.db.models.fields.reading")?.get_attr("clean_datetime", vm)?;
                let aware = clean.call((object.to_owned(), vm.ctx.new_str(name)), vm)?;
                moment(&aware, vm)?.map_or(Value::Null, Value::Time)
            }
        },
        Out::Date => {
            let clean = import(vm, "django.db.models.fields.reading")?.get_attr("clean_date", vm)?;
            let day = clean.call((object.to_owned(),), vm)?;
            Value::Date(days(&day, vm)?)
        }
    };
    Ok(Prepared::Value(value))
}

fn whole_number(name: &str, object: &PyObject, vm: &VirtualMachine) -> PyResult<Prepared> {
    let int = match object.downcast_ref_if_exact::<PyInt>(vm) {
        Some(_) => object.to_owned(),
        None => number(name, vm.ctx.types.int_type.as_object(), object, vm)?,
    };
    let int: &rustpython_vm::Py<PyInt> =
        int.downcast_ref().ok_or_else(|| vm.new_type_error("int() returned no number".to_owned()))?;
    Ok(match int.try_to_primitive::<i64>(vm) {
        Ok(n) => Prepared::Value(Value::Int(n)),
        Err(_) => Prepared::Beyond(!int.to_str_radix_10().starts_with('-')),
    })
}

/// `int(x)` or `float(x)`, with Django's words where it fails.
fn number(name: &str, convert: &PyObject, object: &PyObject, vm: &VirtualMachine) -> PyResult {
    convert.call((object.to_owned(),), vm).map_err(|error| {
        let text = match object.repr(vm) {
            Ok(text) => text.to_string_lossy().into_owned(),
            Err(error) => return error,
        };
        let message = format!("Field '{name}' expected a number but got {text}.");
        let exceptions = &vm.ctx.exceptions;
        if error.fast_isinstance(exceptions.value_error) {
            vm.new_value_error(message)
        } else if error.fast_isinstance(exceptions.type_error) {
            vm.new_type_error(message)
        } else {
            error
        }
    })
}

fn truth(object: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    if let Some(text) = object.downcast_ref::<PyStr>() {
        match text.to_str() {
            Some("t" | "True" | "1") => return Ok(true),
            Some("f" | "False" | "0") => return Ok(false),
            Some(_) | None => {}
        }
    } else if let Some(n) = object.downcast_ref::<PyInt>() {
        match n.try_to_primitive::<i64>(vm) {
            Ok(0) => return Ok(false),
            Ok(1) => return Ok(true),
            Ok(_) | Err(_) => {}
        }
    } else if let Some(x) = object.downcast_ref::<PyFloat>()
        && (x.to_f64() == 0.0 || x.to_f64() == 1.0)
    {
        return Ok(x.to_f64() != 0.0);
    }
    let text = object.str(vm)?;
    let message = format!("\u{201c}{}\u{201d} value must be either True or False.", text.to_string_lossy());
    Err(raise(vm, "django.core.exceptions", "ValidationError", message))
}

/// The name of a field as errors about its values have it.
pub(super) fn label(model: crate::domain::Model, field: &Field) -> String {
    match field.kind {
        Kind::DateTime => format!("{}.{}", model.describe().name, field.name),
        Kind::ForeignKey(related) | Kind::OneToOne(related) => {
            let description = related.to.describe();
            description.fields[description.pk].name.to_owned()
        }
        Kind::Auto
        | Kind::Char
        | Kind::Email
        | Kind::Text
        | Kind::Boolean
        | Kind::PositiveSmallInteger
        | Kind::Integer
        | Kind::ManyToMany(_) => field.name.to_owned(),
    }
}
