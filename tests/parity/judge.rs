//! Counts what agrees, says so, and holds the line: on the project's own copy the figure may only rise.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::{env, fs};

use serde_json::json;

use super::differences::Differences;
use super::forms;
use super::recordings;

/// One thing in which an answer can differ from the recorded one: its standard output, a header, a row.
#[derive(Clone, Debug)]
pub(crate) struct Aspect {
    /// What it is: `exit`, `stdout`, `error`, `state`, `status`, `header:Vary`, `body`, `screen`; after a blank, which
    /// channel or reply.
    pub name: String,
    /// As recorded.
    pub expected: String,
    /// As we answered, in the same form.
    pub got: String,
    /// They say the same.
    pub agrees: bool,
}

impl Aspect {
    /// The first word of the name: what rules go by.
    pub(crate) fn kind(&self) -> &str {
        self.name.split(' ').next().unwrap_or_default()
    }
}

/// One case, run.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Its name in the recordings.
    pub id: String,
    /// What was put in: the script, the arguments, the request. Rules of `docs/differences.md` may look at it.
    pub input: String,
    /// All that was compared.
    pub aspects: Vec<Aspect>,
}

impl Case {
    /// A case with nothing compared yet.
    pub(crate) fn new(id: impl Into<String>, input: impl Into<String>) -> Self {
        Self { id: id.into(), input: input.into(), aspects: Vec::new() }
    }

    /// Compares two texts, placeholders in the recorded one included.
    pub(crate) fn compare(&mut self, name: &str, expected: &str, got: &str) {
        self.push(name, expected, got, forms::agree(expected, got));
    }

    /// Adds what was compared elsewhere.
    pub(crate) fn push(&mut self, name: &str, expected: &str, got: &str, agrees: bool) {
        self.aspects.push(Aspect { name: name.into(), expected: expected.into(), got: got.into(), agrees });
    }

    fn differing(&self) -> impl Iterator<Item = &Aspect> {
        self.aspects.iter().filter(|aspect| !aspect.agrees)
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Verdict {
    Pass,
    Fail,
    Diverge,
}

/// Prints the figures of `test`, appends the report that was asked for, and fails below the figure last reached.
#[expect(clippy::print_stdout, reason = "the line is what the test is for: scripts read it")]
pub(crate) fn conclude(test: &str, cases: Vec<Case>) {
    let differences = Differences::read();
    let mut report = String::new();
    let (mut agree, mut diverge, mut failing) = (0, 0, Vec::new());
    for case in &cases {
        let verdict = judge(test, case, &differences);
        match verdict {
            Verdict::Pass => agree += 1,
            Verdict::Diverge => diverge += 1,
            Verdict::Fail => failing.push(case),
        }
        writeln!(report, "{}", line(test, case, verdict)).expect("a string takes everything");
    }
    let of = cases.len() - diverge;
    println!("parity {test}: {agree} of {of}, {diverge} diverge on purpose");
    if let Some(path) = env::var_os("HALLPASS_ORACLE_REPORT") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the report can be written");
        // One write: the tests run side by side and append to the same file.
        file.write_all(report.as_bytes()).expect("the report can be written");
    }
    if recordings::read(recordings::file_of(test)).own {
        let floor = floor(test);
        let examples: Vec<String> = failing.iter().take(12).map(|case| describe(case)).collect();
        assert!(
            agree >= floor,
            "{agree} cases of {test} agree, {floor} did before (tests/parity/floors.toml); some that differ:\n{}",
            examples.join("\n")
        );
    }
}

fn judge(test: &str, case: &Case, differences: &Differences) -> Verdict {
    // Both are statements at the prompt.
    let test = if test == "statements" { "interactive" } else { test };
    let mut differing = case.differing().peekable();
    if differing.peek().is_none() {
        Verdict::Pass
    } else if differing.all(|aspect| differences.cover(test, case, aspect)) {
        Verdict::Diverge
    } else {
        Verdict::Fail
    }
}

fn line(test: &str, case: &Case, verdict: Verdict) -> serde_json::Value {
    let result = match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Diverge => "diverge",
    };
    let shown: Vec<&Aspect> = match verdict {
        Verdict::Pass => case.aspects.iter().collect(),
        Verdict::Fail | Verdict::Diverge => case.differing().collect(),
    };
    let join = |text: fn(&Aspect) -> &str| {
        shown.iter().map(|aspect| (aspect.name.clone(), json!(text(aspect)))).collect::<serde_json::Map<_, _>>()
    };
    json!({
        "file": test,
        "id": case.id,
        "result": result,
        "input": case.input,
        "got": join(|aspect| &aspect.got),
        "expected": join(|aspect| &aspect.expected),
    })
}

fn describe(case: &Case) -> String {
    let short = |text: &str| text.chars().take(300).collect::<String>();
    let differing = case.differing();
    let lines: Vec<String> = differing
        .map(|a| format!("    {}: recorded {:?}, got {:?}", a.name, short(&a.expected), short(&a.got)))
        .collect();
    format!("  {}\n{}", case.id, lines.join("\n"))
}

/// The figure last reached, from the one place where it stands.
fn floor(test: &str) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/floors.toml");
    let floors: toml::Table = fs::read_to_string(path).expect("floors.toml is there").parse().expect("it is TOML");
    let figure = floors.get(test).and_then(toml::Value::as_integer).expect("each test has its floor");
    usize::try_from(figure).expect("a floor is no less than 0")
}
