//! What may stand inside the brackets of a call: parameters, fields and look-ups as names, and what fits in a text.

use rustpython_vm as vm;
use vm::builtins::{PyFunction, PyModule, PyStr, PyType};
use vm::compiler::ast::Expr;
use vm::compiler::parser::parse_expression;
use vm::{AsObject, PyObjectRef};

use super::members::{self, Reached};
use super::place::Call;
use super::thing::{Eyes, Thing};
use super::{data, lookups};
use crate::domain::Model;
use crate::domain::filter::View;

/// What a call is about.
enum Callee {
    /// Conditions on a model.
    Conditions(Model, View),
    /// Values for fields of a model; besides, what the function itself takes.
    Fields(Model, Option<PyObjectRef>),
    /// Names of fields of a model, as texts.
    Paths(Model, View),
    /// A function or class, and how it is reached.
    Function(PyObjectRef, Reached),
}

/// The method without the letter of its asynchronous twin.
fn twin(name: &str) -> &str {
    match name.strip_prefix('a') {
        Some(rest) if CONDITIONS.contains(&rest) || FIELDS.contains(&rest) => rest,
        _ => name,
    }
}

const CONDITIONS: &[&str] = &["exclude", "filter", "get"];
const FIELDS: &[&str] = &["create", "create_superuser", "create_user", "get_or_create", "update", "update_or_create"];
const PATHS: &[&str] = &[
    "dates",
    "datetimes",
    "defer",
    "distinct",
    "earliest",
    "latest",
    "only",
    "order_by",
    "prefetch_related",
    "select_related",
    "values",
    "values_list",
];
/// Classes that take a condition or a path of whatever model the query around them is on.
const INSIDE: &[&str] = &["Avg", "Count", "F", "Max", "Min", "OuterRef", "Q", "Sum", "When"];

/// The names that may be given in a call, without `=`.
pub(super) fn parameters(eyes: &Eyes<'_>, call: &Call<'_>, typed: &str) -> Vec<String> {
    let mut found = match callee(eyes, call) {
        Some(Callee::Conditions(model, view)) => lookups::lookups(model, view, typed),
        Some(Callee::Fields(model, function)) => {
            let mut found = lookups::fields(model, typed);
            found.extend(function.into_iter().flat_map(|f| members::parameters(eyes.vm, &f, Reached::Bound)));
            found
        }
        Some(Callee::Function(function, reached)) => members::parameters(eyes.vm, &function, reached),
        Some(Callee::Paths(..)) | None => Vec::new(),
    };
    found.retain(|name| members::begins(name, typed) && !call.named.contains(&name.as_str()));
    found.sort();
    found.dedup();
    found
}

/// The parameters that a function still takes, as they are written: `greeting='hello', name`.
pub(super) fn signature(eyes: &Eyes<'_>, call: &Call<'_>) -> Option<String> {
    let (function, reached) = match callee(eyes, call)? {
        Callee::Function(function, reached) => (function, reached),
        Callee::Fields(_, Some(function)) => (function, Reached::Bound),
        Callee::Conditions(..) | Callee::Fields(_, None) | Callee::Paths(..) => return None,
    };
    let by_place = call.before - call.named.len();
    let parameters = members::parameters(eyes.vm, &function, reached);
    let left = parameters.into_iter().skip(by_place).filter(|name| !call.named.contains(&name.as_str()));
    let defaults = members::defaults(eyes.vm, &function);
    let written = left.map(|name| match defaults.iter().find(|(given, _)| *given == name) {
        Some((_, default)) => format!("{name}={default}"),
        None => name,
    });
    let written: Vec<String> = written.collect();
    (!written.is_empty()).then(|| written.join(", "))
}

/// What may stand in a text that is given in a call.
pub(super) fn texts(eyes: &Eyes<'_>, call: &Call<'_>, typed: &str) -> Vec<String> {
    if call.callee == "call_command" && call.before == 0 {
        return crate::command::names().into_iter().filter(|name| name.starts_with(typed)).collect();
    }
    let found = match (callee(eyes, call), call.keyword) {
        (Some(Callee::Conditions(model, view)), Some(lookup)) => data::of_lookup(model, view, lookup, typed),
        (Some(Callee::Fields(model, _)), Some(field)) => data::of_lookup(model, View::Django, field, typed),
        (Some(Callee::Paths(model, view)), None) => lookups::paths(model, view, typed),
        _ => Vec::new(),
    };
    if found.is_empty() { data::of_parameter(call, typed) } else { found }
}

fn callee(eyes: &Eyes<'_>, call: &Call<'_>) -> Option<Callee> {
    let parsed = parse_expression(call.callee).ok()?;
    let expr = &parsed.syntax().body;
    let last = call.callee.rsplit('.').next().unwrap_or_default();
    if INSIDE.contains(&last)
        && let Some(outer) = &call.outer
        && let Some(Callee::Conditions(model, view) | Callee::Paths(model, view)) = callee(eyes, outer)
    {
        let conditions = matches!(last, "Q" | "When");
        return Some(if conditions { Callee::Conditions(model, view) } else { Callee::Paths(model, view) });
    }
    if let Expr::Attribute(attribute) = &**expr
        && let Some(of) = eyes.look(&call.callee[..usize::from(value_end(attribute))])
    {
        let name = attribute.attr.as_str();
        let function = || match eyes.attribute(&of, name) {
            Some(Thing::Value(function)) => Some(function),
            _ => None,
        };
        if let Some((class, view)) = eyes.rows(&of) {
            let (model, _) = eyes.model(&class)?;
            return match twin(name) {
                name if CONDITIONS.contains(&name) => Some(Callee::Conditions(model, view)),
                name if FIELDS.contains(&name) => Some(Callee::Fields(model, function())),
                name if PATHS.contains(&name) || matches!(name, "annotate" | "aggregate" | "alias") => {
                    Some(Callee::Paths(model, view))
                }
                _ => function().map(|function| Callee::Function(function, Reached::Bound)),
            };
        }
        let plain =
            matches!(&of, Thing::Value(value) if value.downcastable::<PyModule>() || value.downcastable::<PyType>());
        let reached = if plain && !is_class_method(eyes, &of, name) { Reached::Plainly } else { Reached::Bound };
        let function = function()?;
        return Some(of_value(eyes, function, reached, call));
    }
    match eyes.look(call.callee)? {
        Thing::Value(value) => Some(of_value(eyes, value, Reached::Plainly, call)),
        Thing::Instance(_) | Thing::Rows { .. } => None,
    }
}

/// Where the value ends whose attribute this is.
fn value_end(attribute: &vm::compiler::ast::ExprAttribute) -> rustpython_ruff_text_size::TextSize {
    rustpython_ruff_text_size::Ranged::end(&*attribute.value)
}

fn of_value(eyes: &Eyes<'_>, value: PyObjectRef, reached: Reached, call: &Call<'_>) -> Callee {
    if let Some(class) = value.downcast_ref::<PyType>()
        && let Some((model, _)) = eyes.model(class)
    {
        return Callee::Fields(model, None);
    }
    // The shortcuts take the model, a manager or a query set first.
    if value.downcastable::<PyFunction>()
        && let Ok(name) = value.as_object().get_attr("__name__", eyes.vm)
        && let Some("get_object_or_404" | "get_list_or_404") = name.downcast_ref::<PyStr>().and_then(|n| n.to_str())
        && let Some(first) = call.model
        && let Some(thing) = eyes.look(first)
    {
        let class = match &thing {
            Thing::Value(value) => value.clone().downcast::<PyType>().ok().or_else(|| Some(eyes.rows(&thing)?.0)),
            Thing::Instance(_) | Thing::Rows { .. } => eyes.rows(&thing).map(|(class, _)| class),
        };
        if let Some((model, view)) = class.and_then(|class| eyes.model(&class)) {
            return Callee::Conditions(model, view);
        }
    }
    Callee::Function(value, reached)
}

fn is_class_method(eyes: &Eyes<'_>, of: &Thing, name: &str) -> bool {
    let Thing::Value(value) = of else { return false };
    let raw = value.downcast_ref::<PyType>().and_then(|class| super::thing::find(class, name));
    raw.is_some_and(|raw| raw.class().is(eyes.vm.ctx.types.classmethod_type))
}
