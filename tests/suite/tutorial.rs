//! The tutorial, line for line, on the three channels: a terminal, a pipe and `-c`.

use crate::support::{Terminal, TestEnv};

const TUTORIAL: [&str; 5] = [
    "from django.contrib.auth.models import User",
    "from rest_framework.authtoken.models import Token",
    "user = User.objects.get(username=\"your_username\")",
    "token = Token.objects.create(user=user)",
    "token.key",
];

/// A place where the user of the tutorial exists, made as an entrypoint script makes one.
fn with_user() -> TestEnv {
    let mut env = TestEnv::new();
    env.set("DJANGO_SUPERUSER_PASSWORD", "a-good-password-9");
    let args = ["createsuperuser", "--noinput", "--username", "your_username", "--email", "you@example.com"];
    assert_eq!(env.hallpass(&args).success(), "Superuser created successfully.\n");
    env
}

fn is_key(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[test]
fn at_the_prompt_the_last_line_shows_the_key() {
    let env = with_user();
    let mut terminal: Terminal = env.terminal::<&str>(&[]);
    for line in &TUTORIAL[..4] {
        assert_eq!(terminal.ask(line), "", "{line}");
    }
    let shown = terminal.ask(TUTORIAL[4]);
    assert!(is_key(shown.trim_matches('\'')) && shown.len() == 42, "{shown}");
    let again = terminal.ask(TUTORIAL[3]);
    assert!(again.starts_with("Traceback (most recent call last):"), "{again}");
    assert!(
        again.ends_with("django.db.utils.IntegrityError: UNIQUE constraint failed: authtoken_token.user_id"),
        "{again}"
    );
    let unknown = terminal.ask("User.objects.get(username=\"nobody\")");
    let error = "django.contrib.auth.models.User.DoesNotExist: User matching query does not exist.";
    assert!(unknown.ends_with(error), "{unknown}");
}

#[test]
fn a_pipe_and_an_argument_print_only_what_the_script_prints() {
    let script = TUTORIAL.join("\n") + "\n";
    for argument in [false, true] {
        let env = with_user();
        let output =
            if argument { env.hallpass(&["shell", "-c", &script]) } else { env.hallpass_with(&["shell"], &script) };
        assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (0, "", ""));
        let key =
            env.hallpass_with(&["shell"], "print(Token.objects.get(user__username=\"your_username\").key)").success();
        assert!(is_key(key.trim_end()), "{key}");
    }
}

#[test]
fn without_arguments_the_program_is_the_shell() {
    let env = TestEnv::new();
    assert_eq!(env.hallpass_with::<&str>(&[], "print(User.objects.count())\n").success(), "0\n");
}

#[test]
fn an_exception_ends_a_script_with_its_traceback_on_standard_error_and_exit_1() {
    let env = TestEnv::new();
    let output =
        env.hallpass_with(&["shell"], "print('before')\nUser.objects.get(username='nobody')\nprint('after')\n");
    assert_eq!((output.code, output.stdout.as_str()), (1, "before\n"));
    assert!(output.stderr.starts_with("Traceback (most recent call last):\n"), "{}", output.stderr);
    let last = "django.contrib.auth.models.User.DoesNotExist: User matching query does not exist.\n";
    assert!(output.stderr.ends_with(last), "{}", output.stderr);
}

#[test]
fn a_script_ends_with_the_status_it_asks_for() {
    let env = TestEnv::new();
    for (script, code) in [("exit(3)", 3), ("exit()", 0), ("import sys; sys.exit(4)", 4), ("raise SystemExit(5)", 5)] {
        let output = env.hallpass(&["shell", "-c", script]);
        assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (code, "", ""), "{script}");
    }
}

#[test]
fn nothing_runs_of_a_script_that_does_not_compile() {
    let env = TestEnv::new();
    let output = env.hallpass_with(&["shell"], "User.objects.create(username='never')\nprint(\n");
    assert_eq!(output.code, 1, "{}", output.text());
    assert!(output.stderr.contains("SyntaxError: '(' was never closed"), "{}", output.stderr);
    assert_eq!(env.python("print(User.objects.count())").success(), "0\n");
}

#[test]
fn drf_create_token_prints_what_drfs_prints_and_resets() {
    let env = with_user();
    let made = env.hallpass(&["drf_create_token", "your_username"]).success();
    let words: Vec<&str> = made.split(' ').collect();
    assert_eq!(
        [words[0], words[1], words[3], words[4], words[5]],
        ["Generated", "token", "for", "user", "your_username\n"]
    );
    assert!(is_key(words[2]), "{made}");
    assert_eq!(env.hallpass(&["drf_create_token", "your_username"]).success(), made, "an existing one is shown again");
    let reset = env.hallpass(&["drf_create_token", "-r", "your_username"]).success();
    assert_ne!(reset, made);
}

#[test]
fn migrate_is_a_step_of_the_tutorial_that_has_nothing_to_do() {
    let output = TestEnv::new().hallpass(&["migrate"]).success();
    assert!(output.ends_with("Running migrations:\n  No migrations to apply.\n"), "{output}");
}
