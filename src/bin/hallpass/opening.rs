//! Opening the store, and the services for it that need more than an authority.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use hallpass::{
    authority::{Access, Authority, KeyringAt},
    clock::SystemClock,
    command::{Block, Cell, Data, Doing, Failure, Format, Mode, Note, Reply, Service, Sheet},
    config::{Config, Where},
    domain::{Clock, Entropy, to_hex},
    random::SystemEntropy,
    store::{
        Store, StoreId, backup, check,
        local::{self, LocalStore},
        memory::MemoryStore,
    },
};
use serde_json::{Value, json};

use crate::stopping::Patience;

/// The store in a directory, once it is open: it can be given up for as long as this process is suspended.
pub(crate) type Held = Arc<OnceLock<Arc<LocalStore>>>;

/// Opens the store and takes it over, or a copy of it.
pub(crate) fn open(config: &Config, mode: Mode, held: &Held) -> Result<Authority, Failure> {
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let (store, keyring): (Arc<dyn Store>, _) = match &config.store {
        Where::Memory => {
            let mut id = [0; 16];
            entropy.fill(&mut id);
            (Arc::new(MemoryStore::new(StoreId(id))), KeyringAt::Process)
        }
        Where::Directory(directory) if mode != Mode::Full && !local::is_there(directory)? => {
            return Err(Failure::Unavailable {
                message: format!("there is no store in {} yet", directory.display()),
                causes: Vec::new(),
                hints: vec!["hallpass shell makes one; --store memory: needs none".into()],
            });
        }
        Where::Directory(directory) if mode == Mode::Sandbox => {
            let store = local(directory, config)?;
            let copy = backup::into_memory(&store)?;
            store.close()?;
            (Arc::new(copy), KeyringAt::Copied(&config.keyring))
        }
        Where::Directory(directory) => {
            let store = Arc::new(local(directory, config)?);
            (Arc::clone(held.get_or_init(|| store)) as Arc<dyn Store>, KeyringAt::File(&config.keyring))
        }
    };
    let access = match mode {
        Mode::ReadOnly => Access::ReadOnly,
        Mode::Full | Mode::Sandbox => Access::Full,
    };
    let authority = Authority::open_for(access, store, keyring, config.policy.clone(), clock, entropy)?;
    // Rows ready for questions take several times their bytes on the disk.
    authority.keep_rows(config.cache_bytes.saturating_mul(4));
    Ok(authority)
}

fn local(directory: &Path, config: &Config) -> Result<LocalStore, Failure> {
    let options =
        local::Options { cache_bytes: config.cache_bytes, tenure: local::Tenure::Visitor, program: "hallpass".into() };
    Ok(local::open(directory, options, &SystemEntropy)?)
}

/// Does a service for the store.
pub(crate) fn serve(
    config: &Config,
    mode: Mode,
    service: Service,
    format: Format,
    patience: &Patience,
) -> Result<Reply, Failure> {
    if mode == Mode::Sandbox {
        return Err(Failure::refused_with("a sandbox is in memory and has no files", "leave the sandbox first"));
    }
    let Where::Directory(directory) = &config.store else {
        return Err(Failure::refused("a store in memory has no files"));
    };
    match service {
        Service::Status => {
            let status = local(directory, config)?.status()?;
            let id = local(directory, config)?.id();
            let fields = [
                ("owner", u64::from(status.owner)),
                ("revision", status.revision.0),
                ("durable", status.durable.0),
                ("in_tree", status.in_tree.0),
                ("rows", status.rows),
                ("row_bytes", status.row_bytes),
                ("tree_bytes", status.tree_bytes),
                ("journal_bytes", status.journal_bytes),
                ("waiting_rows", status.waiting_rows),
                ("blobs", status.blobs),
            ];
            Ok(sheet(vec![("store_id", json!(to_hex(&id.0)))], &fields, format))
        }
        Service::Check => {
            let store = local(directory, config)?;
            store.verify()?;
            let mut progress = patience.progress("checking rows", Some(store.status()?.rows));
            let report = check::check_watched(&store, &mut *progress)?;
            drop(progress);
            let broken: Vec<Value> = report
                .broken
                .iter()
                .map(|broken| json!({"invariant": broken.invariant.to_string(), "what": broken.what}))
                .collect();
            let mut reply =
                sheet(vec![("broken", json!(broken))], &[("rows", report.rows), ("events", report.events)], format);
            reply.notes = report
                .broken
                .iter()
                .map(|broken| Note::Warning(format!("{}: {}", broken.invariant, broken.what)))
                .collect();
            reply.status = u8::from(!report.broken.is_empty());
            reply.notes.push(match reply.status {
                0 => Note::Status("The store is sound.".into()),
                _ => Note::Hint("hallpass store repair".into()),
            });
            Ok(reply)
        }
        Service::Backup(file) => {
            let store = local(directory, config)?;
            let mut progress = patience.progress("writing rows", Some(store.status()?.rows));
            let summary = backup::write_watched(&store, &file, &mut *progress)?;
            drop(progress);
            let reply = Reply::status(format!(
                "Wrote {} rows as of revision {} into {}, {} bytes.",
                summary.rows,
                summary.revision.0,
                file.display(),
                summary.bytes
            ));
            let keyring = config.keyring.display();
            Ok(reply
                .and(Note::Hint(format!("without its keyring it opens nothing: keep a copy of {keyring} elsewhere"))))
        }
        Service::Restore(file, Doing::Done) => {
            let summary = local::restore(directory, &file)?;
            let reply = Reply::status(format!(
                "Made a store in {} as of revision {}.",
                directory.display(),
                summary.revision.0
            ));
            Ok(reply.and(Note::Hint(format!("it needs the keyring entry of store {}", to_hex(&summary.id.0)))))
        }
        Service::Restore(file, Doing::Said) => {
            let summary = backup::read(&file, |_| Ok(()))?;
            if local::is_there(directory)? {
                return Err(Failure::refused_with(
                    format!("there is a store in {} already", directory.display()),
                    "restore into another directory, or move this one away; nothing was changed",
                ));
            }
            let (directory, revision) = (directory.display(), summary.revision.0);
            let would = format!("Would make a store in {directory} as of revision {revision}; nothing was changed.");
            Ok(Reply::status(would)
                .and(Note::Hint(format!("it needs the keyring entry of store {}", to_hex(&summary.id.0)))))
        }
        Service::Repair(Doing::Said) => {
            let repaired = local::survey(directory)?;
            let mut reply = Reply::status(format!(
                "Would bring back {} rows as of revision {}; nothing was changed.",
                repaired.rows, repaired.revision.0
            ));
            reply.notes.extend(repaired.lost.into_iter().map(|lost| Note::Warning(format!("would be lost: {lost}"))));
            Ok(reply)
        }
        Service::Repair(Doing::Done) => {
            let repaired = local::repair(directory)?;
            let mut reply = Reply::status(format!(
                "Brought back {} rows as of revision {}; the damaged data are in {}.",
                repaired.rows,
                repaired.revision.0,
                repaired.kept.display()
            ));
            reply.notes.extend(repaired.lost.into_iter().map(Note::Warning));
            Ok(reply.and(Note::Hint("hallpass store check".into())))
        }
        Service::Compact(Doing::Said) => {
            let status = local(directory, config)?.status()?;
            Ok(Reply::status(format!(
                "Would write the store anew: {} bytes of rows, now in {} bytes; nothing was changed.",
                status.row_bytes, status.tree_bytes
            )))
        }
        Service::Compact(Doing::Done) => {
            let status = local(directory, config)?.compact()?;
            Ok(Reply::status(format!(
                "Wrote the store anew: {} bytes of rows in {} bytes.",
                status.row_bytes, status.tree_bytes
            )))
        }
    }
}

/// Numbers by name, and what only a script reads.
fn sheet(more: Vec<(&str, Value)>, numbers: &[(&str, u64)], format: Format) -> Reply {
    let mut json: serde_json::Map<String, Value> =
        numbers.iter().map(|(name, number)| ((*name).to_owned(), json!(number))).collect();
    json.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let number = |n: u64| Cell::Number(i64::try_from(n).unwrap_or(i64::MAX));
    let fields = numbers.iter().map(|(name, n)| (name.replace('_', " "), number(*n))).collect();
    let sheet = Sheet { json: Value::Object(json), blocks: vec![Block::Fields(fields, SystemClock.now())] };
    Reply { data: Data::Sheet(sheet, format), ..Reply::default() }
}
