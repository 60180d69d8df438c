//! Fills the tree behind the journal, and drops journals when the tree is known to be whole without them.

use std::{
    ops::Bound,
    sync::{Arc, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use super::{
    super::{Revision, StoreError},
    compact,
    engine::{Engine, OVERLAY_FULL, State, Stop, Trouble, open_tree},
    open::{drop_journals, free_space},
    status::Service,
    tree::{BATCH, Tree},
    view::{self, At},
};

/// How long a small overlay may stay before it is brought into the tree: many changes of one row become one, and a page
/// of the tree is read and written once for many rows.
const PATIENCE: Duration = Duration::from_secs(3);

/// About so much is brought into the tree at a time.
const PORTION: usize = 8 << 20;

/// How often it is looked whether a full disk has space again.
const LOOKS: Duration = Duration::from_millis(100);

/// At this much journal, the least, the tree is closed and opened to have a snapshot, and the journal begins anew.
const CHECKPOINT: u64 = 64 << 20;

/// With this much space a tree that met a full disk is opened again.
const ENOUGH: u64 = 4 << 20;

/// A clean end brings at most this many rows into the tree; what is more stays in the journal for the next owner.
const LITTLE: usize = 4000;

/// Starts the applier of an engine.
pub(super) fn start(engine: &Arc<Engine>) -> std::io::Result<JoinHandle<()>> {
    let engine = Arc::clone(engine);
    std::thread::Builder::new().name("store-applier".into()).spawn(move || run(&engine))
}

fn run(engine: &Engine) {
    // Where the processor is short, requests and statements go first: what is written here is in the journal already, and
    // whoever needs the room waits for it. On Linux this is about the thread. Without it, it still works.
    let _ = rustix::process::setpriority_process(None, 10);
    work(engine);
    // Whoever waits for a job is told that it will not be done.
    engine.work.lock().unwrap_or_else(PoisonError::into_inner).jobs.clear();
    engine.drained.notify_all();
}

fn work(engine: &Engine) {
    loop {
        let stop = wait(engine);
        if stop.is_none()
            && let Err(Trouble::Store(error)) = do_jobs(engine)
        {
            engine.fail(&mut engine.order().state, "rebuilding the tree", &error);
            return;
        }
        match stop {
            Some(Stop::Now) => return,
            Some(Stop::Clean) if engine.view().overlay.len() > LITTLE => return,
            Some(Stop::Clean) | None => {}
        }
        let result = fill(engine).and_then(|()| if stop.is_none() { checkpoint_if_due(engine) } else { Ok(()) });
        match result {
            Ok(()) => {}
            Err(Trouble::Gone) => return,
            Err(Trouble::Store(StoreError::Full { .. })) if stop.is_none() => match wait_for_space(engine) {
                Ok(()) => continue,
                Err(Trouble::Gone) => return,
                Err(Trouble::Store(error)) => {
                    engine.fail(&mut engine.order().state, "opening the tree again", &error);
                    return;
                }
            },
            Err(Trouble::Store(error)) => {
                // The journal has everything; the tree is opened again before anything more is taken.
                engine.fail(&mut engine.order().state, "filling the tree", &error);
                return;
            }
        }
        if stop.is_some() {
            return;
        }
    }
}

/// On a full disk the tree stays as it is: it is still read, and the journal takes commits while it has room. sled
/// remembers the error for ever, so the tree is opened again as soon as there is space.
fn wait_for_space(engine: &Engine) -> Result<(), Trouble> {
    let data = engine.place.data();
    loop {
        {
            let mut work = engine.work.lock().unwrap_or_else(PoisonError::into_inner);
            work.stuck = true;
            engine.drained.notify_all();
            if work.stop.is_some() {
                return Err(Trouble::Gone);
            }
            drop(engine.work_there.wait_timeout(work, LOOKS).unwrap_or_else(PoisonError::into_inner));
        }
        do_jobs(engine)?;
        if free_space(&data) >= ENOUGH {
            reopen(engine)?;
            engine.work.lock().unwrap_or_else(PoisonError::into_inner).stuck = false;
            return Ok(());
        }
    }
}

fn do_jobs(engine: &Engine) -> Result<(), Trouble> {
    loop {
        let next = engine.work.lock().unwrap_or_else(PoisonError::into_inner).jobs.pop_front();
        let Some((service, answer)) = next else { return Ok(()) };
        let result = match service {
            Service::Status => Ok(()),
            Service::Verify => verify(engine),
            Service::Compact => compact::run(engine),
            Service::Checkpoint => checkpoint(engine),
        };
        match result {
            Ok(()) => {
                let _ = answer.send(Ok(engine.status()));
            }
            Err(Trouble::Gone) => return Ok(()),
            Err(Trouble::Store(error)) => {
                let tree_is_there = engine.view().tree.is_some();
                let _ = answer.send(Err(error));
                if !tree_is_there {
                    return Err(super::tree::damaged("it could not be opened again").into());
                }
            }
        }
    }
}

/// Reads every row of the tree and compares count and sum with what was kept of them as they were written.
fn verify(engine: &Engine) -> Result<(), Trouble> {
    let Some(tree) = engine.view().tree.clone() else { return Err(Trouble::Gone) };
    if tree.recount()? != tree.about() {
        return Err(super::tree::damaged("rows are missing or were changed by somebody else").into());
    }
    Ok(())
}

/// Waits for something to do: a call, an old enough overlay, the end.
fn wait(engine: &Engine) -> Option<Stop> {
    let mut work = engine.work.lock().unwrap_or_else(PoisonError::into_inner);
    let seen = work.calls;
    loop {
        if work.stop.is_some() || !work.jobs.is_empty() {
            return work.stop;
        }
        let (guard, timeout) = engine.work_there.wait_timeout(work, PATIENCE).unwrap_or_else(PoisonError::into_inner);
        work = guard;
        let view = engine.view();
        if !view.overlay.is_empty()
            && (timeout.timed_out() || (work.calls != seen && view.overlay.bytes() > OVERLAY_FULL))
        {
            return work.stop;
        }
    }
}

/// Brings everything that is visible now into the tree: the oldest commits first, so that whoever waits for room has it
/// as soon as there is some.
pub(super) fn fill(engine: &Engine) -> Result<(), Trouble> {
    let end = engine.visible();
    loop {
        let target = engine.view().overlay.first_bytes(PORTION, end);
        fill_upto(engine, target)?;
        engine.drained.notify_all();
        if target == end {
            return Ok(());
        }
    }
}

/// Brings what the commits up to `target` left into the tree.
fn fill_upto(engine: &Engine, target: Revision) -> Result<(), Trouble> {
    engine.sync(target)?;
    let Some(tree) = engine.view().tree.clone() else { return Err(Trouble::Gone) };
    let held = tree.about().revision;
    let mut at = At::START;
    while !matches!(at, At::End) {
        let (puts, next) = view::lacking(&engine.view().overlay, &tree, at, target, BATCH)?;
        if !puts.is_empty() {
            tree.apply(puts, held)?;
        }
        if must_hurry(engine) {
            // Somebody waits for the store; the journal has the rest.
            return Err(Trouble::Gone);
        }
        at = next;
    }
    // A row that was written again meanwhile was left out; the tree may call itself whole up to the target only when
    // that later commit can be replayed after any cut.
    let now = engine.visible();
    engine.sync(now)?;
    tree.apply(Vec::new(), target)?;
    drop(tree);
    let mut next = Bound::Unbounded;
    loop {
        let rest = engine.view_mut().overlay.settle(target, next, 1000);
        match rest {
            Some(key) => next = Bound::Included(key),
            None => return Ok(()),
        }
    }
}

/// Whether the end has come and too much is left to do before it.
fn must_hurry(engine: &Engine) -> bool {
    let stop = engine.work.lock().unwrap_or_else(PoisonError::into_inner).stop;
    match stop {
        None => false,
        Some(Stop::Now) => true,
        Some(Stop::Clean) => engine.view().overlay.len() > LITTLE,
    }
}

fn checkpoint_if_due(engine: &Engine) -> Result<(), Trouble> {
    let (used, tree_bytes) = {
        let order = engine.order();
        let used = order.full.iter().map(|j| j.used()).sum::<u64>() + order.journal.used();
        (used, engine.view().tree.as_ref().map_or(0, |tree| tree.size_on_disk()))
    };
    // Opening a large tree takes long: it is done more seldom.
    if used < CHECKPOINT.max(tree_bytes / 4) { Ok(()) } else { checkpoint(engine) }
}

/// Begins a new journal, fills the tree, opens it anew so that a snapshot covers it, and drops the journals before.
pub(super) fn checkpoint(engine: &Engine) -> Result<(), Trouble> {
    {
        let mut order = engine.order();
        if !matches!(order.state, State::Open) {
            return Err(Trouble::Gone);
        }
        engine.turn(&mut order)?;
    }
    fill(engine)?;
    reopen(engine)?;
    let mut order = engine.order();
    drop_journals(&mut order, &engine.place.data())?;
    Ok(())
}

/// Closes and opens the tree while readers wait.
fn reopen(engine: &Engine) -> Result<(), StoreError> {
    let mut view = engine.view_mut();
    let Some(tree) = view.tree.take() else { return Ok(()) };
    let before = tree.about();
    let tree = Arc::into_inner(tree).expect("readers hold the view, and the applier is this thread");
    tree.close()?;
    let tree: Tree = open_tree(&engine.place, engine.cache_bytes)?;
    if tree.about() != before {
        return Err(super::tree::damaged("it lost what was written to it"));
    }
    view.tree = Some(Arc::new(tree));
    Ok(())
}
