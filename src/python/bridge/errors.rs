//! Django's exceptions, in Django's words.

use rustpython_vm::{AsObject, VirtualMachine, builtins::PyBaseExceptionRef};

use super::{import, raise};
use crate::domain::filter::{Annotation, PathError};

/// A name that is no field.
pub(super) fn unresolved(error: &PathError, annotations: &[Annotation], vm: &VirtualMachine) -> PyBaseExceptionRef {
    let mut choices: Vec<&str> = error.choices.clone();
    choices.extend(annotations.iter().filter(|a| a.shown).map(|a| a.name.as_str()));
    choices.sort_unstable();
    let (name, choices) = (&error.name, choices.join(", "));
    let message = format!("Cannot resolve keyword '{name}' into field. Choices are: {choices}");
    raise(vm, "django.core.exceptions", "FieldError", message)
}

/// Which look-ups and transforms there are to choose from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Names {
    /// Those of every field.
    Plain,
    /// And the parts of a moment.
    Moment,
    /// Those of a relation itself.
    Relation,
}

impl Names {
    pub(super) const fn of(is_moment: bool) -> Self {
        if is_moment { Self::Moment } else { Self::Plain }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Moment => "moment",
            Self::Relation => "relation",
        }
    }
}

/// A look-up or transform that the field does not have.
pub(super) fn unsupported(
    unsupported: &str,
    name: &str,
    class_name: &'static str,
    names: Names,
    vm: &VirtualMachine,
) -> PyBaseExceptionRef {
    // The nearest names are searched by Python's own difflib, as Django does.
    let suggest = || -> rustpython_vm::PyResult<String> {
        let near = import(vm, "django.db.models.lookups")?.get_attr("_suggestion", vm)?;
        Ok(near.call((vm.ctx.new_str(name), vm.ctx.new_str(names.word())), vm)?.str(vm)?.to_string_lossy().into_owned())
    };
    match suggest() {
        Ok(suggestion) => {
            let message = format!(
                "Unsupported lookup '{unsupported}' for {class_name} or join on the field not permitted{suggestion}"
            );
            raise(vm, "django.core.exceptions", "FieldError", message)
        }
        Err(error) => error,
    }
}

const ISNULL: &str = "The QuerySet value for an isnull lookup must be True or False.";

pub(super) fn isnull(vm: &VirtualMachine) -> PyBaseExceptionRef {
    vm.new_value_error(ISNULL.to_owned())
}

/// Whether Django raises it only when the query is made into SQL: when it is asked.
pub(super) fn is_late(error: &PyBaseExceptionRef, vm: &VirtualMachine) -> bool {
    // The two ends of a range are looked at there, too.
    error.fast_isinstance(vm.ctx.exceptions.index_error)
        || error.as_object().str(vm).is_ok_and(|text| text.to_string_lossy() == ISNULL)
}

/// What CPython says of `a, b = something` of another length.
pub(super) fn cannot_unpack(length: usize, vm: &VirtualMachine) -> PyBaseExceptionRef {
    vm.new_value_error(if length > 2 {
        "too many values to unpack (expected 2)".to_owned()
    } else {
        format!("not enough values to unpack (expected 2, got {length})")
    })
}
