//! Who may have the store, and what is refused with nothing changed.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

use hallpass::store::{Role, Store, StoreError, local::Tenure};

use crate::{
    puppet::Puppet,
    support::{open, put, try_open, value, wait_for},
};

const NOBODY: u32 = 65534;

/// A directory that everybody may pass through.
fn public_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).expect("it is ours");
    dir
}

fn modes(dir: &Path) -> Vec<(String, u32)> {
    ["", "LOCK", "socket", "data", "data/identity", "data/sled"]
        .iter()
        .map(|name| (String::from(*name), fs::metadata(dir.join(name)).expect("it is there").mode() & 0o777))
        .collect()
}

/// A puppet under another uid; only root can start one.
fn as_nobody(dir: &Path) -> Option<Command> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let copy = dir.join("test-binary");
    if !copy.exists() {
        fs::copy(std::env::current_exe().expect("the test binary"), &copy).expect("a copy");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }
    let mut command = Command::new(copy);
    command.current_dir("/").uid(NOBODY).gid(NOBODY);
    Puppet::fit(&mut command, &dir.join("s"), "visitor");
    Some(command)
}

#[test]
fn only_its_user_can_look_into_a_store() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    let _store = open(&place, Tenure::Visitor);
    for (name, mode) in modes(&place) {
        let expected = if name.is_empty() || name == "data" || name == "data/sled" { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{name}");
    }
}

#[test]
fn an_empty_directory_becomes_a_store_and_is_private_then() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("a/b/s");
    fs::create_dir_all(&place).expect("a directory");
    let store = open(&place, Tenure::Visitor);
    assert!(store.created());
    assert_eq!(fs::metadata(&place).expect("it is there").mode() & 0o777, 0o700);
}

#[test]
fn a_foreign_directory_and_a_file_are_refused_and_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("thesis.txt"), "mine").expect("a file");
    let refused = try_open(dir.path(), Tenure::Visitor).expect_err("it is no store");
    assert!(refused.to_string().contains("holds other files (\"thesis.txt\")"), "{refused}");
    assert!(refused.hint().is_some());
    let refused = try_open(&dir.path().join("thesis.txt"), Tenure::Visitor).expect_err("it is a file");
    assert!(refused.to_string().contains("is a file"), "{refused}");
    assert_eq!(fs::read_dir(dir.path()).expect("it is there").count(), 1);
    assert_eq!(fs::read(dir.path().join("thesis.txt")).expect("it is there"), b"mine");
}

#[test]
fn a_store_whose_data_are_gone_is_not_made_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    open(&place, Tenure::Visitor).close().expect("it closes");
    fs::remove_dir_all(place.join("data")).expect("it is there");
    let refused = try_open(&place, Tenure::Visitor).expect_err("its data are gone");
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    assert!(!place.join("data").exists());
}

#[test]
fn an_empty_sled_where_a_store_is_recorded_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    let store = open(&place, Tenure::Visitor);
    let _ = store.commit(put("a", "1")).expect("a commit");
    store.close().expect("it closes");
    fs::remove_dir_all(place.join("data/sled")).expect("it is there");
    fs::create_dir(place.join("data/sled")).expect("a directory");
    let refused = try_open(&place, Tenure::Visitor).expect_err("sled is empty");
    assert!(refused.to_string().contains("a store is recorded beside it"), "{refused}");
}

#[test]
fn a_long_path_is_no_obstacle_for_the_socket() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("x".repeat(200)).join("y".repeat(100));
    let owner = open(&place, Tenure::Server);
    let attached = open(&place, Tenure::Visitor);
    let _ = owner.commit(put("a", "1")).expect("a commit");
    assert_eq!(attached.role(), Role::Attached);
    assert_eq!(value(&attached, "a").as_deref(), Some("1"));
}

#[test]
fn a_directory_that_may_not_be_written_is_refused_in_one_sentence() {
    let dir = public_dir();
    let Some(mut command) = as_nobody(dir.path()) else { return };
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut puppet = Puppet::spawn(&mut command);
    let answer = puppet.answer();
    assert!(answer.starts_with("error: cannot make a store in"), "{answer}");
    assert!(answer.contains("Permission denied") && answer.contains("hint: name a directory"), "{answer}");
    assert!(!dir.path().join("s").exists());
}

#[test]
fn root_attaches_to_another_users_store_and_never_owns_it() {
    let dir = public_dir();
    let Some(mut command) = as_nobody(dir.path()) else { return };
    let mut theirs = Puppet::spawn(&mut command);
    assert_eq!(theirs.answer(), "owner");
    let place = dir.path().join("s");
    let ours = open(&place, Tenure::Server);
    assert_eq!(ours.role(), Role::Attached, "a server of root's does not take it either");
    let _ = ours.commit(put("a", "1")).expect("a commit");
    assert_eq!(theirs.ask("get a"), "1");
    theirs.kill();
    let refused = ours.commit(put("a", "2")).expect_err("nobody serves");
    assert!(refused.hint().expect("a hint").contains("sudo -u nobody"), "{:?}", refused.hint());
    let refused = try_open(&place, Tenure::Visitor).expect_err("nobody serves");
    assert!(refused.to_string().contains("belongs to nobody, and no process of theirs"), "{refused}");
    for entry in fs::read_dir(place.join("data")).expect("it is there") {
        assert_eq!(entry.expect("an entry").metadata().expect("it is there").uid(), NOBODY);
    }
    // As soon as they serve again, root goes on.
    let mut theirs = Puppet::spawn(&mut command);
    assert_eq!(theirs.answer(), "owner");
    assert_eq!(value(&ours, "a").as_deref(), Some("1"));
}

#[test]
fn another_user_is_not_served() {
    let dir = public_dir();
    let Some(mut command) = as_nobody(dir.path()) else { return };
    let place = dir.path().join("s");
    let store = open(&place, Tenure::Visitor);
    let mut theirs = Puppet::spawn(&mut command);
    let answer = theirs.answer();
    assert!(answer.starts_with("error: cannot read the store in"), "{answer}");
    // Even where the directory lets them in, the kernel tells who they are.
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).expect("it is ours");
    fs::set_permissions(place.join("socket"), fs::Permissions::from_mode(0o666)).expect("it is ours");
    let mut theirs = Puppet::spawn(&mut command);
    let answer = theirs.answer();
    assert!(answer.contains("serves its owner and root only"), "{answer}");
    drop(store);
}

#[test]
fn a_stopped_owner_is_told_by_its_process_id() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    let (owner, _) = Puppet::start(&place, "server");
    let attached = open(&place, Tenure::Visitor);
    rustix::process::kill_process(owner.pid(), rustix::process::Signal::STOP).expect("it can be stopped");
    let stat = format!("/proc/{}/stat", owner.pid().as_raw_pid());
    wait_for("the process stops", || fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T ")));
    let silent = attached.get(b"a").expect_err("nobody answers");
    assert!(silent.to_string().ends_with("which is stopped"), "{silent}");
    let newcomer = try_open(&place, Tenure::Visitor).expect_err("nobody answers");
    assert_eq!(newcomer.hint(), Some(format!("continue it with: kill -CONT {}", owner.pid().as_raw_pid())));
    rustix::process::kill_process(owner.pid(), rustix::process::Signal::CONT).expect("it can be continued");
    assert_eq!(value(&attached, "a"), None);
}
