//! What the configuration says about tokens: the table `[tokens]` and the variables `HALLPASS_TOKENS_...`.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use super::ConfigError;
use crate::domain::{Policy, TokensDieWith, text};

/// The table as it stands in the file. What is not said there is as in [`Policy::default`].
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tokens {
    #[serde(deserialize_with = "said")]
    default_lifetime: Option<Spanned<Span>>,
    #[serde(deserialize_with = "said")]
    longest_lifetime: Option<Spanned<Span>>,
    #[serde(deserialize_with = "said")]
    per_user: Option<Spanned<Cap>>,
    #[serde(deserialize_with = "said")]
    longest_overlap: Option<Spanned<Span>>,
    #[serde(deserialize_with = "said")]
    die_with: Option<Spanned<Death>>,
    #[serde(deserialize_with = "said")]
    retention: Option<Spanned<Span>>,
}

const CONTRADICTION: &str = "the default lifetime is longer than the longest one";

impl Tokens {
    /// Two values that cannot hold together: where the later one stands (in bytes), and what is wrong.
    pub(super) fn contradiction(&self) -> Option<(usize, &'static str)> {
        let (default, longest) = (self.default_lifetime.as_ref()?, self.longest_lifetime.as_ref()?);
        let later = default.span().start.max(longest.span().start);
        (default.as_ref().0 > longest.as_ref().0).then_some((later, CONTRADICTION))
    }

    /// The rules; a variable of the environment outranks the file.
    pub(super) fn policy(self, env: &dyn Fn(&str) -> Option<String>) -> Result<Policy, ConfigError> {
        let spanned = |span: Option<Spanned<Span>>| span.map(Spanned::into_inner);
        let plain = Policy::default();
        let policy = Policy {
            default_lifetime: of("DEFAULT_LIFETIME", env)?.or(spanned(self.default_lifetime)).map(|span| span.0),
            longest_lifetime: of("LONGEST_LIFETIME", env)?.or(spanned(self.longest_lifetime)).map(|span| span.0),
            tokens_per_user: of("PER_USER", env)?.or(self.per_user.map(Spanned::into_inner)).map(|cap: Cap| cap.0),
            longest_overlap: of("LONGEST_OVERLAP", env)?.or(spanned(self.longest_overlap)).map(|span| span.0),
            tokens_die_with: of("DIE_WITH", env)?
                .or(self.die_with.map(Spanned::into_inner))
                .map_or(plain.tokens_die_with, |death: Death| death.0),
            retention: of("RETENTION", env)?.or(spanned(self.retention)).map_or(plain.retention, |span| span.0),
        };
        match (policy.default_lifetime, policy.longest_lifetime) {
            // The file by itself was looked at: a variable is in it.
            (Some(default), Some(longest)) if default > longest => {
                let names = ["DEFAULT_LIFETIME", "LONGEST_LIFETIME"].map(variable);
                let name = names.into_iter().find(|name| env(name).is_some()).unwrap_or_default();
                Err(ConfigError::Variable { name, message: CONTRADICTION.into() })
            }
            _ => Ok(policy),
        }
    }
}

fn variable(name: &str) -> String {
    format!("HALLPASS_TOKENS_{name}")
}

fn of<T: Said>(name: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Option<T>, ConfigError> {
    let name = variable(name);
    let Some(text) = env(&name) else { return Ok(None) };
    T::read(&text).map(Some).map_err(|message| ConfigError::Variable { name, message: message.into() })
}

/// A value that is written as text, or as a number where it is one.
trait Said: Sized {
    fn read(text: &str) -> Result<Self, &'static str>;
}

/// A span of time: `90d`, `12h`.
#[derive(Debug)]
struct Span(Duration);

/// A number of tokens, one at least.
#[derive(Debug)]
struct Cap(usize);

#[derive(Debug)]
struct Death(TokensDieWith);

impl Said for Span {
    fn read(text: &str) -> Result<Self, &'static str> {
        // Beyond a century a moment would leave the calendar of Python.
        let century = Duration::from_secs(100 * 365 * 86_400);
        match text::span(text) {
            Ok(span) if span <= century => Ok(Self(span)),
            Ok(_) => Err("a span of time is at most 100 years"),
            Err(text::NoSpan) => Err("a span of time is written as 90d, 12h or 30m, and is more than nothing"),
        }
    }
}

impl Said for Cap {
    fn read(text: &str) -> Result<Self, &'static str> {
        let cap = text.parse().ok().filter(|cap| *cap > 0).map(Self);
        cap.ok_or("a user may have one token at least: write a number from 1 on")
    }
}

impl Said for Death {
    fn read(text: &str) -> Result<Self, &'static str> {
        Ok(Self(match text {
            "nothing" => TokensDieWith::Nothing,
            "password" => TokensDieWith::Password,
            "deactivation" => TokensDieWith::Deactivation,
            "both" => TokensDieWith::Both,
            _ => return Err("tokens die with \"nothing\", \"password\", \"deactivation\" or \"both\""),
        }))
    }
}

fn said<'de, D: Deserializer<'de>, T: Said>(from: D) -> Result<Option<Spanned<T>>, D::Error> {
    struct Read<T>(T);

    impl<'de, T: Said> Deserialize<'de> for Read<T> {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Visitor<T>(std::marker::PhantomData<T>);

            impl<T: Said> de::Visitor<'_> for Visitor<T> {
                type Value = Read<T>;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a text or a number")
                }

                fn visit_str<E: de::Error>(self, text: &str) -> Result<Read<T>, E> {
                    T::read(text).map(Read).map_err(E::custom)
                }

                fn visit_i64<E: de::Error>(self, number: i64) -> Result<Read<T>, E> {
                    self.visit_str(&number.to_string())
                }
            }

            from.deserialize_any(Visitor(std::marker::PhantomData))
        }
    }

    let read = Spanned::<Read<T>>::deserialize(from)?;
    let span = read.span();
    Ok(Some(Spanned::new(span, read.into_inner().0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(file: &str, env: &[(&str, &str)]) -> Result<Policy, String> {
        let tokens: Tokens = toml::from_str(file).map_err(|error| error.message().to_owned())?;
        if let Some((at, message)) = tokens.contradiction() {
            return Err(format!("{at}: {message}"));
        }
        let env = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        tokens.policy(&env).map_err(|error| error.to_string())
    }

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn every_rule_is_read_from_the_file_and_from_the_environment() {
        assert_eq!(policy("", &[]), Ok(Policy::default()));
        let file = "default_lifetime = \"30d\"\nlongest_lifetime = \"1y\"\nper_user = 5\nlongest_overlap = \"1d\"\n\
                    die_with = \"both\"\nretention = \"10d\"";
        let said = Policy {
            default_lifetime: Some(30 * DAY),
            longest_lifetime: Some(365 * DAY),
            tokens_per_user: Some(5),
            longest_overlap: Some(DAY),
            tokens_die_with: TokensDieWith::Both,
            retention: 10 * DAY,
        };
        assert_eq!(policy(&file.replace("1y", "365d"), &[]), Ok(said.clone()));
        let env = [
            ("HALLPASS_TOKENS_DEFAULT_LIFETIME", "30d"),
            ("HALLPASS_TOKENS_LONGEST_LIFETIME", "365d"),
            ("HALLPASS_TOKENS_PER_USER", "5"),
            ("HALLPASS_TOKENS_LONGEST_OVERLAP", "1d"),
            ("HALLPASS_TOKENS_DIE_WITH", "both"),
            ("HALLPASS_TOKENS_RETENTION", "10d"),
        ];
        assert_eq!(policy("per_user = 7\nretention = \"1d\"", &env), Ok(said));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (file, message) in [
            ("per_user = 0", "one token at least"),
            ("per_user = -3", "one token at least"),
            ("default_lifetime = \"0d\"", "more than nothing"),
            ("longest_lifetime = \"soon\"", "written as 90d"),
            ("retention = \"900y\"", "span of time"),
            ("die_with = \"fire\"", "\"nothing\", \"password\""),
            ("per_usr = 3", "unknown field `per_usr`"),
            ("default_lifetime = \"2d\"\nlongest_lifetime = \"1d\"", "43: the default lifetime is longer"),
        ] {
            let error = policy(file, &[]).expect_err(file);
            assert!(error.contains(message), "{file}: {error}");
        }
        let error = policy("", &[("HALLPASS_TOKENS_PER_USER", "none")]).expect_err("no number");
        assert!(error.starts_with("HALLPASS_TOKENS_PER_USER: a user may have"), "{error}");
        let error = policy("default_lifetime = \"2d\"", &[("HALLPASS_TOKENS_LONGEST_LIFETIME", "1d")]);
        assert!(error.expect_err("shorter").starts_with("HALLPASS_TOKENS_LONGEST_LIFETIME: the default"));
    }
}
