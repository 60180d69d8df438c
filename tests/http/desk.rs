//! A store with users in it, the server on it, and connections whose bytes a test writes by hand.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use hallpass::{
    authority::{Authority, ChangeError, KeyringAt, NewToken, Session},
    clock::SystemClock,
    domain::{Actor, Channel, Clock, Key, Policy, Token, User},
    password::Hasher,
    random::SystemEntropy,
    store::local::{Options, Tenure, open},
};

use crate::support::{Server, TestEnv};

pub(crate) const KEY: &str = "a11cea11cea11cea11cea11cea11cea11cea11ce";
pub(crate) const PASSWORD: &str = "s3cret-enough";

/// A place with a store that `alice` has a token in, under a server.
pub(crate) struct Desk {
    pub(crate) env: TestEnv,
    pub(crate) server: Server,
}

impl Desk {
    /// Under the default configuration.
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// Under this configuration.
    pub(crate) fn with(configuration: &str) -> Self {
        let env = TestEnv::new();
        furnish(&env);
        Self::over(env, configuration)
    }

    /// Over a place that is furnished already.
    pub(crate) fn over(env: TestEnv, configuration: &str) -> Self {
        let file = env.write("hallpassd.toml", configuration);
        let server = env.server_with(&["--config", file.to_str().expect("a plain name")]);
        Self { env, server }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub(crate) fn connect(&self) -> Line {
        Line::to(self.address())
    }

    /// The store, beside the server.
    pub(crate) fn session(&self) -> Session {
        session(&self.env)
    }
}

/// A session on the store of `env`, whoever owns it.
pub(crate) fn session(env: &TestEnv) -> Session {
    let options = Options { cache_bytes: Options::CACHE, tenure: Tenure::Visitor, program: "test".into() };
    let store = open(&env.store(), options, &SystemEntropy).expect("the store opens");
    let keyring = env.keyring();
    let at = KeyringAt::File(&keyring);
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let authority = Authority::open(Arc::new(store), at, Policy::default(), clock, entropy).expect("an authority");
    authority.session(Actor::new("test", None, Channel::Command))
}

/// Makes `alice` with her token, and `carol`, who is inactive.
pub(crate) fn furnish(env: &TestEnv) {
    let mut session = session(env);
    add(&mut session, "alice", KEY, true);
    add(&mut session, "carol", &KEY.replace("a11ce", "ca401"), false);
    session.settle().expect("it is durable");
}

/// Makes a user with a token.
pub(crate) fn add(session: &mut Session, username: &str, key: &str, is_active: bool) -> (User, Token) {
    let user = User {
        id: 0,
        password: Hasher::Md5.encode(PASSWORD, "salt").expect("a hash"),
        last_login: None,
        is_superuser: false,
        username: username.into(),
        first_name: String::new(),
        last_name: String::new(),
        email: String::new(),
        is_staff: false,
        is_active,
        date_joined: SystemClock.now(),
    };
    let made = session.transact(|tx| {
        let user = tx.insert(user.clone())?;
        let key = Some(Key::from_text(key.into()));
        let (token, _) = tx.create_token(NewToken { key, ..NewToken::of(user.id) })?;
        Ok::<_, ChangeError>((user, token))
    });
    made.expect("a user and a token")
}

/// `POST /api/` with alice's key.
pub(crate) fn post() -> String {
    format!("POST /api/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {KEY}\r\nContent-Length: 0\r\n\r\n")
}

/// A connection.
pub(crate) struct Line {
    reader: BufReader<TcpStream>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Longer than any deadline of these tests.
const PATIENCE: Duration = Duration::from_secs(30);

impl Line {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self::try_to(address).expect("the server accepts")
    }

    /// None where nobody listens any more.
    pub(crate) fn try_to(address: SocketAddr) -> Option<Self> {
        let socket = TcpStream::connect(address).ok()?;
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket has a timeout");
        socket.set_write_timeout(Some(PATIENCE)).expect("a socket has a timeout");
        Some(Self { reader: BufReader::new(socket) })
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    /// The same connection twice: one reads while the other writes.
    pub(crate) fn split(self) -> (Self, Self) {
        let socket = self.socket().try_clone().expect("a descriptor");
        (self, Self { reader: BufReader::new(socket) })
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.reader.get_mut().write_all(bytes.as_ref()).expect("the server reads");
    }

    /// Sends what may not arrive any more.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.reader.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// The next answer; none where the connection has ended.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        self.answer_with(Body::Told)
    }

    fn answer_with(&mut self, body: Body) -> Option<Answer> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            match self.reader.read_line(&mut line) {
                Ok(0) | Err(_) if lines.is_empty() => return None,
                Ok(_) => {}
                Err(error) => panic!("an answer was cut off: {error}"),
            }
            if line == "\r\n" {
                break;
            }
            lines.push(line.trim_end().to_owned());
        }
        let status = lines[0].split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
        let headers: Vec<(String, String)> = lines[1..]
            .iter()
            .map(|line| line.split_once(':').expect("a header"))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let mut answer = Answer { status, headers, body: String::new() };
        let told = answer.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        let length = if body == Body::Told { told } else { 0 };
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body).expect("the body comes whole");
        answer.body = String::from_utf8(body).expect("text");
        Some(answer)
    }

    /// The answer, which must come.
    pub(crate) fn expect(&mut self) -> Answer {
        self.answer().expect("an answer")
    }

    /// Whether the server ends the connection without another byte.
    pub(crate) fn ends(&mut self) -> bool {
        let mut byte = [0];
        matches!(self.reader.read(&mut byte), Ok(0))
            || matches!(self.reader.read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset)
    }

    /// Sends a request and returns its answer.
    pub(crate) fn ask(&mut self, request: impl AsRef<[u8]>) -> Answer {
        let body = if request.as_ref().starts_with(b"HEAD ") { Body::None } else { Body::Told };
        self.send(request);
        self.answer_with(body).expect("an answer")
    }
}

/// Whether a body follows a head.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Body {
    /// One of the length that the head tells.
    Told,
    /// None: it was asked for with HEAD.
    None,
}
