//! Key presses at the prompt of a terminal that can do everything: Ctrl-C, Ctrl-D, Tab, history. The screen's text must
//! be the recorded one, from the first prompt on.

use std::num::NonZeroU16;
use std::time::Duration;

use serde_json::Value;

use super::forms;
use super::judge::Case;
use super::recordings::{document, list, strings, text};
use super::seed::{self, Template};
use super::support::{Ended, Program, Terminal};
use super::workers;

/// Nothing scrolls away, nothing wraps.
const SIZE: (u16, u16) = (100, 160);

/// How long a session may take to answer a key.
const PATIENCE: Duration = Duration::from_secs(20);

/// After so long without a sign the program waits for the next key.
const PAUSE: Duration = Duration::from_millis(150);

/// Replays them all.
pub(crate) fn cases() -> Vec<Case> {
    let recordings = document("shell_process.json");
    let template = Template::new(&seed::from_rows(&recordings["fixture"]), "");
    workers::map(list(&recordings, "keys"), |case| run(case, &template))
}

fn run(case: &Value, template: &Template) -> Case {
    let keys: Vec<(String, String)> = list(case, "keys")
        .iter()
        .filter_map(|key| Some((key[0].as_str()?.to_owned(), key[1].as_str()?.to_owned())))
        .collect();
    let typed: Vec<String> = keys.iter().map(|(kind, what)| format!("{kind} {what}")).collect();
    let mut result = Case::new(text(case, "id"), typed.join("\n"));
    let mut env = template.fresh();
    env.set("TERM", "xterm");
    let mut args = vec!["shell".to_owned()];
    args.extend(strings(case, "args"));
    let started = Terminal::start(Program::Hallpass.path(), &args, &env.variables(), &env.work(), SIZE);
    let Ok(mut terminal) = started else {
        result.push("screen", text(case, "transcript"), "no terminal", false);
        return result;
    };
    terminal.until(PATIENCE, |_, screen| screen.contents().contains(">>>").then_some(()));
    for (kind, what) in &keys {
        terminal.settle(PAUSE);
        let before = terminal.raw().len();
        match kind.as_str() {
            "line" => terminal.line(what),
            "text" => terminal.send(what),
            _ => terminal.control(what.chars().next().unwrap_or('c')),
        }
        terminal.until(PATIENCE, |raw, _| (raw.len() > before).then_some(()));
    }
    if case["ended_by_itself"] != true {
        terminal.settle(PAUSE);
        terminal.control('d');
    }
    let ended = terminal.end(PATIENCE);
    let (expected_end, got_end) = ends(case, ended);
    result.compare("exit", &expected_end, &got_end);
    let transcript = text(case, "transcript");
    result.compare("screen", &from_prompt(&draw(transcript)), &from_prompt(&forms::plain(&terminal.screen())));
    result
}

/// How the session ended, as recorded and as it did.
pub(crate) fn ends(case: &Value, ended: Option<Ended>) -> (String, String) {
    let expected = if case["signal"].is_null() { case["exit_status"].to_string() } else { "signal".to_owned() };
    let got = match ended {
        Some(Ended::Exit(code)) => code.to_string(),
        Some(Ended::Signal) => "signal".to_owned(),
        None => "it does not end".to_owned(),
    };
    (expected, got)
}

/// What a transcript looks like on a screen.
fn draw(transcript: &str) -> String {
    let size = |n: u16| NonZeroU16::new(n).expect("the sizes above are not zero");
    let mut screen = vt100::Parser::new(size(SIZE.0), size(SIZE.1), 0);
    screen.process(transcript.replace('\n', "\r\n").as_bytes());
    screen.screen().contents()
}

/// From the first prompt on, without blanks at the ends of lines.
fn from_prompt(screen: &str) -> String {
    let from = screen.find(">>>").map_or("", |at| &screen[at..]);
    from.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

#[test]
fn what_stands_before_the_first_prompt_does_not_count() {
    assert_eq!(from_prompt(&draw("Python 9\n>>> 1\n1\n>>> \n")), ">>> 1\n1\n>>>");
}
