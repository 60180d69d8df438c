//! Every command of `manage.py`: it works, or it says in one line why not and what works instead; as words of the
//! program, at the prompt, and from Python.

use crate::support::process::{self, Stdin};
use crate::support::{Django, Program, TestEnv};

/// Those that are not here, with words that Django would take, and what the line names instead.
const ABSENT: [(&str, &[&str], &str); 12] = [
    ("compilemessages", &["-l", "de"], "manage.py"),
    ("dbshell", &["--", "-c", "select 1"], "hallpass shell"),
    ("generateschema", &["--format", "openapi"], "docs/http.md"),
    ("inspectdb", &["auth_user"], "hallpass shell"),
    ("makemessages", &["--all"], "manage.py"),
    ("runserver", &["--noreload", "0.0.0.0:8000"], "hallpassd --listen 0.0.0.0:8000"),
    ("sendtestemail", &["--admins"], "manage.py"),
    ("squashmigrations", &["auth", "0004", "--noinput"], "manage.py"),
    ("startapp", &["shop"], "hallpass shell -c"),
    ("startproject", &["shop", "."], "run hallpass"),
    ("test", &["shop.tests", "--failfast"], "hallpass shell --sandbox"),
    ("testserver", &["users.json", "--addrport", "7000"], "hallpassd --store"),
];

/// Those of manage.py that answer as Django does, word for word and with its exit status.
const SAME: [&[&str]; 52] = [
    &["check"],
    &["check", "nope"],
    &["check", "--list-tags"],
    &["check", "--list-tags", "--deploy"],
    &["check", "--nope", "word", "--neither=1", "--deploy"],
    &["changepassword", "--nope", "alice"],
    &["clearsessions"],
    &["createcachetable"],
    &["createcachetable", "--dry-run"],
    &["createsuperuser", "--noinput", "--no-color", "--force-color"],
    &["createsuperuser", "--first_name", "x", "y", "--noinput", "--last=z", "--email", "a@b.c"],
    &["diffsettings", "--output", "nope"],
    &["dumpdata", "auth.group", "--output", ""],
    &["dumpdata", "auth.group", "--output"],
    &["dumpdata", "auth.user", "--indent", "two"],
    &["findstatic"],
    &["findstatic", "one.css", "two.css", "--first"],
    &["findstatic", "one.css", "-v", "0"],
    &["makemigrations", "--check"],
    &["makemigrations", "--dry-run", "auth"],
    &["loaddata", ".json"],
    &["loaddata", "nowhere/.json"],
    &["loaddata", "nowhere/"],
    &["loaddata", "/nowhere.json"],
    &["makemigrations", "nope"],
    &["makemigrations", "--empty"],
    &["makemigrations", "--merge"],
    &["makemigrations", "--merge", "-v", "0"],
    &["migrate", "--check"],
    &["migrate", "auth", "--plan"],
    &["migrate", "auth", "99"],
    &["optimizemigration"],
    &["optimizemigration", "auth"],
    &["optimizemigration", "auth", "0001", "--check"],
    &["optimizemigration", "auth", "0002", "-v", "0"],
    &["optimizemigration", "auth", "00"],
    &["optimizemigration", "auth", "99"],
    &["optimizemigration", "contenttypes", "0001", "--check"],
    &["optimizemigration", "nope", "0001"],
    &["optimizemigration", "staticfiles", "0001"],
    &["remove_stale_contenttypes", "--include-stale-apps"],
    &["showmigrations"],
    &["showmigrations", "--plan", "authtoken"],
    &["sqlmigrate", "authtoken", "0001"],
    &["sqlmigrate", "authtoken", "9"],
    &["sqlsequencereset"],
    &["sqlsequencereset", "auth"],
    &["sqlsequencereset", "auth", "admin", "messages"],
    &["sqlsequencereset", "auth", "-v", "0"],
    &["sqlsequencereset", "auth", "nope"],
    &["sqlsequencereset", "--database", "other", "auth"],
    &["sqlflush", "--database", "other"],
];

#[test]
fn every_command_of_a_project_is_known_here() {
    let Some(django) = Django::new() else { return };
    let env = TestEnv::new();
    let listed = "from django.core.management import get_commands\nprint(sorted(get_commands().items()))";
    assert_eq!(env.python(listed).success(), django.manage(&["shell", "-v", "0", "-c", listed]).success());
    let theirs = django.manage(&["help", "--commands"]).success();
    let page = include_str!("../../docs/commands.md");
    let overview = env.hallpass(&["help"]).success();
    for name in theirs.split_whitespace() {
        let help = env.hallpass(&["help", name]).success();
        assert!(help.contains("Usage: "), "{name}: {help}");
        assert!(overview.lines().any(|line| line.trim_start().starts_with(&format!("{name} "))), "{name}: {overview}");
        assert!(page.contains(&format!("\n| {name} | ")), "{name} is not in the table of docs/commands.md");
    }
    assert_eq!(theirs.split_whitespace().count(), 33);
}

#[test]
fn what_works_here_answers_as_django_does() {
    let Some(django) = Django::new() else { return };
    let env = TestEnv::new();
    let last = |text: &str| {
        text.trim_end().lines().last().unwrap_or_default().replace("__main__.py ", "").replace("hallpass ", "")
    };
    for words in SAME {
        let (theirs, ours) = (django.manage(words), env.hallpass(words));
        assert_eq!((ours.code, &ours.stdout), (theirs.code, &theirs.stdout), "{words:?}: {}", ours.text());
        assert_eq!(last(&ours.stderr), last(&theirs.stderr), "{words:?}");
    }
    // There are no static files to collect, whatever the settings of a project.
    assert_eq!(env.hallpass(&["collectstatic", "--noinput"]).success(), "\n0 static files copied.\n");
}

#[test]
fn what_is_not_here_says_in_one_line_why_and_what_works_instead() {
    let env = TestEnv::new();
    for (name, words, instead) in ABSENT {
        for given in [&[], words] {
            let output = env.hallpass(&[&[name], given].concat());
            let line = output.stderr.trim_end();
            assert_eq!((output.code, output.stdout.as_str(), line.lines().count()), (1, "", 1), "{}", output.text());
            assert!(line.starts_with(&format!("error: there is no {name} here: ")), "{line}");
            assert!(line.contains(instead) || given.is_empty(), "{name} says nothing of {instead}: {line}");
        }
        let code = format!(
            "from django.core.management import call_command, CommandError\ntry:\n    call_command({name:?})\nexcept \
             CommandError as error:\n    print(error.returncode, error)"
        );
        let said = env.python(&code).success();
        assert!(said.starts_with(&format!("1 there is no {name} here: ")), "{said}");
    }
    // No store is made for an answer like that.
    assert!(!TestEnv::new().store().exists());
    let fresh = TestEnv::new();
    assert_eq!(fresh.hallpass(&["runserver"]).code, 1);
    assert!(!fresh.store().exists(), "a store was made");
}

#[test]
fn the_prompt_and_a_pipe_answer_the_same_and_a_name_stays_a_name() {
    let env = TestEnv::new();
    let mut terminal = env.terminal::<&str>(&[]);
    for line in ["runserver 8000", "%test shop", "dbshell --nothing"] {
        let name = line.trim_start_matches('%').split(' ').next().expect("it has a word");
        let answer = terminal.ask(line).replace('\n', " ");
        assert!(answer.contains(&format!("there is no {name} here: ")), "{line}: {answer}");
    }
    assert!(terminal.ask("sqlsequencereset auth").contains("No sequences found."));
    assert!(terminal.ask("test").contains("is not defined"), "a script may call anything test");
    terminal.ask("test = 1");
    assert_eq!(terminal.ask("test"), "1");
    let piped = process::run(env.command(Program::Hallpass, &["shell"]), Stdin::Bytes(b"runserver 8000\n"));
    assert!(piped.stderr.contains("there is no runserver here: "), "{}", piped.text());
}
