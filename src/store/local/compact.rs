//! Writing the tree anew: a copy without the gaps that churn left, checked, and swapped in while commits wait.

use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt, sync::Arc};

use super::{
    engine::{Engine, State, Trouble, open_tree},
    journal::{Entry, Journal},
    open::{begin_at, open_mark},
    place,
    tree::{self, BATCH, Tree, disk},
    view::{self, At},
};

/// Compacts; runs on the applier's thread, so that the tree stands still.
pub(super) fn run(engine: &Engine) -> Result<(), Trouble> {
    let refused = |e| disk("compacting the store", e);
    super::applier::fill(engine)?;
    let fresh = engine.place.begin_fresh().map_err(refused)?;
    let result = copy(engine, &fresh).and_then(|tree| swap(engine, tree));
    if result.is_err() {
        // Half a copy is worthless.
        let _ = place::remove(&fresh);
    }
    result
}

/// Copies what the tree holds, while commits go on into the journal and the overlay.
fn copy(engine: &Engine, fresh: &std::path::Path) -> Result<Tree, Trouble> {
    let refused = |e| disk("compacting the store", e);
    let Some(from) = engine.view().tree.clone() else { return Err(Trouble::Gone) };
    let dir = fresh.join("sled");
    DirBuilder::new().mode(0o700).create(&dir).map_err(refused)?;
    let tree = Tree::open(&dir, engine.cache_bytes, Some(engine.id))?;
    let held = from.about();
    copy_rows(from.rows(), &tree, held.revision)?;
    drop(from);
    if tree.recount()? != held {
        return Err(tree::damaged("its rows do not add up to what was written").into());
    }
    Ok(tree)
}

/// Puts rows into a tree, batch by batch.
pub(super) fn copy_rows(
    rows: impl Iterator<Item = Result<tree::Put, super::super::StoreError>>,
    to: &Tree,
    revision: super::super::Revision,
) -> Result<(), super::super::StoreError> {
    let mut batch = Vec::with_capacity(BATCH);
    for row in rows {
        batch.push(row?);
        if batch.len() == BATCH {
            to.apply(std::mem::take(&mut batch), to.about().revision)?;
        }
    }
    to.apply(batch, revision)
}

/// Puts the copy in the place of the tree, with a journal of its own.
fn swap(engine: &Engine, copy: Tree) -> Result<(), Trouble> {
    let refused = |e| disk("compacting the store", e);
    let place = &engine.place;
    let fresh = place.fresh();
    let mut order = engine.order();
    if !matches!(order.state, State::Open) {
        return Err(Trouble::Gone);
    }
    let mut view = engine.view_mut();
    // What was committed meanwhile goes straight into the copy: from here on nobody can commit.
    let mut at = At::START;
    while !matches!(at, At::End) {
        let (puts, next) = view::lacking(&view.overlay, &copy, at, order.revision, BATCH)?;
        copy.apply(puts, copy.about().revision)?;
        at = next;
    }
    copy.apply(Vec::new(), order.revision)?;
    copy.close()?;
    let number = order.journal.number + 1;
    begin_at(&fresh, number, engine.id, order.revision)?;
    let Some(old) = view.tree.take() else { return Err(Trouble::Gone) };
    let closed = Arc::into_inner(old).map_or(Ok(()), Tree::close);
    // The old tree is about to go: that it did not close well does not matter any more.
    drop(closed);
    let swapped = place.swap_in().map_err(refused);
    view.tree = Some(Arc::new(open_tree(place, engine.cache_bytes)?));
    swapped?;
    view.overlay.clear();
    let data = place.data();
    let path = data.join(super::journal::name(number));
    let mut journal = Journal::resume(path, number, engine.id, super::journal::START).map_err(refused)?;
    journal.append(order.revision, order.revision, &Entry::Recent(order.recent.list())).map_err(refused)?;
    order.journal = journal;
    order.full.clear();
    engine.durability.turns().mark = open_mark(&data).map_err(refused)?;
    engine.durability.reach(order.revision);
    Ok(())
}
