//! Django's `loaddata`.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    Context, Failure, Note, Reply, argparse,
    compression::{Broken, Compression, When},
    django::{Common, Database},
    labels,
    reason::Reason,
    user::counted,
    what::shown,
};
use crate::{
    authority::{
        Tx,
        transfer::{Fixture, Format, Installed, TransferError, Unknown},
    },
    domain::Model,
};

const STDIN: &str = "-";
const FORMATS: [&str; 4] = ["json", "jsonl", "xml", "yaml"];

/// Install the named fixture(s) in the store
#[derive(Args, Debug)]
pub struct LoadData {
    /// Fixture labels: files, with or without the end of their names; - is standard input
    fixture: Vec<String>,
    #[command(flatten)]
    database: Database,
    /// Accepted and not used: fixtures are looked for in the current directory
    #[arg(long = "app", value_name = "APP_LABEL")]
    app_label: Option<String>,
    /// Ignores entries in the serialized data for fields and models that do not exist
    #[arg(short = 'i', long)]
    ignorenonexistent: bool,
    /// Passes over the models that are not ours and says which and how many
    #[arg(long, conflicts_with = "ignorenonexistent")]
    skip_foreign: bool,
    /// An app_label or app_label.ModelName to exclude
    #[arg(short, long, value_name = "APP[.MODEL]")]
    exclude: Vec<String>,
    /// Format of serialized data when reading from stdin
    #[arg(long)]
    format: Option<String>,
    /// Say what would be installed, and install nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub(super) reason: Reason,
    #[command(flatten)]
    pub(super) common: Common,
}

/// A fixture's label, taken apart.
#[derive(Clone, Copy, Debug)]
struct Label<'a> {
    name: &'a str,
    format: Option<&'a str>,
    compression: Option<Compression>,
}

/// A file that was found.
struct Found {
    path: PathBuf,
    name: String,
    directory: Option<PathBuf>,
}

impl LoadData {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        if self.fixture.is_empty() {
            let text =
                "No database fixture specified. Please provide the path of at least one fixture in the command line.";
            return Err(argparse::usage("loaddata", text));
        }
        let excluded = labels::excluded(&self.exclude)?;
        let mut said = String::new();
        let mut notes = Vec::new();
        let mut fixtures = Vec::new();
        for label in &self.fixture {
            let found = self.find(label, context, &mut said)?;
            let fixture = self.read(label, &found, &excluded, context, &mut said)?;
            if fixture.is_empty() && fixture.foreign().is_empty() {
                let name = &found.name;
                notes.push(Note::Text(format!(
                    "hallpass:0: RuntimeWarning: No fixture data found for '{name}'. (File format may be invalid.)\n"
                )));
            }
            fixtures.push(fixture);
        }
        let session = context.session()?;
        let total = fixtures.iter().map(Fixture::len).sum::<usize>();
        let mut meter = context.progress("installing objects", u64::try_from(total).ok());
        let mut session = session.borrow_mut();
        let work = |tx: &mut Tx<'_>| tx.install(&fixtures, &mut *meter).map_err(failure);
        let installed = if self.dry_run { session.rehearse(work) } else { session.transact(work) };
        drop(meter);
        if self.dry_run {
            let Installed { installed, passed_over, .. } = installed?;
            let mut reply =
                Reply::status(format!("Would install {}; nothing was changed.", counted(installed, "object")));
            reply.notes.extend(notes.into_iter().chain(told(&fixtures, &passed_over)));
            return Ok(reply);
        }
        let installed = installed?;
        if self.common.verbosity() >= 1 {
            said.push_str(&sentence(&installed, fixtures.len()));
        }
        notes.extend(told(&fixtures, &installed.passed_over));
        Ok(Reply { notes, ..Reply::text(said) })
    }

    fn label<'a>(&'a self, label: &'a str) -> Result<Label<'a>, Failure> {
        if label == STDIN {
            let Some(format) = &self.format else {
                return Err(Failure::command("--format must be specified when reading from stdin."));
            };
            return Ok(Label { name: STDIN, format: Some(format), compression: None });
        }
        let (rest, compression) = match label.rsplit_once('.') {
            Some((rest, end)) => match Compression::named(end) {
                Some(compression) => (rest, Some(compression)),
                None => (label, None),
            },
            None => (label, None),
        };
        // The end of a name counts only behind the last slash, but a directory's name may hold a dot.
        match rest.rsplit_once('.') {
            Some((name, end)) if FORMATS.contains(&end) => Ok(Label { name, format: Some(end), compression }),
            Some((name, end)) => Err(Failure::command(format!(
                "Problem installing fixture '{name}': {end} is not a known serialization format."
            ))),
            None => Ok(Label { name: rest, format: None, compression }),
        }
    }

    /// Django's `find_fixtures`, in the current directory or where an absolute name says.
    fn find(&self, label: &str, context: &Context, said: &mut String) -> Result<Found, Failure> {
        let parts = self.label(label)?;
        if label == STDIN {
            return Ok(Found { path: PathBuf::from(STDIN), name: STDIN.into(), directory: None });
        }
        let loud = self.common.verbosity() >= 2;
        if loud {
            let _ = writeln!(said, "Loading '{}' fixtures...", parts.name);
        }
        // What follows the last slash, if it is nothing.
        let (above, base) = parts.name.rsplit_once('/').map_or(("", parts.name), |(above, base)| (above, base));
        let above = if above.is_empty() && parts.name.starts_with('/') { "/" } else { above };
        let directory = context.path(above);
        let directory = fs::canonicalize(&directory).unwrap_or(directory);
        let base = base.to_owned();
        if loud {
            let _ = writeln!(said, "Checking '{}' for fixtures...", directory.display());
        }
        let found = candidates(&directory, &base, parts);
        if loud && found.is_empty() {
            let _ = writeln!(said, "No fixture '{base}' in '{}'.", directory.display());
        }
        match found.as_slice() {
            [] => Err(Failure::command(format!("No fixture named '{base}' found."))),
            [path] => Ok(Found { path: path.clone(), name: base, directory: Some(directory) }),
            _ => Err(Failure::command(format!(
                "Multiple fixtures named '{base}' in '{}'. Aborting.",
                directory.display()
            ))),
        }
    }

    fn read(
        &self,
        label: &str,
        found: &Found,
        excluded: &HashSet<Model>,
        context: &mut Context,
        said: &mut String,
    ) -> Result<Fixture, Failure> {
        let shown_path = found.path.display().to_string();
        let file_name = found.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let parts = if label == STDIN { self.label(label)? } else { self.label(&file_name)? };
        let name = parts.format.unwrap_or_default();
        if let (Some(directory), 2..) = (&found.directory, self.common.verbosity()) {
            let (fixture, directory) = (&found.name, directory.display());
            let _ = writeln!(said, "Installing {name} fixture '{fixture}' from '{directory}'.");
        }
        let Some(format) = Format::named(name) else {
            let within = |text: &str| format!("Problem installing fixture '{shown_path}': {text}");
            return Err(match name {
                "yaml" => Failure::raised("ModuleNotFoundError", "No module named 'yaml'"),
                name => Failure::raised(
                    "django.core.serializers.base.SerializerDoesNotExist",
                    format!("\"{}\"", within(&format!("'{name}'"))),
                ),
            });
        };
        let bytes = if label == STDIN { context.stdin()? } else { bytes_of(&found.path, parts.compression)? };
        let unknown = match (self.ignorenonexistent, self.skip_foreign) {
            (true, _) => Unknown::Ignore,
            (false, true) => Unknown::SkipForeign,
            (false, false) => Unknown::Refuse,
        };
        let fixture = Fixture::read(&shown_path, format, &bytes, unknown, excluded).map_err(failure)?;
        if self.common.verbosity() >= 3 && !fixture.is_empty() {
            for n in 1..=fixture.len() {
                let _ = write!(said, "\rProcessed {n} object(s).");
            }
            said.push('\n');
        }
        Ok(fixture)
    }
}

/// What `--skip-foreign` passed over, and how much of each.
fn told(fixtures: &[Fixture], more: &BTreeMap<String, usize>) -> Vec<Note> {
    let mut sum: BTreeMap<&str, usize> = BTreeMap::new();
    for (label, count) in fixtures.iter().flat_map(Fixture::foreign).chain(more) {
        *sum.entry(label).or_default() += count;
    }
    let line = |(label, count): (&str, usize)| Note::Status(format!("Passed over {count} of {}.", shown(label)));
    let hint = "permissions whose content types are known come along: dump contenttypes too, and by --natural-foreign";
    let hint = (!more.is_empty()).then(|| Note::Hint(hint.into()));
    sum.into_iter().map(line).chain(hint).collect()
}

/// The files in `directory` that a label can mean.
fn candidates(directory: &Path, base: &str, label: Label<'_>) -> Vec<PathBuf> {
    let formats = label.format.map_or_else(|| FORMATS.to_vec(), |format| vec![format]);
    let compressions: Vec<Option<Compression>> = match label.compression {
        Some(compression) => vec![Some(compression)],
        None => [None].into_iter().chain(Compression::ALL.map(Some)).collect(),
    };
    let mut found = Vec::new();
    for database in ["", ".default"] {
        for format in &formats {
            for compression in &compressions {
                let end = compression.map(|compression| format!(".{}", compression.end())).unwrap_or_default();
                let path = directory.join(format!("{base}{database}.{format}{end}"));
                if path.exists() {
                    found.push(path);
                }
            }
        }
    }
    found
}

fn bytes_of(path: &Path, compression: Option<Compression>) -> Result<Vec<u8>, Failure> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| Failure::raised(os_exception(&error), os_error(&error, &name)))?;
    let Some(compression) = compression else { return Ok(bytes) };
    compression.unpack(&bytes).map_err(|Broken { exception, message, when }| {
        Failure::raised(
            exception,
            match when {
                When::Opening => message,
                When::Reading => format!("Problem installing fixture '{name}': {message}"),
            },
        )
    })
}

fn sentence(installed: &Installed, fixtures: usize) -> String {
    let Installed { seen, installed, .. } = installed;
    let of = if seen == installed { String::new() } else { format!(" (of {seen})") };
    format!("Installed {installed} object(s){of} from {fixtures} fixture(s)\n")
}

/// What Python says of an error of the system.
pub(super) fn os_error(error: &io::Error, name: &str) -> String {
    let Some(code) = error.raw_os_error() else { return error.to_string() };
    let text = error.to_string();
    let text = text.strip_suffix(&format!(" (os error {code})")).unwrap_or(&text);
    format!("[Errno {code}] {text}: '{name}'")
}

fn os_exception(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "FileNotFoundError",
        io::ErrorKind::PermissionDenied => "PermissionError",
        io::ErrorKind::IsADirectory => "IsADirectoryError",
        _ => "OSError",
    }
}

/// A transfer's error as a command's.
pub(super) fn failure(error: TransferError) -> Failure {
    match error {
        TransferError::Raised { exception, message } | TransferError::Whole { exception, message } => {
            Failure::raised(exception, message)
        }
        TransferError::Change(error) => error.into(),
    }
}
