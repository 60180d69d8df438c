//! DRF's `obtain_auth_token`: a username and a password for the key of the user's token.

use std::time::Instant;

use hyper::{StatusCode, body::Incoming, header};
use serde::{Serialize, Serializer, ser::SerializeMap};
use zeroize::Zeroizing;

use super::{
    asked::Asked,
    body::{BodyError, Data, Expected, drain},
    cookies::Session,
    credentials::{self, Credentials},
    drf::View,
    form::Field,
    negotiation::{Indent, Renderer},
    pyjson::{Text, Value},
    reply::{self, Reply},
    site::{LoginError, Site},
    text::strip,
    trace::{Decision, Trace},
};

const CANNOT: &str = "Unable to log in with provided credentials.";
const METADATA: &str = "{\"name\":\"Obtain Auth Token\",\"description\":\"\",\"renders\":[\"application/json\"],\
    \"parses\":[\"application/x-www-form-urlencoded\",\"multipart/form-data\",\"application/json\"],\"actions\":\
    {\"POST\":{\"username\":{\"type\":\"string\",\"required\":true,\"read_only\":false,\"label\":\"Username\"},\
    \"password\":{\"type\":\"string\",\"required\":true,\"read_only\":false,\"label\":\"Password\"},\
    \"token\":{\"type\":\"string\",\"required\":false,\"read_only\":true,\"label\":\"Token\"}}}}";

/// The login view.
#[derive(Debug)]
pub(super) struct Obtain {
    view: View,
}

/// What is wrong with the fields, in their order.
struct Errors(Vec<(&'static str, Vec<String>)>);

impl Serialize for Errors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (field, messages) in &self.0 {
            map.serialize_entry(field, messages)?;
        }
        map.end()
    }
}

impl Default for Obtain {
    fn default() -> Self {
        Self { view: View::new(&["POST".into()], &[Renderer::Json]) }
    }
}

impl Obtain {
    /// Answers, and says whether the session was looked for.
    pub(super) async fn answer(
        &self,
        site: &Site,
        asked: &Asked<'_>,
        body: Incoming,
        now: Instant,
        trace: &mut Trace,
    ) -> (Reply, Session) {
        let indent = match self.view.negotiate(asked) {
            Ok(indent) => indent,
            Err(reply) => {
                // What is left of the body changes nothing about the answer.
                let _ = drain(body, site.settings.limits.body).await;
                return (*reply, Session::Untouched);
            }
        };
        (self.negotiated(site, asked, body, now, trace, indent).await, Session::Looked)
    }

    async fn negotiated(
        &self,
        site: &Site,
        asked: &Asked<'_>,
        body: Incoming,
        now: Instant,
        trace: &mut Trace,
        indent: Indent,
    ) -> Reply {
        let most = site.settings.limits.body;
        let refused = match self.basic(site, asked, now, trace, indent).await {
            Err(reply) => Some(*reply),
            Ok(()) => match asked.method {
                "POST" => None,
                "OPTIONS" => Some(self.metadata(indent)),
                method => Some(self.view.not_allowed(method, indent)),
            },
        };
        if let Some(reply) = refused {
            let _ = drain(body, most).await;
            return reply;
        }
        let length = asked.header(&header::CONTENT_LENGTH);
        let length = length.and_then(|digits| str::from_utf8(&digits).ok()?.parse().ok()).unwrap_or(0);
        let content_type = asked.text(&header::CONTENT_TYPE).unwrap_or_default();
        let data = match (Expected { content_type, length, most }).read(body).await {
            Ok(data) => data,
            Err(error) => return self.unreadable(error, indent),
        };
        match validate(data) {
            Ok((username, password)) => self.log_in(site, asked, username, password, now, trace, indent).await,
            Err(errors) => self.invalid(&errors, indent),
        }
    }

    /// DRF's default authentication stands before this view, too: wrong `Basic` credentials end here.
    async fn basic(
        &self,
        site: &Site,
        asked: &Asked<'_>,
        now: Instant,
        trace: &mut Trace,
        indent: Indent,
    ) -> Result<(), Box<Reply>> {
        let header = asked.header(&header::AUTHORIZATION);
        // Sessions come first among the authenticators, and have no challenge: hence 403.
        let refuse = |message| Err(Box::new(self.view.refuse(StatusCode::FORBIDDEN, message, indent)));
        let (username, password) = match header.as_deref().map_or(Credentials::None, credentials::basic) {
            Credentials::None => return Ok(()),
            Credentials::Wrong(message) => return refuse(message),
            Credentials::Given(given) => given,
        };
        match site.check_password(asked.client, username, password, now).await {
            Ok(()) => Ok(()),
            Err(LoginError::Refused) => {
                trace.decision = Decision::Unknown;
                refuse("Invalid username/password.")
            }
            Err(LoginError::Throttled(wait)) => {
                trace.decision = Decision::Throttled;
                Err(Box::new(self.view.throttled(wait, indent)))
            }
            Err(LoginError::Failed) => Err(Box::new(Reply::unavailable())),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all that a login is made of, once")]
    async fn log_in(
        &self,
        site: &Site,
        asked: &Asked<'_>,
        username: String,
        password: Zeroizing<String>,
        now: Instant,
        trace: &mut Trace,
        indent: Indent,
    ) -> Reply {
        #[derive(Serialize)]
        struct Obtained<'a> {
            token: &'a str,
        }
        trace.user = site.is_logging.then(|| username.as_str().into());
        match site.obtain_key(asked.client, username, password, now).await {
            Ok(key) => {
                trace.decision = Decision::Accepted;
                self.view.reply(StatusCode::OK, Some(reply::json(&Obtained { token: key.expose() }, indent)))
            }
            Err(LoginError::Refused) => {
                trace.decision = Decision::Unknown;
                self.invalid(&Errors(vec![("non_field_errors", vec![CANNOT.into()])]), indent)
            }
            Err(LoginError::Throttled(wait)) => {
                trace.decision = Decision::Throttled;
                self.view.throttled(wait, indent)
            }
            Err(LoginError::Failed) => {
                trace.decision = Decision::Failed;
                Reply::unavailable()
            }
        }
    }

    fn invalid(&self, errors: &Errors, indent: Indent) -> Reply {
        self.view.reply(StatusCode::BAD_REQUEST, Some(reply::json(errors, indent)))
    }

    fn unreadable(&self, error: BodyError, indent: Indent) -> Reply {
        match error {
            BodyError::Parse(message) => self.view.refuse(StatusCode::BAD_REQUEST, &message, indent),
            BodyError::Media(media) => {
                let message = format!("Unsupported media type \"{media}\" in request.");
                self.view.refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, &message, indent)
            }
            BodyError::TooMuch => Reply::bad_request(),
            BodyError::Lost => Reply::plain(StatusCode::BAD_REQUEST, ""),
        }
    }

    fn metadata(&self, indent: Indent) -> Reply {
        let body = match indent {
            Indent(0) => METADATA.into(),
            _ => {
                let metadata: serde_json::Value = serde_json::from_str(METADATA).expect("it is JSON: see above");
                reply::json(&metadata, indent)
            }
        };
        self.view.reply(StatusCode::OK, Some(body))
    }
}

/// DRF's `AuthTokenSerializer`, up to the question whether the password is right.
fn validate(data: Data) -> Result<(String, Zeroizing<String>), Errors> {
    let whole = |message: String| Err(Errors(vec![("non_field_errors", vec![message])]));
    let get: Box<dyn Fn(&str) -> Sent> = match data {
        Data::Form(form) => Box::new(move |name| match form.get(name) {
            None => Sent::Nothing,
            Some(Field::Text(text)) => Sent::Text(Text { chars: text.clone(), surrogate: None }),
            Some(Field::File) => Sent::NoText,
        }),
        Data::Json(Value::Dict(pairs)) => {
            Box::new(move |name| match pairs.iter().rev().find(|(known, _)| known.chars == name) {
                None => Sent::Nothing,
                Some((_, Value::Null)) => Sent::Null,
                Some((_, Value::Text(text))) => Sent::Text(text.clone()),
                Some((_, Value::Int(digits) | Value::Float(digits))) => {
                    Sent::Text(Text { chars: digits.clone(), surrogate: None })
                }
                Some((_, Value::Bool | Value::List | Value::Dict(_))) => Sent::NoText,
            })
        }
        Data::Json(Value::Null) => return whole("No data provided".into()),
        Data::Json(other) => {
            let kind = match other {
                Value::Bool => "bool",
                Value::Int(_) => "int",
                Value::Float(_) => "float",
                Value::Text(_) => "str",
                Value::Null | Value::List | Value::Dict(_) => "list",
            };
            return whole(format!("Invalid data. Expected a dictionary, but got {kind}."));
        }
    };
    let username = get("username").field(Whitespace::Trimmed);
    let password = get("password").field(Whitespace::Kept);
    match (username, password) {
        (Ok(username), Ok(password)) => Ok((username, Zeroizing::new(password))),
        (username, password) => {
            let wrong = [("username", username.err()), ("password", password.err())];
            Err(Errors(wrong.into_iter().filter_map(|(field, messages)| Some((field, messages?))).collect()))
        }
    }
}

/// What was sent for a field.
enum Sent {
    Nothing,
    Null,
    Text(Text),
    NoText,
}

/// What becomes of the blanks around a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Whitespace {
    Trimmed,
    Kept,
}

impl Sent {
    /// DRF's `CharField`.
    fn field(self, whitespace: Whitespace) -> Result<String, Vec<String>> {
        let text = match self {
            Self::Nothing => return Err(vec!["This field is required.".into()]),
            Self::Null => return Err(vec!["This field may not be null.".into()]),
            Self::NoText => return Err(vec!["Not a valid string.".into()]),
            Self::Text(text) => text,
        };
        let chars = match whitespace {
            Whitespace::Trimmed => strip(&text.chars),
            Whitespace::Kept => &text.chars,
        };
        if chars.is_empty() {
            return Err(vec!["This field may not be blank.".into()]);
        }
        let mut wrong = Vec::new();
        if chars.contains('\0') {
            wrong.push("Null characters are not allowed.".into());
        }
        if let Some(code_point) = text.surrogate {
            wrong.push(format!("Surrogate characters are not allowed: U+{code_point:X}."));
        }
        if wrong.is_empty() { Ok(chars.into()) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pyjson::decode;

    fn check(document: &str) -> String {
        match validate(Data::Json(decode(document).expect("it is JSON"))) {
            Ok((username, password)) => format!("{username}:{}", *password),
            Err(errors) => serde_json::to_string(&errors).expect("it is JSON"),
        }
    }

    #[test]
    fn fields_are_validated_as_drf_validates_them() {
        for (document, outcome) in [
            (r#"{"username": " a ", "password": " b "}"#, "a: b "),
            (r#"{"username": 1.5, "password": 7}"#, "1.5:7"),
            ("null", r#"{"non_field_errors":["No data provided"]}"#),
            ("1.5", r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got float."]}"#),
            (r#"{"username": "a"}"#, r#"{"password":["This field is required."]}"#),
            (
                r#"{"username": " ", "password": null}"#,
                r#"{"username":["This field may not be blank."],"password":["This field may not be null."]}"#,
            ),
            (
                r#"{"username": "\u0000\udc00", "password": false}"#,
                r#"{"username":["Null characters are not allowed.","Surrogate characters are not allowed: U+DC00."],"password":["Not a valid string."]}"#,
            ),
            (r#"{"username": "a", "username": "b", "password": "c"}"#, "b:c"),
        ] {
            assert_eq!(check(document), outcome, "{document}");
        }
    }
}
