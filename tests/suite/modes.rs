//! Shells that must not touch the store: `--read-only` refuses every change, `--sandbox` works on a copy.

use crate::support::{Terminal, TestEnv};

fn with_alice() -> TestEnv {
    let env = TestEnv::new();
    env.python("print(Token.objects.create(user=User.objects.create_user('alice', password='s3cret-enough')).key)")
        .success();
    env
}

/// Everything that the store holds, the audit trail too, but for what looking at it leaves there.
fn everything(env: &TestEnv) -> String {
    let looks = [&["dumpdata"][..], &["dumpdata", "hallpass.token"], &["audit", "export"]];
    let seen: String = looks.iter().map(|args| env.hallpass(args).success()).collect();
    let own = |line: &&str| !(line.contains(r#""channel":"command""#) && line.contains(r#""action":"revealed""#));
    seen.lines().filter(own).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_untouched(env: &TestEnv, before: &str) {
    let after = everything(env);
    let new: Vec<_> = after.lines().filter(|line| !before.contains(line)).collect();
    assert!(after == before, "the store and the audit trail are as they were, but for\n{}", new.join("\n"));
}

#[test]
fn a_read_only_shell_says_what_would_change() {
    let env = TestEnv::new();
    env.python("Token.objects.create(user=User.objects.create_user('alice'))").success();
    let fixture = env.write("f.json", r#"[{"model": "auth.group", "pk": 9, "fields": {"name": "new"}}]"#);
    let before = env.hallpass(&["audit", "export"]).success();
    for command in [
        "regenerate alice",
        "revoke alice",
        "user delete alice",
        "flush",
        "store compact",
        "purge",
        &format!("loaddata {}", fixture.display()),
    ] {
        let output = env.hallpass_with(&["shell", "--read-only"], &format!("%{command} --dry-run\n"));
        assert!(output.code == 0 && output.text().contains("Would "), "{command}\n{}", output.text());
    }
    assert_eq!(env.hallpass(&["audit", "export"]).success(), before);
}

#[test]
fn a_read_only_shell_reads_and_shows_keys() {
    let env = with_alice();
    let key = env.hallpass(&["key", "alice"]).success();
    let code = "print(User.objects.get().check_password('s3cret-enough'), Token.objects.get().key)";
    let read = env.hallpass(&["shell", "--read-only", "-v", "0", "-c", code]).success();
    assert_eq!(read, format!("True {key}"));
    let piped = env.hallpass_with(&["shell", "--read-only"], "key alice\nprint(User.objects.count())\n").success();
    assert_eq!(piped, format!("{key}1\n"));
}

#[test]
fn a_read_only_shell_refuses_every_change_of_python() {
    let env = with_alice();
    let before = everything(&env);
    for change in [
        "User.objects.create_user('bob')",
        "User.objects.create(username='bob')",
        "User.objects.bulk_create([User(username='bob')])",
        "User.objects.update(first_name='A')",
        "User.objects.all().delete()",
        "User.objects.get().delete()",
        "u = User.objects.get(); u.email = 'a@b.c'; u.save()",
        "u = User.objects.get(); u.set_password('x'); u.save()",
        "User.objects.get().groups.add(Group.objects.create(name='g'))",
        "Group.objects.get_or_create(name='g')",
        "Token.objects.all().delete()",
        "Token.objects.get().delete()",
        "Token.objects.create(user=User.objects.get(), name='ci')",
        "from django.core.management import call_command; call_command('flush', interactive=False)",
        "from django.db import transaction\nwith transaction.atomic(): User.objects.update(first_name='A')",
    ] {
        let output = env.hallpass(&["shell", "--read-only", "-c", change]);
        assert_eq!(output.code, 1, "{change}\n{}", output.text());
        let last = output.stderr.lines().last().unwrap_or_default();
        let said = ["django.db.utils.OperationalError: attempt to write a readonly database", "read-only"];
        assert!(said.iter().any(|said| last.contains(said)), "{change}\n{}", output.text());
    }
    assert_untouched(&env, &before);
}

#[test]
fn a_refused_change_leaves_the_block_and_the_shell_as_they_were() {
    let env = with_alice();
    let code = "from django.db import transaction, OperationalError\n\
                with transaction.atomic():\n\
                \x20   try:\n\
                \x20       User.objects.update(first_name='A')\n\
                \x20   except OperationalError as error:\n\
                \x20       print(error)\n\
                print(User.objects.get().first_name == '')\n";
    let output = env.hallpass(&["shell", "--read-only", "-v", "0", "-c", code]).success();
    assert_eq!(output, "attempt to write a readonly database\nTrue\n");
}

#[test]
fn a_read_only_shell_refuses_every_command_that_changes_something() {
    let env = with_alice();
    let fixture = env.write("one.json", r#"[{"model": "auth.group", "pk": 1, "fields": {"name": "g"}}]"#);
    let backup = env.work().join("backup");
    let backup = backup.to_str().expect("temporary folders have plain names");
    env.hallpass(&["store", "backup", backup]).success();
    let before = everything(&env);
    let fixture = fixture.to_str().expect("temporary folders have plain names");
    for command in [
        "user create bob",
        "user ensure bob",
        "user deactivate alice",
        "user passwd alice --unusable",
        "user delete alice --yes",
        "token create alice --name ci",
        "regenerate alice",
        "revoke alice --yes",
        "keyring rotate",
        "store compact",
        &format!("store restore {backup} --yes"),
        "store repair --yes",
        &format!("loaddata {fixture}"),
        "flush --noinput",
        "createsuperuser --noinput --username root --email a@b.c",
        "drf_create_token -r alice",
    ] {
        let output = env.hallpass_with(&["shell", "--read-only"], &format!("%{command}\n"));
        assert_eq!(output.code, 1, "{command}\n{}", output.text());
        assert!(output.stderr.contains("read-only"), "{command}\n{}", output.text());
    }
    assert_untouched(&env, &before);
}

#[test]
fn a_read_only_shell_makes_no_store_where_there_is_none() {
    for mode in ["--read-only", "--sandbox"] {
        let env = TestEnv::new();
        let output = env.hallpass(&["shell", mode, "-c", "print(User.objects.count())"]);
        assert_eq!(output.code, 1, "{}", output.text());
        assert!(output.stderr.contains("there is no store in"), "{}", output.text());
        assert!(!env.store().exists() && !env.keyring().exists(), "nothing was made");
    }
}

#[test]
fn a_sandbox_takes_changes_and_throws_them_away() {
    let env = with_alice();
    let key = env.hallpass(&["key", "alice"]).success();
    let keyring = std::fs::read(env.keyring()).expect("there is a keyring");
    let before = everything(&env);
    let script = "print(Token.objects.get().key)\n\
                  User.objects.create_user('bob')\n\
                  regenerate alice\n\
                  revoke alice --yes\n\
                  user delete bob --yes\n\
                  User.objects.all().delete()\n\
                  print(User.objects.count(), Token.objects.count())\n";
    let output = env.hallpass_with(&["shell", "--sandbox", "-v", "0"], script);
    let lines = output.clone().success();
    assert!(lines.starts_with(&key) && lines.ends_with("0 0\n"), "{}", output.text());
    for command in ["keyring rotate", "store backup here", "store compact", "store repair --yes"] {
        let output = env.hallpass_with(&["shell", "--sandbox"], &format!("%{command}\n"));
        assert_eq!(output.code, 1, "{command}\n{}", output.text());
    }
    assert_untouched(&env, &before);
    assert_eq!(std::fs::read(env.keyring()).expect("there is a keyring"), keyring);
}

#[test]
fn a_sandbox_beside_a_server_leaves_its_keys_alone() {
    let env = with_alice();
    let server = env.server();
    let key = env.hallpass(&["key", "alice"]).success().trim_end().to_owned();
    let output = env.hallpass_with(&["shell", "--sandbox"], "revoke alice --yes\n");
    assert_eq!(output.code, 0, "{}", output.text());
    assert_eq!(server.trigger(&key).status, 200);
}

#[test]
fn the_prompt_says_in_which_mode_the_shell_is() {
    let env = with_alice();
    for (mode, word) in [("--read-only", "read-only"), ("--sandbox", "sandbox")] {
        let mut terminal: Terminal = env.terminal(&["shell", mode]);
        terminal.wait_for(&format!("({word}) >>> "));
        terminal.line("for n in [1]:");
        terminal.wait_for(&format!("({word}) ... "));
    }
}
