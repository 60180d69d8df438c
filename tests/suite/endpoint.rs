//! The endpoint of the tutorial, as `curl` sees it.

use std::process::Command;

use crate::support::TestEnv;
use crate::support::process::{Stdin, run};

/// What `curl -si` with these arguments prints.
fn curl(env: &TestEnv, url: &str, args: &[&str]) -> String {
    let mut command = Command::new("curl");
    command.args(["-si", "--max-time", "30"]).args(args).arg(url).env_clear().envs(env.variables());
    run(command, Stdin::Null).success()
}

#[test]
fn the_tutorial_with_curl() {
    let env = TestEnv::new();
    let setup = "alice = User.objects.create_user('alice')\nprint(Token.objects.create(user=alice).key)\n\
                 carol = User.objects.create_user('carol', is_active=False)\nprint(Token.objects.create(user=carol).key)\n";
    let made = env.python(setup).success();
    let keys: Vec<&str> = made.lines().collect();
    let server = env.server();
    let url = format!("http://{}/api/", server.address());
    let header = |key: &str| format!("Authorization: Token {key}");
    let unknown = "0".repeat(40);
    for (method, key, status, body) in [
        ("POST", None, "401 Unauthorized", r#"{"detail":"Authentication credentials were not provided."}"#),
        ("GET", Some(keys[0]), "405 Method Not Allowed", r#"{"detail":"Method \"GET\" not allowed."}"#),
        ("POST", Some(keys[0]), "200 OK", ""),
        ("POST", Some(unknown.as_str()), "401 Unauthorized", r#"{"detail":"Invalid token."}"#),
        ("POST", Some(keys[1]), "401 Unauthorized", r#"{"detail":"User inactive or deleted."}"#),
    ] {
        let header = key.map(header);
        let mut args = vec!["-X", method];
        if let Some(header) = &header {
            args.extend(["-H", header]);
        }
        let reply = curl(&env, &url, &args);
        let (head, found) = reply.split_once("\r\n\r\n").expect("a reply has a head");
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{method} {key:?}: {reply}");
        assert_eq!(found, body, "{method} {key:?}");
        let challenge = head.lines().any(|line| line.eq_ignore_ascii_case("www-authenticate: Token"));
        assert_eq!(challenge, status.starts_with("401"), "{reply}");
    }
}
