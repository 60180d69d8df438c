//! Content negotiation, as DRF's `DefaultContentNegotiation` does it: which representation the client gets, by
//! `?format=` and `Accept`.

use super::{params::Parameters, text::strip};

/// A media type, parsed.
#[derive(Clone, Debug)]
pub(super) struct MediaType {
    main: String,
    sub: String,
    parameters: Parameters,
}

impl MediaType {
    pub(super) fn parse(text: &str) -> Self {
        // What cannot be read matches nothing.
        let parameters = Parameters::parse(text).unwrap_or_default();
        let (main, sub) = parameters.value.split_once('/').unwrap_or((&parameters.value, ""));
        Self { main: main.into(), sub: sub.into(), parameters: parameters.clone() }
    }

    /// Whether a type of ours, which has no parameters, satisfies `asked`.
    pub(super) fn is_matched_by(&self, asked: &Self) -> bool {
        let fits = |ours: &str, theirs: &str| ours == "*" || theirs == "*" || ours == theirs;
        fits(&self.sub, &asked.sub) && fits(&self.main, &asked.main)
    }

    /// How specific it is: 3 with parameters, 2 a type, 1 `type/*`, 0 `*/*`.
    fn precedence(&self) -> usize {
        let mut names = self.parameters.iter().map(|(name, _)| name);
        match (self.main.as_str(), self.sub.as_str()) {
            ("*", _) => 0,
            (_, "*") => 1,
            _ => match (names.next(), names.next()) {
                (None, _) | (Some("q"), None) => 2,
                (Some(_), _) => 3,
            },
        }
    }
}

/// What a view can answer in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Renderer {
    /// `application/json`.
    Json,
    /// DRF's browsable page. It is not ours: the answer is JSON all the same (docs/differences.md).
    Browsable,
}

impl Renderer {
    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Browsable => "text/html",
        }
    }

    fn format(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Browsable => "api",
        }
    }
}

/// By how much JSON is indented: `Accept: application/json; indent=4`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Indent(pub(super) usize);

/// There is nothing that the client would take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unacceptable {
    /// No such `?format=`: 404.
    Format,
    /// Nothing for this `Accept`: 406.
    Accept,
}

/// DRF's limits on what is looked at.
const LONGEST_HEADER: usize = 8192;
const MOST_TYPES: usize = 64;
const LONGEST_TYPE: usize = 256;

/// Chooses among `renderers`. `accept` is the header as latin-1, none where there is none.
pub(super) fn choose(
    renderers: &[Renderer],
    format: Option<&str>,
    accept: Option<&str>,
) -> Result<Indent, Unacceptable> {
    let mut renderers = renderers.to_vec();
    if let Some(format) = format.filter(|format| !format.is_empty()) {
        renderers.retain(|renderer| renderer.format() == format);
        if renderers.is_empty() {
            return Err(Unacceptable::Format);
        }
    }
    let Some(accept) = accept else { return Ok(Indent::default()) };
    let asked: Vec<MediaType> = tokens(accept).into_iter().map(MediaType::parse).collect();
    for precedence in [3, 2, 1, 0] {
        for renderer in &renderers {
            let ours = MediaType::parse(renderer.media_type());
            let of_this = |asked: &&MediaType| asked.precedence() == precedence && ours.is_matched_by(asked);
            if let Some(asked) = asked.iter().find(of_this) {
                return Ok(indent(&asked.parameters));
            }
        }
    }
    Err(Unacceptable::Accept)
}

fn tokens(accept: &str) -> Vec<&str> {
    // latin-1 that was decoded: its characters are counted, not its bytes.
    let accept = match accept.char_indices().nth(LONGEST_HEADER) {
        None => accept,
        Some((end, _)) => accept[..end].rfind(',').map_or("", |comma| &accept[..=comma]),
    };
    let of_use = |token: &&str| !token.is_empty() && token.chars().count() <= LONGEST_TYPE;
    accept.split(',').map(strip).filter(of_use).take(MOST_TYPES).collect()
}

/// DRF: `max(min(int(indent), 8), 0)`, and what Python's `int` refuses is nothing.
fn indent(parameters: &Parameters) -> Indent {
    let Some(text) = parameters.get("indent").map(strip) else { return Indent::default() };
    let (minus, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let grouped = !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__");
    if digits.is_empty() || !grouped || !digits.chars().all(|c| c.is_ascii_digit() || c == '_') || minus {
        return Indent::default();
    }
    let number = digits.replace('_', "").trim_start_matches('0').parse::<usize>();
    Indent(match number {
        Ok(number) => number.min(8),
        Err(_) if digits.bytes().all(|digit| matches!(digit, b'0' | b'_')) => 0,
        Err(_) => 8,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(format: Option<&str>, accept: Option<&str>) -> Result<usize, Unacceptable> {
        choose(&[Renderer::Json, Renderer::Browsable], format, accept).map(|Indent(indent)| indent)
    }

    #[test]
    fn the_client_gets_what_it_takes_or_is_told() {
        for accept in ["*/*", "application/*", "text/*", "text/html", "image/png, */*;q=0.1", "APPLICATION/JSON"] {
            assert_eq!(ask(None, Some(accept)), Ok(0), "{accept}");
        }
        for accept in ["", "garbage", "image/png", "application/xml", "application/json/x", "*", ","] {
            assert_eq!(ask(None, Some(accept)), Err(Unacceptable::Accept), "{accept}");
        }
        assert_eq!(ask(None, None), Ok(0));
        assert_eq!(ask(Some("json"), Some("application/json")), Ok(0));
        assert_eq!(ask(Some("json"), Some("text/html")), Err(Unacceptable::Accept));
        assert_eq!(ask(Some("xml"), None), Err(Unacceptable::Format));
        assert_eq!(ask(Some(""), None), Ok(0));
        assert_eq!(choose(&[Renderer::Json], None, Some("text/html")), Err(Unacceptable::Accept));
    }

    #[test]
    fn the_most_specific_type_tells_the_indent() {
        for (accept, indent) in [
            ("application/json; indent=4", 4),
            ("application/json; indent=12", 8),
            ("application/json; indent=-1", 0),
            ("application/json; indent=x", 0),
            ("application/json, application/json;indent=2", 2),
            ("*/*; indent=4", 4),
            ("application/json; indent=99999999999999999999999", 8),
        ] {
            assert_eq!(ask(None, Some(accept)), Ok(indent), "{accept}");
        }
    }

    #[test]
    fn what_is_too_long_is_not_looked_at() {
        let long = format!("application/json; x={}", "y".repeat(256));
        assert_eq!(ask(None, Some(&long)), Err(Unacceptable::Accept));
        assert_eq!(ask(None, Some(&format!("{long}, */*"))), Ok(0));
        assert_eq!(ask(None, Some(&format!("{}*/*", "a/b,".repeat(64)))), Err(Unacceptable::Accept));
        assert_eq!(ask(None, Some(&format!("*/*,{}", "a".repeat(9000)))), Ok(0));
    }
}
