//! Where the recordings are: the project's own copy, or the folder that `HALLPASS_ORACLE` names, file by file.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A file of recordings, and whose it is.
pub(crate) struct Recordings {
    /// The text.
    pub text: String,
    /// The project's own copy: what agrees there may not become less.
    pub own: bool,
}

/// The project's own copy.
pub(crate) fn own_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle")
}

/// Where `name` lies: in the other folder if there is one and it has the file, else in our own.
pub(crate) fn locate(name: &str) -> (PathBuf, bool) {
    let other = std::env::var_os("HALLPASS_ORACLE").map(|folder| Path::new(&folder).join(name));
    other.filter(|path| path.is_file()).map_or_else(|| (own_folder().join(name), true), |path| (path, false))
}

/// Reads a file of recordings.
pub(crate) fn read(name: &str) -> Recordings {
    let (path, own) = locate(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    Recordings { text, own }
}

/// Reads one JSON document.
pub(crate) fn document(name: &str) -> Value {
    let recordings = read(name);
    serde_json::from_str(&recordings.text).unwrap_or_else(|error| panic!("{name} is no JSON: {error}"))
}

/// The file that holds the cases of a test.
pub(crate) fn file_of(test: &str) -> &'static str {
    match test {
        "http" => "http.json",
        "interactive" => "shell_interactive.json",
        "statements" => "shell_statements.json",
        "process" | "keys" => "shell_process.json",
        "commands" => "commands.json",
        "passwords" => "passwords.json",
        "scripts" => "scripts.jsonl",
        other => panic!("no test named {other}"),
    }
}

/// The text of a field; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The items of a list field; none where it is no list.
pub(crate) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The strings of a list field.
pub(crate) fn strings(value: &Value, field: &str) -> Vec<String> {
    list(value, field).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The names and texts of an object field.
pub(crate) fn pairs(value: &Value, field: &str) -> Vec<(String, String)> {
    let object = value[field].as_object().into_iter().flatten();
    object.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}
