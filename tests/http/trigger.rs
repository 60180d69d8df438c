//! What a request sets off.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::{
    desk::{Desk, KEY, Line, furnish},
    operation::signal,
    support::TestEnv,
};

/// A desk whose `/build/` runs `script` with a shell; `DIR` in it is a folder of the test.
fn desk(script: &str, more: &str) -> Desk {
    let env = TestEnv::new();
    furnish(&env);
    let script = script.replace("DIR", env.root().to_str().expect("a plain name"));
    let configuration =
        format!("[[trigger]]\npath = \"/build/\"\nargv = [\"/bin/sh\", \"-c\", '''{script}''']\n{more}\n");
    Desk::over(env, &configuration)
}

fn build(body: &str) -> String {
    format!(
        "POST /build/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {KEY}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn the_program_gets_who_and_what_and_nothing_of_the_servers_environment() {
    let desk = desk("cat > DIR/body; env > DIR/environment", "");
    let answer = desk.connect().ask(build("a\0b"));
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(fs::read(desk.env.root().join("body")).expect("it was written"), b"a\0b");
    let environment = fs::read_to_string(desk.env.root().join("environment")).expect("it was written");
    let names: Vec<&str> = environment.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(environment.lines().any(|line| line == "HALLPASS_USER=alice"), "{environment}");
    assert!(environment.lines().any(|line| line.starts_with("HALLPASS_TOKEN_ID=tok_")), "{environment}");
    assert!(!names.contains(&"HALLPASS_KEYRING") && !environment.contains(KEY), "{environment}");
}

#[test]
fn only_an_allowed_request_sets_anything_off() {
    let desk = desk("touch DIR/ran", "methods = [\"POST\", \"PUT\"]");
    let mut line = desk.connect();
    assert_eq!(line.ask(build("").replace(KEY, "unknown")).status, 401);
    let answer = line.ask(build("").replace("POST", "DELETE"));
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST, PUT, OPTIONS")));
    assert_eq!(line.ask(build("").replace("POST", "OPTIONS")).status, 200);
    assert!(!desk.env.root().join("ran").exists());
    assert_eq!(line.ask(build("").replace("POST", "PUT")).status, 200);
    assert!(desk.env.root().join("ran").exists());
}

#[test]
fn a_run_that_fails_writes_too_much_or_takes_too_long_is_told() {
    assert_eq!(desk("exit 3", "").connect().ask(build("")).status, 502);
    assert_eq!(desk("yes", "output = 1000").connect().ask(build("")).status, 502);
    let late = desk("sleep 600 & wait", "time_limit = \"300ms\"");
    let begun = Instant::now();
    assert_eq!(late.connect().ask(build("")).status, 504);
    assert!(begun.elapsed() < Duration::from_secs(20), "what it started is ended with it");
    let env = TestEnv::new();
    furnish(&env);
    let desk = Desk::over(env, "[[trigger]]\npath = \"/build/\"\nargv = [\"/nowhere/at/all\"]\n");
    assert_eq!(desk.connect().ask(build("")).status, 502);
}

#[test]
fn one_run_at_a_time() {
    let desk = desk("echo > DIR/begun; read line < DIR/fifo", "");
    let fifo = desk.env.root().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo is there");
    assert!(made.success());
    let address = desk.address();
    thread::scope(|scope| {
        let first = scope.spawn(move || Line::to(address).ask(build("")).status);
        let begun = Instant::now();
        while !desk.env.root().join("begun").exists() {
            assert!(begun.elapsed() < Duration::from_secs(20));
            thread::yield_now();
        }
        let answer = desk.connect().ask(build(""));
        assert_eq!((answer.status, answer.body.as_str()), (409, "{\"detail\":\"A run is in progress.\"}"));
        fs::write(&fifo, "go\n").expect("it waits for this");
        assert_eq!(first.join().expect("an answer"), 200);
    });
    assert_eq!(desk.connect().ask("GET /build/ HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 401);
}

/// Sends off a run and returns when its program has begun.
fn begun(desk: &Desk) -> Line {
    let mut line = desk.connect();
    line.send(build(""));
    until(|| desk.env.root().join("begun").exists());
    line
}

fn until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        thread::yield_now();
    }
}

#[test]
fn the_end_waits_for_a_run_whose_client_went_away() {
    let mut desk = desk("echo > DIR/begun; read line < DIR/fifo; echo > DIR/done", "");
    let fifo = desk.env.root().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo is there").success());
    drop(begun(&desk));
    signal(&desk, Signal::TERM);
    fs::write(&fifo, "go\n").expect("it waits for this");
    assert_eq!(desk.server.wait(), Some(0));
    assert!(desk.env.root().join("done").exists());
}

#[test]
fn a_hurried_end_takes_along_what_runs_with_all_that_it_started() {
    let mut desk = desk("sleep 600 & echo $! > DIR/pid; mv DIR/pid DIR/begun; wait", "");
    let _line = begun(&desk);
    let pid = fs::read_to_string(desk.env.root().join("begun")).expect("it was written");
    signal(&desk, Signal::TERM);
    signal(&desk, Signal::INT);
    assert_eq!(desk.server.wait(), Some(0));
    // Gone, or dead and not looked after by whoever inherited it.
    let stat = format!("/proc/{}/stat", pid.trim());
    until(|| fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z")));
}
