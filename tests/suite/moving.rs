//! An afternoon's move from the real Django and back again: nothing is lost, and nobody's client notices.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::process::{self, Stdin};
use crate::support::{Django, Program, TestEnv};

/// What is moved, by the words that both programs understand.
const DUMP: [&str; 3] = ["dumpdata", "auth", "authtoken"];

/// Moves everything from `django` into a new store and from there into another, empty Django; the three dumps are one.
fn there_and_back(django: &Django) -> (TestEnv, Value) {
    let theirs = django.manage(&DUMP).success();
    let env = TestEnv::new();
    let loaded = env.hallpass_with(&["loaddata", "--format", "json", "-"], &theirs);
    assert_eq!(loaded.code, 0, "{}", loaded.text());
    let ours = env.hallpass(&DUMP).success();
    assert_same(&ours, &theirs, "our dump is theirs, byte for byte");
    let again = Django::new().expect("it could be had before");
    again.manage_with(&["loaddata", "--format", "json", "-"], &ours).success();
    assert_same(&again.manage(&DUMP).success(), &theirs, "the way back loses nothing");
    (env, serde_json::from_str(&theirs).expect("a dump is JSON"))
}

/// Two dumps are equal; shows the first object that is not.
#[track_caller]
fn assert_same(one: &str, other: &str, what: &str) {
    let objects = |dump: &str| dump.split("}}, {").map(str::to_owned).collect::<Vec<_>>();
    let (ours, theirs) = (objects(one), objects(other));
    for (a, b) in ours.iter().zip(&theirs) {
        assert_eq!(a, b, "{what}");
    }
    assert_eq!(ours.len(), theirs.len(), "{what}");
}

#[test]
fn every_recorded_state_moves_there_and_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/states");
    let mut states: Vec<_> = fs::read_dir(folder).expect("the states are there").flatten().map(|e| e.path()).collect();
    states.sort();
    assert!(states.len() >= 12);
    for state in states {
        let Some(django) = Django::new() else { return };
        let fixture = fs::read_to_string(&state).expect("a state can be read");
        if fixture.trim() != "[]" {
            django.manage_with(&["loaddata", "--format", "json", "-"], &fixture).success();
        }
        there_and_back(&django);
    }
}

/// Ten thousand users: every hasher, names in many scripts, groups, permissions, chosen keys.
const MANY: &str = r#"
import datetime, random
from django.contrib.auth.hashers import make_password
random.seed(7)
hashers = ["pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt_sha256", "bcrypt", "scrypt", "md5"]
hashes = [make_password("pass-of-" + name, hasher=name) for name in hashers] + [make_password(None)]
names = ["user", "żółw", "иван", "山田", "zoë", "o.neil+", "a@b.example-"]
# JSON has milliseconds only: what is finer would be lost on Django's own ways as well.
start = datetime.datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.timezone.utc)
users = [
    User(username=names[n % 7] + str(n), first_name="Ünï" * (n % 3), last_name="\"quoted\"" if n % 11 == 0 else "",
         email="u%d@example.com" % n if n % 5 else "", password=hashes[n % 8], is_active=n % 13 != 0,
         is_staff=n % 17 == 0, is_superuser=n % 101 == 0,
         date_joined=start + datetime.timedelta(seconds=n, milliseconds=n % 1000))
    for n in range(10000)
]
User.objects.bulk_create(users)
users = list(User.objects.order_by("id"))
groups = [Group.objects.create(name="group %d ß" % n) for n in range(10)]
permissions = list(Permission.objects.order_by("id"))
for n, group in enumerate(groups):
    group.permissions.set(permissions[n::7])
    group.user_set.add(*users[n::97])
for user in users[::211]:
    user.user_permissions.set(permissions[user.id % 5 :: 9])
def key(n):
    return "chosen-%d-λ" % n if n % 50 == 0 else "%040x" % random.getrandbits(160)
Token.objects.bulk_create([Token(user=user, key=key(n)) for n, user in enumerate(users) if n % 4])
Token.objects.bulk_create([Token(user=user, key="another %d" % n) for n, user in enumerate(users[::1000])])
Token.objects.update(created=start)
"#;

#[test]
fn ten_thousand_users_move_there_and_back_and_no_client_notices() {
    let Some(django) = Django::new() else { return };
    django.manage(&["shell", "-c", MANY]).success();
    let (env, dump) = there_and_back(&django);
    let objects = dump.as_array().expect("a dump is a list");
    let of = |model: &'static str| objects.iter().filter(move |object| object["model"] == model);
    let active = |id: &Value| of("auth.user").any(|user| user["pk"] == *id && user["fields"]["is_active"] == true);
    let server = env.server();
    for token in of("authtoken.token").step_by(150) {
        let key = token["pk"].as_str().expect("keys are text");
        let expected = if active(&token["fields"]["user"]) { 200 } else { 401 };
        assert_eq!(server.trigger(key).status, expected, "{token}");
    }
    for hasher in ["pbkdf2_sha256", "pbkdf2_sha1", "argon2", "bcrypt_sha256", "bcrypt", "scrypt", "md5"] {
        let mut users = of("auth.user").filter(|user| user["fields"]["is_active"] == true);
        let prefix = format!("{hasher}$");
        let user = users.find(|user| user["fields"]["password"].as_str().is_some_and(|hash| hash.starts_with(&prefix)));
        let username = user.expect("there are many of each")["fields"]["username"].as_str().expect("names are text");
        let body = serde_json::json!({"username": username, "password": format!("pass-of-{hasher}")}).to_string();
        let mut request = String::from("POST /api-token-auth/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        write!(request, "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            .expect("a string");
        let reply = server.raw(request.as_bytes()).expect("the server answers");
        assert_eq!(reply.status, 200, "{hasher} {username}: {}", reply.text());
    }
}

/// The commands of the page: its indented lines that begin with a program's name.
fn commands_of_the_page() -> Vec<&'static str> {
    let page = include_str!("../../docs/moving.md");
    let indented = page.lines().filter_map(|line| line.strip_prefix("    "));
    indented.filter(|line| ["python ", "hallpass ", "curl "].iter().any(|name| line.starts_with(name))).collect()
}

#[test]
fn every_command_of_the_page_runs_in_its_order() {
    let Some(django) = Django::new() else { return };
    let fill = "User.objects.create_user('alice', password='pw'); Token.objects.create(user=User.objects.get())";
    django.manage(&["shell", "-v", "0", "-c", fill]).success();
    let env = django.env();
    // `python manage.py` is the project's, `hallpass` ours, and both have the same working folder.
    let folder = env.root().join("bin");
    fs::create_dir(&folder).expect("the place is ours");
    let script = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("the place is ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the place is ours");
    };
    script("python", &format!("shift\nexec {} -m django \"$@\"", django.interpreter().display()));
    script("hallpass", &format!("exec {} \"$@\"", Program::Hallpass.path().display()));
    let commands = commands_of_the_page();
    assert!(commands.len() >= 14, "{commands:?}");
    let mut server = None;
    for line in commands {
        let server = server.get_or_insert_with(|| env.server());
        if line == "hallpass changepassword alice" {
            let mut terminal = env.plain_terminal(&["changepassword", "alice"]);
            for question in ["Password: ", "Password (again): "] {
                terminal.wait_for(question);
                terminal.line("good-enough-9");
            }
            terminal.wait_for("Password changed successfully for user 'alice'");
            continue;
        }
        let line = line.replace("127.0.0.1:10000", &server.address().to_string());
        let mut command = Command::new("bash");
        command.args(["-o", "pipefail", "-c", &line]).env_clear().envs(env.variables()).current_dir(env.work());
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", folder.display()));
        let output = process::run(command, Stdin::Null);
        assert_eq!(output.code, 0, "{line}\n{}", output.text());
    }
}
