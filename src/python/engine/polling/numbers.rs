//! Whole numbers of very many digits: powers that take long, and texts that would.

use std::sync::OnceLock;

use rustpython_vm as vm;
use vm::builtins::{PyInt, PyStr, PyType};
use vm::{Py, PyObject, PyRef, PyResult, VirtualMachine};

use super::super::host;

type Power = fn(&PyObject, &PyObject, &PyObject, &VirtualMachine) -> PyResult;
type Binary = fn(&PyObject, &PyObject, &VirtualMachine) -> PyResult;
type Text = fn(&PyObject, &VirtualMachine) -> PyResult<PyRef<PyStr>>;

static POWER: OnceLock<Power> = OnceLock::new();
static SHIFT: OnceLock<Binary> = OnceLock::new();
static TEXT: OnceLock<Text> = OnceLock::new();

/// A power of fewer bits is there before somebody could want it to end.
const LONG: u64 = 1 << 20;
/// More bits than these are more memory than such a program may ask for: a gigabyte.
const LARGEST: u64 = 1 << 33;

pub(super) fn install(int: &Py<PyType>) {
    let slots = &int.slots;
    if let Some(engines) = slots.as_number.power.load()
        && POWER.set(engines).is_ok()
    {
        slots.as_number.power.store(Some(power));
    }
    if let Some(engines) = slots.as_number.lshift.load()
        && SHIFT.set(engines).is_ok()
    {
        slots.as_number.lshift.store(Some(shift));
    }
    if let Some(engines) = slots.repr.load()
        && TEXT.set(engines).is_ok()
    {
        slots.repr.store(Some(text));
    }
}

/// `base ** exponent`: one that takes long is made aside, where an interrupt need not wait for it.
fn power(base: &PyObject, exponent: &PyObject, modulus: &PyObject, vm: &VirtualMachine) -> PyResult {
    if vm.is_none(modulus)
        && let (Some(base), Some(exponent)) = (base.downcast_ref::<PyInt>(), exponent.downcast_ref::<PyInt>())
        && base.as_bigint().bits() > 1
        && let Some(bits) = bits(exponent, base.as_bigint().bits())
        && bits >= LONG
    {
        let Some(times) = u32::try_from(exponent.as_bigint()).ok().filter(|_| bits <= LARGEST) else {
            return Err(vm.new_exception_empty(vm.ctx.exceptions.memory_error.to_owned()));
        };
        let base = base.as_bigint().clone();
        let made = host::patiently(vm, move || base.pow(times))?;
        return Ok(vm.ctx.new_bigint(&made).into());
    }
    POWER.get().map_or_else(|| Ok(vm.ctx.not_implemented()), |engines| engines(base, exponent, modulus, vm))
}

/// `number << places`, which is refused where the engine would ask for memory that is not there.
fn shift(number: &PyObject, places: &PyObject, vm: &VirtualMachine) -> PyResult {
    if let (Some(number), Some(places)) = (number.downcast_ref::<PyInt>(), places.downcast_ref::<PyInt>())
        && number.as_bigint().bits() > 0
        && bits(places, 1).is_some_and(|bits| bits > LARGEST)
    {
        return Err(vm.new_exception_empty(vm.ctx.exceptions.memory_error.to_owned()));
    }
    SHIFT.get().map_or_else(|| Ok(vm.ctx.not_implemented()), |engines| engines(number, places, vm))
}

/// The bits of a number `times` as long as `each`; `None` for a negative one.
fn bits(times: &PyInt, each: u64) -> Option<u64> {
    let times = times.as_bigint();
    if times.bits() > 63 {
        return (*times > 0.into()).then_some(u64::MAX);
    }
    u64::try_from(times).ok().map(|times| times.saturating_mul(each))
}

/// The text of a number, which Python refuses to make of too many digits (`sys.set_int_max_str_digits`).
fn text(number: &PyObject, vm: &VirtualMachine) -> PyResult<PyRef<PyStr>> {
    let limit = vm.state.int_max_str_digits.load() as u64;
    let long = number.downcast_ref::<PyInt>().map_or(0, |number| number.as_bigint().bits());
    // Three and a third bits are a digit; so close to the limit that it matters, the digits are counted.
    if limit > 0 && long > limit * 3 && long.saturating_sub(1) * 301 / 1000 >= limit {
        return Err(vm.new_value_error(format!(
            "Exceeds the limit ({limit} digits) for integer string conversion; use sys.set_int_max_str_digits() to \
             increase the limit"
        )));
    }
    match TEXT.get() {
        Some(engines) => engines(number, vm),
        None => number.str(vm),
    }
}
