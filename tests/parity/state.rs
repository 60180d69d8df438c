//! What a store holds, read through the shell with every microsecond, in the form of the recordings.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::recordings::{list, text};
use super::seed::verifies;
use super::support::TestEnv;

/// A user as read.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub id: i64,
    pub username: String,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub is_active: bool,
    pub is_staff: bool,
    pub is_superuser: bool,
    pub password: String,
    pub date_joined: String,
    pub last_login: String,
    pub groups: Vec<String>,
    pub permissions: Vec<String>,
}

/// A token as read.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub key: String,
    pub user: i64,
    pub created: String,
}

/// Everything as read.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub users: Vec<User>,
    pub tokens: Vec<Token>,
    pub groups: Vec<(String, Vec<String>)>,
}

/// One line for each row: its kind and its fields, texts in hexadecimal so that nothing in them can be mistaken.
/// No module is imported: one such process runs for each case.
const SCRIPT: &str = r#"
def _row(kind, *fields):
    print(kind, *["-" + str(f).encode("utf-8", "surrogatepass").hex() for f in fields])
def _when(t):
    return "" if t is None else t.isoformat()
def _names(qs, field):
    return "\n".join(sorted(qs.values_list(field, flat=True)))
for _u in User.objects.order_by("id"):
    _row("user", _u.id, _u.username, _u.email, _u.first_name, _u.last_name, int(_u.is_active), int(_u.is_staff),
         int(_u.is_superuser), _u.password, _when(_u.date_joined), _when(_u.last_login),
         _names(_u.groups.all(), "name"), _names(_u.user_permissions.all(), "codename"))
for _t in Token.objects.order_by("created", "key"):
    _row("token", _t.key, _t.user_id, _when(_t.created))
for _g in Group.objects.order_by("id"):
    _row("group", _g.name, _names(_g.permissions.all(), "codename"))
print("end")
"#;

/// Reads the store of `env`.
///
/// # Errors
/// What the shell said when it could not be read.
pub(crate) fn read(env: &TestEnv) -> Result<State, String> {
    let output = env.python(SCRIPT);
    let mut state = State::default();
    for line in output.stdout.lines() {
        let mut words = line.split(' ');
        let kind = words.next().unwrap_or_default();
        let fields: Option<Vec<String>> = words.map(|word| unhex(word.strip_prefix('-')?)).collect();
        let fields = fields.ok_or_else(|| output.text())?;
        let number = |at: usize| fields[at].parse::<i64>().unwrap_or_default();
        let flag = |at: usize| fields[at] == "1";
        let lines = |at: usize| fields[at].lines().map(str::to_owned).collect::<Vec<_>>();
        match (kind, fields.len()) {
            ("user", 13) => state.users.push(User {
                id: number(0),
                username: fields[1].clone(),
                email: fields[2].clone(),
                first_name: fields[3].clone(),
                last_name: fields[4].clone(),
                is_active: flag(5),
                is_staff: flag(6),
                is_superuser: flag(7),
                password: fields[8].clone(),
                date_joined: fields[9].clone(),
                last_login: fields[10].clone(),
                groups: lines(11),
                permissions: lines(12),
            }),
            ("token", 3) => {
                state.tokens.push(Token { key: fields[0].clone(), user: number(1), created: fields[2].clone() });
            }
            ("group", 2) => state.groups.push((fields[0].clone(), lines(1))),
            ("end", 0) => return Ok(state),
            _ => break,
        }
    }
    Err(output.text())
}

fn unhex(text: &str) -> Option<String> {
    String::from_utf8(hex::decode(text).ok()?).ok()
}

/// `2024-01-01T00:00:00+00:00` as the recordings write it; what is newer than the states is `<NOW>`.
fn moment(iso: &str) -> Value {
    match iso.get(..4) {
        None => Value::Null,
        Some(year) if year >= "2025" => json!("<NOW>"),
        Some(_) => json!(iso.replace("+00:00", "Z")),
    }
}

impl State {
    /// The state document of README-scripts.md. `fixture` is the starting state's, `known` all texts in which a key
    /// may have been given, `expected` the recorded document: whose passwords are tried.
    pub(crate) fn document(&self, fixture: &Value, known: &str, expected: &Value) -> Value {
        let objects = fixture.as_array().into_iter().flatten().filter(|object| object["model"] == "auth.user");
        let hashes: HashMap<&str, &str> =
            objects.map(|o| (text(&o["fields"], "password"), text(&o["fields"], "username"))).collect();
        let users = self.users.iter().map(|user| {
            let recorded = list(expected, "users").iter().find(|other| other["id"] == user.id);
            let token = self.tokens.iter().find(|token| token.user == user.id);
            json!({
                "id": user.id, "username": user.username, "email": user.email, "first_name": user.first_name,
                "last_name": user.last_name, "is_staff": user.is_staff, "is_superuser": user.is_superuser,
                "is_active": user.is_active, "date_joined": moment(&user.date_joined),
                "last_login": moment(&user.last_login),
                "password": password(&user.password, &hashes, recorded),
                "groups": user.groups, "permissions": user.permissions,
                "token": token.map(|token| key(token, known)),
            })
        });
        let groups: Map<String, Value> = self.groups.iter().map(|(name, all)| (name.clone(), json!(all))).collect();
        json!({"users": users.collect::<Vec<_>>(), "groups": groups, "tokens": self.tokens.len()})
    }
}

fn password(stored: &str, hashes: &HashMap<&str, &str>, recorded: Option<&Value>) -> Value {
    if let Some(username) = hashes.get(stored) {
        // Two users of a state may have the same hash: then either name is true.
        let named = recorded.and_then(|user| user["password"]["as_in_setup_of"].as_str());
        let same = named.filter(|name| hashes.get(stored) == Some(name));
        return json!({"as_in_setup_of": same.unwrap_or(username)});
    }
    if stored.starts_with('!') {
        return json!({"unusable": true, "length": stored.chars().count()});
    }
    let parts: Vec<&str> = stored.split('$').collect();
    match parts.as_slice() {
        ["pbkdf2_sha256", iterations, salt, _] => {
            let plain = recorded.and_then(|user| user["password"]["verifies"].as_str());
            let plain = plain.filter(|plain| verifies(plain, stored));
            let iterations = iterations.parse::<u64>().unwrap_or_default();
            json!({"algorithm": "pbkdf2_sha256", "iterations": iterations, "salt_length": salt.len(), "verifies": plain})
        }
        _ => json!({"raw": stored}),
    }
}

fn key(token: &Token, known: &str) -> Value {
    let length = token.key.chars().count();
    let hex40 = length == 40 && token.key.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let shown = if hex40 && !known.contains(&token.key) { "<random>" } else { &token.key };
    json!({"key": shown, "length": length, "hex40": hex40, "created": moment(&token.created)})
}

#[test]
fn a_password_is_described_as_the_recordings_do() {
    let hashes = HashMap::from([("x$y", "alice")]);
    assert_eq!(password("x$y", &hashes, None), json!({"as_in_setup_of": "alice"}));
    assert_eq!(password("!abc", &hashes, None), json!({"unusable": true, "length": 4}));
    assert_eq!(password("plain", &hashes, None), json!({"raw": "plain"}));
}
