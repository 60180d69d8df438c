//! A process is killed at named points: before each step that changes the directory or makes it durable, in each of
//! the things a store does. What was acknowledged is there, and everybody else goes on.
//!
//! A point is named by what was done, the system call and its number: `compact: rename 2` is the moment before the
//! second rename. strace kills there. The suite takes a share of them; `HALLPASS_POINTS=1` takes every one.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use hallpass::store::{backup, local::Tenure};

use crate::{
    puppet::Puppet,
    support::{open, skipped},
    workload::{self, acknowledged},
};

/// What changes the directory, or what is in it, or makes it durable.
const STEPS: &str =
    "rename,renameat2,mkdir,rmdir,unlink,unlinkat,pwrite64,fdatasync,fsync,ftruncate,fallocate,bind,listen";

/// One of the things a store does.
struct Deed {
    name: &'static str,
    /// Does it, with the victim's process made by the command; panics where somebody else is disturbed.
    play: fn(&Stage, &mut Command),
}

/// Where a deed is done.
struct Stage {
    dir: tempfile::TempDir,
    seed: u64,
}

impl Stage {
    fn store(&self) -> PathBuf {
        self.dir.path().join("s")
    }

    fn backup(&self) -> PathBuf {
        self.dir.path().join("template.backup")
    }

    fn promised(&self) -> PathBuf {
        self.dir.path().join("acknowledged")
    }

    fn work(&self, writer: u64) -> String {
        format!("work {writer} 1 4 {} {}", self.seed, self.promised().display())
    }

    /// Somebody whom the victim's death must not disturb.
    fn bystander(&self, tenure: &str) -> Puppet {
        Puppet::start(&self.store(), tenure).0
    }
}

#[track_caller]
fn goes_on(stage: &Stage, bystander: &mut Puppet, writer: u64) {
    assert_eq!(bystander.ask(&stage.work(writer)), "done", "a bystander goes on");
}

const DEEDS: [Deed; 9] = [
    Deed {
        name: "create",
        play: |stage, victim| {
            fs::remove_dir_all(stage.store()).expect("a template was laid there");
            fs::write(stage.promised(), []).expect("a file");
            let mut victim = Puppet::spawn(victim);
            victim.answer();
            victim.ask(&stage.work(0));
            victim.ask("end");
        },
    },
    Deed {
        name: "commit",
        play: |stage, victim| {
            let mut victim = Puppet::spawn(victim);
            victim.answer();
            let mut bystander = stage.bystander("visitor");
            victim.ask(&stage.work(0));
            goes_on(stage, &mut bystander, 2);
            victim.ask("end");
        },
    },
    Deed {
        name: "checkpoint",
        play: |stage, victim| {
            let mut victim = Puppet::spawn(victim);
            victim.answer();
            let mut bystander = stage.bystander("visitor");
            victim.ask(&stage.work(0));
            victim.ask("checkpoint");
            goes_on(stage, &mut bystander, 2);
            victim.ask("end");
        },
    },
    Deed {
        name: "compact",
        play: |stage, victim| {
            let mut victim = Puppet::spawn(victim);
            victim.answer();
            let mut bystander = stage.bystander("visitor");
            victim.tell("compact");
            goes_on(stage, &mut bystander, 2);
            victim.answer();
            victim.ask("end");
        },
    },
    Deed {
        name: "backup",
        play: |stage, victim| {
            let mut victim = Puppet::spawn(victim);
            victim.answer();
            let file = stage.dir.path().join("made.backup");
            let done = victim.ask(&format!("backup {}", file.display())) == "done";
            assert!(!file.exists() || backup::read(&file, |_| Ok(())).is_ok(), "half a backup has the name of a whole");
            assert!(!done || file.exists(), "a backup that was called done is there");
            victim.ask("end");
        },
    },
    Deed {
        name: "hand-over",
        play: |stage, victim| {
            let mut victim = Puppet::spawn(victim);
            victim.answer();
            let mut bystander = stage.bystander("visitor");
            victim.ask(&stage.work(0));
            let mut server = stage.bystander("server");
            goes_on(stage, &mut server, 3);
            goes_on(stage, &mut bystander, 2);
            victim.ask(&stage.work(0));
            victim.ask("end");
        },
    },
    Deed {
        name: "take-over",
        play: |stage, victim| {
            let mut owner = stage.bystander("visitor");
            let mut victim = Puppet::spawn(victim);
            victim.answer();
            goes_on(stage, &mut owner, 3);
            owner.kill();
            victim.ask(&stage.work(0));
            let mut bystander = stage.bystander("visitor");
            goes_on(stage, &mut bystander, 2);
            victim.ask("end");
        },
    },
    Deed {
        name: "restore",
        play: |stage, victim| {
            fs::remove_dir_all(stage.store()).expect("a template was laid there");
            Puppet::told(victim, &stage.store(), &format!("restore:{}", stage.backup().display()));
            let first = Puppet::spawn(victim).answer();
            if first != "done" {
                let again = Puppet::spawn(&mut Puppet::command(
                    &stage.store(),
                    &format!("restore:{}", stage.backup().display()),
                ));
                resumed(again, "there is a store in");
            }
        },
    },
    Deed {
        name: "repair",
        play: |stage, victim| {
            Puppet::told(victim, &stage.store(), "repair");
            let first = Puppet::spawn(victim).answer();
            if first != "done" {
                resumed(Puppet::spawn(&mut Puppet::command(&stage.store(), "repair")), "done");
            }
        },
    },
];

/// Done again after a kill: it is done now, or was done.
#[track_caller]
fn resumed(mut again: Puppet, or: &str) {
    let answer = again.answer();
    assert!(answer == "done" || answer.contains(or), "after a kill: {answer}");
}

impl Stage {
    /// Lays a copy of the template.
    fn lay(template: &Path, seed: u64) -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").expect("a directory");
        let copied = Command::new("cp").arg("-a").arg(template.join(".")).arg(dir.path()).status();
        assert!(copied.is_ok_and(|status| status.success()), "the template can be copied");
        Self { dir, seed }
    }

    /// The victim under strace.
    fn victim(&self, options: &[&str]) -> Command {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-q", "-e"]).arg(format!("trace={STEPS}")).args(options);
        Puppet::under(strace, &self.store(), "visitor")
    }

    /// What was promised is there, however the deed ended.
    #[track_caller]
    fn check(&self, point: &str) {
        let store = open(&self.store(), Tenure::Visitor);
        let promised = acknowledged(&fs::read(self.promised()).expect("the file"));
        if let Err(wrong) = workload::verify(&store, &promised) {
            panic!("{point}: {wrong}");
        }
        store.verify().unwrap_or_else(|e| panic!("{point}: {e}"));
        drop(store);
    }
}

/// How often each call is made by the thread that makes it most, in a run that nobody disturbs.
fn calls(trace: &Path) -> BTreeMap<String, u64> {
    let mut counts: HashMap<(String, String), u64> = HashMap::new();
    for line in fs::read_to_string(trace).expect("a trace").lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        if let Some((call, _)) = rest.trim_start().split_once('(') {
            *counts.entry((thread.to_owned(), call.to_owned())).or_default() += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((_, call), count) in counts {
        let entry = most.entry(call).or_insert(0);
        *entry = count.max(*entry);
    }
    most
}

#[test]
fn a_kill_at_any_step_loses_nothing_and_disturbs_nobody() {
    if Command::new("strace").arg("--version").output().is_err() {
        return skipped("kills at named points", "strace is not installed");
    }
    let template = tempfile::tempdir_in("/dev/shm").expect("a directory");
    let (store, promised) = (template.path().join("s"), template.path().join("acknowledged"));
    fs::write(&promised, []).expect("a file");
    let (mut maker, _) = Puppet::start(&store, "visitor");
    assert_eq!(maker.ask(&format!("work 0 4 30 1 {}", promised.display())), "done");
    assert_eq!(maker.ask(&format!("backup {}", template.path().join("template.backup").display())), "done");
    assert_eq!(maker.ask("end"), "closed");
    drop(maker);

    let mut points = Vec::new();
    for deed in &DEEDS {
        let stage = Stage::lay(template.path(), 7);
        let trace = stage.dir.path().join("trace");
        (deed.play)(&stage, &mut stage.victim(&["-o", &trace.display().to_string()]));
        stage.check(deed.name);
        for (call, count) in calls(&trace) {
            points.extend((1..=count).map(|when| (deed, call.clone(), when)));
        }
    }
    let share = if std::env::var_os("HALLPASS_POINTS").is_some() { 1 } else { points.len() / 45 + 1 };
    let chosen: Vec<_> = points.iter().step_by(share).collect();
    let mut killed = 0;
    for (deed, call, when) in &chosen {
        let point = format!("{}: {call} {when}", deed.name);
        let stage = Stage::lay(template.path(), *when);
        let inject = format!("inject={call}:signal=SIGKILL:when={when}");
        let trace = stage.dir.path().join("trace");
        (deed.play)(&stage, &mut stage.victim(&["-o", &trace.display().to_string(), "-e", &inject]));
        stage.check(&point);
        killed += usize::from(fs::read_to_string(&trace).expect("a trace").contains("killed by SIGKILL"));
    }
    // Threads share the work differently each time, so that some points are not met.
    assert!(killed > chosen.len() / 2, "{killed} of {} points were met", chosen.len());
    let text = format!("kills at named points: {killed} (of {} points), 0 wrong\n", points.len());
    let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), text.as_bytes());
}
