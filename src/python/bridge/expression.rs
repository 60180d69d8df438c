//! From Python's expressions (`F`, `Count`, `Case` ...) to ours. Each of theirs says what it is by a tuple, its `_node`.

use rustpython_vm::{
    PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyStr, PyTuple},
};

use super::{
    compile::{Compiler, Negation, constant, part, query_of},
    errors,
    value::{Out, natural},
};
use crate::domain::{
    Value,
    filter::{Aggregate, Arithmetic, Cond, Expr, Func, Path, Query, Select, Summary, Trunc},
};

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
    Compiler { query: scope.query, vm, call }.child(object, Negation::NONE)
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
        ("Outer", [name]) => Ok(Expr::OuterName(text(name, vm)?)),
        ("Extract", [of, name]) => {
            let part = part(&word(name)).ok_or_else(unknown)?;
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
    Compiler { query: scope.query, vm, call }.bind(&mut query)?;
    Ok(query)
}

/// The annotation that the names of a look-up begin with, and the names behind it.
pub(super) fn annotated<'n>(query: &Query, lookup: &'n str) -> Option<(Expr, Vec<&'n str>)> {
    if query.annotations.is_empty() {
        return None;
    }
    let names: Vec<&str> = lookup.split("__").collect();
    (1..=names.len()).find_map(|used| {
        let annotation = query.annotation(&names[..used].join("__"))?;
        Some((annotation.expr.clone(), names[used..].to_vec()))
    })
}

/// What `F(name)` means.
pub(super) fn reference(name: &str, scope: &mut Scope<'_>, vm: &VirtualMachine) -> PyResult<Expr> {
    let (mut expr, rest, class_name) = match annotated(scope.query, name) {
        Some((expr, rest)) => {
            let class_name = out_of(&expr).class_name();
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

/// Of what the values of an expression are, as far as it can be told.
pub(super) fn out_of(expr: &Expr) -> Out {
    match expr {
        Expr::Column { model, field, .. } => Out::of(&model.describe().fields[*field]),
        Expr::Value(value) => match value {
            Value::Null => Out::Any,
            Value::Bool(_) => Out::Bool,
            Value::Int(_) => Out::Int,
            Value::Float(_) => Out::Float,
            Value::Text(_) => Out::Text,
            Value::Time(_) => Out::DateTime,
            Value::Date(_) => Out::Date,
            Value::Clock(_) => Out::Clock,
            Value::Span(_) => Out::Span,
        },
        Expr::OuterName(_) => Out::Any,
        Expr::Outer(inner) => out_of(inner),
        Expr::Call(func, args) => out_of_call(*func, args),
        Expr::Arithmetic(_, left, right) => match (out_of(left), out_of(right)) {
            (Out::Int, Out::Int) => Out::Int,
            (Out::DateTime, Out::Span) => Out::DateTime,
            (Out::DateTime, Out::DateTime) => Out::Span,
            (Out::Float, _) | (_, Out::Float) => Out::Float,
            _ => Out::Any,
        },
        Expr::Case(arms, otherwise) => arms.first().map_or_else(|| out_of(otherwise), |(_, then)| out_of(then)),
        Expr::Aggregate(aggregate) => match (aggregate.summary, &aggregate.of) {
            (Summary::Count, _) => Out::Int,
            (Summary::Avg | Summary::Variance | Summary::StdDev, _) => Out::Float,
            (Summary::Sum | Summary::Min | Summary::Max, Some(of)) => out_of(of),
            (Summary::Sum | Summary::Min | Summary::Max, None) => Out::Any,
        },
        Expr::Sub(query) => match &query.select {
            Select::Values(values) => values.first().map_or(Out::Any, |(_, expr)| out_of(expr)),
            Select::Row | Select::Only(_) => Out::Any,
        },
        Expr::Exists(_) | Expr::Test(_) => Out::Bool,
    }
}

fn out_of_call(func: Func, args: &[Expr]) -> Out {
    let first = || args.first().map_or(Out::Any, out_of);
    match func {
        Func::Lower
        | Func::Upper
        | Func::Concat
        | Func::Trim
        | Func::LTrim
        | Func::RTrim
        | Func::Substr
        | Func::Left
        | Func::Right
        | Func::Replace
        | Func::Reverse
        | Func::Repeat
        | Func::LPad
        | Func::RPad
        | Func::ToText => Out::Text,
        Func::Length | Func::StrIndex | Func::Sign | Func::ToInt | Func::Extract(_) => Out::Int,
        Func::Coalesce | Func::Greatest | Func::Least | Func::NullIf | Func::Abs => first(),
        Func::Round | Func::Ceil | Func::Floor | Func::Mod | Func::Power | Func::Sqrt | Func::ToFloat => Out::Float,
        Func::Now | Func::Truncate(_) => Out::DateTime,
        Func::ToBool => Out::Bool,
        Func::ToDate | Func::TruncateDate(_) => Out::Date,
        Func::ToClock => Out::Clock,
    }
}

fn word(object: &PyObjectRef) -> String {
    object.downcast_ref::<PyStr>().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

fn text(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
    Ok(object.str(vm)?.to_string_lossy().into_owned())
}

fn operation(sign: &str) -> Option<Arithmetic> {
    Some(match sign {
        "+" => Arithmetic::Add,
        "-" => Arithmetic::Sub,
        "*" => Arithmetic::Mul,
        "/" => Arithmetic::Div,
        "%%" => Arithmetic::Mod,
        "^" => Arithmetic::Pow,
        "&" => Arithmetic::BitAnd,
        "|" => Arithmetic::BitOr,
        _ => return None,
    })
}

fn summary(name: &str) -> Option<Summary> {
    Some(match name {
        "Count" => Summary::Count,
        "Sum" => Summary::Sum,
        "Avg" => Summary::Avg,
        "Min" => Summary::Min,
        "Max" => Summary::Max,
        "Variance" => Summary::Variance,
        "StdDev" => Summary::StdDev,
        _ => return None,
    })
}

fn trunc(name: &str) -> Option<Trunc> {
    Some(match name {
        "year" => Trunc::Year,
        "quarter" => Trunc::Quarter,
        "month" => Trunc::Month,
        "week" => Trunc::Week,
        "day" => Trunc::Day,
        "hour" => Trunc::Hour,
        "minute" => Trunc::Minute,
        "second" => Trunc::Second,
        _ => return None,
    })
}

fn function(name: &str) -> Option<Func> {
    Some(match name {
        "Lower" => Func::Lower,
        "Upper" => Func::Upper,
        "Length" => Func::Length,
        "Concat" => Func::Concat,
        "Coalesce" => Func::Coalesce,
        "Trim" => Func::Trim,
        "LTrim" => Func::LTrim,
        "RTrim" => Func::RTrim,
        "Substr" => Func::Substr,
        "Left" => Func::Left,
        "Right" => Func::Right,
        "Replace" => Func::Replace,
        "StrIndex" => Func::StrIndex,
        "Reverse" => Func::Reverse,
        "Repeat" => Func::Repeat,
        "LPad" => Func::LPad,
        "RPad" => Func::RPad,
        "Abs" => Func::Abs,
        "Round" => Func::Round,
        "Ceil" => Func::Ceil,
        "Floor" => Func::Floor,
        "Mod" => Func::Mod,
        "Power" => Func::Power,
        "Sqrt" => Func::Sqrt,
        "Sign" => Func::Sign,
        "Greatest" => Func::Greatest,
        "Least" => Func::Least,
        "NullIf" => Func::NullIf,
        "Now" => Func::Now,
        "ToInt" => Func::ToInt,
        "ToFloat" => Func::ToFloat,
        "ToText" => Func::ToText,
        "ToBool" => Func::ToBool,
        "ToDate" => Func::ToDate,
        "ToClock" => Func::ToClock,
        _ => return None,
    })
}
