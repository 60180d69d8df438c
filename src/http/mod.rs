//! The endpoint server: `Authorization: Token <key>` as Django REST Framework answers it.
//!
//! | file | what it is for |
//! |---|---|
//! | `serve`, `gate`, `wire`, `buffers` | connections: accepting, limits, deadlines, the drain; hyper sees what the gate lets through |
//! | `cores` | which thread serves a connection |
//! | `swift` | what can be answered at once never comes to hyper |
//! | `head`, `fields`, `chunks` | the grammar of heads and chunked bodies, as strict as gunicorn's |
//! | `site`, `asked`, `reply`, `cookies` | a request as Django sees it, its route, the middlewares' headers |
//! | `drf`, `negotiation`, `protected`, `obtain` | DRF's views |
//! | `credentials` | the grammar of `Authorization` |
//! | `body`, `form`, `multipart`, `pyjson`, `params`, `charset`, `text`, `base64` | what DRF's parsers read, with Python's words for what is wrong |
//! | `trigger`, `runs` | what a request sets off |
//! | `forward` | forward-auth for nginx and Caddy |
//! | `rate`, `ban`, `lane` | who has to wait; threads for what takes time |
//! | `metrics`, `exporter`, `access`, `trace` | figures, the access log, and what is remembered of a request |
//! | `settings`, `address` | the configuration |

mod access;
mod address;
mod asked;
mod ban;
mod base64;
mod body;
mod buffers;
mod charset;
mod chunks;
mod cookies;
mod cores;
mod credentials;
mod drf;
mod exporter;
mod fields;
mod form;
mod forward;
mod gate;
mod head;
mod lane;
mod metrics;
mod multipart;
mod negotiation;
mod obtain;
mod params;
mod protected;
mod pyjson;
mod rate;
mod reply;
mod runs;
mod serve;
mod settings;
mod site;
mod swift;
mod text;
mod trace;
mod trigger;
mod wire;

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use tokio::sync::watch;

pub use address::{Listen, Network, NoListen, NoNetwork, Peer};
pub use rate::Rate;
pub use serve::Listener;
pub use settings::{Limits, Log, Metrics, Passwords, Proxies, Settings, SettingsError, Throttle, Trigger};

use crate::authority::Authority;
use access::LineLog;
use cores::Cores;
use lane::{Lane, Lookups, Precedence};
use serve::Current;
use site::{Site, Standing};

/// What a server is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// It serves.
    Serving,
    /// It takes no more connections and finishes what it has accepted.
    Draining,
    /// It ends at once.
    Hurried,
}

/// Look-ups that wait while the store is slow; the next is answered 503.
const WAITING_LOOKUPS: usize = 1024;
/// Threads for them.
const LOOKUP_THREADS: usize = 4;
/// How often the end, while it waits for a run, looks whether it is to be a hurried one.
const PATIENCE: Duration = Duration::from_millis(20);

/// A server that is ready to run.
#[derive(Debug)]
pub struct Server {
    standing: Standing,
    current: Arc<Current>,
}

impl Server {
    /// Prepares a server.
    ///
    /// # Errors
    /// The access log cannot be opened, or the system gives no threads.
    pub fn new(authority: Authority, settings: Settings) -> io::Result<Self> {
        let passwords = &settings.passwords;
        let standing = Standing {
            authority,
            lookups: Arc::new(Lookups::start(LOOKUP_THREADS, WAITING_LOOKUPS)?),
            logins: Lane::start("passwords", passwords.at_once, passwords.waiting, Precedence::Behind)?,
            metrics: Arc::default(),
            runs: Arc::default(),
            draining: Arc::new(AtomicBool::new(false)),
        };
        let site = site(&standing, settings)?;
        Ok(Self { standing, current: Arc::new(Current::new(site)) })
    }

    /// Goes on under another configuration. What listens, the number of connections and the threads for passwords
    /// stay as they were at the start.
    ///
    /// # Errors
    /// The access log cannot be opened: everything stays as it was.
    pub fn reconfigure(&self, settings: Settings) -> io::Result<()> {
        self.current.replace(site(&self.standing, settings)?);
        Ok(())
    }

    /// Serves the figures at `listener` from now on.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn export(&self, listener: Listener) -> io::Result<()> {
        exporter::start(listener, Arc::clone(&self.current))
    }

    /// Serves at `listeners` until `phase` says to end; returns when the last connection and what it set off are over.
    ///
    /// # Errors
    /// The system gives no threads or does not take the listeners.
    pub fn run(&self, listeners: Vec<Listener>, phase: &watch::Receiver<Phase>) -> io::Result<()> {
        let served = serve::serve(listeners, &self.current, phase, &Cores::of_this_process());
        // A run whose client went away has been accepted, too.
        while !self.standing.runs.wait(PATIENCE) {
            if *phase.borrow() == Phase::Hurried || phase.has_changed().is_err() {
                self.standing.runs.end_all();
            }
        }
        served
    }
}

fn site(standing: &Standing, settings: Settings) -> io::Result<Site> {
    let log = settings.log.access.as_deref().map(LineLog::open).transpose()?;
    Ok(Site::new(standing, settings, log))
}
