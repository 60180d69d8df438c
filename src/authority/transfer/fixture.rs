//! Reading a fixture.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

use serde_json::{Map, Value as Json};

use super::{
    error::TransferError,
    json,
    object::{HALLPASS_TOKEN, Kind, Many, Object, Reference},
    pyrepr::{repr, str_of, type_name},
    to_python::{integer, to_python},
    xml,
};
use crate::domain::{
    Model, Value,
    model::{Field, Kind as FieldKind, Seen},
};

/// How a fixture is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// One JSON list.
    Json,
    /// One JSON object on each line.
    JsonLines,
    /// Django's XML.
    Xml,
}

impl Format {
    /// By the name that Django has for it, also the end of a file's name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "jsonl" => Some(Self::JsonLines),
            "xml" => Some(Self::Xml),
            _ => None,
        }
    }

    /// The name that Django has for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Xml => "xml",
        }
    }
}

/// What becomes of models and fields that are not there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unknown {
    /// They are errors.
    Refuse,
    /// They are passed over: `--ignorenonexistent`.
    Ignore,
    /// Objects of other models are passed over and counted; content types and permissions are recognised by their names:
    /// `--skip-foreign`.
    SkipForeign,
}

/// A fixture, read and not installed.
#[derive(Default)]
pub struct Fixture {
    /// Its name in errors.
    pub(super) name: String,
    pub(super) objects: Vec<Object>,
    /// How many objects there were, those that are left out included.
    pub(super) seen: usize,
    /// Objects of other models, by label.
    pub(super) foreign: BTreeMap<String, usize>,
    /// Its ids of content types and permissions are another project's.
    pub(super) from_elsewhere: bool,
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The objects hold keys.
        write!(f, "Fixture({:?}, {} objects)", self.name, self.seen)
    }
}

impl Fixture {
    /// Reads the fixture `name` from its bytes. Objects of `excluded` models are counted and left out.
    ///
    /// # Errors
    /// Django's, with `name` in the text.
    pub fn read(
        name: &str,
        format: Format,
        bytes: &[u8],
        unknown: Unknown,
        excluded: &HashSet<Model>,
    ) -> Result<Self, TransferError> {
        let from_elsewhere = unknown == Unknown::SkipForeign;
        let mut fixture = Self { name: name.to_owned(), from_elsewhere, ..Self::default() };
        let mut take = |json: Json| fixture.take(&json, format, unknown, excluded);
        match format {
            Format::Json => json::each(bytes, &mut take),
            Format::JsonLines => json::each_line(bytes, &mut take),
            Format::Xml => xml::each(bytes, &mut take),
        }
        .map_err(|error| error.within(&fixture.prefix()))?;
        Ok(fixture)
    }

    /// How many objects there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen
    }

    /// Whether there were none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen == 0
    }

    /// Objects of other models that were passed over, by label.
    #[must_use]
    pub fn foreign(&self) -> &BTreeMap<String, usize> {
        &self.foreign
    }

    pub(super) fn prefix(&self) -> String {
        format!("Problem installing fixture '{}': ", self.name)
    }

    fn take(
        &mut self,
        json: &Json,
        format: Format,
        unknown: Unknown,
        excluded: &HashSet<Model>,
    ) -> Result<(), TransferError> {
        let wrapped = |text: String| TransferError::deserialization(format!("Error deserializing object: {text}"));
        let Json::Object(object) = json else { return Err(wrapped(not_a_dict(json))) };
        let label = match object.get("model") {
            Some(label) => label,
            None if format == Format::Xml => {
                let text = "<object> node is missing the required 'model' attribute";
                return Err(TransferError::deserialization(text));
            }
            None => return Err(wrapped("'model'".into())),
        };
        let found = kind_of(label).map_err(&wrapped)?;
        let kept = |kind: &Kind| {
            let empty = matches!(kind, Kind::Model(Model::Session | Model::LogEntry));
            unknown != Unknown::SkipForeign || !empty
        };
        let Some(kind) = found.filter(kept) else {
            return match unknown {
                Unknown::Ignore => Ok(()),
                Unknown::SkipForeign => {
                    *self.foreign.entry(str_of(label)).or_default() += 1;
                    Ok(())
                }
                Unknown::Refuse if format == Format::Xml => Err(TransferError::deserialization(format!(
                    "<object> node has invalid model identifier: '{}'",
                    str_of(label)
                ))),
                Unknown::Refuse => {
                    Err(TransferError::deserialization(format!("Invalid model identifier: {}", str_of(label))))
                }
            };
        };
        let fields = object.get("fields").ok_or_else(|| wrapped("'fields'".into()))?;
        let Json::Object(fields) = fields else {
            return Err(wrapped(format!("'{}' object has no attribute 'items'", type_name(fields))));
        };
        self.seen += 1;
        let read = read_object(kind, str_of(label), object.get("pk"), fields, unknown, &wrapped);
        let read = if format == Format::Xml { read.map_err(xml::as_xml)? } else { read? };
        if !matches!(kind, Kind::Model(model) if excluded.contains(&model)) {
            self.objects.push(read);
        }
        Ok(())
    }
}

/// Django's `apps.get_model(label)`; `None`: there is none of this name. The error is what Python says of a label that is
/// none.
fn kind_of(label: &Json) -> Result<Option<Kind>, String> {
    let Json::String(label) = label else {
        return Err(format!("'{}' object has no attribute 'split'", type_name(label)));
    };
    match label.matches('.').count() {
        0 => return Err("not enough values to unpack (expected 2, got 1)".into()),
        1 => {}
        _ => return Err("too many values to unpack (expected 2)".into()),
    }
    if label.eq_ignore_ascii_case(HALLPASS_TOKEN) {
        return Ok(Some(Kind::FullToken));
    }
    Ok(Model::by_label(label).map(Kind::Model))
}

/// What Python says where a natural key has another number of parts than the model's.
fn wrong_arity(to: Model, parts: usize) -> Option<String> {
    let (manager, names): (&str, &[&str]) = match to {
        Model::User => ("BaseUserManager", &["username"]),
        Model::Group => ("GroupManager", &["name"]),
        Model::Permission => ("PermissionManager", &["codename", "app_label", "model"]),
        _ => ("ContentTypeManager", &["app_label", "model"]),
    };
    let wanted = names.len();
    if parts > wanted {
        let (takes, given) = (wanted + 1, parts + 1);
        return Some(format!(
            "{manager}.get_by_natural_key() takes {takes} positional arguments but {given} were given"
        ));
    }
    let missing: Vec<String> = names[parts..].iter().map(|name| format!("'{name}'")).collect();
    let (n, plural) = (missing.len(), if missing.len() == 1 { "" } else { "s" });
    let list = match missing.as_slice() {
        [] => return None,
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [rest @ .., last] => format!("{}, and {last}", rest.join(", ")),
    };
    Some(format!("{manager}.get_by_natural_key() missing {n} required positional argument{plural}: {list}"))
}

/// What Python says of `obj["model"]` where `obj` is no dictionary.
fn not_a_dict(json: &Json) -> String {
    match json {
        Json::String(_) => "string indices must be integers, not 'str'".into(),
        Json::Array(_) => "list indices must be integers or slices, not str".into(),
        other => format!("'{}' object is not subscriptable", type_name(other)),
    }
}

fn read_object(
    kind: Kind,
    label: String,
    pk: Option<&Json>,
    fields: &Map<String, Json>,
    unknown: Unknown,
    wrapped: &dyn Fn(String) -> TransferError,
) -> Result<Object, TransferError> {
    let model = match kind {
        Kind::Model(model) => model,
        Kind::FullToken => Model::Token,
    };
    let description = model.describe();
    let shown_pk = pk.map_or_else(|| "None".into(), str_of);
    let with_data = |text: &str, value: &str| {
        TransferError::deserialization(format!("{text}: ({label}:pk={shown_pk}) field_value was '{value}'"))
    };
    let pk_field = &description.fields[description.pk];
    let pk = match pk {
        Some(pk) if kind == Kind::FullToken => Value::Text(str_of(pk)),
        Some(pk) => to_python(pk_field, pk).map_err(|text| with_data(&text, "None"))?,
        None => Value::Null,
    };
    let mut object = Object {
        kind,
        label: label.clone(),
        shown_pk: shown_pk.clone(),
        pk,
        values: Vec::with_capacity(fields.len()),
        natural: Vec::new(),
        many: Vec::new(),
        extra: Vec::new(),
    };
    for (name, given) in fields {
        let here = |field: &Field| field.name == name && field.seen == Seen::Django;
        if let Some(at) = description.many.iter().position(here) {
            object.many.push(read_many(at, &description.many[at], given, &with_data)?);
        } else if let Some(at) = description.fields.iter().position(here) {
            let field = &description.fields[at];
            match given {
                Json::Array(natural) if field.related().is_some() => {
                    let wrong = field.related().and_then(|related| wrong_arity(related.to, natural.len()));
                    if let Some(text) = wrong {
                        return Err(with_data(&text, &str_of(given)));
                    }
                    object.natural.push((at, natural.iter().map(str_of).collect(), repr(given)));
                }
                given => {
                    let value = to_python(field, given).map_err(|text| with_data(&text, &str_of(given)))?;
                    object.values.push((at, value));
                }
            }
        } else if kind == Kind::FullToken {
            object.extra.push((name.clone(), extra(given)));
        } else if unknown == Unknown::Refuse {
            return Err(wrapped(format!(
                "{} has no field named {}",
                description.name,
                repr(&Json::from(name.as_str()))
            )));
        }
    }
    Ok(object)
}

/// A value of a field that is only in our own dumps.
fn extra(given: &Json) -> Value {
    match given {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => number.as_i64().map_or(Value::Null, Value::Int),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(_) | Json::Object(_) => Value::Text(given.to_string()),
    }
}

fn read_many(
    at: usize,
    field: &Field,
    given: &Json,
    with_data: &dyn Fn(&str, &str) -> TransferError,
) -> Result<Many, TransferError> {
    debug_assert!(matches!(field.kind, FieldKind::ManyToMany(_)), "a field of `many`");
    let items: Vec<Json> = match given {
        Json::Array(items) => items.clone(),
        // A text is iterated character by character, a dictionary by its names.
        Json::String(text) => text.chars().map(|c| Json::from(c.to_string())).collect(),
        Json::Object(pairs) => pairs.keys().map(|name| Json::from(name.as_str())).collect(),
        other => {
            let text = format!("'{}' object is not iterable", type_name(other));
            return Err(with_data(&text, &str_of(other)));
        }
    };
    let mut many = Many { field: at, to: Vec::new(), shown: Vec::new() };
    for item in items {
        if let (Json::Array(natural), FieldKind::ManyToMany(related)) = (&item, field.kind)
            && let Some(text) = wrong_arity(related.to, natural.len())
        {
            return Err(with_data(&text, &str_of(&item)));
        }
        many.to.push(match &item {
            Json::Array(natural) => Reference::Natural(natural.iter().map(str_of).collect()),
            Json::Object(pairs) => Reference::Natural(pairs.keys().cloned().collect()),
            other => match integer(other).map_err(|text| with_data(&text, &str_of(&item)))? {
                Value::Int(pk) => Reference::Pk(pk),
                _ => return Err(with_data("None is no primary key", "None")),
            },
        });
        many.shown.push(str_of(&item));
    }
    Ok(many)
}
