//! Forward-auth: the contract, and the proxies that people run, with the configurations of docs/.

use std::{
    fs,
    io::Read,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use hallpass::authority::NewToken;

use crate::{
    desk::{Desk, KEY, Line, add},
    support::skip,
};

fn auth(method: &str, fields: &str) -> String {
    format!("{method} /auth HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
}

fn token(key: &str) -> String {
    format!("Authorization: Token {key}\r\n")
}

#[test]
fn the_answer_is_200_401_or_403_and_names_who_it_is() {
    let desk = Desk::new();
    let mut line = desk.connect();
    let answer = line.ask(auth("GET", &token(KEY)));
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("remote-user"), Some("alice"));
    assert!(answer.header("remote-token-id").is_some_and(|id| id.starts_with("tok_")));
    assert_eq!(answer.header("remote-token-name"), Some(""));
    for fields in [String::new(), token("unknown"), token("a b"), token(&KEY.replace("a11ce", "ca401"))] {
        let answer = line.ask(auth("GET", &fields));
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Token")), "{fields}");
    }
    assert_eq!(line.ask(auth("POST", &token(KEY))).status, 403);
    assert_eq!(line.ask(auth("HEAD", &(token(KEY) + "Connection: close\r\n"))).status, 200);
}

#[test]
fn names_that_fit_into_no_header_open_nothing() {
    let desk = Desk::new();
    let mut session = desk.session();
    add(&mut session, "fr\u{e4}nk", "one", true);
    add(&mut session, "mallory\r\nRemote-User: alice", "two", true);
    let alice = session.transact(|tx| tx.user_named("alice")).expect("the store").expect("alice");
    let ci = NewToken { name: Some("ci".into()), ..NewToken::of(alice.id) };
    let key = session.transact(|tx| {
        Ok::<_, hallpass::authority::ChangeError>(
            tx.create_token(NewToken { name: ci.name.clone(), ..NewToken::of(alice.id) })?.1,
        )
    });
    let key = key.expect("a token");
    session.settle().expect("it is durable");
    let mut line = desk.connect();
    assert_eq!(line.ask(auth("GET", &token("one"))).header("remote-user"), Some("fr\u{e4}nk"));
    let answer = line.ask(auth("GET", &token("two")));
    assert_eq!((answer.status, answer.header("remote-user")), (403, None));
    assert_eq!(line.ask(auth("GET", &token(key.expose()))).header("remote-token-name"), Some("ci"));
}

/// A proxy, ended with the test.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Something behind the proxy: it answers with the headers that it got.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            let mut head = Vec::new();
            let mut byte = [0; 1024];
            while !head.windows(4).any(|four| four == b"\r\n\r\n") {
                match socket.read(&mut byte) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => head.extend_from_slice(&byte[..read]),
                }
            }
            let reply = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                head.len(),
                String::from_utf8_lossy(&head)
            );
            let _ = std::io::Write::write_all(&mut socket, reply.as_bytes());
        }
    });
    address
}

/// A port that nobody has at this moment.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The configuration in docs/ with the addresses of the test.
fn configured(file: &str, desk: &Desk, port: u16) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/proxies").join(file);
    let text = fs::read_to_string(path).expect("docs/ has it");
    let used = text
        .replace("127.0.0.1:10000", &desk.address().to_string())
        .replace("127.0.0.1:8000", &upstream().to_string())
        .replace("listen 80", &format!("listen 127.0.0.1:{port}"))
        .replace("http://example.org", &format!("http://127.0.0.1:{port}"));
    assert_ne!(used, text);
    used
}

fn wait_for(port: u16) -> SocketAddr {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the proxy does not come up");
        thread::yield_now();
    }
    address
}

/// What every proxy must do: let in, keep out, notice a revocation, and let nobody name themselves.
fn judge(desk: &Desk, proxy: SocketAddr) {
    let request = |fields: &str| {
        let mut line = Line::to(proxy);
        line.ask(format!("GET /private/x?y HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{fields}\r\n"))
    };
    let forged = "Remote-User: root\r\nRemote-Token-Id: tok_forged\r\nRemote-Token-Name: forged\r\n";
    let inside = request(&(token(KEY) + forged));
    assert_eq!(inside.status, 200, "{inside:?}");
    let got = inside.body.to_ascii_lowercase();
    assert!(got.starts_with("get /private/x?y "), "{got}");
    assert!(got.contains("\r\nremote-user: alice\r\n") && got.contains("\r\nremote-token-id: tok_"), "{got}");
    assert!(!got.contains("root") && !got.contains("forged"), "{got}");
    for fields in ["", forged, "Authorization: Token unknown\r\n"] {
        let outside = request(fields);
        assert_eq!(outside.status, 401, "{fields}: {outside:?}");
        assert_eq!(outside.header("www-authenticate"), Some("Token"));
    }
    let mut session = desk.session();
    let token_of_alice = session.transact(|tx| {
        let user = tx.user_named("alice")?.expect("alice");
        Ok::<_, hallpass::authority::ChangeError>(tx.token_named(user.id, None)?.expect("her token"))
    });
    let revoked = session.transact(|tx| tx.revoke(token_of_alice.as_ref().expect("the store")));
    assert!(revoked.expect("the store"));
    session.settle().expect("it is durable");
    assert_eq!(request(&token(KEY)).status, 401, "the very next request is refused");
}

#[test]
fn behind_nginx() {
    if Command::new("nginx").arg("-v").output().is_err() {
        skip("nginx is not installed");
        return;
    }
    let desk = Desk::new();
    let port = free_port();
    let site = configured("nginx.conf", &desk, port);
    let root = desk.env.root().display().to_string();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {root}/nginx-{kind};"))
        .join(" ");
    let whole = format!(
        "daemon off; pid {root}/nginx.pid; error_log {root}/nginx.log; events {{}} http {{ access_log off; {temporary}\n{site}\n}}"
    );
    let file = desk.env.write("nginx.conf", &whole);
    let mut command = Command::new("nginx");
    command.arg("-e").arg(desk.env.root().join("nginx.log")).arg("-c").arg(file);
    let proxy = Proxy(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nginx starts"));
    judge(&desk, wait_for(port));
    drop(proxy);
}

#[test]
fn behind_caddy() {
    if Command::new("caddy").arg("version").output().is_err() {
        skip("caddy is not installed");
        return;
    }
    let desk = Desk::new();
    let port = free_port();
    let site = configured("Caddyfile", &desk, port);
    let file = desk.env.write("Caddyfile", &format!("{{\n\tadmin off\n\tauto_https off\n}}\n{site}"));
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    command.env("HOME", desk.env.home()).stdout(Stdio::null()).stderr(Stdio::null());
    let proxy = Proxy(command.spawn().expect("caddy starts"));
    judge(&desk, wait_for(port));
    drop(proxy);
}
