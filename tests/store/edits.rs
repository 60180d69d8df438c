//! Edits, which change very many rows and say it once: each test runs on memory, on the store of this process, and
//! through the socket.

use std::{
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use hallpass::store::{
    Change, Committed, Edit, Notice, Part, Store, StoreError,
    local::{Tenure, repair},
};

use crate::{
    conformance::{on_each, run},
    support::{applied, compare, open, put, value, write},
};

/// The rows from one key up to and with another get another first letter.
fn edit(from: &str, to: &str, letter: &str) -> Change {
    let edit = Edit::new(vec![(from.into(), to.into())], vec![Part::Set(letter.into())], 100).expect("the keys rise");
    Change { edit: Some(edit.into()), ..Change::default() }
}

#[test]
fn an_edit_changes_all_rows_of_its_spans_that_there_are_and_no_later_ones() {
    on_each(|store| {
        let _ = applied(store.commit(run(3000, Some("ab"))).expect("a commit"));
        let first = applied(store.commit(put("r000001", "xyz")).expect("a commit"));
        let _ = applied(store.commit(put("r000003", "")).expect("a commit"));
        let watch = store.watch(b"r00000", first).expect("a watch");
        // It has begun when it tells of what was there before.
        let notice = watch.next(Duration::from_secs(20));
        assert!(matches!(notice, Some(Notice::Changed { revision, .. }) if revision.0 == first.0 + 1), "{notice:?}");
        let mut change = edit("r000001", "r003000", "c");
        change.writes = vec![write("r000002", Some("mine")), write("r000004", None)];
        let second = applied(store.commit(change).expect("a commit"));
        let now = |key: &str| value(store, key).unwrap_or_default();
        let keys = ["r000000", "r000001", "r000002", "r000003", "r000004", "r000006", "r003000", "r003002"];
        assert_eq!(keys.map(now), ["ab", "cyz", "mine", "", "", "cb", "cb", "ab"]);
        let all = store.range(b"r", b"s", usize::MAX).expect("a range").found;
        assert_eq!(all.len(), 3001);
        for row in &all {
            let one = store.get(&row.key).expect("a read").found.expect("it was in the range");
            assert_eq!((&one.value, one.changed), (&row.value, row.changed));
        }
        assert_eq!(all.iter().filter(|row| row.changed == second).count(), 1500);
        // Whoever follows is told of each row.
        let Some(Notice::Changed { revision, writes: mut told }) = watch.next(Duration::from_secs(20)) else {
            panic!("nobody was told")
        };
        told.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(revision, second);
        let wanted = [("r000001", Some("cyz")), ("r000002", Some("mine")), ("r000004", None), ("r000006", Some("cb"))];
        assert_eq!(told[..4], wanted.map(|(key, value)| write(key, value)));
        // What comes later is not touched, what refers to an older row notices.
        let _ = applied(store.commit(put("r000005", "new")).expect("a commit"));
        assert_eq!(now("r000005"), "new");
        let stale = Change { compares: vec![compare("r000001", Some(first))], ..put("x", "1") };
        assert!(matches!(store.commit(stale), Ok(Committed::Conflict(_))));
        let fresh = Change { compares: vec![compare("r000001", Some(second))], ..put("x", "1") };
        let _ = applied(store.commit(fresh).expect("a commit"));
        let read = Change { unchanged: vec![b"r".to_vec()], read_at: first, ..put("y", "1") };
        assert!(matches!(store.commit(read), Ok(Committed::Conflict(_))));
        let long = edit("a", "b", &"x".repeat(Edit::MOST + 1));
        assert!(matches!(store.commit(long), Err(StoreError::TooLarge { .. })));
    });
}

#[test]
fn however_many_edits_there_are_each_is_seen() {
    on_each(|store| {
        let _ = applied(store.commit(run(40, Some("a-"))).expect("a commit"));
        for n in 0..40 {
            let letter = char::from(b'A' + n).to_string();
            let _ = applied(store.commit(edit(&format!("r{:06}", 2 * n), "r999999", &letter)).expect("a commit"));
        }
        let rows = store.range(b"r", b"s", usize::MAX).expect("a range").found;
        for (n, row) in (0..40).zip(&rows) {
            assert_eq!(row.value, [b'A' + n, b'-']);
        }
        assert_eq!(rows.len(), 40);
    });
}

#[test]
fn edits_are_there_after_the_store_was_opened_again_and_in_a_repaired_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path(), Tenure::Visitor);
    let _ = applied(store.commit(run(9000, Some("ab"))).expect("a commit"));
    store.checkpoint().expect("the disk takes it");
    let _ = applied(store.commit(edit("r000000", "r009999", "c")).expect("a commit"));
    let _ = applied(store.commit(put("r000001", "x")).expect("a commit"));
    let _ = applied(store.commit(edit("r005000", "r020000", "d")).expect("a commit"));
    let whole = |store: &dyn Store| {
        let rows = store.range(b"r", b"s", usize::MAX).expect("the store answers").found;
        let count = |value: &str| rows.iter().filter(|row| row.value == value.as_bytes()).count();
        (rows.len(), count("ab"), count("cb"), count("db"), count("x"))
    };
    assert_eq!(whole(&store), (9001, 0, 2500, 6500, 1));
    store.close().expect("the disk takes it");
    let copied = Command::new("cp").arg("-a").arg(dir.path()).arg(dir.path().with_extension("copy")).status();
    assert!(copied.is_ok_and(|status| status.success()));
    let again = open(dir.path(), Tenure::Visitor);
    assert_eq!(whole(&again), (9001, 0, 2500, 6500, 1));
    again.checkpoint().expect("the disk takes it");
    assert_eq!(whole(&again), (9001, 0, 2500, 6500, 1), "from the tree");
    let _ = applied(again.commit(edit("r000000", "r009999", "e")).expect("a commit"));
    again.compact().expect("the disk takes it");
    assert_eq!(whole(&again), (9001, 0, 0, 4000, 0), "from a new tree");
    again.verify().expect("the tree is whole");
    let copy = dir.path().with_extension("copy");
    let repaired = repair(&copy).expect("it can be repaired");
    assert_eq!(repaired.lost, [""; 0]);
    assert_eq!(whole(&open(&copy, Tenure::Visitor)), (9001, 0, 2500, 6500, 1));
    std::fs::remove_dir_all(&copy).expect("it can be removed");
}

#[test]
fn a_reader_sees_each_edit_as_a_whole_while_the_tree_is_filled() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path(), Tenure::Visitor);
    let _ = applied(store.commit(run(1200, Some("00"))).expect("a commit"));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..=60 {
                // One row is written as a whole besides, each time another one.
                let number = format!("{n:02}");
                let mut change = edit("r", "s", &number);
                change.writes = vec![write(&format!("r{:06}", 38 * n), Some(&number))];
                let _ = applied(store.commit(change).expect("a commit"));
            }
            is_over.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                store.checkpoint().expect("the disk takes it");
            }
        });
        let mut last = Vec::new();
        while last != b"60" {
            let rows = store.range(b"r", b"s", usize::MAX).expect("a range").found;
            let now = rows[0].value.clone();
            assert!(rows.iter().all(|row| row.value == now), "an edit is seen in part");
            assert!(now >= last && rows.len() == 1200, "an edit is taken back");
            last = now;
            let one = store.get(&rows[19].key).expect("a read").found.expect("it is there").value;
            assert!(one >= last, "an edit is taken back in one row");
        }
    });
    store.checkpoint().expect("the disk takes it");
    assert!(store.range(b"r", b"s", usize::MAX).expect("a range").found.iter().all(|row| row.value == b"60"));
    store.verify().expect("the tree is whole");
}
