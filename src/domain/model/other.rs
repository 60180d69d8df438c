//! Tokens, content types, and the two models that exist and are always empty.

use super::{Default, Description, Field, Kind, Model, Related};

/// What DRF has of a token, then what it lacks.
const TOKEN_FIELDS: &[Field] = &[
    Field::new("key", Kind::Char, "Key").unique().max(40),
    Field::new(
        "user",
        Kind::OneToOne(Related { to: Model::User, query_name: Some("auth_token"), accessor: Some("auth_token") }),
        "User",
    )
    .column("user_id")
    .unique(),
    Field::new("created", Kind::DateTime, "Created").blank().default(Default::AddedNow),
    Field::new("id", Kind::Char, "ID").beyond(),
    Field::new("name", Kind::Char, "name").null().beyond(),
    Field::new("expires", Kind::DateTime, "expires").null().beyond(),
    Field::new("revoked", Kind::DateTime, "revoked").null().beyond(),
    Field::new("reason", Kind::Char, "reason").null().beyond(),
    Field::new("state", Kind::Char, "state").beyond(),
    Field::new("last_used", Kind::DateTime, "last used").null().beyond(),
    Field::new("uses", Kind::Integer, "uses").beyond(),
];

const AUTHTOKEN: &str = "rest_framework.authtoken.models";

pub(super) const TOKEN: Description = Description {
    model: Model::Token,
    app_label: "authtoken",
    name: "Token",
    lower: "token",
    module: AUTHTOKEN,
    table: "authtoken_token",
    verbose_name: "Token",
    verbose_name_plural: "Tokens",
    fields: TOKEN_FIELDS,
    many: &[],
    pk: 0,
    ordering: &[],
    unique_together: &[],
};

pub(super) const TOKEN_PROXY: Description = Description {
    model: Model::TokenProxy,
    app_label: "authtoken",
    name: "TokenProxy",
    lower: "tokenproxy",
    module: AUTHTOKEN,
    table: "authtoken_token",
    verbose_name: "Token",
    verbose_name_plural: "Tokens",
    fields: TOKEN_FIELDS,
    many: &[],
    pk: 0,
    ordering: &[],
    unique_together: &[],
};

pub(super) const CONTENT_TYPE: Description = Description {
    model: Model::ContentType,
    app_label: "contenttypes",
    name: "ContentType",
    lower: "contenttype",
    module: "django.contrib.contenttypes.models",
    table: "django_content_type",
    verbose_name: "content type",
    verbose_name_plural: "content types",
    fields: &[
        Field::id(),
        Field::new("app_label", Kind::Char, "app label").max(100),
        Field::new("model", Kind::Char, "python model class name").max(100),
    ],
    many: &[],
    pk: 0,
    ordering: &[],
    unique_together: &["app_label", "model"],
};

pub(super) const SESSION: Description = Description {
    model: Model::Session,
    app_label: "sessions",
    name: "Session",
    lower: "session",
    module: "django.contrib.sessions.models",
    table: "django_session",
    verbose_name: "session",
    verbose_name_plural: "sessions",
    fields: &[
        Field::new("session_key", Kind::Char, "session key").unique().max(40),
        Field::new("session_data", Kind::Text, "session data"),
        Field::new("expire_date", Kind::DateTime, "expire date"),
    ],
    many: &[],
    pk: 0,
    ordering: &[],
    unique_together: &[],
};

pub(super) const LOG_ENTRY: Description = Description {
    model: Model::LogEntry,
    app_label: "admin",
    name: "LogEntry",
    lower: "logentry",
    module: "django.contrib.admin.models",
    table: "django_admin_log",
    verbose_name: "log entry",
    verbose_name_plural: "log entries",
    fields: &[
        Field::id(),
        Field::new("action_time", Kind::DateTime, "action time").default(Default::Now),
        Field::new("user", entry_of(Model::User), "user").column("user_id"),
        Field::new("content_type", entry_of(Model::ContentType), "content type").column("content_type_id").null(),
        Field::new("object_id", Kind::Text, "object id").null(),
        Field::new("object_repr", Kind::Char, "object repr").max(200),
        Field::new("action_flag", Kind::PositiveSmallInteger, "action flag"),
        Field::new("change_message", Kind::Text, "change message").blank(),
    ],
    many: &[],
    pk: 0,
    ordering: &["-action_time"],
    unique_together: &[],
};

const fn entry_of(to: Model) -> Kind {
    Kind::ForeignKey(Related { to, query_name: Some("logentry"), accessor: Some("logentry_set") })
}
