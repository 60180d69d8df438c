//! Requests as bytes on a socket, and sequences that mix them with statements in the shell: status, headers, body.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::forms::Placeholders;
use super::judge::Case;
use super::recordings::{document, list, text};
use super::seed::{self, Template};
use super::support::{Reply, Server, TestEnv};
use super::workers;

/// What the recordings kept of a reply's headers; one that is not recorded was not there.
const KEPT: [&str; 7] =
    ["Content-Type", "WWW-Authenticate", "Allow", "Vary", "Content-Length", "Location", "Set-Cookie"];

/// What live sequences kept.
const KEPT_LIVE: [&str; 3] = ["Content-Type", "WWW-Authenticate", "Content-Length"];

/// Runs the requests in order on one server, then every sequence on a store of its own.
pub(crate) fn cases() -> Vec<Case> {
    let recordings = document("http.json");
    let (fixture, setup) = seed::from_users(&recordings["fixture"]);
    let template = Template::new(&fixture, &setup);
    let mut cases =
        with_server(&template, |server| list(&recordings, "cases").iter().map(|case| request(case, server)).collect());
    cases.extend(workers::map(list(&recordings, "live_sequences"), |sequence| {
        let mut one = with_env(&template, |env, server| vec![live(sequence, env, server, &fixture)]);
        one.pop().expect("the closure made one")
    }));
    cases.extend(with_server(&template, |server| {
        // Ours keeps connections as gunicorn's threaded worker does; its other worker closes each one.
        let kept = list(&recordings, "connections").iter().filter(|one| text(one, "server") == "gunicorn gthread");
        kept.map(|case| connection(case, server)).collect()
    }));
    cases
}

fn with_server(template: &Template, run: impl FnOnce(Result<&Server, &str>) -> Vec<Case>) -> Vec<Case> {
    with_env(template, |_, server| run(server))
}

/// A copy of the store with a server on it, its throttle turned off: the recordings try many passwords.
fn with_env(template: &Template, run: impl FnOnce(&TestEnv, Result<&Server, &str>) -> Vec<Case>) -> Vec<Case> {
    let env = template.fresh();
    if let Some(error) = &template.error {
        return run(&env, Err(error));
    }
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/hallpassd.toml");
    let mut command = env.command(super::support::Program::Hallpassd, &["--listen", "127.0.0.1:0", "--config"]);
    command.arg(config);
    match Server::start(command) {
        Ok(server) => run(&env, Ok(&server)),
        Err(error) => run(&env, Err(&format!("{error:#}"))),
    }
}

fn request(case: &Value, server: Result<&Server, &str>) -> Case {
    let request = &case["request"];
    let bytes = bytes(request, true);
    let shown: String = String::from_utf8_lossy(&bytes).chars().take(2000).collect();
    let mut result = Case::new(text(case, "id"), shown);
    let reply = server.map_err(str::to_owned).and_then(|server| server.raw(&bytes).map_err(|e| format!("{e:#}")));
    match reply {
        Ok(reply) => compare(&mut result, "", case, &reply, &KEPT),
        Err(error) => result.push("status", &case["status"].to_string(), &error, false),
    }
    result
}

fn compare(result: &mut Case, mark: &str, recorded: &Value, reply: &Reply, kept: &[&str]) {
    result.compare(&format!("status{mark}"), &recorded["status"].to_string(), &reply.status.to_string());
    if refused_by_gunicorn(recorded) {
        return;
    }
    let header = |name: &str| {
        let headers = recorded["headers"].as_object().into_iter().flatten();
        headers.into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str())
    };
    for name in kept {
        let expected = header(name).unwrap_or_default();
        // Of a header that came twice the recordings kept one.
        let same = reply.headers.iter().find(|(n, value)| n.eq_ignore_ascii_case(name) && value == expected);
        let got = same.map(|(_, value)| value.as_str()).or_else(|| reply.header(name)).unwrap_or_default();
        result.compare(&format!("header:{name}{mark}"), expected, got);
    }
    let body = reply.text();
    match recorded["body_regex"].as_str() {
        Some(pattern) => {
            let agrees = regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(&body));
            result.push(&format!("body{mark}"), pattern, &body, agrees);
        }
        None => result.push(&format!("body{mark}"), text(recorded, "body"), &body, text(recorded, "body") == body),
    }
}

/// Gunicorn's own answer, to what is no HTTP: all replies of the application have a Server header.
fn refused_by_gunicorn(recorded: &Value) -> bool {
    let headers = recorded["all_headers"].as_array();
    headers.is_some_and(|headers| !headers.iter().any(|header| header[0] == "Server"))
}

/// The bytes of a request, as the recordings' `about` describes it.
fn bytes(request: &Value, complete: bool) -> Vec<u8> {
    if let Some(raw) = request["raw"].as_str() {
        return latin1(raw);
    }
    let method = text(request, "method");
    let version = request["version"].as_str().unwrap_or("HTTP/1.1");
    let mut head = format!("{method} {} {version}\r\n", text(request, "path"));
    if !complete {
        head += "Host: localhost\r\nConnection: close\r\n";
    }
    for header in list(request, "headers") {
        let value = header[1].as_str().map_or_else(|| filled_header(&header[1]), str::to_owned);
        write!(head, "{}: {value}\r\n", header[0].as_str().unwrap_or_default()).expect("a string takes everything");
    }
    let body = body(&request["body"]);
    let sized = !body.is_empty() || ["POST", "PUT", "PATCH"].contains(&method);
    if sized && request["no_content_length"] != true {
        write!(head, "Content-Length: {}\r\n", body.len()).expect("a string takes everything");
    }
    head += "\r\n";
    let mut bytes = latin1(&head);
    bytes.extend(body);
    bytes
}

/// Header bytes are recorded decoded as Latin-1.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("recorded headers are Latin-1")).collect()
}

fn filled_header(filler: &Value) -> String {
    let times = filler["length"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    text(filler, "prefix").to_owned() + &text(filler, "repeat_char").repeat(times)
}

/// A body: text, bytes, or a filler `start, start's last character over and over, end` of a given length.
fn body(recorded: &Value) -> Vec<u8> {
    if let Some(text) = recorded.as_str() {
        return text.as_bytes().to_vec();
    }
    if let Some(text) = recorded["latin1"].as_str() {
        return latin1(text);
    }
    let parts: Vec<&str> = list(recorded, "repeat").iter().filter_map(Value::as_str).collect();
    let (Some(start), Some(end)) = (parts.first(), parts.last()) else { return Vec::new() };
    let length = recorded["length"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    let filler = start.chars().next_back().unwrap_or('x').to_string();
    (*start)
        .to_owned()
        .into_bytes()
        .into_iter()
        .chain(filler.repeat(length - start.len() - end.len()).into_bytes())
        .chain(end.bytes())
        .collect()
}

fn live(sequence: &Value, env: &TestEnv, server: Result<&Server, &str>, fixture: &str) -> Case {
    let steps = list(sequence, "steps");
    let mut result = Case::new(text(sequence, "id"), format!("{} steps", steps.len()));
    let server = match server {
        Ok(server) => server,
        Err(error) => {
            result.push("server", "it listens", error, false);
            return result;
        }
    };
    for (at, step) in steps.iter().enumerate() {
        let mark = format!(" {at}");
        if let Some(code) = step["shell"].as_str() {
            let output = env.hallpass(&["shell", "-c", code]);
            result.compare(&format!("exit{mark}"), "0", &output.code.to_string());
            result.compare(&format!("stdout{mark}"), text(step, "stdout"), &output.stdout);
            continue;
        }
        match server.raw(&bytes(&step["request"], false)) {
            Ok(mut reply) => {
                // A key that no step chose is random: compared by its form.
                let known = format!("{fixture}{sequence}");
                let mut recorded = step["response"].clone();
                let chosen = format!("{fixture}{}", chosen(sequence));
                recorded["body"] = Value::String(Placeholders::new(&chosen).keys(text(&recorded, "body")));
                reply.body = Placeholders::new(&known).keys(&reply.text()).into_bytes();
                compare(&mut result, &mark, &recorded, &reply, &KEPT_LIVE);
            }
            Err(error) => result.push(
                &format!("status{mark}"),
                &step["response"]["status"].to_string(),
                &error.to_string(),
                false,
            ),
        }
    }
    result
}

/// What the statements and requests of a sequence say: every key that is no random one.
fn chosen(sequence: &Value) -> String {
    let steps = list(sequence, "steps").iter();
    steps.map(|step| format!("{}{}", step["shell"], step["request"])).collect()
}

/// Several requests on one connection, as gunicorn's threaded worker answers them.
fn connection(case: &Value, server: Result<&Server, &str>) -> Case {
    let sent = text(case, "sent");
    let mut result = Case::new(format!("{}: {}", text(case, "server"), text(case, "case")), sent);
    let expected = case["responses"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    let exchange = |server: &Server| server.exchange(&latin1(sent), expected).map_err(|error| format!("{error:#}"));
    let replies = server.map_err(str::to_owned).and_then(exchange);
    match replies {
        Err(error) => result.push("responses", &expected.to_string(), &error, false),
        Ok(replies) => {
            result.compare("responses", &expected.to_string(), &replies.len().to_string());
            let recorded = text(case, "received");
            for (at, (reply, recorded)) in replies.iter().zip(split_replies(recorded)).enumerate() {
                let mark = format!(" {at}");
                result.compare(&format!("status{mark}"), &recorded.status, &reply.status.to_string());
                if recorded.by_application {
                    result.compare(&format!("body{mark}"), &recorded.body, &reply.text());
                }
            }
        }
    }
    result
}

struct Recorded {
    status: String,
    body: String,
    by_application: bool,
}

/// Cuts recorded bytes into replies; every one of them has a Content-Length.
fn split_replies(mut received: &str) -> Vec<Recorded> {
    let mut replies = Vec::new();
    while let Some((head, rest)) = received.split_once("\r\n\r\n") {
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.trim().parse().ok());
        let (body, next) = rest.split_at_checked(length.unwrap_or(0)).unwrap_or((rest, ""));
        replies.push(Recorded {
            status: head.split(' ').nth(1).unwrap_or_default().to_owned(),
            body: body.to_owned(),
            by_application: head.contains("\r\nServer: "),
        });
        received = next;
    }
    replies
}

#[test]
fn a_reply_as_recorded_agrees_and_any_other_does_not() {
    let recordings = document("http.json");
    for case in list(&recordings, "cases") {
        let headers = case["headers"].as_object().into_iter().flatten();
        let mut reply = Reply {
            status: case["status"].as_u64().and_then(|status| status.try_into().ok()).expect("a status"),
            headers: headers.map(|(n, v)| (n.to_lowercase(), v.as_str().unwrap_or_default().to_owned())).collect(),
            body: text(case, "body").as_bytes().to_vec(),
            interim: Vec::new(),
        };
        let agrees = |reply: &Reply| {
            let mut result = Case::new("x", "");
            compare(&mut result, "", case, reply, &KEPT);
            result.aspects.iter().all(|aspect| aspect.agrees)
        };
        assert!(agrees(&reply), "{}", text(case, "id"));
        if !refused_by_gunicorn(case) {
            reply.headers.push(("set-cookie".to_owned(), "x=y".to_owned()));
            reply.body.push(b'x');
            assert!(!agrees(&reply), "{}", text(case, "id"));
        }
    }
}

#[test]
fn fillers_have_the_recorded_length() {
    let recordings = document("http.json");
    for case in list(&recordings, "cases") {
        let recorded = &case["request"]["body"];
        if let Some(length) = recorded["length"].as_u64() {
            use sha2::Digest as _;
            let body = body(recorded);
            assert_eq!(body.len() as u64, length, "{}", text(case, "id"));
            assert_eq!(hex::encode(sha2::Sha256::digest(&body)), text(recorded, "sha256"), "{}", text(case, "id"));
        }
    }
}
