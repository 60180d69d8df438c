//! `django.contrib.auth`: users, groups, permissions, and the links between them.

use super::{Default, Description, Field, Kind, ManyRelated, Model, Related};

const MODULE: &str = "django.contrib.auth.models";

pub(super) const USER: Description = Description {
    model: Model::User,
    app_label: "auth",
    name: "User",
    lower: "user",
    module: MODULE,
    table: "auth_user",
    verbose_name: "user",
    verbose_name_plural: "users",
    fields: &[
        Field::id(),
        Field::new("password", Kind::Char, "password").max(128),
        Field::new("last_login", Kind::DateTime, "last login").null(),
        Field::new("is_superuser", Kind::Boolean, "superuser status")
            .default(Default::False)
            .help("Designates that this user has all permissions without explicitly assigning them."),
        Field::new("username", Kind::Char, "username")
            .unique()
            .max(150)
            .help("Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only."),
        Field::new("first_name", Kind::Char, "first name").blank().max(150),
        Field::new("last_name", Kind::Char, "last name").blank().max(150),
        Field::new("email", Kind::Email, "email address").blank().max(254),
        Field::new("is_staff", Kind::Boolean, "staff status")
            .default(Default::False)
            .help("Designates whether the user can log into this admin site."),
        Field::new("is_active", Kind::Boolean, "active").default(Default::True).help(
            "Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
        ),
        Field::new("date_joined", Kind::DateTime, "date joined").default(Default::Now),
    ],
    many: &[
        Field::new("groups", many(Model::Group, Model::UserGroups, "user", "user_set"), "groups")
            .blank()
            .help("The groups this user belongs to. A user will get all permissions granted to each of their groups."),
        Field::new(
            "user_permissions",
            many(Model::Permission, Model::UserPermissions, "user", "user_set"),
            "user permissions",
        )
        .blank()
        .help("Specific permissions for this user."),
    ],
    pk: 0,
    ordering: &[],
    unique_together: &[],
};

pub(super) const GROUP: Description = Description {
    model: Model::Group,
    app_label: "auth",
    name: "Group",
    lower: "group",
    module: MODULE,
    table: "auth_group",
    verbose_name: "group",
    verbose_name_plural: "groups",
    fields: &[Field::id(), Field::new("name", Kind::Char, "name").unique().max(150)],
    many: &[Field::new(
        "permissions",
        many(Model::Permission, Model::GroupPermissions, "group", "group_set"),
        "permissions",
    )
    .blank()],
    pk: 0,
    ordering: &[],
    unique_together: &[],
};

pub(super) const PERMISSION: Description = Description {
    model: Model::Permission,
    app_label: "auth",
    name: "Permission",
    lower: "permission",
    module: MODULE,
    table: "auth_permission",
    verbose_name: "permission",
    verbose_name_plural: "permissions",
    fields: &[
        Field::id(),
        Field::new("name", Kind::Char, "name").max(255),
        Field::new(
            "content_type",
            Kind::ForeignKey(Related {
                to: Model::ContentType,
                query_name: Some("permission"),
                accessor: Some("permission_set"),
            }),
            "content type",
        )
        .column("content_type_id"),
        Field::new("codename", Kind::Char, "codename").max(100),
    ],
    many: &[],
    pk: 0,
    ordering: &["content_type__app_label", "content_type__model", "codename"],
    unique_together: &["content_type", "codename"],
};

pub(super) const USER_GROUPS: Description = Description {
    model: Model::UserGroups,
    app_label: "auth",
    name: "User_groups",
    lower: "user_groups",
    module: MODULE,
    table: "auth_user_groups",
    verbose_name: "user-group relationship",
    verbose_name_plural: "user-group relationships",
    fields: &[
        Field::id(),
        Field::new("user", link(Model::User), "user").column("user_id"),
        Field::new("group", link(Model::Group), "group").column("group_id"),
    ],
    many: &[],
    pk: 0,
    ordering: &[],
    unique_together: &["user", "group"],
};

pub(super) const USER_PERMISSIONS: Description = Description {
    model: Model::UserPermissions,
    app_label: "auth",
    name: "User_user_permissions",
    lower: "user_user_permissions",
    module: MODULE,
    table: "auth_user_user_permissions",
    verbose_name: "user-permission relationship",
    verbose_name_plural: "user-permission relationships",
    fields: &[
        Field::id(),
        Field::new("user", link(Model::User), "user").column("user_id"),
        Field::new("permission", link(Model::Permission), "permission").column("permission_id"),
    ],
    many: &[],
    pk: 0,
    ordering: &[],
    unique_together: &["user", "permission"],
};

pub(super) const GROUP_PERMISSIONS: Description = Description {
    model: Model::GroupPermissions,
    app_label: "auth",
    name: "Group_permissions",
    lower: "group_permissions",
    module: MODULE,
    table: "auth_group_permissions",
    verbose_name: "group-permission relationship",
    verbose_name_plural: "group-permission relationships",
    fields: &[
        Field::id(),
        Field::new("group", link(Model::Group), "group").column("group_id"),
        Field::new("permission", link(Model::Permission), "permission").column("permission_id"),
    ],
    many: &[],
    pk: 0,
    ordering: &[],
    unique_together: &["group", "permission"],
};

const fn many(to: Model, through: Model, query_name: &'static str, accessor: &'static str) -> Kind {
    Kind::ManyToMany(ManyRelated { to, through, query_name, accessor })
}

/// The foreign keys of a link cannot be seen from the other end.
const fn link(to: Model) -> Kind {
    Kind::ForeignKey(Related { to, query_name: None, accessor: None })
}
