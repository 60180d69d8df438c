//! What `show()` draws, and the bars of what takes its time: drawing and the terminal are the edge's, which lends the
//! interpreter the functions.

use std::cell::RefCell;
use std::rc::Rc;

use rustpython_vm::{
    AsObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyBool, PyInt, PyStr, PyStrRef, PyTuple},
};

use super::{raise, state};
use crate::command::{Block, Cell, Data, Format, Meter, Sheet, Table};
use crate::domain::Timestamp;

/// Makes the text of an answer.
pub type Draw = Box<dyn Fn(&Data, Surface) -> String>;

/// Puts a text on the terminal.
pub type Page = Box<dyn Fn(&str) -> Result<(), String>>;

/// The functions.
pub struct Screen {
    /// The text of an answer.
    pub draw: Draw,
    /// Puts a text on the terminal, a screen at a time where it is long.
    pub page: Page,
    /// Begins something that has so many parts.
    pub progress: Box<dyn Fn(&'static str, u64) -> Meter>,
    /// The moment that relative times count from.
    pub now: Box<dyn Fn() -> Timestamp>,
}

/// Where a text is to be shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Surface {
    /// On the terminal.
    Terminal,
    /// In a pipe, a file, or a text.
    Plain,
}

thread_local! {
    static COUNTED: RefCell<Option<Meter>> = const { RefCell::new(None) };
    static SCREEN: RefCell<Option<Rc<Screen>>> = const { RefCell::new(None) };
}

/// Says where this thread's interpreter shows things.
pub fn attach_screen(screen: Screen) {
    SCREEN.with_borrow_mut(|slot| *slot = Some(Rc::new(screen)));
}

fn screen(vm: &VirtualMachine) -> PyResult<Rc<Screen>> {
    let screen = SCREEN.with_borrow(Clone::clone);
    screen.ok_or_else(|| vm.new_runtime_error("this interpreter has no screen".to_owned()))
}

/// Begins something that has so many parts; without a screen nobody sees it.
pub(super) fn meter(what: &'static str, total: usize) -> Meter {
    let total = u64::try_from(total).unwrap_or(u64::MAX);
    SCREEN.with_borrow(Clone::clone).map_or_else(|| Box::new(|_| {}) as Meter, |screen| (screen.progress)(what, total))
}

/// Begins what Python counts itself; nothing else is counted by Python meanwhile.
pub(super) fn begin_progress(total: usize) {
    COUNTED.with_borrow_mut(|slot| *slot = Some(meter("reading objects", total)));
}

/// So many are done; `None`: it is over.
pub(super) fn progress(done: Option<usize>) {
    COUNTED.with_borrow_mut(|slot| match (done, slot.as_mut()) {
        (Some(done), Some(meter)) => meter(u64::try_from(done).unwrap_or(u64::MAX)),
        (Some(_), None) => {}
        (None, _) => *slot = None,
    });
}

/// How rows are drawn.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Form {
    Table,
    /// Each value of the first row on a line of its own.
    Record,
}

/// The text of rows under the names of their columns.
pub(super) fn draw(
    columns: &[PyStrRef],
    rows: &[PyObjectRef],
    form: Form,
    surface: Surface,
    vm: &VirtualMachine,
) -> PyResult<String> {
    let screen = screen(vm)?;
    let columns: Vec<String> = columns.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    let cells = |row: &PyObjectRef| -> PyResult<Vec<Cell>> {
        let values: Vec<PyObjectRef> = row.clone().try_into_value(vm)?;
        if values.len() != columns.len() {
            return Err(vm.new_value_error("every row has as many values as there are columns".to_owned()));
        }
        values.iter().map(|value| cell(value, vm)).collect()
    };
    let rows = rows.iter().map(cells).collect::<PyResult<Vec<_>>>()?;
    let now = (screen.now)();
    let data = match form {
        Form::Table => Data::Table(Table { columns, rows, now }, Format::People),
        Form::Record => {
            let fields = columns.into_iter().zip(rows.into_iter().next().unwrap_or_default()).collect();
            let blocks = vec![Block::Fields(fields, now)];
            Data::Sheet(Sheet { json: serde_json::Value::Null, blocks }, Format::People)
        }
    };
    Ok((screen.draw)(&data, surface))
}

/// None, a truth value, a number and a text stand for themselves; a moment comes as a tuple of its microseconds.
fn cell(value: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Cell> {
    if vm.is_none(value) {
        return Ok(Cell::None);
    }
    if value.class().is(vm.ctx.types.bool_type) {
        return Ok(Cell::Flag(value.downcast_ref::<PyBool>().is_some_and(|_| value.is(&vm.ctx.true_value))));
    }
    if let Some(number) = value.downcast_ref::<PyInt>()
        && let Ok(number) = number.try_to_primitive::<i64>(vm)
    {
        return Ok(Cell::Number(number));
    }
    if let Some(moment) = value.downcast_ref::<PyTuple>()
        && let [micros] = moment.as_slice()
    {
        return Ok(Cell::Moment(Timestamp(micros.clone().try_into_value(vm)?)));
    }
    let text = match value.downcast_ref::<PyStr>() {
        Some(text) => text.to_string_lossy().into_owned(),
        None => value.str(vm)?.to_string_lossy().into_owned(),
    };
    // What somebody asks for is shown as a whole.
    Ok(Cell::Handle(text))
}

/// Puts a text on the terminal. What it rests on is durable by then.
pub(super) fn page(text: &str, vm: &VirtualMachine) -> PyResult<()> {
    let operational = |message| raise(vm, "django.db.utils", "OperationalError", message);
    state::settle().map_err(operational)?;
    let screen = screen(vm)?;
    (screen.page)(text).map_err(|message| vm.new_os_error(message))
}
