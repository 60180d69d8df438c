//! What is remembered of a request for the figures and the access log. Never a key, never an `Authorization`.

use serde::Serialize;

use crate::{authority::Refusal, domain::TokenId};

/// Which of our doors a request came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Route {
    /// A protected endpoint.
    Protected,
    /// The password login.
    Login,
    /// Forward-auth.
    Forward,
    /// Everything else.
    Other,
}

impl Route {
    pub(super) const ALL: [Self; 4] = [Self::Protected, Self::Login, Self::Forward, Self::Other];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Protected => "protected",
            Self::Login => "login",
            Self::Forward => "forward",
            Self::Other => "other",
        }
    }
}

/// What was decided about the credentials of a request.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Decision {
    /// Nobody asked for them.
    #[default]
    None,
    /// They open.
    Accepted,
    /// There were none.
    Anonymous,
    /// They were malformed.
    Malformed,
    /// Nobody has them.
    Unknown,
    /// The token is revoked.
    Revoked,
    /// The token is expired.
    Expired,
    /// The key was superseded and its time is over.
    Superseded,
    /// The owner is inactive.
    Inactive,
    /// It was too often.
    Throttled,
    /// The store could not say.
    Failed,
}

impl Decision {
    pub(super) const ALL: [Self; 11] = [
        Self::None,
        Self::Accepted,
        Self::Anonymous,
        Self::Malformed,
        Self::Unknown,
        Self::Revoked,
        Self::Expired,
        Self::Superseded,
        Self::Inactive,
        Self::Throttled,
        Self::Failed,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Accepted => "accepted",
            Self::Anonymous => "anonymous",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Inactive => "inactive",
            Self::Throttled => "throttled",
            Self::Failed => "failed",
        }
    }
}

impl From<&Refusal> for Decision {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Unknown => Self::Unknown,
            Refusal::Revoked(_) => Self::Revoked,
            Refusal::Expired(_) => Self::Expired,
            Refusal::Superseded(_) => Self::Superseded,
            Refusal::Inactive(..) => Self::Inactive,
        }
    }
}

/// What is known about a request by the time it is answered.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) decision: Decision,
    pub(super) user: Option<Box<str>>,
    pub(super) token: Option<TokenId>,
}

/// A line of the access log.
#[derive(Debug, Serialize)]
pub(super) struct AccessLine<'a> {
    pub(super) at: String,
    pub(super) request: &'a str,
    pub(super) client: String,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) status: u16,
    pub(super) decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    pub(super) micros: u64,
}
