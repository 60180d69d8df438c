//! Regular expressions that look around themselves or back: compiled by Python's `re`, matched by the engine behind it.

use std::sync::Arc;

use rustpython_vm::{PyResult, VirtualMachine};

use super::import;
use crate::{
    authority::query::pattern,
    domain::filter::{Matcher, Pattern},
    python::engine::polling::patterns::search,
};

/// The code of a pattern.
#[derive(Debug)]
struct Code(Vec<u32>);

impl Matcher for Code {
    fn matches(&self, text: &str) -> bool {
        search(&self.0, text)
    }
}

/// The pattern as only Python can read it; `None` where it needs no Python, or where Python refuses it as well.
pub(super) fn compile(source: &str, any_case: bool, vm: &VirtualMachine) -> PyResult<Option<Pattern>> {
    if pattern(source, any_case).is_some() {
        return Ok(None);
    }
    let compile = import(vm, "django.db.models.lookups")?.get_attr("_pattern_code", vm)?;
    // So Django asks SQLite, and SQLite Python.
    let asked = if any_case { format!("(?i){source}") } else { source.to_owned() };
    let code = compile.call((vm.ctx.new_str(asked),), vm)?;
    if vm.is_none(&code) {
        return Ok(None);
    }
    let code = vm.extract_elements_with(&code, |word| word.try_into_value::<u32>(vm))?;
    Ok(Some(Pattern { source: source.to_owned(), matcher: Arc::new(Code(code)) }))
}
