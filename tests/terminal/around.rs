//! Around the statements of a session: `rc.py`, questions with `?`, words of the terminal, Ctrl-Z.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::{Terminal, TestEnv};

fn write_startup(env: &TestEnv, text: &str) -> PathBuf {
    let folder = env.home().join(".config/hallpass");
    fs::create_dir_all(&folder).expect("the home is ours");
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).expect("the folder is ours");
    let path = folder.join("rc.py");
    fs::write(&path, text).expect("the folder is ours");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("the file is ours");
    path
}

fn session(env: &TestEnv) -> Terminal {
    let terminal = env.terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    terminal
}

#[test]
fn a_startup_file_runs_before_the_first_prompt_of_a_terminal_alone() {
    let env = TestEnv::new();
    write_startup(&env, "print('rc ' + 'ran')\ndef active(): return User.objects.filter(is_active=True)\n");
    let mut terminal = session(&env);
    assert!(terminal.screen().contains("rc ran\n>>>"), "{}", terminal.screen());
    assert_eq!(terminal.ask("active()"), "<QuerySet []>");
    assert_eq!(env.hallpass_with(&["shell"], "print('active' in globals())").success(), "False\n");
    assert_eq!(env.hallpass(&["shell", "-c", "print('active' in globals())"]).success(), "False\n");
}

#[test]
fn a_startup_file_that_others_can_write_is_refused() {
    let env = TestEnv::new();
    let path = write_startup(&env, "print('rc ' + 'ran')\n");
    fs::set_permissions(&path, Permissions::from_mode(0o620)).unwrap();
    let terminal = session(&env);
    terminal.wait_for("was not run: others can write");
    terminal.wait_for("hint: chmod go-w ");
    assert!(!terminal.screen().contains("rc ran"));
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(path.parent().unwrap(), Permissions::from_mode(0o777)).unwrap();
    let terminal = session(&env);
    terminal.wait_for("was not run: others can write");
    assert!(!terminal.screen().contains("rc ran"));
}

#[test]
fn an_error_in_the_startup_file_is_shown_and_the_session_goes_on() {
    let env = TestEnv::new();
    write_startup(&env, "early = 1\n1 / 0\n");
    let mut terminal = session(&env);
    terminal.wait_for("rc.py\", line 2, in <module>");
    terminal.wait_for("ZeroDivisionError: division by zero");
    assert_eq!(terminal.ask("early"), "1");
}

#[test]
fn a_question_mark_asks_what_a_thing_is() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    terminal.send("def greet(name, greeting='hello'):\r    'Greets.'\r    return greeting + name\r\r");
    // The prompt before the block is on the screen already.
    terminal.wait_until("there is a prompt behind the block", |screen| screen.matches(">>>").count() > 1);
    let said = terminal.ask("greet?");
    for part in ["greet(name, greeting='hello')", "Greets.", "function"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(terminal.ask("?User.objects").contains("Manager"));
    assert!(terminal.ask("User?").contains("username"));
    assert!(terminal.ask("nothing?").contains("Object `nothing` not found."));
    assert!(terminal.ask("regenerate?").contains("--overlap"));
    assert!(terminal.ask("help regenerate").contains("--overlap"));
    terminal.line("quit");
    terminal.wait_for("Use quit() or Ctrl-D (i.e. EOF) to exit");
}

#[test]
fn words_of_the_terminal_work_until_a_script_means_something_by_them() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    assert_eq!(terminal.ask("40 + 2"), "42");
    assert!(terminal.ask("history").contains("1  40 + 2"));
    terminal.line("clear");
    terminal.wait_until("the screen is empty", |screen| screen.trim() == ">>>");
    assert_eq!(terminal.ask("clear = 5"), "");
    assert_eq!(terminal.ask("clear"), "5");
}

#[test]
fn a_suspended_shell_holds_nothing_that_others_wait_for() {
    let env = TestEnv::new();
    let mut terminal = session(&env);
    assert_eq!(terminal.ask("User.objects.create_user('ann').pk"), "1");
    assert!(env.hallpass(&["about"]).success().contains("attached"));
    terminal.control('z');
    // The terminal's only process is not stopped by the kernel; it has let go all the same.
    terminal.settle(std::time::Duration::from_millis(200));
    assert!(env.hallpass(&["about"]).success().contains("owner"));
    assert_eq!(terminal.ask("User.objects.count()"), "1");
}
