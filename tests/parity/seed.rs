//! Stores as the recordings found their databases. Each starting state is loaded once, by `hallpass loaddata`, and
//! copied for every case: closed stores are only files.

use std::fs;
use std::io;
use std::path::Path;

use pbkdf2::pbkdf2_hmac;
use serde_json::{Value, json};
use sha2::Sha256;

use super::recordings::{list, text};
use super::support::TestEnv;
use super::workers;

/// A closed store in its starting state, and the keyring that belongs to it.
pub(crate) struct Template {
    env: TestEnv,
    /// Why it could not be made; every case on it fails with this.
    pub error: Option<String>,
}

impl Template {
    /// Loads `fixture`, a Django fixture as JSON text; then runs `setup` (Python), where there is any.
    pub(crate) fn new(fixture: &str, setup: &str) -> Self {
        let env = TestEnv::new();
        let mut error = None;
        // An empty fixture still makes the store: any command that needs it does.
        if fixture.trim() == "[]" {
            let output = env.python("User.objects.count()");
            error = (output.code != 0).then(|| output.text());
        } else {
            env.write("seed.json", fixture);
            let output = env.hallpass(&["loaddata", "seed.json"]);
            error = error.or_else(|| (output.code != 0).then(|| output.text()));
        }
        if error.is_none() && !setup.is_empty() {
            let output = env.python(setup);
            error = (output.code != 0).then(|| output.text());
        }
        Self { env, error }
    }

    /// A fresh environment with a copy of the store in it.
    pub(crate) fn fresh(&self) -> TestEnv {
        let env = TestEnv::new();
        // What is not there (a store that could not be made) is not copied: the case will say so.
        let _absent = copy(&self.env.store(), &env.store());
        let _absent = copy(&self.env.keyring(), &env.keyring());
        env
    }
}

/// Copies a file or a folder with what is in it; sockets and locks of processes that are gone stay behind.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let kind = fs::symlink_metadata(from)?.file_type();
    if kind.is_dir() {
        fs::create_dir(to)?;
        fs::set_permissions(to, fs::metadata(from)?.permissions())?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if kind.is_file() {
        fs::copy(from, to)?;
    }
    Ok(())
}

/// The fixture of shell_interactive.json (rows of two tables) as a Django fixture.
pub(crate) fn from_rows(fixture: &Value) -> String {
    let iso = |value: &Value| match value.as_str() {
        Some(moment) => json!(format!("{}Z", moment.replacen(' ', "T", 1))),
        None => Value::Null,
    };
    let flag = |row: &Value, field: &str| json!(row[field].as_i64() == Some(1));
    let mut objects = Vec::new();
    for row in list(fixture, "auth_user_rows") {
        objects.push(json!({"model": "auth.user", "pk": row["id"], "fields": {
            "username": row["username"], "password": row["password"], "email": row["email"],
            "first_name": row["first_name"], "last_name": row["last_name"], "is_active": flag(row, "is_active"),
            "is_staff": flag(row, "is_staff"), "is_superuser": flag(row, "is_superuser"),
            "date_joined": iso(&row["date_joined"]), "last_login": iso(&row["last_login"]),
            "groups": [], "user_permissions": [],
        }}));
    }
    for row in list(fixture, "authtoken_token_rows") {
        objects.push(json!({"model": "authtoken.token", "pk": row["key"],
            "fields": {"user": row["user_id"], "created": iso(&row["created"])}}));
    }
    Value::Array(objects).to_string()
}

/// The fixture of http.json (users with plain passwords) as a Django fixture and what is to be run after it.
pub(crate) fn from_users(fixture: &Value) -> (String, String) {
    let users = list(fixture, "users");
    let hashes = workers::map(users, |user| user["password"].as_str().map_or_else(|| "!".to_owned(), hash));
    let mut objects = Vec::new();
    let mut setup = String::new();
    for (user, hash) in users.iter().zip(hashes) {
        let flag = |field: &str| user[field].as_bool().unwrap_or_default();
        objects.push(json!({"model": "auth.user", "pk": user["id"], "fields": {
            "username": user["username"], "password": hash, "is_active": flag("is_active"),
            "is_staff": flag("is_staff"), "is_superuser": flag("is_superuser"), "date_joined": "2024-01-01T00:00:00Z",
        }}));
        let revoked = user["revoked_token"].as_str();
        if let Some(key) = user["token"].as_str().or(revoked) {
            objects.push(json!({"model": "authtoken.token", "pk": key,
                "fields": {"user": user["id"], "created": "2024-01-02T00:00:00Z"}}));
        }
        if revoked.is_some() {
            setup += &format!("Token.objects.get(user_id={}).delete()\n", user["id"]);
        }
        if flag("deleted") {
            setup += &format!("User.objects.get(pk={}).delete()\n", user["id"]);
        }
    }
    (Value::Array(objects).to_string(), setup)
}

/// Django's default hash of `password`, by an implementation that is not the one under test.
fn hash(password: &str) -> String {
    let salt = "fixedsaltfixedsaltfixe";
    format!("pbkdf2_sha256$1000000${salt}${}", derive(password, salt, 1_000_000))
}

fn derive(password: &str, salt: &str, iterations: u32) -> String {
    use base64::Engine as _;
    let mut derived = [0; 32];
    pbkdf2_hmac::<Sha256>(password.as_bytes(), salt.as_bytes(), iterations, &mut derived);
    base64::engine::general_purpose::STANDARD.encode(derived)
}

/// `encoded` is Django's default hash of `password`.
pub(crate) fn verifies(password: &str, encoded: &str) -> bool {
    let mut parts = encoded.split('$');
    let (Some("pbkdf2_sha256"), Some(iterations), Some(salt), Some(derived), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    iterations.parse().is_ok_and(|iterations| derive(password, salt, iterations) == derived)
}

#[test]
fn the_hash_that_judges_is_djangos() {
    let encoded = "pbkdf2_sha256$1000$a$6E1hhscjUwYMJVFusRY/pKAhSk79N";
    assert!(!verifies("pw", encoded), "a cut hash");
    let fixture: Value = super::recordings::document("shell_interactive.json");
    let row = &list(&fixture["fixture"], "auth_user_rows")[1];
    assert!(verifies("alice-pass-1", text(row, "password")));
    assert!(!verifies("alice-pass-2", text(row, "password")));
}
