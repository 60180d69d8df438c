//! What a request meets: the routes, and all that is shared between requests.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Incoming},
    header::{self, HeaderName, HeaderValue},
    http::request::Parts,
};
use zeroize::Zeroizing;

use super::{
    access::LineLog,
    address::Peer,
    asked::{Asked, decoded_path, is_good_host, split_target},
    ban::Bans,
    body::{BodyError, collect, drain},
    cookies::{self, Passed, Session},
    forward,
    lane::{Lane, Lookups},
    metrics::Metrics,
    obtain::Obtain,
    protected::Endpoint,
    rate::{Rate, Window},
    reply::{Encoded, Payload, Reply},
    runs::Runs,
    settings::Settings,
    text::iri_to_uri,
    trace::{AccessLine, Route, Trace},
    wire::Wire,
};
use crate::{
    authority::{Authority, ChangeError, Session as Work},
    domain::{Actor, Channel, Key},
};

/// What outlives a change of the configuration.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) authority: Authority,
    pub(super) lookups: Arc<Lookups>,
    pub(super) logins: Lane,
    pub(super) metrics: Arc<Metrics>,
    pub(super) runs: Arc<Runs>,
    pub(super) draining: Arc<AtomicBool>,
}

/// What requests are answered by, under one configuration.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) authority: Authority,
    pub(super) lookups: Arc<Lookups>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) settings: Settings,
    pub(super) bad_keys: Bans<Peer>,
    pub(super) tokens: Window<i64>,
    pub(super) is_logging: bool,
    /// Nothing is to be done for a request beside answering and counting it.
    is_plain: bool,
    healthy: Encoded,
    logins: Lane,
    pub(super) draining: Arc<AtomicBool>,
    endpoints: Vec<Endpoint>,
    obtain: Obtain,
    login_users: Arc<Window<(Peer, String)>>,
    login_addresses: Arc<Window<Peer>>,
    pub(super) log: Option<LineLog>,
}

/// A login did not succeed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LoginError {
    /// It is not the password.
    Refused,
    /// So long to wait.
    Throttled(Duration),
    /// The store failed.
    Failed,
}

impl Site {
    pub(super) fn new(standing: &Standing, settings: Settings, log: Option<LineLog>) -> Self {
        let Standing { authority, lookups, logins, metrics, runs, draining } = standing.clone();
        let throttle = &settings.throttle;
        let window = |rate| if throttle.enabled { rate } else { Rate::OFF };
        Self {
            bad_keys: Bans::new(window(throttle.bad_key)),
            tokens: Window::new(window(throttle.token)),
            login_users: Arc::new(Window::new(window(throttle.login_user))),
            login_addresses: Arc::new(Window::new(window(throttle.login_address))),
            endpoints: settings.trigger.iter().map(|trigger| Endpoint::new(trigger.clone(), &runs)).collect(),
            obtain: Obtain::default(),
            is_logging: log.is_some(),
            is_plain: log.is_none() && window(throttle.bad_key).is_off() && window(throttle.token).is_off(),
            healthy: healthy().encode(),
            authority,
            lookups,
            logins,
            metrics,
            draining,
            settings,
            log,
        }
    }

    /// Answers a request of `method` for `target` at once, where the answer is one that is known: what most requests
    /// get. It is byte for byte what [`Site::answer`] would make of it.
    pub(super) fn known_answer(
        &self,
        (method, target): (&[u8], &[u8]),
        (host, authorization): (Option<&[u8]>, Option<&[u8]>),
        client: Peer,
        now: Instant,
    ) -> Option<&Encoded> {
        self.is_plain.then_some(())?;
        let mut trace = Trace::default();
        let (route, answer) = match (method, target) {
            (b"GET", b"/healthz") => (Route::Other, &self.healthy),
            _ => {
                let endpoint = self.endpoint(target)?;
                host.is_none_or(is_good_host).then_some(())?;
                (Route::Protected, endpoint.known_answer(self, (method, authorization), client, now, &mut trace)?)
            }
        };
        self.metrics.count(route, trace.decision, answer.status, now.elapsed());
        Some(answer)
    }

    /// Answers a request.
    pub(super) async fn answer(&self, wire: &Wire, peer: Peer, request: Request<Incoming>) -> Response<Payload> {
        let begun = wire.begun();
        let (parts, body) = request.into_parts();
        let mut trace = Trace::default();
        let target = wire.target().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let (path, query) = match &target {
            Some(target) => split_target(target),
            None => (parts.uri.path(), parts.uri.query().unwrap_or("")),
        };
        let asked = Asked {
            method: parts.method.as_str(),
            path: decoded_path(path),
            query,
            headers: &parts.headers,
            client: self.client(peer, &parts),
        };
        let (route, mut reply) = match wire.refusal() {
            Some(refusal) => {
                let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
                (Route::Other, Reply::plain(status, ""))
            }
            None => self.route(&asked, body, begun, &mut trace).await,
        };
        if wire.is_last() {
            reply.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let took = begun.elapsed();
        self.metrics.count(route, trace.decision, reply.status.as_u16(), took);
        if let Some(log) = &self.log {
            self.write_down(log, &asked, path, &reply, &trace, took);
        }
        reply.into_response()
    }

    fn endpoint(&self, path: &[u8]) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.trigger.path.as_bytes() == path)
    }

    async fn route(&self, asked: &Asked<'_>, body: Incoming, now: Instant, trace: &mut Trace) -> (Route, Reply) {
        let deadline = (now + self.settings.limits.request).into();
        match &*asked.path {
            b"/auth" => {
                let reply = forward::answer(self, asked, now, trace).await;
                (Route::Forward, self.without(body, reply).await)
            }
            b"/healthz" => (Route::Other, healthy()),
            b"/readyz" => (Route::Other, self.readiness(now).await),
            path if !asked.has_good_host() => {
                let route = if path == b"/api-token-auth/" { Route::Login } else { Route::Other };
                (
                    route,
                    self.finish(asked, self.without(body, Reply::bad_host()).await, Session::Untouched, Passed::Outer),
                )
            }
            b"/api-token-auth/" => {
                let work = self.obtain.answer(self, asked, body, now, trace);
                let (reply, session) = tokio::time::timeout_at(deadline, work)
                    .await
                    .unwrap_or_else(|_| (Reply::unavailable(), Session::Untouched));
                (Route::Login, self.finish(asked, reply, session, Passed::All))
            }
            path => match self.endpoint(path) {
                Some(endpoint) => {
                    let reply = self.protected(endpoint, asked, body, now, trace).await;
                    (Route::Protected, self.finish(asked, reply, Session::Untouched, Passed::All))
                }
                None => {
                    let (reply, passed) = self.nowhere(asked);
                    let reply = self.without(body, reply).await;
                    (Route::Other, self.finish(asked, reply, Session::Untouched, passed))
                }
            },
        }
    }

    async fn protected(
        &self,
        endpoint: &Endpoint,
        asked: &Asked<'_>,
        body: Incoming,
        now: Instant,
        trace: &mut Trace,
    ) -> Reply {
        match endpoint.admit(self, asked, now, trace).await {
            Err(reply) => self.without(body, *reply).await,
            Ok(principal) if !endpoint.wants_body() => {
                self.without(body, endpoint.set_off(&principal, Bytes::new()).await).await
            }
            Ok(principal) => match collect(body, self.settings.limits.body).await {
                Ok(body) => endpoint.set_off(&principal, body).await,
                Err(BodyError::TooMuch) => endpoint.too_large(),
                Err(BodyError::Lost | BodyError::Parse(_) | BodyError::Media(_)) => broken(),
            },
        }
    }

    /// Django's 404, or its redirect where only the slash is missing.
    fn nowhere(&self, asked: &Asked<'_>) -> (Reply, Passed) {
        let slashed = [&asked.path, &b"/"[..]].concat();
        let is_route = |path: &[u8]| path == b"/api-token-auth/" || self.endpoint(path).is_some();
        if asked.path.ends_with(b"/") || !is_route(&slashed) {
            return (Reply::not_found(), Passed::All);
        }
        let path = String::from_utf8_lossy(&slashed);
        let query = if asked.query.is_empty() { String::new() } else { format!("?{}", iri_to_uri(asked.query)) };
        (Reply::moved(&format!("{path}{query}")), Passed::Outer)
    }

    /// An answer that needs no body: it is taken in all the same, so that the client hears the answer. Where its end
    /// cannot be found, hyper closes the connection behind the answer.
    async fn without(&self, body: Incoming, reply: Reply) -> Reply {
        if !body.is_end_stream() {
            let _ = drain(body, self.settings.limits.body).await;
        }
        reply
    }

    /// What Django's middlewares do about cookies.
    fn finish(&self, asked: &Asked<'_>, mut reply: Reply, session: Session, passed: Passed) -> Reply {
        if session == Session::Untouched && !asked.headers.contains_key(header::COOKIE) {
            return reply;
        }
        let (now, entropy) = (self.authority.clock().now(), self.authority.entropy());
        cookies::apply(&mut reply, asked, session, passed, now, entropy);
        reply
    }

    /// Whether this server can do its work: the store is read.
    async fn readiness(&self, now: Instant) -> Reply {
        if self.draining.load(Ordering::Relaxed) {
            return Reply::plain(StatusCode::SERVICE_UNAVAILABLE, "draining\n");
        }
        let authority = self.authority.clone();
        let read = self.lookups.run(now, move || authority.authenticate(&Key::from_text("readiness".into())).is_ok());
        match read.await {
            Ok(true) => Reply::plain(StatusCode::OK, "ready\n"),
            Ok(false) | Err(_) => Reply::plain(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
        }
    }

    /// Who is asking: the peer or, where it is a proxy that is trusted, the last address that it did not make up.
    fn client(&self, peer: Peer, parts: &Parts) -> Peer {
        let trusted = |peer| self.settings.proxies.trusted.iter().any(|network| network.holds(peer));
        if self.settings.proxies.trusted.is_empty() || !trusted(peer) {
            return peer;
        }
        let name = HeaderName::from_static("x-forwarded-for");
        let told = parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
        let addresses = told.iter().rev().flat_map(|list| list.rsplit(','));
        let mut client = peer;
        for address in addresses {
            let Ok(ip) = address.trim().trim_matches(['[', ']']).parse() else { break };
            client = Peer::Ip(ip);
            if !trusted(client) {
                break;
            }
        }
        client
    }

    /// Checks a password, without anything that follows from it.
    pub(super) async fn check_password(
        &self,
        client: Peer,
        username: String,
        password: Zeroizing<String>,
        now: Instant,
    ) -> Result<(), LoginError> {
        self.log_in(client, username, now, move |work, username| Ok(work.login(username, &password)?.map(|_| ()))).await
    }

    /// The key of a user's token, for their password.
    pub(super) async fn obtain_key(
        &self,
        client: Peer,
        username: String,
        password: Zeroizing<String>,
        now: Instant,
    ) -> Result<Key, LoginError> {
        self.log_in(client, username, now, move |work, username| {
            let Some(user) = work.login(username, &password)? else { return Ok(None) };
            work.obtain_key(&user).map(Some)
        })
        .await
    }

    async fn log_in<T: Send + 'static>(
        &self,
        client: Peer,
        username: String,
        now: Instant,
        login: impl FnOnce(&mut Work, &str) -> Result<Option<T>, ChangeError> + Send + 'static,
    ) -> Result<T, LoginError> {
        self.login_addresses.admit(client, now).map_err(LoginError::Throttled)?;
        self.login_users.admit((client, username.clone()), now).map_err(LoginError::Throttled)?;
        let actor = Actor { from: Some(client.to_string()), ..Actor::new(username.clone(), None, Channel::Http) };
        let mut work = self.authority.session(actor);
        let (users, addresses) = (Arc::clone(&self.login_users), Arc::clone(&self.login_addresses));
        let done = self.logins.run(move || {
            let found = login(&mut work, &username)?;
            // Nothing is said before it is durable.
            work.settle()?;
            if found.is_some() {
                users.forgive(&(client, username));
                addresses.forgive(&client);
            }
            Ok::<_, ChangeError>(found)
        });
        match done.await {
            Ok(Ok(Some(found))) => Ok(found),
            Ok(Ok(None)) => Err(LoginError::Refused),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a login failed in the store");
                Err(LoginError::Failed)
            }
            Err(_) => Err(LoginError::Throttled(Duration::from_secs(1))),
        }
    }

    fn write_down(&self, log: &LineLog, asked: &Asked<'_>, path: &str, reply: &Reply, trace: &Trace, took: Duration) {
        let name = HeaderName::from_static("x-request-id");
        let mut bytes = [0; 8];
        // The id of a proxy goes on, where it is a plain one.
        let theirs = asked.headers.get(name).and_then(|id| id.to_str().ok());
        let plain = |id: &&str| id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let request = match theirs.filter(plain) {
            Some(id) if !self.settings.proxies.trusted.is_empty() => Cow::Borrowed(id),
            Some(_) | None => {
                self.authority.entropy().fill(&mut bytes);
                Cow::Owned(format!("{:016x}", u64::from_be_bytes(bytes)))
            }
        };
        log.record(&AccessLine {
            at: self.authority.clock().now().to_string(),
            request: &request,
            client: asked.client.to_string(),
            method: asked.method,
            path,
            status: reply.status.as_u16(),
            decision: trace.decision.name(),
            user: trace.user.as_deref(),
            token: trace.token.map(|id| id.to_string()),
            micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        });
    }

    /// The figures.
    pub(super) fn figures(&self) -> String {
        self.metrics.text(self.log.as_ref().map_or(0, LineLog::dropped))
    }
}

fn healthy() -> Reply {
    Reply::plain(StatusCode::OK, "ok\n")
}

/// The answer to a body whose end cannot be found.
fn broken() -> Reply {
    let mut reply = Reply::plain(StatusCode::BAD_REQUEST, "");
    reply.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    reply
}
