//! A protected endpoint: the tutorial's `BuildTrigger`, with `TokenAuthentication` and `IsAuthenticated`.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use hyper::{StatusCode, header};
use serde::Serialize;

use super::{
    address::Peer,
    asked::Asked,
    credentials::{self, Credentials},
    drf::View,
    negotiation::{Indent, Renderer},
    reply::{self, Encoded, Reply},
    runs::Runs,
    settings::Trigger,
    site::Site,
    trace::{Decision, Trace},
    trigger::{Outcome, Runner},
};
use crate::{
    authority::{Naming, Principal, Refusal},
    domain::Key,
};

const RENDERERS: &[Renderer] = &[Renderer::Json, Renderer::Browsable];

const NOT_PROVIDED: &str = "Authentication credentials were not provided.";
const INVALID: &str = "Invalid token.";
const INACTIVE: &str = "User inactive or deleted.";

/// One endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) trigger: Arc<Trigger>,
    runner: Runner,
    view: View,
    /// What it answers to nearly everybody, where it sets nothing off.
    known: Option<KnownAnswers>,
}

/// Answers that are always the same.
#[derive(Debug)]
struct KnownAnswers {
    open: Encoded,
    closed: Vec<(&'static str, Encoded)>,
}

/// What became of a request's credentials.
pub(super) enum Verdict {
    /// They open.
    Open(Principal),
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
        let known = trigger.argv.is_empty().then(|| KnownAnswers {
            open: view.reply(StatusCode::OK, None).encode(),
            closed: [NOT_PROVIDED, INVALID, INACTIVE]
                .into_iter()
                .chain(credentials::WRONG)
                .map(|message| (message, view.unauthorized(message, Indent::default()).encode()))
                .collect(),
        });
        Self { trigger: Arc::new(trigger), runner, view, known }
    }

    /// The answer to a request by `method` that asks for nothing special, where it is one that is known and no row has
    /// to be read for it.
    pub(super) fn known_answer(
        &self,
        site: &Site,
        (method, authorization): (&[u8], Option<&[u8]>),
        client: Peer,
        now: Instant,
        trace: &mut Trace,
    ) -> Option<&Encoded> {
        let known = self.known.as_ref()?;
        self.trigger.methods.iter().find(|known| known.as_bytes() == method)?;
        match known_verdict(site, authorization, client, Naming::None, now, trace) {
            Ok(Verdict::Open(_)) => Some(&known.open),
            Ok(Verdict::Closed(message)) => {
                known.closed.iter().find_map(|(closed, answer)| (*closed == message).then_some(answer))
            }
            Ok(Verdict::Throttled(_) | Verdict::Failed) | Err(_) => None,
        }
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
    ) -> Result<Principal, Box<Reply>> {
        let indent = self.view.negotiate(asked)?;
        let naming = if self.wants_body() || site.is_logging { Naming::All } else { Naming::None };
        let principal = match verdict(site, asked, naming, now, trace).await {
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
pub(super) async fn verdict(
    site: &Site,
    asked: &Asked<'_>,
    naming: Naming,
    now: Instant,
    trace: &mut Trace,
) -> Verdict {
    let header = asked.header(&header::AUTHORIZATION);
    let key = match known_verdict(site, header.as_deref(), asked.client, naming, now, trace) {
        Ok(verdict) => return verdict,
        Err(key) => key,
    };
    let authority = site.authority.clone();
    match site.lookups.run(now, move || authority.authenticate(&key)).await {
        Ok(Ok(decided)) => conclude(site, decided, asked.client, now, trace),
        Ok(Err(_)) | Err(_) => {
            trace.decision = Decision::Failed;
            Verdict::Failed
        }
    }
}

/// The same where no row has to be read for it.
///
/// # Errors
/// The key that has to be looked up.
pub(super) fn known_verdict(
    site: &Site,
    header: Option<&[u8]>,
    client: Peer,
    naming: Naming,
    now: Instant,
    trace: &mut Trace,
) -> Result<Verdict, Key> {
    let key = match header.map_or(Credentials::None, credentials::token) {
        Credentials::None => {
            trace.decision = Decision::Anonymous;
            return Ok(Verdict::Closed(NOT_PROVIDED));
        }
        Credentials::Wrong(message) => {
            trace.decision = Decision::Malformed;
            return Ok(Verdict::Closed(message));
        }
        Credentials::Given(key) => key,
    };
    if let Err(wait) = site.bad_keys.check(&client, now) {
        trace.decision = Decision::Throttled;
        return Ok(Verdict::Throttled(wait));
    }
    let Some(key) = key else { return Ok(conclude(site, Err(Refusal::Unknown), client, now, trace)) };
    match site.authority.recall(&key, naming) {
        Some(decided) => Ok(conclude(site, decided, client, now, trace)),
        None => Err(key),
    }
}

fn conclude(
    site: &Site,
    decided: Result<Principal, Refusal>,
    client: Peer,
    now: Instant,
    trace: &mut Trace,
) -> Verdict {
    match decided {
        Ok(principal) => {
            trace.decision = Decision::Accepted;
            trace.token = Some(principal.token);
            if let Err(wait) = site.tokens.admit(principal.serial, now) {
                trace.decision = Decision::Throttled;
                return Verdict::Throttled(wait);
            }
            site.authority.count_use(&principal, &client);
            if site.is_logging {
                trace.user.clone_from(&principal.username);
            }
            Verdict::Open(principal)
        }
        Err(refusal) => {
            trace.decision = Decision::from(&refusal);
            site.authority.count_refusal(&refusal, &client);
            site.bad_keys.note(client, now);
            match refusal {
                Refusal::Inactive(token, username) => {
                    (trace.token, trace.user) = (Some(token), Some(username));
                    Verdict::Closed(INACTIVE)
                }
                Refusal::Revoked(token) | Refusal::Expired(token) | Refusal::Superseded(token) => {
                    trace.token = Some(token);
                    Verdict::Closed(INVALID)
                }
                Refusal::Unknown => Verdict::Closed(INVALID),
            }
        }
    }
}
