//! Who has to wait, and that nobody else does.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::desk::{Desk, KEY, Line, PASSWORD, add, post};

fn login(username: &str, password: &str) -> String {
    let body = format!("{{\"username\": \"{username}\", \"password\": \"{password}\"}}");
    format!(
        "POST /api-token-auth/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn wrong_passwords_are_throttled_by_user_as_drf_throttles_and_right_ones_do_not_count() {
    let desk = Desk::with("[throttle]\nlogin_user = \"2/minute\"\n");
    let mut line = desk.connect();
    for _ in 0..4 {
        assert_eq!(line.ask(login("alice", PASSWORD)).status, 200);
    }
    assert_eq!(line.ask(login("alice", "wrong")).status, 400);
    assert_eq!(line.ask(login("alice", "wrong")).status, 400);
    let answer = line.ask(login("alice", PASSWORD));
    assert_eq!(answer.status, 429);
    let wait: u64 = answer.header("retry-after").and_then(|wait| wait.parse().ok()).expect("so many seconds");
    assert!((50..=60).contains(&wait));
    let detail = format!("{{\"detail\":\"Request was throttled. Expected available in {wait} seconds.\"}}");
    assert_eq!(answer.body, detail);
    assert_eq!(line.ask(login("bob", "wrong")).status, 400, "others are not held up");
    assert_eq!(line.ask(post()).status, 200, "and tokens are none of this");
}

#[test]
fn bad_keys_and_busy_tokens_are_throttled_only_where_that_is_asked_for() {
    let desk = Desk::new();
    let bad = post().replace(KEY, "unknown");
    let mut line = desk.connect();
    for _ in 0..200 {
        assert_eq!(line.ask(&bad).status, 401);
        assert_eq!(line.ask(post()).status, 200);
    }
    let desk = Desk::with("[throttle]\nbad_key = \"2/minute\"\ntoken = \"3/hour\"\n");
    let mut line = desk.connect();
    for status in [200, 200, 200, 429] {
        assert_eq!(line.ask(post()).status, status);
    }
    for status in [401, 401, 429] {
        assert_eq!(line.ask(&bad).status, status);
    }
    let forward = format!("GET /auth HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {KEY}\r\n\r\n");
    let answer = line.ask(forward);
    assert_eq!(answer.status, 403, "a good key does not help, and nginx makes a 500 of a 429");
    assert!(answer.header("retry-after").is_some());
}

#[test]
fn passwords_eat_no_more_than_their_share_and_tokens_keep_their_pace() {
    let desk = Desk::with("[throttle]\nenabled = false\n[passwords]\nat_once = 1\nwaiting = 2\n");
    // A hash that costs as much as a new one: an unknown user's check does.
    let mut session = desk.session();
    add(&mut session, "dave", "dave-s-key", true);
    let begun = Instant::now();
    let address = desk.address();
    let statuses = thread::scope(|scope| {
        let logins: Vec<_> =
            (0..8).map(|_| scope.spawn(move || Line::to(address).ask(login("nobody", "wrong")).status)).collect();
        let mut line = desk.connect();
        let mut slowest = Duration::ZERO;
        while logins.iter().any(|login| !login.is_finished()) {
            let asked = Instant::now();
            let answer = line.ask(post());
            assert_eq!(answer.status, 200);
            slowest = slowest.max(asked.elapsed());
            if answer.header("connection") == Some("close") {
                line = desk.connect();
            }
        }
        assert!(slowest < begun.elapsed() / 2, "{slowest:?} of {:?}", begun.elapsed());
        logins.into_iter().map(|login| login.join().expect("an answer")).collect::<Vec<_>>()
    });
    assert!(statuses.contains(&400) && statuses.contains(&429), "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 400 | 429)), "{statuses:?}");
}

#[test]
fn a_clients_address_is_the_one_that_a_trusted_proxy_tells_and_no_other() {
    let limit = "[throttle]\nlogin_address = \"1/minute\"\n";
    let from = |address: &str| {
        login("alice", "wrong").replace("Host: localhost", &format!("Host: localhost\r\nX-Forwarded-For: {address}"))
    };
    let desk = Desk::with(limit);
    let mut line = desk.connect();
    assert_eq!(line.ask(from("10.0.0.1")).status, 400);
    assert_eq!(line.ask(from("10.0.0.2")).status, 429, "nobody is trusted");
    let desk = Desk::with(&format!("[proxies]\ntrusted = [\"127.0.0.0/8\"]\n{limit}"));
    let mut line = desk.connect();
    assert_eq!(line.ask(from("6.6.6.6, 10.0.0.1")).status, 400);
    assert_eq!(line.ask(from("7.7.7.7, 10.0.0.1")).status, 429, "what the client made up does not count");
    assert_eq!(line.ask(from("10.0.0.2, 127.0.0.9")).status, 400, "nor do proxies before the proxy");
}
