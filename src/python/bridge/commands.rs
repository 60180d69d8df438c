//! Commands called from Python: `call_command` reaches the same code as the program's arguments and a line at the
//! prompt. How a command is run and shown is the edge's; it lends the interpreter a function.

use std::cell::RefCell;
use std::rc::Rc;

use rustpython_vm::{PyResult, VirtualMachine, builtins::PyStrRef};

use crate::python::engine::host;

/// What became of a command that Python called.
#[derive(Debug, Default)]
pub struct Called {
    /// What it wrote on standard output.
    pub out: String,
    /// What it wrote on standard error.
    pub err: String,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
}

/// Why a command was refused: which exception Python sees.
#[derive(Debug)]
pub enum Refusal {
    /// Its words were not understood.
    Usage(String),
    /// Django's `CommandError`.
    Command {
        /// Its text.
        message: String,
        /// Its `returncode`.
        status: u8,
    },
    /// Another exception, by its class (with the module where it is no builtin) and its text.
    Raised(String, String),
}

/// Runs a command, given as words of which the first is its name.
pub type CallCommand = Rc<dyn Fn(&[String]) -> Called>;

thread_local! {
    static CALLER: RefCell<Option<CallCommand>> = const { RefCell::new(None) };
}

/// Says how this thread's interpreter runs commands.
pub fn attach_commands(call: CallCommand) {
    CALLER.with_borrow_mut(|caller| *caller = Some(call));
}

/// What Python gets to see of a call: (standard output, standard error, refusal).
pub(super) fn call(words: &[PyStrRef], vm: &VirtualMachine) -> PyResult {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    // A command may call Python again some day: the cell is not held meanwhile.
    let Some(caller) = CALLER.with_borrow(Clone::clone) else {
        return Err(vm.new_runtime_error("this interpreter has no commands".to_owned()));
    };
    let Called { out, err, refusal } = caller(&words);
    // A command that an interrupt stopped has only been refused so far.
    host::check(vm)?;
    let text = |text: String| vm.ctx.new_str(text).into();
    let refusal = match refusal {
        None => vm.ctx.none(),
        Some(refusal) => {
            let (kind, message, status) = match refusal {
                Refusal::Usage(message) => ("usage".to_owned(), message, 1),
                Refusal::Command { message, status } => ("CommandError".to_owned(), message, status),
                Refusal::Raised(class, message) => (class, message, 1),
            };
            vm.ctx.new_tuple(vec![text(kind), text(message), vm.ctx.new_int(status).into()]).into()
        }
    };
    Ok(vm.ctx.new_tuple(vec![text(out), text(err), refusal]).into())
}
