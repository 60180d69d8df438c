//! The query behind a `QuerySet`: each method gives a new one, or asks.

use rustpython_vm::{
    Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyDictRef, PyListRef, PyStrRef, PyTupleRef, PyTypeRef},
    function::{ArgSequence, OptionalArg},
    pyclass,
};

use super::{
    compile::{Across, Compiler, Negation, query_of},
    errors,
    expression::{self, Scope, from_object},
    kinds::{class_named, read_as},
    naming::{ordering, select},
    raise,
    rows::{self, Results},
    state,
    value::to_python,
};
use crate::domain::{
    Model,
    filter::{Annotation, Combine, Cond, Expr, Grouping, Query, Select, View},
};

/// `QuerySet.query`.
#[pyclass(module = "django.db.models.sql.query", name = "Query")]
#[derive(Debug, PyPayload)]
pub(super) struct PyQuery {
    pub(super) query: Query,
    /// What Django says no sooner than when the query is asked.
    late: Option<PyBaseExceptionRef>,
}

impl PyQuery {
    /// Another query made of this one.
    fn next(&self, query: Query, vm: &VirtualMachine) -> PyRef<Self> {
        Self { query, late: self.late.clone() }.into_ref(&vm.ctx)
    }

    /// Raises what was kept for now, and what SQLite says of queries that do not fit together.
    fn ready(&self, vm: &VirtualMachine) -> PyResult<()> {
        if let Some(late) = &self.late {
            return Err(late.clone());
        }
        let Some((how, others)) = &self.query.combined else { return Ok(()) };
        let own = rows::columns(&self.query);
        if others.iter().all(|other| rows::columns(other) == own) {
            return Ok(());
        }
        let word = match how {
            Combine::Union => "UNION",
            Combine::UnionAll => "UNION ALL",
            Combine::Intersection => "INTERSECT",
            Combine::Difference => "EXCEPT",
        };
        let message = format!("SELECTs to the left and right of {word} do not have the same number of result columns");
        Err(raise(vm, "django.db.utils", "OperationalError", message))
    }
}

/// All rows of a model.
pub(super) fn all(label: &str, every: bool, vm: &VirtualMachine) -> PyResult<PyRef<PyQuery>> {
    let model = rows::model(label, vm)?;
    let view = if every { View::Every } else { View::Django };
    Ok(PyQuery { query: Query::new(model, view), late: None }.into_ref(&vm.ctx))
}

#[pyclass]
impl PyQuery {
    #[pygetset]
    fn label(zelf: &Py<Self>) -> String {
        zelf.query.model.label()
    }

    #[pygetset]
    fn is_sliced(zelf: &Py<Self>) -> bool {
        zelf.query.is_sliced()
    }

    #[pygetset]
    fn low_mark(zelf: &Py<Self>) -> usize {
        zelf.query.from
    }

    #[pygetset]
    fn high_mark(zelf: &Py<Self>) -> Option<usize> {
        zelf.query.to
    }

    #[pygetset]
    fn is_combined(zelf: &Py<Self>) -> Option<&'static str> {
        zelf.query.combined.as_ref().map(|(how, _)| match how {
            Combine::Union | Combine::UnionAll => "union",
            Combine::Intersection => "intersection",
            Combine::Difference => "difference",
        })
    }

    #[pygetset]
    fn distinct_rows(zelf: &Py<Self>) -> bool {
        zelf.query.distinct
    }

    /// Whether it has an order: an asked one, or the model's own where that counts.
    #[pygetset]
    fn is_ordered(zelf: &Py<Self>) -> bool {
        let query = &zelf.query;
        let own = query.default_order && !query.model.describe().ordering.is_empty();
        !query.order.is_empty() || (own && query.grouping == Grouping::None)
    }

    #[pygetset]
    fn is_empty(zelf: &Py<Self>) -> bool {
        zelf.query.is_empty()
    }

    #[pygetset]
    fn has_values(zelf: &Py<Self>) -> bool {
        matches!(zelf.query.select, Select::Values(_))
    }

    #[pygetset]
    fn annotation_names(zelf: &Py<Self>, vm: &VirtualMachine) -> PyListRef {
        texts(zelf.query.annotations.iter().map(|annotation| annotation.name.as_str()), vm)
    }

    #[pygetset]
    fn value_names(zelf: &Py<Self>, vm: &VirtualMachine) -> PyListRef {
        match &zelf.query.select {
            Select::Values(values) => texts(values.iter().map(|(name, _)| name.as_str()), vm),
            Select::Row | Select::Only(_) => texts(std::iter::empty(), vm),
        }
    }

    #[pymethod]
    fn filter(
        zelf: &Py<Self>,
        negated: bool,
        args: PyTupleRef,
        kwargs: PyDictRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<Self>> {
        let mut query = zelf.query.clone();
        if args.is_empty() && kwargs.is_empty() {
            return Ok(zelf.next(query, vm));
        }
        query.calls += 1;
        let call = query.calls;
        let at = Negation { branch: negated, current: negated };
        let cond = Compiler { query: &mut query, vm, call, across: Across::Split }.arguments(&args, &kwargs, at);
        let cond = match cond {
            Err(error) if errors::is_late(&error, vm) => return Ok(Self::fails_later(zelf, error, vm)),
            cond => cond?,
        };
        // A Q without conditions says nothing, whichever way it is put.
        let nothing =
            cond == Cond::Always(true) && kwargs.is_empty() && args.as_slice().iter().all(|arg| is_empty(arg, vm));
        let cond = if negated && !nothing { cond.negated() } else { cond };
        if cond != Cond::Always(true) {
            query.conditions.push(cond);
        }
        Ok(zelf.next(query, vm))
    }

    #[pymethod]
    fn annotate(
        zelf: &Py<Self>,
        name: PyStrRef,
        object: PyObjectRef,
        shown: bool,
        class: Option<PyStrRef>,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<Self>> {
        let mut query = zelf.query.clone();
        let class = class.and_then(|class| class_named(&class.to_string_lossy()));
        let expr = from_object(&object, &mut Scope { query: &mut query, call: 0 }, vm)?;
        let expr = read_as(expr, class);
        let name = name.to_string_lossy().into_owned();
        let sums = expr.has_aggregate();
        query.annotations.retain(|annotation| annotation.name != name);
        query.annotations.push(Annotation { name: name.clone(), expr: expr.clone(), shown, class });
        if let Select::Values(values) = &mut query.select {
            if shown {
                values.retain(|(known, _)| *known != name);
                values.push((name, expr));
            }
            if sums {
                let by = values.iter().map(|(_, expr)| expr).filter(|expr| !expr.has_aggregate()).cloned().collect();
                query.grouping = Grouping::By(by);
            }
        } else if sums && query.grouping == Grouping::None {
            query.grouping = Grouping::Model;
        }
        Ok(zelf.next(query, vm))
    }

    /// The same query, which raises `error` when it is asked.
    #[pymethod]
    fn fails_later(zelf: &Py<Self>, error: PyBaseExceptionRef, vm: &VirtualMachine) -> PyRef<Self> {
        let late = zelf.late.clone().or(Some(error));
        Self { query: zelf.query.clone(), late }.into_ref(&vm.ctx)
    }

    #[pymethod]
    fn values(zelf: &Py<Self>, names: ArgSequence<PyStrRef>, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        let mut query = zelf.query.clone();
        let names = names.into_vec();
        select(&mut query, &names, vm)?;
        // What is combined is asked for the same.
        if let Some((_, others)) = &mut query.combined {
            for other in others {
                select(other, &names, vm)?;
            }
        }
        Ok(zelf.next(query, vm))
    }

    /// Only these fields are asked for, by their places in the model.
    #[pymethod]
    fn only(zelf: &Py<Self>, fields: ArgSequence<usize>, vm: &VirtualMachine) -> PyRef<Self> {
        let mut query = zelf.query.clone();
        let pk = query.model.describe().pk;
        let fields = fields.into_vec();
        let fields = if fields.contains(&pk) { fields } else { std::iter::once(pk).chain(fields).collect() };
        query.select = Select::Only(fields);
        zelf.next(query, vm)
    }

    #[pymethod]
    fn all_fields(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<Self> {
        let mut query = zelf.query.clone();
        query.select = Select::Row;
        zelf.next(query, vm)
    }

    #[pymethod]
    fn order_by(zelf: &Py<Self>, names: ArgSequence, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        let mut query = zelf.query.clone();
        query.order.clear();
        query.default_order = false;
        for name in &names {
            let order = ordering(&mut query, name, vm)?;
            query.order.push(order);
        }
        Ok(zelf.next(query, vm))
    }

    #[pymethod]
    fn reverse(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<Self> {
        let mut query = zelf.query.clone();
        query.reversed = !query.reversed;
        zelf.next(query, vm)
    }

    #[pymethod]
    fn distinct(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<Self> {
        let mut query = zelf.query.clone();
        query.distinct = true;
        zelf.next(query, vm)
    }

    #[pymethod]
    fn none(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<Self> {
        let mut query = zelf.query.clone();
        query.conditions.push(Cond::Always(false));
        query.combined = None;
        zelf.next(query, vm)
    }

    /// The results from `low` on and before `high`, counted from those that there are now.
    #[pymethod]
    fn slice(zelf: &Py<Self>, low: Option<usize>, high: Option<usize>, vm: &VirtualMachine) -> PyRef<Self> {
        let mut query = zelf.query.clone();
        let base = query.from;
        if let Some(high) = high {
            query.to = Some(query.to.unwrap_or(usize::MAX).min(base.saturating_add(high)));
        }
        if let Some(low) = low {
            query.from = query.to.unwrap_or(usize::MAX).min(base.saturating_add(low));
        }
        zelf.next(query, vm)
    }

    #[pymethod]
    fn unsliced(zelf: &Py<Self>, vm: &VirtualMachine) -> PyRef<Self> {
        let mut query = zelf.query.clone();
        (query.from, query.to) = (0, None);
        zelf.next(query, vm)
    }

    #[pymethod]
    fn combine(zelf: &Py<Self>, how: PyStrRef, others: ArgSequence, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        let how = match how.to_str() {
            Some("union") => Combine::Union,
            Some("union_all") => Combine::UnionAll,
            Some("intersection") => Combine::Intersection,
            Some(_) | None => Combine::Difference,
        };
        let mut list = Vec::with_capacity(others.len());
        for other in &others {
            list.extend(query_of(other, vm)?);
        }
        let mut query = zelf.query.clone();
        query.combined = Some((how, list));
        Ok(zelf.next(query, vm))
    }

    /// `a | b`, `a & b`, `a ^ b`.
    #[pymethod]
    fn merge(zelf: &Py<Self>, connector: PyStrRef, other: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        let mut query = zelf.query.clone();
        let Some(other) = query_of(&other, vm)? else { return Ok(zelf.next(query, vm)) };
        let theirs = query.adopt(other);
        let mine = std::mem::take(&mut query.conditions);
        let (mine, theirs) = (Cond::All(mine), Cond::All(theirs));
        query.conditions.push(match connector.to_str() {
            Some("OR") => Cond::Any(vec![mine, theirs]),
            Some("XOR") => Cond::Odd(vec![mine, theirs]),
            Some(_) | None => Cond::All(vec![mine, theirs]),
        });
        Ok(zelf.next(query, vm))
    }

    #[pymethod]
    fn count(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<usize> {
        zelf.ready(vm)?;
        state::run(vm, |session| session.transact(|tx| tx.count(&zelf.query)))
    }

    #[pymethod]
    fn exists(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.ready(vm)?;
        let mut query = zelf.query.clone();
        if query.combined.is_none() {
            query.to = Some(query.to.unwrap_or(usize::MAX).min(query.from + 1));
            if !zelf.query.is_sliced() {
                query.order.clear();
                query.default_order = false;
                query.distinct = false;
            }
        }
        state::run(vm, |session| session.transact(|tx| Ok(!tx.fetch(&query)?.found.is_empty())))
    }

    /// The results as instances of `class`.
    #[pymethod]
    fn instances(zelf: &Py<Self>, class: PyTypeRef, vm: &VirtualMachine) -> PyResult<PyListRef> {
        zelf.ready(vm)?;
        let fetched = state::run(vm, |session| session.transact(|tx| Results::of(tx, &zelf.query)))?;
        rows::instances(&zelf.query, fetched, &class, vm)
    }

    /// The first 21 of those that fulfil further conditions, as instances of `class`: what `get` looks at.
    #[pymethod]
    fn got(
        zelf: &Py<Self>,
        args: PyTupleRef,
        kwargs: PyDictRef,
        class: PyTypeRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyListRef> {
        let narrower = Self::filter(zelf, false, args, kwargs, vm)?;
        let narrower = Self::slice(&narrower, None, Some(21), vm);
        Self::instances(&narrower, class, vm)
    }

    /// The selected values of the results: a dict, a tuple, or the first alone.
    #[pymethod]
    fn selection(zelf: &Py<Self>, form: PyStrRef, vm: &VirtualMachine) -> PyResult<PyListRef> {
        zelf.ready(vm)?;
        let fetched = state::run(vm, |session| session.transact(|tx| Results::of(tx, &zelf.query)))?;
        rows::selection(&zelf.query, fetched, form.to_str().unwrap_or("tuple"), vm)
    }

    #[pymethod]
    fn aggregate(zelf: &Py<Self>, items: ArgSequence<PyTupleRef>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        zelf.ready(vm)?;
        let mut query = zelf.query.clone();
        let items = pairs(&items, vm)?;
        let mut exprs = Vec::with_capacity(items.len());
        for (name, object) in &items {
            let expr = from_object(object, &mut Scope { query: &mut query, call: 0 }, vm)?;
            if !expr.has_aggregate() {
                return Err(vm.new_type_error(format!("{} is not an aggregate expression", name.to_string_lossy())));
            }
            // Later ones may be computed from earlier ones.
            query.annotations.push(Annotation {
                name: name.to_string_lossy().into_owned(),
                expr: expr.clone(),
                shown: false,
                class: None,
            });
            exprs.push(expr);
        }
        let values = state::run(vm, |session| session.transact(|tx| tx.summarize(&query, &exprs)))?;
        let dict = vm.ctx.new_dict();
        for ((name, _), value) in items.iter().zip(&values) {
            dict.set_item(&**name, to_python(value, vm)?, vm)?;
        }
        Ok(dict)
    }

    /// Sets fields of all rows: pairs of an attribute's name and a value or expression.
    #[pymethod]
    fn update(zelf: &Py<Self>, items: ArgSequence<PyTupleRef>, vm: &VirtualMachine) -> PyResult<usize> {
        zelf.ready(vm)?;
        let mut query = zelf.query.clone();
        let items = pairs(&items, vm)?;
        let mut assignments = Vec::with_capacity(items.len());
        for (name, object) in &items {
            let name = name.to_string_lossy();
            let Some(field) = query.model.field(&name) else { continue };
            let expr = match vm.get_attribute_opt(object.clone(), "_node")? {
                Some(node) => expression::from_node(&node, &mut Scope { query: &mut query, call: 0 }, vm)?,
                None if vm.get_attribute_opt(object.clone(), "children")?.is_some() => {
                    from_object(object, &mut Scope { query: &mut query, call: 0 }, vm)?
                }
                None => Expr::Value(rows::prepare_save(query.model, field, object, vm)?),
            };
            if expr.looks_beyond_own_row() {
                let message = "Joined field references are not permitted in this query".to_owned();
                return Err(raise(vm, "django.core.exceptions", "FieldError", message));
            }
            assignments.push((field, expr));
        }
        if assignments.is_empty() || query.is_empty() {
            return Ok(0);
        }
        state::run(vm, |session| session.transact(|tx| tx.update_rows(&query, &assignments)))
    }

    /// Deletes all rows; how many of which model.
    #[pymethod]
    fn delete(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyListRef> {
        zelf.ready(vm)?;
        let deleted = state::run(vm, |session| session.transact(|tx| tx.delete_rows(&zelf.query)))?;
        Ok(rows::counts(&deleted, vm))
    }

    #[pymethod]
    fn first_pk_or_none(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.ready(vm)?;
        let mut query = zelf.query.clone();
        query.to = Some(query.from + 1);
        let fetched = state::run(vm, |session| session.transact(|tx| tx.fetch(&query)))?;
        rows::first_pk(fetched, vm)
    }

    #[pymethod]
    fn clone(zelf: PyRef<Self>, _args: OptionalArg<PyObjectRef>) -> PyRef<Self> {
        // A query never changes.
        zelf
    }
}

/// Whether it is a `Q` without children.
fn is_empty(object: &PyObject, vm: &VirtualMachine) -> bool {
    let children = vm.get_attribute_opt(object.to_owned(), "children").ok().flatten();
    children.is_some_and(|children| vm.extract_elements_with(&children, Ok).is_ok_and(|list| list.is_empty()))
}

fn texts<'a>(list: impl Iterator<Item = &'a str>, vm: &VirtualMachine) -> PyListRef {
    vm.ctx.new_list(list.map(|text| vm.ctx.new_str(text).into()).collect())
}

fn pairs(items: &[PyTupleRef], vm: &VirtualMachine) -> PyResult<Vec<(PyStrRef, PyObjectRef)>> {
    let pair = |item: &PyTupleRef| match item.as_slice() {
        [name, object] => Ok((name.str(vm)?, object.clone())),
        _ => Err(vm.new_type_error("a pair was expected".to_owned())),
    };
    items.iter().map(pair).collect()
}

/// The model that a Python class or instance stands for.
pub(super) fn model_of(object: &PyObject, vm: &VirtualMachine) -> PyResult<Option<Model>> {
    let Some(meta) = vm.get_attribute_opt(object.to_owned(), "_meta")? else { return Ok(None) };
    let label = meta.get_attr("label", vm)?.str(vm)?;
    Ok(Model::by_label(&label.to_string_lossy()))
}
