//! Rows, and queries for rows, as the right side of a comparison.

use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};

use super::{
    compile::{Compiler, Left, query_of},
    query::PyQuery,
    raise,
};
use crate::domain::{
    Model,
    filter::{Cond, Expr, Op, Query, Right, Select},
};

impl Compiler<'_, '_> {
    /// A row in place of its key, where a relation is compared.
    pub(super) fn normalized(&self, left: &Left, op: Op, value: &PyObject) -> PyResult<PyObjectRef> {
        let one = op != Op::In;
        let vm = self.vm;
        let Some(model) = left.relation else { return Ok(value.to_owned()) };
        if let Some(query) = value.downcast_ref::<PyQuery>().map(|q| q.query.model)
            && query.concrete() != model.concrete()
        {
            return Ok(value.to_owned());
        }
        if query_of(value, vm)?.is_some() {
            return Ok(value.to_owned());
        }
        if is_several(value, vm) && (!one || !value.fast_isinstance(vm.ctx.types.set_type)) {
            let items = vm.extract_elements_with(value, |item| self.key_of(model, &item))?;
            // One value is compared with the first of a tuple.
            if value.fast_isinstance(vm.ctx.types.tuple_type)
                && one
                && let Some(first) = items.first()
            {
                return Ok(first.clone());
            }
            return Ok(vm.ctx.new_list(items).into());
        }
        self.key_of(model, value)
    }

    /// Django's `check_related_objects`: rows, or queries for rows, must be of the model that is related.
    pub(super) fn check_related(&self, model: Model, value: &PyObject) -> PyResult<()> {
        let vm = self.vm;
        if let Some(inner) = query_of(value, vm)? {
            if matches!(inner.select, Select::Row | Select::Only(_)) && inner.model.concrete() != model.concrete() {
                let (used, wanted) = (inner.model.describe().name, model.describe().name);
                let message = format!("Cannot use QuerySet for \"{used}\": Use a QuerySet for \"{wanted}\".");
                return Err(vm.new_value_error(message));
            }
        } else if is_several(value, vm) {
            for item in vm.extract_elements_with(value, Ok)? {
                self.check_kind(model, &item)?;
            }
        } else {
            self.check_kind(model, value)?;
        }
        Ok(())
    }

    fn check_kind(&self, model: Model, value: &PyObject) -> PyResult<()> {
        let vm = self.vm;
        let Some(meta) = vm.get_attribute_opt(value.to_owned(), "_meta")? else { return Ok(()) };
        let given = meta.get_attr("label", vm)?.str(vm)?.to_string_lossy().into_owned();
        if Model::by_label(&given).is_some_and(|given| given.concrete() == model.concrete()) {
            return Ok(());
        }
        let text = value.str(vm)?;
        let (text, name) = (text.to_string_lossy(), model.describe().name);
        Err(vm.new_value_error(format!("Cannot query \"{text}\": Must be \"{name}\" instance.")))
    }

    fn key_of(&self, model: Model, value: &PyObject) -> PyResult {
        let vm = self.vm;
        if vm.get_attribute_opt(value.to_owned(), "_meta")?.is_none() {
            return Ok(value.to_owned());
        }
        self.check_kind(model, value)?;
        if value.fast_isinstance(vm.ctx.types.type_type) {
            return Ok(value.to_owned());
        }
        let description = model.describe();
        let key = value.get_attr(vm.ctx.intern_str(description.fields[description.pk].attname), vm)?;
        if vm.is_none(&key) {
            let message = "Model instances passed to related filters must be saved.";
            return Err(vm.new_value_error(message.to_owned()));
        }
        Ok(key)
    }

    pub(super) fn compare_query(&mut self, left: Left, op: Op, mut inner: Query) -> PyResult<Cond> {
        let vm = self.vm;
        if op == Op::Exact && inner.to.is_none_or(|to| to - inner.from != 1) {
            let message = "The QuerySet value for an exact lookup must be limited to one result using slicing.";
            return Err(vm.new_value_error(message.to_owned()));
        }
        if !matches!(op, Op::Exact | Op::In) && matches!(inner.select, Select::Row | Select::Only(_)) {
            // As SQLite says it of a row where a value belongs.
            let columns = inner
                .model
                .describe()
                .fields
                .iter()
                .filter(|field| field.seen != crate::domain::model::Seen::Beyond)
                .count();
            let message = match op {
                Op::Gt | Op::Gte | Op::Lt | Op::Lte => "row value misused".to_owned(),
                _ => format!("sub-select returns {columns} columns - expected 1"),
            };
            return Err(raise(vm, "django.db.utils", "OperationalError", message));
        }
        if let Select::Values(values) = &inner.select
            && op == Op::In
            && values.len() > 1
        {
            return Err(vm.new_value_error(format!(
                "The QuerySet value for the 'in' lookup must have 1 selected fields (received {})",
                values.len()
            )));
        }
        if let Select::Row | Select::Only(_) = inner.select {
            let description = inner.model.describe();
            let pk = description.pk;
            let column = Expr::Column { alias: 0, model: inner.model, field: pk };
            inner.select = Select::Values(vec![(description.fields[pk].name.to_owned(), column)]);
        }
        if !inner.is_sliced() {
            inner.order.clear();
            inner.default_order = false;
        }
        self.bind(&mut inner)?;
        Ok(Cond::Test { left: left.expr, op, right: Right::Rows(Box::new(inner)) })
    }
}

/// Whether it is a collection of values.
fn is_several(value: &PyObject, vm: &VirtualMachine) -> bool {
    let types = &vm.ctx.types;
    [types.list_type, types.tuple_type, types.set_type].into_iter().any(|class| value.fast_isinstance(class))
}
