//! The tutorial, done by the clients that people have.

use std::process::Command;

use crate::{
    desk::{Desk, KEY, PASSWORD},
    support::{
        process::{Stdin, run},
        skip,
    },
};

/// Whether `program` can be started; says so where it cannot.
fn is_there(program: &str, args: &[&str]) -> bool {
    let found = Command::new(program).args(args).output().is_ok_and(|output| output.status.success());
    if !found {
        skip(&format!("{program} {} does not work here", args.join(" ")));
    }
    found
}

fn output(desk: &Desk, program: &str, args: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(desk.env.variables());
    run(command, Stdin::Null).success()
}

#[test]
fn curl_gets_in_with_a_token_and_obtains_one() {
    if !is_there("curl", &["--version"]) {
        return;
    }
    let desk = Desk::new();
    let url = |path: &str| format!("http://{}{path}", desk.address());
    let header = format!("Authorization: Token {KEY}");
    let status = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST"];
    let with = |args: &[&str]| output(&desk, "curl", &[&status, args].concat());
    assert_eq!(with(&[&url("/api/"), "-H", &header]), "200");
    assert_eq!(with(&[&url("/api/")]), "401");
    assert_eq!(with(&["-L", "--post301", &url("/api"), "-H", &header]), "200", "by way of the slash");
    let form = format!("password={PASSWORD}");
    let obtained = output(&desk, "curl", &["-s", &url("/api-token-auth/"), "-d", "username=alice", "-d", &form]);
    assert_eq!(obtained, format!("{{\"token\":\"{KEY}\"}}"));
    let upload = output(&desk, "curl", &["-s", &url("/api-token-auth/"), "-F", "username=alice", "-F", &form]);
    assert_eq!(upload, obtained);
    // A body of this size makes curl wait for 100 Continue.
    let large = desk.env.write("large", &"x".repeat(2_000_000));
    let large = format!("@{}", large.display());
    assert_eq!(with(&[&url("/api/"), "-H", &header, "--data-binary", &large]), "200");
}

#[test]
fn httpie_gets_in_with_a_token_and_obtains_one() {
    if !is_there("http", &["--version"]) {
        return;
    }
    let desk = Desk::new();
    let url = |path: &str| format!("http://{}{path}", desk.address());
    let http = |args: &[&str]| output(&desk, "http", &[&["--ignore-stdin", "--print=hb"], args].concat());
    let inside = http(&["POST", &url("/api/"), &format!("Authorization: Token {KEY}")]);
    assert!(inside.starts_with("HTTP/1.1 200 OK"), "{inside}");
    let obtained = http(&["POST", &url("/api-token-auth/"), "username=alice", &format!("password={PASSWORD}")]);
    assert!(obtained.contains(KEY), "{obtained}");
}

#[test]
fn python_requests_gets_in_with_a_token_and_obtains_one() {
    if !is_there("python3", &["-c", "import requests"]) {
        return;
    }
    let desk = Desk::new();
    let script = format!(
        "import requests\n\
         base = 'http://{}'\n\
         key = requests.post(base + '/api-token-auth/', json={{'username': 'alice', 'password': '{PASSWORD}'}}).json()['token']\n\
         session = requests.Session()\n\
         session.headers['Authorization'] = 'Token ' + key\n\
         print([session.post(base + '/api/').status_code for _ in range(3)], session.get(base + '/api/').json())\n",
        desk.address()
    );
    let said = output(&desk, "python3", &["-c", &script]);
    assert_eq!(said, "[200, 200, 200] {'detail': 'Method \"GET\" not allowed.'}\n");
}
