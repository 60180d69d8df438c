//! Tokens and keys as the programs have them: the rules of the configuration, what the audit trail learns, keys that are
//! shown once, a keyring that cannot be used.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    process::Stdio,
};

use serde_json::Value;

use crate::support::{Program, TestEnv};

/// The events of the trail with this action.
fn events(env: &TestEnv, action: &str) -> Vec<Value> {
    let text = env.hallpass(&["audit", "export"]).success();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    all.filter(|event| event["action"] == action).collect()
}

fn token_json(env: &TestEnv, what: &str) -> Value {
    serde_json::from_str(&env.hallpass(&["inspect", what, "--json"]).success()).expect("it is JSON")
}

#[test]
fn the_rules_of_the_configuration_hold_in_the_shell_and_for_commands() {
    let mut env = TestEnv::new();
    let config = env.write(
        "policy.toml",
        "[tokens]\ndefault_lifetime = \"30d\"\nlongest_lifetime = \"60d\"\nper_user = 2\nlongest_overlap = \"1h\"\n\
         die_with = \"both\"\nretention = \"7d\"\n",
    );
    env.set("HALLPASS_CONFIG", config.to_str().expect("temporary folders have plain names"));
    let made = "from datetime import timedelta\nfrom django.utils import timezone\nalice = User.objects.create_user('alice', password='s3cret-enough')\n\
                t = Token.objects.create(user=alice)\nnow = timezone.now()\nt = Token.every.get(id=t._state.sealed.id)\n\
                print(timedelta(days=29) < t.expires - now < timedelta(days=31))\n\
                t.expires = now + timedelta(days=900)\nt.save()\nt.refresh_from_db()\n\
                print(timedelta(days=59) < t.expires - now < timedelta(days=61))";
    assert_eq!(env.python(made).success(), "True\nTrue\n");
    let cut = env.hallpass(&["token", "create", "alice", "--name", "ci", "--expires", "900d"]);
    assert!(cut.text().contains("the policy lets it live until"), "{}", cut.text());
    let third = env.hallpass(&["token", "create", "alice", "--name", "cd"]);
    assert_eq!(third.code, 1);
    assert!(third.text().contains("2 tokens"), "{}", third.text());
    let overlap = env.hallpass(&["regenerate", "alice/ci", "--overlap", "5h"]);
    assert!(overlap.text().contains("the policy allows no longer overlap"), "{}", overlap.text());
    let nothing = env.hallpass(&["purge", "--dry-run"]).text();
    assert!(nothing.contains("Would remove 0 tokens revoked before"), "{nothing}");

    // The hash of the same password is made anew: nothing dies. A new password: everything does.
    let weak = "from django.contrib.auth.hashers import make_password\nu = User.objects.get()\n\
                User.objects.filter(pk=u.pk).update(password=make_password('s3cret-enough', hasher='md5'))\n";
    assert_eq!(env.hallpass(&["regenerate", "alice"]).code, 0);
    let alive =
        "u = User.objects.get()\nprint(u.check_password('s3cret-enough'), Token.objects.filter(user=u).count())";
    env.python(weak).success();
    env.hallpass(&["token", "create", "alice"]).success();
    let checked = env.python(alive).success();
    assert_eq!(checked, "True 1\n");
    env.python("u = User.objects.get()\nu.set_password('another-one')\nu.save()").success();
    assert_eq!(env.python("print(Token.objects.count())").success(), "0\n");
}

#[test]
fn rules_that_cannot_be_are_refused_with_file_line_and_hint() {
    let mut env = TestEnv::new();
    for (text, said, hint) in [
        ("[tokens]\nper_user = 0\n", "policy.toml:2: a user may have one token at least", "edit "),
        ("\n[tokens]\nper_usr = 1\n", "policy.toml:3: unknown field `per_usr`", "did you mean `per_user`?"),
        ("[tokens]\ndie_with = 3\n", "policy.toml:2: tokens die with", "edit "),
        (
            "[tokens]\nlongest_lifetime = \"1d\"\ndefault_lifetime = \"2d\"\n",
            "policy.toml:3: the default lifetime is longer than the longest one",
            "edit ",
        ),
    ] {
        let config = env.write("policy.toml", text);
        env.set("HALLPASS_CONFIG", config.to_str().expect("temporary folders have plain names"));
        for refused in [env.hallpass(&["tokens"]), env.python("pass")] {
            assert_eq!(refused.code, 2, "{}", refused.text());
            assert!(refused.text().contains(said) && refused.text().contains(hint), "{}", refused.text());
        }
        let mut check = env.command(Program::Hallpassd, &["check"]);
        let refused = check.output().expect("it runs");
        let text = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && text.contains(said) && text.contains(hint), "{text}");
    }
    env.write("policy.toml", "");
    env.set("HALLPASS_TOKENS_PER_USER", "many");
    let refused = env.hallpass(&["tokens"]).text();
    assert!(refused.contains("HALLPASS_TOKENS_PER_USER: a user may have"), "{refused}");
}

#[test]
fn a_server_takes_the_rules_up_again_when_it_is_told_to() {
    let env = TestEnv::new();
    env.python("User.objects.create_user('alice', password='s3cret-enough')").success();
    let config = env.write("policy.toml", "");
    let server = env.server_with(&["--config", config.to_str().expect("a plain name")]);
    let obtain = || {
        let body = "username=alice&password=s3cret-enough";
        let login = format!(
            "POST /api-token-auth/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(server.raw(login.as_bytes()).expect("the server answers").status, 200);
        let tokens = token_json(&env, "alice")["tokens"].clone();
        let token = tokens.as_array().and_then(|all| all.last()).expect("it was made").clone();
        env.hallpass(&["revoke", "alice", "--yes"]).success();
        token["expires"].is_string()
    };
    assert!(!obtain());
    env.write("policy.toml", "[tokens]\ndefault_lifetime = \"30d\"\n");
    let id = rustix::process::Pid::from_raw(i32::try_from(server.process_id()).expect("a process id")).expect("one");
    rustix::process::kill_process(id, rustix::process::Signal::HUP).expect("it is ours");
    // A signal has no answer: the first token that shows the new rule tells that it was heard.
    let heard = (0..50).any(|_| obtain());
    assert!(heard, "a token made after SIGHUP has the new default");
}

#[test]
fn a_statement_that_shows_keys_leaves_one_event_with_their_ids() {
    let env = TestEnv::new();
    env.python("for n in range(3): Token.objects.create(user=User.objects.create_user('user%d' % n))").success();
    let ids = |event: &Value| event["tokens"].as_array().map_or(0, Vec::len);
    let mut seen = 0;
    for (code, shown) in [
        ("print([t.key for t in Token.objects.all()])", 3),
        ("print(Token.objects.all())", 3),
        ("print(list(Token.objects.values_list('key', flat=True)))", 3),
        ("print(User.objects.values_list('username', 'auth_token__key'))", 3),
        ("for t in Token.objects.all(): print(t.pk)", 3),
        ("from django.core.management import call_command\ncall_command('dumpdata', 'authtoken')", 3),
        ("print(Token.objects.first().key)", 1),
    ] {
        env.python(code).success();
        let all = events(&env, "revealed");
        assert_eq!(all.len(), seen + 1, "{code}");
        let event = &all[seen];
        assert_eq!(event["count"], shown, "{code}");
        if shown == 1 {
            assert!(event["subject"]["token"].as_str().is_some_and(|id| id.starts_with("tok_")), "{event}");
        } else {
            assert_eq!(ids(event), 3, "{event}");
        }
        assert!(event["actor"]["process"].is_number() && event["actor"]["from"] == "pipe", "{event}");
        seen += 1;
    }
    for code in [
        "from django.utils import timezone\nt = Token.objects.first()\nt.created = timezone.now()\nt.save()",
        "print(Token.objects.filter(key__startswith='a').count() >= 0, Token.objects.order_by('key').count())",
        "print(Token.objects.first().user, Token.objects.values_list('user__username'))",
        "t = Token.objects.first()\nt.refresh_from_db()\nprint(t.created is not None)",
        "print(Token.objects.create(user=User.objects.create_user('new')).key)",
        "Token.objects.get(user__username='user0').delete()",
    ] {
        env.python(code).success();
        assert_eq!(events(&env, "revealed").len(), seen, "{code} shows no key that was there before");
    }
}

#[test]
fn at_a_terminal_every_statement_is_one() {
    let env = TestEnv::new();
    env.python("for n in range(3): Token.objects.create(user=User.objects.create_user('user%d' % n))").success();
    let mut terminal = env.terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    terminal.ask("Token.objects.all()");
    terminal.ask("Token.objects.first().key");
    terminal.ask("len(Token.objects.all())");
    terminal.control('d');
    drop(terminal);
    let counts: Vec<_> = events(&env, "revealed").iter().map(|event| event["count"].as_i64()).collect();
    assert_eq!(counts, [Some(3), Some(1)]);
    let from = events(&env, "revealed")[0]["actor"]["from"].as_str().map(str::to_owned);
    assert!(from.is_some_and(|from| from.starts_with("/dev/")), "the terminal is named");
}

#[test]
fn refusals_are_in_the_trail_by_class_and_with_the_address() {
    let env = TestEnv::new();
    env.python("Token.objects.create(user=User.objects.create_user('alice', password='x'), key='revoked-one')")
        .success();
    env.hallpass(&["revoke", "alice", "--yes", "--reason", "leaked"]).success();
    let mut server = env.server();
    for _ in 0..5 {
        assert_eq!(server.trigger("revoked-one").status, 401);
        assert_eq!(server.trigger("nobody-has-this").status, 401);
    }
    let body = "username=alice&password=wrong";
    let login = format!(
        "POST /api-token-auth/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(server.raw(login.as_bytes()).expect("the server answers").status, 400);
    let id = rustix::process::Pid::from_raw(i32::try_from(server.process_id()).expect("a process id")).expect("one");
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is ours");
    server.wait();
    let mut told: Vec<_> = events(&env, "refused")
        .iter()
        .map(|event| {
            let class = event["why"].as_str().expect("a class").to_owned();
            (
                class,
                event["count"].as_u64(),
                event["last_from"].as_str().map(str::to_owned),
                event["subject"].is_object(),
            )
        })
        .collect();
    told.sort();
    let local = Some("127.0.0.1".to_owned());
    assert_eq!(
        told,
        [
            ("password".to_owned(), Some(1), local.clone(), false),
            ("revoked".to_owned(), Some(5), local.clone(), true),
            ("unknown".to_owned(), Some(5), local, false),
        ]
    );
    assert_eq!(env.hallpass(&["audit", "verify"]).code, 0);
}

#[test]
fn the_trail_is_followed_line_by_line_until_the_reader_or_ctrl_c_ends_it() {
    let env = TestEnv::new();
    env.python("User.objects.create_user('alice')").success();
    let mut follow = env.command(Program::Hallpass, &["audit", "--follow", "-n", "1", "--json"]);
    let mut child = follow.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("it was piped")).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().expect("a line").expect("text")).expect("JSON");
    assert_eq!(next()["subject"]["name"], "alice");
    // A shell and a server work meanwhile.
    let server = env.server();
    env.hallpass(&["user", "create", "bob"]).success();
    assert_eq!(next()["subject"]["name"], "bob");
    env.hallpass(&["token", "create", "bob"]).success();
    let event = next();
    assert_eq!((&event["action"], &event["subject"]["kind"]), (&"created".into(), &"token".into()));
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("it is ours");
    let ended = child.wait().expect("it ends");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended), Some(2), "as every program that Ctrl-C ends");
    drop(server);

    let mut closed = env.command(Program::Hallpass, &["audit", "--follow"]);
    let mut child = closed.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("it runs");
    let mut first = [0; 1];
    child.stdout.take().expect("it was piped").read_exact(&mut first).expect("it says something");
    env.hallpass(&["user", "create", "carol"]).success();
    assert_eq!(child.wait().expect("nobody reads it any more").code(), Some(0));
}

#[test]
fn at_a_prompt_ctrl_c_ends_the_following_and_not_the_shell() {
    let env = TestEnv::new();
    let mut terminal = env.plain_terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    terminal.line("audit --follow");
    terminal.wait_for("store created");
    terminal.control('c');
    terminal.wait_until("a prompt", |screen| screen.trim_end().ends_with(">>>"));
    assert_eq!(terminal.ask("1 + 1"), "2");
    assert!(!terminal.screen().contains("Traceback"), "that is how it ends:\n{}", terminal.screen());
}

#[test]
fn the_trail_is_followed_as_comma_separated_values_with_a_header() {
    let env = TestEnv::new();
    env.python("User.objects.create_user('alice')").success();
    let whole = env.hallpass(&["audit", "--csv"]).success();
    let mut follow = env.command(Program::Hallpass, &["audit", "--follow", "--csv"]);
    let mut child = follow.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("it runs");
    let lines = BufReader::new(child.stdout.take().expect("it was piped")).lines();
    let told: Vec<String> = lines.take(whole.lines().count()).map(|line| line.expect("text")).collect();
    assert_eq!(told, whole.lines().collect::<Vec<_>>());
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
}

#[test]
fn a_saved_head_is_taken_as_text_and_as_a_file() {
    let env = TestEnv::new();
    env.python("User.objects.create_user('alice')").success();
    let head = env.hallpass(&["audit", "head"]).success();
    let file = env.write("head", &head);
    env.python("User.objects.create_user('bob')").success();
    for given in [head.trim(), file.to_str().expect("a plain name")] {
        assert_eq!(env.hallpass(&["audit", "verify", "--head", given]).code, 0);
    }
    let later = format!("1000:{}", head.trim().split_once(':').expect("number and hash").1);
    let cut = env.hallpass(&["audit", "verify", "--head", &later]);
    assert_eq!(cut.code, 1);
    assert!(cut.text().contains("the saved head is of a later one"), "{}", cut.text());
    assert_eq!(env.hallpass(&["audit", "verify", "--head", "nonsense"]).code, 1);
}

#[test]
fn a_key_that_is_shown_once_is_not_there_a_second_time() {
    let env = TestEnv::new();
    env.python("User.objects.create_user('alice')").success();
    let once = env.hallpass(&["token", "create", "alice", "--show-once"]).success().trim().to_owned();
    let refused = env.hallpass(&["key", "alice"]);
    assert_eq!(refused.code, 1);
    assert!(refused.text().contains("shown once"), "{}", refused.text());
    let server = env.server();
    assert_eq!(server.trigger(&once).status, 200);
    let code = format!(
        "from django.utils import timezone\nt = Token.objects.get()\nprint(t.key, str(t).startswith('tok_'), Token.objects.get(key='{once}') == t)\n\
         t.created = timezone.now()\nt.save()\nprint(Token.objects.count(), t in [Token.objects.get()])\n\
         print(Token.objects.filter(key__startswith='{}').count())\nt.delete()\nprint(Token.objects.count())",
        &once[..1]
    );
    assert_eq!(env.python(&code).success(), "None True True\n1 True\n0\n0\n");
    assert_eq!(server.trigger(&once).status, 401);
}

#[test]
fn a_key_that_is_shown_once_moves_to_the_new_secrets_at_its_next_use() {
    let env = TestEnv::new();
    env.python("User.objects.create_user('alice')").success();
    let once = env.hallpass(&["token", "create", "alice", "--show-once"]).success().trim().to_owned();
    env.hallpass(&["keyring", "rotate"]).success();
    let left = || -> Value {
        let text = env.hallpass(&["keyring", "status", "--json"]).success();
        serde_json::from_str::<Value>(&text).expect("it is JSON")["to_move"].clone()
    };
    assert_eq!(left(), 1);
    let mut server = env.server();
    assert_eq!(server.trigger(&once).status, 200);
    let id = rustix::process::Pid::from_raw(i32::try_from(server.process_id()).expect("a process id")).expect("one");
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is ours");
    server.wait();
    assert_eq!(left(), 0);
}

#[test]
fn a_keyring_that_cannot_be_used_is_refused_with_what_to_do_and_nobody_is_let_in() {
    let env = TestEnv::new();
    let made = env.python("print(Token.objects.create(user=User.objects.create_user('alice')).key)").success();
    let key = made.trim();
    let (keyring, good) = (env.keyring(), fs::read(env.keyring()).expect("the keyring is there"));
    let other = TestEnv::new();
    other.python("User.objects.count()").success();
    let mode = |mode| fs::set_permissions(&keyring, fs::Permissions::from_mode(mode)).expect("it is ours");
    let refused = |said: &str, hint: &str| {
        for output in [env.hallpass(&["key", "alice"]), env.hallpass(&["tokens"])] {
            assert_eq!(output.code, 3, "{}", output.text());
            assert!(output.text().contains(said) && output.text().contains(hint), "{}", output.text());
            assert!(!output.text().contains(key));
        }
        let server = env.command(Program::Hallpassd, &["--listen", "127.0.0.1:0"]).output().expect("it runs");
        let text = String::from_utf8_lossy(&server.stderr);
        assert_eq!(server.status.code(), Some(3), "{text}");
        assert!(text.contains(said) && !text.contains("listening on http"), "{text}");
    };
    mode(0o644);
    refused("its mode is 644", "chmod 600 ");
    fs::remove_file(&keyring).expect("it is ours");
    refused("there is no keyring at", "bring it back from a backup");
    assert!(!keyring.exists(), "no new one is made for a store in use");
    fs::copy(other.keyring(), &keyring).expect("another store's keyring");
    mode(0o600);
    refused("has no entry for store", "bring it back from a backup");
    fs::write(&keyring, "nonsense").expect("it is ours");
    refused("is no keyring: line 1", "bring the file back from a backup");
    fs::write(&keyring, good).expect("it is ours");
    assert_eq!(env.hallpass(&["key", "alice"]).success().trim(), key);
}

#[test]
fn a_server_that_cannot_read_renewed_secrets_answers_nobody_openly() {
    let env = TestEnv::new();
    let made = env.python("print(Token.objects.create(user=User.objects.create_user('alice')).key)").success();
    let key = made.trim();
    let server = env.server();
    assert_eq!(server.trigger(key).status, 200);
    env.hallpass(&["keyring", "rotate"]).success();
    fs::remove_file(env.keyring()).expect("it is ours");
    // It has the secrets of before the renewal, and cannot tell any more whose key this is.
    assert_eq!(server.trigger(key).status, 503);
    assert!(server.trigger("somebody-else").status >= 401);
}

#[test]
fn a_backup_ends_by_saying_that_the_keyring_is_kept_apart() {
    let env = TestEnv::new();
    env.python("User.objects.create_user('alice')").success();
    let backup = env.hallpass(&["store", "backup", "backup.file"]);
    assert_eq!(backup.code, 0);
    let text = backup.text();
    let last = text.trim_end().lines().last().unwrap_or_default();
    assert!(last.contains("keep a copy of") && last.contains("keyring"), "{text}");
}
