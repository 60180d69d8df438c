//! Ctrl-C: it ends what runs, never the session, and twice always gets out.

use std::time::Duration;

use crate::support::terminal::PATIENCE;
use crate::support::{Ended, TestEnv};

/// Types a statement that does not end, and waits until it runs.
fn busy(env: &TestEnv, lines: &[&str]) -> crate::support::Terminal {
    let mut terminal = env.plain_terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    for line in lines {
        terminal.line(line);
    }
    terminal.wait_for("running");
    terminal
}

#[test]
fn an_endless_loop_ends_and_the_session_goes_on() {
    let env = TestEnv::new();
    let mut terminal = busy(&env, &["print('run' + 'ning')", "while True: pass", ""]);
    // The loop runs when its block has been taken: no prompt stands behind the last line.
    terminal.settle(Duration::from_millis(200));
    terminal.control('c');
    terminal.wait_for("KeyboardInterrupt");
    assert_eq!(terminal.ask("6 * 7"), "42");
}

#[test]
fn a_sleep_ends_at_once_and_can_be_caught() {
    let env = TestEnv::new();
    let lines = [
        "import time",
        "try:",
        "    print('run' + 'ning'); time.sleep(600)",
        "except KeyboardInterrupt:",
        "    print('caught' + '!')",
        "",
    ];
    let mut terminal = busy(&env, &lines);
    terminal.control('c');
    terminal.wait_for("caught!");
    assert_eq!(terminal.ask("6 * 7"), "42");
}

#[test]
fn a_second_ctrl_c_within_a_second_gets_out_of_what_catches_the_first() {
    let env = TestEnv::new();
    let lines = [
        "while True:",
        "    try:",
        "        print('run' + 'ning')",
        "        while True: pass",
        "    except KeyboardInterrupt: print('caught' + '!')",
        "",
    ];
    let mut terminal = busy(&env, &lines);
    terminal.control('c');
    terminal.wait_for("caught!");
    terminal.control('c');
    assert_eq!(terminal.end(PATIENCE), Some(Ended::Signal));
}

#[test]
fn a_question_of_a_script_can_be_interrupted() {
    let env = TestEnv::new();
    let mut terminal = busy(&env, &["x = input('run' + 'ning? ')"]);
    terminal.control('c');
    terminal.wait_for("KeyboardInterrupt");
    assert_eq!(terminal.ask("6 * 7"), "42");
}

#[test]
fn recursion_and_nesting_without_end_are_errors_and_the_session_goes_on() {
    let env = TestEnv::new();
    let mut terminal = env.plain_terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    for line in ["def f(): return f()", "", "f()"] {
        terminal.line(line);
    }
    terminal.wait_for("RecursionError: maximum recursion depth exceeded");
    let deep = format!("{}1{}", "(".repeat(300), ")".repeat(300));
    terminal.line(&deep);
    terminal.wait_for("SyntaxError: too many nested parentheses");
    assert_eq!(terminal.ask("6 * 7"), "42");
}
