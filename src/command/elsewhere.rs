//! Commands of Django that are done elsewhere, or by nobody: each says in one line why, and what works instead, so that
//! a runbook that calls one learns what to call.

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, Subcommand, error::ErrorKind};

use super::Failure;

/// A command that is not here.
struct Absent {
    name: &'static str,
    why: &'static str,
    instead: &'static str,
}

const RUNSERVER: &str = "runserver";

const ABSENT: [Absent; 12] = [
    Absent {
        name: "compilemessages",
        why: "there are no message files here: hallpass speaks Django's English",
        instead: "compile a project's with its own manage.py",
    },
    Absent { name: "dbshell", why: "there is no SQL behind this store", instead: "use hallpass shell" },
    Absent {
        name: "generateschema",
        why: "there are no serializers to make a schema of",
        instead: "the routes are described in docs/http.md and in docs/hallpass.postman_collection.json",
    },
    Absent {
        name: "inspectdb",
        why: "there are no tables to make models of: the models are those of django.contrib.auth and authtoken",
        instead: "use hallpass shell",
    },
    Absent {
        name: "makemessages",
        why: "there are no sources with messages here",
        instead: "collect a project's with its own manage.py",
    },
    Absent { name: RUNSERVER, why: "the server is a program of its own", instead: "run hallpassd --listen" },
    Absent {
        name: "sendtestemail",
        why: "hallpass sends no mail",
        instead: "test the mail of a project with its own manage.py",
    },
    Absent {
        name: "squashmigrations",
        why: "there are no migration files here",
        instead: "squash a project's with its own manage.py",
    },
    Absent {
        name: "startapp",
        why: "there is no project to add an app to",
        instead: "scripts run by hallpass shell -c or from standard input",
    },
    Absent {
        name: "startproject",
        why: "nothing has to be made first",
        instead: "run hallpass, which makes its store at the first start",
    },
    Absent {
        name: "test",
        why: "there is no project with tests",
        instead: "try a script with hallpass shell --sandbox, which keeps nothing",
    },
    Absent {
        name: "testserver",
        why: "there is no test database",
        instead: "load the fixtures by hallpass --store DIRECTORY loaddata, and run hallpassd --store DIRECTORY",
    },
];

/// One of them, with the words that it was given.
#[derive(Debug)]
pub struct Elsewhere {
    name: &'static str,
    words: Vec<String>,
}

/// Their names.
fn names() -> impl Iterator<Item = &'static str> {
    ABSENT.iter().map(|absent| absent.name)
}

/// What the help says of one.
fn about(absent: &Absent) -> String {
    format!("Not here: {}; {}", absent.why, absent.instead)
}

impl Elsewhere {
    /// Why it is not here, and what works instead.
    pub(super) fn refusal(&self) -> Failure {
        let Some(absent) = ABSENT.iter().find(|absent| absent.name == self.name) else {
            return super::argparse::unknown(self.name);
        };
        let Absent { name, why, instead } = absent;
        let address = if *name == RUNSERVER { format!(" {}", address(&self.words)) } else { String::new() };
        Failure::refused(format!("there is no {name} here: {why}; {instead}{address}"))
    }
}

/// Where `runserver` would have listened, as the server's option takes it.
fn address(words: &[String]) -> String {
    let given = words.iter().find(|word| !word.starts_with('-')).map(String::as_str);
    match given {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => format!("127.0.0.1:{port}"),
        Some(address) => crate::domain::text::escape(address),
        None => "127.0.0.1:8000".into(),
    }
}

impl FromArgMatches for Elsewhere {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(ErrorKind::MissingSubcommand);
        let (name, below) = matches.subcommand().ok_or_else(missing)?;
        let name = names().find(|known| *known == name).ok_or_else(missing)?;
        let words = below.get_many::<String>("words").into_iter().flatten().cloned().collect();
        Ok(Self { name, words })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for Elsewhere {
    fn augment_subcommands(command: Command) -> Command {
        ABSENT.iter().fold(command, |command, absent| {
            // Whatever it is given: the answer is the same.
            let words = Arg::new("words")
                .action(ArgAction::Append)
                .num_args(0..)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .hide(true);
            command.subcommand(Command::new(absent.name).about(about(absent)).hide(true).arg(words))
        })
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        names().any(|known| known == name)
    }
}
