//! Damage is never silent: the data are whole, or the store says what is wrong. `HALLPASS_DAMAGES=1000` makes that
//! many trials.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use hallpass::store::{
    StoreError,
    local::{self, Tenure},
};

use crate::{
    puppet::{Puppet, Speaker, say},
    support::{Seeded, try_open},
    workload::{self, acknowledged},
};

const VARIABLE: &str = "HALLPASS_TEST_DAMAGE";

fn wanted() -> u64 {
    std::env::var("HALLPASS_DAMAGES").ok().and_then(|n| n.parse().ok()).unwrap_or(120)
}

/// How a store was left before it is damaged.
#[derive(Clone, Copy)]
enum Left {
    Closed,
    Killed,
    /// Everything in the tree, a snapshot of it, and a little in the journal.
    Checkpointed,
}

#[test]
fn damage_leaves_the_data_whole_or_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let bases = [Left::Closed, Left::Killed, Left::Checkpointed].map(|left| base(dir.path(), left));
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut checker = None;
    for trial in 0..wanted() {
        let dice = Seeded::new(trial);
        let base = &bases[usize::try_from(trial % 3).expect("small")];
        let victim = dir.path().join("victim");
        let _ = fs::remove_dir_all(&victim);
        copy(base, &victim);
        let what = damage(&victim.join("s"), &dice);
        let speaker = checker.get_or_insert_with(start);
        let answer = speaker.ask(&format!("{} {}", victim.join("s").display(), base.join("acknowledged").display()));
        let answer = answer.unwrap_or_else(|| "the process died or hung".into());
        let kind = answer.split(':').next().unwrap_or_default().to_owned();
        if kind != "whole" && kind != "refused" && kind != "told" {
            wrong.push(format!("trial {trial}, {what}: {answer}"));
            checker = None;
        }
        *outcomes.entry(kind).or_default() += 1;
    }
    let text = format!("damage: {} trials, {} wrong, {outcomes:?}\n", wanted(), wrong.len());
    let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), text.as_bytes());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Makes a store with something in every file, and leaves it.
fn base(dir: &Path, left: Left) -> PathBuf {
    let base = dir.join(format!("base{}", left as u8));
    fs::create_dir(&base).expect("a directory");
    let file = base.join("acknowledged");
    fs::write(&file, []).expect("a file");
    let work = |puppet: &mut Puppet, count| {
        assert_eq!(puppet.ask(&format!("work 0 2 {count} 5 {}", file.display())), "done");
    };
    let (mut one, _) = Puppet::start(&base.join("s"), "visitor");
    work(&mut one, 80);
    assert_eq!(one.ask("end"), "closed");
    let (mut one, _) = Puppet::start(&base.join("s"), "visitor");
    work(&mut one, 40);
    match left {
        Left::Closed => assert_eq!(one.ask("end"), "closed"),
        Left::Killed => one.kill(),
        Left::Checkpointed => {
            assert_eq!(one.ask("checkpoint"), "done");
            work(&mut one, 10);
            one.kill();
        }
    }
    base
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.is_ok_and(|status| status.success()), "a store can be copied");
}

/// Does one damage; says which.
fn damage(store: &Path, dice: &Seeded) -> String {
    let files = files(store);
    let path = &files[usize::try_from(dice.below(files.len() as u64)).expect("small")];
    let name = path.strip_prefix(store).expect("it is in there").display();
    let file = fs::OpenOptions::new().read(true).write(true).open(path).expect("it opens");
    // Where something stands: a flip in the zeros behind it says nothing.
    let bytes = fs::read(path).expect("it can be read");
    let used = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1) as u64;
    let at = dice.below(used.max(1));
    let write = |bytes: &[u8], at: u64| file.write_all_at(bytes, at).expect("it can be written");
    match dice.below(6) {
        _ if used == 0 => {
            fs::remove_file(path).expect("it can be removed");
            format!("{name} removed")
        }
        0 | 1 => {
            let place = usize::try_from(at).expect("small");
            write(&[bytes[place] ^ 1 << dice.below(8)], at);
            format!("a bit of {name} flipped at {at}")
        }
        2 => {
            let at = at / 512 * 512;
            write(&vec![0; usize::try_from((used - at).min(512)).expect("small")], at);
            format!("512 bytes of {name} zeroed at {at}")
        }
        3 => {
            let from = usize::try_from(dice.below(used) / 512 * 512).expect("small");
            let block = bytes[from..bytes.len().min(from + 4096)].to_vec();
            write(&block, at / 512 * 512);
            format!("a block of {name} written from {from} to {}", at / 512 * 512)
        }
        4 => {
            file.set_len(at).expect("it can be cut off");
            format!("{name} cut off at {at} of {}", bytes.len())
        }
        _ => {
            fs::remove_file(path).expect("it can be removed");
            format!("{name} removed")
        }
    }
}

/// The files of a store; the lock file and the socket hold no data.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.ends_with("LOCK") && !path.ends_with("reserve") && !path.ends_with("socket") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn start() -> Speaker {
    let mut command = Command::new(std::env::current_exe().expect("the test binary"));
    command.args(["--exact", "damage::looker", "--nocapture", "--test-threads=1"]).env(VARIABLE, "1");
    Speaker::start(command.stderr(Stdio::null()), Duration::from_secs(60))
}

/// Not a test by itself: the process that opens damaged stores. Without its variable it has nothing to do.
#[test]
fn looker() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let (dir, file) = line.split_once(' ').expect("a store and a file");
        let promised = acknowledged(&fs::read(file).expect("the file"));
        say(&look(Path::new(dir), &promised).replace('\n', " "));
    }
}

/// `whole`, `refused` (at opening), `told` (by reading or by `store check`), or what is wrong.
fn look(dir: &Path, promised: &[u64]) -> String {
    let store = match try_open(dir, Tenure::Visitor) {
        Ok(store) => store,
        Err(error @ (StoreError::Damaged { .. } | StoreError::UnknownFormat { .. })) if error.hint().is_some() => {
            return repaired(dir, &error);
        }
        Err(error) => return format!("an error that does not help: {error} {error:?}"),
    };
    let read = workload::verify(&store, promised);
    let summed = store.verify();
    match (read, summed) {
        (Ok(()), Ok(_)) => "whole".into(),
        (Err(wrong), Ok(_)) if !wrong.starts_with("cannot read") => wrong,
        // The check that every reader can run tells it.
        (_, Err(StoreError::Damaged { what, .. })) => format!("told: {what}"),
        (Err(wrong), _) => format!("told: {wrong}"),
        (Ok(()), Err(error)) => format!("an error that does not help: {error}"),
    }
}

/// A refused store can be repaired, or the repair says that nothing is left; either way it does not panic.
fn repaired(dir: &Path, error: &StoreError) -> String {
    match local::repair(dir) {
        Ok(repaired) => match try_open(dir, Tenure::Visitor) {
            Ok(_) => format!("refused: {error}; repaired, lost: {:?}", repaired.lost),
            Err(error) => format!("a repaired store does not open: {error}"),
        },
        Err(StoreError::Damaged { .. }) => format!("refused: {error}; nothing to repair"),
        Err(other) => format!("refused: {error}; {other}"),
    }
}
