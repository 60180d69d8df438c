//! Bodies of requests: read as DRF's parsers read them, or taken in and thrown away.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::{
    charset::Charset,
    form::{self, Form},
    multipart::{self, MultipartError},
    negotiation::MediaType,
    params::Parameters,
    pyjson::{self, Value},
};

/// What a body holds.
#[derive(Debug)]
pub(super) enum Data {
    /// Form fields; an empty body is such a form without any.
    Form(Form),
    /// A JSON document.
    Json(Value),
}

/// A body that DRF refuses.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum BodyError {
    /// 400: what is wrong with it.
    Parse(String),
    /// 415: of this media type.
    Media(String),
    /// Django's page 400: too large or too many fields.
    TooMuch,
    /// It never came whole.
    Lost,
}

/// DRF looks at no media type that is longer.
const LONGEST_TYPE: usize = 256;

/// How a body is to be read: all that its head says about it.
#[derive(Debug)]
pub(super) struct Expected {
    /// `Content-Type` as latin-1; empty where there is none.
    pub(super) content_type: String,
    /// `Content-Length`; 0 where there is none: a chunked body is none to DRF behind gunicorn.
    pub(super) length: u64,
    /// So many bytes are read into memory.
    pub(super) most: usize,
}

#[derive(Clone, Copy, Debug)]
enum Parser {
    Form,
    Multipart,
    Json,
}

impl Expected {
    /// Reads the body with the login view's parsers.
    pub(super) async fn read(self, body: Incoming) -> Result<Data, BodyError> {
        if self.length == 0 {
            // DRF never looks at it: what is wrong with it is nothing to it.
            let _ = drain(body, self.most).await;
            return Ok(Data::Form(Form::default()));
        }
        let Some(parser) = self.parser() else {
            drain(body, self.most).await?;
            return Err(BodyError::Media(self.content_type));
        };
        let charset = match self.charset() {
            Ok(charset) => charset,
            Err(name) => {
                drain(body, self.most).await?;
                let message = format!("Unsupported charset \"{name}\" in request Content-Type header.");
                return Err(BodyError::Parse(message));
            }
        };
        if self.length > self.most as u64 {
            drain(body, self.most).await?;
            return Err(BodyError::TooMuch);
        }
        let bytes = body.collect().await.map_err(|_| BodyError::Lost)?.to_bytes();
        self.parse(parser, charset, &bytes)
    }

    fn parse(&self, parser: Parser, charset: Charset, bytes: &Bytes) -> Result<Data, BodyError> {
        match parser {
            Parser::Json => {
                let json = charset.decode(bytes).and_then(|text| pyjson::decode(&text).map_err(|e| e.to_string()));
                json.map(Data::Json).map_err(|message| BodyError::Parse(format!("JSON parse error - {message}")))
            }
            Parser::Form => form::parse(bytes, charset).map(Data::Form).map_err(|_| BodyError::TooMuch),
            Parser::Multipart => match multipart::parse(&self.content_type, bytes, charset, self.most) {
                Ok(form) => Ok(Data::Form(form)),
                Err(MultipartError::TooMuch) => Err(BodyError::TooMuch),
                Err(MultipartError::Malformed(message)) => {
                    Err(BodyError::Parse(format!("Multipart form parse error - {message}")))
                }
            },
        }
    }

    fn parser(&self) -> Option<Parser> {
        if self.content_type.chars().count() > LONGEST_TYPE {
            return None;
        }
        let sent = MediaType::parse(&self.content_type);
        let parsers = [
            ("application/x-www-form-urlencoded", Parser::Form),
            ("multipart/form-data", Parser::Multipart),
            ("application/json", Parser::Json),
        ];
        parsers.into_iter().find(|(ours, _)| MediaType::parse(ours).is_matched_by(&sent)).map(|(_, parser)| parser)
    }

    /// The charset that the header names, or UTF-8.
    ///
    /// # Errors
    /// One that is none for text: its name.
    fn charset(&self) -> Result<Charset, String> {
        let parameters = Parameters::parse(&self.content_type).unwrap_or_default();
        let Some(name) = parameters.get("charset") else { return Ok(Charset::Utf8) };
        match Charset::named(name) {
            Some(Charset::NoText) => Err(name.into()),
            Some(charset) => Ok(charset),
            None => Ok(Charset::Utf8),
        }
    }
}

/// Takes in a body that nobody wants: a client that is still sending would not hear an answer. So much more than
/// `most` is not waited for: then the connection ends with the answer.
pub(super) async fn drain(mut body: Incoming, most: usize) -> Result<(), BodyError> {
    let mut left = most.saturating_mul(4).max(1024 * 1024);
    while !body.is_end_stream() {
        match body.frame().await {
            None => break,
            Some(Ok(frame)) => left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len)),
            Some(Err(_)) => return Err(BodyError::Lost),
        }
        if left == 0 {
            break;
        }
    }
    Ok(())
}

/// Reads a body of `most` bytes at most.
///
/// # Errors
/// It is longer, or never came whole.
pub(super) async fn collect(body: Incoming, most: usize) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > most as u64 {
        drain(body, most).await?;
        return Err(BodyError::TooMuch);
    }
    match http_body_util::Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(BodyError::TooMuch),
        Err(_) => Err(BodyError::Lost),
    }
}
