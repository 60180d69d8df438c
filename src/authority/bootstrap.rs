//! What a new store holds: the content types and permissions that Django's `migrate` leaves, with the same ids.
//!
//! Recorded from Django 5.2 and DRF 3.18 with the apps admin, auth, contenttypes, sessions, messages, staticfiles,
//! rest_framework and rest_framework.authtoken, in that order.

use std::sync::atomic::AtomicBool;

use super::{Core, OpenError, Passwords, error::ChangeError, overlay::Overlay, reveals::Reveals, tx::Tx};
use crate::{
    domain::{Action, Actor, Channel, ContentType, Permission},
    store::{Committed, Store, StoreError, layout::Table},
};

/// App label, model, and the model's name for people.
const MODELS: [(&str, &str, &str); 8] = [
    ("admin", "logentry", "log entry"),
    ("auth", "permission", "permission"),
    ("auth", "group", "group"),
    ("auth", "user", "user"),
    ("contenttypes", "contenttype", "content type"),
    ("sessions", "session", "session"),
    ("authtoken", "token", "Token"),
    ("authtoken", "tokenproxy", "Token"),
];

const ACTIONS: [&str; 4] = ["add", "change", "delete", "view"];

/// Whether a store has been through [`run`].
pub(super) fn is_done(store: &dyn Store) -> Result<bool, StoreError> {
    let read = store.get(&Table::ContentType.counter())?;
    // What is not durable yet may have been written by a process that dies before it has its keyring entry.
    store.sync(read.seen)?;
    Ok(read.found.is_some())
}

/// Fills a new store, in one commit. Another process may be doing the same: the first one counts.
pub(super) fn run(core: &Core) -> Result<(), OpenError> {
    let actor = Actor::new("hallpass", None, Channel::System);
    let mut overlay = Overlay::default();
    let now = core.clock.now();
    let (passwords, reveals, stop) = (Passwords::New, &mut Reveals::default(), &AtomicBool::new(false));
    let mut tx =
        Tx { core, overlay: &mut overlay, actor: &actor, reason: None, passwords, reveals, now, stop, crowd: None };
    fill(&mut tx).map_err(|error| match error {
        ChangeError::Store(error) => OpenError::Store(error),
        other => unreachable!("a new store takes its first rows: {other}"),
    })?;
    match core.store.commit(overlay.into_change())? {
        Committed::Applied(revision) | Committed::Conflict(revision) => Ok(core.settle(revision)?),
    }
}

fn fill(tx: &mut Tx<'_>) -> Result<(), ChangeError> {
    rows(tx)?;
    tx.record(Action::StoreCreated, None, None);
    Ok(())
}

/// Content types and permissions.
pub(super) fn rows(tx: &mut Tx<'_>) -> Result<(), ChangeError> {
    for (app_label, model, _) in MODELS {
        tx.insert_quietly(ContentType { id: 0, app_label: app_label.into(), model: model.into() })?;
    }
    for ((_, model, people), content_type) in MODELS.into_iter().zip(1..) {
        for action in ACTIONS {
            let (name, codename) = (format!("Can {action} {people}"), format!("{action}_{model}"));
            tx.insert_quietly(Permission { id: 0, name, content_type, codename })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::tests::bench;

    #[test]
    fn a_new_store_has_what_migrate_leaves() {
        let bench = bench();
        let mut session = bench.session();
        let (types, permissions) =
            session.transact(|tx| Ok::<_, ChangeError>((tx.all::<ContentType>()?, tx.all::<Permission>()?))).unwrap();
        assert_eq!((types.len(), permissions.len()), (8, 32));
        assert_eq!((types[3].id, types[3].model.as_str()), (4, "user"));
        let view = &permissions[27];
        assert_eq!((view.id, view.content_type, view.name.as_str()), (28, 7, "Can view Token"));
    }
}
