//! Starting, draining, reloading, health, figures and logs.

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    process::Command,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    desk::{Desk, KEY, Line, furnish, post},
    support::{
        Program, TestEnv,
        process::{Stdin, run},
    },
};

pub(crate) fn signal(desk: &Desk, signal: Signal) {
    let id = i32::try_from(desk.server.process_id()).expect("a process id");
    kill_process(Pid::from_raw(id).expect("a process"), signal).expect("the server is there");
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// Asks until the answer is as it should be: what a signal sets off is not over when the signal is sent.
fn until(desk: &Desk, request: &str, status: u16) {
    let begun = Instant::now();
    while desk.connect().ask(request).status != status {
        assert!(begun.elapsed() < Duration::from_secs(20), "{request}");
        thread::yield_now();
    }
}

#[test]
fn it_says_whether_it_lives_and_whether_the_store_answers() {
    let desk = Desk::new();
    let mut line = desk.connect();
    assert_eq!(line.ask(get("/healthz")).body, "ok\n");
    assert_eq!(line.ask(get("/readyz")).body, "ready\n");
    assert_eq!(line.ask("HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").status, 200);
}

#[test]
fn a_signal_drains_and_what_was_accepted_is_answered() {
    let mut desk = Desk::new();
    let mut idle = desk.connect();
    assert_eq!(idle.ask(post()).status, 200);
    let mut busy = desk.connect();
    let body = format!("{{\"username\": \"alice\", \"password\": \"{}\"}}", crate::desk::PASSWORD);
    let login = format!(
        "POST /api-token-auth/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    // The server asks for the body, so the request is accepted for certain.
    busy.send(login);
    assert_eq!(busy.expect().status, 100);
    busy.send(&body[..20]);
    signal(&desk, Signal::TERM);
    assert!(idle.ends(), "an idle connection ends at once");
    busy.send(&body[20..]);
    let answer = busy.expect();
    assert_eq!((answer.status, answer.body), (200, format!("{{\"token\":\"{KEY}\"}}")));
    assert!(busy.ends());
    assert_eq!(desk.server.wait(), Some(0));
    assert!(std::net::TcpStream::connect(desk.address()).is_err());
}

#[test]
fn a_drain_under_load_loses_no_request_that_was_answered_in_part() {
    let mut desk = Desk::new();
    let address = desk.address();
    let (over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed)
                    && let Some(mut line) = Line::try_to(address)
                {
                    // A whole answer, or a connection that ended between two of them: nothing in between.
                    while line.try_send(post()) {
                        let Some(answer) = line.answer() else { break };
                        assert_eq!(answer.status, 200);
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        // There is load as soon as one of them has an answer.
        while answered.load(Ordering::Relaxed) == 0 {
            until(&desk, &get("/healthz"), 200);
        }
        signal(&desk, Signal::TERM);
        let code = desk.server.wait();
        over.store(true, Ordering::Relaxed);
        assert_eq!(code, Some(0));
    });
    assert!(answered.into_inner() > 0);
}

#[test]
fn a_second_signal_hurries() {
    let mut desk = Desk::new();
    let mut stuck = desk.connect();
    stuck.send("POST /api-token-auth/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
    stuck.send("Content-Length: 100\r\n\r\n{");
    until(&desk, &get("/healthz"), 200);
    signal(&desk, Signal::TERM);
    signal(&desk, Signal::INT);
    assert_eq!(desk.server.wait(), Some(0));
}

#[test]
fn a_new_configuration_is_taken_and_a_bad_one_is_not() {
    let desk = Desk::with("");
    let nope = get("/build/");
    assert_eq!(desk.connect().ask(&nope).status, 404);
    let mut before = desk.connect();
    assert_eq!(before.ask(post()).status, 200);
    desk.env.write("hallpassd.toml", "[[trigger]]\npath = \"/build/\"\n");
    signal(&desk, Signal::HUP);
    until(&desk, &nope, 401);
    assert_eq!(before.ask(&nope).status, 401, "on connections that were open before, too");
    desk.env.write("hallpassd.toml", "[[trigger]]\npath = \"/other/\"\nmethod = \"POST\"\n");
    signal(&desk, Signal::HUP);
    let told = desk.server.next_line().expect("it says so");
    assert!(told.contains("the configuration stays as it was"), "{told}");
    assert!(!told.contains('\x1b'), "colours in a pipe: {told:?}");
    assert_eq!(before.ask(&nope).status, 401);
}

#[test]
fn figures_are_on_a_listener_of_their_own_and_name_nobody() {
    let env = TestEnv::new();
    furnish(&env);
    let socket = env.root().join("metrics.sock");
    let desk = Desk::over(env, &format!("[metrics]\nlisten = \"unix:{}\"\n", socket.display()));
    let mut line = desk.connect();
    assert_eq!(line.ask(post()).status, 200);
    assert_eq!(line.ask(post().replace(KEY, "unknown")).status, 401);
    assert_eq!(line.ask(get("/metrics")).status, 404, "not among the routes");
    let mut scrape = UnixStream::connect(&socket).expect("the figures are served");
    scrape.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").expect("it reads");
    let mut told = String::new();
    scrape.read_to_string(&mut told).expect("it answers");
    let (_, figures) = told.split_once("\r\n\r\n").expect("a head");
    for line in [
        "hallpass_requests_total{route=\"protected\",code=\"200\"} 1",
        "hallpass_decisions_total{decision=\"accepted\"} 1",
        "hallpass_decisions_total{decision=\"unknown\"} 1",
        "hallpass_open_connections 1",
    ] {
        assert!(figures.lines().any(|told| told == line), "{line}\n{figures}");
    }
    assert!(!figures.contains("alice") && !figures.contains(KEY));
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).env_clear().envs(desk.env.variables());
    if Command::new("promtool").arg("--version").output().is_ok() {
        let checked = run(promtool, Stdin::Bytes(figures.as_bytes()));
        assert_eq!(checked.code, 0, "{}", checked.text());
    } else {
        crate::support::skip("promtool is not installed");
    }
}

#[test]
fn the_access_log_tells_who_and_never_a_key() {
    let env = TestEnv::new();
    furnish(&env);
    let log = env.root().join("access.log");
    let mut desk = Desk::over(env, &format!("[log]\naccess = \"{}\"\n", log.display()));
    let mut line = desk.connect();
    line.ask(post());
    line.ask(post().replace(KEY, "n0t-a-key-0f-any0ne"));
    line.ask(format!("GET /nope/?key={KEY} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: theirs\r\n\r\n"));
    drop(line);
    signal(&desk, Signal::TERM);
    assert_eq!(desk.server.wait(), Some(0));
    let text = fs::read_to_string(&log).expect("the log is there");
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let field = |line: usize, name: &str| lines[line][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!((field(0, "user"), field(0, "decision")), ("alice".into(), "accepted".into()));
    assert!(field(0, "token").starts_with("tok_") && lines[0]["micros"].is_u64());
    assert_eq!((field(1, "decision"), lines[1]["status"].as_u64()), ("unknown".into(), Some(401)));
    assert_eq!(field(2, "path"), "/nope/");
    assert_ne!(field(2, "request"), "theirs", "no proxy is trusted");
    assert!(!text.contains(KEY) && !text.contains("n0t-a-key"), "{text}");
}

#[test]
fn it_listens_at_a_path_and_takes_the_place_of_one_that_was_killed() {
    let env = TestEnv::new();
    furnish(&env);
    let socket = env.root().join("http.sock");
    let at = format!("unix:{}", socket.display());
    let ask = || {
        let mut stream = UnixStream::connect(&socket).expect("it listens");
        stream.write_all(post().replace("Content-Length: 0", "Connection: close").as_bytes()).expect("it reads");
        let mut heard = String::new();
        stream.read_to_string(&mut heard).expect("it answers");
        assert!(heard.starts_with("HTTP/1.1 200 OK"), "{heard}");
    };
    let mut first = env.server_with(&["--listen", &at]);
    assert!(first.next_line().is_some_and(|line| line == format!("listening on {at}")));
    ask();
    first.kill();
    let mut second = env.server_with(&["--listen", &at]);
    assert!(second.next_line().is_some_and(|line| line == format!("listening on {at}")));
    ask();
    second.kill();
}

#[test]
fn a_port_that_is_taken_is_told_with_what_to_do() {
    let desk = Desk::new();
    let at = desk.address().to_string();
    let refused = run(desk.env.command(Program::Hallpassd, &["--listen", &at]), Stdin::Null);
    assert_eq!(refused.code, 3);
    let lines: Vec<&str> = refused.stderr.lines().collect();
    assert_eq!(lines[0], format!("error: cannot listen on http://{at}"));
    assert_eq!(lines[1], "caused by: address already in use");
    assert!(lines[2].starts_with(" hint: "), "{}", refused.stderr);
    assert_eq!(lines.len(), 3);
}
