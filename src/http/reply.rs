//! Answers, with the headers that Django's middlewares put on them.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    body::{Body, Frame, SizeHint},
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use serde::Serialize;

use super::negotiation::Indent;

/// Django's page for a path that leads nowhere, with `DEBUG` off.
const NOT_FOUND: &str = "\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n  \
                         <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n</body>\n\
                         </html>\n";
/// Django's page for a request that it will not look at.
const BAD_REQUEST: &str = "\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>Bad Request (400)</title>\n</head>\n\
                           <body>\n  <h1>Bad Request (400)</h1><p></p>\n</body>\n</html>\n";
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Payload,
}

impl Reply {
    /// An answer of ours, plain.
    pub(super) fn plain(status: StatusCode, text: &'static str) -> Self {
        let mut headers = HeaderMap::new();
        if !text.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        }
        Self { status, headers, body: Payload::sized(Bytes::from_static(text.as_bytes())) }
    }

    /// What a view answers: nothing, or JSON.
    pub(super) fn view(status: StatusCode, body: Option<Bytes>) -> Self {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        Self::of(status, headers, body)
    }

    /// The same with these headers, to which that of the body is added.
    pub(super) fn of(status: StatusCode, mut headers: HeaderMap, body: Option<Bytes>) -> Self {
        let body = body.unwrap_or_default();
        if !body.is_empty() {
            headers.insert(header::CONTENT_TYPE, JSON);
        }
        Self { status, headers, body: Payload::sized(body) }
    }

    /// Django's page for a path that leads nowhere.
    pub(super) fn not_found() -> Self {
        Self::page(StatusCode::NOT_FOUND, NOT_FOUND)
    }

    /// Django's page for what a view will not look at.
    pub(super) fn bad_request() -> Self {
        Self::page(StatusCode::BAD_REQUEST, BAD_REQUEST)
    }

    /// Where the store failed: Django's page of such a moment, said to be temporary.
    pub(super) fn unavailable() -> Self {
        let mut reply = Self::view(
            StatusCode::SERVICE_UNAVAILABLE,
            Some(Bytes::from_static(b"{\"detail\":\"Service temporarily unavailable, try again later.\"}")),
        );
        reply.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        reply
    }

    fn page(status: StatusCode, page: &'static str) -> Self {
        let mut reply = Self::view(status, Some(Bytes::from_static(page.as_bytes())));
        reply.headers.insert(header::CONTENT_TYPE, HTML);
        reply
    }

    /// Django's page for a `Host` that is none. It comes from a middleware before the last ones: no length, no
    /// `X-Frame-Options`.
    pub(super) fn bad_host() -> Self {
        Self::bad_request().unsized_()
    }

    /// Django's redirect to the path with its slash; from a middleware, too.
    pub(super) fn moved(to: &str) -> Self {
        let mut reply = Self::page(StatusCode::MOVED_PERMANENTLY, "").unsized_();
        reply.headers.insert(header::CONTENT_TYPE, HTML);
        if let Ok(to) = HeaderValue::from_str(to) {
            reply.headers.insert(header::LOCATION, to);
        }
        reply
    }

    fn unsized_(mut self) -> Self {
        self.body.is_sized = false;
        self.headers.remove(header::X_FRAME_OPTIONS);
        self
    }

    /// Sets a header; a value that is none is left out.
    pub(super) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Django's `patch_vary_headers(("Cookie",))`.
    pub(super) fn vary_on_cookie(&mut self) {
        let vary = match self.headers.get(header::VARY) {
            None => HeaderValue::from_static("Cookie"),
            Some(vary) if vary == "Accept" => HeaderValue::from_static("Accept, Cookie"),
            Some(_) => return,
        };
        self.headers.insert(header::VARY, vary);
    }

    /// As it goes over the wire, but for the date. Only for one that has a length.
    pub(super) fn encode(self) -> Encoded {
        let body = self.body.bytes.unwrap_or_default();
        let mut before = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            before.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        before.extend(format!("content-length: {}\r\ndate: ", body.len()).into_bytes());
        Encoded { status: self.status.as_u16(), before, body }
    }

    /// As hyper wants it.
    pub(super) fn into_response(self) -> Response<Payload> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// An answer that is always the same, written once.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) status: u16,
    before: Vec<u8>,
    body: Bytes,
}

impl Encoded {
    /// Writes it, as of `date`.
    pub(super) fn write(&self, date: &[u8], out: &mut Vec<u8>) {
        for part in [&*self.before, date, b"\r\n\r\n", &*self.body] {
            out.extend_from_slice(part);
        }
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Payload {
    bytes: Option<Bytes>,
    is_sized: bool,
}

impl Payload {
    fn sized(bytes: Bytes) -> Self {
        Self { bytes: Some(bytes).filter(|bytes| !bytes.is_empty()), is_sized: true }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_sized && self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.is_sized {
            true => SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64),
            false => SizeHint::default(),
        }
    }
}

/// Writes JSON as DRF's renderer does: compact or indented, characters beyond ASCII as they are, U+2028 and U+2029
/// escaped.
pub(super) fn json(value: &impl Serialize, Indent(indent): Indent) -> Bytes {
    let mut bytes = Vec::new();
    let spaces = " ".repeat(indent);
    let written = match indent {
        0 => value.serialize(&mut serde_json::Serializer::new(&mut bytes)),
        _ => {
            let formatter = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
            value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter))
        }
    };
    written.expect("what is serialized are maps of text, into memory");
    let text = String::from_utf8(bytes).expect("JSON is text");
    match text.contains(['\u{2028}', '\u{2029}']) {
        true => text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029").into(),
        false => text.into(),
    }
}

/// `{"detail": ...}`, DRF's way to say what is wrong.
pub(super) fn detail(message: &str, indent: Indent) -> Bytes {
    #[derive(Serialize)]
    struct Detail<'a> {
        detail: &'a str,
    }
    json(&Detail { detail: message }, indent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_written_as_drf_writes_it() {
        assert_eq!(
            detail("a \"b\" \u{e9}\u{2028}\u{1}\u{7f}", Indent(0)),
            "{\"detail\":\"a \\\"b\\\" \u{e9}\\u2028\\u0001\u{7f}\"}"
        );
        assert_eq!(detail("x", Indent(4)), "{\n    \"detail\": \"x\"\n}");
    }
}
