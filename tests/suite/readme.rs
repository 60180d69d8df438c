//! The session in the README is run as it stands there: what is typed, and what is said to come back.

use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;

use crate::support::process::{Stdin, run};
use crate::support::{Program, Server, Terminal, TestEnv};

/// One thing typed, and what the README shows for it.
struct Step {
    typed: String,
    shown: Vec<String>,
}

/// The steps of all `console` blocks, in order.
fn steps() -> Vec<Step> {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("there is a README");
    let mut steps: Vec<Step> = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap_or_default().lines() {
            if line.starts_with("$ ") || line.starts_with(">>> ") {
                steps.push(Step { typed: line.to_owned(), shown: Vec::new() });
            } else if let Some(step) = steps.last_mut() {
                step.shown.push(line.to_owned());
            }
        }
    }
    steps
}

/// The lines shown came: a key stands for any key, `...` for any lines.
fn assert_shown(step: &Step, got: &str) {
    let key = Regex::new("[0-9a-f]{40}").expect("a plain pattern");
    let lines = step.shown.iter().map(|line| match line.as_str() {
        "..." => r"(?s:.*)".to_owned(),
        line => key.replace_all(&regex::escape(line), "[0-9a-f]{40}").into_owned(),
    });
    let pattern = lines.collect::<Vec<_>>().join(r"\r?\n");
    let whole = Regex::new(&format!(r"^\s*{pattern}\s*$")).expect("escaped above");
    assert!(whole.is_match(got), "{}\nREADME shows:\n{}\ncame:\n{got}", step.typed, step.shown.join("\n"));
}

/// Runs a line of the README in `sh`, our programs in its path, on the server that really runs.
fn shell(env: &TestEnv, line: &str, server: Option<&Server>, key: &str) -> String {
    let line =
        server.map_or_else(|| line.to_owned(), |server| line.replace("127.0.0.1:10000", &server.address().to_string()));
    let shown = Regex::new("[0-9a-f]{40}").expect("a plain pattern");
    let line = shown.replace_all(&line, key).into_owned();
    let mut command = Command::new("sh");
    command.args(["-c", &line]).env_clear().envs(env.variables()).current_dir(env.work());
    let folder = Program::Hallpass.path().parent().expect("a program lies in a folder").display().to_string();
    command.env("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin"));
    let output = run(command, Stdin::Null);
    assert_eq!(output.code, 0, "{line}\n{}", output.text());
    output.stdout
}

#[test]
fn the_sixty_seconds_of_the_readme_are_true() {
    let env = TestEnv::new();
    let mut terminal: Option<Terminal> = None;
    let mut server: Option<Server> = None;
    let mut key = String::new();
    for step in steps() {
        if let Some(typed) = step.typed.strip_prefix(">>> ") {
            let answer = terminal.as_mut().expect("the shell was started before").ask(typed);
            assert_shown(&step, &answer);
            if let Some(found) = answer.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
                found.clone_into(&mut key);
            }
            continue;
        }
        match step.typed.trim_start_matches("$ ") {
            "cargo run --release" => terminal = Some(env.terminal::<&str>(&[])),
            "cargo run --release --bin hallpassd" => server = Some(env.server()),
            // Needs a Django to move in from; the tests of loaddata have recorded dumps of one.
            line if line.starts_with("python manage.py ") => {}
            line => assert_shown(&step, &shell(&env, line, server.as_ref(), &key)),
        }
    }
    assert!(terminal.is_some() && server.is_some() && !key.is_empty(), "the README shows a shell, a server and a key");
}
