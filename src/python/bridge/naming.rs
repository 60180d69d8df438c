//! Names in `values` and `order_by`.

use rustpython_vm::{
    PyObject, PyResult, VirtualMachine,
    builtins::{PyStr, PyStrRef},
};

use super::{
    errors,
    expression::{Scope, annotated, from_object, reference},
    kinds::out_of,
    raise, rows,
};
use crate::domain::filter::{Expr, Nulls, Order, OrderBy, Path, Query, Select};

/// A name in `values(...)`.
pub(super) fn selected(query: &mut Query, name: &str, vm: &VirtualMachine) -> PyResult<Expr> {
    if let Some((annotation, rest)) = annotated(query, name)
        && rest.is_empty()
    {
        return Ok(annotation.expr.clone());
    }
    let path =
        Path::resolve(query.model, query.view, name).map_err(|e| errors::unresolved(&e, &query.annotations, vm))?;
    if let Some(unknown) = path.rest.first() {
        let moment = matches!(super::value::Out::of(path.field()), super::value::Out::DateTime);
        if !(moment && super::compile::part(unknown).is_some() || *unknown == "date" || *unknown == "time") {
            let before = name.split("__").nth(path.used - 1).unwrap_or(name);
            let message = if path.relation.is_some() {
                let choices = crate::domain::filter::choices(path.target.model, query.view).join(", ");
                format!("Cannot resolve keyword '{unknown}' into field. Choices are: {choices}")
            } else {
                format!("Cannot resolve keyword '{unknown}' into field. Join on '{before}' not permitted.")
            };
            return Err(raise(vm, "django.core.exceptions", "FieldError", message));
        }
    }
    reference(name, &mut Scope { query, call: 0 }, vm)
}

pub(super) fn ordering(query: &mut Query, object: &PyObject, vm: &VirtualMachine) -> PyResult<Order> {
    let Some(text) = object.downcast_ref::<PyStr>() else {
        return ordering_by_expression(query, object, vm);
    };
    let text = text.to_string_lossy();
    let (name, descending) = text.strip_prefix('-').map_or((&*text, false), |name| (name, true));
    if name == "?" && !descending {
        return Ok(Order { by: OrderBy::Random, descending: false, nulls: None });
    }
    check_order(query, name, vm)?;
    let expr = selected(query, name, vm)?;
    Ok(Order { by: OrderBy::Expr(expr), descending, nulls: None })
}

/// What is no field of a model that refers to this one is taken for a look-up of its key; from here to there, Django
/// looks at the fields again.
fn check_order(query: &Query, name: &str, vm: &VirtualMachine) -> PyResult<()> {
    if let Ok(path) = Path::resolve(query.model, query.view, name)
        && let (Some(unknown), Some(related)) = (path.rest.first(), path.relation)
        && ["OneToOneRel", "ManyToOneRel"].contains(&path.class_name)
    {
        let description = related.describe();
        let key = description.fields[description.pk].class_name();
        return Err(errors::unsupported(unknown, unknown, key, errors::Names::Plain, vm));
    }
    Ok(())
}

fn ordering_by_expression(query: &mut Query, object: &PyObject, vm: &VirtualMachine) -> PyResult<Order> {
    let mut scope = Scope { query, call: 0 };
    if let Some(inner) = vm.get_attribute_opt(object.to_owned(), "_ordered")? {
        let expr = from_object(&inner, &mut scope, vm)?;
        let yes = |name: &'static str| -> PyResult<bool> {
            let value = object.get_attr(name, vm)?;
            Ok(!vm.is_none(&value) && value.is_true(vm)?)
        };
        let nulls = match (yes("nulls_first")?, yes("nulls_last")?) {
            (true, _) => Some(Nulls::First),
            (false, true) => Some(Nulls::Last),
            (false, false) => None,
        };
        return Ok(Order { by: OrderBy::Expr(expr), descending: yes("descending")?, nulls });
    }
    let expr = from_object(object, &mut scope, vm)?;
    debug_assert!(!matches!(expr, Expr::OuterName(_)) || out_of(&expr) == super::value::Out::Any, "a name has no kind");
    Ok(Order { by: OrderBy::Expr(expr), descending: false, nulls: None })
}

/// Asks for the values of `names`; of all fields where there are none.
pub(super) fn select(query: &mut Query, names: &[PyStrRef], vm: &VirtualMachine) -> PyResult<()> {
    let mut list = Vec::new();
    if names.is_empty() {
        let model = query.model;
        for (field, described) in model.describe().fields.iter().enumerate() {
            if rows::is_seen(described, query.view) {
                list.push((described.attname.to_owned(), Expr::Column { alias: 0, model, field }));
            }
        }
        let shown = query.annotations.iter().filter(|annotation| annotation.shown);
        list.extend(shown.map(|annotation| (annotation.name.clone(), annotation.expr.clone())));
    }
    for name in names {
        let name = name.to_string_lossy().into_owned();
        if let Some(hidden) = query.annotation(&name).filter(|annotation| !annotation.shown) {
            let message = format!("Cannot select the '{}' alias. Use annotate() to promote it.", hidden.name);
            return Err(raise(vm, "django.core.exceptions", "FieldError", message));
        }
        let expr = selected(query, &name, vm)?;
        list.push((name, expr));
    }
    query.select = Select::Values(list);
    Ok(())
}
