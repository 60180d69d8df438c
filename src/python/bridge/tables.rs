//! What the table of models says, links, and many rows at once.

use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine, builtins::PyDictRef};

use super::{raise, rows, screen, state};
use crate::{
    authority::{
        Relation,
        query::{OnConflict, Patch, QueryError, Row},
    },
    domain::{
        Model,
        filter::links as step,
        model::{Default, Field, Kind},
    },
};

/// What the table says of a model.
pub(super) fn describe(model: Model, vm: &VirtualMachine) -> PyResult<PyDictRef> {
    let description = model.describe();
    let dict = vm.ctx.new_dict();
    let texts = [
        ("app_label", description.app_label),
        ("object_name", description.name),
        ("model_name", description.lower),
        ("db_table", description.table),
        ("verbose_name", description.verbose_name),
        ("verbose_name_plural", description.verbose_name_plural),
        ("module", description.module),
    ];
    for (name, text) in texts {
        dict.set_item(name, vm.ctx.new_str(text).into(), vm)?;
    }
    let list = |names: &[&'static str]| -> PyObjectRef {
        vm.ctx.new_list(names.iter().map(|name| vm.ctx.new_str(*name).into()).collect()).into()
    };
    dict.set_item("ordering", list(description.ordering), vm)?;
    dict.set_item("unique_together", list(description.unique_together), vm)?;
    dict.set_item("pk", vm.ctx.new_int(description.pk).into(), vm)?;
    let fields = description.fields.iter().map(|f| field(f, vm)).collect::<PyResult<_>>()?;
    dict.set_item("fields", vm.ctx.new_list(fields).into(), vm)?;
    let many = description.many.iter().map(|f| field(f, vm)).collect::<PyResult<_>>()?;
    dict.set_item("many", vm.ctx.new_list(many).into(), vm)?;
    let mut reverses = Vec::new();
    for reverse in model.reverses() {
        let parts: [String; 4] = [
            reverse.model.label(),
            reverse.field.name.to_owned(),
            reverse.query_name.to_owned(),
            reverse.accessor.to_owned(),
        ];
        reverses.push(vm.ctx.new_tuple(parts.into_iter().map(|part| vm.ctx.new_str(part).into()).collect()).into());
    }
    dict.set_item("reverses", vm.ctx.new_list(reverses).into(), vm)?;
    Ok(dict)
}

fn field(field: &Field, vm: &VirtualMachine) -> PyResult {
    let dict = vm.ctx.new_dict();
    let texts = [
        ("name", field.name),
        ("attname", field.attname),
        ("class", field.class_name()),
        ("verbose_name", field.verbose_name),
        ("help_text", field.help_text),
    ];
    for (name, text) in texts {
        dict.set_item(name, vm.ctx.new_str(text).into(), vm)?;
    }
    let beyond = field.seen == crate::domain::model::Seen::Beyond;
    for (name, yes) in [("null", field.null), ("blank", field.blank), ("unique", field.unique), ("beyond", beyond)] {
        dict.set_item(name, vm.ctx.new_bool(yes).into(), vm)?;
    }
    let max_length = field.max_length.map_or_else(|| vm.ctx.none(), |max| vm.ctx.new_int(max).into());
    dict.set_item("max_length", max_length, vm)?;
    let default = match field.default {
        Default::None => "none",
        Default::False => "false",
        Default::True => "true",
        Default::Now => "now",
        Default::AddedNow => "added",
    };
    dict.set_item("default", vm.ctx.new_str(default).into(), vm)?;
    let to = match field.kind {
        Kind::ForeignKey(related) | Kind::OneToOne(related) => Some(related.to),
        Kind::ManyToMany(related) => {
            dict.set_item("through", vm.ctx.new_str(related.through.label()).into(), vm)?;
            Some(related.to)
        }
        Kind::Auto
        | Kind::Char
        | Kind::Email
        | Kind::Text
        | Kind::Boolean
        | Kind::PositiveSmallInteger
        | Kind::Integer
        | Kind::DateTime => None,
    };
    if let Some(to) = to {
        dict.set_item("to", vm.ctx.new_str(to.label()).into(), vm)?;
    }
    Ok(dict.into())
}

fn relation(through: &str, vm: &VirtualMachine) -> PyResult<Relation> {
    match Model::by_label(through) {
        Some(Model::UserGroups) => Ok(Relation::UserGroups),
        Some(Model::UserPermissions) => Ok(Relation::UserPermissions),
        Some(Model::GroupPermissions) => Ok(Relation::GroupPermissions),
        _ => Err(raise(vm, "builtins", "LookupError", format!("{through} holds no links"))),
    }
}

/// The ids at the other ends of the links of a row.
pub(super) fn links(through: &str, from_left: bool, id: i64, vm: &VirtualMachine) -> PyResult<Vec<i64>> {
    let relation = relation(through, vm)?;
    state::run(vm, |session| {
        session.transact(|tx| Ok(if from_left { tx.links(relation, id)? } else { tx.back_links(relation, id)? }.ids()))
    })
}

/// Links a row to others; the ids that it was not linked to before.
pub(super) fn link(through: &str, from_left: bool, id: i64, others: &[i64], vm: &VirtualMachine) -> PyResult<Vec<i64>> {
    let relation = relation(through, vm)?;
    state::run(vm, |session| {
        session.transact(|tx| {
            if from_left {
                return Ok(tx.link(relation, id, others)?);
            }
            let mut added = Vec::new();
            for other in others {
                if !tx.link(relation, *other, &[id])?.is_empty() {
                    added.push(*other);
                }
            }
            Ok::<_, QueryError>(added)
        })
    })
}

/// Unlinks a row from others; the ids that it was linked to before.
pub(super) fn unlink(
    through: &str,
    from_left: bool,
    id: i64,
    others: &[i64],
    vm: &VirtualMachine,
) -> PyResult<Vec<i64>> {
    let relation = relation(through, vm)?;
    state::run(vm, |session| {
        session.transact(|tx| {
            if from_left {
                return Ok(tx.unlink(relation, id, others)?);
            }
            let mut removed = Vec::new();
            for other in others {
                if !tx.unlink(relation, *other, &[id])?.is_empty() {
                    removed.push(*other);
                }
            }
            Ok::<_, QueryError>(removed)
        })
    })
}

/// Makes many rows in one change; their primary keys, none for those that were left out.
pub(super) fn insert_many(
    model: Model,
    list: &[PyDictRef],
    conflict: OnConflict,
    vm: &VirtualMachine,
) -> PyResult<Vec<PyObjectRef>> {
    let patches = list.iter().map(|attributes| rows::patch(model, attributes, vm)).collect::<PyResult<Vec<_>>>()?;
    let made = insert(model, &patches, conflict, vm)?;
    made.iter().map(|row| row.as_ref().map_or_else(|| Ok(vm.ctx.none()), |row| rows::key_of(row, vm))).collect()
}

pub(super) fn insert(
    model: Model,
    patches: &[Patch],
    conflict: OnConflict,
    vm: &VirtualMachine,
) -> PyResult<Vec<Option<Row>>> {
    let mut meter = screen::meter("making rows", patches.len());
    state::run(vm, |session| session.transact(|tx| tx.insert_rows(model, patches, conflict, &mut meter)))
}

/// Whether the links of `through` begin at `from`.
pub(super) fn begins_at(through: &str, from: &str) -> Option<bool> {
    let (through, from) = (Model::by_label(through)?, Model::by_label(from)?);
    let fields = through.describe().fields;
    let other = |at: usize| fields[at].related().map(|related| related.to);
    let to = if other(1) == Some(from) { other(2)? } else { other(1)? };
    match step(through, from, to) {
        crate::domain::filter::Step::Links { near, .. } => Some(near == 1),
        crate::domain::filter::Step::Forward { .. } | crate::domain::filter::Step::Back { .. } => None,
    }
}
