//! Figures of the store, paired with SQLite where it does the same work: `benches/store-figures [SECTION...]`.
//!
//! Sections: commits, gets, load (a million tokens), product (the same of our own rows), change (one of 200,000 rows),
//! takeover; HALLPASS_TOKENS for other numbers. Each line is
//! `name value unit`, for people and scripts.

#[path = "../people.rs"]
mod people;
mod product;

use std::{
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use hallpass::{
    domain::Entropy,
    store::{
        Change, Committed, Revision, Role, Store, Write,
        local::{self, LocalStore, Options, Tenure},
    },
};

struct Mixed(AtomicU64);

impl Mixed {
    fn next(&self) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Entropy for Mixed {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

fn open(dir: &Path, tenure: Tenure) -> Result<LocalStore> {
    let options = Options { cache_bytes: Options::CACHE, tenure, program: "bench".into() };
    let seed = u64::from(std::process::id()) << 32 | Instant::now().elapsed().subsec_nanos() as u64;
    static OPENED: AtomicU64 = AtomicU64::new(1);
    Ok(local::open(dir, options, &Mixed(AtomicU64::new(seed ^ OPENED.fetch_add(1, Ordering::Relaxed) << 20)))?)
}

fn say(name: &str, value: f64, unit: &str) {
    let _ = writeln!(std::io::stdout(), "{name:58} {value:12.2} {unit}");
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let [role, rest @ ..] = words.as_slice()
        && role == "child"
    {
        return child(rest);
    }
    let wanted = |section: &str| words.is_empty() || words.iter().any(|word| word == section);
    let at = std::env::var_os("HALLPASS_BENCH_DIR").unwrap_or_else(|| "target".into());
    std::fs::create_dir_all(&at)?;
    if wanted("commits") {
        commits(Path::new(&at))?;
    }
    if wanted("takeover") {
        takeover(Path::new(&at))?;
    }
    if wanted("change") {
        change(Path::new(&at))?;
    }
    if wanted("load") || wanted("gets") {
        load(Path::new(&at), tokens())?;
    }
    if wanted("product") {
        let dir = tempfile::tempdir_in(&at)?;
        run(&["product-load", &tokens().to_string()], dir.path())?;
        run(&["product-read", &tokens().to_string()], dir.path())?;
    }
    Ok(())
}

fn tokens() -> u64 {
    std::env::var("HALLPASS_TOKENS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000)
}

const SECONDS: f64 = 3.0;

/// Durable commits of two rows, ours and SQLite's by turns.
fn commits(at: &Path) -> Result<()> {
    for writers in [1, 64] {
        let (mut ours, mut served, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..3 {
            theirs.push(sqlite(at, writers)?);
            let dir = tempfile::tempdir_in(at)?;
            let owner = open(&dir.path().join("s"), Tenure::Server)?;
            ours.push(rate(&owner, writers)?);
            served.push(rate_of_child(&dir.path().join("s"), writers)?);
        }
        let [ours, served, theirs] = [ours, served, theirs].map(median);
        say(&format!("durable commits, {writers} writers, SQLite"), theirs, "per s");
        say(&format!("durable commits, {writers} writers, in process"), ours, "per s");
        say(&format!("durable commits, {writers} writers, through the socket"), served, "per s");
        say(&format!("ratio to SQLite, {writers} writers, in process"), ours / theirs, "times");
        say(&format!("ratio to SQLite, {writers} writers, through the socket"), served / theirs, "times");
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn sqlite(at: &Path, writers: u64) -> Result<f64> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/store/sqlite_peer.py");
    let output =
        Command::new("python3").arg(script).arg(writers.to_string()).arg(SECONDS.to_string()).arg(at).output()?;
    let text = String::from_utf8(output.stdout)?;
    text.trim().parse().with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

fn rate(store: &LocalStore, writers: u64) -> Result<f64> {
    let began = Instant::now();
    let counts: Result<Vec<u64>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..writers).map(|writer| scope.spawn(move || write_on(store, writer))).collect();
        running.into_iter().map(|thread| thread.join().expect("a writer does not panic")).collect()
    });
    Ok(counts?.iter().sum::<u64>() as f64 / began.elapsed().as_secs_f64())
}

fn write_on(store: &LocalStore, writer: u64) -> Result<u64> {
    let began = Instant::now();
    let mut n = 0;
    while began.elapsed().as_secs_f64() < SECONDS {
        let writes = vec![
            row(format!("t{writer}.{n}").into_bytes(), vec![b'v'; 150]),
            row(format!("i{writer}.{n}").into_bytes(), b"12345678".to_vec()),
        ];
        store.sync(apply(store, writes, true)?)?;
        n += 1;
    }
    Ok(n)
}

fn row(key: Vec<u8>, value: Vec<u8>) -> Write {
    Write { key, value: Some(value) }
}

fn apply(store: &LocalStore, writes: Vec<Write>, syncs: bool) -> Result<Revision> {
    match store.commit(Change { writes, syncs, ..Change::default() })? {
        Committed::Applied(revision) => Ok(revision),
        Committed::Conflict(at) => bail!("a conflict at {at:?}"),
    }
}

/// Another process of this program on the same store.
struct Peer(Child, BufReader<std::process::ChildStdout>);

impl Peer {
    fn start(words: &[&str], dir: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("child")
            .args(words)
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = BufReader::new(child.stdout.take().context("it was piped")?);
        Ok(Self(child, out))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.1.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn rate_of_child(dir: &Path, writers: u64) -> Result<f64> {
    Ok(Peer::start(&["write", &writers.to_string()], dir)?.line()?.parse()?)
}

fn child(words: &[String]) -> Result<()> {
    let (dir, words) = words.split_last().context("a directory")?;
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut out = std::io::stdout();
    match words.as_slice() {
        ["write", writers] => {
            let store = open(Path::new(dir), Tenure::Visitor)?;
            anyhow::ensure!(store.role() == Role::Attached);
            writeln!(out, "{}", rate(&store, writers.parse()?)?)?;
        }
        ["own"] => {
            let store = open(Path::new(dir), Tenure::Server)?;
            writeln!(out, "{:?}", store.role())?;
            let _ = std::io::stdin().read_line(&mut String::new())?;
        }
        ["get", tokens] => {
            let store = open(Path::new(dir), Tenure::Visitor)?;
            gets(&store, tokens.parse()?, "through the socket", 50_000)?;
        }
        ["read", tokens] => {
            let began = Instant::now();
            let store = open(Path::new(dir), Tenure::Visitor)?;
            say("open", began.elapsed().as_secs_f64(), "s");
            say("resident after opening", resident("VmRSS"), "MB");
            gets(&store, tokens.parse()?, "in process", 300_000)?;
            say("resident after 300,000 random gets", resident("VmRSS"), "MB");
            let dir = dir.clone();
            let mut peer = Peer::start(&["get", words[1]], Path::new(&dir))?;
            loop {
                let line = peer.line()?;
                if line.is_empty() {
                    break;
                }
                writeln!(out, "{line}")?;
            }
        }
        ["load", tokens] => {
            let store = open(Path::new(dir), Tenure::Visitor)?;
            let began = Instant::now();
            let tokens: u64 = tokens.parse()?;
            let mut last = Revision(0);
            for first in (0..tokens).step_by(200) {
                let mut writes = Vec::with_capacity(400);
                for n in first..(first + 200).min(tokens) {
                    writes.push(row(key(n), vec![b'v'; 150]));
                    writes.push(row(index(n), n.to_be_bytes().to_vec()));
                }
                last = apply(&store, writes, false)?;
            }
            store.sync(last)?;
            say(&format!("load of {tokens} tokens"), began.elapsed().as_secs_f64(), "s");
            store.close()?;
            say("load, closed", began.elapsed().as_secs_f64(), "s");
            say("load, peak resident", resident("VmHWM"), "MB");
        }
        ["product-load", tokens] => product::load(Path::new(dir), tokens.parse()?)?,
        ["product-read", tokens] => product::read(Path::new(dir), tokens.parse()?)?,
        ["change", rows] => {
            let store = open(Path::new(dir), Tenure::Visitor)?;
            let rows: u64 = rows.parse()?;
            let writes = (0..rows).map(|n| row(key(n), vec![b'v'; 150])).collect();
            let began = Instant::now();
            store.sync(apply(&store, writes, true)?)?;
            say(&format!("one change of {rows} rows"), began.elapsed().as_secs_f64(), "s");
            store.checkpoint()?;
            say("one change, peak resident", resident("VmHWM"), "MB");
        }
        other => bail!("what is {other:?}?"),
    }
    Ok(())
}

fn mix(n: u64) -> u64 {
    Mixed(AtomicU64::new(n.wrapping_mul(0x2545_f491_4f6c_dd1d))).next()
}

/// Random keys, as digests are.
fn index(n: u64) -> Vec<u8> {
    [b"d".as_slice(), &mix(n).to_be_bytes(), &mix(!n).to_be_bytes(), &mix(n ^ 77).to_be_bytes(), &n.to_be_bytes()]
        .concat()
}

fn key(n: u64) -> Vec<u8> {
    [b"t".as_slice(), &mix(n ^ 5).to_be_bytes(), &n.to_be_bytes()].concat()
}

fn resident(what: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn gets(store: &LocalStore, tokens: u64, how: &str, count: u64) -> Result<()> {
    let mut times = Vec::with_capacity(usize::try_from(count)?);
    for n in 0..count {
        let which = mix(n ^ 0xabcd) % tokens;
        let began = Instant::now();
        let found = store.get(&index(which))?.found;
        times.push(began.elapsed());
        anyhow::ensure!(found.is_some_and(|row| row.value == which.to_be_bytes()), "token {which}");
    }
    times.sort();
    let at = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e6;
    say(&format!("get {how}, {tokens} tokens, p50"), at(50), "us");
    say(&format!("get {how}, {tokens} tokens, p99"), at(99), "us");
    Ok(())
}

fn run(words: &[&str], dir: &Path) -> Result<()> {
    let status = Command::new(std::env::current_exe()?).arg("child").args(words).arg(dir).status()?;
    anyhow::ensure!(status.success(), "{words:?} failed");
    Ok(())
}

fn load(at: &Path, tokens: u64) -> Result<()> {
    let dir = tempfile::tempdir_in(at)?;
    let store = dir.path().join("s");
    run(&["load", &tokens.to_string()], &store)?;
    run(&["read", &tokens.to_string()], &store)
}

fn change(at: &Path) -> Result<()> {
    let dir = tempfile::tempdir_in(at)?;
    run(&["change", "200000"], &dir.path().join("s"))
}

/// From the death of the owner to the next acknowledged commit of an attached process.
fn takeover(at: &Path) -> Result<()> {
    let dir = tempfile::tempdir_in(at)?;
    let store = dir.path().join("s");
    run(&["load", "10000"], &store)?;
    let mut times = Vec::new();
    let mut survivor = None;
    for n in 0..20_u64 {
        let mut owner = Peer::start(&["own"], &store)?;
        anyhow::ensure!(owner.line()? == "Owner");
        let attached = survivor.take().map_or_else(|| open(&store, Tenure::Visitor), Ok)?;
        attached.sync(apply(&attached, vec![row(b"k".to_vec(), n.to_be_bytes().to_vec())], true)?)?;
        anyhow::ensure!(attached.role() == Role::Attached);
        owner.0.kill()?;
        let began = Instant::now();
        attached.sync(apply(&attached, vec![row(b"k".to_vec(), n.to_be_bytes().to_vec())], true)?)?;
        times.push(began.elapsed());
        survivor = Some(attached);
    }
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    say("take-over after SIGKILL, 10,000 tokens, median", ms(times[times.len() / 2]), "ms");
    say("take-over after SIGKILL, 10,000 tokens, worst of 20", ms(times[times.len() - 1]), "ms");
    Ok(())
}
