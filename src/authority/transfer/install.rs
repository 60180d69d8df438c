//! Installing a fixture: every object replaces the row of its primary key or is added, all in one transaction.

use std::collections::{BTreeMap, HashMap};

use super::{
    error::{INTEGRITY, NOT_SUPPORTED, TransferError},
    fixture::Fixture,
    foreign::Foreign,
    object::{Kind, Many, Object, Reference},
};
use crate::{
    authority::{ChangeError, NewToken, Tx, query::Patch},
    domain::{
        ContentType, Group, Key, Model, Permission, Token, User, Value,
        model::{Default as FieldDefault, Kind as FieldKind},
    },
    store::layout::Relation,
};

/// What was installed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Installed {
    /// Objects in the fixtures.
    pub seen: usize,
    /// Objects that were installed; the others were excluded.
    pub installed: usize,
    /// Permissions of a project dumped whole that lead nowhere, and links to them, by label.
    pub passed_over: BTreeMap<String, usize>,
}

/// In which order models are installed: what is referred to comes first, whatever the order in the files. Django does
/// the same by checking references at the end.
const ORDER: [Kind; 8] = [
    Kind::Model(Model::ContentType),
    Kind::Model(Model::Permission),
    Kind::Model(Model::Group),
    Kind::Model(Model::User),
    Kind::Model(Model::Token),
    Kind::FullToken,
    Kind::Model(Model::Session),
    Kind::Model(Model::LogEntry),
];

impl Tx<'_> {
    /// Installs fixtures. `progress` hears how many objects are installed.
    ///
    /// # Errors
    /// Django's, where an object breaks a rule; nothing of the transaction is to be kept then.
    pub fn install(&mut self, fixtures: &[Fixture], progress: &mut dyn FnMut(u64)) -> Result<Installed, TransferError> {
        let objects: usize = fixtures.iter().map(|fixture| fixture.objects.len()).sum();
        self.crowded(objects, |tx| tx.install_all(fixtures, progress))
    }

    fn install_all(&mut self, fixtures: &[Fixture], progress: &mut dyn FnMut(u64)) -> Result<Installed, TransferError> {
        let mut installed = Installed::default();
        let mut links = Vec::new();
        let mut foreign = fixtures.iter().any(|fixture| fixture.from_elsewhere).then(Foreign::default);
        for kind in ORDER {
            for fixture in fixtures {
                let objects = fixture.objects.iter().filter(|object| concrete(object.kind) == kind);
                for object in objects {
                    let id = self.install_object(object, foreign.as_mut());
                    let Some(id) = id.map_err(|error| error.within(&fixture.prefix()))? else { continue };
                    installed.installed += 1;
                    progress(u64::try_from(installed.installed).unwrap_or(u64::MAX));
                    if !object.many.is_empty() {
                        links.push((object, id));
                    }
                }
            }
        }
        for (object, id) in links {
            for many in &object.many {
                self.install_links(object, id, many, foreign.as_mut())?;
            }
        }
        installed.passed_over = foreign.unwrap_or_default().passed;
        installed.seen = fixtures.iter().map(|fixture| fixture.seen).sum();
        Ok(installed)
    }

    /// Installs an object; none where it was passed over.
    fn install_object(&mut self, object: &Object, foreign: Option<&mut Foreign>) -> Result<Option<i64>, TransferError> {
        let model = match object.kind {
            Kind::Model(model) => model.concrete(),
            Kind::FullToken => Model::Token,
        };
        let mut values: HashMap<usize, Value> = object.values.iter().cloned().collect();
        for (field, natural, shown) in &object.natural {
            let to = model.describe().fields[*field].related().map(|related| related.to);
            match to.map(|to| self.by_natural_key(to, natural)).transpose()?.flatten() {
                Some(id) => drop(values.insert(*field, Value::Int(id))),
                // Django saves the object without it first, and fails there if it must not be empty.
                None if !model.describe().fields[*field].null => {}
                None => return Err(self.no_such(object, to, shown)),
            }
        }
        let could_not = format!("Could not load {}(pk={}): ", object.kind.label(), shown_pk(object));
        if object.kind == Kind::FullToken {
            return self.install_full_token(object, &values).map(Some).map_err(|error| error.within(&could_not));
        }
        if matches!(model, Model::Session | Model::LogEntry) {
            let text = format!("hallpass keeps no rows of {}; --skip-foreign passes over them", model.label());
            return Err(TransferError::raised(NOT_SUPPORTED, format!("{could_not}{text}")));
        }
        let patch = self.filled(model, object, &values);
        let elsewhere = match (foreign, model) {
            (Some(foreign), Model::ContentType) => Some(self.install_foreign_type(object, patch.clone(), foreign)),
            (Some(foreign), Model::Permission) => Some(self.install_foreign_permission(object, patch.clone(), foreign)),
            (Some(_), _) | (None, _) => None,
        };
        if let Some(id) = elsewhere {
            return id.map_err(|error| error.within(&could_not));
        }
        self.check_references(model, object, &patch)?;
        if model == Model::Token {
            return self.install_token(&patch).map(Some).map_err(|error| error.within(&could_not));
        }
        let id = match object.pk.int() {
            Some(id) => Some(id),
            None => self.existing(model, &patch)?,
        };
        self.put_row(model, id, patch).map(Some).map_err(|error| error.within(&could_not))
    }

    /// A foreign key must lead somewhere. Checked here, since what it can lead to is installed before.
    fn check_references(&mut self, model: Model, object: &Object, patch: &Patch) -> Result<(), TransferError> {
        let description = model.describe();
        for (at, value) in patch {
            let field = &description.fields[*at];
            let (Some(related), Some(id)) = (field.related(), value.int()) else { continue };
            let there = match related.to {
                Model::User => self.find::<User>(id)?.is_some(),
                Model::ContentType => self.find::<ContentType>(id)?.is_some(),
                _ => true,
            };
            if !there {
                let (table, column) = (description.table, field.attname);
                return Err(TransferError::whole(
                    INTEGRITY,
                    format!(
                        "Problem installing fixtures: The row in table '{table}' with primary key '{}' has an invalid \
                     foreign key: {table}.{column} contains a value '{id}' that does not have a corresponding value in \
                     {}.id.",
                        shown_pk(object),
                        related.to.describe().table
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The given values, and defaults for the others.
    fn filled(&self, model: Model, object: &Object, values: &HashMap<usize, Value>) -> Patch {
        let description = model.describe();
        let mut patch = Patch::new();
        for (at, field) in description.fields.iter().enumerate().filter(|(at, _)| *at != description.pk) {
            let value = match values.get(&at) {
                Some(value) => value.clone(),
                None => match field.default {
                    FieldDefault::False => Value::Bool(false),
                    FieldDefault::True => Value::Bool(true),
                    FieldDefault::Now => Value::Time(self.now()),
                    // Django does not fill this one in when it loads.
                    FieldDefault::AddedNow => Value::Null,
                    FieldDefault::None => match field.kind {
                        FieldKind::Char | FieldKind::Email | FieldKind::Text if !field.null => {
                            Value::Text(String::new())
                        }
                        _ => Value::Null,
                    },
                },
            };
            patch.push((at, value));
        }
        if model == Model::Token {
            let given = values.get(&description.pk).or(Some(&object.pk)).and_then(Value::to_text);
            patch.push((description.pk, Value::Text(given.unwrap_or_default())));
        }
        patch
    }

    /// The row that has the natural key of a row without a primary key.
    pub(super) fn existing(&mut self, model: Model, patch: &Patch) -> Result<Option<i64>, TransferError> {
        let text = |at: usize| patch.iter().find(|(field, _)| *field == at).and_then(|(_, value)| value.to_text());
        Ok(match model {
            Model::User => self.user_named(&text(4).unwrap_or_default())?.map(|user| user.id),
            Model::Group => self.group_named(&text(1).unwrap_or_default())?.map(|group| group.id),
            Model::ContentType => {
                let (app, name) = (text(1).unwrap_or_default(), text(2).unwrap_or_default());
                self.content_type_of(&app, &name)?.map(|content_type| content_type.id)
            }
            Model::Permission => {
                let content_type = patch.iter().find(|(field, _)| *field == 2).and_then(|(_, value)| value.int());
                let codename = text(3).unwrap_or_default();
                match content_type {
                    Some(id) => self.permission_of(id, &codename)?.map(|permission| permission.id),
                    None => None,
                }
            }
            Model::Token
            | Model::TokenProxy
            | Model::Session
            | Model::LogEntry
            | Model::UserGroups
            | Model::UserPermissions
            | Model::GroupPermissions => None,
        })
    }

    /// The row with this natural key.
    pub(super) fn by_natural_key(&mut self, model: Model, natural: &[String]) -> Result<Option<i64>, TransferError> {
        Ok(match (model, natural) {
            (Model::User, [name]) => self.user_named(name)?.map(|user| user.id),
            (Model::Group, [name]) => self.group_named(name)?.map(|group| group.id),
            (Model::ContentType, [app, name]) => self.content_type_of(app, name)?.map(|found| found.id),
            (Model::Permission, [codename, app, name]) => match self.content_type_of(app, name)? {
                Some(content_type) => self.permission_of(content_type.id, codename)?.map(|found| found.id),
                None => None,
            },
            // How many parts there are was checked when the fixture was read.
            _ => None,
        })
    }

    fn no_such(&self, object: &Object, to: Option<Model>, shown: &str) -> TransferError {
        let name = to.map_or("", |model| model.describe().name);
        TransferError::deserialization(format!(
            "{name} matching query does not exist.: ({}:pk={}) field_value was '{shown}'",
            object.label.to_lowercase(),
            object.shown_pk
        ))
    }

    fn install_links(
        &mut self,
        object: &Object,
        id: i64,
        many: &Many,
        mut foreign: Option<&mut Foreign>,
    ) -> Result<(), TransferError> {
        let Kind::Model(model) = object.kind else { return Ok(()) };
        let field = &model.describe().many[many.field];
        let FieldKind::ManyToMany(related) = field.kind else { return Ok(()) };
        let relation = match related.through {
            Model::UserGroups => Relation::UserGroups,
            Model::UserPermissions => Relation::UserPermissions,
            _ => Relation::GroupPermissions,
        };
        let mut wanted = Vec::with_capacity(many.to.len());
        for (reference, shown) in many.to.iter().zip(&many.shown) {
            if let (Some(foreign), Model::Permission) = (&mut foreign, related.to) {
                wanted.extend(self.foreign_link(object, field.name, reference, foreign)?);
                continue;
            }
            wanted.push(match reference {
                Reference::Pk(pk) => *pk,
                Reference::Natural(natural) => match self.by_natural_key(related.to, natural)? {
                    Some(id) => id,
                    None => return Err(self.no_such(object, Some(related.to), shown)),
                },
            });
        }
        let there = self.links(relation, id)?.ids();
        let gone: Vec<i64> = there.iter().copied().filter(|right| !wanted.contains(right)).collect();
        self.unlink(relation, id, &gone)?;
        match self.link(relation, id, &wanted) {
            // Django notices at the commit.
            Err(error @ ChangeError::ForeignKey) => Err(TransferError::whole(INTEGRITY, error.to_string())),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    pub(super) fn put_row(&mut self, model: Model, id: Option<i64>, patch: Patch) -> Result<i64, TransferError> {
        let description = model.describe();
        for (at, value) in &patch {
            let field = &description.fields[*at];
            if value.is_null() && !field.null {
                let text = format!("NOT NULL constraint failed: {}.{}", description.table, field.attname);
                return Err(TransferError::raised(INTEGRITY, text));
            }
        }
        let there = match (id, model) {
            (None, _) => false,
            (Some(id), Model::User) => self.find::<User>(id)?.is_some(),
            (Some(id), Model::Group) => self.find::<Group>(id)?.is_some(),
            (Some(id), Model::Permission) => self.find::<Permission>(id)?.is_some(),
            (Some(id), Model::ContentType) => self.find::<ContentType>(id)?.is_some(),
            (Some(_), _) => false,
        };
        match id {
            Some(id) if there => {
                self.replace_row(model, id, &patch)?;
                Ok(id)
            }
            _ => {
                let mut patch = patch;
                patch.push((description.pk, id.map_or(Value::Null, Value::Int)));
                Ok(self.insert_row(model, patch)?.id)
            }
        }
    }

    /// A token in DRF's words: its key, its owner, when it was made.
    fn install_token(&mut self, patch: &Patch) -> Result<i64, TransferError> {
        let value = |at: usize| patch.iter().find(|(field, _)| *field == at).map(|(_, value)| value.clone());
        let description = Model::Token.describe();
        let not_null = |at: usize| {
            let text = format!("NOT NULL constraint failed: {}.{}", description.table, description.fields[at].attname);
            TransferError::raised(INTEGRITY, text)
        };
        let key = value(0).and_then(|key| key.to_text()).unwrap_or_default();
        let key = Key::from_text(key);
        let Some(Value::Time(created)) = value(2) else { return Err(not_null(2)) };
        let user = value(1).and_then(|user| user.int()).ok_or_else(|| not_null(1))?;
        match self.token_by_key(&key)? {
            Some((token, _)) => {
                self.update(&Token { user, created, ..token.clone() })?;
                Ok(token.serial)
            }
            None => {
                let new = NewToken { key: Some(key), created: Some(created), ..NewToken::of(user) };
                Ok(self.create_token(new)?.0.serial)
            }
        }
    }
}

fn concrete(kind: Kind) -> Kind {
    match kind {
        Kind::Model(model) => Kind::Model(model.concrete()),
        Kind::FullToken => Kind::FullToken,
    }
}

fn shown_pk(object: &Object) -> String {
    object.pk.to_text().unwrap_or_else(|| "None".into())
}
