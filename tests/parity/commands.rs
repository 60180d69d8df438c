//! Django's own commands: dialogue or output, exit status, and the rows that changed.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;

use super::forms::{self, Placeholders};
use super::judge::Case;
use super::recordings::{document, list, pairs, strings, text};
use super::seed::{self, Template};
use super::state::{self, State};
use super::support::process as run_process;
use super::support::{Program, Terminal, TestEnv};
use super::{keys, process, workers};

/// Nothing wraps.
const SIZE: (u16, u16) = (50, 200);

/// How long a command may take to ask its next question.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs them all.
pub(crate) fn cases() -> Vec<Case> {
    let recordings = document("commands.json");
    let fixture = seed::from_rows(&document("shell_interactive.json")["fixture"]);
    let full = Start::new(&fixture, "");
    workers::map(list(&recordings, "cases"), |case| {
        let setup = setup(case);
        let own = (!setup.is_empty()).then(|| Start::new(&fixture, &setup));
        let start = own.as_ref().unwrap_or(&full);
        run(case, start, &fixture)
    })
}

/// Where a case begins.
struct Start {
    template: Template,
    before: State,
}

impl Start {
    fn new(fixture: &str, setup: &str) -> Self {
        let mut template = Template::new(fixture, setup);
        let before = match &template.error {
            Some(_) => State::default(),
            None => state::read(&template.fresh()).unwrap_or_else(|error| {
                template.error = Some(error);
                State::default()
            }),
        };
        Self { template, before }
    }
}

/// What is run before a case. One thing is recorded only in the dialogue: a first question that offers no name means
/// that the system user's own is taken.
fn setup(case: &Value) -> String {
    let taken = case["dialogue"][0][0] == "Username: ";
    let taken = if taken { "User.objects.create(username='ops')" } else { "" };
    format!("{}{taken}", text(case, "setup"))
}

fn run(case: &Value, start: &Start, fixture: &str) -> Case {
    let args = strings(case, "args");
    let mut result = Case::new(text(case, "id"), process::input(case));
    if let Some(error) = &start.template.error {
        result.push("setup", "", error, false);
        return result;
    }
    let mut env = start.template.fresh();
    for (name, content) in pairs(case, "files") {
        env.write(&format!("fx/{name}"), &content);
    }
    std::fs::create_dir_all(env.work().join("fx")).expect("the working folder is ours");
    let store = env.store();
    process::set_variables(&mut env, case);
    let known = format!("{fixture}\n{}\n{}", args.join("\n"), text(case, "stdin"));
    if case["tty"] == true {
        converse(&mut result, case, &env, &known);
    } else {
        let output = run_process::run(env.command(Program::Hallpass, &args), process::stdin(case));
        result.compare("exit", &case["exit_status"].to_string(), &output.code.to_string());
        compare_stdout(&mut result, case, &output.stdout, &known);
        process::compare_error(&mut result, text(case, "stderr"), &output.stderr);
    }
    // The rows are those of the fixture's store, whatever other the case may have named.
    env.set("HALLPASS_STORE", store.to_str().expect("temporary folders have plain names"));
    env.set("DJANGO_SETTINGS_MODULE", "");
    compare_rows(&mut result, case, &start.before, &state::read(&env));
    result
}

/// The wording of help pages is free, so of one only that it is there is compared.
fn compare_stdout(result: &mut Case, case: &Value, got: &str, known: &str) {
    let expected = text(case, "stdout");
    let help = expected.starts_with("usage: ") || expected.starts_with("\nType 'manage.py help <subcommand>'");
    if help {
        result.push("stdout", "a help page", got, !got.trim().is_empty());
        return;
    }
    // Random keys are known by nobody beforehand, neither when it was recorded nor now.
    let form = |text: &str| Placeholders::new(known).keys(text);
    result.compare("stdout", &form(expected), &form(got));
}

/// Answers the questions of a command on a terminal.
fn converse(result: &mut Case, case: &Value, env: &TestEnv, known: &str) {
    let args = strings(case, "args");
    let mut variables = env.variables();
    variables.push(("TERM".to_owned(), "xterm".to_owned()));
    let started = Terminal::start(Program::Hallpass.path(), &args, &variables, &env.work(), SIZE);
    let Ok(mut terminal) = started else {
        result.push("screen", text(case, "transcript"), "no terminal", false);
        return;
    };
    let mut read = 0;
    for exchange in list(case, "dialogue") {
        let question = exchange[0].as_str().unwrap_or_default();
        let asked = terminal.until(PATIENCE, |raw, _| {
            let text = String::from_utf8_lossy(&raw[read..]).into_owned();
            forms::plain(&text).ends_with(question).then_some(raw.len())
        });
        let Some(end) = asked else { break };
        read = end;
        match exchange[1].as_str().unwrap_or_default() {
            "Ctrl-C" => terminal.control('c'),
            "Ctrl-D" => terminal.control('d'),
            answer => terminal.line(answer),
        }
    }
    let ended = terminal.end(PATIENCE);
    let (expected_end, got_end) = keys::ends(case, ended);
    result.compare("exit", &expected_end, &got_end);
    let form = |text: &str| {
        let (before, exception) = forms::split_traceback(&forms::plain(text));
        Placeholders::new(known).keys(&format!("{before}{}", exception.unwrap_or_default())).trim_end().to_owned()
    };
    let got = String::from_utf8_lossy(&terminal.raw()).into_owned();
    result.compare("screen", &form(text(case, "transcript")), &form(&got));
}

type Row = Vec<String>;

fn user_rows(state: &State) -> Vec<Row> {
    let flag = |set: bool| u8::from(set).to_string();
    let row = |user: &state::User| {
        vec![
            user.id.to_string(),
            user.username.clone(),
            user.email.clone(),
            flag(user.is_active),
            flag(user.is_staff),
            flag(user.is_superuser),
            user.password.clone(),
        ]
    };
    state.users.iter().map(row).collect()
}

fn token_rows(state: &State) -> Vec<Row> {
    state.tokens.iter().map(|token| vec![token.key.clone(), token.user.to_string()]).collect()
}

fn compare_rows(result: &mut Case, case: &Value, before: &State, after: &Result<State, String>) {
    let after = match after {
        Ok(after) => after,
        Err(error) => return result.push("rows", &case["db_changes"].to_string(), error, false),
    };
    let secrets = typed(case);
    for (table, before, after) in
        [("auth_user", user_rows(before), user_rows(after)), ("authtoken_token", token_rows(before), token_rows(after))]
    {
        for (change, from, to) in [("removed", &after, &before), ("added", &before, &after)] {
            let recorded: Vec<Row> = list(&case["db_changes"][table], change).iter().map(cells).collect();
            let there: HashSet<&Row> = from.iter().collect();
            let mut found: Vec<Row> = to.iter().filter(|row| !there.contains(row)).cloned().collect();
            found.sort_by_key(|row| row[0].parse::<i64>().unwrap_or_default());
            let same = recorded.len() == found.len()
                && recorded.iter().all(|row| found.iter().any(|other| same_row(row, other, &secrets)));
            result.push(&format!("rows {table} {change}"), &format!("{recorded:?}"), &format!("{found:?}"), same);
        }
    }
}

fn cells(row: &Value) -> Row {
    let cell = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    row.as_array().into_iter().flatten().map(cell).collect()
}

/// Every text that may have become a password.
fn typed(case: &Value) -> Vec<String> {
    let answers = list(case, "dialogue").iter().filter_map(|exchange| exchange[1].as_str().map(str::to_owned));
    let mut all: Vec<String> = answers.chain(pairs(case, "env").into_iter().map(|(_, value)| value)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Equal but for what is random: a key of 40 digits, a password's salt, an unusable password.
fn same_row(recorded: &Row, found: &Row, secrets: &[String]) -> bool {
    let cell = |(one, other): (&String, &String)| {
        let hex40 =
            |text: &str| text.len() == 40 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let unusable = |text: &str| text.len() == 41 && text.starts_with('!');
        one == other
            || (hex40(one) && hex40(other))
            || (unusable(one) && unusable(other))
            || same_hash(one, other, secrets)
    };
    recorded.len() == found.len() && recorded.iter().zip(found).all(cell)
}

/// Two hashes of one kind, of the same password.
fn same_hash(recorded: &str, found: &str, secrets: &[String]) -> bool {
    let kind = |hash: &str| hash.splitn(3, '$').take(2).map(str::to_owned).collect::<Vec<_>>();
    recorded.starts_with("pbkdf2_sha256$")
        && kind(recorded) == kind(found)
        && secrets.iter().any(|secret| seed::verifies(secret, found) && seed::verifies(secret, recorded))
}

#[test]
fn rows_agree_when_only_what_is_random_differs() {
    let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Row>();
    let (one, other) = ("0".repeat(40), "f".repeat(40));
    assert!(same_row(&row(&[&one, "3"]), &row(&[&other, "3"]), &[]));
    assert!(!same_row(&row(&[&one, "3"]), &row(&[&other, "4"]), &[]));
    assert!(!same_row(&row(&["chosen", "3"]), &row(&[&other, "3"]), &[]));
    assert!(same_row(&row(&[&format!("!{one}")]), &row(&[&format!("!{other}")]), &[]));
}
