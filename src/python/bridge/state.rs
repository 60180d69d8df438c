//! The session behind the bridge: opened at its first use, one for the thread of the interpreter.

use std::{cell::RefCell, rc::Rc};

use rustpython_vm::{PyResult, VirtualMachine};

use super::raise;
use crate::{
    authority::{ChangeError, Session, query::QueryError},
    python::engine::host,
};

/// The session that the interpreter and the commands of one process share.
pub type Shared = Rc<RefCell<Session>>;

/// Opens the store and begins a session; called once, when something first asks for it. The error is for people.
pub type Open = Box<dyn FnOnce() -> Result<Shared, String>>;

enum Slot {
    Empty,
    Closed(Open),
    Open(Shared),
    Failed(String),
}

thread_local! {
    static SLOT: RefCell<Slot> = const { RefCell::new(Slot::Empty) };
}

/// Says how the session of this thread's interpreter is opened.
pub fn attach(open: Open) {
    SLOT.with(|slot| *slot.borrow_mut() = Slot::Closed(open));
}

/// Makes everything durable that this thread's session has seen. Nothing to do where it was never opened.
///
/// # Errors
/// What the store says.
pub fn settle() -> Result<(), String> {
    SLOT.with(|slot| match &*slot.borrow() {
        Slot::Open(session) => session.borrow_mut().settle().map_err(|error| error.to_string()),
        Slot::Empty | Slot::Closed(_) | Slot::Failed(_) => Ok(()),
    })
}

/// Works with the session, which is opened if it was not yet.
///
/// # Errors
/// The session cannot be opened, in words for people; or what `work` returned.
pub fn with_session<T>(work: impl FnOnce(&mut Session) -> T) -> Result<T, String> {
    SLOT.with(|slot| {
        let mut slot = slot.borrow_mut();
        if let Slot::Closed(_) = &*slot
            && let Slot::Closed(open) = std::mem::replace(&mut *slot, Slot::Empty)
        {
            *slot = match open() {
                Ok(session) => {
                    if let Some(flag) = host::interrupt_flag() {
                        session.borrow_mut().heed(flag);
                    }
                    Slot::Open(session)
                }
                Err(error) => Slot::Failed(error),
            };
        }
        match &*slot {
            Slot::Open(session) => Ok(work(&mut session.borrow_mut())),
            Slot::Failed(error) => Err(error.clone()),
            Slot::Empty | Slot::Closed(_) => Err("no store is attached to this interpreter".into()),
        }
    })
}

/// Runs `work` in the session; what it refuses becomes Django's exception.
pub(super) fn run<T>(vm: &VirtualMachine, work: impl FnOnce(&mut Session) -> Result<T, QueryError>) -> PyResult<T> {
    match with_session(work) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(exception(vm, &error)),
        Err(message) => Err(raise(vm, "django.db.utils", "OperationalError", message)),
    }
}

/// Django's exception for a refusal.
pub(super) fn exception(vm: &VirtualMachine, error: &QueryError) -> rustpython_vm::builtins::PyBaseExceptionRef {
    if let QueryError::Change(ChangeError::Interrupted) = error {
        return host::interrupted(vm);
    }
    let class = match error {
        QueryError::NotNull { .. } => "IntegrityError",
        QueryError::Pattern | QueryError::Function | QueryError::Finalize | QueryError::Overflow => "OperationalError",
        QueryError::NoRows { .. } => "NotSupportedError",
        QueryError::Change(error) => match error {
            ChangeError::Unique { .. } | ChangeError::ForeignKey => "IntegrityError",
            ChangeError::KeyTooLong => "DataError",
            ChangeError::Gone { .. } | ChangeError::Revoked => "DatabaseError",
            _ => "OperationalError",
        },
    };
    raise(vm, "django.db.utils", class, error.to_string())
}
