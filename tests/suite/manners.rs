//! What commands do for people who mistype, want to look first, or must say why.

use crate::support::TestEnv;

fn with_alice() -> TestEnv {
    let env = TestEnv::new();
    env.python("Token.objects.create(user=User.objects.create_user('alice')); Group.objects.create(name='operators')")
        .success();
    env.hallpass(&["token", "create", "alice", "--name", "deploy"]).success();
    env
}

fn id(env: &TestEnv) -> String {
    let csv = env.hallpass(&["tokens", "--csv"]).success();
    csv.lines().nth(1).and_then(|line| line.split(',').next()).expect("there is a token").to_owned()
}

/// Runs a line and returns what it said on standard error.
fn said(env: &TestEnv, line: &str) -> String {
    env.hallpass(&line.split(' ').collect::<Vec<_>>()).stderr
}

#[test]
fn what_was_probably_meant_is_said() {
    let env = with_alice();
    let mut typo = id(&env);
    typo.replace_range(6..7, if &typo[6..7] == "A" { "B" } else { "A" });
    for (line, near) in [
        ("tokns", "Did you mean tokens?"),
        ("key alcie", "did you mean \"alice\"?"),
        ("inspect alcie", "did you mean \"alice\"?"),
        ("users --user alcie", "did you mean \"alice\"?"),
        ("user delete alcie --yes", "did you mean \"alice\"?"),
        ("key alice/deplyo", "did you mean alice/deploy?"),
        ("tokens --name deplyo", "did you mean \"deploy\"?"),
        ("groups --name operatros", "did you mean \"operators\"?"),
        ("tokens --expirng 7d", "did you mean --expiring?"),
        ("tokens --state revokd", "did you mean revoked?"),
        ("user crate bob", "did you mean create?"),
        (&format!("key {typo}"), &format!("did you mean {}?", id(&env))),
    ] {
        let said = said(&env, line);
        assert!(said.contains(near), "{line}\n{said}");
    }
    assert!(said(&env, "key tok_0123").contains("no token has the id tok_0123"));
}

#[test]
fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let env = with_alice();
    let fixture = r#"[{"model": "auth.group", "pk": 9, "fields": {"name": "new"}}]"#;
    env.write("groups.json", fixture);
    env.write("bad.json", r#"[{"model": "auth.user", "pk": 7, "fields": {"username": "alice"}}]"#);
    env.hallpass(&["store", "backup", "backup"]).success();
    let before = env.hallpass(&["audit", "export"]).success();
    for (line, would) in [
        ("revoke alice --dry-run", "Would revoke token tok_"),
        ("revoke alice --all --dry-run", "Would revoke 2 tokens"),
        ("user delete alice --dry-run", "Would delete user alice (id 1) with 2 tokens."),
        ("purge --dry-run", "Would remove 0 tokens"),
        ("regenerate alice --dry-run", "the old one being refused from now on; nothing was changed."),
        ("regenerate alice --overlap 1h --dry-run", "the old one being valid until "),
        ("flush --dry-run", "Would remove 1 user, 2 tokens and 1 group; nothing was changed."),
        ("store compact --dry-run", "Would write the store anew: "),
        ("store repair --dry-run", "Would bring back "),
        ("loaddata groups.json --dry-run", "Would install 1 object; nothing was changed."),
        ("--store other store restore backup --dry-run", "Would make a store in other"),
    ] {
        let said = said(&env, line);
        assert!(said.contains(would), "{line}\n{said}");
    }
    assert_eq!(env.hallpass(&["regenerate", "alice", "--dry-run"]).stdout, "", "no key that will not be one");
    // What would be refused is refused.
    assert_eq!(env.hallpass(&["regenerate", "nobody", "--dry-run"]).code, 1);
    assert_eq!(env.hallpass(&["loaddata", "bad.json", "--dry-run"]).code, 1);
    assert!(said(&env, "store restore backup --dry-run").contains("there is a store in"));
    assert_eq!(env.hallpass(&["audit", "export"]).success(), before);
    assert!(!env.work().join("other").exists());
}

#[test]
fn every_command_that_changes_something_keeps_its_reason() {
    let env = with_alice();
    env.write("groups.json", r#"[{"model": "auth.group", "pk": 9, "fields": {"name": "new"}}]"#);
    for (n, line) in [
        "user create bob",
        "user ensure carol",
        "user deactivate bob",
        "user activate bob",
        "user passwd bob --unusable",
        "token create bob",
        "token ensure bob --name ci",
        "regenerate bob",
        "revoke bob --yes",
        "purge --older-than 1ms --yes",
        "user delete bob --yes",
        "keyring rotate",
        "loaddata groups.json",
        "drf_create_token carol",
        "createsuperuser --noinput --username root --email r@example.com",
        "flush --noinput",
    ]
    .into_iter()
    .enumerate()
    {
        let reason = format!("ticket-{n}");
        let words: Vec<&str> = line.split(' ').chain(["--reason", &reason]).collect();
        env.hallpass(&words).success();
        let last = env.hallpass(&["audit", "-n", "1", "--jsonl"]).success();
        assert!(last.contains(&format!(r#""reason":"{reason}""#)), "{line}\n{last}");
    }
    env.hallpass(&["user", "create", "dave"]).success();
    assert!(env.hallpass(&["audit", "-n", "1", "--jsonl"]).success().contains(r#""reason":null"#));
}

#[test]
fn a_list_without_rows_says_so_to_people_and_nothing_to_scripts() {
    let env = TestEnv::new();
    for (list, said) in [("users", "No users.\n"), ("tokens", "No tokens.\n"), ("groups", "No groups.\n")] {
        let output = env.hallpass(&[list]);
        assert_eq!((output.stderr.as_str(), output.code), (said, 0));
        assert_eq!(env.hallpass(&[list, "--csv"]).stderr, "");
    }
    env.hallpass(&["user", "create", "bob"]).success();
    env.hallpass(&["token", "create", "bob", "--expires", "90d"]).success();
    env.hallpass(&["revoke", "bob", "--yes"]).success();
    assert_eq!(env.hallpass(&["tokens"]).stderr, "No tokens.\n1 revoked not shown: tokens --state revoked\n");
    // One that would not be listed anyway is not counted.
    assert_eq!(env.hallpass(&["tokens", "--expiring", "7d"]).stderr, "No tokens.\n");
}

#[test]
fn what_is_ensured_is_there_both_times() {
    let env = TestEnv::new();
    env.hallpass(&["user", "ensure", "ci"]).success();
    env.hallpass(&["user", "ensure", "ci"]).success();
    let ensure = ["token", "ensure", "ci", "--show-key"];
    let first = env.hallpass(&ensure).success();
    assert_eq!(first.trim_end().len(), 40);
    assert_eq!(env.hallpass(&ensure).success(), first);
}
