//! A request as Django sees it behind gunicorn: the path decoded, repeated headers joined, everything in latin-1.

use std::borrow::Cow;

use hyper::header::{HeaderMap, HeaderName};

use super::{
    address::Peer,
    charset::Charset,
    form::{self, Field, TooManyFields},
    text::{latin1, percent_decoded},
};

/// A request without its body.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// In capitals: others are refused at the gate.
    pub(super) method: &'a str,
    /// Percent signs decoded.
    pub(super) path: Cow<'a, [u8]>,
    /// As it came.
    pub(super) query: &'a str,
    /// All of them.
    pub(super) headers: &'a HeaderMap,
    /// The other end of the connection or, where a trusted proxy says so, whoever is behind it.
    pub(super) client: Peer,
}

/// Splits a request target into path and query, as `urllib.parse.urlsplit` does.
pub(super) fn split_target(target: &str) -> (&str, &str) {
    let target = target.split_once('#').map_or(target, |(before, _)| before);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = match path.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => rest.find('/').map_or("", |slash| &rest[slash..]),
        Some(_) | None => path,
    };
    (if path.is_empty() { "/" } else { path }, query)
}

/// Decodes a path.
pub(super) fn decoded_path(path: &str) -> Cow<'_, [u8]> {
    match path.contains('%') {
        true => Cow::Owned(percent_decoded(path.as_bytes())),
        false => Cow::Borrowed(path.as_bytes()),
    }
}

impl<'a> Asked<'a> {
    /// A header, in latin-1's bytes; those that stand several times are joined by commas, as gunicorn joins them.
    pub(super) fn header(&self, name: &HeaderName) -> Option<Cow<'a, [u8]>> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?.as_bytes();
        let mut joined = Cow::Borrowed(first);
        for value in values {
            let joined = joined.to_mut();
            joined.push(b',');
            joined.extend_from_slice(value.as_bytes());
        }
        Some(joined)
    }

    /// A header as Python's text.
    pub(super) fn text(&self, name: &HeaderName) -> Option<String> {
        self.header(name).map(|bytes| latin1(&bytes))
    }

    /// `?format=`
    pub(super) fn format(&self) -> Result<Option<String>, TooManyFields> {
        if self.query.is_empty() {
            return Ok(None);
        }
        let query = form::parse(self.query.as_bytes(), Charset::Utf8)?;
        Ok(query.get("format").and_then(|field| match field {
            Field::Text(text) => Some(text.clone()),
            Field::File => None,
        }))
    }

    /// Whether the `Host` is one that Django takes: a name or an address, perhaps with a port. None is fine: the
    /// server's own address stands for it then.
    pub(super) fn has_good_host(&self) -> bool {
        let Some(host) = self.headers.get(hyper::header::HOST) else { return true };
        is_good_host(host.as_bytes())
    }
}

/// `django.http.request.host_validation_re`, and a name that is more than a dot.
pub(super) fn is_good_host(host: &[u8]) -> bool {
    let port = |rest: &[u8]| match rest {
        [] => true,
        [b':', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if let [b'[', rest @ ..] = host {
        let Some(end) = rest.iter().position(|byte| *byte == b']') else { return false };
        let (inside, after) = (&rest[..end], &rest[end + 1..]);
        let Some(colon) = inside.iter().position(|byte| *byte == b':') else { return false };
        let (first, others) = (&inside[..colon], &inside[colon + 1..]);
        return first.iter().all(u8::is_ascii_hexdigit)
            && !others.is_empty()
            && others.iter().all(|byte| byte.is_ascii_hexdigit() || b".:".contains(byte))
            && port(after);
    }
    let end = host.iter().position(|byte| *byte == b':').unwrap_or(host.len());
    let (name, after) = host.split_at(end);
    let named = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte));
    named && !matches!(name, b"" | b".") && port(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_split_as_python_splits_them() {
        for (target, path, query) in [
            ("/api/?a=b?c#d", "/api/", "a=b?c"),
            ("//api/", "//api/", ""),
            ("http://localhost/api/?x", "/api/", "x"),
            ("http://localhost", "/", ""),
            ("/x://y/z", "/x://y/z", ""),
            ("*", "*", ""),
        ] {
            assert_eq!(split_target(target), (path, query), "{target}");
        }
    }

    #[test]
    fn hosts_are_those_of_django() {
        for host in ["localhost", "LOCALHOST:80", "a-b.c.", "127.0.0.1:1", "[::1]", "[fe80::1]:80", "..", "-"] {
            assert!(is_good_host(host.as_bytes()), "{host}");
        }
        for host in ["", ".", "bad host!", "a:", "a:b", "a:1:2", "[]", "[::1", "[g::]", "a_b", "\u{e9}", ":80", "[1]"] {
            assert!(!is_good_host(host.as_bytes()), "{host}");
        }
    }
}
