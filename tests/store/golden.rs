//! Stores that were written by released formats are opened by today's program.

use std::{path::Path, process::Command};

use hallpass::store::{Change, Edit, Part, Store, StoreId, backup, local::Tenure};

use crate::{
    services::contents,
    support::{open, value},
};

fn unpack(name: &str, into: &Path) {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/golden").join(name);
    let unpacked = Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(into).status();
    assert!(unpacked.is_ok_and(|status| status.success()), "the archive can be unpacked");
}

/// Written by the first format: 40 rows in the tree, three more and a removal in the journal, not closed.
#[test]
fn a_store_and_a_backup_of_format_1_are_read() {
    let dir = tempfile::tempdir().expect("a directory");
    unpack("format-1.tar.gz", dir.path());
    let summary = backup::read(&dir.path().join("backup"), |_| Ok(())).expect("the backup is whole");
    assert_eq!((summary.id, summary.rows), (StoreId(*b"golden store one"), 44));
    let store = open(&dir.path().join("s"), Tenure::Visitor);
    assert_eq!(store.id(), StoreId(*b"golden store one"));
    assert_eq!(contents(&store).len(), 44);
    assert_eq!(value(&store, "k000039").as_deref(), Some("value 39"));
    assert_eq!(value(&store, "k000007"), None);
    assert_eq!(value(&store, "late2").as_deref(), Some("2"));
    store.verify().expect("it adds up");
    // It goes on in the format of today.
    let edit = Edit::new(vec![(b"k".to_vec(), b"l".to_vec())], vec![Part::Set(b"VALUE".to_vec())], 40);
    let change = Change { edit: edit.map(Into::into), ..Change::default() };
    let last = crate::support::applied(store.commit(change).expect("a commit"));
    store.sync(last).expect("a sync");
    store.close().expect("it closes");
    let store = open(&dir.path().join("s"), Tenure::Visitor);
    assert_eq!(value(&store, "k000039").as_deref(), Some("VALUE 39"));
    assert_eq!(value(&store, "late2").as_deref(), Some("2"));
}

/// Writes such a store where `HALLPASS_GOLDEN` says: for the next format, once.
#[test]
fn a_new_golden_store_can_be_written() {
    use hallpass::store::local;

    use crate::support::{options, put, write};

    struct Named;
    impl hallpass::domain::Entropy for Named {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&b"golden store one"[..bytes.len()]);
        }
    }
    let scratch = tempfile::tempdir().expect("a directory");
    let dir = std::env::var_os("HALLPASS_GOLDEN").map_or_else(|| scratch.path().to_path_buf(), Into::into);
    let store = local::open(&dir.join("s"), options(Tenure::Visitor), &Named).expect("it opens");
    let writes = (0..40).map(|n| write(&format!("k{n:06}"), Some(&format!("value {n}")))).collect();
    let _ = store.commit(Change { writes, events: vec![b"made".to_vec()], ..Change::default() }).expect("a commit");
    store.checkpoint().expect("a checkpoint");
    for n in 0..3 {
        let _ = store.commit(put(&format!("late{n}"), &n.to_string())).expect("a commit");
    }
    let removal = Change { writes: vec![write("k000007", None)], ..Change::default() };
    let last = crate::support::applied(store.commit(removal).expect("a commit"));
    store.sync(last).expect("a sync");
    backup::write(&store, &dir.join("backup")).expect("a backup");
    let copied = Command::new("cp").arg("-a").args([dir.join("s"), dir.join("copy")]).status();
    assert!(copied.is_ok_and(|status| status.success()), "it can be copied as it stands");
    assert_eq!(contents(&store).len(), 44);
}
