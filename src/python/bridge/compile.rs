//! From the arguments of `filter` and `exclude` to conditions: Django's `build_filter`.

use rustpython_vm::{
    AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine,
    builtins::{PyDict, PyStr, PyTuple},
};

use super::{
    errors,
    expression::{self, Scope},
    kinds::{field_name, out_of},
    patterns,
    query::PyQuery,
    raise,
    value::{Out, Prepared, label, natural, prepare},
};
use crate::domain::{
    Model, Value,
    filter::{Cond, Expr, Func, Grouping, Op, Part, Path, PathError, Query, Right},
};

/// Where in the tree of negations a condition stands.
#[derive(Clone, Copy)]
pub(super) struct Negation {
    /// There is one somewhere above.
    pub(super) branch: bool,
    /// There is an odd number of them above.
    pub(super) current: bool,
}

impl Negation {
    pub(super) const NONE: Self = Self { branch: false, current: false };

    const fn flip(self, negated: bool) -> Self {
        Self { branch: self.branch || negated, current: self.current != negated }
    }
}

/// How an exclusion reaches across many rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Across {
    /// By a query of its own: no one of the many may fulfil it. So a filter does.
    Split,
    /// Row by joined row. So the conditions inside expressions do.
    Joined,
}

/// One call of `filter`.
pub(super) struct Compiler<'q, 'v> {
    pub(super) query: &'q mut Query,
    pub(super) vm: &'v VirtualMachine,
    pub(super) call: u32,
    pub(super) across: Across,
}

impl Compiler<'_, '_> {
    /// The condition of the arguments of `filter(*args, **kwargs)`, all of which must hold.
    pub(super) fn arguments(&mut self, args: &PyTuple, kwargs: &PyDict, at: Negation) -> PyResult<Cond> {
        let mut named: Vec<(String, PyObjectRef)> = Vec::new();
        for (key, value) in kwargs.items_vec() {
            named.push((key.str(self.vm)?.to_string_lossy().into_owned(), value));
        }
        named.sort_by(|a, b| a.0.cmp(&b.0));
        let mut all = Vec::with_capacity(args.len() + named.len());
        for arg in args.as_slice() {
            all.push(self.child(arg, at)?);
        }
        for (lookup, value) in &named {
            all.push(self.lookup(lookup, value, at)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Cond::All(all) })
    }

    /// A child of a `Q`: a pair, another `Q`, or an expression that is true or false.
    pub(super) fn child(&mut self, object: &PyObject, at: Negation) -> PyResult<Cond> {
        let vm = self.vm;
        if let Some(pair) = object.downcast_ref::<PyTuple>() {
            if let [lookup, value] = pair.as_slice() {
                let lookup = lookup.str(vm)?.to_string_lossy().into_owned();
                return self.lookup(&lookup, value, at);
            }
            return Err(errors::cannot_unpack(pair.len(), vm));
        }
        if let Some(children) = vm.get_attribute_opt(object.to_owned(), "children")? {
            return self.q(object, &children, at);
        }
        if let Some(node) = vm.get_attribute_opt(object.to_owned(), "_node")? {
            let conditional = vm.get_attribute_opt(object.to_owned(), "conditional")?;
            if !conditional.is_some_and(|c| c.is_true(vm).unwrap_or(false)) {
                return Err(vm.new_type_error("Cannot filter against a non-conditional expression.".to_owned()));
            }
            let expr = expression::from_node(&node, &mut self.scope(), vm)?;
            return Ok(match expr {
                Expr::Test(cond) => *cond,
                other => Cond::Holds(other),
            });
        }
        if object.fast_isinstance(vm.ctx.types.dict_type) {
            return Err(raise(vm, "django.core.exceptions", "FieldError", "Cannot parse keyword query as dict".into()));
        }
        if let Some(text) = object.downcast_ref::<PyStr>() {
            let parts: Vec<_> = text.to_string_lossy().chars().collect();
            // A text of two letters is a pair like any other.
            if let [lookup, value] = parts.as_slice() {
                let value: PyObjectRef = vm.ctx.new_str(value.to_string()).into();
                return self.lookup(&lookup.to_string(), &value, at);
            }
            return Err(errors::cannot_unpack(parts.len(), vm));
        }
        let name = object.class().name().to_string();
        match vm.extract_elements_with(object, Ok) {
            Ok(items) if items.len() == 2 => {
                let lookup = items[0].str(vm)?.to_string_lossy().into_owned();
                self.lookup(&lookup, &items[1], at)
            }
            Ok(items) => Err(errors::cannot_unpack(items.len(), vm)),
            Err(_) => Err(vm.new_type_error(format!("cannot unpack non-iterable {name} object"))),
        }
    }

    fn q(&mut self, object: &PyObject, children: &PyObject, at: Negation) -> PyResult<Cond> {
        let vm = self.vm;
        let connector = object.get_attr("connector", vm)?.str(vm)?;
        let negated = object.get_attr("negated", vm)?.is_true(vm)?;
        let inner = at.flip(negated);
        let mut list = Vec::new();
        for child in vm.extract_elements_with(children, Ok)? {
            list.push(self.child(&child, inner)?);
        }
        let cond = match connector.to_str() {
            _ if list.is_empty() => return Ok(Cond::Always(true)),
            Some("OR") => Cond::Any(list),
            Some("XOR") => Cond::Odd(list),
            Some(_) | None => Cond::All(list),
        };
        Ok(if negated { cond.negated() } else { cond })
    }

    pub(super) fn scope(&mut self) -> Scope<'_> {
        Scope { query: self.query, call: self.call }
    }

    /// One look-up: `user__groups__name__icontains`, and what it is compared with.
    fn lookup(&mut self, lookup: &str, value: &PyObject, at: Negation) -> PyResult<Cond> {
        let vm = self.vm;
        if lookup.is_empty() {
            return Err(raise(vm, "django.core.exceptions", "FieldError", "Cannot parse keyword query ''".into()));
        }
        let annotated =
            expression::annotated(self.query, lookup).map(|(a, rest)| (a.expr.clone(), a.class, rest.len()));
        if let Some((expr, class, left_over)) = annotated {
            let names: Vec<&str> = lookup.split("__").collect();
            let rest = &names[names.len() - left_over..];
            let out = out_of(&expr);
            let nameless = if out == Out::DateTime { "(unbound)" } else { "None" };
            let name = field_name(&expr).unwrap_or_else(|| nameless.to_owned());
            let class_name = class.unwrap_or_else(|| out.class_name());
            let left = Left { expr, out, name, class_name, relation: None };
            return self.build(left, rest, value, at);
        }
        let (model, view) = (self.query.model, self.query.view);
        let path = Path::resolve(model, view, lookup).map_err(|error| self.unresolved(&error))?;
        // Where this call asks for one of the many already, the exclusion is about the same one.
        if self.across == Across::Split && at.branch && path.reaches_many() && !self.query.has_joined(&path, self.call)
        {
            return self.split(lookup, value);
        }
        let expr = self.query.column(&path, self.call);
        let mut field = path.field();
        let mut holder = path.target.model;
        if let Expr::Column { model, field: at, .. } = &expr {
            field = &model.describe().fields[*at];
            holder = *model;
        }
        let name = label(holder, field);
        let left = Left { expr, out: Out::of(field), name, class_name: path.class_name, relation: path.relation };
        let nullable = field.null || !path.steps.is_empty();
        let cond = self.build(left, &path.rest, value, at)?;
        // Inside a negation, what is missing does not equal: Django adds IS NOT NULL.
        let open = |right: &Right| matches!(right, Right::One(Expr::Column { model, field, .. }) if model.describe().fields[*field].null);
        Ok(match &cond {
            Cond::Test { right, .. } if at.current && (nullable || open(right)) => Cond::Known(Box::new(cond)),
            _ => cond,
        })
    }

    /// An exclusion across many rows: not those of whom one of the many fulfils it.
    fn split(&mut self, lookup: &str, value: &PyObject) -> PyResult<Cond> {
        let mut inner = Query::new(self.query.model, self.query.view);
        let mut compiler = Compiler { query: &mut inner, vm: self.vm, call: 1, across: Across::Split };
        let cond = compiler.lookup(lookup, value, Negation::NONE)?;
        inner.conditions.push(cond);
        inner.default_order = false;
        Ok(Cond::Among(Box::new(inner)))
    }

    pub(super) fn unresolved(&self, error: &PathError) -> rustpython_vm::builtins::PyBaseExceptionRef {
        errors::unresolved(error, &self.query.annotations, self.vm)
    }

    fn build(&mut self, mut left: Left, rest: &[&str], value: &PyObject, at: Negation) -> PyResult<Cond> {
        let vm = self.vm;
        // An expression is resolved, and rows of a wrong kind are refused, before the look-up is.
        let node = match query_of(value, vm)? {
            Some(_) => None,
            None => vm.get_attribute_opt(value.to_owned(), "_node")?,
        };
        let right = node.map(|node| expression::from_node(&node, &mut self.scope(), vm)).transpose()?;
        if let Some(model) = left.relation {
            self.check_related(model, value)?;
        }
        let (last, transforms) = rest.split_last().map_or(("exact", &[][..]), |(last, before)| (*last, before));
        for (place, name) in transforms.iter().enumerate() {
            left = self.transform(left, name, &rest[place..].join("__"))?;
        }
        let fits = |lookup: &Lookup| left.relation.is_none() || lookup.fits_relation();
        let lookup = match Lookup::named(last).filter(fits) {
            Some(lookup) => lookup,
            None => {
                left = self.transform(left, last, last)?;
                Lookup::Op(Op::Exact)
            }
        };
        let asked = if let Lookup::Op(op) = lookup { op } else { Op::Exact };
        let value = &*self.normalized(&left, asked, value)?;
        if vm.is_none(value) {
            return match lookup {
                Lookup::Op(Op::Exact | Op::Like) => Ok(Cond::IsNull(left.expr)),
                Lookup::Op(Op::Range | Op::In) => {
                    Err(vm.new_type_error("'NoneType' object is not iterable".to_owned()))
                }
                Lookup::IsNull | Lookup::Op(_) => {
                    Err(vm.new_value_error("Cannot use None as a query value".to_owned()))
                }
            };
        }
        let op = match lookup {
            Lookup::IsNull => {
                if !value.fast_isinstance(vm.ctx.types.bool_type) {
                    return Err(errors::isnull(vm));
                }
                let cond = Cond::IsNull(left.expr);
                return Ok(if value.is(&vm.ctx.true_value) { cond } else { cond.negated() });
            }
            Lookup::Op(op) => op,
        };
        let _ = at;
        if let Some(inner) = query_of(value, vm)? {
            return self.compare_query(left, op, inner);
        }
        let right = match right {
            Some(Expr::Sub(inner)) if op == Op::In => return self.compare_query(left, op, *inner),
            right => right,
        };
        if let Some(right) = right {
            // SQLite refuses what Django makes of one expression in the place of several.
            if right.has_aggregate() && self.query.grouping == Grouping::None {
                let message = "HAVING clause on a non-aggregate query".to_owned();
                return Err(raise(vm, "django.db.utils", "OperationalError", message));
            }
            if op == Op::Range || (op == Op::In && matches!(right, Expr::Value(_))) {
                let near = if op == Op::Range { "AND" } else { "?" };
                let message = format!("near \"{near}\": syntax error");
                return Err(raise(vm, "django.db.utils", "OperationalError", message));
            }
            return Ok(Cond::test(left.expr, op, right));
        }
        match op {
            Op::In => self.one_of(left, value),
            Op::Range => self.between(left, value),
            Op::Like | Op::Contains | Op::StartsWith | Op::EndsWith | Op::Regex | Op::IRegex => {
                let mut text = value.str(vm)?.to_string_lossy().into_owned();
                let number = [vm.ctx.types.int_type, vm.ctx.types.float_type, vm.ctx.types.bytes_type];
                // Without regard to case SQLite makes a text of it first.
                if op == Op::Regex && number.iter().any(|class| value.fast_isinstance(class)) {
                    // Python's re takes no number for a pattern: this one fails on every value, as that does.
                    text = "(".to_owned();
                }
                if matches!(op, Op::Regex | Op::IRegex)
                    && let Some(pattern) = patterns::compile(&text, op == Op::IRegex, vm)?
                {
                    return Ok(Cond::Test { left: left.expr, op, right: Right::Pattern(pattern) });
                }
                Ok(Cond::test(left.expr, op, Expr::Value(Value::Text(text))))
            }
            Op::Exact | Op::Gt | Op::Gte | Op::Lt | Op::Lte => {
                let mut prepared = prepare(left.out, &left.name, value, vm)?;
                if left.out == Out::Int
                    && left.relation.is_none()
                    && matches!(op, Op::Gte | Op::Lt)
                    && let Some(x) = value.downcast_ref::<rustpython_vm::builtins::PyFloat>()
                {
                    // Django rounds up where a fraction would be cut off.
                    let up = vm.ctx.new_float(x.to_f64().ceil());
                    prepared = prepare(left.out, &left.name, up.as_object(), vm)?;
                }
                Ok(match prepared {
                    Prepared::Value(value) => Cond::test(left.expr, op, Expr::Value(value)),
                    Prepared::Beyond(_) if left.relation.is_some() => {
                        let message = "Python int too large to convert to SQLite INTEGER";
                        return Err(vm.new_overflow_error(message.to_owned()));
                    }
                    // There must be a row all the same.
                    Prepared::Beyond(above) if matches!(op, Op::Lt | Op::Lte) == above && op != Op::Exact => {
                        Cond::IsNull(left.expr).negated()
                    }
                    Prepared::Beyond(_) => Cond::Always(false),
                })
            }
        }
    }

    /// Gives the outer names in a subquery their meaning.
    pub(super) fn bind(&mut self, inner: &mut Query) -> PyResult<()> {
        let vm = self.vm;
        let mut scope = self.scope();
        inner.bind_outer(&mut |name| expression::reference(name, &mut scope, vm))
    }

    fn one_of(&mut self, left: Left, value: &PyObject) -> PyResult<Cond> {
        let vm = self.vm;
        let items = vm.extract_elements_with(value, Ok)?;
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            if vm.is_none(&item) {
                continue;
            }
            if let Some(node) = vm.get_attribute_opt(item.clone(), "_node")? {
                list.push(expression::from_node(&node, &mut self.scope(), vm)?);
                continue;
            }
            match prepare(left.out, &left.name, &item, vm)? {
                Prepared::Value(value) => list.push(Expr::Value(value)),
                Prepared::Beyond(_) => {}
            }
        }
        if list.is_empty() {
            return Ok(Cond::Always(false));
        }
        Ok(Cond::Test { left: left.expr, op: Op::In, right: Right::Many(list) })
    }

    fn between(&mut self, left: Left, value: &PyObject) -> PyResult<Cond> {
        let vm = self.vm;
        let items = vm.extract_elements_with(value, Ok)?;
        let mut ends = Vec::with_capacity(2);
        for end in &items {
            if let Some(node) = vm.get_attribute_opt(end.clone(), "_node")? {
                ends.push(expression::from_node(&node, &mut self.scope(), vm)?);
                continue;
            }
            ends.push(Expr::Value(match prepare(left.out, &left.name, end, vm)? {
                Prepared::Value(value) => value,
                Prepared::Beyond(true) => Value::Int(i64::MAX),
                Prepared::Beyond(false) => Value::Int(i64::MIN),
            }));
        }
        if ends.len() < 2 {
            return Err(vm.new_index_error("tuple index out of range".to_owned()));
        }
        ends.truncate(2);
        Ok(Cond::Test { left: left.expr, op: Op::Range, right: Right::Many(ends) })
    }

    fn transform(&self, left: Left, name: &str, unsupported: &str) -> PyResult<Left> {
        let moment = matches!(left.out, Out::DateTime | Out::Date);
        let (func, out) = match (name, part(name)) {
            ("date", _) if left.out == Out::DateTime => (Func::ToDate, Out::Date),
            ("time", _) if left.out == Out::DateTime => (Func::ToClock, Out::Clock),
            ("hour" | "minute" | "second", Some(part)) if left.out == Out::Clock => (Func::Extract(part), Out::Int),
            (_, Some(part)) if moment => (Func::Extract(part), Out::Int),
            _ => {
                let names = match left.relation {
                    Some(_) => errors::Names::Relation,
                    None => errors::Names::of(moment),
                };
                return Err(errors::unsupported(unsupported, name, left.class_name, names, self.vm));
            }
        };
        let expr = Expr::Call(func, vec![left.expr]);
        // What Django extracts is a field without a name.
        let name = if out == Out::Int { "None" } else { name };
        Ok(Left { expr, out, name: name.to_owned(), class_name: out.class_name(), relation: None })
    }
}

/// The left side of a comparison.
pub(super) struct Left {
    pub(super) expr: Expr,
    pub(super) out: Out,
    /// The field's name, for errors.
    pub(super) name: String,
    pub(super) class_name: &'static str,
    /// The model, where a relation itself is compared.
    pub(super) relation: Option<Model>,
}

impl Out {
    pub(super) const fn class_name(self) -> &'static str {
        match self {
            Self::Text => "CharField",
            Self::Int => "IntegerField",
            Self::Float => "FloatField",
            Self::Bool => "BooleanField",
            Self::DateTime => "DateTimeField",
            Self::Date => "DateField",
            Self::Clock => "TimeField",
            Self::Span => "DurationField",
            Self::Any => "Field",
        }
    }
}

enum Lookup {
    Op(Op),
    IsNull,
}

const LOOKUPS: [(&str, Op); 16] = [
    ("exact", Op::Exact),
    ("iexact", Op::Like),
    ("gt", Op::Gt),
    ("gte", Op::Gte),
    ("lt", Op::Lt),
    ("lte", Op::Lte),
    ("in", Op::In),
    ("contains", Op::Contains),
    ("icontains", Op::Contains),
    ("startswith", Op::StartsWith),
    ("istartswith", Op::StartsWith),
    ("endswith", Op::EndsWith),
    ("iendswith", Op::EndsWith),
    ("range", Op::Range),
    ("regex", Op::Regex),
    ("iregex", Op::IRegex),
];

impl Lookup {
    fn named(name: &str) -> Option<Self> {
        match name {
            "isnull" => Some(Self::IsNull),
            _ => LOOKUPS.iter().find(|(known, _)| *known == name).map(|(_, op)| Self::Op(*op)),
        }
    }

    /// Whether a relation itself may be compared so.
    const fn fits_relation(&self) -> bool {
        match self {
            Self::IsNull | Self::Op(Op::Exact | Op::Gt | Op::Gte | Op::Lt | Op::Lte | Op::In) => true,
            Self::Op(Op::Range | Op::Like | Op::Contains | Op::StartsWith | Op::EndsWith | Op::Regex | Op::IRegex) => {
                false
            }
        }
    }
}

pub(super) fn part(name: &str) -> Option<Part> {
    Some(match name {
        "year" => Part::Year,
        "iso_year" => Part::IsoYear,
        "month" => Part::Month,
        "day" => Part::Day,
        "week" => Part::Week,
        "week_day" => Part::WeekDay,
        "iso_week_day" => Part::IsoWeekDay,
        "quarter" => Part::Quarter,
        "hour" => Part::Hour,
        "minute" => Part::Minute,
        "second" => Part::Second,
        _ => return None,
    })
}

/// The query of a `QuerySet` or of a query itself.
pub(super) fn query_of(object: &PyObject, vm: &VirtualMachine) -> PyResult<Option<Query>> {
    if let Some(query) = object.downcast_ref::<PyQuery>() {
        return Ok(Some(query.query.clone()));
    }
    if object.fast_isinstance(vm.ctx.types.str_type) || object.fast_isinstance(vm.ctx.types.int_type) {
        return Ok(None);
    }
    let inner = vm.get_attribute_opt(object.to_owned(), "query")?;
    Ok(inner.and_then(|inner| inner.downcast_ref::<PyQuery>().map(|query| query.query.clone())))
}

/// A value as it is: for `Value(...)`.
pub(super) fn constant(object: &PyObject, vm: &VirtualMachine) -> PyResult<Expr> {
    natural(object, vm).map(Expr::Value)
}
