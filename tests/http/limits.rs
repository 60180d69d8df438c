//! Each limit, crossed.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::desk::{Desk, KEY, Line, post};

fn head(fields: &str) -> String {
    format!("POST /api/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {KEY}\r\n{fields}\r\n")
}

#[test]
fn heads_that_are_too_long_or_no_http_are_refused_and_the_connection_ends() {
    let desk = Desk::new();
    for (request, status) in [
        (head(&format!("X: {}\r\n", "y".repeat(8185))), 200),
        (head(&format!("X: {}\r\n", "y".repeat(8186))), 431),
        (head(&"X: y\r\n".repeat(98)), 200),
        (head(&"X: y\r\n".repeat(99)), 431),
        (head(&format!("X: {}\r\n", "y".repeat(8000)).repeat(20)), 431),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(4080)), 404),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(4081)), 414),
        ("x".repeat(5000), 414),
        (head("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400),
        (head("X: y\nZ: z\r\n"), 400),
        ("GET / HTTP/1.1\n\n".into(), 400),
        (head("Expect: miracles\r\n"), 417),
        (head("Transfer-Encoding: xchunked\r\n"), 501),
    ] {
        let mut line = desk.connect();
        let answer = line.ask(&request);
        assert_eq!(answer.status, status, "{}", &request[..request.len().min(200)]);
        if status != 200 && status != 404 {
            assert_eq!(answer.header("connection"), Some("close"));
            assert!(answer.body.is_empty() && line.ends());
        }
    }
}

#[test]
fn what_follows_a_refused_request_is_no_request() {
    let desk = Desk::new();
    let mut line = desk.connect();
    let smuggled = "GET /api/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let body = format!("0\r\n\r\n{smuggled}");
    line.send(format!("{}{}{body}", post(), head("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n")));
    assert_eq!(line.expect().status, 200);
    assert_eq!(line.expect().status, 400);
    assert!(line.answer().is_none());
}

#[test]
fn a_body_ends_where_its_framing_ends_and_nowhere_else() {
    let desk = Desk::new();
    let mut line = desk.connect();
    line.send(head("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n" + &post());
    assert_eq!((line.expect().status, line.expect().status), (200, 200));
    line.send(head("Content-Length: 5\r\n") + "GET /" + &post());
    assert_eq!((line.expect().status, line.expect().status), (200, 200));
    line.send(head("Transfer-Encoding: chunked\r\n") + "5\r\nhelloGET / HTTP/1.1\r\n\r\n" + &post());
    assert_eq!(line.expect().status, 200, "as DRF, which never looks at the body");
    assert!(line.answer().is_none(), "but nothing behind it is a request");
}

#[test]
fn a_slow_head_is_cut_at_its_deadline_however_slow_it_is() {
    let desk = Desk::with("[limits]\nheader = \"300ms\"\n");
    let mut line = desk.connect();
    let begun = Instant::now();
    line.send("POST /api/ HTTP/1.1\r\n");
    // Each byte comes in time for the one before; the whole does not.
    let over = AtomicBool::new(false);
    let mut drip = Line::to(desk.address());
    thread::scope(|scope| {
        scope.spawn(|| {
            for byte in b"POST /api/ HTTP/1.1\r\nX: ".iter().chain(std::iter::repeat(&b'y')) {
                if over.load(Ordering::Relaxed) || !drip.try_send([*byte]) {
                    break;
                }
                thread::park_timeout(Duration::from_millis(20));
            }
        });
        let answer = line.expect();
        assert_eq!(answer.status, 408);
        assert!(begun.elapsed() >= Duration::from_millis(300));
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(drip.expect().status, 408);
}

#[test]
fn an_idle_connection_is_ended_and_a_busy_one_is_not() {
    let desk = Desk::with("[limits]\nidle = \"300ms\"\nheader = \"10s\"\n");
    let mut line = desk.connect();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(700) {
        assert_eq!(line.ask(post()).status, 200);
    }
    assert!(line.ends());
    let mut silent = desk.connect();
    assert!(silent.ends());
}

#[test]
fn a_request_whose_body_never_comes_is_ended_at_its_deadline() {
    let desk = Desk::with("[limits]\nrequest = \"300ms\"\n");
    let mut line = desk.connect();
    line.send("POST /api-token-auth/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
    line.send("Content-Length: 100\r\n\r\n{\"username\":");
    let answered = line.answer();
    assert!(answered.is_none_or(|answer| answer.status >= 400));
}

#[test]
fn bodies_beyond_the_cap_are_refused_and_a_megabyte_is_not() {
    let desk = Desk::with("[limits]\nbody = 1000\n");
    let json = "Content-Type: application/json\r\n";
    for (length, status) in [(1000, "JSON parse error"), (1001, "<h1>Bad Request (400)</h1>"), (2_000_000, "<h1>Bad")] {
        let mut line = desk.connect();
        line.send(format!(
            "POST /api-token-auth/ HTTP/1.1\r\nHost: localhost\r\n{json}Content-Length: {length}\r\n\r\n"
        ));
        line.send("x".repeat(length));
        let answer = line.expect();
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains(status), "{}", answer.body);
    }
    let mut line = desk.connect();
    line.send(head("Content-Length: 3000000\r\n") + &"x".repeat(3_000_000));
    assert_eq!(line.expect().status, 200, "the view never looks at it");
}

#[test]
fn pipelined_requests_are_answered_in_order_and_a_row_of_them_ends() {
    let desk = Desk::with("[limits]\npipelined = 10\n");
    let get = "GET /nope/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut line = desk.connect();
    line.send(post() + get + &post());
    let statuses = [line.expect().status, line.expect().status, line.expect().status];
    assert_eq!(statuses, [200, 404, 200]);

    let mut line = desk.connect();
    line.send(get.repeat(50));
    let mut answers = 0;
    while let Some(answer) = line.answer() {
        answers += 1;
        assert_eq!(answer.header("connection").is_some(), answers == 11, "the last one says so");
    }
    assert_eq!(answers, 11, "one that was waited for, and ten that were not");
}

#[test]
fn a_connection_has_so_many_requests_and_the_last_one_says_so() {
    let desk = Desk::with("[limits]\nrequests = 3\n");
    let mut line = desk.connect();
    assert_eq!(line.ask(post()).header("connection"), None);
    assert_eq!(line.ask(post()).header("connection"), None);
    assert_eq!(line.ask(post()).header("connection"), Some("close"));
    assert!(line.ends());
}

#[test]
fn connections_beyond_the_limit_wait_until_one_ends() {
    let desk = Desk::with("[limits]\nconnections = 2\n");
    let (mut first, mut second) = (desk.connect(), desk.connect());
    assert_eq!((first.ask(post()).status, second.ask(post()).status), (200, 200));
    let mut third = desk.connect();
    third.send(post());
    drop(first);
    assert_eq!(third.expect().status, 200);
}

#[test]
fn connections_that_only_rest_make_room_when_little_is_left() {
    let desk = Desk::with("[limits]\nconnections = 2\nidle = \"10m\"\n");
    let (mut silent, mut served) = (desk.connect(), desk.connect());
    assert_eq!(served.ask(post()).status, 200);
    let mut third = desk.connect();
    assert_eq!(third.ask(post()).status, 200);
    assert!(silent.ends() || served.ends());
}

#[test]
fn many_idle_connections_do_not_starve_a_caller() {
    let desk = Desk::new();
    // As many as this process may hold of ten thousand, each of which has been served once.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let _ = rustix::process::setrlimit(
        rustix::process::Resource::Nofile,
        rustix::process::Rlimit { current: limit.maximum, ..limit },
    );
    let many = usize::try_from(limit.maximum.unwrap_or(20_000)).unwrap_or(20_000).saturating_sub(200).min(10_000);
    let mut idle: Vec<Line> = (0..many).map(|_| desk.connect()).collect();
    for line in idle.iter_mut().step_by(100) {
        assert_eq!(line.ask(post()).status, 200);
    }
    let mut caller = desk.connect();
    let begun = Instant::now();
    for _ in 0..100 {
        assert_eq!(caller.ask(post()).status, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_client_that_has_said_its_last_word_still_hears_the_answer() {
    let desk = Desk::new();
    let socket = std::net::TcpStream::connect(desk.address()).expect("the server accepts");
    std::io::Write::write_all(&mut &socket, post().as_bytes()).expect("the server reads");
    socket.shutdown(std::net::Shutdown::Write).expect("a socket has two ends");
    let heard = std::io::read_to_string(&socket).expect("an answer");
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n"), "{heard}");
}
