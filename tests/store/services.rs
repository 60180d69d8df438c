//! Backup, restore, compact, repair and check.

use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use hallpass::{
    domain::{Group, Timestamp, User},
    store::{
        Change, Revision, Store, StoreError, StoreId, Write, backup,
        check::{self, Invariant},
        layout::{self, Table},
        local::{self, LocalStore, Tenure},
        memory::MemoryStore,
        prefix_end,
        record::Record,
    },
};

use crate::{
    puppet::Puppet,
    support::{applied, open, put, try_open, value, write},
};

/// Everything in a store, as text.
pub(crate) fn contents(store: &dyn Store) -> Vec<(String, String, Revision)> {
    let rows = store.range(b"", &prefix_end(b""), usize::MAX).expect("a range").found;
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    rows.iter().map(|row| (text(&row.key), text(&row.value), row.changed)).collect()
}

fn filled(dir: &Path, rows: usize) -> LocalStore {
    let store = open(dir, Tenure::Visitor);
    for chunk in (0..rows).collect::<Vec<_>>().chunks(200) {
        let writes = chunk.iter().map(|n| write(&format!("k{n:06}"), Some(&format!("value {n}")))).collect();
        let _ = applied(store.commit(Change { writes, ..Change::default() }).expect("a commit"));
    }
    store
}

#[test]
fn a_backup_made_while_others_write_is_the_store_at_one_revision() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = filled(&dir.path().join("s"), 5000);
    let file = dir.path().join("backup");
    let done = AtomicBool::new(false);
    let first = Change { writes: vec![write("a", Some("-")), write("z", Some("-"))], ..Change::default() };
    let _ = store.commit(first).expect("a commit");
    let summary = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Two rows that are always written together, at both ends of the key space.
            for n in 0_u64.. {
                let writes = vec![write("a", Some(&n.to_string())), write("z", Some(&n.to_string()))];
                let _ = store.commit(Change { writes, ..Change::default() }).expect("a commit");
                if done.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let summary = backup::write(&store, &file).expect("a backup");
        done.store(true, Ordering::Relaxed);
        summary
    });
    let second = dir.path().join("second");
    assert_eq!(local::restore(&second, &file).expect("a restore"), summary);
    let restored = open(&second, Tenure::Visitor);
    assert_eq!(restored.id(), store.id());
    assert_eq!(value(&restored, "a"), value(&restored, "z"));
    assert_eq!(contents(&restored).len(), 5002);
    assert!(contents(&restored).iter().all(|(_, _, changed)| *changed <= summary.revision));
    // The order of changes goes on from there.
    assert!(applied(restored.commit(put("more", "1")).expect("a commit")) > summary.revision);
}

#[test]
fn a_restore_does_not_overwrite_and_a_damaged_backup_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    let store = filled(&place, 300);
    let file = dir.path().join("backup");
    backup::write(&store, &file).expect("a backup");
    let again = backup::write(&store, &file).expect_err("it is there already");
    assert!(again.to_string().ends_with("is there already"), "{again}");
    let open_elsewhere = local::restore(&place, &file).expect_err("somebody has it open");
    assert!(open_elsewhere.to_string().ends_with("is open in another process"), "{open_elsewhere}");
    store.close().expect("it closes");
    let refused = local::restore(&place, &file).expect_err("there is a store");
    assert!(refused.to_string().contains("there is a store in"), "{refused}");
    let bytes = fs::read(&file).expect("the backup");
    for at in [0, 9, 20, 100, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let path = dir.path().join("damaged");
        fs::write(&path, damaged).expect("a file");
        let other = dir.path().join("other");
        assert!(local::restore(&other, &path).is_err(), "byte {at}");
        assert!(!other.exists(), "byte {at}");
    }
    assert_eq!(contents(&open(&place, Tenure::Visitor)).len(), 300);
}

#[test]
fn a_compact_keeps_every_row_and_everybody_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    let store = filled(&place, 3000);
    let (mut other, _) = Puppet::start(&place, "visitor");
    for round in 0..6 {
        for n in (0..3000).step_by(3) {
            let _ = store.commit(put(&format!("k{n:06}"), &format!("round {round}"))).expect("a commit");
        }
    }
    other.tell("count during. 300");
    let before = contents(&store);
    let status = store.compact().expect("it compacts");
    for n in 1..=300 {
        assert_eq!(other.answer(), n.to_string());
    }
    assert_eq!(status.blobs, 0);
    let after: Vec<_> = contents(&store).into_iter().filter(|(key, ..)| !key.starts_with("during")).collect();
    assert_eq!(after, before.into_iter().filter(|(key, ..)| !key.starts_with("during")).collect::<Vec<_>>());
    store.verify().expect("it adds up");
    store.close().expect("it closes");
    assert_eq!(other.ask("get during.300"), "300");
    assert_eq!(other.ask("end"), "closed");
    let store = open(&place, Tenure::Visitor);
    assert_eq!(contents(&store).len(), 3300);
    store.verify().expect("it adds up");
}

/// Every file below a directory, with its size.
fn files(dir: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("it is there") {
        let entry = entry.expect("it can be read");
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push((entry.path(), entry.metadata().expect("it is there").len()));
        }
    }
    found.sort();
    found
}

#[test]
fn a_repair_brings_back_what_is_left_and_keeps_the_ruins() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    let store = filled(&place, 400);
    store.hand_over().expect("it lets go");
    let before = contents(&store);
    store.close().expect("it closes");
    fs::remove_file(place.join("data/identity")).expect("it was there");
    let refused = try_open(&place, Tenure::Visitor).expect_err("it cannot be identified");
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    let ruins = files(&place);
    let would = local::survey(&place).expect("a look");
    assert_eq!((would.rows, would.lost.len()), (400, 1), "{:?}", would.lost);
    assert_eq!(files(&place), ruins, "a look leaves everything as it is");
    let repaired = local::repair(&place).expect("a repair");
    assert_eq!((repaired.rows, repaired.lost.len()), (400, 1), "{:?}", repaired.lost);
    assert!(repaired.kept.is_dir());
    let store = open(&place, Tenure::Visitor);
    assert_eq!(contents(&store), before);
}

#[test]
fn a_newer_format_is_refused_by_name_and_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("s");
    filled(&place, 10).close().expect("it closes");
    let path = place.join("data/identity");
    let mut identity = fs::read(&path).expect("it is there");
    identity[8] = 9;
    let sum = crc32fast::hash(&identity[..25]).to_le_bytes();
    identity[25..].copy_from_slice(&sum);
    fs::OpenOptions::new().write(true).open(&path).expect("it opens").write_all_at(&identity, 0).expect("written");
    let refused = try_open(&place, Tenure::Visitor).expect_err("a version of the future");
    assert_eq!(refused.to_string(), "the store has format 9, which this version does not know");
}

#[test]
fn a_check_names_each_invariant_that_is_broken() {
    let store = MemoryStore::new(StoreId([1; 16]));
    let group = Group { id: 1, name: "ops".into() };
    let number = |n: i64| Some(layout::number(n).to_vec());
    let rows = [
        (Table::Group.row(1), Some(group.encode())),
        (layout::group_name("ops"), number(1)),
        (Table::Group.counter(), number(1)),
    ];
    let commit = |rows: &[(Vec<u8>, Option<Vec<u8>>)]| {
        let writes = rows.iter().map(|(key, value)| Write { key: key.clone(), value: value.clone() }).collect();
        let _ = store.commit(Change { writes, events: vec![b"e".to_vec()], ..Change::default() }).expect("a commit");
    };
    commit(&rows);
    assert_eq!(check::check(&store).expect("a check").broken, []);
    let user = User {
        id: 7,
        password: String::new(),
        last_login: None,
        is_superuser: false,
        username: "alice".into(),
        first_name: String::new(),
        last_name: String::new(),
        email: String::new(),
        is_staff: false,
        is_active: true,
        date_joined: Timestamp(0),
    };
    commit(&[
        (Table::User.row(7), Some(user.encode())),
        (Table::Group.row(2), Some(vec![1, 2, 3])),
        (layout::group_name("nobody"), number(9)),
        (hallpass::store::layout::Relation::UserGroups.link(7, 1), number(1)),
        (hallpass::store::events::key(1), Some(vec![0; 40])),
    ]);
    let report = check::check(&store).expect("a check");
    let mut names: Vec<_> = report.broken.iter().map(|broken| broken.invariant).collect();
    names.sort();
    names.dedup();
    let expected = [
        Invariant::RecordsReadable,
        Invariant::IndexComplete,
        Invariant::IndexSound,
        Invariant::LinksPaired,
        Invariant::Counters,
        Invariant::AuditChain,
    ];
    assert_eq!(names, expected, "{:?}", report.broken);
}
