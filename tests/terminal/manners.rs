//! What a person at a terminal is asked, and in which colours they are told.

use crate::support::TestEnv;

fn with_alice() -> TestEnv {
    let env = TestEnv::new();
    env.python("Token.objects.create(user=User.objects.create_user('alice'))").success();
    env
}

fn live_tokens(env: &TestEnv) -> usize {
    env.hallpass(&["tokens", "--csv"]).success().lines().count() - 1
}

#[test]
fn what_cannot_be_taken_back_asks_for_the_name() {
    let env = with_alice();
    for (typed, left) in [("yes", 1), ("", 1), ("alice", 0)] {
        let mut terminal = env.terminal(&["revoke", "alice"]);
        terminal.wait_for("Type alice to go on:");
        terminal.line(typed);
        terminal.wait_for(if left == 0 { "Revoked token" } else { "nothing was changed" });
        assert!(terminal.end(std::time::Duration::from_secs(30)).is_some());
        assert_eq!(live_tokens(&env), left, "{typed:?}");
    }
}

#[test]
fn ctrl_c_at_the_question_changes_nothing_and_leaves_the_shell_open() {
    let env = with_alice();
    let mut terminal = env.terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    terminal.line("user delete alice");
    terminal.wait_for("Type alice to go on:");
    terminal.control('c');
    terminal.wait_for_prompt();
    assert_eq!(terminal.ask("User.objects.count()"), "1");
}

#[test]
fn errors_are_coloured_where_they_are_seen_and_wanted() {
    let coloured = |env: &TestEnv, plain: bool| {
        let args = ["key", "alcie"];
        let terminal = if plain { env.plain_terminal(&args) } else { env.terminal(&args) };
        terminal.wait_for("did you mean");
        let raw = terminal.raw();
        raw.windows(2).any(|two| two == b"\x1b[")
    };
    let mut env = with_alice();
    assert!(coloured(&env, false), "a terminal that can");
    assert!(!coloured(&env, true), "TERM=dumb");
    assert!(!env.hallpass(&["key", "alcie"]).stderr.contains('\u{1b}'), "a pipe");
    env.set("NO_COLOR", "1");
    assert!(!coloured(&env, false), "NO_COLOR");
}

#[test]
fn a_command_that_is_written_wrong_at_the_prompt_is_recognised() {
    let env = with_alice();
    let mut terminal = env.terminal::<&str>(&[]);
    for (typed, error, meant) in [("inspct alice", "SyntaxError", "inspect"), ("tokns", "NameError", "tokens")] {
        terminal.line(typed);
        terminal.wait_for(&format!("\n hint: did you mean the command {meant}?\n>>>"));
        assert!(terminal.screen().contains(error), "{}", terminal.screen());
    }
    assert!(!terminal.ask("1 / 0").contains("hint:"));
    assert!(terminal.ask("tokens | less").contains("only a system's shell has pipes"));
}

#[test]
fn help_at_the_prompt_explains_the_commands_and_one_of_them() {
    let env = TestEnv::new();
    let mut terminal = env.terminal::<&str>(&[]);
    let all = terminal.ask("%help");
    assert!(all.contains("regenerate") && all.contains("createsuperuser"), "{all}");
    let one = terminal.ask("help regenerate");
    assert!(one.contains("--overlap") && one.contains("Usage: hallpass regenerate"), "{one}");
}
