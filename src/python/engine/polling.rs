//! An ear for interrupts in what the engine does in one step: native loops over native values, and numbers of millions
//! of digits. Between two instructions the engine listens by itself; `sum(range(10**10))` is one instruction.
//!
//! All such loops ask an iterator for its next value, or a value how it compares. Those of the built-in types go through
//! here: every so many steps, an interrupt that has come is raised.

mod numbers;
pub(in crate::python) mod patterns;

use std::cell::Cell;
use std::sync::OnceLock;

use rustpython_vm as vm;
use vm::builtins::PyType;
use vm::function::{Either, PyComparisonValue};
use vm::protocol::PyIterReturn;
use vm::types::PyComparisonOp;
use vm::{Py, PyObject, PyObjectRef, PyResult, VirtualMachine};

use super::interrupt;

type Next = fn(&PyObject, &VirtualMachine) -> PyResult<PyIterReturn>;
type Compared = PyResult<Either<PyObjectRef, PyComparisonValue>>;
type Compare = fn(&PyObject, &PyObject, PyComparisonOp, &VirtualMachine) -> Compared;

/// What the engine does itself for a type, and what listens and then does that.
struct Slot<F: 'static> {
    engines: &'static OnceLock<F>,
    ours: F,
}

/// Iterators over values that are there already, or that come from nowhere; those over other iterators need no ear.
const ITERATORS: usize = 14;
/// Those of `itertools`.
const ITERTOOLS: [&str; 7] =
    ["count", "cycle", "repeat", "product", "permutations", "combinations", "combinations_with_replacement"];
const VALUES: usize = 6;

static NEXT: [OnceLock<Next>; ITERATORS + ITERTOOLS.len()] = [const { OnceLock::new() }; ITERATORS + ITERTOOLS.len()];
static COMPARE: [OnceLock<Compare>; VALUES] = [const { OnceLock::new() }; VALUES];

/// Puts what listens in the place of the engine's: once in a process, whose interpreters share the built-in types.
///
/// # Errors
/// When the engine lacks one of the modules.
pub(super) fn install(vm: &VirtualMachine) -> PyResult<()> {
    let types = &vm.ctx.types;
    let built_in: [&'static Py<PyType>; ITERATORS] = [
        types.range_iterator_type,
        types.long_range_iterator_type,
        types.list_iterator_type,
        types.list_reverseiterator_type,
        types.tuple_iterator_type,
        types.str_iterator_type,
        types.bytes_iterator_type,
        types.bytearray_iterator_type,
        types.dict_keyiterator_type,
        types.dict_valueiterator_type,
        types.dict_itemiterator_type,
        types.set_iterator_type,
        types.iter_type,
        types.callable_iterator,
    ];
    let slots = next_slots();
    for (slot, class) in slots.iter().zip(built_in) {
        listen_in_next(slot, class);
    }
    let itertools = vm.import("itertools", 0)?;
    for (slot, name) in slots[ITERATORS..].iter().zip(ITERTOOLS) {
        if let Ok(class) = itertools.get_attr(name, vm)?.downcast::<PyType>() {
            listen_in_next(slot, &class);
        }
    }
    let values: [&'static Py<PyType>; VALUES] =
        [types.int_type, types.float_type, types.str_type, types.bytes_type, types.tuple_type, types.list_type];
    for (slot, class) in compare_slots().iter().zip(values) {
        let Some(engines) = class.slots.richcompare.load() else { continue };
        if slot.engines.set(engines).is_ok() {
            class.slots.richcompare.store(Some(slot.ours));
        }
    }
    numbers::install(types.int_type);
    patterns::install(vm)
}

fn listen_in_next(slot: &Slot<Next>, class: &Py<PyType>) {
    let Some(engines) = class.slots.iternext.load() else { return };
    if slot.engines.set(engines).is_ok() {
        class.slots.iternext.store(Some(slot.ours));
    }
}

/// A slot is a plain function, which knows its type by a number of its own.
macro_rules! slots {
    ($table:ident, $function:ident, $($number:literal)*) => {
        [$(Slot { engines: &$table[$number], ours: $function::<$number> }),*]
    };
}

fn next_slots() -> [Slot<Next>; ITERATORS + ITERTOOLS.len()] {
    slots!(NEXT, next, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20)
}

fn compare_slots() -> [Slot<Compare>; VALUES] {
    slots!(COMPARE, compare, 0 1 2 3 4 5)
}

fn next<const N: usize>(zelf: &PyObject, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
    step(vm)?;
    match NEXT[N].get() {
        Some(engines) => engines(zelf, vm),
        // Cannot be: the slot was stored behind the engine's.
        None => Ok(PyIterReturn::StopIteration(None)),
    }
}

fn compare<const N: usize>(zelf: &PyObject, other: &PyObject, op: PyComparisonOp, vm: &VirtualMachine) -> Compared {
    step(vm)?;
    match COMPARE[N].get() {
        Some(engines) => engines(zelf, other, op, vm),
        None => Ok(Either::B(PyComparisonValue::NotImplemented)),
    }
}

thread_local! {
    static STEPS: Cell<u32> = const { Cell::new(0) };
}

/// Steps between two looks: a fraction of a millisecond.
const OFTEN: u32 = 1 << 12;

/// One step of some loop.
fn step(vm: &VirtualMachine) -> PyResult<()> {
    let steps = STEPS.get().wrapping_add(1);
    STEPS.set(steps);
    if steps.is_multiple_of(OFTEN) { interrupt::check(vm) } else { Ok(()) }
}
