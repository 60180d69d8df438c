//! Bad input: one clear line of error and one of hint, the exit codes that are promised, nothing changed.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::process::{Stdin, run};
use crate::support::{Output, Program, TestEnv, is_root};

/// An error and a hint, nothing else, and nothing on standard output.
#[track_caller]
fn assert_refused(output: &Output, code: i32) {
    let lines: Vec<&str> = output.stderr.lines().collect();
    assert_eq!((output.code, output.stdout.as_str()), (code, ""), "{}", output.text());
    assert!(lines.first().is_some_and(|line| line.starts_with("error: ")), "{}", output.text());
    assert!(lines.iter().any(|line| line.trim_start().starts_with("hint: ")), "{}", output.text());
    for internal in ["panicked", "RUST_BACKTRACE", "Error {", "Os {", "unwrap"] {
        assert!(!output.stderr.contains(internal), "{}", output.text());
    }
}

/// Every file below a folder with its bytes.
fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("it can be read").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(content(&path));
        } else {
            all.push((path.display().to_string(), fs::read(&path).expect("it can be read")));
        }
    }
    all.sort();
    all
}

#[test]
fn a_foreign_directory_is_refused_and_left_as_it_is() {
    let env = TestEnv::new();
    fs::create_dir(env.store()).expect("the place is ours");
    fs::write(env.store().join("thesis.txt"), "years of work").expect("the place is ours");
    let before = content(&env.store());
    assert_refused(&env.hallpass(&["users"]), 3);
    assert_eq!(content(&env.store()), before);
}

#[test]
fn a_damaged_store_is_refused_and_left_as_it_is() {
    let env = TestEnv::new();
    env.python("User.objects.create_user('alice')").success();
    let before: Vec<_> =
        content(&env.store()).into_iter().map(|(name, _)| (name, b"not what was here".to_vec())).collect();
    for (name, damage) in &before {
        fs::write(name, damage).expect("the place is ours");
    }
    assert_refused(&env.hallpass(&["users"]), 3);
    // Whoever opens a store writes its number into the lock file: that is no data.
    let data = |files: Vec<(String, Vec<u8>)>| {
        files.into_iter().filter(|(name, _)| !name.ends_with("LOCK")).collect::<Vec<_>>()
    };
    assert_eq!(data(content(&env.store())), data(before));
}

#[test]
fn a_file_where_the_store_should_be_is_refused() {
    let env = TestEnv::new();
    fs::write(env.store(), "a file").expect("the place is ours");
    assert_refused(&env.hallpass(&["users"]), 3);
    assert_eq!(fs::read(env.store()).expect("it is there"), b"a file");
}

#[test]
fn a_store_without_its_keyring_is_refused() {
    let env = TestEnv::new();
    env.python("User.objects.create_user('alice')").success();
    fs::remove_file(env.keyring()).expect("it was made beside the store");
    assert_refused(&env.hallpass(&["users"]), 3);
    assert!(!env.keyring().exists(), "no new keyring is made for a store that exists");
}

/// Runs `hallpass` as nobody: the gate runs as root, to whom every directory is open.
fn as_nobody(env: &TestEnv, args: &[&str]) -> Output {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(nobodys_copy(env));
    command.args(args).env_clear().envs(env.variables()).current_dir("/");
    run(command, Stdin::Null)
}

/// The program where another user can reach it: cargo's folder may lie in a private one.
fn nobodys_copy(env: &TestEnv) -> std::path::PathBuf {
    fs::set_permissions(env.root(), fs::Permissions::from_mode(0o755)).expect("the place is ours");
    let copy = env.root().join("hallpass");
    if !copy.exists() {
        fs::copy(Program::Hallpass.path(), &copy).expect("the program is there");
    }
    copy
}

#[test]
fn a_directory_without_write_permission_is_refused() {
    if !is_root() {
        return;
    }
    let env = TestEnv::new();
    assert_refused(&as_nobody(&env, &["users"]), 3);
    assert!(!env.store().exists());
}

#[test]
fn another_users_store_is_refused_and_not_even_looked_into() {
    if !is_root() {
        return;
    }
    let env = TestEnv::new();
    env.python("User.objects.create_user('alice')").success();
    let mode = fs::metadata(env.store()).expect("it was made").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_refused(&as_nobody(&env, &["users"]), 3);
}

#[test]
fn root_is_told_how_to_open_another_users_store() {
    if !is_root() {
        return;
    }
    let env = TestEnv::new();
    env.python("User.objects.create_user('alice')").success();
    let mut chown = Command::new("chown");
    chown.args(["-R", "65534:65534"]).arg(env.store());
    run(chown, Stdin::Null).success();
    let output = env.hallpass(&["users"]);
    assert_refused(&output, 3);
    assert!(output.stderr.contains("sudo -u"), "{}", output.text());
}

#[test]
fn a_port_in_use_is_refused() {
    let env = TestEnv::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port can be had");
    let address = taken.local_addr().expect("it has one").to_string();
    let output = run(env.command(Program::Hallpassd, &["--listen", &address]), Stdin::Null);
    assert_refused(&output, 3);
    assert!(output.stderr.contains(&address), "{}", output.text());
}

#[test]
fn an_unknown_option_is_a_usage_error_and_an_unknown_command_is_djangos() {
    let env = TestEnv::new();
    let output = env.hallpass(&["users", "--nosuch"]);
    assert_eq!(output.code, 2, "{}", output.text());
    assert!(output.stderr.starts_with("error: ") && output.stderr.contains("--nosuch"), "{}", output.text());
    let output = env.hallpass(&["nosuch"]);
    assert_eq!(output.code, 1, "{}", output.text());
    assert!(output.stderr.contains("nosuch"), "{}", output.text());
    assert!(!env.store().exists(), "nothing was opened for it");
}

#[test]
fn what_django_says_when_a_query_is_asked_is_said_then() {
    let env = TestEnv::new();
    let code = "
from django.db.models import F, Subquery
for make in (
    lambda: User.objects.only('foo'),
    lambda: User.objects.distinct('username'),
    lambda: User.objects.annotate(x=F('username') + 1).filter(pk=1),
    lambda: User.objects.order_by('groups__foo'),
    lambda: User.objects.using('other').all(),
    lambda: User.objects.union(Group.objects.all()),
    lambda: User.objects.filter(id__range=(1,)),
):
    rows = make()
    for ask in (list, len, lambda rows: rows.count(), lambda rows: rows.exists()):
        try:
            ask(rows)
        except Exception as error:
            print(type(error).__name__, end=' ')
print(User.objects.union(Group.objects.all()).values('id').count())
try:
    User.objects.using('other').create(username='nobody')
except Exception as error:
    print(error)
tokens = [Token.objects.create(user=User.objects.create(username=name)) for name in 'ab']
User.objects.create(username='c')
print(User.objects.count(), User.objects.filter(id__in=Subquery(Token.objects.values('user_id'))).count())
";
    let printed = env.python(code).success();
    let names = [
        "FieldDoesNotExist",
        "NotSupportedError",
        "FieldError",
        "FieldError",
        "ConnectionDoesNotExist",
        "OperationalError",
        "IndexError",
    ];
    let expected: String = names.iter().map(|name| format!("{name} ").repeat(4)).collect();
    assert_eq!(printed, format!("{expected}0\nThe connection 'other' doesn't exist.\n3 2\n"));
}
