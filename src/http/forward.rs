//! Forward-auth for nginx (`auth_request`), Caddy (`forward_auth`) and others: 2xx, 401 or 403 and nothing else, since
//! nginx makes a 500 of anything else.

use std::time::Instant;

use hyper::{
    StatusCode,
    header::{self, HeaderName, HeaderValue},
};

use super::{
    asked::Asked,
    negotiation::Indent,
    protected::{Verdict, verdict},
    reply::{Reply, detail},
    site::Site,
    trace::{Decision, Trace},
};
use crate::authority::Naming;

const USER: HeaderName = HeaderName::from_static("remote-user");
const TOKEN: HeaderName = HeaderName::from_static("remote-token-id");
const NAME: HeaderName = HeaderName::from_static("remote-token-name");

/// Answers.
pub(super) async fn answer(site: &Site, asked: &Asked<'_>, now: Instant, trace: &mut Trace) -> Reply {
    if !matches!(asked.method, "GET" | "HEAD") {
        return refuse(StatusCode::FORBIDDEN, "Only GET and HEAD are answered here.");
    }
    match verdict(site, asked, Naming::All, now, trace).await {
        Verdict::Open(principal) => {
            let user = principal.username.as_deref().map(|name| HeaderValue::from_bytes(name.as_bytes()));
            let name = HeaderValue::from_bytes(principal.name.as_deref().unwrap_or_default().as_bytes());
            let (Some(Ok(user)), Ok(name)) = (user, name) else {
                // Whoever is behind the proxy must not be told half a name.
                trace.decision = Decision::Failed;
                return refuse(StatusCode::FORBIDDEN, "The name of this user or token fits into no header.");
            };
            let mut reply = Reply::plain(StatusCode::OK, "");
            reply.headers.insert(USER, user);
            // Empty where there is none, so that a proxy that copies it overwrites what the client sent.
            reply.headers.insert(NAME, name);
            reply.with(TOKEN, &principal.token.to_string())
        }
        Verdict::Closed(message) => {
            let mut reply = refuse(StatusCode::UNAUTHORIZED, message);
            reply.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Token"));
            reply
        }
        Verdict::Throttled(wait) => {
            let seconds = wait.as_millis().div_ceil(1000).max(1);
            let reply = refuse(StatusCode::FORBIDDEN, "Request was throttled.");
            reply.with(header::RETRY_AFTER, &seconds.to_string())
        }
        Verdict::Failed => refuse(StatusCode::FORBIDDEN, "The store is not available."),
    }
}

fn refuse(status: StatusCode, message: &str) -> Reply {
    Reply::view(status, Some(detail(message, Indent::default())))
}
