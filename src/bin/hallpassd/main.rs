//! The endpoint server: reads its configuration, listens, opens the store and serves until a signal ends it.

use std::{
    fs, io,
    net::TcpListener,
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    process::ExitCode,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use clap::FromArgMatches;
use hallpass::{
    authority::{Authority, KeyringAt},
    clock::SystemClock,
    config::{Config, Where},
    domain::{Actor, Channel, Entropy},
    http::{Listen, Listener, Phase, Server, Settings},
    random::SystemEntropy,
    store::{
        Store, StoreId,
        local::{Options, Tenure, open},
        memory::MemoryStore,
    },
    telemetry,
    ui::{Paint, Stream, Ui},
};
use rustix::process::{Resource, Rlimit};
use signal_hook::{consts, iterator::Signals};
use tokio::sync::watch;

mod options;

use options::{Args, Do};

/// Why there is no server.
struct Failure {
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    code: u8,
}

impl Failure {
    fn new(code: u8, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), causes: Vec::new(), hints: vec![hint.into()], code }
    }

    fn of(code: u8, error: &dyn std::error::Error, hint: Option<String>) -> Self {
        let causes = std::iter::successors(error.source(), |error| error.source()).map(ToString::to_string).collect();
        Self { message: error.to_string(), causes, hints: hint.into_iter().collect(), code }
    }
}

const REFUSED: u8 = 1;
const UNAVAILABLE: u8 = 3;

/// How often the counted uses of tokens are written down: what people ask of them is the day, not the second. With a
/// round of up to ten seconds ([`AT_A_TICK`]: 30,000 tokens) nothing is older than the minute that is promised.
const WRITE_DOWN: Duration = Duration::from_secs(50);
/// They are written little by little, of so many tokens in each of these spans: nobody notices, and memory stays flat.
const TICK: Duration = Duration::from_millis(100);
const AT_A_TICK: usize = 300;

fn main() -> ExitCode {
    let matches = options::declaration().get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let ui = Ui::new(&|name| std::env::var(name).ok());
    match run(&args, &ui) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { message, causes, hints, code }) => {
            ui.error(&message, &causes, &hints);
            ExitCode::from(code)
        }
    }
}

fn run(args: &Args, ui: &Ui) -> Result<(), Failure> {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let config =
        Config::decide(&args.globals, &env).map_err(|error| Failure::of(REFUSED, &error, Some(error.hint())))?;
    let settings = settings(args, &config, &env)?;
    if let Some(Do::Check) = args.command {
        let file = config.file.as_deref().map_or_else(|| "the defaults".into(), |path| path.display().to_string());
        ui.status(&format!("Nothing is wrong with {file}."));
        return Ok(());
    }
    telemetry::start(ui.paint(Stream::Err) == Paint::Colour);
    prepare_process();
    // Before the store: where the port is taken, a shell that has the store open keeps it.
    let listeners = settings.listen.iter().map(bind).collect::<Result<Vec<_>, _>>()?;
    let metrics = settings.metrics.listen.as_ref().map(bind).transpose()?;
    let authority = authority(&config)?;
    let drain = settings.limits.drain;
    let server = Server::new(authority.clone(), settings);
    let server = Arc::new(server.map_err(|error| Failure::of(UNAVAILABLE, &error, None))?);
    if let Some((listener, listen)) = metrics {
        server.export(listener).map_err(|error| Failure::of(UNAVAILABLE, &error, None))?;
        ui.status(&format!("metrics on {listen}/metrics"));
    }
    let (phase, phases) = watch::channel(Phase::Serving);
    let (stop, stopped) = mpsc::channel();
    let signals = Signals::new([consts::SIGTERM, consts::SIGINT, consts::SIGHUP]);
    let signals = signals.map_err(|error| Failure::of(UNAVAILABLE, &error, None))?;
    let housekeeping = {
        let authority = authority.clone();
        thread::spawn(move || keep_house(&authority, &stopped))
    };
    let (listeners, places): (Vec<_>, Vec<_>) = listeners.into_iter().unzip();
    let obedient = {
        let (args, server, authority) = (args.clone(), Arc::downgrade(&server), authority.clone());
        move || {
            obey(signals, &phase, drain, &|| {
                if let Some(server) = server.upgrade() {
                    reload(&args, &server, &authority);
                }
            });
        }
    };
    thread::spawn(obedient);
    for place in &places {
        ui.status(&format!("listening on {place}"));
    }
    let served = server.run(listeners, &phases);
    // What was counted is written, and all is durable, before the process says that it is done.
    drop(stop);
    let _ = housekeeping.join();
    for place in &places {
        if let Listen::Unix(path) = place {
            let _ = fs::remove_file(path);
        }
    }
    served.map_err(|error| Failure::of(UNAVAILABLE, &error, None))
}

/// The configuration of the server: the file, the environment, the flags, the later ones before the earlier.
fn settings(args: &Args, config: &Config, env: &dyn Fn(&str) -> Option<String>) -> Result<Settings, Failure> {
    let mut settings = Settings::default();
    settings.complete();
    if let Some(path) = &config.file {
        let text = fs::read_to_string(path).map_err(|error| {
            let message = format!("{} cannot be read", path.display());
            Failure {
                causes: vec![error.to_string()],
                ..Failure::new(REFUSED, message, "give another file with --config")
            }
        })?;
        settings = Settings::parse(&text).map_err(|error| {
            let message = format!("{}:{}: {}", path.display(), error.line, error.message);
            Failure::new(REFUSED, message, error.hint())
        })?;
    }
    let listen = match (args.listen.is_empty(), env("HALLPASS_LISTEN")) {
        (false, _) => args.listen.clone(),
        (true, Some(list)) => {
            let parsed = list.split(',').map(|place| place.trim().parse()).collect::<Result<Vec<Listen>, _>>();
            parsed.map_err(|error| {
                Failure::new(REFUSED, format!("HALLPASS_LISTEN: {error}"), "HALLPASS_LISTEN=127.0.0.1:10000")
            })?
        }
        (true, None) => Vec::new(),
    };
    if !listen.is_empty() {
        settings.listen = listen;
    }
    if settings.listen.is_empty() {
        settings.listen = vec![Listen::Tcp(([127, 0, 0, 1], 10_000).into())];
    }
    settings.insecure |= args.insecure || env("HALLPASS_INSECURE").is_some_and(|value| value != "0");
    let public = settings.listen.iter().find(|listen| !listen.is_local());
    match public {
        Some(listen) if !settings.insecure && settings.proxies.trusted.is_empty() => Err(Failure {
            hints: vec![
                "put a proxy with TLS before it and name it: [proxies] trusted = [\"10.0.0.1\"]".into(),
                "or say that plain text is meant: --insecure".into(),
            ],
            ..Failure::new(REFUSED, format!("{listen} would carry keys as plain text beyond this machine"), "")
        }),
        Some(_) | None => Ok(settings),
    }
}

/// No core dumps, which would hold keys; as many open files as the system lets this process have.
fn prepare_process() {
    telemetry::leave_no_core();
    // Where the system refuses, the server still works.
    let files = rustix::process::getrlimit(Resource::Nofile);
    let _ = rustix::process::setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
}

fn bind(listen: &Listen) -> Result<(Listener, Listen), Failure> {
    let bound = match listen {
        Listen::Tcp(address) => TcpListener::bind(address).and_then(|listener| {
            let real = listener.local_addr()?;
            Ok((Listener::Tcp(listener), Listen::Tcp(real)))
        }),
        Listen::Unix(path) => bind_path(path).map(|listener| (Listener::Unix(listener), listen.clone())),
    };
    bound.map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => "another process listens there; stop it, or choose another place with --listen",
            io::ErrorKind::PermissionDenied => "choose a port above 1023 with --listen",
            _ => "choose another place with --listen",
        };
        Failure { causes: vec![words(&error)], ..Failure::new(UNAVAILABLE, format!("cannot listen on {listen}"), hint) }
    })
}

/// A socket that a server left behind when it was killed is in nobody's way.
fn bind_path(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => match UnixStream::connect(path) {
            Err(nobody) if nobody.kind() == io::ErrorKind::ConnectionRefused => {
                fs::remove_file(path)?;
                UnixListener::bind(path)
            }
            Ok(_) | Err(_) => Err(error),
        },
        other => other,
    }
}

/// The system's words for an error, without its number.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn authority(config: &Config) -> Result<Authority, Failure> {
    let entropy = Arc::new(SystemEntropy);
    let (store, keyring): (Arc<dyn Store>, _) = match &config.store {
        Where::Memory => {
            let mut id = [0; 16];
            entropy.fill(&mut id);
            (Arc::new(MemoryStore::new(StoreId(id))), KeyringAt::Process)
        }
        Where::Directory(dir) => {
            // What is remembered of tokens answers nearly every request; of the rows beneath it little is needed.
            let cache_bytes = config.cache_bytes / 8;
            let options = Options { cache_bytes, tenure: Tenure::Server, program: "hallpassd".into() };
            let store = open(dir, options, &*entropy);
            let store = store.map_err(|error| Failure::of(UNAVAILABLE, &error, error.hint()))?;
            (Arc::new(store), KeyringAt::File(&config.keyring))
        }
    };
    let authority = Authority::open(store, keyring, config.policy.clone(), Arc::new(SystemClock), entropy)
        .map_err(|error| Failure::of(UNAVAILABLE, &error, error.hint()))?;
    authority.remember(usize::try_from(config.cache_bytes / 2).unwrap_or(usize::MAX));
    Ok(authority)
}

/// Keeps what the authority remembers fresh, and writes the counted uses down: from time to time, and all that is left
/// at the end.
fn keep_house(authority: &Authority, stopped: &mpsc::Receiver<()>) {
    let actor = Actor::new("hallpassd", None, Channel::System);
    let mut session = authority.session(actor);
    let mut write = |most: usize| {
        let written = authority.write_usage(&mut session, most).map_err(|error| error.to_string());
        let written = written.and_then(|n| session.settle().map(|_| n).map_err(|error| error.to_string()));
        written.unwrap_or_else(|error| {
            tracing::warn!(error, "the uses of tokens could not be written down");
            0
        })
    };
    let mut next = Instant::now() + WRITE_DOWN;
    let mut begun = None;
    loop {
        if let Err(error) = authority.refresh() {
            tracing::warn!(%error, "the tokens could not be read");
        }
        if stopped.recv_timeout(TICK) == Err(mpsc::RecvTimeoutError::Disconnected) {
            while write(usize::MAX) > 0 {}
            return;
        }
        // A round that is not over goes on at the next tick; the next one counts from its begin.
        let now = Instant::now();
        if now >= next {
            let begun_at = *begun.get_or_insert(now);
            if write(AT_A_TICK) < AT_A_TICK {
                next = begun_at + WRITE_DOWN;
                begun = None;
            }
        }
    }
}

/// Does what signals say: SIGTERM and SIGINT drain, a second one hurries, SIGHUP reads the configuration again.
fn obey(mut signals: Signals, phase: &watch::Sender<Phase>, drain: Duration, reload: &dyn Fn()) {
    let mut asked = 0;
    for signal in signals.forever() {
        if signal == consts::SIGHUP {
            reload();
            continue;
        }
        asked += 1;
        if asked > 1 {
            let _ = phase.send(Phase::Hurried);
            continue;
        }
        let _ = phase.send(Phase::Draining);
        let late = phase.clone();
        thread::spawn(move || {
            thread::park_timeout(drain);
            let _ = late.send(Phase::Hurried);
        });
    }
}

/// Reads the configuration again. One that is refused changes nothing.
fn reload(args: &Args, server: &Server, authority: &Authority) {
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let decided = Config::decide(&args.globals, &env).map_err(|error| Failure::of(REFUSED, &error, None));
    let done = decided.and_then(|config| Ok((settings(args, &config, &env)?, config.policy))).and_then(
        |(settings, policy)| {
            server.reconfigure(settings).map_err(|error| Failure::of(UNAVAILABLE, &error, None))?;
            authority.set_policy(policy);
            Ok(())
        },
    );
    match done {
        Ok(()) => tracing::info!("the configuration was read again"),
        Err(failure) => tracing::error!(why = failure.message, "the configuration stays as it was"),
    }
}
