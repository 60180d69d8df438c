//! Statements typed one by one at the prompt: what each printed before the next prompt.

use std::time::Duration;

use serde_json::Value;

use super::forms;
use super::judge::Case;
use super::recordings::{document, list, strings, text};
use super::seed::{self, Template};
use super::support::{Program, Terminal};
use super::workers;

/// As many columns as the recordings had: nothing wraps.
const SIZE: (u16, u16) = (50, 5000);

/// How long a statement may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs every scenario of a file as one session.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let recordings = document(file);
    let fixture = &recordings["fixture"];
    // The one file has rows of tables, the other a fixture of Django's.
    let fixture = if fixture.is_array() { fixture.to_string() } else { seed::from_rows(fixture) };
    let template = Template::new(&fixture, "");
    let scenarios: Vec<(&String, &Value)> = recordings["interactive"].as_object().into_iter().flatten().collect();
    workers::map(&scenarios, |(name, scenario)| session(name, scenario, &template)).into_iter().flatten().collect()
}

/// A session at the prompt, on a terminal that can do nothing.
struct Session {
    terminal: Terminal,
    /// How much of what came has been looked at.
    read: usize,
}

impl Session {
    /// Reads what came since to the next prompt; `None`: there came none.
    fn until_prompt(&mut self) -> Option<String> {
        let from = self.read;
        let (text, end) = self.terminal.until(PATIENCE, |raw, _| {
            let text = forms::plain(&String::from_utf8_lossy(&raw[from..]));
            let prompt = [">>> ", "... "].iter().find(|prompt| text.ends_with(**prompt))?;
            let rest = text.strip_suffix(prompt)?;
            (rest.is_empty() || rest.ends_with('\n')).then(|| (rest.to_owned(), raw.len()))
        })?;
        self.read = end;
        Some(text)
    }

    /// Types one line and returns what came between its echo and the next prompt.
    fn type_line(&mut self, line: &str) -> Option<String> {
        if line == "<Ctrl-C>" {
            self.terminal.control('c');
            return self.until_prompt();
        }
        self.terminal.send(&format!("{line}\n"));
        let text = self.until_prompt()?;
        // The terminal shows what is typed.
        Some(
            text.strip_prefix(line)
                .and_then(|rest| rest.strip_prefix('\n'))
                .map_or_else(|| text.clone(), str::to_owned),
        )
    }
}

fn session(name: &str, scenario: &Value, template: &Template) -> Vec<Case> {
    let statements = list(scenario, "statements");
    let env = template.fresh();
    let variables = env.variables();
    let started = Terminal::start(Program::Hallpass.path(), &["shell", "-i", "python"], &variables, &env.work(), SIZE);
    let mut session = started.ok().map(|terminal| Session { terminal, read: 0 });
    let greeted = session.as_mut().and_then(Session::until_prompt).is_some();
    if !greeted {
        session = None;
    }
    let mut cases = Vec::with_capacity(statements.len());
    for (at, statement) in statements.iter().enumerate() {
        let mut case = Case::new(format!("{name}/{at}"), text(statement, "input"));
        let typed = strings(statement, "typed");
        let input = || text(statement, "input").split('\n').map(str::to_owned).collect();
        let typed = if typed.is_empty() { input() } else { typed };
        let mut output = Some(String::new());
        for line in &typed {
            output =
                output.zip(session.as_mut().and_then(|session| session.type_line(line))).map(|(all, more)| all + &more);
        }
        match output {
            Some(output) => compare(&mut case, statement, &output),
            None => {
                // No prompt came back: the session is lost, and with it every statement after this one.
                let left = session.as_ref().map_or("no session", |_| "no prompt").to_owned();
                case.push("output", text(statement, "output"), &left, false);
                session = None;
            }
        }
        cases.push(case);
    }
    cases
}

/// What was printed must be equal, and of a traceback the exception.
fn compare(case: &mut Case, statement: &Value, got: &str) {
    let expected = text(statement, "output");
    let (before, exception) = forms::split_traceback(expected);
    let (got_before, got_exception) = forms::split_traceback(got);
    let (one, other) = match (&exception, &got_exception) {
        (Some(one), Some(other)) => (format!("{before}{one}"), format!("{got_before}{other}")),
        _ => (expected.to_owned(), got.to_owned()),
    };
    if statement["volatile"] == true {
        let second = forms::split_traceback(text(statement, "output_second_run"));
        let second = second.0 + second.1.as_deref().unwrap_or_default();
        case.push("output", &one, &other, forms::same_form(&one, &second, &other));
    } else {
        case.compare("output", &one, &other);
    }
}

#[test]
fn an_output_as_recorded_agrees_and_any_other_does_not() {
    let files = [document("shell_interactive.json"), document("shell_statements.json")];
    let scenarios = files.iter().filter_map(|file| file["interactive"].as_object()).flatten();
    for (name, scenario) in scenarios {
        for statement in list(scenario, "statements") {
            let agrees = |got: &str| {
                let mut case = Case::new("x", "");
                compare(&mut case, statement, got);
                case.aspects.iter().all(|aspect| aspect.agrees)
            };
            assert!(agrees(text(statement, "output")), "{name}: {}", text(statement, "input"));
            assert!(!agrees("something else\n"), "{name}: {}", text(statement, "input"));
        }
    }
}
