//! Keys and passwords stay secret: they go through everything the programs do and are then looked for in everything
//! that was written down.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::TestEnv;

/// A password, typed and piped.
const PASSWORD: &str = "Canary-Passw0rd-5e1f";
/// A key that somebody chose.
const CHOSEN: &str = "cafe0000deadbeef1111cafe2222deadbeef3333";

/// Every file below a directory, with what is in it.
fn files(below: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(below).expect("the directory is ours") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            let bytes = fs::read(&path).expect("the file is ours");
            found.push((path, bytes));
        }
    }
    found
}

/// The forms in which a secret may hide.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    // As bytes, where it is hexadecimal itself.
    let pairs = secret.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let raw: Option<Vec<u8>> = pairs.collect();
    // Half of it is too much as well.
    let half = secret.as_bytes()[..secret.len() / 2].to_vec();
    [Some(half), Some(hex.into_bytes()), raw].into_iter().flatten().collect()
}

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret)
}

#[test]
fn no_key_and_no_password_is_in_anything_that_is_written_down() {
    let mut env = TestEnv::new();
    env.set("HALLPASS_LOG", "trace");
    let log = env.root().join("access.log");
    let config = env.root().join("hallpass.toml");
    fs::write(&config, format!("[log]\naccess = {:?}\n", log.display().to_string())).expect("the folder is ours");

    // At a terminal, with the key and the password as literals in what is typed.
    let mut terminal = env.terminal::<&str>(&[]);
    terminal.wait_for_prompt();
    terminal.ask(&format!("user = User.objects.create_user('alice', password='{PASSWORD}')"));
    terminal.ask("token = Token.objects.create(user=user)");
    let key = terminal.ask("token.key").trim_matches('\'').to_owned();
    assert_eq!(key.len(), 40, "{key}");
    terminal.ask(&format!("Token.objects.get(key='{key}').user"));
    terminal.ask(&format!("Token.objects.filter(key__in=['{key}'])"));
    terminal.ask(&format!("k = '{key}'"));
    terminal.ask(&format!("user.check_password('{PASSWORD}')"));
    terminal.ask(&format!("bob = User.objects.create_user('bob'); Token.objects.create(user=bob, key='{CHOSEN}')"));

    // Errors about them, on pipes and as commands.
    let twice = format!("Token.objects.create(user=User.objects.create_user('carol'), key='{CHOSEN}')");
    let refused = env.python(&twice);
    assert_eq!(refused.code, 1);
    let asked = env.hallpass_with(&["inspect", "-"], &format!("{key}\n"));
    asked.success();
    let unknown = env.hallpass_with(&["revoke", "-", "--yes"], "f00d0000f00d0000f00d0000f00d0000f00d0000\n");
    assert_eq!(unknown.code, 1);

    // Over HTTP: accepted, refused, malformed, as a password.
    let config = config.to_str().expect("temporary folders have plain names").to_owned();
    let mut server = env.server_with(&["--config", &config]);
    assert_eq!(server.trigger(&key).status, 200);
    assert_eq!(server.trigger(&format!("{key} {CHOSEN}")).status, 401);
    let body = format!("username=alice&password={PASSWORD}");
    let login = format!(
        "POST /api-token-auth/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(server.raw(login.as_bytes()).expect("the server answers").status, 200);

    // A new key, the old one for a while, and one that is shown on purpose.
    let regenerated = env.hallpass(&["regenerate", "alice", "--overlap", "1h"]);
    let new = regenerated.clone().success().trim().to_owned();
    assert_eq!(server.trigger(&key).status, 200, "the old key is still good");
    assert_eq!(server.trigger(&new).status, 200);
    assert_eq!(env.hallpass(&["key", "alice"]).success().trim(), new);
    let backup = env.root().join("backup");
    env.hallpass(&["store", "backup", backup.to_str().expect("temporary folders have plain names")]).success();

    // Tokens are chosen by what they are like, and the secrets of the store are renewed.
    let chosen = env.hallpass(&["revoke", "--user", "bob", "--unused", "1ms", "--dry-run"]);
    assert!(chosen.code == 0 && chosen.stderr.contains("Would revoke token tok_"), "{}", chosen.text());
    let revoked = env.hallpass(&["revoke", "--user", "bob", "--reason", "to be sure", "--yes"]);
    assert!(revoked.code == 0 && revoked.stderr.contains("Revoked token tok_"), "{}", revoked.text());
    assert_eq!(server.trigger(CHOSEN).status, 401);
    let rotated = env.hallpass(&["keyring", "rotate"]);
    assert_eq!(rotated.code, 0, "{}", rotated.text());
    assert_eq!(server.trigger(&new).status, 200);
    let told = [("regenerate", &regenerated.stderr), ("revoke", &revoked.stderr), ("the dry run", &chosen.stderr)];
    // All that the server said of itself, at its most talkative.
    let id = i32::try_from(server.process_id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is ours");
    server.wait();
    let trace: Vec<String> = std::iter::from_fn(|| server.next_line()).collect();

    let outputs = [
        ("audit", env.hallpass(&["audit", "export"]).success()),
        ("tokens", env.hallpass(&["tokens", "--json"]).success()),
        ("users", env.hallpass(&["users", "--json"]).success()),
        ("inspect", env.hallpass(&["inspect", "alice"]).success()),
        ("a refused key", refused.text()),
        ("an unknown key", unknown.text()),
        ("the status", env.hallpass(&["store", "status"]).success()),
        ("the rotation", rotated.text()),
        ("the server's log", trace.join("\n")),
    ];
    let outputs = outputs.into_iter().chain(told.map(|(name, text)| (name, text.clone()))).collect::<Vec<_>>();
    terminal.control('d');
    drop(terminal);
    drop(server);

    let written = files(env.root());
    let named = |name: &str| written.iter().any(|(path, bytes)| path.ends_with(name) && !bytes.is_empty());
    assert!(named("access.log") && named("keyring") && named("backup"), "the places to look in are there");
    for (what, secret) in [("password", PASSWORD), ("chosen key", CHOSEN), ("key", &key), ("new key", &new)] {
        for form in forms(secret) {
            for (path, bytes) in &written {
                assert!(!holds(bytes, &form), "the {what} is in {}", path.display());
            }
            for (name, output) in &outputs {
                // Where a traceback repeats the line that a script gave, it is the script's own text.
                let own = *name == "a refused key" && secret == CHOSEN;
                assert!(own || !holds(output.as_bytes(), &form), "the {what} is in the output of {name}");
            }
        }
    }
}

#[test]
fn the_looking_finds_what_is_there() {
    let secret = "0a0b0c0d";
    for hidden in ["x0a0b0c0dx", "x3061306230633064x", "x\n\u{b}\u{c}\rx", "0a0b"] {
        assert!(forms(secret).iter().any(|form| holds(hidden.as_bytes(), form)), "{hidden:?}");
    }
}
