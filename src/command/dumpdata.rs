//! Django's `dumpdata`.

use std::{collections::HashSet, fs::File, io::Write, path::Path};

use clap::Args;

use super::{
    Context, Failure, Note, Reply, argparse,
    compression::Compression,
    django::{Common, Database},
    labels,
};
use crate::{
    authority::transfer::{DumpError, DumpOptions, Format, Keys, Kind, dump},
    domain::Model,
};

/// Output the contents of the store as a fixture of the given format
#[derive(Args, Debug)]
pub struct DumpData {
    /// Restricts dumped data to the specified app_label or app_label.ModelName; hallpass.token for what Django has no
    /// place for
    #[arg(value_name = "APP[.MODEL]")]
    app_label: Vec<String>,
    /// Specifies the output serialization format for fixtures: json, jsonl or xml
    #[arg(long, default_value = "json")]
    format: String,
    /// Specifies the indent level to use when pretty-printing output
    #[arg(long, allow_negative_numbers = true)]
    indent: Option<String>,
    #[command(flatten)]
    database: Database,
    /// An app_label or app_label.ModelName to exclude
    #[arg(short, long, value_name = "APP[.MODEL]")]
    exclude: Vec<String>,
    /// Use natural foreign keys if they are available
    #[arg(long)]
    natural_foreign: bool,
    /// Use natural primary keys if they are available
    #[arg(long)]
    natural_primary: bool,
    /// Nothing is left out anyway
    #[arg(short, long)]
    all: bool,
    /// Only dump objects with given primary keys, separated by commas; works with one model only
    #[arg(long)]
    pks: Option<String>,
    /// Specifies file to which the output is written
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

impl DumpData {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let options = self.options()?;
        let mut notes = Vec::new();
        for kind in &options.kinds {
            if *kind == Kind::Model(Model::TokenProxy) && !options.kinds.contains(&Kind::Model(Model::Token)) {
                let text = "ProxyModelWarning: authtoken.TokenProxy is a proxy model and won't be serialized.";
                notes.push(Note::Text(format!("hallpass:0: {text}\n")));
            }
        }
        // The file is made before anything is read, so that one that cannot be made costs nothing.
        let file = match self.output.as_deref().filter(|name| !name.is_empty()).map(place) {
            Some((name, compression, note)) => {
                notes.extend(note);
                Some((create(&context.path(&name), &name)?, compression))
            }
            None => None,
        };
        let session = context.session()?;
        let mut bytes = Vec::new();
        session.borrow_mut().transact(|tx| {
            bytes.clear();
            dump(tx, &options, &mut bytes).map_err(failure)
        })?;
        match file {
            Some((mut file, compression)) => {
                context.settle()?;
                let packed = compression.and_then(|compression| compression.pack(&bytes, &mut file));
                let written = packed.unwrap_or_else(|| file.write_all(&bytes));
                written.and_then(|()| file.sync_all()).map_err(|error| unable(&error.to_string()))?;
                Ok(Reply { notes, ..Reply::default() })
            }
            None => {
                let text = String::from_utf8(bytes).expect("the writers write UTF-8 only");
                Ok(Reply { notes, ..Reply::text(text) })
            }
        }
    }

    fn options(&self) -> Result<DumpOptions, Failure> {
        let indent = match &self.indent {
            None => None,
            Some(text) => match text.parse::<i64>() {
                Ok(indent) => Some(indent),
                Err(_) => {
                    return Err(argparse::usage(
                        "dumpdata",
                        &format!("argument --indent: invalid int value: '{text}'"),
                    ));
                }
            },
        };
        let excluded = labels::excluded(&self.exclude)?;
        let one_model = matches!(self.app_label.as_slice(), [label] if label.split('.').count() == 2);
        let pks = self.pks.as_deref().filter(|pks| !pks.is_empty());
        if pks.is_some() && !one_model {
            return Err(Failure::command("You can only use --pks option with one model"));
        }
        let mut kinds = labels::chosen(&self.app_label, &excluded)?;
        let format = match Format::named(&self.format) {
            Some(format) => format,
            None if self.format == "yaml" => return Err(unable("No module named 'yaml'")),
            None => return Err(Failure::command(format!("Unknown serialization format: {}", self.format))),
        };
        let keys = |natural: bool| if natural { Keys::Natural } else { Keys::Primary };
        if self.natural_foreign {
            kinds = labels::sorted(kinds);
        }
        kinds.retain(|kind| !matches!(kind, Kind::Model(model) if excluded.contains(model)));
        let pks = pks.map(|pks| pks.split(',').map(|pk| pk.trim().to_owned()).collect::<HashSet<_>>());
        if let (Some(pks), [Kind::Model(model)]) = (&pks, kinds.as_slice())
            && model.concrete() != Model::Token
            && let Some(wrong) = pks.iter().find(|pk| pk.parse::<i64>().is_err())
        {
            return Err(unable(&format!("Field 'id' expected a number but got '{wrong}'.")));
        }
        Ok(DumpOptions {
            kinds,
            format,
            indent,
            foreign: keys(self.natural_foreign),
            primary: keys(self.natural_primary),
            pks,
        })
    }
}

fn unable(why: &str) -> Failure {
    Failure::command(format!("Unable to serialize database: {why}"))
}

/// Which file is written and how it is packed, by the name that was given. Django packs no zip: its file lacks the end.
fn place(name: &str) -> (String, Option<Compression>, Option<Note>) {
    let path = Path::new(name);
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    match Compression::named(end) {
        Some(Compression::Zip) => {
            let root = name.strip_suffix(".zip").unwrap_or(name);
            let file = path.file_stem().unwrap_or_default().to_string_lossy();
            let text = format!("RuntimeWarning: Unsupported file extension (.zip). Fixtures saved in '{file}'.");
            (root.to_owned(), None, Some(Note::Text(format!("hallpass:0: {text}\n"))))
        }
        compression => (name.to_owned(), compression, None),
    }
}

/// A file for the dump, for nobody else to read: it holds keys and password hashes.
fn create(path: &Path, name: &str) -> Result<File, Failure> {
    use std::os::unix::fs::OpenOptionsExt;
    let opened = File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
    opened.map_err(|error| unable(&super::loaddata::os_error(&error, name)))
}

fn failure(error: DumpError) -> Failure {
    match error {
        DumpError::Io(error) => unable(&error.to_string()),
        DumpError::Transfer(error) => super::loaddata::failure(error),
    }
}
