//! The one table that describes the models: fields, types, limits, defaults, relations, words for people. The classes
//! of the Python surface, the filter compiler, `full_clean`, fixtures and completion all read it. Taken from what
//! Django 5.2 and DRF 3.18 say of themselves (`_meta`).

mod auth;
mod other;

/// A model: a kind of row.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Model {
    /// `auth.User`.
    User,
    /// `auth.Group`.
    Group,
    /// `auth.Permission`.
    Permission,
    /// `contenttypes.ContentType`.
    ContentType,
    /// `authtoken.Token`.
    Token,
    /// `authtoken.TokenProxy`: the same rows as [`Model::Token`].
    TokenProxy,
    /// `sessions.Session`: always empty.
    Session,
    /// `admin.LogEntry`: always empty.
    LogEntry,
    /// The links behind `user.groups`.
    UserGroups,
    /// The links behind `user.user_permissions`.
    UserPermissions,
    /// The links behind `group.permissions`.
    GroupPermissions,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A number that the store gives out.
    Auto,
    /// Text of limited length.
    Char,
    /// Text of limited length that looks like an address.
    Email,
    /// Text.
    Text,
    /// True or false.
    Boolean,
    /// A number from 0 to 32767.
    PositiveSmallInteger,
    /// A count; only on what Django has no field for.
    Integer,
    /// A moment.
    DateTime,
    /// The primary key of a row of another model.
    ForeignKey(Related),
    /// The same, unique.
    OneToOne(Related),
    /// Any number of rows of another model, by links.
    ManyToMany(ManyRelated),
}

/// The other end of a foreign key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Related {
    /// The model whose rows are named.
    pub to: Model,
    /// By which name queries on that model reach back; `None`: they cannot.
    pub query_name: Option<&'static str>,
    /// By which attribute instances of that model reach back; `None`: they cannot.
    pub accessor: Option<&'static str>,
}

/// The other end of a many-to-many field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ManyRelated {
    /// The model whose rows are linked.
    pub to: Model,
    /// The links.
    pub through: Model,
    /// By which name queries on that model reach back.
    pub query_name: &'static str,
    /// By which attribute instances of that model reach back.
    pub accessor: &'static str,
}

/// What a field holds where nothing was given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Default {
    /// Nothing of its own: empty text or no value, by the kind.
    None,
    /// No.
    False,
    /// Yes.
    True,
    /// The present moment.
    Now,
    /// The moment of the first save, whatever was given (`auto_now_add`).
    AddedNow,
}

/// Who sees a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seen {
    /// Everybody: Django has it.
    Django,
    /// Only who asks for all tokens (`Token.every`, `user.tokens`): Django has no such field.
    Beyond,
}

/// A field of a model.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Field {
    /// `user`.
    pub name: &'static str,
    /// The attribute that holds the bare value, also the column: `user_id`.
    pub attname: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// For people.
    pub verbose_name: &'static str,
    /// For people.
    pub help_text: &'static str,
    /// May hold no value.
    pub null: bool,
    /// May be left empty by a person.
    pub blank: bool,
    /// Each value stands in one row at most.
    pub unique: bool,
    /// The greatest number of characters.
    pub max_length: Option<usize>,
    /// What it holds where nothing was given.
    pub default: Default,
    /// Who sees it.
    pub seen: Seen,
}

/// A model, described.
#[derive(Debug)]
pub struct Description {
    /// Which.
    pub model: Model,
    /// `auth`.
    pub app_label: &'static str,
    /// `User`.
    pub name: &'static str,
    /// `user`.
    pub lower: &'static str,
    /// The Python module of the class.
    pub module: &'static str,
    /// The table's name, which constraints are named by.
    pub table: &'static str,
    /// For people.
    pub verbose_name: &'static str,
    /// For people.
    pub verbose_name_plural: &'static str,
    /// The fields with a value, in order; the place in here is the place in a record.
    pub fields: &'static [Field],
    /// The many-to-many fields.
    pub many: &'static [Field],
    /// The place of the primary key in `fields`.
    pub pk: usize,
    /// The order of rows where a query names none: names of fields, `-` before a descending one.
    pub ordering: &'static [&'static str],
    /// Fields that are unique together, by name.
    pub unique_together: &'static [&'static str],
}

/// A relation as it is seen from the model it points to.
#[derive(Clone, Copy, Debug)]
pub struct Reverse {
    /// The model that has the field.
    pub model: Model,
    /// The field.
    pub field: &'static Field,
    /// By which name queries reach it.
    pub query_name: &'static str,
    /// By which attribute instances reach it.
    pub accessor: &'static str,
}

impl Field {
    const fn new(name: &'static str, kind: Kind, verbose_name: &'static str) -> Self {
        Self {
            name,
            attname: name,
            kind,
            verbose_name,
            help_text: "",
            null: false,
            blank: false,
            unique: false,
            max_length: None,
            default: Default::None,
            seen: Seen::Django,
        }
    }

    const fn column(self, attname: &'static str) -> Self {
        Self { attname, ..self }
    }

    const fn help(self, help_text: &'static str) -> Self {
        Self { help_text, ..self }
    }

    const fn null(self) -> Self {
        Self { null: true, blank: true, ..self }
    }

    const fn blank(self) -> Self {
        Self { blank: true, ..self }
    }

    const fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    const fn max(self, max_length: usize) -> Self {
        Self { max_length: Some(max_length), ..self }
    }

    const fn default(self, default: Default) -> Self {
        Self { default, ..self }
    }

    const fn beyond(self) -> Self {
        Self { seen: Seen::Beyond, ..self }
    }

    const fn id() -> Self {
        Self::new("id", Kind::Auto, "ID").unique().blank()
    }

    /// The relation behind a foreign key.
    #[must_use]
    pub const fn related(&self) -> Option<Related> {
        match self.kind {
            Kind::ForeignKey(related) | Kind::OneToOne(related) => Some(related),
            Kind::Auto
            | Kind::Char
            | Kind::Email
            | Kind::Text
            | Kind::Boolean
            | Kind::PositiveSmallInteger
            | Kind::Integer
            | Kind::DateTime
            | Kind::ManyToMany(_) => None,
        }
    }

    /// Django's class of the field, as errors name it.
    #[must_use]
    pub const fn class_name(&self) -> &'static str {
        match self.kind {
            Kind::Auto => "AutoField",
            Kind::Char => "CharField",
            Kind::Email => "EmailField",
            Kind::Text => "TextField",
            Kind::Boolean => "BooleanField",
            Kind::PositiveSmallInteger => "PositiveSmallIntegerField",
            Kind::Integer => "IntegerField",
            Kind::DateTime => "DateTimeField",
            Kind::ForeignKey(_) => "ForeignKey",
            Kind::OneToOne(_) => "OneToOneField",
            Kind::ManyToMany(_) => "ManyToManyField",
        }
    }
}

impl Model {
    /// All of them, in the order in which Django's registry has them.
    pub const ALL: [Self; 11] = [
        Self::LogEntry,
        Self::Permission,
        Self::GroupPermissions,
        Self::Group,
        Self::UserGroups,
        Self::UserPermissions,
        Self::User,
        Self::ContentType,
        Self::Session,
        Self::Token,
        Self::TokenProxy,
    ];

    /// The table's row.
    #[must_use]
    pub const fn describe(self) -> &'static Description {
        match self {
            Self::User => &auth::USER,
            Self::Group => &auth::GROUP,
            Self::Permission => &auth::PERMISSION,
            Self::UserGroups => &auth::USER_GROUPS,
            Self::UserPermissions => &auth::USER_PERMISSIONS,
            Self::GroupPermissions => &auth::GROUP_PERMISSIONS,
            Self::ContentType => &other::CONTENT_TYPE,
            Self::Token => &other::TOKEN,
            Self::TokenProxy => &other::TOKEN_PROXY,
            Self::Session => &other::SESSION,
            Self::LogEntry => &other::LOG_ENTRY,
        }
    }

    /// The model whose rows these are.
    #[must_use]
    pub const fn concrete(self) -> Self {
        match self {
            Self::TokenProxy => Self::Token,
            other => other,
        }
    }

    /// The model with this label, letters in either case: `auth.User`.
    #[must_use]
    pub fn by_label(label: &str) -> Option<Self> {
        let (app, name) = label.split_once('.')?;
        Self::ALL.into_iter().find(|model| {
            let description = model.describe();
            description.app_label == app && description.lower == name.to_lowercase()
        })
    }

    /// `auth.User`.
    #[must_use]
    pub fn label(self) -> String {
        let description = self.describe();
        format!("{}.{}", description.app_label, description.name)
    }

    /// The field of this name or attribute, among those with a value.
    #[must_use]
    pub fn field(self, name: &str) -> Option<usize> {
        self.describe().fields.iter().position(|field| field.name == name || field.attname == name)
    }

    /// The relations that point here, in Django's order.
    pub fn reverses(self) -> impl Iterator<Item = Reverse> {
        let here = self.concrete();
        Self::ALL.into_iter().filter(|model| *model != Self::TokenProxy).flat_map(move |model| {
            let description = model.describe();
            description.fields.iter().chain(description.many).filter_map(move |field| {
                let (to, query_name, accessor) = match field.kind {
                    Kind::ForeignKey(r) | Kind::OneToOne(r) => (r.to, r.query_name?, r.accessor?),
                    Kind::ManyToMany(r) => (r.to, r.query_name, r.accessor),
                    Kind::Auto
                    | Kind::Char
                    | Kind::Email
                    | Kind::Text
                    | Kind::Boolean
                    | Kind::PositiveSmallInteger
                    | Kind::Integer
                    | Kind::DateTime => return None,
                };
                (to == here).then_some(Reverse { model, field, query_name, accessor })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_leads_to_its_model() {
        for model in Model::ALL {
            assert_eq!(Model::by_label(&model.label()), Some(model));
        }
        assert_eq!(Model::by_label("auth.user"), Some(Model::User));
        assert_eq!(Model::by_label("user"), None);
    }

    #[test]
    fn relations_are_seen_from_the_other_end() {
        let names = |model: Model| model.reverses().map(|r| r.query_name).collect::<Vec<_>>();
        assert_eq!(names(Model::User), ["logentry", "auth_token"]);
        assert_eq!(names(Model::Group), ["user"]);
        assert_eq!(names(Model::Permission), ["group", "user"]);
        assert_eq!(names(Model::ContentType), ["logentry", "permission"]);
    }

    #[test]
    fn the_primary_key_is_unique() {
        for model in Model::ALL {
            let description = model.describe();
            assert!(description.fields[description.pk].unique, "{}", description.name);
        }
    }
}
