//! Fixtures as projects have them: packed in every way, and whole, with models that are not ours.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::process::{self, Stdin};
use crate::support::{Django, TestEnv};

const ONE_USER: &str = "User.objects.create_user('alice', 'alice@example.com', password=None)";

#[test]
fn packed_dumps_go_both_ways_and_are_those_of_django() {
    let Some(django) = Django::new() else { return };
    django.manage(&["shell", "-v", "0", "-c", ONE_USER]).success();
    let plain = django.manage(&["dumpdata", "auth.user"]).success();
    for end in ["json", "json.gz", "json.bz2", "json.xz", "json.lzma", "xml.xz", "jsonl.bz2"] {
        let (name, format) = (format!("users.{end}"), end.split('.').next().expect("it has a first part"));
        let dump = ["dumpdata", "auth.user", "--format", format, "-o", &name];
        django.manage(&dump).success();
        let theirs = fs::read(django.env().work().join(&name)).expect("it was written");
        let env = TestEnv::new();
        fs::write(env.work().join(&name), &theirs).expect("the folder is ours");
        // By its full name, and by its label alone.
        for label in [name.as_str(), "users"] {
            let said = env.hallpass(&["loaddata", label]).success();
            assert_eq!(said, "Installed 1 object(s) from 1 fixture(s)\n", "{label} of {name}");
        }
        assert_eq!(env.hallpass(&["dumpdata", "auth.user"]).success(), plain, "{name}");
        env.hallpass(&dump).success();
        let ours = fs::read(env.work().join(&name)).expect("it was written");
        // A gzip file says when it was made.
        assert!(end.ends_with("gz") || ours == theirs, "{name} is another file than Django's");
        let back = Django::new().expect("it could be had before");
        fs::write(back.env().work().join(&name), &ours).expect("the folder is ours");
        back.manage(&["loaddata", "users"]).success();
        assert_eq!(back.manage(&["dumpdata", "auth.user"]).success(), plain, "{name} came back");
    }
}

/// Archives, whole and broken, as Python makes them.
const ARCHIVES: &str = r#"
import bz2, gzip, lzma, zipfile
data = b'[{"model": "auth.group", "pk": 1, "fields": {"name": "g", "permissions": []}}]'
def pack(name, files, how):
    with zipfile.ZipFile(name, "w", how) as archive:
        for file in files:
            archive.writestr(file, data)
pack("one.json.zip", ["a"], zipfile.ZIP_DEFLATED)
pack("stored.json.zip", ["a"], zipfile.ZIP_STORED)
pack("by_bz2.json.zip", ["a"], zipfile.ZIP_BZIP2)
pack("two.json.zip", ["a", "b"], zipfile.ZIP_DEFLATED)
pack("none.json.zip", [], zipfile.ZIP_DEFLATED)
flipped = bytearray(open("stored.json.zip", "rb").read())
flipped[60] ^= 1
open("flipped.json.zip", "wb").write(flipped)
for end, packer in ("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress):
    packed = packer(data)
    open(f"cut.json.{end}", "wb").write(packed[:-9])
    open(f"twice.json.{end}", "wb").write(packer(data[:9]) + packer(data[9:]))
    open(f"trailing.json.{end}", "wb").write(packed + b"garbage!")
    open(f"nothing.json.{end}", "wb").write(b"")
    open(f"text.json.{end}", "wb").write(data)
open("swapped.json.lzma", "wb").write(lzma.compress(data))
open("flipped.json.xz", "wb").write(packed[:40] + bytes([packed[40] ^ 1]) + packed[41:])
open("text.json.zip", "wb").write(data)
"#;

#[test]
fn broken_archives_are_refused_in_the_words_of_django() {
    let Some(django) = Django::new() else { return };
    let mut make = Command::new(django.interpreter());
    make.args(["-c", ARCHIVES]).current_dir(django.env().work());
    process::run(make, Stdin::Null).success();
    let mut names: Vec<String> = fs::read_dir(django.env().work())
        .expect("the folder is ours")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains(".json."))
        .collect();
    names.sort();
    assert_eq!(names.len(), 6 + 3 * 5 + 3, "{names:?}");
    let env = TestEnv::new();
    for name in names {
        fs::copy(django.env().work().join(&name), env.work().join(&name)).expect("the folders are ours");
        let last = |text: &str, root: &str| text.trim_end().lines().last().unwrap_or_default().replace(root, "");
        let (theirs, ours) = (django.manage(&["loaddata", &name]), env.hallpass(&["loaddata", &name]));
        assert_eq!((ours.code, &ours.stdout), (theirs.code, &theirs.stdout), "{name}: {}", ours.text());
        assert_eq!(
            last(&ours.stderr, &env.work().display().to_string()),
            last(&theirs.stderr, &django.env().work().display().to_string()),
            "{name}"
        );
    }
}

#[test]
fn a_dump_that_django_would_not_pack_as_zip_is_not_packed_here() {
    let env = TestEnv::new();
    let done = env.hallpass(&["dumpdata", "auth.group", "-o", "groups.json.zip"]);
    let words = "RuntimeWarning: Unsupported file extension (.zip). Fixtures saved in 'groups.json'.";
    assert!(done.code == 0 && done.stderr.contains(words), "{}", done.text());
    assert_eq!(fs::read_to_string(env.work().join("groups.json")).expect("it is there"), "[]");
    assert!(!env.work().join("groups.json.zip").exists());
}

/// A project with an app of its own, admin, sessions; its apps in an order in which no id is one of ours.
const SETTINGS: &str = r#"
from reference_project.settings import *
INSTALLED_APPS = ["stock", "rest_framework.authtoken", "django.contrib.sessions"] + [
    app for app in INSTALLED_APPS if app not in ("rest_framework.authtoken", "django.contrib.sessions")
]
"#;

const MODELS: &str = r#"
from django.conf import settings
from django.db import models

class Shelf(models.Model):
    name = models.CharField(max_length=20, unique=True)

    class Meta:
        permissions = [("refill", "Can refill a shelf")]

class Item(models.Model):
    shelf = models.ForeignKey(Shelf, models.CASCADE)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    tags = models.JSONField(default=dict)

class LogEntry(models.Model):
    text = models.TextField()
"#;

const FILL: &str = r#"
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import *
from django.contrib.sessions.backends.db import SessionStore
from rest_framework.authtoken.models import Token
from stock.models import Item, Shelf
alice, bob = User.objects.create_user("alice", password="x"), User.objects.create_superuser("bob")
clerks = Group.objects.create(name="clerks")
of = lambda *names: Permission.objects.filter(codename__in=names)
clerks.permissions.set(of("refill", "view_user"))
alice.user_permissions.set(of("refill", "add_item", "change_group", "add_logentry"))
alice.groups.add(clerks)
Token.objects.create(user=alice)
item = Item.objects.create(shelf=Shelf.objects.create(name="top"), owner=alice, tags={"a": [1]})
LogEntry.objects.log_actions(bob.pk, [item], ADDITION, change_message="added")
LogEntry.objects.log_actions(bob.pk, [alice], ADDITION, change_message="added")
session = SessionStore()
session["_auth_user_id"] = alice.pk
session.create()
"#;

struct Project(Django);

impl Project {
    fn new() -> Option<Self> {
        let django = Django::new()?;
        fs::remove_file(django.env().root().join("db.sqlite3")).expect("it was just made");
        django.env().write("stock/__init__.py", "");
        django.env().write("stock/models.py", MODELS);
        django.env().write("shop_settings.py", SETTINGS);
        let project = Self(django);
        project.manage(&["migrate", "-v", "0", "--run-syncdb"]);
        Some(project)
    }

    #[track_caller]
    fn manage(&self, args: &[&str]) -> String {
        let settings = ["--settings", "shop_settings"];
        self.0.manage(&[args, &settings].concat()).success()
    }
}

/// The objects of a dump with their names for rows, in no order.
fn objects(dump: &str) -> Vec<String> {
    let dump: Vec<Value> = serde_json::from_str(dump).expect("a dump is a list");
    let mut objects: Vec<String> = dump
        .into_iter()
        .map(|mut object| {
            for links in ["permissions", "user_permissions"] {
                if let Some(Value::Array(list)) = object["fields"].get_mut(links) {
                    list.sort_by_key(Value::to_string);
                }
            }
            object.to_string()
        })
        .collect();
    objects.sort();
    objects
}

const NATURAL: [&str; 2] = ["--natural-foreign", "--natural-primary"];
const OURS: [&str; 4] = ["dumpdata", "auth", "authtoken", "contenttypes"];

#[test]
fn a_whole_project_moves_in_and_nobody_loses_a_permission_of_it() {
    let Some(project) = Project::new() else { return };
    project.manage(&["shell", "-v", "0", "-c", FILL]);
    let theirs = objects(&project.manage(&[&OURS[..], &NATURAL].concat()));
    let passed = "Passed over 2 of admin.logentry.\nPassed over 1 of sessions.session.\nPassed over 1 of stock.item.\n\
                  Passed over 1 of stock.shelf.\n";
    let ways: [&[&str]; 5] = [&[], &NATURAL, &NATURAL[..1], &["--format", "xml"], &["--format", "jsonl"]];
    for way in ways {
        let dump = project.manage(&[&["dumpdata"][..], way].concat());
        let env = TestEnv::new();
        let format = if way.first() == Some(&"--format") { way[1] } else { "json" };
        let refused = env.hallpass_with(&["loaddata", "--format", format, "-"], &dump);
        assert_eq!(refused.code, 1, "{way:?}: its models are not ours");
        let load = ["loaddata", "--format", format, "--skip-foreign", "-"];
        for _again in 0..2 {
            let loaded = env.hallpass_with(&load, &dump);
            assert_eq!((loaded.code, loaded.stderr.as_str()), (0, passed), "{way:?}: {}", loaded.text());
        }
        let ours = env.hallpass(&[&OURS[..], &NATURAL].concat()).success();
        assert_eq!(objects(&ours), theirs, "{way:?}");
        let allowed = "alice = User.objects.get(username='alice'); print(alice.has_perm('stock.refill'), \
                       alice.has_perm('stock.add_item'), alice.has_perm('stock.delete_item'))";
        assert_eq!(env.python(allowed).success(), "True True False\n", "{way:?}");
        env.hallpass(&["store", "check"]).success();
        // And back into the project, its own rows already gone.
        let back = Project::new().expect("it could be had before");
        back.0.manage_with(&["loaddata", "--format", "json", "-", "--settings", "shop_settings"], &ours).success();
        assert_eq!(objects(&back.manage(&[&OURS[..], &NATURAL].concat())), theirs, "{way:?} and back");
    }
}

#[test]
fn a_permission_of_which_nothing_says_what_it_is_about_is_passed_over_with_its_links() {
    let Some(project) = Project::new() else { return };
    project.manage(&["shell", "-v", "0", "-c", FILL]);
    let env = TestEnv::new();
    let dump = project.manage(&[&["dumpdata", "auth", "authtoken"][..], &NATURAL].concat());
    let load = ["loaddata", "--format", "json", "--skip-foreign", "-"];
    let loaded = env.hallpass_with(&load, &dump);
    let said = "Passed over 1 of auth.group.permissions.\nPassed over 13 of auth.permission.\nPassed over 3 of \
                auth.user.user_permissions.\n";
    assert!(loaded.code == 0 && loaded.stderr.starts_with(said), "{}", loaded.text());
    assert!(loaded.stderr.contains("hint: ") && loaded.stderr.contains("contenttypes"), "{}", loaded.text());
    let allowed = "alice = User.objects.get(username='alice'); print(sorted(alice.get_all_permissions()))";
    assert_eq!(env.python(allowed).success(), "['admin.add_logentry', 'auth.change_group', 'auth.view_user']\n");
    // Once the content types have come, the same dump loses nothing.
    let types = project.manage(&[&["dumpdata", "contenttypes"][..], &NATURAL].concat());
    env.hallpass_with(&load, &types).success();
    let loaded = env.hallpass_with(&load, &dump);
    assert_eq!((loaded.code, loaded.stderr.as_str()), (0, ""), "{}", loaded.text());
    assert!(env.python(allowed).success().contains("'stock.refill'"));
}

#[test]
fn rows_of_sessions_and_of_the_admin_log_are_refused_with_what_to_do() {
    let env = TestEnv::new();
    let session = r#"[{"model": "sessions.session", "pk": "abc", "fields": {"session_data": "", "expire_date":
        "2030-01-01T00:00:00Z"}}]"#;
    let entry = r#"[{"model": "admin.logentry", "pk": 1, "fields": {"user": 1, "action_flag": 1}}]"#;
    for (fixture, label) in [(session, "sessions.Session"), (entry, "admin.LogEntry")] {
        let refused = env.hallpass_with(&["loaddata", "--format", "json", "-"], fixture);
        let words = format!("hallpass keeps no rows of {label}; --skip-foreign passes over them");
        assert!(refused.code == 1 && refused.stderr.contains(&words), "{}", refused.text());
        env.hallpass_with(&["loaddata", "--format", "json", "--skip-foreign", "-"], fixture).success();
    }
}
