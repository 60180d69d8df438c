//! One store, two live processes, in both orders; and either of them killed while the other works.

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Server, Terminal, TestEnv};

fn shell(env: &TestEnv) -> Terminal {
    let terminal = env.terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    terminal
}

/// Makes a user and a token at the prompt; returns the key.
fn create(terminal: &mut Terminal, username: &str) -> String {
    assert_eq!(terminal.ask(&format!("user = User.objects.create_user('{username}')")), "");
    assert_eq!(terminal.ask("token = Token.objects.create(user=user)"), "");
    terminal.ask("token.key").trim_matches('\'').to_owned()
}

/// A token made at the prompt is good for the very next request, a deleted one is not.
fn assert_live(terminal: &mut Terminal, server: &Server, username: &str) -> String {
    let key = create(terminal, username);
    assert_eq!(server.trigger(&key).status, 200, "made at the prompt");
    let deleted = create(terminal, &format!("{username}-deleted"));
    assert_eq!(server.trigger(&deleted).status, 200);
    assert_eq!(terminal.ask("token.delete()"), "(1, {'authtoken.Token': 1})");
    let reply = server.trigger(&deleted);
    assert_eq!((reply.status, reply.text().as_str()), (401, r#"{"detail":"Invalid token."}"#), "deleted at the prompt");
    key
}

fn kill(id: u32) {
    let id = Pid::from_raw(id.try_into().expect("process numbers are small")).expect("a process has a number");
    kill_process(id, Signal::KILL).expect("it runs and is ours");
}

#[test]
fn server_first_then_shell() {
    let env = TestEnv::new();
    let server = env.server();
    let mut terminal = shell(&env);
    terminal.wait_for("attached");
    assert_live(&mut terminal, &server, "alice");
}

#[test]
fn shell_first_then_server_and_nobody_at_the_prompt_notices() {
    let env = TestEnv::new();
    let mut terminal = shell(&env);
    terminal.wait_for("owner");
    let before = create(&mut terminal, "before");
    let server = env.server();
    assert_eq!(server.trigger(&before).status, 200);
    assert_live(&mut terminal, &server, "alice");
}

#[test]
fn two_shells_at_once_see_each_other() {
    let env = TestEnv::new();
    let (mut one, mut other) = (shell(&env), shell(&env));
    let key = create(&mut one, "alice");
    assert_eq!(other.ask("Token.objects.get(user__username='alice').key"), format!("'{key}'"));
    assert_eq!(other.ask("User.objects.create_user('bob')"), "<User: bob>");
    assert_eq!(one.ask("User.objects.count()"), "2");
}

#[test]
fn when_the_server_is_killed_the_shell_goes_on_and_nothing_is_lost() {
    let env = TestEnv::new();
    let mut server = env.server();
    let mut terminal = shell(&env);
    let key = assert_live(&mut terminal, &server, "alice");
    server.kill();
    assert_eq!(terminal.ask("User.objects.get(username='alice').auth_token.key"), format!("'{key}'"));
    let later = create(&mut terminal, "later");
    let server = env.server();
    assert_eq!(server.trigger(&key).status, 200);
    assert_eq!(server.trigger(&later).status, 200);
}

#[test]
fn when_an_owning_shell_is_killed_the_other_goes_on_and_nothing_is_lost() {
    let env = TestEnv::new();
    let mut owner = shell(&env);
    let mut other = shell(&env);
    let key = create(&mut owner, "alice");
    kill(owner.process_id());
    assert_eq!(other.ask("Token.objects.get(user__username='alice').key"), format!("'{key}'"));
    assert_eq!(other.ask("User.objects.create_user('bob')"), "<User: bob>");
    drop(other);
    assert_eq!(env.python("print(User.objects.count())").success(), "2\n");
}

#[test]
fn when_a_shell_is_killed_the_server_goes_on_and_nothing_is_lost() {
    let env = TestEnv::new();
    let mut terminal = shell(&env);
    let server = env.server();
    let key = assert_live(&mut terminal, &server, "alice");
    kill(terminal.process_id());
    assert_eq!(server.trigger(&key).status, 200);
    assert_eq!(env.python("print(Token.objects.count())").success(), "1\n");
}
