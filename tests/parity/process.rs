//! `hallpass shell` as a process: options, `-c`, pipes; what it prints, how it ends, how many rows there are then.

use std::time::Duration;

use serde_json::Value;

use super::forms;
use super::judge::Case;
use super::recordings::{document, list, pairs, strings, text};
use super::seed::{self, Template};
use super::support::process::{self, Stdin};
use super::support::{Program, TestEnv};
use super::workers;

/// Runs them all.
pub(crate) fn cases() -> Vec<Case> {
    let recordings = document("shell_process.json");
    let template = Template::new(&seed::from_rows(&recordings["fixture"]), "");
    workers::map(list(&recordings, "process"), |case| run(case, &template))
}

fn run(case: &Value, template: &Template) -> Case {
    let args = strings(case, "args");
    let mut result = Case::new(text(case, "id"), input(case));
    if let Some(error) = &template.error {
        result.push("setup", "", error, false);
        return result;
    }
    let mut env = template.fresh();
    // The project of the recordings has such a file; PYTHONSTARTUP names it.
    env.write("startup.py", "x = 1\n");
    set_variables(&mut env, case);
    let mut words = vec!["shell".to_owned()];
    words.extend(args);
    let output = process::run(env.command(Program::Hallpass, &words), stdin(case));
    result.compare("exit", &case["exit_status"].to_string(), &output.code.to_string());
    result.compare("stdout", &forms::without_banner(text(case, "stdout")), &output.stdout);
    compare_error(&mut result, text(case, "stderr"), &output.stderr);
    // Another store than the one the case itself may have named.
    compare_counts(&mut result, case, &env);
    result
}

/// What is put in: the arguments, then a line for each variable of the environment, then standard input.
pub(crate) fn input(case: &Value) -> String {
    let variables = pairs(case, "env").into_iter().map(|(name, value)| format!("{name}={value}\n"));
    format!("{}\n{}{}", strings(case, "args").join(" "), variables.collect::<String>(), text(case, "stdin"))
}

/// Sets what the case has in its environment. `DJ_DB` names the database there; here it is the store.
pub(crate) fn set_variables(env: &mut TestEnv, case: &Value) {
    for (name, value) in pairs(case, "env") {
        if name == "DJ_DB" {
            let path = env.work().join(if value.contains('/') { &value } else { "empty" });
            if !value.contains('/') {
                env.write("empty", "");
            }
            env.set("HALLPASS_STORE", path.to_str().expect("temporary folders have plain names"));
        } else {
            env.set(&name, &value);
        }
    }
}

/// The standard input of a case.
pub(crate) fn stdin(case: &Value) -> Stdin<'_> {
    match (case["stdin"].as_str(), case["stdin_delay_s"].as_f64()) {
        (None, _) => Stdin::Null,
        (Some(text), None) => Stdin::Bytes(text.as_bytes()),
        (Some(text), Some(delay)) => Stdin::Late(text.as_bytes(), Duration::from_secs_f64(delay)),
    }
}

/// Compares the last line of standard error; what is there of a terminal's banner is nobody's concern.
pub(crate) fn compare_error(result: &mut Case, expected: &str, got: &str) {
    let line = |stderr: &str| forms::last_error_line(&forms::without_greeting(stderr));
    result.compare("error", &line(expected), &line(got));
}

fn compare_counts(result: &mut Case, case: &Value, env: &TestEnv) {
    let expected = format!("{} {}", case["users_after"], case["tokens_after"]);
    // The store of the fixture, whatever else the case named: `variables` come last, so this one wins.
    let mut command = env
        .command(Program::Hallpass, &["shell", "-v", "0", "-c", "print(User.objects.count(), Token.objects.count())"]);
    command.env("HALLPASS_STORE", env.store());
    command.env_remove("DJANGO_SETTINGS_MODULE");
    let output = process::run(command, Stdin::Null);
    let got = if output.code == 0 { output.stdout.trim_end().to_owned() } else { output.text() };
    result.compare("rows", &expected, &got);
}
