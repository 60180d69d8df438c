//! The names of look-ups and fields that may follow what was typed of one, from the table of models.

use crate::domain::Model;
use crate::domain::filter::{Path, View, choices};
use crate::domain::model::{Field, Kind};

const TEXT: &[&str] = &[
    "contains",
    "endswith",
    "exact",
    "gt",
    "gte",
    "icontains",
    "iendswith",
    "iexact",
    "in",
    "iregex",
    "isnull",
    "istartswith",
    "lt",
    "lte",
    "range",
    "regex",
    "startswith",
];
const NUMBER: &[&str] = &["exact", "gt", "gte", "in", "isnull", "lt", "lte", "range"];
const TRUTH: &[&str] = &["exact", "in", "isnull"];
const MOMENT: &[&str] = &[
    "date",
    "day",
    "exact",
    "gt",
    "gte",
    "hour",
    "in",
    "iso_week_day",
    "iso_year",
    "isnull",
    "lt",
    "lte",
    "minute",
    "month",
    "quarter",
    "range",
    "second",
    "time",
    "week",
    "week_day",
    "year",
];
const RELATION: &[&str] = &["exact", "gt", "gte", "in", "isnull", "lt", "lte"];

/// The look-ups of a field.
fn of_kind(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Char | Kind::Email | Kind::Text => TEXT,
        Kind::Auto | Kind::PositiveSmallInteger | Kind::Integer => NUMBER,
        Kind::Boolean => TRUTH,
        Kind::DateTime => MOMENT,
        Kind::ForeignKey(_) | Kind::OneToOne(_) | Kind::ManyToMany(_) => RELATION,
    }
}

/// The model that a path of relations leads to, `Ok`, or the field that it ends at.
fn follow(model: Model, view: View, path: &str) -> Option<Result<Model, &'static Field>> {
    if path.is_empty() {
        return Some(Ok(model));
    }
    let path = Path::resolve(model, view, path).ok().filter(|path| path.rest.is_empty())?;
    Some(path.relation.map_or_else(|| Err(path.field()), Ok))
}

/// The look-ups on `model` that `typed` may become, without `=`: fields, fields across relations, and what may be asked
/// of them. Before anything is typed, the fields alone.
pub(super) fn lookups(model: Model, view: View, typed: &str) -> Vec<String> {
    let (path, last) = typed.rsplit_once("__").map_or(("", typed), |(path, last)| (path, last));
    let before = if path.is_empty() { String::new() } else { format!("{path}__") };
    let mut found = Vec::new();
    match follow(model, view, path) {
        Some(Ok(here)) => {
            for name in names(here, view).into_iter().filter(|name| name.starts_with(last)) {
                found.push(format!("{before}{name}"));
                if !typed.is_empty() {
                    let lookups = match follow(here, view, name) {
                        Some(Ok(_)) => RELATION,
                        Some(Err(field)) => of_kind(field.kind),
                        None => &[],
                    };
                    found.extend(lookups.iter().map(|lookup| format!("{before}{name}__{lookup}")));
                }
            }
            if !path.is_empty() {
                found.extend(starting(RELATION, last).map(|lookup| format!("{before}{lookup}")));
            }
        }
        Some(Err(field)) => found.extend(starting(of_kind(field.kind), last).map(|lookup| format!("{before}{lookup}"))),
        None => {}
    }
    found
}

/// The paths of fields that `typed` may become, as `values` and `order_by` take them.
pub(super) fn paths(model: Model, view: View, typed: &str) -> Vec<String> {
    let (sign, typed) = typed.strip_prefix('-').map_or(("", typed), |rest| ("-", rest));
    let (path, last) = typed.rsplit_once("__").map_or(("", typed), |(path, last)| (path, last));
    let before = if path.is_empty() { String::new() } else { format!("{path}__") };
    let Some(Ok(here)) = follow(model, view, path) else { return Vec::new() };
    names(here, view)
        .into_iter()
        .filter(|name| name.starts_with(last))
        .map(|name| format!("{sign}{before}{name}"))
        .collect()
}

/// The names of the fields that may be given a value, as `create` and `update` take them.
pub(super) fn fields(model: Model, typed: &str) -> Vec<String> {
    let fields = model.describe().fields.iter().filter(|field| field.seen == crate::domain::model::Seen::Django);
    fields.map(|field| field.name).chain(["pk"]).filter(|name| name.starts_with(typed)).map(str::to_owned).collect()
}

/// The field that a look-up ends at, whatever is asked of it.
pub(super) fn field_of(model: Model, view: View, lookup: &str) -> Option<(Model, &'static Field)> {
    let path = Path::resolve(model, view, lookup).ok()?;
    Some((path.target.model, path.field()))
}

fn names(model: Model, view: View) -> Vec<&'static str> {
    let mut names = choices(model, view);
    names.push("pk");
    names
}

fn starting<'a>(names: &'a [&'static str], prefix: &'a str) -> impl Iterator<Item = &'static str> + 'a {
    names.iter().copied().filter(move |name| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_goes_on_across_relations() {
        let found = lookups(Model::User, View::Django, "us");
        for name in ["username", "username__startswith", "user_permissions", "user_permissions__isnull"] {
            assert!(found.iter().any(|offered| offered == name), "{name} in {found:?}");
        }
        assert_eq!(
            lookups(Model::Token, View::Django, "user__usern")[..2],
            ["user__username", "user__username__contains"]
        );
        assert_eq!(lookups(Model::User, View::Django, "date_joined__ye"), ["date_joined__year"]);
        assert!(lookups(Model::User, View::Django, "").iter().all(|name| !name.contains("__")));
        assert!(lookups(Model::User, View::Django, "nonsense__").is_empty());
    }

    #[test]
    fn a_path_keeps_its_sign() {
        assert_eq!(paths(Model::User, View::Django, "-usern"), ["-username"]);
        assert_eq!(paths(Model::Token, View::Django, "user__ema"), ["user__email"]);
    }
}
