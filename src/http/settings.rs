//! What the server goes by: the tables of its configuration file, with their defaults. A value that could not work is
//! refused while it is read, where the line is still known.

use std::{fmt, path::PathBuf, time::Duration};

use serde::{Deserialize, de::IgnoredAny};

use super::{
    address::{Listen, Network},
    rate::Rate,
};

/// The whole configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where requests are taken; what the command line says goes before it.
    #[serde(deserialize_with = "one_or_several")]
    pub listen: Vec<Listen>,
    /// Plain text is accepted beyond this machine, though no proxy is named that would end the TLS.
    pub insecure: bool,
    /// What one client may take.
    pub limits: Limits,
    /// How passwords are checked.
    pub passwords: Passwords,
    /// Who has to wait.
    pub throttle: Throttle,
    /// Whose word about the client's address is taken.
    pub proxies: Proxies,
    /// Figures for Prometheus.
    pub metrics: Metrics,
    /// What is written down.
    pub log: Log,
    /// What requests set off.
    pub trigger: Vec<Trigger>,
    /// The same file says where the store is, to both programs: read elsewhere.
    #[serde(rename = "store")]
    pub(super) _store: Option<IgnoredAny>,
    #[serde(rename = "keyring")]
    pub(super) _keyring: Option<IgnoredAny>,
    #[serde(rename = "cache")]
    pub(super) _cache: Option<IgnoredAny>,
    #[serde(rename = "tokens")]
    pub(super) _tokens: Option<IgnoredAny>,
}

/// What one client may take. The defaults for heads and bodies are gunicorn's and Django's.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections at once, idle ones included.
    #[serde(deserialize_with = "at_least_one")]
    pub connections: usize,
    /// Requests on one connection; the last one is told that it is the last.
    #[serde(deserialize_with = "at_least_one")]
    pub requests: usize,
    /// Requests sent on one connection without waiting for an answer; the connection ends after so many.
    #[serde(deserialize_with = "at_least_one")]
    pub pipelined: usize,
    /// Bytes of a request line.
    #[serde(deserialize_with = "at_least_one")]
    pub request_line: usize,
    /// Bytes of one header field, with its line end.
    #[serde(deserialize_with = "at_least_one")]
    pub field: usize,
    /// Header fields of a request.
    #[serde(deserialize_with = "at_most_a_hundred")]
    pub fields: usize,
    /// Bytes of a whole head.
    #[serde(deserialize_with = "at_least_one")]
    pub head: usize,
    /// Bytes of a body that is read into memory.
    pub body: usize,
    /// How long a connection may say nothing between two requests.
    #[serde(deserialize_with = "span")]
    pub idle: Duration,
    /// How long a head may take from its first byte on.
    #[serde(deserialize_with = "span")]
    pub header: Duration,
    /// How long a request may take from the end of its head on.
    #[serde(deserialize_with = "span")]
    pub request: Duration,
    /// How long the drain may take at the end.
    #[serde(deserialize_with = "span")]
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            requests: 100_000,
            pipelined: 1_000,
            request_line: 4_094,
            field: 8_190,
            fields: 100,
            head: 128 * 1024,
            body: 2_621_440,
            idle: Duration::from_secs(60),
            header: Duration::from_secs(10),
            request: Duration::from_secs(30),
            drain: Duration::from_secs(30),
        }
    }
}

/// How passwords are checked: their hashes are made to cost time, so that time is rationed.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Passwords {
    /// Checks at once.
    #[serde(deserialize_with = "at_least_one")]
    pub at_once: usize,
    /// Requests that wait for one; the next is answered 429.
    pub waiting: usize,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { at_once: 1, waiting: 32 }
    }
}

/// Who has to wait. A rate is DRF's: `10/minute`; `"off"`: none.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Throttle {
    /// Whether any of it is in force.
    pub enabled: bool,
    /// Password logins for one username.
    pub login_user: Rate,
    /// Password logins from one address.
    pub login_address: Rate,
    /// Requests with a key that is refused, from one address.
    pub bad_key: Rate,
    /// Requests with one token.
    pub token: Rate,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            enabled: true,
            login_user: Rate::per_minute(10),
            login_address: Rate::per_minute(60),
            bad_key: Rate::OFF,
            token: Rate::OFF,
        }
    }
}

/// Whose word about the client's address is taken.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxies {
    /// Their networks; empty: nobody's.
    pub trusted: Vec<Network>,
}

/// Figures for Prometheus.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Where they are served, apart from the requests; nothing: nowhere.
    pub listen: Option<Listen>,
}

/// What is written down.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// One line of JSON for each request: `"stderr"`, a file, or nothing.
    pub access: Option<PathBuf>,
}

/// What a request sets off.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The path, with its slash at the end as Django's routes have it.
    #[serde(deserialize_with = "route")]
    pub path: String,
    /// What OPTIONS calls it.
    #[serde(default)]
    pub name: Option<String>,
    /// The methods that set it off.
    #[serde(default = "post", deserialize_with = "methods")]
    pub methods: Vec<String>,
    /// The program and its arguments, never a shell; empty: the request is just answered.
    #[serde(default)]
    pub argv: Vec<String>,
    /// How long it may run.
    #[serde(default = "half_a_minute", deserialize_with = "span")]
    pub time_limit: Duration,
    /// How many bytes it may write.
    #[serde(default = "one_mebibyte")]
    pub output: usize,
}

impl Trigger {
    /// The tutorial's `BuildTrigger`, which is there where the configuration has nothing at `/api/`.
    #[must_use]
    pub fn tutorial() -> Self {
        Self {
            path: "/api/".into(),
            name: Some("Build Trigger".into()),
            methods: post(),
            argv: Vec::new(),
            time_limit: half_a_minute(),
            output: one_mebibyte(),
        }
    }
}

/// A configuration that is refused.
#[derive(Debug)]
pub struct SettingsError {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl SettingsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        // serde lists what it expected, in this form.
        match (self.message.split('`').nth(1), self.message.split_once("expected ")) {
            (Some(unknown), Some((_, expected))) if self.message.starts_with("unknown field") => {
                let known = expected.split('`').skip(1).step_by(2);
                let near = known.map(|name| (strsim::jaro_winkler(unknown, name), name));
                match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
                    Some((nearness, name)) if nearness > 0.8 => format!("did you mean `{name}`?"),
                    Some(_) | None => "docs/http.md lists what a configuration may say".into(),
                }
            }
            _ => "docs/http.md lists what a configuration may say".into(),
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads a configuration.
    ///
    /// # Errors
    /// An unknown field, a wrong type or an impossible value, with its line.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let mut settings: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1;
            SettingsError { line, message: error.message().trim().replace('\n', ", ") }
        })?;
        settings.complete();
        let mut paths: Vec<&str> = settings.trigger.iter().map(|trigger| trigger.path.as_str()).collect();
        paths.sort_unstable();
        if let Some(twice) = paths.windows(2).find(|pair| pair[0] == pair[1]) {
            let needle = format!("\"{}\"", twice[0]);
            let line = text.lines().enumerate().filter(|(_, line)| line.contains(&needle)).nth(1);
            let message = format!("two triggers at {}", twice[0]);
            return Err(SettingsError { line: line.map_or(1, |(number, _)| number + 1), message });
        }
        Ok(settings)
    }

    /// Adds what is there without being configured.
    pub fn complete(&mut self) {
        if !self.trigger.iter().any(|trigger| trigger.path == "/api/") {
            self.trigger.push(Trigger::tutorial());
        }
    }
}

fn post() -> Vec<String> {
    vec!["POST".into()]
}

fn half_a_minute() -> Duration {
    Duration::from_secs(30)
}

fn one_mebibyte() -> usize {
    1024 * 1024
}

mod de {
    pub(super) use serde::{Deserialize, Deserializer, de::Error};
}

fn at_least_one<'de, D: de::Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    match <usize as de::Deserialize>::deserialize(from)? {
        0 => Err(de::Error::custom("it must be at least 1")),
        number => Ok(number),
    }
}

fn at_most_a_hundred<'de, D: de::Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    match at_least_one(from)? {
        101.. => Err(de::Error::custom("it must be at most 100")),
        number => Ok(number),
    }
}

/// `10s`, `500ms`, `5m`, `1h`.
fn span<'de, D: de::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = <String as de::Deserialize>::deserialize(from)?;
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(de::Error::custom("a time is written as 500ms, 10s, 5m or 1h")),
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(millis)) {
        Some(millis @ 1..=86_400_000) => Ok(Duration::from_millis(millis)),
        Some(_) | None => Err(de::Error::custom("a time is more than nothing and at most a day")),
    }
}

fn route<'de, D: de::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let path = <String as de::Deserialize>::deserialize(from)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    if !path.starts_with('/') || !path.ends_with('/') || !path.chars().all(plain) || path.contains("//") {
        return Err(de::Error::custom("a path begins and ends with a slash and has letters, digits and -_.~ between"));
    }
    match path.as_str() {
        "/api-token-auth/" => Err(de::Error::custom("this path is taken")),
        _ => Ok(path),
    }
}

fn methods<'de, D: de::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let methods = <Vec<String> as de::Deserialize>::deserialize(from)?;
    let known = |method: &String| ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str());
    match methods.is_empty() || !methods.iter().all(known) {
        true => Err(de::Error::custom("the methods are of GET, POST, PUT, PATCH and DELETE, one at least")),
        false => Ok(methods),
    }
}

fn one_or_several<'de, D: de::Deserializer<'de>>(from: D) -> Result<Vec<Listen>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "an address (127.0.0.1:10000, unix:/run/hallpass.sock) or a list of them")]
    enum Some {
        One(Listen),
        Several(Vec<Listen>),
    }
    Ok(match <Some as de::Deserialize>::deserialize(from)? {
        Some::One(listen) => vec![listen],
        Some::Several(listen) => listen,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_says_nothing_is_the_tutorial() {
        let settings = Settings::parse("").expect("nothing is wrong");
        assert_eq!(settings.trigger.len(), 1);
        assert_eq!(settings.limits.field, 8_190);
    }

    #[test]
    fn what_cannot_work_is_refused_with_its_line() {
        for (text, line, message) in [
            ("\nlisten = \"127.0.0.1:1\"\nlisen = 1", 3, "unknown field `lisen`"),
            ("[limits]\nidle = \"0s\"", 2, "more than nothing"),
            ("[limits]\n\nfields = 101", 3, "at most 100"),
            ("[limits]\nbody = \"big\"", 2, "invalid type"),
            ("[throttle]\nlogin_user = \"ten\"", 2, "a rate is written"),
            ("[proxies]\ntrusted = [\"10.0.0.0/40\"]", 2, "network"),
            ("listen = \"localhost\"", 1, "an address"),
            ("[[trigger]]\npath = \"build\"", 2, "begins and ends with a slash"),
            ("[[trigger]]\npath = \"/b/\"\nmethods = [\"post\"]", 3, "the methods are"),
            ("[[trigger]]\npath = \"/b/\"\n[[trigger]]\npath = \"/b/\"", 4, "two triggers at /b/"),
        ] {
            let error = Settings::parse(text).expect_err(text);
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(error.message.contains(message), "{text}: {error}");
        }
    }
}
