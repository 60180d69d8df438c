//! Groups, permissions and content types, with the fields of Django's.

/// A row of `auth_group`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Group {
    /// The primary key.
    pub id: i64,
    /// Unique.
    pub name: String,
}

/// A row of `auth_permission`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Permission {
    /// The primary key.
    pub id: i64,
    /// Words for people: `Can add user`.
    pub name: String,
    /// The model it is about, by the id of its content type. Unique together with the codename.
    pub content_type: i64,
    /// `add_user`.
    pub codename: String,
}

/// A row of `django_content_type`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContentType {
    /// The primary key.
    pub id: i64,
    /// `auth`. Unique together with the model.
    pub app_label: String,
    /// `user`.
    pub model: String,
}
