//! What all of DRF's views share: negotiation before anything else, then who asks, then the method; and how errors are
//! told.

use bytes::Bytes;
use hyper::{
    StatusCode,
    header::{self, HeaderMap, HeaderValue},
};

use super::{
    asked::Asked,
    negotiation::{self, Indent, Renderer, Unacceptable},
    reply::{Reply, detail},
};

/// A view.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// What stands on all of its answers. Among it the methods that it answers, as `Allow` tells them.
    headers: HeaderMap,
    renderers: &'static [Renderer],
}

impl View {
    /// A view that answers `methods` and OPTIONS. Their order is DRF's.
    pub(super) fn new(methods: &[String], renderers: &'static [Renderer]) -> Self {
        let order = ["GET", "POST", "PUT", "PATCH", "DELETE"];
        let mut allow: Vec<&str> = order.into_iter().filter(|method| methods.iter().any(|m| m == method)).collect();
        allow.push("OPTIONS");
        let allow = HeaderValue::from_str(&allow.join(", ")).expect("methods are plain letters");
        let mut headers = Reply::view(StatusCode::OK, None).headers;
        if renderers.len() > 1 {
            headers.insert(header::VARY, HeaderValue::from_static("Accept"));
        }
        headers.insert(header::ALLOW, allow);
        Self { headers, renderers }
    }

    /// An answer of this view.
    pub(super) fn reply(&self, status: StatusCode, body: Option<Bytes>) -> Reply {
        Reply::of(status, self.headers.clone(), body)
    }

    /// `{"detail": message}`
    pub(super) fn refuse(&self, status: StatusCode, message: &str, indent: Indent) -> Reply {
        self.reply(status, Some(detail(message, indent)))
    }

    /// DRF's 401: what is wrong, and with what to come again.
    pub(super) fn unauthorized(&self, message: &str, indent: Indent) -> Reply {
        let mut reply = self.refuse(StatusCode::UNAUTHORIZED, message, indent);
        reply.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Token"));
        reply
    }

    /// DRF's 405.
    pub(super) fn not_allowed(&self, method: &str, indent: Indent) -> Reply {
        let message = format!("Method \"{method}\" not allowed.");
        self.refuse(StatusCode::METHOD_NOT_ALLOWED, &message, indent)
    }

    /// DRF's 429.
    pub(super) fn throttled(&self, wait: std::time::Duration, indent: Indent) -> Reply {
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        let plural = if seconds == 1 { "" } else { "s" };
        let message = format!("Request was throttled. Expected available in {seconds} second{plural}.");
        let reply = self.refuse(StatusCode::TOO_MANY_REQUESTS, &message, indent);
        reply.with(header::RETRY_AFTER, &seconds.to_string())
    }

    /// Which representation the client gets.
    ///
    /// # Errors
    /// The answer where there is none.
    pub(super) fn negotiate(&self, asked: &Asked<'_>) -> Result<Indent, Box<Reply>> {
        let plain = Indent::default();
        let Ok(format) = asked.format() else { return Err(Box::new(Reply::bad_request())) };
        let accept = asked.header(&header::ACCEPT);
        // What nearly everybody sends.
        if format.is_none() && matches!(accept.as_deref(), None | Some(b"*/*")) {
            return Ok(plain);
        }
        let accept = accept.map(|bytes| super::text::latin1(&bytes));
        negotiation::choose(self.renderers, format.as_deref(), accept.as_deref()).map_err(|why| {
            Box::new(match why {
                Unacceptable::Format => self.refuse(StatusCode::NOT_FOUND, "Not found.", plain),
                Unacceptable::Accept => {
                    let message = "Could not satisfy the request Accept header.";
                    self.refuse(StatusCode::NOT_ACCEPTABLE, message, plain)
                }
            })
        })
    }
}
