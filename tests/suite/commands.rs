//! Commands beside Python: at the prompt, in a pipe, and as words of the program.

use serde_json::Value;

use crate::support::{Terminal, TestEnv};

fn with_alice() -> (TestEnv, String) {
    let env = TestEnv::new();
    let key = env.python("print(Token.objects.create(user=User.objects.create_user('alice')).key)").success();
    (env, key.trim_end().to_owned())
}

fn key_of(env: &TestEnv) -> String {
    env.hallpass(&["key", "alice"]).success().trim_end().to_owned()
}

#[test]
fn key_prints_the_bare_key_and_regenerate_another() {
    let (env, key) = with_alice();
    assert_eq!(key_of(&env), key);
    let output = env.hallpass(&["regenerate", "alice"]);
    let new = output.clone().success();
    assert_ne!(new.trim_end(), key);
    assert_eq!(new.trim_end(), key_of(&env));
    assert!(!output.stderr.contains(&key) && !output.stderr.contains(new.trim_end()), "{}", output.text());
}

#[test]
fn revoke_needs_a_yes_where_nobody_can_be_asked() {
    let (env, key) = with_alice();
    let server = env.server();
    let refused = env.hallpass(&["revoke", "alice"]);
    assert_eq!(refused.code, 1, "{}", refused.text());
    assert_eq!(server.trigger(&key).status, 200, "nothing was changed");
    env.hallpass(&["revoke", "alice", "--yes"]).success();
    assert_eq!(server.trigger(&key).status, 401);
}

#[test]
fn lists_are_plain_in_a_pipe_and_json_where_asked() {
    let (env, key) = with_alice();
    for list in ["users", "tokens"] {
        let plain = env.hallpass(&[list]).success();
        assert!(plain.contains("alice") && !plain.contains('\u{1b}') && !plain.contains('│'), "{plain}");
        assert!(!plain.contains(&key), "a list shows no key");
        let json: Value = serde_json::from_str(&env.hallpass(&[list, "--json"]).success()).expect("it is JSON");
        assert!(json.to_string().contains("alice"), "{json}");
    }
}

#[test]
fn inspect_shows_everything_but_the_key() {
    let (env, key) = with_alice();
    let shown = env.hallpass(&["inspect", "alice"]).success();
    assert!(shown.contains("alice") && !shown.contains(&key), "{shown}");
}

#[test]
fn the_same_words_work_at_the_prompt() {
    let (env, key) = with_alice();
    let mut terminal: Terminal = env.terminal::<&str>(&[]);
    assert_eq!(terminal.ask("key alice"), key);
    assert!(terminal.ask("users").contains("alice"));
    assert!(terminal.ask("tokens").contains("alice"));
    assert!(terminal.ask("inspect alice").contains("alice"));
    assert_ne!(terminal.ask("regenerate alice"), key);
    // Python comes first: a word that is bound is Python's.
    assert_eq!(terminal.ask("tokens = 5"), "");
    assert_eq!(terminal.ask("tokens"), "5");
}

#[test]
fn the_same_words_work_in_a_pipe_between_lines_of_python() {
    let (env, key) = with_alice();
    let output = env.hallpass_with(&["shell"], "print('first')\nkey alice\nprint('last')\n").success();
    assert_eq!(output, format!("first\n{key}\nlast\n"));
}
