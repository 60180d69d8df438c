//! A protected endpoint: the tutorial's `BuildTrigger`, with `TokenAuthentication` and `IsAuthenticated`.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use hyper::{StatusCode, header};
use serde::Serialize;

use super::{
    asked::Asked,
    credentials::{self, Credentials},
    drf::View,
    negotiation::{Indent, Renderer},
    reply::{self, Reply},
    runs::Runs,
    settings::Trigger,
    site::Site,
    trace::{Decision, Trace},
    trigger::{Outcome, Runner},
};
use crate::authority::{Principal, Refusal};

const RENDERERS: &[Renderer] = &[Renderer::Json, Renderer::Browsable];

/// One endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) trigger: Arc<Trigger>,
    runner: Runner,
    view: View,
}

/// What became of a request's credentials.
pub(super) enum Verdict {
    /// They open.
    Open(Box<Principal>),
    /// They do not: the message for the client.
    Closed(&'static str),
    /// It was too often: so long to wait.
    Throttled(std::time::Duration),
    /// The store could not say.
    Failed,
}

impl Endpoint {
    pub(super) fn new(trigger: Trigger, runs: &Arc<Runs>) -> Self {
        let (view, runner) = (View::new(&trigger.methods, RENDERERS), Runner::new(runs));
        Self { trigger: Arc::new(trigger), runner, view }
    }

    /// Answers a request up to the point where something would be set off.
    ///
    /// # Errors
    /// The answer. `Ok`: the request is allowed, by this principal.
    pub(super) async fn admit(
        &self,
        site: &Site,
        asked: &Asked<'_>,
        now: Instant,
        trace: &mut Trace,
    ) -> Result<Box<Principal>, Box<Reply>> {
        let indent = self.view.negotiate(asked)?;
        let principal = match verdict(site, asked, now, trace).await {
            Verdict::Open(principal) => principal,
            Verdict::Closed(message) => return Err(Box::new(self.view.unauthorized(message, indent))),
            Verdict::Throttled(wait) => return Err(Box::new(self.view.throttled(wait, indent))),
            Verdict::Failed => return Err(Box::new(Reply::unavailable())),
        };
        if self.trigger.methods.iter().any(|method| method == asked.method) {
            return Ok(principal);
        }
        Err(Box::new(match asked.method {
            "OPTIONS" => self.view.reply(StatusCode::OK, Some(self.metadata(indent))),
            method => self.view.not_allowed(method, indent),
        }))
    }

    /// DRF's `Response(None)`, for a request that was admitted; where there is something to set off, its outcome.
    pub(super) async fn set_off(&self, principal: &Principal, body: Bytes) -> Reply {
        let outcome = match self.trigger.argv.is_empty() {
            true => Outcome::Done,
            false => self.runner.run(&self.trigger, principal, body).await,
        };
        let refuse = |status, message| self.view.refuse(status, message, Indent::default());
        match outcome {
            Outcome::Done => self.view.reply(StatusCode::OK, None),
            Outcome::Busy => refuse(StatusCode::CONFLICT, "A run is in progress."),
            Outcome::Failed => refuse(StatusCode::BAD_GATEWAY, "The run failed."),
            Outcome::Late => refuse(StatusCode::GATEWAY_TIMEOUT, "The run took too long and was ended."),
        }
    }

    /// Whether a request's body is wanted.
    pub(super) fn wants_body(&self) -> bool {
        !self.trigger.argv.is_empty()
    }

    /// The answer to a body that is too large.
    pub(super) fn too_large(&self) -> Reply {
        self.view.refuse(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.", Indent::default())
    }

    /// DRF's `SimpleMetadata`.
    fn metadata(&self, indent: Indent) -> Bytes {
        #[derive(Serialize)]
        struct Metadata<'a> {
            name: &'a str,
            description: &'a str,
            renders: [&'a str; 2],
            parses: [&'a str; 3],
        }
        let metadata = Metadata {
            name: self.trigger.name.as_deref().unwrap_or("Trigger"),
            description: "",
            renders: ["application/json", "text/html"],
            parses: ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"],
        };
        reply::json(&metadata, indent)
    }
}

/// Decides on the `Authorization` of a request.
pub(super) async fn verdict(site: &Site, asked: &Asked<'_>, now: Instant, trace: &mut Trace) -> Verdict {
    let header = asked.header(&header::AUTHORIZATION);
    let key = match header.as_deref().map_or(Credentials::None, credentials::token) {
        Credentials::None => {
            trace.decision = Decision::Anonymous;
            return Verdict::Closed("Authentication credentials were not provided.");
        }
        Credentials::Wrong(message) => {
            trace.decision = Decision::Malformed;
            return Verdict::Closed(message);
        }
        Credentials::Given(key) => key,
    };
    if let Err(wait) = site.bad_keys.check(&asked.client, now) {
        trace.decision = Decision::Throttled;
        return Verdict::Throttled(wait);
    }
    let decided = match site.authority.recall(&key) {
        Some(decided) => decided,
        None => {
            let authority = site.authority.clone();
            let decided = site.lookups.run(now, move || authority.authenticate(&key)).await;
            let Ok(Ok(decided)) = decided else {
                trace.decision = Decision::Failed;
                return Verdict::Failed;
            };
            decided
        }
    };
    match decided {
        Ok(principal) => {
            trace.decision = Decision::Accepted;
            trace.token = Some(principal.token);
            if let Err(wait) = site.tokens.admit(principal.serial, now) {
                trace.decision = Decision::Throttled;
                return Verdict::Throttled(wait);
            }
            site.authority.count_use(&principal, &asked.client);
            trace.user = site.is_logging.then(|| principal.username.clone());
            Verdict::Open(Box::new(principal))
        }
        Err(refusal) => {
            trace.decision = Decision::from(&refusal);
            site.authority.count_refusal(&refusal, &asked.client);
            site.bad_keys.note(asked.client, now);
            match refusal {
                Refusal::Inactive(token, username) => {
                    (trace.token, trace.user) = (Some(token), Some(username));
                    Verdict::Closed("User inactive or deleted.")
                }
                Refusal::Revoked(token) | Refusal::Expired(token) | Refusal::Superseded(token) => {
                    trace.token = Some(token);
                    Verdict::Closed("Invalid token.")
                }
                Refusal::Unknown => Verdict::Closed("Invalid token."),
            }
        }
    }
}
