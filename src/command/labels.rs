//! App labels and model labels, as `dumpdata` and `loaddata --exclude` take them.

use std::collections::HashSet;

use super::{
    Failure,
    check::{APPS, no_app},
};
use crate::{
    authority::transfer::{HALLPASS_TOKEN, Kind},
    domain::{
        Model,
        model::{Field, Kind as FieldKind},
    },
};

/// The models of an app in the order in which Django's registry has them.
pub(super) fn models_of(app: &str) -> &'static [Model] {
    match app {
        "admin" => &[Model::LogEntry],
        "auth" => &[Model::Permission, Model::Group, Model::User],
        "contenttypes" => &[Model::ContentType],
        "sessions" => &[Model::Session],
        "authtoken" => &[Model::Token, Model::TokenProxy],
        _ => &[],
    }
}

/// A model of an app, if the label says so: `auth.user`.
fn model_labelled(label: &str) -> Option<Model> {
    Model::by_label(label).filter(|model| models_of(model.describe().app_label).contains(model))
}

/// What `--exclude` leaves out.
pub(super) fn excluded(labels: &[String]) -> Result<HashSet<Model>, Failure> {
    let mut out = HashSet::new();
    for label in labels {
        if label.contains('.') {
            let model = model_labelled(label).ok_or_else(|| Failure::command(format!("Unknown model: {label}")))?;
            out.insert(model);
        } else if APPS.contains(&label.as_str()) {
            out.extend(models_of(label));
        } else {
            return Err(Failure::command(no_app(label)));
        }
    }
    Ok(out)
}

/// What `dumpdata` is asked for: the apps in order, each with some models or all.
pub(super) fn chosen(labels: &[String], excluded: &HashSet<Model>) -> Result<Vec<Kind>, Failure> {
    // An app that is left out as a whole is not even looked at.
    let left_out = |app: &str| !models_of(app).is_empty() && models_of(app).iter().all(|m| excluded.contains(m));
    if labels.is_empty() {
        let apps = APPS.iter().filter(|app| !left_out(app));
        return Ok(apps.flat_map(|app| models_of(app)).copied().map(Kind::Model).collect());
    }
    let mut apps: Vec<(&str, Option<Vec<Kind>>)> = Vec::new();
    for label in labels {
        if label.eq_ignore_ascii_case(HALLPASS_TOKEN) || label == "hallpass" {
            add(&mut apps, "hallpass", Some(Kind::FullToken));
            continue;
        }
        let parts: Vec<&str> = label.split('.').collect();
        let (app, model) = match parts.as_slice() {
            [app, model] => (*app, Some(*model)),
            _ => (label.as_str(), None),
        };
        if !APPS.contains(&app) {
            return Err(Failure::command(no_app(app)));
        }
        if left_out(app) || ["messages", "staticfiles"].contains(&app) {
            continue;
        }
        match model {
            None => add(&mut apps, app, None),
            Some(name) => {
                let model = model_labelled(&format!("{app}.{name}"));
                let model = model.ok_or_else(|| Failure::command(format!("Unknown model: {app}.{name}")))?;
                add(&mut apps, app, Some(Kind::Model(model)));
            }
        }
    }
    let all = |app: &str| models_of(app).iter().copied().map(Kind::Model).collect();
    Ok(apps.into_iter().flat_map(|(app, kinds)| kinds.unwrap_or_else(|| all(app))).collect())
}

/// An app that was asked for as a whole stays so; one asked for as a whole later becomes so.
fn add<'a>(apps: &mut Vec<(&'a str, Option<Vec<Kind>>)>, app: &'a str, kind: Option<Kind>) {
    let at = apps.iter().position(|(name, _)| *name == app).unwrap_or_else(|| {
        apps.push((app, Some(Vec::new())));
        apps.len() - 1
    });
    match (&mut apps[at].1, kind) {
        (Some(kinds), Some(kind)) if !kinds.contains(&kind) => kinds.push(kind),
        (Some(_) | None, Some(_)) => {}
        (kinds, None) => *kinds = None,
    }
}

/// Django's `sort_dependencies`: with natural foreign keys a model comes after those that it refers to.
pub(super) fn sorted(kinds: Vec<Kind>) -> Vec<Kind> {
    let mut waiting: Vec<Kind> = kinds.iter().rev().copied().collect();
    let mut sorted = Vec::new();
    while !waiting.is_empty() {
        let (mut skipped, mut changed) = (Vec::new(), false);
        while let Some(kind) = waiting.pop() {
            let ready = needs(kind).iter().all(|need| !kinds.contains(need) || sorted.contains(need));
            if ready {
                sorted.push(kind);
                changed = true;
            } else {
                skipped.push(kind);
            }
        }
        if !changed {
            sorted.extend(skipped.pop());
        }
        waiting = skipped;
    }
    sorted
}

/// The models with a natural key that a model refers to.
fn needs(kind: Kind) -> Vec<Kind> {
    let Kind::Model(model) = kind else { return vec![Kind::Model(Model::User)] };
    let description = model.describe();
    let to = |field: &Field| match field.kind {
        FieldKind::ForeignKey(related) | FieldKind::OneToOne(related) => Some(related.to),
        FieldKind::ManyToMany(related) => Some(related.to),
        _ => None,
    };
    let natural = [Model::User, Model::Group, Model::Permission, Model::ContentType];
    let all = description.fields.iter().chain(description.many).filter_map(to);
    all.filter(|to| natural.contains(to) && *to != model).map(Kind::Model).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(labels: &[&str]) -> Result<Vec<Kind>, Failure> {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        chosen(&labels, &HashSet::new())
    }

    #[test]
    fn labels_choose_apps_and_models_in_order() {
        let models = |labels: &[&str]| kinds(labels).expect("known labels");
        assert_eq!(models(&["auth.user", "auth"]).len(), 3, "the app as a whole outranks its model");
        assert_eq!(models(&["authtoken.token", "auth.user"])[0], Kind::Model(Model::Token));
        assert_eq!(models(&["hallpass.token"]), [Kind::FullToken]);
        assert!(kinds(&["nosuch.user"]).is_err_and(|f| f.to_string() == "No installed app with label 'nosuch'."));
        assert!(kinds(&["auth.nosuch"]).is_err_and(|f| f.to_string() == "Unknown model: auth.nosuch"));
    }

    #[test]
    fn what_is_referred_to_comes_first_with_natural_keys() {
        let order = sorted(kinds(&["authtoken.token", "auth.user", "auth.group", "auth.permission"]).expect("known"));
        let place = |model| order.iter().position(|kind| *kind == Kind::Model(model));
        assert!(place(Model::Permission) < place(Model::Group));
        assert!(place(Model::Group) < place(Model::User) && place(Model::User) < place(Model::Token));
    }
}
