//! Whole small scripts, each on both channels: as `-c CODE` and on a pipe. What they printed, how they ended, and
//! what the store holds afterwards must be as recorded.

use std::collections::HashMap;
use std::fs;

use serde_json::Value;

use super::forms::{self, Placeholders};
use super::judge::Case;
use super::recordings::{self, own_folder, pairs, text};
use super::seed::Template;
use super::state;
use super::support::process::{self, Stdin};
use super::support::{Output, Program};
use super::workers;

/// A starting state: its fixture, the document that it reads back as, and a store that holds it.
struct Setup {
    fixture: String,
    parsed: Value,
    as_read: Value,
    template: Template,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Channel {
    Argument,
    Pipe,
}

/// Runs them all.
pub(crate) fn cases() -> Vec<Case> {
    let file = recordings::read("scripts.jsonl");
    let lines = file.text.lines().filter(|line| !line.trim().is_empty());
    let cases: Vec<Value> = lines.map(|line| serde_json::from_str(line).expect("each line is one case")).collect();
    let setups = setups(&cases);
    let mut slots: Vec<&Value> = cases.iter().collect();
    // Long ones first keeps both processors busy to the end; there is no measure of length but the recorded states.
    slots.sort_by_key(|case| std::cmp::Reverse(text(case, "code").len()));
    let mut done: HashMap<&str, Case> = HashMap::new();
    for case in workers::map(&slots, |case| run(case, &setups[text(case, "setup")])) {
        let id = cases.iter().map(|case| text(case, "id")).find(|id| *id == case.id).expect("it is one of them");
        done.insert(id, case);
    }
    cases.iter().filter_map(|case| done.remove(text(case, "id"))).collect()
}

fn setups(cases: &[Value]) -> HashMap<String, Setup> {
    let mut names: Vec<(&str, &str)> = cases.iter().map(|case| (text(case, "setup"), text(case, "fixture"))).collect();
    names.sort_unstable();
    names.dedup();
    let as_read: Value = {
        let path = own_folder().join("states-as-read.json");
        serde_json::from_str(&fs::read_to_string(path).expect("it is beside the states")).expect("it is JSON")
    };
    let made = workers::map(&names, |(name, fixture)| {
        let fixture = fs::read_to_string(own_folder().join(fixture)).expect("every case's state is in our own copy");
        let parsed = serde_json::from_str(&fixture).expect("fixtures are JSON");
        let template = Template::new(&fixture, "");
        ((*name).to_owned(), Setup { fixture, parsed, as_read: as_read[*name]["state"].clone(), template })
    });
    made.into_iter().collect()
}

fn run(case: &Value, setup: &Setup) -> Case {
    let code = text(case, "code");
    let mut result = Case::new(text(case, "id"), code);
    channel(&mut result, case, setup, Channel::Argument);
    channel(&mut result, case, setup, Channel::Pipe);
    result
}

fn channel(result: &mut Case, case: &Value, setup: &Setup, channel: Channel) {
    let (expect, mark) = match channel {
        Channel::Argument => (&case["expect"], "-c"),
        Channel::Pipe if case["same_on_stdin"] == true => (&case["expect"], "stdin"),
        Channel::Pipe => (&case["expect_stdin"], "stdin"),
    };
    if let Some(error) = &setup.template.error {
        result.push(&format!("setup {mark}"), "", error, false);
        return;
    }
    let code = text(case, "code");
    let variables = pairs(case, "env");
    let mut env = setup.template.fresh();
    for (name, value) in &variables {
        env.set(name, value);
    }
    let output = match channel {
        Channel::Argument => process::run(env.command(Program::Hallpass, &["shell", "-c", code]), Stdin::Bytes(b"")),
        Channel::Pipe => process::run(env.command(Program::Hallpass, &["shell"]), Stdin::Bytes(code.as_bytes())),
    };
    let given: Vec<&str> = variables.iter().map(|(_, value)| value.as_str()).collect();
    let known = format!("{}\n{code}\n{}", setup.fixture, given.join("\n"));
    compare_output(result, expect, &output, &known, mark);
    compare_state(result, expect, &state::read(&env), setup, &known, mark);
}

fn compare_output(result: &mut Case, expect: &Value, output: &Output, known: &str, mark: &str) {
    let mut placeholders = Placeholders::new(known);
    result.compare(&format!("exit {mark}"), &expect["exit"].to_string(), &output.code.to_string());
    result.compare(&format!("stdout {mark}"), text(expect, "stdout"), &placeholders.apply(&output.stdout));
    let error = forms::last_error_line(&output.stderr);
    result.compare(&format!("error {mark}"), text(expect, "last_error_line"), &placeholders.apply(&error));
}

fn compare_state(
    result: &mut Case,
    expect: &Value,
    after: &Result<state::State, String>,
    setup: &Setup,
    known: &str,
    mark: &str,
) {
    let expected = if expect["state"] == "unchanged" { &setup.as_read } else { &expect["state"] };
    let name = format!("state {mark}");
    match after {
        Err(error) => result.push(&name, &expected.to_string(), error, false),
        Ok(state) => {
            let got = state.document(&setup.parsed, known, expected);
            result.push(&name, &expected.to_string(), &got.to_string(), *expected == got);
        }
    }
}

#[test]
fn an_answer_as_recorded_agrees_and_any_other_does_not() {
    let file = recordings::read("scripts.jsonl");
    for line in file.text.lines() {
        let case: Value = serde_json::from_str(line).expect("each line is one case");
        let expect = &case["expect"];
        let output = |extra: &str| Output {
            stdout: text(expect, "stdout").to_owned() + extra,
            stderr: text(expect, "last_error_line").to_owned(),
            code: i32::try_from(expect["exit"].as_i64().expect("a number")).expect("a small one"),
            timed_out: false,
        };
        let agrees = |output: &Output| {
            let mut result = Case::new("x", "");
            compare_output(&mut result, expect, output, line, "-c");
            result.aspects.iter().all(|aspect| aspect.agrees)
        };
        assert!(agrees(&output("")), "{}", text(&case, "id"));
        assert!(!agrees(&output("more")), "{}", text(&case, "id"));
    }
}
