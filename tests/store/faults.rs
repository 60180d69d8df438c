//! The disk refuses: one clear error, nothing acknowledged that is not so, no hang, and the same process goes on when
//! the cause is gone.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    cutfs::{self, Mount},
    puppet::Puppet,
    support::{skipped, wait_for},
};

/// Writes until something is refused; returns how many were acknowledged and what was said then.
fn fill(puppet: &mut Puppet, prefix: &str) -> (u64, String) {
    puppet.tell(&format!("fill {prefix} 100000"));
    let mut acknowledged = 0;
    loop {
        let answer = puppet.answer();
        match answer.parse() {
            Ok(n) => acknowledged = n,
            Err(_) => return (acknowledged, answer),
        }
    }
}

#[track_caller]
fn all_there(puppet: &mut Puppet, prefix: &str, acknowledged: u64) {
    for n in (1..=acknowledged).rev().take(200) {
        assert!(puppet.ask(&format!("get {prefix}{n}")).starts_with(&n.to_string()), "{prefix}{n}");
    }
}

/// Fills a disk, frees it, goes on; then fills it and opens it full.
fn full_disk(store: &Path, free: impl Fn(), fill_up: impl Fn()) {
    let (mut one, _) = Puppet::start(store, "visitor");
    one.ask("put first 1");
    fill_up();
    let (acknowledged, refused) = fill(&mut one, "a");
    assert!(refused.starts_with("error: the store is full"), "{refused}");
    assert_eq!(one.ask("get first"), "1", "a full disk can be read");
    all_there(&mut one, "a", acknowledged);
    free();
    assert!(one.ask("put after 2").parse::<u64>().is_ok(), "the same process goes on");
    fill_up();
    let (more, refused) = fill(&mut one, "b");
    assert!(refused.starts_with("error: the store is full"), "{refused}");
    one.kill();
    let (mut two, _) = Puppet::start(store, "visitor");
    assert_eq!(two.ask("get after"), "2", "a full disk can be opened and read");
    all_there(&mut two, "a", acknowledged);
    all_there(&mut two, "b", more);
    free();
    assert!(two.ask("put last 3").parse::<u64>().is_ok());
    two.kill();
    let (mut three, _) = Puppet::start(store, "visitor");
    assert_eq!(three.ask("get last"), "3");
    all_there(&mut three, "b", more);
}

struct Tmpfs(PathBuf);

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_changes_and_is_read_opened_and_written_again_when_there_is_room() {
    if !rustix::process::geteuid().is_root() {
        return skipped("a full disk", "mounting needs root");
    }
    let dir = tempfile::tempdir().expect("a directory");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(dir.path()).status();
    assert!(mounted.is_ok_and(|status| status.success()), "root can mount");
    let mount = Tmpfs(dir.path().to_path_buf());
    let ballast = mount.0.join("ballast");
    let free = || fs::remove_file(&ballast).expect("it is there");
    let fill_up = || {
        let zeros = vec![1; 4096];
        let mut file = fs::File::create(&ballast).expect("a file");
        while std::io::Write::write_all(&mut file, &zeros).is_ok() {}
    };
    full_disk(&mount.0.join("s"), free, fill_up);
}

#[test]
fn a_disk_that_refuses_a_write_or_a_sync_costs_nothing_that_was_acknowledged() {
    if let Err(why) = cutfs::available() {
        return skipped("a disk that refuses", &why);
    }
    for fault in ["write", "sync"] {
        for after in 0..12 {
            let dir = tempfile::tempdir().expect("a directory");
            let mut mount = Mount::start(&dir.path().join("mount"), None);
            let store = mount.at.join("s");
            let (mut one, _) = Puppet::start(&store, "visitor");
            one.tell("fill a 100000");
            for _ in 0..20 {
                one.answer();
            }
            mount.ask(&format!("fail {fault} {after} lasting"));
            let mut acknowledged = 20;
            let refused = loop {
                let answer = one.answer();
                match answer.parse() {
                    Ok(n) => acknowledged = n,
                    Err(_) => break answer,
                }
            };
            let case = format!("{fault} {after}: {refused}");
            assert!(refused.starts_with("error: "), "{case}");
            mount.ask("heal");
            let after = one.ask("put after 2");
            assert!(after.parse::<u64>().is_ok(), "{case}: the same process goes on: {after}");
            all_there(&mut one, "a", acknowledged);
            one.kill();
            let (mut two, _) = Puppet::start(&store, "visitor");
            assert_eq!(two.ask("get after"), "2", "{case}");
            all_there(&mut two, "a", acknowledged);
        }
    }
}

#[test]
fn what_a_disk_threw_away_is_told_to_everybody_who_saw_it_and_its_number_names_nothing_else() {
    if let Err(why) = cutfs::available() {
        return skipped("a disk that forgets", &why);
    }
    let dir = tempfile::tempdir().expect("a directory");
    let mut mount = Mount::start(&dir.path().join("mount"), None);
    let store = mount.at.join("s");
    let (mut owner, _) = Puppet::start(&store, "visitor");
    let (mut guest, _) = Puppet::start(&store, "visitor");
    let (mut reader, _) = Puppet::start(&store, "visitor");
    owner.ask("put kept 1");
    let lost = guest.ask("commit lost 2");
    assert_eq!(reader.ask("get lost"), "2");
    mount.ask("fail forgetful 0 once");
    let refused = owner.ask("put never 3");
    assert!(refused.starts_with("error: the disk refused"), "{refused}");
    mount.ask("heal");
    for _ in 0..5 {
        let next = number(&owner.ask("put after 4"));
        assert!(next > number(&lost), "{next} after {lost}");
    }
    assert_eq!(owner.ask("get lost"), "none", "the layer forgot it");
    let gone = "error: the store went away while a change was on its way to it";
    // Whatever they ask to be durable, they hear of it first, once.
    assert_eq!(guest.ask("put more 5"), gone);
    assert!(guest.ask("put more 5").parse::<u64>().is_ok());
    assert_eq!(guest.ask(&format!("sync {lost}")), gone);
    assert_eq!(reader.ask("put mine 6"), gone);
    assert!(reader.ask("put mine 6").parse::<u64>().is_ok());
    assert_eq!(reader.ask("get kept"), "1");
    for mut puppet in [guest, reader, owner] {
        assert_eq!(puppet.ask("end"), "closed");
    }
    let (mut again, _) = Puppet::start(&store, "visitor");
    assert_eq!(again.ask("get more"), "5", "the store opens with all that is so");
}

#[test]
fn a_limit_of_file_sizes_is_an_answer_and_not_the_end() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = dir.path().join("s");
    // The soft limit only: 3 MiB.
    let mut one = limited(&store, "--fsize=3145728:");
    assert_eq!(one.answer(), "owner");
    let (acknowledged, refused) = fill(&mut one, "a");
    assert!(refused.starts_with("error: "), "{refused}");
    assert!(acknowledged > 100);
    one.kill();
    let (mut two, _) = Puppet::start(&store, "visitor");
    all_there(&mut two, "a", acknowledged);
}

/// A puppet under a limit of its resources.
fn limited(store: &Path, limit: &str) -> Puppet {
    let mut prlimit = Command::new("prlimit");
    prlimit.arg(limit);
    Puppet::spawn(&mut Puppet::under(prlimit, store, "visitor"))
}

/// A puppet that may have so many descriptors.
fn with_descriptors(store: &Path, limit: u32) -> Puppet {
    limited(store, &format!("--nofile={limit}"))
}

#[test]
fn too_few_descriptors_are_an_answer_and_a_store_that_was_not_opened_is_whole() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = dir.path().join("s");
    let (mut one, _) = Puppet::start(&store, "visitor");
    let (acknowledged, _) = (one.ask("put first 1"), one.ask("end"));
    assert!(acknowledged.parse::<u64>().is_ok());
    let (mut refused, mut opened) = (0, 0);
    // Below some, the test binary itself does not start.
    for limit in 6..30 {
        let mut poor = with_descriptors(&store, limit);
        let answer = poor.answer();
        if answer == "owner" {
            opened += 1;
            assert_eq!(poor.ask("get first"), "1", "{limit} descriptors");
            let put = poor.ask(&format!("put key{limit} 2"));
            assert!(put.parse::<u64>().is_ok() || put.starts_with("error: "), "{limit} descriptors: {put}");
            poor.kill();
        } else if answer.starts_with("error: ") {
            refused += 1;
            assert!(answer.contains("too many open files") || answer.contains("Too many open files"), "{answer}");
        }
        let (mut rich, role) = Puppet::start(&store, "visitor");
        assert_eq!((role.as_str(), rich.ask("get first").as_str()), ("owner", "1"), "after {limit} descriptors");
    }
    assert!(refused > 0 && opened > 0, "{refused} refused, {opened} opened");
}

#[test]
fn an_owner_without_free_descriptors_goes_on_and_serves_again_when_some_are_free() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = dir.path().join("s");
    let mut owner = with_descriptors(&store, 24);
    assert_eq!(owner.answer(), "owner");
    owner.ask("put first 1");
    let (mut guest, role) = Puppet::start(&store, "visitor");
    assert_eq!(role, "attached");
    let crowd: Vec<_> = (0..30).map(|_| Puppet::spawn(&mut Puppet::command(&store, "visitor"))).collect();
    // Who got in works, whatever becomes of those who wait at the door.
    assert_eq!(guest.ask("get first"), "1");
    assert!(owner.ask("put second 2").parse::<u64>().is_ok(), "the owner goes on");
    drop(crowd);
    wait_for("a free place", || {
        let mut next = Puppet::spawn(&mut Puppet::command(&store, "visitor"));
        next.answer() == "attached"
    });
    assert_eq!(owner.ask("get second"), "2");
}

#[track_caller]
fn number(answer: &str) -> u64 {
    answer.parse().unwrap_or_else(|_| panic!("no revision: {answer}"))
}
