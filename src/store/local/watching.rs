//! A watch that lives longer than the link it began on: one thread carries notices from whatever link there is.

use std::{
    sync::{Arc, Weak, mpsc::Receiver},
    thread,
};

use super::{
    super::{Notice, Revision, StoreError, Watch, watch::WatchSender},
    engine::{Engine, Trouble},
    feed::{self, Item},
    link::Link,
    shared::Shared,
};

/// Where the notices of the present link come from.
enum Source {
    Own(Receiver<Notice>, Arc<Engine>),
    Owner(Receiver<Item>),
}

/// Begins to follow a prefix.
pub(super) fn start(shared: &Arc<Shared>, prefix: &[u8], from: Revision) -> Result<Watch, StoreError> {
    let source = connect(shared, prefix, from)?;
    let (sender, watch) = Watch::channel();
    let (weak, prefix) = (Arc::downgrade(shared), prefix.to_vec());
    thread::Builder::new()
        .name("store-follow".into())
        .spawn(move || carry(&weak, &prefix, from, source, &sender))
        .map_err(|e| StoreError::Unavailable {
            what: "the system gives this process no more threads".into(),
            hint: None,
            source: Some(e),
        })?;
    Ok(watch)
}

fn connect(shared: &Shared, prefix: &[u8], from: Revision) -> Result<Source, StoreError> {
    shared.with(|link| match link {
        Link::Loose => Err(Trouble::Gone),
        Link::Owner(tenancy) => Ok(Source::Own(tenancy.engine.feed(prefix, from)?, Arc::clone(&tenancy.engine))),
        Link::Attached(client) => Ok(Source::Owner(client.feed(prefix, from)?)),
    })
}

fn carry(shared: &Weak<Shared>, prefix: &[u8], from: Revision, source: Source, sender: &WatchSender) {
    let mut told = from;
    let mut source = source;
    loop {
        let item = match &source {
            Source::Own(feed, engine) => feed::next(feed, engine),
            Source::Owner(feed) => feed.recv().unwrap_or(Item::Gone),
        };
        match item {
            Item::Notice(notice) => {
                let over = match &notice {
                    Notice::Changed { revision, .. } => {
                        told = *revision;
                        false
                    }
                    Notice::Lagged => true,
                };
                if !sender.send(notice) || over {
                    return;
                }
            }
            Item::Quiet(revision) => told = told.max(revision),
            Item::Gone => {
                // The store itself is closed, or its next owner cannot be reached: the reader is told that it lags.
                let Some(shared) = shared.upgrade() else { return };
                match connect(&shared, prefix, told) {
                    Ok(next) => source = next,
                    Err(_) => return,
                }
            }
        }
    }
}
