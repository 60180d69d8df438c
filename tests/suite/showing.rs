//! What lists and sheets print for scripts: the fields of docs/fields.md, in three formats.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::TestEnv;

/// A store with something in every list.
fn furnished() -> TestEnv {
    let env = TestEnv::new();
    let code = "g = Group.objects.create(name='ops, night')\n\
                u = User.objects.create_user('alice', 'a@example.com')\n\
                u.groups.add(g)\n\
                Token.objects.create(user=u)\n\
                Token.objects.create(user=u, name='ci')\n";
    env.python(code).success();
    env.hallpass(&["regenerate", "alice", "--overlap", "1h", "--reason", "a, \"b\""]).success();
    env.hallpass(&["revoke", "alice/ci", "--yes"]).success();
    env
}

/// The commands of docs/fields.md with their fields, in order.
fn documented() -> Vec<(String, Vec<String>)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fields.md");
    let page = fs::read_to_string(page).expect("there is a page of fields");
    let section = |text: &str| {
        let (name, rest) = text.split_once('\n').expect("a heading has a line");
        let field = |line: &str| Some(line.strip_prefix("| ")?.split(' ').next()?.to_owned());
        let fields = rest.lines().filter_map(field).filter(|field| field != "field").collect();
        (name.to_owned(), fields)
    };
    page.split("\n## ").skip(1).map(section).collect()
}

/// The words of a command of that page.
fn words(command: &str) -> Vec<String> {
    let command = command.replace("USER", "alice").replace("TOKEN", "alice/night");
    command.split(' ').map(str::to_owned).collect()
}

fn run(env: &TestEnv, command: &str, format: &str) -> String {
    let mut args = words(command);
    if command == "inspect TOKEN" {
        let tokens = env.hallpass(&["tokens", "--jsonl"]).success();
        let token: Value = serde_json::from_str(tokens.lines().next().expect("there is a token")).expect("it is JSON");
        args[1] = token["id"].as_str().expect("an id is a text").to_owned();
    }
    args.push(format.to_owned());
    env.hallpass(&args).success()
}

fn names(value: &Value) -> Vec<String> {
    value.as_object().expect("a row is an object").keys().cloned().collect()
}

/// A reader of CSV (RFC 4180), for what we write.
fn fields(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            c => field.push(c),
        }
    }
    rows
}

#[test]
fn every_list_has_the_fields_that_are_documented_in_every_format() {
    let env = furnished();
    let pages = documented();
    assert!(pages.len() >= 10, "the page lists every list");
    for (command, documented) in pages {
        let json: Value = serde_json::from_str(&run(&env, &command, "--json")).expect("it is JSON");
        let first = if let Value::Array(rows) = &json { rows.first().expect("there is a row") } else { &json };
        assert_eq!(names(first), documented, "{command} --json and docs/fields.md");
        let lines = run(&env, &command, "--jsonl");
        let line: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("each line is JSON");
        assert_eq!(names(&line), documented, "{command} --jsonl");
        let csv = fields(&run(&env, &command, "--csv"));
        assert_eq!(csv[0], documented, "{command} --csv");
        assert!(csv.len() > 1 && csv.iter().all(|row| row.len() == documented.len()), "{command} --csv: {csv:?}");
    }
}

#[test]
fn csv_gives_back_what_was_put_in() {
    let env = furnished();
    let groups = fields(&env.hallpass(&["groups", "--csv"]).success());
    assert_eq!(groups[1][1], "ops, night");
    let audit = fields(&env.hallpass(&["audit", "--csv"]).success());
    assert!(audit.iter().any(|row| row[7] == "a, \"b\""), "{audit:?}");
}

#[test]
fn no_format_shows_a_key_or_a_hash() {
    let env = furnished();
    let key = env.hallpass(&["key", "alice"]).success();
    for (command, _) in documented() {
        for format in ["--json", "--jsonl", "--csv"] {
            let text = run(&env, &command, format);
            assert!(!text.contains(key.trim_end()) && !text.contains("pbkdf2_sha256$"), "{command} {format}");
        }
    }
}

#[test]
fn tokens_that_are_most_urgent_stand_first() {
    let env = TestEnv::new();
    env.python("for n in 'abc': User.objects.create_user(n)").success();
    for (user, expires) in [("a", "6d"), ("b", "2d"), ("c", "4d")] {
        env.hallpass(&["token", "create", user, "--expires", expires]).success();
    }
    env.hallpass(&["token", "create", "a", "--name", "later", "--expires", "90d"]).success();
    let csv = fields(&env.hallpass(&["tokens", "--expiring", "7d", "--csv"]).success());
    assert_eq!(csv[1..].iter().map(|row| row[1].as_str()).collect::<Vec<_>>(), ["b", "c", "a"]);
    assert_eq!(fields(&env.hallpass(&["tokens", "--unused", "90d", "--csv"]).success()).len(), 1, "none is that old");
    env.hallpass(&["revoke", "b", "--yes"]).success();
    env.hallpass(&["revoke", "a", "--yes"]).success();
    let csv = fields(&env.hallpass(&["tokens", "--state", "revoked", "--csv"]).success());
    assert_eq!(csv[1..].iter().map(|row| row[1].as_str()).collect::<Vec<_>>(), ["a", "b"], "the last one first");
    let csv = fields(&env.hallpass(&["tokens", "--user", "a", "--csv"]).success());
    assert_eq!(csv[1..].iter().map(|row| row[2].as_str()).collect::<Vec<_>>(), ["later"]);
}

#[test]
fn show_draws_what_it_is_given_and_nothing_secret() {
    let env = furnished();
    let show = |what: &str| env.python(&format!("show({what})")).success();
    let users = show("User.objects.all()");
    assert!(users.starts_with("id  ") && users.contains("alice") && !users.contains("pbkdf2"), "{users}");
    let key = env.hallpass(&["key", "alice"]).success();
    let tokens = show("Token.objects.all()");
    assert!(tokens.contains("alice") && !tokens.contains(key.trim_end()), "{tokens}");
    assert_eq!(show("User.objects.values('id', 'username')"), "id  username\n1   alice\n");
    assert_eq!(show("User.objects.values_list('id', 'username')"), "id  username\n1   alice\n");
    assert_eq!(show("User.objects.values_list('username', flat=True)"), "username\nalice\n");
    assert_eq!(show("list(Group.objects.all())"), "id  name\n1   ops, night\n");
    assert_eq!(show("Group.objects.get()"), "id    1\nname  ops, night\n");
    assert_eq!(show("Group.objects"), "id  name\n1   ops, night\n");
    assert_eq!(show("Group.objects.none()"), "id  name\n");
    assert_eq!(
        show("[{'a': 1, 'b': None}, {'a': True, 'c': 'x\\x1b[2J'}]"),
        "a    b  c\n1    -  -\nyes  -  x\\x1b[2J\n"
    );
    assert!(show("User.objects.values('date_joined')").contains('Z'));
    let refused = env.python("show(5)");
    assert!(refused.stderr.ends_with("TypeError: show() takes a query set, an instance or a list of them, not int\n"));
}

#[test]
fn show_goes_where_print_goes() {
    let env = furnished();
    let code = "import io, contextlib\n\
                text = io.StringIO()\n\
                with contextlib.redirect_stdout(text): show(Group.objects.all())\n\
                print(len(text.getvalue().splitlines()))\n";
    assert_eq!(env.python(code).success(), "2\n");
}
