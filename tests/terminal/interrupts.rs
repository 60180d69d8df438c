//! Ctrl-C: it ends what runs, never the session, and twice always gets out.

use std::time::{Duration, Instant};

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

/// People, so many that what asks or loads them takes a while.
fn crowd(lines: &[&str]) -> (TestEnv, crate::support::Terminal) {
    let env = TestEnv::new();
    let made = "User.objects.bulk_create([User(username='user%05d' % n, email='x') for n in range(5000)])";
    let _ = env.python(made).success();
    let terminal = busy(&env, lines);
    (env, terminal)
}

#[test]
fn a_question_about_every_pair_of_very_many_rows_can_be_interrupted() {
    let (_env, mut terminal) = crowd(&[
        "from django.db.models import Exists, OuterRef",
        "slow = User.objects.filter(Exists(User.objects.filter(email=OuterRef('username'))))",
        "print('run' + 'ning'); slow.count()",
    ]);
    terminal.control('c');
    terminal.wait_for("KeyboardInterrupt");
    assert_eq!(terminal.ask("User.objects.count()"), "5000");
}

#[test]
fn a_hash_of_very_many_rounds_can_be_interrupted() {
    let env = TestEnv::new();
    let lines = [
        "from django.contrib.auth.hashers import check_password",
        "print('run' + 'ning'); check_password('secret', 'pbkdf2_sha256$2000000000$salt$aGFzaA==')",
    ];
    let mut terminal = busy(&env, &lines);
    terminal.control('c');
    terminal.wait_for("KeyboardInterrupt");
    assert_eq!(terminal.ask("6 * 7"), "42");
}

#[test]
fn a_great_creation_that_is_interrupted_leaves_nothing() {
    let env = TestEnv::new();
    let lines = [
        "people = [User(username='user%d' % n) for n in range(100_000)]",
        "print('run' + 'ning'); User.objects.bulk_create(people)",
    ];
    let mut terminal = busy(&env, &lines);
    terminal.control('c');
    terminal.wait_for("KeyboardInterrupt");
    assert_eq!(terminal.ask("User.objects.count()"), "0");
}

#[test]
fn a_load_that_is_interrupted_leaves_nothing() {
    let env = TestEnv::new();
    let user = |n: usize| {
        let fields =
            serde_json::json!({"username": format!("user{n}"), "password": "!", "date_joined": "2024-01-01T00:00:00Z"});
        serde_json::json!({"model": "auth.user", "pk": n, "fields": fields})
    };
    env.write("people.json", &serde_json::Value::from((1..=60_000).map(user).collect::<Vec<_>>()).to_string());
    let lines = [
        "from django.core.management import call_command",
        "print('run' + 'ning'); call_command('loaddata', 'people.json')",
    ];
    let mut terminal = busy(&env, &lines);
    terminal.control('c');
    terminal.wait_for("KeyboardInterrupt");
    assert_eq!(terminal.ask("User.objects.count()"), "0");
}

/// Interrupts what these lines begin, and finds the session as it was.
fn ends(lines: &[&str]) {
    let env = TestEnv::new();
    let mut terminal = busy(&env, lines);
    terminal.settle(Duration::from_millis(100));
    let since = Instant::now();
    terminal.control('c');
    terminal.wait_for("KeyboardInterrupt");
    let took = since.elapsed();
    // Well below what a person calls waiting, and well above what a busy machine adds to it.
    assert!(took < Duration::from_secs(2), "{lines:?} ended after {took:?}");
    assert!(!terminal.screen().contains("SystemError"), "{}", terminal.screen());
    assert_eq!(terminal.ask("6 * 7"), "42");
}

#[test]
fn an_endless_generator_ends_wherever_the_interrupt_meets_it() {
    for _ in 0..3 {
        ends(&["print('run' + 'ning'); sum(1 for _ in iter(int, 1))"]);
    }
    ends(&["def f():", "    while True: yield 1", "", "print('run' + 'ning'); sum(f())"]);
    ends(&["def f():", "    while True: pass", "    yield 1", "", "print('run' + 'ning'); list(f())"]);
}

#[test]
fn what_is_one_step_of_the_engine_ends_as_well() {
    ends(&["print('run' + 'ning'); sum(range(10 ** 12))"]);
    ends(&["import itertools", "print('run' + 'ning'); max(itertools.count())"]);
    ends(&["names = list(map(str, range(10 ** 6)))", "print('run' + 'ning'); [sorted(names) for _ in range(1000)]"]);
    ends(&["names = list(map(str, range(10 ** 6)))", "print('run' + 'ning'); ['no' in names for _ in range(1000)]"]);
    ends(&["print('run' + 'ning'); 9 ** 9 ** 9"]);
}

#[test]
fn a_pattern_that_tries_too_much_ends_in_python_and_in_a_question() {
    ends(&["import re", "print('run' + 'ning'); re.match('(a+)+$', 'a' * 50 + 'b')"]);
    ends(&["import re", "print('run' + 'ning'); re.sub('([a-z]+)*=', '', 'a' * 50 + ';')"]);
    ends(&[
        "u = User.objects.create(username='a' * 50 + 'b')",
        "print('run' + 'ning'); User.objects.filter(username__regex='(?=a)(a+)+$').count()",
    ]);
}

#[test]
fn an_endless_loop_in_a_with_and_a_try_ends_by_their_rules() {
    let env = TestEnv::new();
    let lines = [
        "import contextlib",
        "try:",
        "    with contextlib.suppress(ValueError):",
        "        print('run' + 'ning')",
        "        while True: x = 1",
        "finally:",
        "    print('at ' + 'last')",
        "",
    ];
    let mut terminal = busy(&env, &lines);
    terminal.control('c');
    terminal.wait_for("at last");
    terminal.wait_for("KeyboardInterrupt");
    assert_eq!(terminal.ask("6 * 7"), "42");
}

#[test]
fn hashes_of_very_many_rounds_end_whoever_began_them() {
    ends(&[
        "import hashlib",
        "print('run' + 'ning'); hashlib.pbkdf2_hmac('sha256', b'secret', b'salt', 2_000_000_000)",
    ]);
    ends(&[
        "from django.contrib.auth.hashers import PBKDF2PasswordHasher",
        "class Slow(PBKDF2PasswordHasher): iterations = 2_000_000_000",
        "",
        "print('run' + 'ning'); Slow().encode('secret', 'salt')",
    ]);
}

#[test]
fn a_sort_by_a_function_ends() {
    ends(&["numbers = list(range(3_000_000))", "print('run' + 'ning'); sorted(numbers, key=lambda n: -n)"]);
}
