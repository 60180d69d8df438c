//! What holds for every store: each test runs on memory, on the store of this process, and through the socket.

use std::time::Duration;

use hallpass::store::{
    Change, Committed, MAX_KEY, MAX_VALUE, News, Notice, Revision, Role, Run, Store, StoreError, StoreId, Write,
    events::{self, Chain},
    local::Tenure,
    memory::MemoryStore,
    prefix_end,
};

use crate::support::{applied, compare, open, put, value, write};

/// Runs `test` on a fresh store of each kind.
pub(crate) fn on_each(test: impl Fn(&dyn Store)) {
    test(&MemoryStore::new(StoreId([7; 16])));
    let dir = tempfile::tempdir().expect("a directory");
    let owner = open(&dir.path().join("owned"), Tenure::Visitor);
    assert_eq!(owner.role(), Role::Owner);
    test(&owner);
    let served = open(&dir.path().join("served"), Tenure::Server);
    let attached = open(&dir.path().join("served"), Tenure::Visitor);
    assert_eq!((served.role(), attached.role()), (Role::Owner, Role::Attached));
    assert_eq!(served.id(), attached.id());
    test(&attached);
}

#[test]
fn a_commit_is_visible_at_once_and_its_revision_grows() {
    on_each(|store| {
        assert_eq!(value(store, "a"), None);
        let first = applied(store.commit(put("a", "1")).expect("a commit"));
        let second = applied(store.commit(put("a", "2")).expect("a commit"));
        assert!(second > first);
        let read = store.get(b"a").expect("a read");
        assert_eq!(read.seen, second);
        let row = read.found.expect("it is there");
        assert_eq!((row.value, row.changed), (b"2".to_vec(), second));
    });
}

#[test]
fn many_keys_are_read_at_once_in_their_order() {
    on_each(|store| {
        for n in 0..1_000 {
            applied(store.commit(put(&format!("row{n}"), &format!("value{n}"))).expect("a commit"));
        }
        let keys: Vec<_> = (0..2_000).rev().map(|n| format!("row{n}").into_bytes()).collect();
        let reads = store.get_many(&keys).expect("reads");
        assert_eq!(reads.len(), keys.len());
        for (read, n) in reads.into_iter().zip((0..2_000).rev()) {
            let value = read.found.map(|found| String::from_utf8(found.value).expect("text"));
            assert_eq!(value, (n < 1_000).then(|| format!("value{n}")));
        }
        assert!(store.get_many(&[]).expect("reads").is_empty());
    });
}

#[test]
fn a_compare_that_does_not_hold_leaves_everything_as_it_was() {
    on_each(|store| {
        let first = applied(store.commit(put("a", "1")).expect("a commit"));
        let mut change = put("b", "2");
        change.compares = vec![compare("a", Some(first)), compare("c", Some(first))];
        change.events = vec![b"event".to_vec()];
        assert_eq!(store.commit(change.clone()).expect("an answer"), Committed::Conflict(first));
        assert_eq!(value(store, "b"), None);
        assert_eq!(value(store, "E"), None);
        change.compares = vec![compare("a", Some(first)), compare("c", None)];
        let second = applied(store.commit(change).expect("a commit"));
        assert!(second > first);
        let mut late = put("a", "3");
        late.compares = vec![compare("a", None)];
        assert_eq!(store.commit(late).expect("an answer"), Committed::Conflict(second));
    });
}

#[test]
fn who_orders_the_commits_tells_what_was_written_and_others_say_that_they_cannot() {
    on_each(|store| {
        let keys = |since| {
            let mut keys = Vec::new();
            (store.news(since, &mut |write| keys.push(write.key.clone())), keys)
        };
        let _ = applied(store.commit(put("a", "1")).expect("a commit"));
        let begun = match (store.role(), keys(None)) {
            (Role::Attached, told) => return assert_eq!(told, (News::Untold, Vec::new())),
            (Role::Owner | Role::Memory, (News::Missed(begun), told)) if told.is_empty() => begun,
            other => panic!("{other:?}"),
        };
        assert_eq!(keys(Some(begun)), (News::Upto(begun), Vec::new()));
        let _ = applied(store.commit(put("b", "1")).expect("a commit"));
        let last = applied(store.commit(Change { writes: vec![write("a", None)], ..Change::default() }).expect("one"));
        let (news, told) = keys(Some(begun));
        let News::Upto(now) = news else { panic!("{news:?}") };
        assert_eq!((now.revision, told), (last, vec![b"b".to_vec(), b"a".to_vec()]));
        assert_eq!(keys(Some(now)), (News::Upto(now), Vec::new()));
    });
}

#[test]
fn a_compare_that_says_when_it_read_holds_as_long_as_nothing_was_written_since() {
    on_each(|store| {
        let first = applied(store.commit(put("a", "1")).expect("a commit"));
        let read_at = store.get(b"a").expect("a read").seen;
        let change = |value: &str| {
            let compares = vec![compare("a", Some(first)), compare("b", None)];
            Change { compares, read_at, ..put("a", value) }
        };
        let _ = applied(store.commit(put("z", "of another kind")).expect("a commit"));
        let second = applied(store.commit(change("2")).expect("a commit"));
        assert_eq!(store.commit(change("3")).expect("an answer"), Committed::Conflict(second));
        assert_eq!(value(store, "a").as_deref(), Some("2"));
    });
}

#[test]
fn after_a_hand_over_anything_may_have_changed() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path(), Tenure::Visitor);
    let _ = applied(store.commit(put("a", "1")).expect("a commit"));
    let News::Missed(before) = store.news(None, &mut |_| ()) else { panic!("it owns the store") };
    store.hand_over().expect("the disk takes it");
    assert_eq!(store.news(Some(before), &mut |_| ()), News::Untold);
    assert_eq!(value(&store, "a").as_deref(), Some("1"), "it owns the store again");
    assert!(matches!(store.news(Some(before), &mut |_| panic!("nothing was written")), News::Missed(_)));
}

#[test]
fn a_removed_row_is_gone_and_may_be_made_again() {
    on_each(|store| {
        let _ = store.commit(put("a", "1")).expect("a commit");
        let removal = Change { writes: vec![write("a", None), write("never", None)], ..Change::default() };
        let _ = applied(store.commit(removal).expect("a commit"));
        assert_eq!(value(store, "a"), None);
        let mut again = put("a", "2");
        again.compares = vec![compare("a", None)];
        let _ = applied(store.commit(again).expect("a commit"));
        assert_eq!(value(store, "a").as_deref(), Some("2"));
    });
}

#[test]
fn a_range_is_sorted_bounded_and_limited() {
    on_each(|store| {
        for key in ["b", "a", "d", "c", "ca", "e"] {
            let _ = store.commit(put(key, key)).expect("a commit");
        }
        let _ = store.commit(Change { writes: vec![write("d", None)], ..Change::default() }).expect("a commit");
        let keys = |from: &[u8], to: &[u8], limit| {
            let rows = store.range(from, to, limit).expect("a range").found;
            rows.iter().map(|row| String::from_utf8(row.key.clone()).expect("text")).collect::<Vec<_>>()
        };
        assert_eq!(keys(b"a", b"e", 100), ["a", "b", "c", "ca"]);
        assert_eq!(keys(b"b", b"z", 2), ["b", "c"]);
        assert_eq!(keys(b"c", &prefix_end(b"c"), 100), ["c", "ca"]);
        assert_eq!(keys(b"", &prefix_end(b""), usize::MAX), ["a", "b", "c", "ca", "e"]);
        assert_eq!(keys(b"e", b"a", 100), [""; 0]);
        assert_eq!(keys(b"a", b"e", 0), [""; 0]);
    });
}

#[test]
fn what_is_too_large_is_refused_and_what_fits_exactly_is_kept() {
    on_each(|store| {
        let change = |key: usize, value: usize| Change {
            writes: vec![Write { key: vec![b'k'; key], value: Some(vec![b'v'; value]) }],
            ..Change::default()
        };
        for (key, value) in [(MAX_KEY, MAX_VALUE), (MAX_KEY, MAX_VALUE - 1), (1, 0)] {
            let _ = applied(store.commit(change(key, value)).expect("it fits"));
            let row = store.get(&vec![b'k'; key]).expect("a read").found.expect("it is there");
            assert_eq!(row.value.len(), value);
        }
        for (key, value) in [(MAX_KEY + 1, 1), (1, MAX_VALUE + 1)] {
            let refused = store.commit(change(key, value)).expect_err("it does not fit");
            assert!(matches!(refused, StoreError::TooLarge { .. }), "{refused}");
        }
    });
}

#[test]
fn events_are_chained_by_the_store_in_their_order() {
    on_each(|store| {
        for n in 0..5_u8 {
            let events = vec![vec![n, 0], vec![n, 1]];
            let _ = applied(store.commit(Change { events, ..Change::default() }).expect("a commit"));
        }
        let rows = store.range(&[events::PREFIX], &prefix_end(&[events::PREFIX]), 100).expect("a range").found;
        assert_eq!(rows.len(), 10);
        let mut chain = Chain::default();
        for (n, row) in rows.iter().enumerate() {
            assert!(chain.verify(&row.key, &row.value), "event {n}");
            let n = u8::try_from(n).expect("ten of them");
            assert_eq!(events::split(&row.value).expect("a row").1, [n / 2, n % 2]);
        }
        let head = store.get(events::HEAD).expect("a read").found.expect("there is a head");
        assert_eq!(head.value, chain.head());
    });
}

#[test]
fn a_watch_tells_each_change_under_its_prefix_once_and_in_order() {
    on_each(|store| {
        let first = applied(store.commit(put("a1", "x")).expect("a commit"));
        let second = applied(store.commit(put("a2", "x")).expect("a commit"));
        let watch = store.watch(b"a", first).expect("a watch");
        let _ = store.commit(put("b", "x")).expect("a commit");
        let third = applied(store.commit(put("a3", "x")).expect("a commit"));
        for (revision, key) in [(second, "a2"), (third, "a3")] {
            let notice = watch.next(Duration::from_secs(20)).expect("a notice");
            assert_eq!(notice, Notice::Changed { revision, writes: vec![write(key, Some("x"))] });
        }
        assert_eq!(watch.next(Duration::ZERO), None);
    });
}

#[test]
fn a_sync_covers_every_commit_before_it() {
    on_each(|store| {
        let mut last = Revision(0);
        for n in 0..50 {
            last = applied(store.commit(put(&format!("k{n}"), "v")).expect("a commit"));
        }
        store.sync(last).expect("a sync");
        store.sync(Revision(0)).expect("a sync of what is durable already");
    });
}

#[test]
fn of_threads_that_count_in_one_row_none_overwrites_another() {
    on_each(|store| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        count_once(store);
                    }
                });
            }
        });
        assert_eq!(value(store, "n").as_deref(), Some("100"));
    });
}

fn count_once(store: &dyn Store) {
    loop {
        let found = store.get(b"n").expect("a read").found;
        let n = found
            .as_ref()
            .map_or(0, |row| std::str::from_utf8(&row.value).expect("text").parse::<u32>().expect("a number"));
        let mut change = put("n", &(n + 1).to_string());
        change.compares = vec![compare("n", found.map(|row| row.changed))];
        if let Committed::Applied(revision) = store.commit(change).expect("an answer") {
            return store.sync(revision).expect("a sync");
        }
    }
}

/// So many rows `r000000`, `r000002`, ... with this value.
pub(crate) fn run(rows: usize, value: Option<&str>) -> Change {
    let mut run = Run::default();
    (0..rows).for_each(|n| run.push(format!("r{:06}", 2 * n).as_bytes(), value.map(str::as_bytes)));
    Change { run: run.into(), ..Change::default() }
}

/// The keys of a range, and the values one behind the other, each once.
fn seen(store: &dyn Store) -> (usize, String) {
    let rows = store.range(b"r", b"s", usize::MAX).expect("the store answers").found;
    assert!(rows.is_sorted_by(|a, b| a.key < b.key));
    let mut values: Vec<String> = rows.iter().map(|row| String::from_utf8_lossy(&row.value).into_owned()).collect();
    for row in rows.iter().step_by(97) {
        let one = store.get(&row.key).expect("the store answers").found.expect("it was in the range");
        assert_eq!((one.value, one.changed), (row.value.clone(), row.changed));
    }
    values.dedup();
    (rows.len(), values.concat())
}

#[test]
fn very_many_rows_of_one_commit_are_rows_like_all_others() {
    on_each(|store| {
        let first = applied(store.commit(run(3000, Some("a"))).expect("a commit"));
        let _ = applied(store.commit(put("r000001", "b")).expect("a commit"));
        let _ = applied(store.commit(put("r000002", "b")).expect("a commit"));
        assert_eq!(seen(store), (3001, "aba".into()));
        assert_eq!(value(store, "r000003"), None);
        let _ = applied(store.commit(run(2000, Some("c"))).expect("a commit"));
        assert_eq!(seen(store), (3001, "cbca".into()));
        let mut late = put("x", "1");
        late.compares = vec![compare("r000004", Some(first))];
        assert!(matches!(store.commit(late), Ok(Committed::Conflict(_))), "a run wrote it since");
        let mut both = run(1500, None);
        both.writes = vec![write("r000001", None)];
        both.events = vec![b"event".to_vec()];
        let _ = applied(store.commit(both).expect("a commit"));
        assert_eq!(seen(store), (1500, "ca".into()));
        assert!(value(store, "r002998").is_none() && store.get(b"E").expect("an answer").found.is_some());
    });
}

#[test]
fn very_many_rows_of_one_commit_are_there_after_the_store_was_opened_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path(), Tenure::Visitor);
    let _ = applied(store.commit(run(9000, Some("a"))).expect("a commit"));
    let _ = applied(store.commit(put("r000001", "b")).expect("a commit"));
    let _ = applied(store.commit(run(5000, Some("c"))).expect("a commit"));
    store.close().expect("the disk takes it");
    let again = open(dir.path(), Tenure::Visitor);
    assert_eq!(seen(&again), (9001, "cbca".into()));
    again.checkpoint().expect("the disk takes it");
    assert_eq!(seen(&again), (9001, "cbca".into()), "from the tree");
    again.verify().expect("the tree is whole");
}

#[test]
fn a_small_change_does_not_wait_until_the_tree_has_a_very_large_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(dir.path(), Tenure::Visitor);
    let _ = applied(store.commit(run(250_000, Some(&"x".repeat(230)))).expect("a commit"));
    let _ = applied(store.commit(put("small", "1")).expect("a commit"));
    let waiting = store.status().expect("the store answers").waiting_rows;
    assert!(waiting > 200_000, "the tree has all but {waiting} rows by now");
}

#[test]
fn what_was_read_as_a_whole_must_not_have_changed_since() {
    on_each(|store| {
        let _ = applied(store.commit(put("a1", "1")).expect("a commit"));
        let read_at = applied(store.commit(put("b", "1")).expect("a commit"));
        let on = |prefix: &str| Change { unchanged: vec![prefix.into()], read_at, ..put("c", "1") };
        let _ = applied(store.commit(on("a")).expect("a commit"));
        let _ = applied(store.commit(put("a2", "1")).expect("a commit"));
        assert!(matches!(store.commit(on("a")), Ok(Committed::Conflict(_))), "a row came in between");
        let _ = applied(store.commit(on("b")).expect("a commit"));
        let _ =
            applied(store.commit(Change { writes: vec![write("b", None)], ..Change::default() }).expect("a commit"));
        assert!(matches!(store.commit(on("b")), Ok(Committed::Conflict(_))), "it was removed in between");
        let at = Revision(read_at.0 + 100);
        let _ = applied(store.commit(Change { read_at: at, ..on("b") }).expect("a commit"));
    });
}
