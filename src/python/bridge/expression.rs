//! From Python's expressions (`F`, `Count`, `Case` ...) to ours. Each of theirs says what it is by a tuple, its `_node`.

use rustpython_vm::{
    PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyStr, PyTuple},
};

use super::{
    compile::{Across, Compiler, Negation, constant, part, query_of},
    errors,
    kinds::{function, operation, out_of, summary, trunc},
    value::{Out, natural},
};
use crate::domain::filter::{Aggregate, Annotation, Cond, Expr, Func, Part, Path, Query};

/// The query in which names have a meaning.
pub(super) struct Scope<'q> {
    pub(super) query: &'q mut Query,
    /// See [`Query::join`].
    pub(super) call: u32,
}

/// An expression, a `Q`, or a plain value.
pub(super) fn from_object(object: &PyObject, scope: &mut Scope<'_>, vm: &VirtualMachine) -> PyResult<Expr> {
    if let Some(node) = vm.get_attribute_opt(object.to_owned(), "_node")? {
        return from_node(&node, scope, vm);
    }
    if vm.get_attribute_opt(object.to_owned(), "children")?.is_some() {
        return condition(object, scope, vm).map(|cond| Expr::Test(Box::new(cond)));
    }
    constant(object, vm)
}

fn condition(object: &PyObject, scope: &mut Scope<'_>, vm: &VirtualMachine) -> PyResult<Cond> {
    let call = scope.call;
    Compiler { query: scope.query, vm, call, across: Across::Joined }.child(object, Negation::NONE)
}

/// What a `_node` says.
pub(super) fn from_node(node: &PyObject, scope: &mut Scope<'_>, vm: &VirtualMachine) -> PyResult<Expr> {
    let unknown = || vm.new_type_error("this expression is not known to hallpass".to_owned());
    let node = node.downcast_ref::<PyTuple>().ok_or_else(unknown)?;
    let [kind, rest @ ..] = node.as_slice() else { return Err(unknown()) };
    let kind = word(kind);
    match (kind.as_str(), rest) {
        ("F", [name]) => reference(&text(name, vm)?, scope, vm),
        ("Value", [value]) => constant(value, vm),
        ("Call", [name, args]) => {
            let func = function(&word(name)).ok_or_else(unknown)?;
            let args = vm.extract_elements_with(args, Ok)?;
            let args = args.iter().map(|arg| from_object(arg, scope, vm)).collect::<PyResult<_>>()?;
            Ok(Expr::Call(func, args))
        }
        ("Op", [op, left, right]) => {
            let op = operation(&word(op)).ok_or_else(unknown)?;
            let (left, right) = (from_object(left, scope, vm)?, from_object(right, scope, vm)?);
            Ok(Expr::Arithmetic(op, Box::new(left), Box::new(right)))
        }
        ("Case", [arms, otherwise]) => {
            let mut list = Vec::new();
            for arm in vm.extract_elements_with(arms, Ok)? {
                let parts = vm.extract_elements_with(&arm, Ok)?;
                let [cond, then] = parts.as_slice() else { return Err(unknown()) };
                list.push((condition(cond, scope, vm)?, from_object(then, scope, vm)?));
            }
            Ok(Expr::Case(list, Box::new(from_object(otherwise, scope, vm)?)))
        }
        ("Aggregate", [name, of, distinct, filter, default]) => {
            let summary = summary(&word(name)).ok_or_else(unknown)?;
            let of = if vm.is_none(of) { None } else { Some(from_object(of, scope, vm)?) };
            let filter = if vm.is_none(filter) { None } else { Some(condition(filter, scope, vm)?) };
            let default = if vm.is_none(default) { None } else { Some(natural(default, vm)?) };
            let distinct = distinct.clone().is_true(vm)?;
            Ok(Expr::Aggregate(Box::new(Aggregate { summary, of, distinct, filter, default })))
        }
        ("Sub", [query]) => Ok(Expr::Sub(Box::new(subquery(query, scope, vm)?))),
        ("Exists", [query, negated]) => {
            let exists = Expr::Exists(Box::new(subquery(query, scope, vm)?));
            Ok(if negated.clone().is_true(vm)? {
                Expr::Test(Box::new(Cond::Not(Box::new(Cond::Holds(exists)))))
            } else {
                exists
            })
        }
        ("Raise", [error]) => Err(error.clone().downcast().map_err(|_| unknown())?),
        ("Not", [inner]) => {
            let holds = Cond::Holds(from_object(inner, scope, vm)?);
            Ok(Expr::Test(Box::new(Cond::Not(Box::new(holds)))))
        }
        ("Outer", [name]) => Ok(Expr::OuterName(text(name, vm)?)),
        ("Extract", [of, name]) => {
            let part = part(&word(name)).unwrap_or(Part::Unknown);
            Ok(Expr::Call(Func::Extract(part), vec![from_object(of, scope, vm)?]))
        }
        ("Trunc", [of, kind, as_date]) => {
            let kind = trunc(&word(kind)).ok_or_else(unknown)?;
            let of = from_object(of, scope, vm)?;
            let func = if as_date.clone().is_true(vm)? { Func::TruncateDate(kind) } else { Func::Truncate(kind) };
            Ok(Expr::Call(func, vec![of]))
        }
        _ => Err(unknown()),
    }
}

fn subquery(object: &PyObject, scope: &mut Scope<'_>, vm: &VirtualMachine) -> PyResult<Query> {
    let Some(mut query) = query_of(object, vm)? else {
        return Err(vm.new_type_error("a subquery needs a QuerySet".to_owned()));
    };
    let call = scope.call;
    Compiler { query: scope.query, vm, call, across: Across::Split }.bind(&mut query)?;
    Ok(query)
}

/// The annotation that the names of a look-up begin with, and the names behind it.
pub(super) fn annotated<'n>(query: &'n Query, lookup: &'n str) -> Option<(&'n Annotation, Vec<&'n str>)> {
    if query.annotations.is_empty() {
        return None;
    }
    let names: Vec<&str> = lookup.split("__").collect();
    (1..=names.len()).find_map(|used| {
        let annotation = query.annotation(&names[..used].join("__"))?;
        Some((annotation, names[used..].to_vec()))
    })
}

/// What `F(name)` means.
pub(super) fn reference(name: &str, scope: &mut Scope<'_>, vm: &VirtualMachine) -> PyResult<Expr> {
    let (mut expr, rest, class_name) = match annotated(scope.query, name) {
        Some((annotation, rest)) => {
            let expr = annotation.expr.clone();
            let class_name = annotation.class.unwrap_or_else(|| out_of(&expr).class_name());
            (expr, rest, class_name)
        }
        None => {
            let path = Path::resolve(scope.query.model, scope.query.view, name)
                .map_err(|error| errors::unresolved(&error, &scope.query.annotations, vm))?;
            let expr = scope.query.column(&path, 0);
            (expr, path.rest.clone(), path.class_name)
        }
    };
    for name in rest {
        let moment = matches!(out_of(&expr), Out::DateTime | Out::Date);
        let func = match part(name) {
            Some(part) if moment => Func::Extract(part),
            _ if name == "date" && moment => Func::ToDate,
            _ if name == "time" && moment => Func::ToClock,
            _ => return Err(errors::unsupported(name, name, class_name, errors::Names::of(moment), vm)),
        };
        expr = Expr::Call(func, vec![expr]);
    }
    Ok(expr)
}

fn word(object: &PyObjectRef) -> String {
    object.downcast_ref::<PyStr>().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

fn text(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
    Ok(object.str(vm)?.to_string_lossy().into_owned())
}
