//! What is answered at once, past hyper: it must not differ from what the long way answers, nor come out of order.

use std::thread;

use crate::desk::{Answer, Desk, KEY};

/// Of everything but the moment.
fn told(answer: Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.into_iter().filter(|(name, _)| name != "date").collect();
    (answer.status, headers, answer.body)
}

#[test]
fn both_ways_answer_alike() {
    let desk = Desk::new();
    let (carol, stranger) = (KEY.replace("a11ce", "ca401"), KEY.replace("a11ce", "57a49"));
    let authorizations = [
        String::new(),
        format!("Authorization: Token {KEY}\r\n"),
        format!("authorization:\ttoken   {KEY}  \r\n"),
        format!("Authorization: Token {carol}\r\n"),
        format!("Authorization: Token {stranger}\r\n"),
        format!("Authorization: Token {KEY} x\r\n"),
        format!("Authorization: Bearer {KEY}\r\n"),
        format!("Authorization: Token {}\r\n", "x".repeat(4000)),
        format!("Authorization: Token {KEY}\r\nAuthorization: Token {KEY}\r\n"),
        "Authorization: Token\r\n".into(),
        "Authorization: Token cl\u{e9}\r\n".into(),
    ];
    let lines = [
        "POST /api/ HTTP/1.1",
        "GET /api/ HTTP/1.1",
        "OPTIONS /api/ HTTP/1.1",
        "POST /api/?format=json HTTP/1.1",
        "POST /api/?format=xml HTTP/1.1",
        "POST /api HTTP/1.1",
        "POST /%61pi/ HTTP/1.1",
        "GET /healthz HTTP/1.1",
        "POST /healthz HTTP/1.1",
        "GET /auth HTTP/1.1",
        "GET /nowhere/ HTTP/1.1",
    ];
    let others = [
        "Host: localhost\r\n",
        "",
        "Host: a b\r\n",
        "Host: localhost:80\r\nAccept: */*\r\nUser-Agent: x\r\nConnection: keep-alive\r\nContent-Length: 0\r\n",
        "Host: localhost\r\nAccept: application/xml\r\n",
        "Host: localhost\r\nAccept: text/plain\r\nAccept: */*\r\n",
        "Host: localhost\r\nCookie: sessionid=x\r\n",
        "Host: localhost\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\nAccept-Language: de\r\n",
    ];
    let mut statuses = Vec::new();
    for line in lines {
        for (authorization, other) in authorizations.iter().flat_map(|a| others.map(|other| (a, other))) {
            let head = format!("{line}\r\n{other}{authorization}");
            let answer = told(desk.connect().ask(format!("{head}\r\n")));
            // A field that nobody asked for goes the long way.
            let expected = told(desk.connect().ask(format!("{head}X-Way: long\r\n\r\n")));
            assert_eq!(answer, expected, "{head}");
            statuses.push(answer.0);
        }
    }
    statuses.sort_unstable();
    statuses.dedup();
    assert_eq!(statuses, [200, 301, 400, 401, 404, 405, 406]);
}

#[test]
fn a_connection_may_change_between_both_ways() {
    let desk = Desk::new();
    let mut line = desk.connect();
    for way in ["", "X-Way: long\r\n"].repeat(5) {
        let head = format!("POST /api/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {KEY}\r\n{way}");
        assert_eq!(line.ask(format!("{head}\r\n")).status, 200);
        assert_eq!(line.ask(format!("{head}Content-Length: 3\r\n\r\nabc")).status, 200);
        let chunks = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        assert_eq!(line.ask(format!("{head}{chunks}")).status, 200);
    }
}

#[test]
fn answers_keep_their_order_however_late_they_are_read() {
    const PAIRS: usize = 5_000;
    let desk = Desk::with("[limits]\nrequests = 1000000\npipelined = 1000000\n");
    let line = desk.connect();
    // The system holds little for this end, and the server is far ahead of it.
    rustix::net::sockopt::set_socket_recv_buffer_size(line.socket(), 32 * 1024).expect("a socket has a buffer");
    let (mut line, mut writer) = line.split();
    let short = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let long = "GET /nowhere/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let writing = thread::spawn(move || writer.send([short, long].concat().repeat(PAIRS)));
    for pair in 0..PAIRS {
        let statuses = [line.expect().status, line.expect().status];
        assert_eq!(statuses, [200, 404], "pair {pair}");
    }
    writing.join().expect("everything was sent");
}
