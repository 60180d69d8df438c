//! Django's `createsuperuser`.

use clap::Args;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{
    Answer, Context, Failure, Person, Reply, Turn,
    django::{Common, Database},
    passwords::{self, Asked},
    reason::Reason,
};
use crate::{
    domain::{Timestamp, User, validate},
    password,
};

/// Used to create a superuser
#[derive(Args, Debug)]
pub struct CreateSuperuser {
    /// Specifies the login for the superuser
    #[arg(long, overrides_with = "username")]
    username: Option<String>,
    /// Specifies the email for the superuser
    #[arg(long, overrides_with = "email")]
    email: Option<String>,
    /// Do not prompt: take username and email from options or, as the password, from the environment
    #[arg(long = "noinput", alias = "no-input")]
    noinput: bool,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    pub(super) reason: Reason,
    #[command(flatten)]
    pub(super) common: Common,
}

/// What was found out before the user is made.
struct Superuser {
    username: String,
    email: String,
    password: Option<Zeroizing<String>>,
}

/// Why the dialogue ended early.
enum Stop {
    /// Ctrl-C.
    Cancelled,
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Interrupted => Self::Cancelled,
            other => Self::Failed(other),
        }
    }
}

impl CreateSuperuser {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        context.may_change()?;
        if !self.noinput && context.person() == Person::Absent {
            return Ok(Reply::text(
                "Superuser creation skipped due to not running in a TTY. You can run `hallpass createsuperuser` in \
                 your project to create one manually.\n",
            ));
        }
        let superuser = if self.noinput {
            self.by_options(context)?
        } else {
            match self.by_dialogue(context) {
                Ok(superuser) => superuser,
                Err(Stop::Failed(failure)) => return Err(failure),
                Err(Stop::Cancelled) => {
                    context.talk(Turn::Complain("\nOperation cancelled."))?;
                    return Ok(Reply { status: 1, ..Reply::default() });
                }
            }
        };
        let authority = context.authority()?;
        let password = match &superuser.password {
            Some(password) => password::make(password, authority.entropy()),
            None => password::unusable(authority.entropy()),
        };
        let user = User {
            id: 0,
            password,
            last_login: None,
            is_superuser: true,
            username: validate::normalize_username(&superuser.username),
            first_name: String::new(),
            last_name: String::new(),
            email: validate::normalize_email(&superuser.email),
            is_staff: true,
            is_active: true,
            date_joined: Timestamp::default(),
        };
        let session = context.session()?;
        session.borrow_mut().transact(|tx| tx.insert(User { date_joined: tx.now(), ..user.clone() }))?;
        Ok(match self.common.verbosity() {
            0 => Reply::default(),
            _ => Reply::text("Superuser created successfully.\n"),
        })
    }

    fn by_options(&self, context: &mut Context) -> Result<Superuser, Failure> {
        let password = context.env("DJANGO_SUPERUSER_PASSWORD").map(Zeroizing::new);
        let username = self.username.clone().or_else(|| context.env("DJANGO_SUPERUSER_USERNAME"));
        let username = username.ok_or_else(|| Failure::command("You must use --username with --noinput."))?;
        if let Some(wrong) = check_username(&username, context)? {
            return Err(Failure::command(wrong));
        }
        let from_env = context.env("DJANGO_SUPERUSER_EMAIL");
        let email = self.email.clone().filter(|email| !email.is_empty()).or_else(|| from_env.clone());
        let email = match email.filter(|email| !email.is_empty()) {
            Some(email) => email,
            None if self.email.as_deref() == Some("") || from_env.as_deref() == Some("") => String::new(),
            None => return Err(Failure::command("You must use --email with --noinput.")),
        };
        let wrong = validate::email(&email);
        if !wrong.is_empty() {
            return Err(Failure::command(wrong.join("; ")));
        }
        Ok(Superuser { username, email, password })
    }

    fn by_dialogue(&self, context: &mut Context) -> Result<Superuser, Stop> {
        let default = default_username(context)?;
        let mut username = None;
        match self.username.as_deref() {
            Some("") => return Err(Failure::command("Username cannot be blank.").into()),
            Some(given) => match check_username(given, context)? {
                Some(wrong) => complain(&wrong, context)?,
                None => username = Some(given.to_owned()),
            },
            None => {}
        }
        let username = match username {
            Some(username) => username,
            None => ask_username(&default, context)?,
        };
        let email = match &self.email {
            Some(email) => {
                let wrong = validate::email(email);
                if !wrong.is_empty() {
                    return Err(Failure::command(wrong.join("; ")).into());
                }
                email.clone()
            }
            None => ask_email(context)?,
        };
        let user = User {
            id: 0,
            password: String::new(),
            last_login: None,
            is_superuser: false,
            username,
            first_name: String::new(),
            last_name: String::new(),
            email,
            is_staff: false,
            is_active: true,
            date_joined: Timestamp::default(),
        };
        let password = ask_password(&user, context)?;
        Ok(Superuser { username: user.username, email: user.email, password: Some(password) })
    }
}

fn complain(text: &str, context: &mut Context) -> Result<(), Failure> {
    context.talk(Turn::Complain(text)).map(drop)
}

fn ask(question: &str, context: &mut Context) -> Result<String, Failure> {
    match context.talk(Turn::Ask(question))? {
        Answer::Line(line) => Ok(line.as_str().to_owned()),
        Answer::End | Answer::Said => Err(Failure::raised("EOFError", "")),
        Answer::Interrupted => Err(Failure::Interrupted),
    }
}

fn ask_username(default: &str, context: &mut Context) -> Result<String, Failure> {
    let question = match default {
        "" => "Username: ".to_owned(),
        default => format!("Username (leave blank to use '{default}'): "),
    };
    loop {
        let typed = ask(&question, context)?;
        let username = if typed.is_empty() { default.to_owned() } else { typed };
        let wrong = validate::username(&username);
        if !wrong.is_empty() {
            complain(&format!("Error: {}", wrong.join("; ")), context)?;
            continue;
        }
        match check_username(&username, context)? {
            Some(wrong) => complain(&wrong, context)?,
            None => return Ok(username),
        }
    }
}

fn ask_email(context: &mut Context) -> Result<String, Failure> {
    loop {
        let email = ask("Email address: ", context)?;
        let wrong = validate::email(&email);
        if wrong.is_empty() {
            return Ok(email);
        }
        complain(&format!("Error: {}", wrong.join("; ")), context)?;
    }
}

fn ask_password(user: &User, context: &mut Context) -> Result<Zeroizing<String>, Failure> {
    loop {
        let password = match passwords::twice(context)? {
            None => return Err(Failure::raised("EOFError", "")),
            Some(Asked::Differ) => {
                complain("Error: Your passwords didn't match.", context)?;
                continue;
            }
            Some(Asked::Agreed(password)) => password,
        };
        if password.trim().is_empty() {
            complain("Error: Blank passwords aren't allowed.", context)?;
            continue;
        }
        let complaints = passwords::complaints(&password, user);
        if complaints.is_empty() {
            return Ok(password);
        }
        complain(&complaints.join("\n"), context)?;
        let answer = ask("Bypass password validation and create user anyway? [y/N]: ", context)?;
        if answer.eq_ignore_ascii_case("y") {
            return Ok(password);
        }
    }
}

/// Django's `_validate_username`: what is wrong with it, if anything is.
fn check_username(username: &str, context: &mut Context) -> Result<Option<String>, Failure> {
    let session = context.session()?;
    if session.borrow_mut().transact(|tx| tx.user_named(username))?.is_some() {
        return Ok(Some("Error: That username is already taken.".into()));
    }
    if username.is_empty() {
        return Ok(Some("Username cannot be blank.".into()));
    }
    let wrong = validate::username(username);
    Ok((!wrong.is_empty()).then(|| wrong.join("; ")))
}

/// The system user's name where it would do: Django's `get_default_username`.
fn default_username(context: &mut Context) -> Result<String, Failure> {
    let ascii: String = context.system_user().nfkd().filter(char::is_ascii).filter(|c| *c != ' ').collect();
    let name = ascii.to_lowercase();
    if !validate::username(&name).is_empty() {
        return Ok(String::new());
    }
    let session = context.session()?;
    let taken = session.borrow_mut().transact(|tx| tx.user_named(&name))?.is_some();
    Ok(if taken { String::new() } else { name })
}
