//! From the names of a look-up (`user__groups__name__icontains`) to the rows and the field that they mean.

use super::View;
use crate::domain::{
    Model,
    model::{Field, Kind, Seen},
};

/// A step from a row to related ones.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Along a foreign key.
    Forward {
        /// The model that has the key.
        from: Model,
        /// The place of the key in it.
        field: usize,
        /// The model it leads to.
        to: Model,
    },
    /// To the rows whose foreign key names this one.
    Back {
        /// The model that has the key.
        to: Model,
        /// The place of the key in it.
        field: usize,
    },
    /// Along links.
    Links {
        /// The links.
        through: Model,
        /// The place, in a link, of the row that the step begins at.
        near: usize,
        /// The place, in a link, of the row that it leads to.
        far: usize,
        /// The model it leads to.
        to: Model,
    },
}

impl Step {
    /// The model it leads to.
    #[must_use]
    pub const fn to(&self) -> Model {
        match self {
            Self::Forward { to, .. } | Self::Back { to, .. } | Self::Links { to, .. } => *to,
        }
    }

    /// Whether it may lead to more than one row.
    #[must_use]
    pub fn reaches_many(&self) -> bool {
        match self {
            Self::Forward { .. } => false,
            Self::Back { to, field } => !to.describe().fields[*field].unique,
            Self::Links { .. } => true,
        }
    }
}

/// The field at the end of a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Target {
    /// Its model.
    pub model: Model,
    /// Its place in the model.
    pub field: usize,
}

/// Where a look-up's names lead.
#[derive(Clone, Debug)]
pub struct Path<'a> {
    /// The way.
    pub steps: Vec<Step>,
    /// The end.
    pub target: Target,
    /// The last named relation, where the names end at one: rows of its model may be compared with.
    pub relation: Option<Model>,
    /// Django's class of the last field, as errors name it.
    pub class_name: &'static str,
    /// How many of the names were used.
    pub used: usize,
    /// The names behind: transforms and the look-up.
    pub rest: Vec<&'a str>,
}

/// The names lead nowhere.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathError {
    /// The name that could not be followed.
    pub name: String,
    /// What it could have been.
    pub choices: Vec<&'static str>,
}

enum Found {
    Column(usize),
    Step(Step, &'static str),
}

impl<'a> Path<'a> {
    /// Follows the names of `lookup` from `model`.
    ///
    /// # Errors
    /// The first name is no field. A later one that is none is taken for a transform or a look-up.
    pub fn resolve(model: Model, view: View, lookup: &'a str) -> Result<Self, PathError> {
        let names: Vec<&str> = lookup.split("__").collect();
        let mut path = Self {
            steps: Vec::new(),
            target: Target { model, field: model.describe().pk },
            relation: None,
            class_name: "",
            used: 0,
            rest: Vec::new(),
        };
        let mut here = model;
        while let Some(name) = names.get(path.used) {
            match find(here, view, name) {
                None if path.used == 0 => {
                    return Err(PathError { name: (*name).to_owned(), choices: choices(model, view) });
                }
                None => break,
                Some(Found::Column(field)) => {
                    path.used += 1;
                    let described = &here.describe().fields[field];
                    path.target = Target { model: here, field };
                    path.class_name = described.class_name();
                    path.relation = None;
                    break;
                }
                Some(Found::Step(step, class_name)) => {
                    path.used += 1;
                    here = step.to();
                    path.target = Target { model: here, field: here.describe().pk };
                    path.class_name = class_name;
                    path.relation = Some(here);
                    path.steps.push(step);
                }
            }
        }
        path.rest = names[path.used..].to_vec();
        Ok(path)
    }

    /// The field at the end.
    #[must_use]
    pub fn field(&self) -> &'static Field {
        &self.target.model.describe().fields[self.target.field]
    }

    /// Whether it may lead to more than one row.
    #[must_use]
    pub fn reaches_many(&self) -> bool {
        self.steps.iter().any(Step::reaches_many)
    }
}

/// The names that a look-up on `model` may begin with, sorted.
#[must_use]
pub fn choices(model: Model, view: View) -> Vec<&'static str> {
    let description = model.describe();
    let own = description.fields.iter().filter(|field| visible(field, view)).flat_map(|f| [f.name, f.attname]);
    let many = description.many.iter().map(|field| field.name);
    let mut names: Vec<_> = own.chain(many).chain(model.reverses().map(|reverse| reverse.query_name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn visible(field: &Field, view: View) -> bool {
    match field.seen {
        Seen::Django => true,
        Seen::Beyond => view == View::Every,
    }
}

fn find(model: Model, view: View, name: &str) -> Option<Found> {
    let description = model.describe();
    if name == "pk" {
        return Some(Found::Column(description.pk));
    }
    if let Some(at) = model.field(name) {
        let field = &description.fields[at];
        if !visible(field, view) {
            return None;
        }
        return Some(match field.related() {
            // Both `user` and `user_id` name the relation, as in Django.
            Some(related) => Found::Step(Step::Forward { from: model, field: at, to: related.to }, field.class_name()),
            None => Found::Column(at),
        });
    }
    if let Some(field) = description.many.iter().find(|field| field.name == name)
        && let Kind::ManyToMany(related) = field.kind
    {
        return Some(Found::Step(links(related.through, model, related.to), "ForeignKey"));
    }
    let reverse = model.reverses().find(|reverse| reverse.query_name == name)?;
    Some(match reverse.field.kind {
        Kind::ManyToMany(related) => Found::Step(links(related.through, model, reverse.model), "ForeignKey"),
        Kind::Auto
        | Kind::Char
        | Kind::Email
        | Kind::Text
        | Kind::Boolean
        | Kind::PositiveSmallInteger
        | Kind::Integer
        | Kind::DateTime
        | Kind::ForeignKey(_)
        | Kind::OneToOne(_) => {
            let field = reverse.model.field(reverse.field.name).expect("the reverse of a field of that model");
            let class_name = if reverse.field.unique { "OneToOneRel" } else { "ManyToOneRel" };
            Found::Step(Step::Back { to: reverse.model, field }, class_name)
        }
    })
}

/// The step over the links `through`, from `from` to `to`.
#[must_use]
pub fn links(through: Model, from: Model, to: Model) -> Step {
    let end = |of: Model| {
        let fields = through.describe().fields;
        let at = fields.iter().position(|field| field.related().is_some_and(|related| related.to == of));
        at.expect("a link names a row of either model")
    };
    Step::Links { through, near: end(from), far: end(to), to }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(model: Model, lookup: &str) -> Path<'_> {
        Path::resolve(model, View::Django, lookup).expect("a path")
    }

    #[test]
    fn names_lead_across_relations_and_leave_the_lookup() {
        let path = resolve(Model::Token, "user__groups__name__icontains");
        assert_eq!(path.steps.len(), 2);
        assert_eq!(path.field().name, "name");
        assert_eq!(path.rest, ["icontains"]);
        assert!(path.reaches_many());
    }

    #[test]
    fn a_name_that_is_no_field_is_refused_with_the_choices() {
        let error = Path::resolve(Model::Token, View::Django, "username").expect_err("no such field");
        assert_eq!(error.choices, ["created", "key", "user", "user_id"]);
    }

    #[test]
    fn a_later_unknown_name_is_left_to_the_lookups() {
        let path = resolve(Model::User, "groups__title");
        assert_eq!((path.class_name, path.rest.as_slice()), ("ForeignKey", ["title"].as_slice()));
    }
}
