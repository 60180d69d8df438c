//! What Django's session and CSRF middlewares do about cookies that came from elsewhere: there are no sessions here,
//! so one that is named is taken back.

use hyper::header::{self, HeaderValue};

use super::{asked::Asked, reply::Reply, text::strip};
use crate::domain::{Entropy, Timestamp};

/// How a view dealt with the session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Session {
    /// Nobody asked for it.
    Untouched,
    /// It was looked for, as DRF's `SessionAuthentication` does, and not found.
    Looked,
}

/// Which middlewares an answer has passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Passed {
    /// All of them.
    All,
    /// The outer ones only: it came from one between, and CSRF's never saw it.
    Outer,
}

const LIFE: i64 = 31_449_600;
const NO_SESSION: HeaderValue =
    HeaderValue::from_static("sessionid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax");

/// Puts on `reply` what the middlewares would.
pub(super) fn apply(
    reply: &mut Reply,
    asked: &Asked<'_>,
    session: Session,
    passed: Passed,
    now: Timestamp,
    entropy: &dyn Entropy,
) {
    if session == Session::Looked {
        reply.vary_on_cookie();
    }
    let Some(cookies) = asked.text(&header::COOKIE) else { return };
    if let (Passed::All, Some(token)) = (passed, cookie(&cookies, "csrftoken"))
        && !is_csrf_token(&token)
    {
        reply.vary_on_cookie();
        if let Ok(value) = HeaderValue::try_from(new_csrf_cookie(now, entropy)) {
            reply.headers.append(header::SET_COOKIE, value);
        }
    }
    // Django takes a session's key of less than eight characters for none at once.
    let dead = |key: &String| session == Session::Looked || key.chars().count() < 8;
    if cookie(&cookies, "sessionid").as_ref().is_some_and(dead) {
        reply.vary_on_cookie();
        reply.headers.append(header::SET_COOKIE, NO_SESSION);
    }
}

/// Django's `parse_cookie`: the last one of a name counts.
fn cookie(header: &str, name: &str) -> Option<String> {
    let pairs = header.split(';').map(|chunk| chunk.split_once('=').unwrap_or(("", chunk)));
    let found = pairs.rev().find(|(known, _)| strip(known) == name);
    found.map(|(_, value)| {
        let value = strip(value);
        let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        quoted.unwrap_or(value).into()
    })
}

fn is_csrf_token(token: &str) -> bool {
    matches!(token.len(), 32 | 64) && token.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn new_csrf_cookie(now: Timestamp, entropy: &dyn Entropy) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut secret = String::with_capacity(32);
    while secret.len() < 32 {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        // 248 is the greatest multiple of 62 that a byte holds: each letter is as likely as another.
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| LETTERS[usize::from(*byte) % LETTERS.len()]);
        secret.extend(fair.take(32 - secret.len()).map(char::from));
    }
    let expires = http_date(Timestamp(now.0.saturating_add(LIFE * 1_000_000)));
    format!("csrftoken={secret}; expires={expires}; Max-Age={LIFE}; Path=/; SameSite=Lax")
}

pub(super) fn http_date(moment: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let [year, month, day, hour, minute, second, _] = moment.parts();
    let since_1970 = moment.0.div_euclid(86_400_000_000);
    let weekday = DAYS[usize::try_from(since_1970.rem_euclid(7)).expect("below seven")];
    let month = MONTHS[usize::try_from(month - 1).expect("months are counted from one")];
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cookie_of_a_name_counts() {
        assert_eq!(cookie("a=1; sessionid=\"x\"; sessionid = y ;b", "sessionid").as_deref(), Some("y"));
        assert_eq!(cookie("sessionid=\"abc\"", "sessionid").as_deref(), Some("abc"));
        assert_eq!(cookie("xsessionid=abc", "sessionid"), None);
    }

    #[test]
    fn dates_are_those_of_http() {
        assert_eq!(http_date("2027-11-23T04:03:34Z".parse().expect("a moment")), "Tue, 23 Nov 2027 04:03:34 GMT");
    }
}
