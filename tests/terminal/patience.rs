//! What takes more than a second says how far it is, and Ctrl-C ends it with nothing half done.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use crate::support::{Ended, TestEnv};

/// How many users there are, and as many tokens: enough for the slowest of our commands to take its time.
const MANY: usize = 120_000;

/// How long a command may take here.
const PATIENCE: Duration = Duration::from_secs(240);

/// Nothing need be shown of what is over by then.
const QUICK: Duration = Duration::from_millis(1_500);

fn key(n: usize) -> String {
    format!("{n:040x}")
}

fn fixture() -> String {
    let mut text = String::from("[");
    for n in 1..=MANY {
        let end = if n == MANY { "]" } else { "," };
        let _ = writeln!(
            text,
            r#"{{"model": "auth.user", "pk": {n}, "fields": {{"username": "user{n}"}}}},
            {{"model": "authtoken.token", "pk": "{}",
              "fields": {{"user": {n}, "created": "2026-01-01T00:00:00Z"}}}}{end}"#,
            key(n),
        );
    }
    text
}

/// Runs a command on a terminal and presses Ctrl-C as soon as it says how far it is. `false`: it was over before that.
#[track_caller]
fn interrupted(env: &TestEnv, args: &[&str], bar: &str) -> bool {
    let begun = Instant::now();
    let mut terminal = env.terminal(args);
    let shown = terminal.until(PATIENCE, |raw, _| String::from_utf8_lossy(raw).contains(bar).then_some(()));
    if shown.is_none() {
        let took = begun.elapsed();
        assert!(took < QUICK, "{args:?} took {took:?} and said nothing:\n{}", terminal.screen());
        assert_eq!(terminal.end(PATIENCE), Some(Ended::Exit(0)), "{}", terminal.screen());
        return false;
    }
    terminal.control('c');
    assert_eq!(terminal.end(PATIENCE), Some(Ended::Signal), "{args:?}\n{}", terminal.screen());
    let screen = terminal.screen();
    assert!(screen.contains("KeyboardInterrupt") && !screen.contains(bar), "{args:?}\n{screen}");
    true
}

#[test]
fn ctrl_c_ends_what_takes_its_time_and_leaves_nothing_half_done() {
    let env = TestEnv::new();
    env.write("many.json", &fixture());
    let users = |env: &TestEnv| env.python("print(User.objects.count(), Token.objects.count())").success();
    assert!(interrupted(&env, &["loaddata", "many.json"], "installing objects"), "it is slow enough");
    assert_eq!(users(&env), "0 0\n");
    env.hallpass(&["loaddata", "many.json"]).success();
    let all = format!("{MANY} {MANY}\n");
    assert_eq!(users(&env), all);

    interrupted(&env, &["store", "check"], "checking rows");
    if interrupted(&env, &["store", "backup", "copy"], "writing rows") {
        let left = fs::read_dir(env.work()).expect("it is there").flatten().map(|entry| entry.file_name());
        assert_eq!(left.collect::<Vec<_>>(), ["many.json"], "no half backup");
    }
    if interrupted(&env, &["keyring", "rotate"], "sealing keys") {
        assert!(env.hallpass(&["keyring"]).text().contains("a rotation was cut short"));
        assert_eq!(env.hallpass(&["key", "user1"]).success(), format!("{}\n", key(1)));
        assert_eq!(env.hallpass(&["key", &format!("user{MANY}")]).success(), format!("{}\n", key(MANY)));
        env.hallpass(&["keyring", "rotate"]).success();
    }
    assert!(env.hallpass(&["store", "check"]).text().contains("The store is sound."));
    assert_eq!(users(&env), all);

    // At the prompt it ends the command and not the shell.
    let mut terminal = env.terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    terminal.line("%loaddata many.json");
    let shown = terminal.until(PATIENCE, |raw, _| String::from_utf8_lossy(raw).contains("installing").then_some(()));
    assert!(shown.is_some(), "{}", terminal.screen());
    terminal.control('c');
    terminal.wait_for("KeyboardInterrupt\n>>>");
    assert!(!terminal.screen().contains("installing"), "{}", terminal.screen());
    assert_eq!(terminal.ask("User.objects.count()"), MANY.to_string());
}
