//! A file system in memory that knows what is durable, in a process of its own: it never opens anything in its own
//! mount and never waits for anybody who does.

mod serve;
mod state;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use fuser::{Config, MountOption};

use serve::CutFs;
use state::{Cut, Fault, State};

const VARIABLE: &str = "HALLPASS_TEST_CUTFS";

/// A mounted power-cut file system.
pub(crate) struct Mount {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pub(crate) at: PathBuf,
}

/// Whether this machine can mount one, or why not.
pub(crate) fn available() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("mounting needs root".into());
    }
    fs::OpenOptions::new().read(true).write(true).open("/dev/fuse").map(drop).map_err(|e| format!("/dev/fuse: {e}"))
}

impl Mount {
    /// Mounts at `at`, with what `from` holds if it is given.
    pub(crate) fn start(at: &Path, from: Option<&Path>) -> Self {
        fs::create_dir_all(at).expect("a place to mount");
        let mut child = Command::new(std::env::current_exe().expect("the test binary"))
            .args(["--exact", "cutfs::cut_file_system", "--nocapture", "--test-threads=1"])
            .env(VARIABLE, at)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the test binary starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("it was piped"));
        let mut mount = Self { child, input, output, at: at.to_path_buf() };
        mount.ask(&format!("mount {}", from.map_or("-".into(), |from| from.display().to_string())));
        mount
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        let input = self.input.as_mut().expect("it is open until the end");
        writeln!(input, "{line}").expect("the file system lives");
        loop {
            let mut answer = String::new();
            let read = self.output.read_line(&mut answer).expect("it answers");
            assert!(read > 0, "the file system died");
            if let Some((_, answer)) = answer.split_once('@') {
                return answer.trim().to_owned();
            }
        }
    }

    /// Makes images into `out` from now on: at every `every`th operation one of each kind, until there are `limit`.
    pub(crate) fn cut(&mut self, every: u64, limit: u64, seed: u64, acknowledged: &Path, out: &Path) {
        fs::create_dir_all(out).expect("a place for images");
        self.ask(&format!("cut {every} {limit} {seed} {} {}", acknowledged.display(), out.display()));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Its death ends every request that waits for it; then nobody holds the mount.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = Command::new("umount").arg("-l").arg(&self.at).stderr(Stdio::null()).status();
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n@{line}").and_then(|()| out.flush()).expect("somebody listens");
}

/// Not a test by itself: the process of the file system. Without its variable it has nothing to do.
#[test]
fn cut_file_system() {
    let Ok(at) = std::env::var(VARIABLE) else { return };
    let fs = CutFs::new();
    let mut session = None;
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let words: Vec<_> = line.split(' ').collect();
        match words.as_slice() {
            ["mount", from] => {
                if *from != "-" {
                    fs.state().load(Path::new(from)).expect("it can be read");
                }
                let mut config = Config::default();
                config.mount_options = vec![MountOption::FSName("cutfs".into()), MountOption::RW];
                session = Some(fuser::spawn_mount(fs.clone(), Path::new(&at), &config).expect("it mounts"));
                say("mounted");
            }
            ["cut", every, limit, seed, acknowledged, out] => {
                let number = |text: &str| text.parse().expect("a number");
                let images = Images {
                    every: number(every),
                    left: number(limit),
                    seed: number(seed),
                    acknowledged: PathBuf::from(acknowledged),
                    out: PathBuf::from(out),
                };
                install(&fs, images);
                say("cutting");
            }
            ["stop"] => {
                *fs.hook.lock().expect("the hook does not panic") = None;
                say(&fs.state().operations.to_string());
            }
            ["capacity", bytes] => {
                let mut state = fs.state();
                state.faults.capacity = match *bytes {
                    "none" => None,
                    "full" => Some(state.used()),
                    bytes => Some(bytes.parse().expect("a number")),
                };
                say("set");
            }
            ["fail", what, after, lasting] => {
                let fault = Fault { after: after.parse().expect("a number"), lasting: *lasting == "lasting" };
                let mut state = fs.state();
                match *what {
                    "write" => state.faults.write = Some(fault),
                    "forgetful" => {
                        state.faults.sync = Some(fault);
                        state.faults.forgetful = true;
                    }
                    _ => state.faults.sync = Some(fault),
                }
                say("set");
            }
            ["heal"] => {
                fs.state().faults = state::Faults::default();
                say("set");
            }
            other => say(&format!("what is {other:?}?")),
        }
    }
    drop(session);
}

struct Images {
    every: u64,
    left: u64,
    seed: u64,
    acknowledged: PathBuf,
    out: PathBuf,
}

fn install(fs: &CutFs, mut images: Images) {
    let mut made = 0_u64;
    let hook = move |state: &State| {
        // Each seed looks at other moments.
        if images.left == 0 || state.operations % images.every != images.seed % images.every {
            return;
        }
        // Read before the image is made: what is acknowledged later need not be in it.
        let acknowledged = fs::read(&images.acknowledged).unwrap_or_default();
        let seed = images.seed.wrapping_mul(1_000_003).wrapping_add(state.operations);
        let cuts = [
            Cut::Strict,
            Cut::Keep,
            Cut::NoGrowth,
            Cut::Pieces { seed, grain: 512, percent: 50 },
            Cut::Pieces { seed: !seed, grain: 4096, percent: 50 },
            Cut::Pieces { seed: seed ^ 0xff, grain: 4096, percent: 90 },
            Cut::Prefix { seed, grain: 512 },
            Cut::Prefix { seed: !seed, grain: 4096 },
        ];
        for (kind, cut) in cuts.iter().enumerate() {
            if images.left == 0 {
                return;
            }
            let name = format!("{made:06}.{kind}.{}", state.operations);
            state.image(*cut, &images.out.join(&name)).expect("there is room for images");
            fs::write(images.out.join(format!("{name}.acknowledged")), &acknowledged).expect("there is room");
            images.left -= 1;
            made += 1;
        }
    };
    *fs.hook.lock().expect("the hook does not panic") = Some(Box::new(hook));
}
