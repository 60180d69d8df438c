//! Days, times and moments on their way to Python and back.

use std::cell::OnceCell;

use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyStrInterned, PyTypeRef},
};

use super::import;
use crate::domain::Timestamp;

/// The microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// What Python's `datetime` has: classes, and the names under which its objects keep what they are.
pub(super) struct Classes {
    pub(super) datetime: PyTypeRef,
    pub(super) date: PyTypeRef,
    pub(super) time: PyObjectRef,
    pub(super) timedelta: PyObjectRef,
    utc: PyObjectRef,
    parts: [&'static PyStrInterned; 7],
    zone: &'static PyStrInterned,
    hash: &'static PyStrInterned,
    fold: &'static PyStrInterned,
}

thread_local! {
    static CLASSES: OnceCell<Classes> = const { OnceCell::new() };
}

pub(super) fn with_classes<T>(vm: &VirtualMachine, f: impl FnOnce(&Classes) -> PyResult<T>) -> PyResult<T> {
    CLASSES.with(|cell| {
        if cell.get().is_none() {
            let module = import(vm, "datetime")?;
            let class = |name: &'static str| -> PyResult<PyTypeRef> {
                module.get_attr(name, vm)?.downcast().map_err(|_| vm.new_type_error(format!("{name} is no class")))
            };
            let names = ["_year", "_month", "_day", "_hour", "_minute", "_second", "_microsecond"];
            let classes = Classes {
                datetime: class("datetime")?,
                date: class("date")?,
                time: module.get_attr("time", vm)?,
                timedelta: module.get_attr("timedelta", vm)?,
                utc: module.get_attr("timezone", vm)?.get_attr("utc", vm)?,
                parts: names.map(|name| vm.ctx.intern_str(name)),
                zone: vm.ctx.intern_str("_tzinfo"),
                hash: vm.ctx.intern_str("_hashcode"),
                fold: vm.ctx.intern_str("_fold"),
            };
            let _ = cell.set(classes);
        }
        f(cell.get().expect("it was set above"))
    })
}

/// A datetime without the checks of its constructor, which is written in Python and slow: the parts come from a moment
/// and are in range.
pub(super) fn datetime(at: Timestamp, classes: &Classes, vm: &VirtualMachine) -> PyResult {
    let object = vm.ctx.new_base_object(classes.datetime.clone(), None);
    for (name, part) in classes.parts.into_iter().zip(at.parts()) {
        object.set_attr(name, vm.ctx.new_int(part), vm)?;
    }
    object.set_attr(classes.zone, classes.utc.clone(), vm)?;
    object.set_attr(classes.hash, vm.ctx.new_int(-1), vm)?;
    object.set_attr(classes.fold, vm.ctx.new_int(0), vm)?;
    Ok(object)
}

/// This moment, by the clock that Python's `time` goes by.
pub(super) fn now(vm: &VirtualMachine) -> PyResult {
    let now = moment_now(vm)?;
    with_classes(vm, |classes| datetime(now, classes, vm))
}

/// [`now`], not yet as an object.
pub(super) fn moment_now(vm: &VirtualMachine) -> PyResult<Timestamp> {
    let nanos: i64 = import(vm, "time")?.get_attr("time_ns", vm)?.call((), vm)?.try_into_value(vm)?;
    Ok(Timestamp(nanos.div_euclid(1000)))
}

fn whole(object: &PyObject, name: &'static str, vm: &VirtualMachine) -> PyResult<i64> {
    object.get_attr(vm.ctx.intern_str(name), vm)?.try_into_value(vm)
}

/// The moment of an aware datetime; `None`: it is naive, or none.
pub(super) fn moment(object: &PyObject, vm: &VirtualMachine) -> PyResult<Option<Timestamp>> {
    let is_datetime = with_classes(vm, |classes| Ok(object.fast_isinstance(&classes.datetime)))?;
    if !is_datetime {
        return Ok(None);
    }
    if let Some(at) = moment_in_utc(object, vm)? {
        return Ok(Some(at));
    }
    let zone = object.get_attr("tzinfo", vm)?;
    if vm.is_none(&zone) {
        return Ok(None);
    }
    let offset = vm.call_method(object, "utcoffset", ())?;
    let offset = span(&offset, vm)?.unwrap_or(0);
    Ok(Some(Timestamp(days(object, vm)? * DAY + micros_of_day(object, vm)? - offset)))
}

/// That of a datetime, and of no class derived from it, in UTC itself, as most are: told by what it keeps, since its
/// methods are written in Python and slow.
fn moment_in_utc(object: &PyObject, vm: &VirtualMachine) -> PyResult<Option<Timestamp>> {
    with_classes(vm, |classes| {
        if !object.class().is(&classes.datetime) || !object.get_attr(classes.zone, vm)?.is(&classes.utc) {
            return Ok(None);
        }
        let mut parts = [0_i64; 7];
        for (part, name) in parts.iter_mut().zip(classes.parts) {
            *part = object.get_attr(name, vm)?.try_into_value(vm)?;
        }
        let [year, month, day, hour, minute, second, micros] = parts;
        let seconds = ((days_before(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
        Ok(Some(Timestamp(seconds * 1_000_000 + micros)))
    })
}

/// The days from 1970-01-01 to a day of the calendar, which Python lets begin with the year 1.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    // Counted in years that begin with March: the day that is sometimes missing is their last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719468 is the number of 1970-01-01 so counted.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

pub(super) fn micros_of_day(object: &PyObject, vm: &VirtualMachine) -> PyResult<i64> {
    let seconds = (whole(object, "hour", vm)? * 60 + whole(object, "minute", vm)?) * 60 + whole(object, "second", vm)?;
    Ok(seconds * 1_000_000 + whole(object, "microsecond", vm)?)
}

pub(super) fn span(object: &PyObject, vm: &VirtualMachine) -> PyResult<Option<i64>> {
    let class = with_classes(vm, |classes| Ok(classes.timedelta.clone()))?;
    if !object.is_instance(&class, vm)? {
        return Ok(None);
    }
    let seconds = whole(object, "days", vm)? * 86_400 + whole(object, "seconds", vm)?;
    Ok(Some(seconds * 1_000_000 + whole(object, "microseconds", vm)?))
}

/// The days from 1970-01-01 to that of a date.
pub(super) fn days(object: &PyObject, vm: &VirtualMachine) -> PyResult<i64> {
    let ordinal: i64 = vm.call_method(object, "toordinal", ())?.try_into_value(vm)?;
    // 719163 is the ordinal of 1970-01-01.
    Ok(ordinal - 719_163)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        let mut wrong = Vec::new();
        // Every day that Python has is at its number: what the calendar says of the number is the day again.
        for days in -719_162..=2_932_895 {
            let [year, month, day, ..] = Timestamp(days * DAY).parts();
            if days_before(year.into(), month.into(), day.into()) != days {
                wrong.push(days);
            }
        }
        assert!(wrong.is_empty(), "{} of them, first {:?}", wrong.len(), wrong.first());
        assert_eq!(days_before(9999, 12, 31), 2_932_896);
    }
}
