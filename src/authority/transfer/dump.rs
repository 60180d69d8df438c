//! Writing rows as a fixture, in Django's order and form.

use std::{collections::HashSet, fmt, io};

use super::{error::TransferError, fixture::Format, object::Kind, write_json::JsonWriter, write_xml::XmlWriter};
use crate::{
    authority::{ChangeError, Scan, Tx},
    domain::{
        ContentType, Group, Model, Permission, Timestamp, Token, User,
        model::{Kind as FieldKind, Seen},
    },
    store::layout::Relation,
};

/// How keys are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Keys {
    /// As they are.
    Primary,
    /// By what makes a row unique for people.
    Natural,
}

/// What is written, and how.
pub struct DumpOptions {
    /// Which kinds of rows, in this order.
    pub kinds: Vec<Kind>,
    /// How it is written.
    pub format: Format,
    /// Blanks by which inner lines are indented.
    pub indent: Option<i64>,
    /// How foreign keys are written.
    pub foreign: Keys,
    /// Whether the rows' own primary keys are left out where there are natural ones.
    pub primary: Keys,
    /// Only rows with these primary keys.
    pub pks: Option<HashSet<String>>,
}

impl fmt::Debug for DumpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The primary keys of tokens are their keys.
        f.debug_struct("DumpOptions").field("kinds", &self.kinds).finish_non_exhaustive()
    }
}

/// A value of a field, ready to be written.
#[derive(Clone, Debug)]
pub(super) enum Written {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Time(Timestamp),
    /// A natural key.
    Natural(Vec<String>),
    Many(Vec<Self>),
}

/// An object to be written.
#[derive(Debug)]
pub(super) struct Entry {
    /// `auth.user`.
    pub(super) label: &'static str,
    pub(super) pk: Option<Written>,
    /// Name, value, and what XML says of the field.
    pub(super) fields: Vec<(&'static str, Written, Sort)>,
}

/// What XML says of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sort {
    /// Its type.
    Plain(&'static str),
    /// Its relation and the other model.
    Related(&'static str, &'static str),
}

pub(super) trait Writer {
    fn begin(&mut self) -> io::Result<()>;
    fn entry(&mut self, entry: &Entry) -> io::Result<()>;
    fn end(&mut self) -> io::Result<()>;
}

/// Writes rows to `out`. The session learns whose keys are among them.
///
/// # Errors
/// Where the store fails, a sealed key does not open, or `out` cannot be written.
pub fn dump(tx: &mut Tx<'_>, options: &DumpOptions, out: &mut dyn io::Write) -> Result<(), DumpError> {
    let mut writer: Box<dyn Writer + '_> = match options.format {
        Format::Json => Box::new(JsonWriter::list(out, options.indent)),
        Format::JsonLines => Box::new(JsonWriter::lines(out)),
        Format::Xml => Box::new(XmlWriter::new(out, options.indent)),
    };
    writer.begin()?;
    for kind in &options.kinds {
        let ids = ids(*kind, tx)?;
        for id in ids {
            let Some(entry) = entry(*kind, id, options, tx)? else { continue };
            writer.entry(&entry)?;
        }
    }
    writer.end()?;
    Ok(())
}

/// A dump was not written.
#[derive(Debug)]
pub enum DumpError {
    /// The rows could not be read.
    Transfer(TransferError),
    /// The place to write to failed.
    Io(io::Error),
}

impl From<io::Error> for DumpError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<TransferError> for DumpError {
    fn from(error: TransferError) -> Self {
        Self::Transfer(error)
    }
}

impl From<ChangeError> for DumpError {
    fn from(error: ChangeError) -> Self {
        Self::Transfer(error.into())
    }
}

/// The ids of a kind's rows in the order of their primary keys.
fn ids(kind: Kind, tx: &mut Tx<'_>) -> Result<Vec<i64>, TransferError> {
    let mut ids = Vec::new();
    match kind {
        Kind::Model(Model::User) => tx.scan::<User>(|row| {
            ids.push(row.id);
            Scan::On
        })?,
        Kind::Model(Model::Group) => tx.scan::<Group>(|row| {
            ids.push(row.id);
            Scan::On
        })?,
        Kind::Model(Model::Permission) => tx.scan::<Permission>(|row| {
            ids.push(row.id);
            Scan::On
        })?,
        Kind::Model(Model::ContentType) => tx.scan::<ContentType>(|row| {
            ids.push(row.id);
            Scan::On
        })?,
        Kind::FullToken => tx.scan::<Token>(|row| {
            ids.push(row.serial);
            Scan::On
        })?,
        Kind::Model(Model::Token) => {
            let mut tokens = Vec::new();
            tx.scan::<Token>(|row| {
                if row.name.is_none() && row.is_live() {
                    tokens.push(row);
                }
                Scan::On
            })?;
            // The key is the primary key.
            let mut keyed = Vec::with_capacity(tokens.len());
            for token in tokens {
                if let Some(key) = tx.key_of(&token)? {
                    keyed.push((key.expose().to_owned(), token.serial));
                }
            }
            keyed.sort_unstable();
            ids.extend(keyed.into_iter().map(|(_, serial)| serial));
        }
        Kind::Model(
            Model::TokenProxy
            | Model::Session
            | Model::LogEntry
            | Model::UserGroups
            | Model::UserPermissions
            | Model::GroupPermissions,
        ) => {}
    }
    Ok(ids)
}

fn entry(kind: Kind, id: i64, options: &DumpOptions, tx: &mut Tx<'_>) -> Result<Option<Entry>, TransferError> {
    let natural = options.foreign == Keys::Natural;
    let entry = match kind {
        Kind::Model(Model::User) => user(id, natural, tx)?,
        Kind::Model(Model::Group) => group(id, natural, tx)?,
        Kind::Model(Model::Permission) => permission(id, natural, tx)?,
        Kind::Model(Model::ContentType) => content_type(id, tx)?,
        Kind::Model(Model::Token) => token(id, natural, tx)?,
        Kind::FullToken => full_token(id, natural, tx)?,
        Kind::Model(_) => None,
    };
    let Some(mut entry) = entry else { return Ok(None) };
    let shown = entry.pk.as_ref().map(|pk| match pk {
        Written::Int(pk) => pk.to_string(),
        Written::Text(pk) => pk.clone(),
        _ => String::new(),
    });
    if let (Some(pks), Some(pk)) = (&options.pks, shown)
        && !pks.contains(&pk)
    {
        return Ok(None);
    }
    let has_natural = !matches!(kind, Kind::Model(Model::Token) | Kind::FullToken);
    if options.primary == Keys::Natural && has_natural {
        entry.pk = None;
    }
    Ok(Some(entry))
}

/// Names and types of a model's plain fields, in order.
fn sorts(model: Model) -> impl Iterator<Item = (&'static str, Sort)> {
    let description = model.describe();
    let own =
        description.fields.iter().enumerate().filter(|(at, field)| *at != description.pk && field.seen == Seen::Django);
    own.map(|(_, field)| {
        let sort = match field.related() {
            Some(related) => {
                let rel = if matches!(field.kind, FieldKind::OneToOne(_)) { "OneToOneRel" } else { "ManyToOneRel" };
                Sort::Related(rel, lower(related.to))
            }
            // Django's internal type of an EmailField is that of its parent.
            None if field.kind == FieldKind::Email => Sort::Plain("CharField"),
            None => Sort::Plain(field.class_name()),
        };
        (field.name, sort)
    })
}

/// `auth.user`.
pub(super) fn lower(model: Model) -> &'static str {
    match model {
        Model::User => "auth.user",
        Model::Group => "auth.group",
        Model::Permission => "auth.permission",
        Model::ContentType => "contenttypes.contenttype",
        Model::Token => "authtoken.token",
        Model::TokenProxy => "authtoken.tokenproxy",
        Model::Session => "sessions.session",
        Model::LogEntry => "admin.logentry",
        Model::UserGroups => "auth.user_groups",
        Model::UserPermissions => "auth.user_user_permissions",
        Model::GroupPermissions => "auth.group_permissions",
    }
}

fn with(model: Model, pk: Written, values: Vec<Written>) -> Entry {
    let fields = sorts(model).zip(values).map(|((name, sort), value)| (name, value, sort)).collect();
    Entry { label: lower(model), pk: Some(pk), fields }
}

fn time(moment: Option<Timestamp>) -> Written {
    moment.map_or(Written::Null, Written::Time)
}

fn user(id: i64, natural: bool, tx: &mut Tx<'_>) -> Result<Option<Entry>, TransferError> {
    let Some(user) = tx.find::<User>(id)? else { return Ok(None) };
    let values = vec![
        Written::Text(user.password),
        time(user.last_login),
        Written::Bool(user.is_superuser),
        Written::Text(user.username),
        Written::Text(user.first_name),
        Written::Text(user.last_name),
        Written::Text(user.email),
        Written::Bool(user.is_staff),
        Written::Bool(user.is_active),
        Written::Time(user.date_joined),
    ];
    let mut entry = with(Model::User, Written::Int(id), values);
    let groups = groups_of(id, natural, tx)?;
    entry.fields.push(("groups", groups, Sort::Related("ManyToManyRel", "auth.group")));
    let permissions = permissions_of(Relation::UserPermissions, id, natural, tx)?;
    entry.fields.push(("user_permissions", permissions, Sort::Related("ManyToManyRel", "auth.permission")));
    Ok(Some(entry))
}

fn groups_of(user: i64, natural: bool, tx: &mut Tx<'_>) -> Result<Written, TransferError> {
    let mut ids = tx.links(Relation::UserGroups, user)?.ids();
    ids.sort_unstable();
    let mut groups = Vec::with_capacity(ids.len());
    for id in ids {
        match natural {
            false => groups.push(Written::Int(id)),
            true => {
                let group = tx.find::<Group>(id)?;
                groups.extend(group.map(|group| Written::Natural(vec![group.name])));
            }
        }
    }
    Ok(Written::Many(groups))
}

/// In Django's order of permissions: app, model, codename.
fn permissions_of(relation: Relation, left: i64, natural: bool, tx: &mut Tx<'_>) -> Result<Written, TransferError> {
    let mut keyed = Vec::new();
    for id in tx.links(relation, left)?.ids() {
        let Some(permission) = tx.find::<Permission>(id)? else { continue };
        let Some(of) = tx.find::<ContentType>(permission.content_type)? else { continue };
        keyed.push((of.app_label, of.model, permission.codename, id));
    }
    keyed.sort_unstable();
    let written = keyed.into_iter().map(|(app, model, codename, id)| match natural {
        true => Written::Natural(vec![codename, app, model]),
        false => Written::Int(id),
    });
    Ok(Written::Many(written.collect()))
}

fn group(id: i64, natural: bool, tx: &mut Tx<'_>) -> Result<Option<Entry>, TransferError> {
    let Some(group) = tx.find::<Group>(id)? else { return Ok(None) };
    let mut entry = with(Model::Group, Written::Int(id), vec![Written::Text(group.name)]);
    let permissions = permissions_of(Relation::GroupPermissions, id, natural, tx)?;
    entry.fields.push(("permissions", permissions, Sort::Related("ManyToManyRel", "auth.permission")));
    Ok(Some(entry))
}

fn permission(id: i64, natural: bool, tx: &mut Tx<'_>) -> Result<Option<Entry>, TransferError> {
    let Some(row) = tx.find::<Permission>(id)? else { return Ok(None) };
    let of = match natural {
        true => tx.find::<ContentType>(row.content_type)?.map(|of| Written::Natural(vec![of.app_label, of.model])),
        false => None,
    };
    let of = of.unwrap_or(Written::Int(row.content_type));
    Ok(Some(with(Model::Permission, Written::Int(id), vec![Written::Text(row.name), of, Written::Text(row.codename)])))
}

fn content_type(id: i64, tx: &mut Tx<'_>) -> Result<Option<Entry>, TransferError> {
    let Some(row) = tx.find::<ContentType>(id)? else { return Ok(None) };
    let values = vec![Written::Text(row.app_label), Written::Text(row.model)];
    Ok(Some(with(Model::ContentType, Written::Int(id), values)))
}

fn owner(user: i64, natural: bool, tx: &mut Tx<'_>) -> Result<Written, TransferError> {
    let user = match natural {
        true => tx.find::<User>(user)?.map_or(Written::Int(user), |user| Written::Natural(vec![user.username])),
        false => Written::Int(user),
    };
    Ok(user)
}

fn token(serial: i64, natural: bool, tx: &mut Tx<'_>) -> Result<Option<Entry>, TransferError> {
    let Some(token) = tx.find::<Token>(serial)? else { return Ok(None) };
    let Some(key) = tx.show_key(&token)? else { return Ok(None) };
    let values = vec![owner(token.user, natural, tx)?, Written::Time(token.created)];
    Ok(Some(with(Model::Token, Written::Text(key.expose().to_owned()), values)))
}

fn full_token(serial: i64, natural: bool, tx: &mut Tx<'_>) -> Result<Option<Entry>, TransferError> {
    let Some(token) = tx.find::<Token>(serial)? else { return Ok(None) };
    let usage = tx.usage_of(&token)?;
    let text = |text: Option<String>| text.map_or(Written::Null, Written::Text);
    let exact = |moment: Option<Timestamp>| text(moment.map(|moment| moment.to_string()));
    let key = tx.show_key(&token)?.map(|key| key.expose().to_owned());
    let (at, by, reason) = match token.revoked {
        Some(revocation) => (Some(revocation.at), Some(revocation.by.name), revocation.reason),
        None => (None, None, None),
    };
    let fields = vec![
        ("key", text(key), "CharField"),
        ("user", owner(token.user, natural, tx)?, "OneToOneField"),
        ("created", exact(Some(token.created)), "CharField"),
        ("name", text(token.name), "CharField"),
        ("expires", exact(token.expires), "CharField"),
        ("revoked", exact(at), "CharField"),
        ("revoked_by", text(by), "CharField"),
        ("reason", text(reason), "CharField"),
        ("last_used", exact(usage.last_used), "CharField"),
        ("uses", Written::Int(i64::try_from(usage.uses).unwrap_or(i64::MAX)), "IntegerField"),
    ];
    let sort = |name: &str, class| {
        if name == "user" { Sort::Related("ManyToOneRel", "auth.user") } else { Sort::Plain(class) }
    };
    let fields = fields.into_iter().map(|(name, value, class)| (name, value, sort(name, class))).collect();
    Ok(Some(Entry { label: super::HALLPASS_TOKEN, pk: Some(Written::Text(token.id.to_string())), fields }))
}
