//! What both programs are told about where things are: options, environment, configuration file, defaults, in this
//! order.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Deserialize;

use crate::domain::Policy;

mod tokens;

/// The cache of a store, in bytes, where nothing else is asked for.
const CACHE: u64 = 64 << 20;

/// Options that both programs take before and after the command.
#[derive(Args, Clone, Debug, Default)]
pub struct Globals {
    /// A directory, or `memory:` [env: HALLPASS_STORE] [default: ./hallpass-data]
    #[arg(long, global = true, value_name = "WHERE", help_heading = "Where things are")]
    pub store: Option<String>,
    /// The file with the secrets of the stores [env: HALLPASS_KEYRING] [default: ~/.config/hallpass/keyring]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Where things are")]
    pub keyring: Option<PathBuf>,
    /// The configuration file [env: HALLPASS_CONFIG] [default: ~/.config/hallpass/config.toml]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Where things are")]
    pub config: Option<PathBuf>,
    /// How much of the store may stay in memory, as in `64M` [env: HALLPASS_CACHE]
    #[arg(long, global = true, value_name = "SIZE", help_heading = "Where things are")]
    pub cache: Option<String>,
}

/// Where the store is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Where {
    /// In this directory.
    Directory(PathBuf),
    /// In the memory of the process, and gone with it.
    Memory,
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

/// What was decided.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the store is.
    pub store: Where,
    /// The file with the secrets of the stores.
    pub keyring: PathBuf,
    /// How much of the store may stay in memory, in bytes.
    pub cache_bytes: u64,
    /// The directory of the configuration, the startup file and the history.
    pub directory: PathBuf,
    /// The rules for tokens.
    pub policy: Policy,
    /// The configuration file, where there is one.
    pub file: Option<PathBuf>,
}

/// The configuration cannot be used.
#[derive(Debug)]
pub enum ConfigError {
    /// `etcd://`, which is reserved.
    NotYet(String),
    /// Neither `XDG_CONFIG_HOME` nor `HOME` says where the configuration is.
    NoHome,
    /// A size that is none.
    Size(String),
    /// A variable of the environment says something about tokens that cannot be.
    Variable {
        /// Its name.
        name: String,
        /// What is wrong with it.
        message: String,
    },
    /// The file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// The file says something that is not understood.
    Malformed {
        /// Which file.
        path: PathBuf,
        /// In which line, from 1 on.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
}

impl ConfigError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NotYet(_) => "name a directory, or memory:".into(),
            Self::NoHome => "set HOME, or give --keyring".into(),
            Self::Size(_) => "write it as 64M or 1G".into(),
            Self::Unreadable(..) => "give another file with --config".into(),
            Self::Variable { name, .. } => format!("set {name} to something else, or unset it"),
            Self::Malformed { path, message, .. } => near(message)
                .map_or_else(|| format!("edit {}", path.display()), |name| format!("did you mean `{name}`?")),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet(place) => write!(f, "stores at {place} are not there yet"),
            Self::NoHome => f.write_str("the directory of the configuration is not known"),
            Self::Size(text) => write!(f, "\"{}\" is no size", text.escape_debug()),
            Self::Variable { name, message } => write!(f, "{name}: {message}"),
            Self::Unreadable(path, _) => write!(f, "{} cannot be read", path.display()),
            Self::Malformed { path, line, message } => write!(f, "{}:{line}: {message}", path.display()),
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(_, error) => Some(error),
            Self::NotYet(_) | Self::NoHome | Self::Size(_) | Self::Variable { .. } | Self::Malformed { .. } => None,
        }
    }
}

/// What a configuration file may say to both programs. What else is there is for the endpoint server, which knows it
/// and refuses what it does not know.
#[derive(Debug, Default, Deserialize)]
struct File {
    store: Option<String>,
    keyring: Option<PathBuf>,
    cache: Option<String>,
    #[serde(default)]
    tokens: tokens::Tokens,
}

impl Config {
    /// Decides. `env` tells the environment; an empty variable counts as none.
    ///
    /// # Errors
    /// Where what was asked for cannot be used. Nothing is created here.
    pub fn decide(globals: &Globals, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        let directory = env("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| env("HOME").map(|home| Path::new(&home).join(".config")))
            .map(|config| config.join("hallpass"));
        let chosen = globals.config.clone().or_else(|| env("HALLPASS_CONFIG").map(PathBuf::from));
        let (file, path) = read(chosen, directory.as_deref())?;
        let directory = directory.or_else(|| path.as_ref().and_then(|path| path.parent()).map(Path::to_owned));
        let store = globals.store.clone().or_else(|| env("HALLPASS_STORE")).or(file.store);
        let keyring = globals.keyring.clone().or_else(|| env("HALLPASS_KEYRING").map(PathBuf::from)).or(file.keyring);
        let keyring = keyring.or_else(|| directory.as_ref().map(|d| d.join("keyring"))).ok_or(ConfigError::NoHome)?;
        let cache = globals.cache.clone().or_else(|| env("HALLPASS_CACHE")).or(file.cache);
        let policy = file.tokens.policy(&env)?;
        Ok(Self {
            policy,
            store: place(store.as_deref().unwrap_or("./hallpass-data"))?,
            directory: directory.unwrap_or_else(|| keyring.parent().unwrap_or(Path::new(".")).to_owned()),
            keyring,
            cache_bytes: cache.map_or(Ok(CACHE), |text| size(&text))?,
            file: path,
        })
    }
}

/// The file that was asked for must be there; the default one may be missing.
fn read(chosen: Option<PathBuf>, directory: Option<&Path>) -> Result<(File, Option<PathBuf>), ConfigError> {
    let asked = chosen.is_some();
    let Some(path) = chosen.or_else(|| directory.map(|d| d.join("config.toml"))) else {
        return Ok((File::default(), None));
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !asked => return Ok((File::default(), None)),
        Err(error) => return Err(ConfigError::Unreadable(path, error)),
    };
    let line = |at: usize| text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1;
    let file: File = match toml::from_str(&text) {
        Ok(file) => file,
        Err(error) => {
            let (line, message) = (line(error.span().map_or(0, |span| span.start)), error.message().trim_end());
            return Err(ConfigError::Malformed { path, line, message: message.replace('\n', ", ") });
        }
    };
    match file.tokens.contradiction() {
        Some((at, message)) => Err(ConfigError::Malformed { path, line: line(at), message: message.into() }),
        None => Ok((file, Some(path))),
    }
}

/// The known name that is nearest to the one that a message says is unknown. serde lists what it expected.
fn near(message: &str) -> Option<&str> {
    let (unknown, expected) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let known = expected.split('`').skip(1).step_by(2).map(|name| (strsim::jaro_winkler(unknown, name), name));
    known.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(nearness, _)| *nearness > 0.8).map(|(_, name)| name)
}

fn place(text: &str) -> Result<Where, ConfigError> {
    if text == "memory:" {
        return Ok(Where::Memory);
    }
    if text.starts_with("etcd://") {
        return Err(ConfigError::NotYet("etcd://".into()));
    }
    Ok(Where::Directory(text.into()))
}

/// A number of bytes with K, M or G (powers of 1024) behind it.
fn size(text: &str) -> Result<u64, ConfigError> {
    let wrong = || ConfigError::Size(text.to_owned());
    let (digits, shift) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 10),
        Some((at, 'm' | 'M')) => (&text[..at], 20),
        Some((at, 'g' | 'G')) => (&text[..at], 30),
        Some(_) | None => (text, 0),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(globals: &Globals, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::decide(globals, &|name| env.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn an_option_outranks_the_environment_and_that_the_default() {
        let home = ("HOME", "/nowhere");
        let options = Globals { store: Some("memory:".into()), ..Globals::default() };
        let default = decide(&Globals::default(), &[home]).unwrap();
        assert_eq!(default.store, Where::Directory("./hallpass-data".into()));
        assert_eq!(default.keyring, Path::new("/nowhere/.config/hallpass/keyring"));
        let env = [home, ("HALLPASS_STORE", "elsewhere"), ("XDG_CONFIG_HOME", "/x"), ("HALLPASS_CACHE", "2M")];
        let from_env = decide(&Globals::default(), &env).unwrap();
        assert_eq!(from_env.store, Where::Directory("elsewhere".into()));
        assert_eq!(from_env.keyring, Path::new("/x/hallpass/keyring"));
        assert_eq!(from_env.cache_bytes, 2 << 20);
        assert_eq!(decide(&options, &env).unwrap().store, Where::Memory);
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        let home = [("HOME", "/nowhere")];
        let with = |store: &str| Globals { store: Some(store.into()), ..Globals::default() };
        assert!(matches!(decide(&with("etcd://a"), &home), Err(ConfigError::NotYet(_))));
        assert!(matches!(decide(&Globals::default(), &[]), Err(ConfigError::NoHome)));
        let cache = Globals { cache: Some("much".into()), ..Globals::default() };
        assert!(matches!(decide(&cache, &home), Err(ConfigError::Size(_))));
        let config = Globals { config: Some("/nowhere/c.toml".into()), ..Globals::default() };
        assert!(matches!(decide(&config, &home), Err(ConfigError::Unreadable(..))));
    }
}
