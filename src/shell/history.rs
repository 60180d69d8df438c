//! What was typed, kept between sessions: mode 0600, one entry a line, written after its statement came back, and every
//! literal that was taken as a key or a password replaced.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use super::terminal;

/// How many entries are offered again.
const KEPT: usize = 10_000;

/// What stands for a secret.
const HIDDEN: &str = "<hidden>";

/// The file, and the entries it had.
pub(super) struct History {
    file: Option<File>,
    pub(super) entries: Vec<String>,
}

impl History {
    /// Opens the history at `path`. One that cannot be opened is said once and never stops the shell.
    pub(super) fn open(path: Option<PathBuf>) -> Self {
        let Some(path) = path else {
            return Self { file: None, entries: Vec::new() };
        };
        let opened = || {
            if let Some(folder) = path.parent() {
                std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
            Ok((text, file))
        };
        match opened() {
            Ok((text, file)) => {
                let mut entries: Vec<String> = text.lines().map(unescape).collect();
                entries.drain(..entries.len().saturating_sub(KEPT));
                Self { file: Some(file), entries }
            }
            Err::<_, std::io::Error>(error) => {
                terminal::say(&format!("warning: history is off: {error}"));
                Self { file: None, entries: Vec::new() }
            }
        }
    }

    /// Keeps `entry`, with `secrets` and whatever looks like a key hidden. Returns what is offered again: the same.
    pub(super) fn keep(&mut self, entry: &str, secrets: &[String]) -> String {
        let safe = hide(entry, secrets);
        if let Some(file) = &mut self.file {
            // One write for an entry: two shells that append do not mix. A full disk costs the entry, not the session.
            let _ = file.write_all(format!("{}\n", escape(&safe)).as_bytes());
        }
        safe
    }
}

/// Replaces the secrets in `text`, longest first, and every run of 40 hexadecimal digits.
fn hide(text: &str, secrets: &[String]) -> String {
    let mut secrets: Vec<&String> = secrets.iter().filter(|secret| !secret.is_empty()).collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let mut safe = text.to_owned();
    for secret in secrets {
        safe = safe.replace(secret.as_str(), HIDDEN);
        // The same literal as Python's source has it, with its escapes.
        safe = safe.replace(&secret.escape_default().to_string(), HIDDEN);
    }
    hide_keys(&safe)
}

fn hide_keys(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if c.is_ascii_hexdigit() => run.push(c),
            other => {
                safe.push_str(if run.len() == 40 { HIDDEN } else { &run });
                run.clear();
                safe.extend(other);
            }
        }
    }
    safe
}

fn escape(entry: &str) -> String {
    entry.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescape(line: &str) -> String {
    let mut entry = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => entry.push('\n'),
                Some('r') => entry.push('\r'),
                Some(other) => entry.push(other),
                None => entry.push('\\'),
            },
            (c, false) => entry.push(c),
        }
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_passwords_are_not_kept() {
        let key = "a".repeat(40);
        let typed = format!("u.set_password('s3cret'); Token.objects.get(key='{key}')");
        let safe = hide(&typed, &["s3cret".to_owned()]);
        assert_eq!(safe, "u.set_password('<hidden>'); Token.objects.get(key='<hidden>')");
    }

    #[test]
    fn an_entry_of_several_lines_comes_back_as_it_was() {
        let entry = "for x in y:\n    print('\\n')\n";
        assert_eq!(unescape(&escape(entry)), entry);
        assert!(!escape(entry).contains('\n'));
    }

    #[test]
    fn the_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        History::open(Some(path.clone())).keep("1 + 1", &[]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(History::open(Some(path)).entries, ["1 + 1"]);
    }
}
