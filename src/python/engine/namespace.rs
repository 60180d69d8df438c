//! What a session or a script finds without an import: the names of Django's shell module and the models. They come
//! from the prelude's `_hallpass_names`, and only those that are used.

use std::borrow::Borrow;
use std::collections::HashSet;

use rustpython_vm as vm;
use vm::builtins::{PyCode, PyDictRef};
use vm::{Py, PyObject, PyRef, PyResult, VirtualMachine};

/// Whether the models are there without an import.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Imports {
    /// They are.
    #[default]
    Automatic,
    /// They are not (`--no-imports`).
    Off,
}

/// The models that are imported, by the module they come from, in the order in which Django says them.
pub const IMPORTED: &[(&str, &[&str])] = &[
    ("rest_framework.authtoken.models", &["TokenProxy", "Token"]),
    ("django.contrib.sessions.models", &["Session"]),
    ("django.contrib.contenttypes.models", &["ContentType"]),
    ("django.contrib.auth.models", &["User", "Group", "Permission"]),
    ("django.contrib.admin.models", &["LogEntry"]),
];

/// The names that Django's shell module has itself; a script runs among them.
const OWN: &[&str] = &[
    "os",
    "select",
    "sys",
    "traceback",
    "defaultdict",
    "import_module",
    "apps",
    "AppRegistryNotReady",
    "BaseCommand",
    "CommandError",
    "OrderedSet",
    "import_dotted_path",
    "Command",
];

/// What Python's site module puts among the builtins.
const SITE: &[&str] = &["copyright", "credits", "exit", "help", "license", "quit", "show"];

/// Names by which a script can reach a name that it does not spell.
const REFLECTION: &[&str] = &[
    "dir",
    "eval",
    "exec",
    "globals",
    "help",
    "locals",
    "vars",
    "compile",
    "breakpoint",
    "_getframe",
    "modules",
    "f_globals",
    "__globals__",
    "__main__",
    "inspect",
    "currentframe",
    "stack",
    "__import__",
    "import_module",
];

/// Where the names are put.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// A script: Django's own names and the models.
    Script,
    /// A console: the models only.
    Console,
}

/// Whether `name` is there without an import.
pub(super) fn has(name: &str, kind: Kind, imports: Imports) -> bool {
    SITE.contains(&name)
        || (kind == Kind::Script && OWN.contains(&name))
        || (imports == Imports::Automatic && IMPORTED.iter().any(|(_, names)| names.contains(&name)))
}

/// Puts the names that `code` uses into `globals`; without code, all.
pub(super) fn fill(
    vm: &VirtualMachine,
    globals: &PyDictRef,
    code: Option<&PyRef<PyCode>>,
    kind: Kind,
    imports: Imports,
) -> PyResult<()> {
    let mut used = HashSet::new();
    if let Some(code) = code {
        collect(code, &mut used);
        let wanted = |name: &str| has(name, kind, imports) || REFLECTION.contains(&name);
        if !used.iter().any(|name| wanted(name)) {
            return Ok(());
        }
    }
    let names = if code.is_none() || REFLECTION.iter().any(|name| used.contains(*name)) {
        vm.ctx.none()
    } else {
        let names = used.into_iter().map(|name| vm.ctx.new_str(name).into()).collect();
        vm.ctx.new_list(names).into()
    };
    let module = vm.import("_hallpass_names", 0)?;
    let (models, own) = (imports == Imports::Automatic, kind == Kind::Script);
    vm.call_method(&module, "fill", (globals.clone(), names, models, own)).map(drop)
}

/// Puts the names that are there without an import, and were not put there yet, among the globals of a script, without
/// their values. Which they were; none where the globals are no script's.
pub(super) fn lend(vm: &VirtualMachine, globals: &PyDictRef) -> Vec<&'static str> {
    let module = globals.get_item_opt("__name__", vm).ok().flatten();
    let is_script =
        module.and_then(|name| name.str(vm).ok()).is_some_and(|name| name.to_string_lossy() == super::SHELL_MODULE);
    if !is_script {
        return Vec::new();
    }
    let models = IMPORTED.iter().flat_map(|(_, names)| names.iter());
    let absent = |name: &&'static str| matches!(globals.get_item_opt(*name, vm), Ok(None));
    let lent: Vec<&'static str> = OWN.iter().chain(models).copied().filter(absent).collect();
    for name in &lent {
        // A dict that cannot take a string has no suggestions either.
        let _ = globals.set_item(*name, vm.ctx.none(), vm);
    }
    lent
}

/// The names that `code` looks up, and the code inside it.
fn collect(code: &Py<PyCode>, used: &mut HashSet<String>) {
    used.extend(code.names.iter().filter_map(|name| name.to_str()).map(str::to_owned));
    for constant in code.constants.iter() {
        let constant: &PyObject = constant.borrow();
        if let Some(inner) = constant.downcast_ref::<PyCode>() {
            collect(inner, used);
        }
    }
}
