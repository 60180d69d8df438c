//! What need not be equal to the letter: addresses, random keys, salts, times, paths of the recording machine. Texts
//! are brought to one form, or the recorded one becomes a pattern.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns of this file compile: every one is used by a test")
}

const ESC: char = '\u{1b}';
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| regex("0x[0-9a-fA-F]{6,}"));
static PLACE: LazyLock<Regex> = LazyLock::new(|| regex(r#"<(?:SITE|PYLIB|PROJ|HOME|PATH)>[^\s'")\]]*"#));
static CANNOT_IMPORT: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(cannot import name .*\()<(?:SITE|PYLIB|PROJ|PATH)>[^)]*\)"));
static WARNING: LazyLock<Regex> = LazyLock::new(|| regex(r"^\S.*:\d+: \w*Warning: "));
static HASH: LazyLock<Regex> = LazyLock::new(|| regex(r"pbkdf2_sha256\$(\d+)\$[^$\s]+\$[A-Za-z0-9+/]+=*"));
static HEX: LazyLock<Regex> = LazyLock::new(|| regex("[0-9a-fA-F]{40,}"));
const YEAR: &str = "(?:202[5-9]|20[3-9][0-9]|2[1-9][0-9][0-9])";
static MOMENT: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"{YEAR}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:\+00:00|Z)?|datetime\.datetime\({YEAR}, [^()]*\)"
    ))
});
static DAY: LazyLock<Regex> = LazyLock::new(|| regex(&format!(r"\b{YEAR}-\d\d-\d\d\b")));
static WORDS: LazyLock<Regex> = LazyLock::new(|| regex(r"\w+|\W"));

/// Two texts say the same: addresses apart, a recorded `<SITE>/...` standing for any path.
pub(crate) fn agree(expected: &str, got: &str) -> bool {
    let expected = named(&ADDRESS.replace_all(expected, "<ADDR>"));
    let got = ADDRESS.replace_all(got, "<ADDR>");
    if expected == got {
        return true;
    }
    if !PLACE.is_match(&expected) {
        return false;
    }
    let marked = CANNOT_IMPORT.replace_all(&expected, "${1}\u{2})");
    let marked = PLACE.replace_all(&marked, "\u{1}");
    let pattern = regex::escape(&marked).replace('\u{1}', r#"[^\s'")\]]+"#).replace('\u{2}', "[^)]*");
    Regex::new(&format!("^(?s:{pattern})$")).is_ok_and(|pattern| pattern.is_match(&got))
}

/// Our program's name where the recording has Django's.
fn named(text: &str) -> String {
    text.replace("manage.py", "hallpass")
}

/// The last line of standard error that is neither blank nor part of a Python warning.
pub(crate) fn last_error_line(stderr: &str) -> String {
    let mut lines = stderr.lines().peekable();
    let mut last = "";
    while let Some(line) = lines.next() {
        if WARNING.is_match(line) {
            lines.next_if(|next| next.starts_with("  "));
        } else if !line.trim().is_empty() {
            last = line;
        }
    }
    last.to_owned()
}

/// Cuts tracebacks: what stands before the first one, and the exception after it (its last line, and what the
/// message's own further lines are). Text without one is returned whole.
pub(crate) fn split_traceback(text: &str) -> (String, Option<String>) {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    const TRACEBACK: &str = "Traceback (most recent call last)";
    let starts = |line: &&str| line.contains(TRACEBACK) || line.starts_with("  File \"");
    let Some(first) = lines.iter().position(starts) else { return (text.to_owned(), None) };
    // It may begin behind a question that nobody answered.
    let before = lines[first].split(TRACEBACK).next().filter(|_| lines[first].contains(TRACEBACK)).unwrap_or_default();
    // The exception begins at the first line that is not indented after the last indented one of a frame.
    let frame = lines.iter().rposition(|line| line.starts_with("  File \"")).unwrap_or(first);
    let rest = &lines[frame + 1..];
    let begin = rest.iter().position(|line| !line.starts_with(' ') && !line.trim().is_empty()).unwrap_or(rest.len());
    let exception: String = rest[begin..].concat();
    (lines[..first].concat() + before, Some(exception.trim_end().to_owned()))
}

/// Numbers the keys that nobody wrote down beforehand, and replaces what differs from run to run, as README-scripts.md
/// says. One of these serves all texts of a case: the same key gets the same number in each.
pub(crate) struct Placeholders {
    known: String,
    keys: HashMap<String, usize>,
}

impl Placeholders {
    /// `known` is every text in which a literal key may stand: fixture, environment, script.
    pub(crate) fn new(known: &str) -> Self {
        Self { known: known.to_owned(), keys: HashMap::new() }
    }

    /// Replaces in `text`.
    pub(crate) fn apply(&mut self, text: &str) -> String {
        let text = HASH.replace_all(text, "<PWHASH:pbkdf2_sha256$$$1>");
        let text = self.keys(&text);
        let text = MOMENT.replace_all(&text, "<NOW>");
        let text = DAY.replace_all(&text, "<TODAY>");
        ADDRESS.replace_all(&text, "<ADDR>").into_owned()
    }

    /// Replaces random keys only.
    pub(crate) fn keys(&mut self, text: &str) -> String {
        let Self { known, keys } = self;
        let replace = |found: &regex::Captures<'_>| {
            let key = &found[0];
            if key.len() != 40 || key.bytes().any(|byte| byte.is_ascii_uppercase()) || known.contains(key) {
                return key.to_owned();
            }
            let next = keys.len() + 1;
            format!("<KEY{}>", keys.entry(key.to_owned()).or_insert(next))
        };
        HEX.replace_all(text, replace).into_owned()
    }
}

/// `got` has the form that two recorded runs have in common.
///
/// Where the two differ in single words only, those words are free; where they differ in order, order is.
pub(crate) fn same_form(first: &str, second: &str, got: &str) -> bool {
    let form = |text: &str| Placeholders::new("").apply(text);
    let (first, second, got) = (form(first), form(second), form(got));
    if first == second {
        return agree(&first, &got);
    }
    let words = |text: &str| WORDS.find_iter(text).map(|word| word.as_str().to_owned()).collect::<Vec<_>>();
    let (a, b) = (words(&first), words(&second));
    let sorted = |text: &str| {
        let mut all = words(text);
        all.sort_unstable();
        all
    };
    if sorted(&first) == sorted(&second) {
        return sorted(&first) == sorted(&got);
    }
    if a.len() != b.len() {
        return false;
    }
    let pattern: String =
        a.iter().zip(&b).map(|(a, b)| if a == b { regex::escape(a) } else { r"\w+".to_owned() }).collect();
    Regex::new(&format!("^(?s:{pattern})$")).is_ok_and(|pattern| pattern.is_match(&got))
}

/// The recorded standard output without the banner of the automatic imports, which is not on ours at all.
pub(crate) fn without_banner(stdout: &str) -> String {
    static BANNER: LazyLock<Regex> = LazyLock::new(|| {
        let short = r" \(use -v 2 for details\)\.\n";
        let long = r":\n\n(?:  from [^\n]*\n)+";
        let none = r"Automatic imports are disabled [^\n]*\n(?:[^\n]+\n)*";
        regex(&format!(
            "^(?:{ESC}\\[[0-9;]*m)?(?:\\d+ objects? imported automatically(?:{short}|{long})|{none})\\n(?:{ESC}\\[0m)?"
        ))
    });
    BANNER.replace(stdout, "").into_owned()
}

/// Standard error without what an interactive Python says first of all.
pub(crate) fn without_greeting(stderr: &str) -> String {
    let greeting = |line: &&str| {
        !(line.starts_with("Python 3.")
            || line.starts_with("Type \"help\", ")
            || line.starts_with("(InteractiveConsole)"))
    };
    stderr.lines().filter(greeting).collect::<Vec<_>>().join("\n")
}

/// Text without colours, carriage returns and the echo of a Ctrl-C.
pub(crate) fn plain(text: &str) -> String {
    static ESCAPE: LazyLock<Regex> = LazyLock::new(|| regex("\u{1b}\\[[0-9;?]*[ -/]*[@-~]|\u{1b}[()][A-Z0-9]|\u{7}"));
    ESCAPE.replace_all(text, "").replace('\r', "").replace("^C", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_numbered_by_first_appearance_and_known_ones_stay() {
        let known = "a".repeat(40);
        let (one, two) = ("b".repeat(40), "c".repeat(40));
        let mut placeholders = Placeholders::new(&known);
        assert_eq!(placeholders.apply(&format!("{one} {two} {one} {known}")), format!("<KEY1> <KEY2> <KEY1> {known}"));
        assert_eq!(placeholders.apply(&format!("{two} {one}f")), format!("<KEY2> {one}f"), "41 digits are no key");
    }

    #[test]
    fn times_of_this_year_are_placeholders_and_those_of_the_states_are_not() {
        let mut placeholders = Placeholders::new("");
        assert_eq!(
            placeholders.apply("2026-11-24 03:56:35.032849+00:00 2024-05-01T07:00:00Z"),
            "<NOW> 2024-05-01T07:00:00Z"
        );
        assert_eq!(
            placeholders.apply("datetime.datetime(2026, 11, 24, 3, 56, tzinfo=datetime.timezone.utc) 2027-01-01"),
            "<NOW> <TODAY>"
        );
    }

    #[test]
    fn a_recorded_path_stands_for_any_path() {
        assert!(agree("no file '<PROJ>/x.json' here", "no file '/tmp/a/x.json' here"));
        assert!(!agree("no file '<PROJ>/x.json' here", "no file 'a b' here"));
        assert!(agree(
            "ImportError: cannot import name 'X' from 'a.b' (<SITE>/a/b.py)",
            "ImportError: cannot import name 'X' from 'a.b' (unknown location)"
        ));
        assert!(agree("<a at 0x7efd8dec2550> in manage.py", "<a at 0x123456> in hallpass"));
    }

    #[test]
    fn a_traceback_is_cut_to_its_exception() {
        let text = "out\nTraceback (most recent call last):\n  File \"<console>\", line 1, in <module>\n    x\nA: b\n";
        assert_eq!(split_traceback(text), ("out\n".to_owned(), Some("A: b".to_owned())));
        let text = "  File \"<console>\", line 1\n    for\n       ^\nSyntaxError: invalid syntax\n";
        assert_eq!(split_traceback(text), (String::new(), Some("SyntaxError: invalid syntax".to_owned())));
        let text = "Name: Traceback (most recent call last):\n  File \"x\", line 1, in y\nEOFError\n";
        assert_eq!(split_traceback(text), ("Name: ".to_owned(), Some("EOFError".to_owned())));
        assert_eq!(split_traceback("plain\n"), ("plain\n".to_owned(), None));
    }

    #[test]
    fn the_last_error_line_is_never_a_warning() {
        let stderr = "E: first\n/x/y.py:12: RuntimeWarning: naive\n  warnings.warn(\n\n";
        assert_eq!(last_error_line(stderr), "E: first");
    }

    #[test]
    fn the_banner_is_cut_in_all_its_forms() {
        assert_eq!(without_banner("8 objects imported automatically (use -v 2 for details).\n\nx\n"), "x\n");
        assert_eq!(
            without_banner("8 objects imported automatically:\n\n  from a import b, c\n  from d import e\n\n1\n"),
            "1\n"
        );
        assert_eq!(
            without_banner("\u{1b}[32;1m8 objects imported automatically (use -v 2 for details).\n\n\u{1b}[0m1\n"),
            "1\n"
        );
        assert_eq!(
            without_banner(
                "Automatic imports are disabled since settings are not configured.\nDJANGO_SETTINGS_MODULE value is \
                 'nosuch.settings'.\nHINT: Ensure that the settings module is configured and set.\n\n1\n"
            ),
            "1\n"
        );
    }

    #[test]
    fn what_two_runs_have_in_common_is_the_form() {
        assert!(same_form("<x at 0x7f30212c2550>", "<x at 0x7f30219c2551>", "<x at 0xabcdef0>"));
        assert!(same_form("fields: t, a, b", "fields: b, t, a", "fields: a, b, t"));
        assert!(!same_form("fields: t, a, b", "fields: b, t, a", "fields: a, b, c"));
        assert!(same_form("key: abc1", "key: xyz2", "key: pqr3"));
        assert!(!same_form("key: abc1", "key: xyz2", "kay: pqr3"));
    }
}
