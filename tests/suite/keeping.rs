//! What holds secrets keeps them: the keyring and its owner, processes and their arguments, types and their `Debug`; and
//! what is told of a key's use.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, fs};

use hallpass::authority::{NewToken, transfer};
use hallpass::command::{Answer, Data, Reply, declaration};
use hallpass::domain::Key;
use hallpass::ui::Typed;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::support::process::{self, Output, Stdin};
use crate::support::{Program, TestEnv, is_root};

const NOBODY: u32 = 65_534;

fn with_alice(env: &TestEnv) -> String {
    let made = env.python("print(Token.objects.create(user=User.objects.create_user('alice')).key)").success();
    made.trim().to_owned()
}

/// A copy of our programs where another user can reach them.
fn reachable(env: &TestEnv) -> PathBuf {
    fs::set_permissions(env.root(), fs::Permissions::from_mode(0o755)).expect("the place is ours");
    let folder = env.root().join("bin");
    if !folder.exists() {
        fs::create_dir(&folder).expect("the place is ours");
        for program in [Program::Hallpass, Program::Hallpassd] {
            let name = program.path().file_name().expect("it has a name").to_owned();
            fs::copy(program.path(), folder.join(name)).expect("the program is there");
        }
    }
    folder
}

/// `setpriv` as another user, with words before the program's.
fn as_nobody(env: &TestEnv, more: &[&str], program: &str, args: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).args(more).arg("--");
    command.arg(reachable(env).join(program)).args(args).env_clear().envs(env.variables()).current_dir("/");
    command
}

#[test]
fn a_keyring_of_another_user_is_refused_though_it_could_be_read() {
    if !is_root() {
        return;
    }
    let env = TestEnv::new();
    let key = with_alice(&env);
    // The store is nobody's, the keyring stays root's; the capability is what an access list or a wrong mount would give.
    let mut chown = Command::new("chown");
    chown.args(["-R", "65534:65534"]).arg(env.store());
    process::run(chown, Stdin::Null).success();
    let reads_all = ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"];
    let refused = |output: &Output| {
        let text = output.text();
        assert_eq!(output.code, 3, "{text}");
        assert!(text.contains(" belongs to user 0") && text.contains("hint: run hallpass as that user"), "{text}");
        assert!(!text.contains(&key) && !text.contains("listening on"), "{text}");
    };
    for args in [&["key", "alice"][..], &["tokens"], &["keyring", "rotate"]] {
        refused(&process::run(as_nobody(&env, &reads_all, "hallpass", args), Stdin::Null));
    }
    let listen = ["--listen", "127.0.0.1:0"];
    refused(&process::run(as_nobody(&env, &reads_all, "hallpassd", &listen), Stdin::Null));
    // Their own is taken.
    let mut chown = Command::new("chown");
    chown.arg("65534:65534").arg(env.keyring());
    process::run(chown, Stdin::Null).success();
    let own = process::run(as_nobody(&env, &reads_all, "hallpass", &["key", "alice"]), Stdin::Null);
    assert_eq!(own.success().trim(), key);
}

#[test]
fn a_keyring_that_anybody_else_may_use_is_refused_whatever_they_may_do() {
    let env = TestEnv::new();
    let key = with_alice(&env);
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o666] {
        fs::set_permissions(env.keyring(), fs::Permissions::from_mode(mode)).expect("it is ours");
        let output = env.hallpass(&["key", "alice"]);
        let text = output.text();
        assert!(output.code == 3 && text.contains(&format!("its mode is {mode:o}")), "{text}");
        assert!(text.contains("hint: chmod 600 ") && !text.contains(&key), "{text}");
    }
    fs::set_permissions(env.keyring(), fs::Permissions::from_mode(0o400)).expect("it is ours");
    assert_eq!(env.hallpass(&["key", "alice"]).success().trim(), key);
}

/// A line of `/proc/PID/limits`.
fn limit(process: u32, name: &str) -> Vec<String> {
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).expect("the process runs");
    let line = limits.lines().find(|line| line.starts_with(name)).expect("the system has this limit").to_owned();
    line[name.len()..].split_whitespace().map(str::to_owned).collect()
}

#[test]
fn neither_program_leaves_a_core_file() {
    let env = TestEnv::new();
    with_alice(&env);
    let server = env.server();
    let terminal = env.terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    for process in [server.process_id(), terminal.process_id()] {
        assert_eq!(limit(process, "Max core file size")[..2], ["0", "0"]);
    }
}

#[test]
fn no_process_of_the_same_user_may_look_into_either_program() {
    if !is_root() {
        return;
    }
    let env = TestEnv::new();
    reachable(&env);
    let mut chown = Command::new("chown");
    chown.args(["-R", "65534:65534"]).arg(env.root());
    process::run(chown, Stdin::Null).success();
    // A process that can be looked into owns its entries below /proc; of one that cannot, they are root's.
    let owner = |process: u32| fs::metadata(format!("/proc/{process}/environ")).expect("it runs").uid();
    let mut ordinary = Command::new("setpriv")
        .args(["--reuid", "65534", "--clear-groups", "--", "cat"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("it can be started");
    let until = Instant::now() + Duration::from_secs(20);
    while owner(ordinary.id()) != NOBODY {
        assert!(Instant::now() < until, "the test can tell the two apart");
        std::thread::yield_now();
    }
    ordinary.kill().expect("it runs");
    ordinary.wait().expect("it was started");
    let made = process::run(as_nobody(&env, &[], "hallpass", &["user", "create", "alice"]), Stdin::Null);
    assert_eq!(made.code, 0, "{}", made.text());
    let server = crate::support::Server::start(as_nobody(&env, &[], "hallpassd", &["--listen", "127.0.0.1:0"]))
        .expect("the server comes up");
    assert_eq!(owner(server.process_id()), 0);
    // It serves as it should: another process attaches.
    let listed = process::run(as_nobody(&env, &[], "hallpass", &["users"]), Stdin::Null).success();
    assert!(listed.contains("alice"), "{listed}");
}

/// Everything that the system shows of a process: its arguments and its environment.
fn shown_of(process: u32) -> String {
    let read = |what: &str| fs::read(format!("/proc/{process}/{what}")).expect("the process runs");
    String::from_utf8_lossy(&[read("cmdline"), read("environ")].concat()).into_owned()
}

#[test]
fn no_key_and_no_password_is_among_the_arguments_and_the_environment_of_a_process() {
    // The environment of a process that cannot be looked into is shown to root alone.
    if !is_root() {
        return;
    }
    let env = TestEnv::new();
    let key = with_alice(&env);
    let server = env.server();
    let mut terminal = env.terminal::<&str>(&[]);
    terminal.ask("User.objects.get().set_password('Canary-Passw0rd-77')");
    terminal.ask(&format!("Token.objects.get(key='{key}').user"));
    assert_eq!(server.trigger(&key).status, 200);
    assert_eq!(terminal.ask("key alice"), key);
    for process in [server.process_id(), terminal.process_id()] {
        let shown = shown_of(process);
        assert!(
            shown.contains("hallpass") && shown.contains("HALLPASS_KEYRING"),
            "it is looked for in the right place"
        );
        assert!(!shown.contains(&key) && !shown.contains("Canary-Passw0rd-77"), "{shown}");
    }
}

#[test]
fn no_command_takes_a_secret_as_a_word() {
    fn look(command: &clap::Command, path: &str) {
        for argument in command.get_arguments().filter(|argument| argument.get_action().takes_values()) {
            let name = argument.get_id().as_str();
            let secret = ["password", "passwd", "key", "secret"].iter().any(|word| name.contains(word));
            // Where the keyring is, is no secret; Django's own --pks may hold keys.
            assert!(!secret || name == "keyring", "{path} takes {name} as a word");
        }
        for below in command.get_subcommands() {
            look(below, &format!("{path} {}", below.get_name()));
        }
    }
    look(&declaration(), "hallpass");
}

#[test]
fn what_debug_shows_of_a_secret_is_that_there_is_one() {
    const CANARY: &str = "c0ffee00c0ffee11c0ffee22c0ffee33c0ffee44";
    let text = || Zeroizing::new(CANARY.to_owned());
    let new = NewToken { key: Some(Key::from_text(CANARY.into())), ..NewToken::of(1) };
    let fixture = format!(r#"[{{"model": "authtoken.token", "pk": "{CANARY}", "fields": {{"user": 1}}}}]"#);
    let read = |unknown| {
        let none = Default::default();
        transfer::Fixture::read("keys.json", transfer::Format::Json, fixture.as_bytes(), unknown, &none)
            .expect("it is one")
    };
    let options = transfer::DumpOptions {
        kinds: Vec::new(),
        format: transfer::Format::Json,
        indent: None,
        foreign: transfer::Keys::Primary,
        primary: transfer::Keys::Primary,
        pks: Some([CANARY.to_owned()].into()),
    };
    let shown = [
        format!("{:?}", Key::from_text(CANARY.into())),
        format!("{new:?}"),
        format!("{:?}", Answer::Line(text())),
        format!("{:?}", Typed::Line(text())),
        format!("{:?}", Reply { data: Data::Secret(text()), ..Reply::default() }),
        format!("{:?}", Reply { data: Data::Text(fixture.clone()), ..Reply::default() }),
        format!("{:?}", read(transfer::Unknown::Refuse)),
        format!("{options:?}"),
    ];
    for shown in shown {
        assert!(!shown.contains(&CANARY[..8]), "{shown}");
    }
}

#[test]
fn no_derived_debug_shows_what_is_wiped() {
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the sources can be read").flatten() {
            match entry.path() {
                path if path.is_dir() => sources(&path, found),
                path if path.extension().is_some_and(|end| end == "rs") => found.push(path),
                _ => {}
            }
        }
    }
    /// The derived types of a source whose fields hold what is wiped: the type's own `Debug` would show it.
    fn wrong(source: &str) -> Vec<String> {
        let derived = source
            .split("#[derive(")
            .skip(1)
            .filter(|rest| rest.split(')').next().unwrap_or_default().split(", ").any(|one| one.trim() == "Debug"));
        let body = |rest: &str| {
            rest.split("\n}").next().unwrap_or_default().split(");\n").next().unwrap_or_default().to_owned()
        };
        derived.map(body).filter(|body| body.contains("Zeroizing<")).collect()
    }
    assert_eq!(wrong("#[derive(Clone, Debug)]\nstruct A {\n    a: Zeroizing<String>,\n}\n").len(), 1);
    assert_eq!(wrong("#[derive(Clone)]\nstruct A {\n    a: Zeroizing<String>,\n}\n").len(), 0);
    let mut paths = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut paths);
    assert!(paths.len() > 100);
    for path in paths {
        let wrong = wrong(&fs::read_to_string(&path).expect("it can be read"));
        assert!(wrong.is_empty(), "{}: {}", path.display(), wrong.concat());
    }
}

fn inspect(env: &TestEnv) -> Value {
    serde_json::from_str(&env.hallpass(&["inspect", "alice/ci", "--json"]).success()).expect("it is JSON")
}

#[test]
fn who_still_uses_an_old_key_is_told_by_inspect_and_when_it_is_replaced_again() {
    let env = TestEnv::new();
    with_alice(&env);
    let old = env.hallpass(&["token", "create", "alice", "--name", "ci", "--show-key"]).success().trim().to_owned();
    env.hallpass(&["regenerate", "alice/ci", "--overlap", "1h"]).success();
    let mut server = env.server();
    for _ in 0..3 {
        assert_eq!(server.trigger(&old).status, 200);
    }
    // What a server counted is written when it ends, if not before.
    let id = i32::try_from(server.process_id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is ours");
    server.wait();
    let superseded = &inspect(&env)["superseded"];
    assert_eq!((&superseded["uses"], &superseded["last_from"]), (&Value::from(3), &Value::from("127.0.0.1")));
    let shown = env.hallpass(&["inspect", "alice/ci"]).success();
    let line =
        |name: &str| shown.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default().to_owned();
    assert!(line("old key's uses").ends_with('3'), "{shown}");
    assert!(line("old key last from").ends_with("127.0.0.1"), "{shown}");
    let again = env.hallpass(&["regenerate", "alice/ci", "--overlap", "1h"]);
    assert_eq!(again.code, 0, "{}", again.text());
    assert!(again.stderr.contains("ends now: 3 uses of it since, last from 127.0.0.1"), "{}", again.text());
    assert_eq!(env.server().trigger(&old).status, 401);
    let superseded = &inspect(&env)["superseded"];
    assert_eq!((&superseded["uses"], &superseded["last_from"]), (&Value::from(0), &Value::Null), "another old key");
}

#[test]
fn a_use_is_written_down_within_a_minute_without_any_request_that_waits() {
    let env = TestEnv::new();
    let key = with_alice(&env);
    let server = env.server();
    let used = Instant::now();
    assert_eq!(server.trigger(&key).status, 200);
    let last_used = || {
        let tokens = env.hallpass(&["tokens", "--json"]).success();
        serde_json::from_str::<Value>(&tokens).expect("it is JSON")[0]["last_used"].clone()
    };
    assert_eq!(last_used(), Value::Null, "no request writes");
    // Nobody sends: a look now and then.
    let (_silent, nothing) = mpsc::channel::<()>();
    while last_used() == Value::Null {
        assert!(used.elapsed() < Duration::from_secs(61), "the use is older than a minute and not written");
        let _timeout = nothing.recv_timeout(Duration::from_millis(500));
    }
}

#[test]
fn tokens_are_revoked_by_what_they_are_like() {
    let env = TestEnv::new();
    let fill = "
from datetime import timedelta
from django.utils import timezone
old = timezone.now() - timedelta(days=100)
for name in ('alice', 'bob'):
    user = User.objects.create_user(name)
    Token.objects.create(user=user)
    for label in ('ci', 'cd'):
        Token.objects.create(user=user, name=label)
soon = Token.objects.create(user=user, name='soon', expires=timezone.now() + timedelta(days=2))
Token.every.filter(name='cd').update(created=old)
print(*[Token.every.get(user__username='alice', name=label).key for label in ('ci', 'cd')])";
    let keys = env.python(fill).success();
    let [ci, cd]: [&str; 2] = keys.split_whitespace().collect::<Vec<_>>().try_into().expect("two keys");
    let server = env.server();
    let live = || {
        let code = "print(*sorted(f'{t.user}/{t.name or str()}' for t in Token.every.all() if t.state != 'revoked'))";
        env.python(code).success().trim().to_owned()
    };
    let all = "alice/ alice/cd alice/ci bob/ bob/cd bob/ci bob/soon";
    assert_eq!(live(), all);
    let asked = env.hallpass(&["revoke", "--unused", "90d", "--dry-run"]).success();
    let said = env.hallpass(&["revoke", "--unused", "90d", "--dry-run"]).stderr;
    assert!(asked.is_empty() && said.starts_with("Would revoke 2 tokens: tok_") && !said.contains(cd), "{said}");
    assert_eq!(env.hallpass(&["revoke", "--unused", "90d"]).code, 1, "nobody can be asked");
    assert_eq!(live(), all);
    for (words, message) in [
        (&["revoke", "alice", "--unused", "90d", "--yes"][..], "cannot be used with"),
        (&["revoke", "--all", "--name", "ci", "--yes"], "cannot be used with"),
        (&["revoke", "--yes"], "required"),
        (&["revoke", "--user", "nobody", "--yes"], "no user named"),
        (&["revoke", "--unused", "soon", "--yes"], "write a span of time"),
    ] {
        let output = env.hallpass(words);
        assert!(matches!(output.code, 1 | 2) && output.stderr.contains(message), "{words:?}: {}", output.text());
    }
    assert_eq!(live(), all);
    assert_eq!(server.trigger(cd).status, 200);
    // It was just used, whether or not that is written yet: of alice's cd only the server knows.
    let done = env.hallpass(&["revoke", "--unused", "90d", "--user", "bob", "--reason", "nobody needs it", "--yes"]);
    assert!(done.code == 0 && done.stderr.contains("Revoked token tok_"), "{}", done.text());
    assert_eq!(live(), "alice/ alice/cd alice/ci bob/ bob/ci bob/soon");
    env.hallpass(&["revoke", "--name", "ci", "--yes"]).success();
    assert_eq!(live(), "alice/ alice/cd bob/ bob/soon");
    assert_eq!(server.trigger(ci).status, 401);
    env.hallpass(&["revoke", "--expiring", "7d", "--yes"]).success();
    assert_eq!(live(), "alice/ alice/cd bob/");
    let nothing = env.hallpass(&["revoke", "--expiring", "7d", "--yes"]);
    assert!(nothing.code == 0 && nothing.stderr.contains("There is no live token to revoke"), "{}", nothing.text());
    env.hallpass(&["revoke", "--user", "alice", "--state", "active", "--yes"]).success();
    assert_eq!(live(), "bob/");
    assert_eq!(server.trigger(cd).status, 401);
    let trail = env.hallpass(&["audit", "export"]).success();
    assert!(trail.contains("nobody needs it"), "{trail}");
    assert!([ci, cd].iter().all(|key| !trail.contains(key)), "a key is in the trail");
}
