//! Reads the rules of `docs/differences.md`: what we answer otherwise than Django on purpose.
//!
//! A rule is a row of that file's table: name, test, what it covers, reason. What it covers is code spans of the form
//! `ASPECT`, `input ~ REGEX`, `expected ~ REGEX`, `got ~ REGEX`; all of them must hold. A case diverges on purpose when
//! every aspect in which it differs is covered by a rule.

use std::path::Path;
use std::{env, fs};

use regex::Regex;

use super::judge::{Aspect, Case};

struct Rule {
    tests: Vec<String>,
    aspects: Vec<String>,
    input: Vec<Regex>,
    expected: Vec<Regex>,
    got: Vec<Regex>,
}

/// All rules.
pub(crate) struct Differences {
    rules: Vec<Rule>,
}

impl Differences {
    /// Reads the table; a row that cannot be read fails the test.
    pub(crate) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/differences.md");
        Self::parse(&fs::read_to_string(path).expect("docs/differences.md is there"))
    }

    fn parse(text: &str) -> Self {
        let rows = text.lines().filter(|line| line.starts_with('|')).skip(2);
        Self { rules: rows.map(|row| rule(row).unwrap_or_else(|why| panic!("{why} in this row:\n{row}"))).collect() }
    }

    /// A rule says why `aspect` of `case` differs.
    pub(crate) fn cover(&self, test: &str, case: &Case, aspect: &Aspect) -> bool {
        self.rules.iter().any(|rule| {
            let all = |patterns: &[Regex], text: &str| patterns.iter().all(|pattern| pattern.is_match(text));
            rule.tests.iter().any(|name| name == test)
                && (rule.aspects.is_empty() || rule.aspects.iter().any(|name| name == aspect.kind()))
                && all(&rule.input, &case.input)
                && all(&rule.expected, &aspect.expected)
                && all(&rule.got, &aspect.got)
        })
    }
}

fn rule(row: &str) -> Result<Rule, String> {
    let cells = cells(row);
    let [_name, tests, covers, reason] = cells.as_slice() else {
        return Err(format!("{} cells instead of 4", cells.len()));
    };
    if reason.split_whitespace().count() < 4 {
        return Err("no reason".to_owned());
    }
    let mut rule =
        Rule { tests: Vec::new(), aspects: Vec::new(), input: Vec::new(), expected: Vec::new(), got: Vec::new() };
    rule.tests.extend(tests.split(',').map(|test| test.trim().to_owned()));
    for span in covers.split('`').skip(1).step_by(2) {
        let compile = |pattern: &str| Regex::new(&format!("(?s){pattern}")).map_err(|error| error.to_string());
        match span.split_once(" ~ ") {
            Some(("input", pattern)) => rule.input.push(compile(pattern)?),
            Some(("expected", pattern)) => rule.expected.push(compile(pattern)?),
            Some(("got", pattern)) => rule.got.push(compile(pattern)?),
            Some((other, _)) => return Err(format!("{other:?} is neither input, expected nor got")),
            None => rule.aspects.push(span.to_owned()),
        }
    }
    if rule.input.is_empty() && rule.expected.is_empty() && rule.got.is_empty() {
        return Err("it covers everything".to_owned());
    }
    Ok(rule)
}

/// The cells of a row of a Markdown table; `\|` is a bar within one.
fn cells(row: &str) -> Vec<String> {
    let marked = row.trim().trim_start_matches('|').trim_end_matches('|').replace("\\|", "\u{1}");
    marked.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
}

#[test]
fn a_rule_covers_what_it_names_and_nothing_else() {
    let table = "| rule | test | covers | reason |\n|---|---|---|---|\n\
                 | page | http | `body` `expected ~ ^<(a\\|b)>` | there is no browser to please here |\n";
    let differences = Differences::parse(table);
    let case = Case::new("x", "GET /");
    let aspect = |name: &str, expected: &str| Aspect {
        name: name.into(),
        expected: expected.into(),
        got: String::new(),
        agrees: false,
    };
    assert!(differences.cover("http", &case, &aspect("body", "<b>")));
    assert!(!differences.cover("http", &case, &aspect("status", "<b>")));
    assert!(!differences.cover("http", &case, &aspect("body", "<c>")));
    assert!(!differences.cover("scripts", &case, &aspect("body", "<b>")));
}
