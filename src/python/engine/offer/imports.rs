//! The modules that can be imported, and the names in them. A module of a script's own is not run for its names.

use std::collections::BTreeSet;

use rustpython_vm as vm;
use vm::VirtualMachine;
use vm::builtins::PyModule;

use super::members::{Named, begins, entries, published, tidy};

/// The modules below what was typed: `django.contrib.auth.m` -> `models`, ... Their last names.
pub(super) fn modules(vm: &VirtualMachine, typed: &str) -> Vec<Named> {
    let (package, prefix) = typed.rsplit_once('.').map_or(("", typed), |(package, prefix)| (package, prefix));
    let before = if package.is_empty() { String::new() } else { format!("{package}.") };
    let frozen = vm.state.frozen.keys().chain(vm.state.module_defs.keys());
    let below = frozen.filter_map(|name| name.strip_prefix(before.as_str()));
    let first = below.map(|rest| rest.split('.').next().unwrap_or_default());
    let found: BTreeSet<&str> =
        first.filter(|name| !name.is_empty() && *name != "__init__" && begins(name, prefix)).collect();
    found.into_iter().map(|name| (name.to_owned(), "")).collect()
}

/// The names in a module, and the modules below it.
pub(super) fn members(vm: &VirtualMachine, module: &str, prefix: &str) -> Vec<Named> {
    let mut found = modules(vm, &format!("{module}.{prefix}"));
    if let Some(module) = loaded(vm, module) {
        let dict = module.dict();
        let names = entries(vm, &dict, prefix).into_iter().chain(published(vm, &dict, prefix));
        found.extend(names.map(|(name, _)| (name, "")));
    }
    tidy(found)
}

/// The module: as it is loaded, or, where it is one of the program's own, loaded now.
fn loaded(vm: &VirtualMachine, name: &str) -> Option<vm::PyRef<PyModule>> {
    let modules = vm.sys_module.get_attr("modules", vm).ok()?;
    let get = || modules.get_item(name, vm).ok()?.downcast::<PyModule>().ok();
    if let Some(module) = get() {
        return Some(module);
    }
    let own = vm.state.frozen.contains_key(name) || vm.state.module_defs.contains_key(name);
    if !own || matches!(name, "this" | "antigravity" | "__hello__" | "__phello__") {
        return None;
    }
    let name: &'static str = vm.ctx.intern_str(name).as_str();
    vm.import(name, 0).ok()?;
    get()
}
