//! `inspect`: everything about a user or a token on one screen, but no key.

use clap::Args;
use serde_json::{Value, json};

use super::{
    Block, Cell, Context, Data, Failure, Reply, Sheet, Table, audit,
    reply::FormatArgs,
    tokens,
    what::{What, shown, state_word},
};
use crate::{
    authority::{Relation, Scan, Tx},
    domain::{Group, Timestamp, Token, TokenState, Usage, User},
    password,
};

/// How many audit events are shown.
const EVENTS: usize = 10;

/// How many of them people see: one screen says everything.
const EVENTS_FOR_PEOPLE: usize = 5;

/// Show everything about a user or a token, but no key
#[derive(Args, Debug)]
pub struct Inspect {
    /// A username, USERNAME/NAME, a token's id, or - for a key on standard input
    what: String,
    #[command(flatten)]
    format: FormatArgs,
}

impl Inspect {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let what = What::read(&self.what, context)?;
        let session = context.session()?;
        let sheet = session.borrow_mut().transact(|tx| match &what {
            What::Name(name) => match tx.user_named(name)? {
                Some(user) => user_sheet(&user, tx),
                None => {
                    let (token, user) = what.token(tx)?;
                    token_sheet(&token, &user, tx)
                }
            },
            What::Id(_) | What::Key(_) => {
                let (token, user) = what.token(tx)?;
                token_sheet(&token, &user, tx)
            }
        })?;
        Ok(Reply { data: Data::Sheet(sheet, self.format.format()), ..Reply::default() })
    }
}

fn field(name: &str, cell: Cell) -> (String, Cell) {
    (name.to_owned(), cell)
}

fn user_sheet(user: &User, tx: &mut Tx<'_>) -> Result<Sheet, Failure> {
    let now = tx.now();
    let mut groups = Vec::new();
    for id in tx.links(Relation::UserGroups, user.id)?.ids() {
        groups.extend(tx.find::<Group>(id)?.map(|group| group.name));
    }
    let permissions = tx.links(Relation::UserPermissions, user.id)?.links.len();
    let password = match password::identify(&user.password) {
        Ok(hasher) if password::is_usable(&user.password) => hasher.algorithm(),
        Ok(_) | Err(_) => "none that could be used",
    };
    let is = [
        (user.is_active, "active"),
        (!user.is_active, "inactive"),
        (user.is_staff, "staff"),
        (user.is_superuser, "superuser"),
    ];
    let is = is.into_iter().filter(|(is, _)| *is).map(|(_, word)| word.to_owned()).collect();
    let name = format!("{} {}", user.first_name, user.last_name).trim().to_owned();
    let mut fields = vec![
        field("user", Cell::Handle(user.username.clone())),
        field("id", Cell::Number(user.id)),
        field("is", Cell::List(is)),
        field("name", Cell::Text(name)),
        field("email", Cell::Text(user.email.clone())),
        field("groups", Cell::List(groups.clone())),
        field("password", Cell::Text(password.to_owned())),
        field("joined", Cell::Moment(user.date_joined)),
        field("last login", Cell::moment(user.last_login)),
    ];
    if permissions > 0 {
        fields.push(field("own permissions", Cell::Number(i64::try_from(permissions).unwrap_or(i64::MAX))));
    }
    // What a user does not have needs no line.
    fields.retain(|(_, cell)| match cell {
        Cell::Text(text) | Cell::Handle(text) => !text.is_empty(),
        Cell::List(texts) => !texts.is_empty(),
        Cell::None => false,
        Cell::Number(_) | Cell::Flag(_) | Cell::Moment(_) => true,
    });
    let all = tx.tokens_of(user.id)?;
    let mut rows = Vec::new();
    for token in &all {
        let usage = tx.usage_of(token)?;
        let mut row = tokens::row(user.username.clone(), token, &usage, now);
        let [until, uses, _] = superseded(token, &usage);
        row.extend([until, uses]);
        rows.push(row);
    }
    let mut columns = tokens::columns();
    columns.extend(["old_key_until", "old_key_uses"]);
    let tokens = Table::new(&columns, rows, now);
    let about = audit::About::of(user.id, &all);
    let events = events(|event| about.matches(event), tx)?;
    let json = json!({
        "user": user.username, "id": user.id, "first_name": user.first_name, "last_name": user.last_name,
        "email": user.email, "is_active": user.is_active, "is_staff": user.is_staff,
        "is_superuser": user.is_superuser, "groups": groups, "password": password,
        "date_joined": user.date_joined.to_string(), "last_login": user.last_login.map(|at| at.to_string()),
        "tokens": tokens.json(), "events": events.json(),
    });
    let mut blocks = vec![Block::Fields(fields, now)];
    blocks.push(match tokens.rows.is_empty() {
        true => Block::Line("no tokens".into()),
        // Whose they are is said above.
        false => Block::Table("tokens".into(), tokens.without("user")),
    });
    blocks.push(Block::Table("last events".into(), events.last(EVENTS_FOR_PEOPLE)));
    blocks.push(Block::Line(format!("next: {}", next_for_user(user, &all, now))));
    Ok(Sheet { json, blocks })
}

fn token_sheet(token: &Token, user: &User, tx: &mut Tx<'_>) -> Result<Sheet, Failure> {
    let now = tx.now();
    let usage = tx.usage_of(token)?;
    let state = token.state(now);
    let mut fields = vec![
        field("token", Cell::Handle(token.id.to_string())),
        field(
            "name",
            token.name.clone().map_or_else(|| Cell::Text("none: Django's and DRF's one token".into()), Cell::Handle),
        ),
        field("user", Cell::Handle(user.username.clone())),
        field("user active", Cell::Flag(user.is_active)),
        field("state", Cell::Text(state_word(state).to_owned())),
        field("created", Cell::Moment(token.created)),
        field("key since", Cell::Moment(token.key.since)),
        field("key can be shown", Cell::Flag(token.key.sealed.is_some())),
        field("expires", token.expires.map_or_else(never, Cell::Moment)),
        field("last used", usage.last_used.map_or_else(never, Cell::Moment)),
        field("uses", Cell::Number(i64::try_from(usage.uses).unwrap_or(i64::MAX))),
    ];
    if let Some(old) = &token.superseded {
        let [until, uses, from] = superseded(token, &usage);
        fields.push(field(if old.until > now { "old key valid until" } else { "old key refused since" }, until));
        fields.push(field("old key's uses", uses));
        fields.push(field("old key last from", from));
    }
    if let Some(revocation) = &token.revoked {
        fields.push(field("revoked", Cell::Moment(revocation.at)));
        fields.push(field("revoked by", Cell::Text(revocation.by.name.clone())));
        fields.push(field("reason", Cell::text(revocation.reason.clone())));
    }
    let id = token.id.to_string();
    let events = events(|event| audit::names(event, &id, token.serial), tx)?;
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let json = json!({
        "token": id, "name": token.name, "user": user.username, "user_active": user.is_active,
        "state": state_word(state), "created": token.created.to_string(), "key_since": token.key.since.to_string(),
        "key_can_be_shown": token.key.sealed.is_some(), "expires": moment(token.expires),
        "last_used": moment(usage.last_used), "uses": usage.uses,
        "superseded": token.superseded.as_ref().map(|old| json!({
            "until": old.until.to_string(), "uses": usage.superseded_uses,
            "last_used": moment(usage.superseded_last), "last_from": usage.superseded_from,
        })).unwrap_or(Value::Null),
        "revoked": token.revoked.as_ref().map(|revocation| json!({
            "at": revocation.at.to_string(), "by": revocation.by.name, "reason": revocation.reason,
        })).unwrap_or(Value::Null),
        "events": events.json(),
    });
    let next = match state {
        TokenState::Active => format!("hallpass key {id} | regenerate {id} | revoke {id}"),
        TokenState::Expired { .. } => format!("hallpass regenerate {id} | revoke {id}"),
        TokenState::Revoked { .. } => format!("hallpass token create {}", shown(&user.username)),
    };
    let blocks = vec![
        Block::Fields(fields, now),
        Block::Table("last events".into(), events.last(EVENTS_FOR_PEOPLE)),
        Block::Line(format!("next: {next}")),
    ];
    Ok(Sheet { json, blocks })
}

fn never() -> Cell {
    Cell::Text("never".into())
}

/// The key before the current one: until when it is valid, or was, how often it was used since, and from where.
fn superseded(token: &Token, usage: &Usage) -> [Cell; 3] {
    match &token.superseded {
        Some(old) => [
            Cell::Moment(old.until),
            Cell::Number(i64::try_from(usage.superseded_uses).unwrap_or(i64::MAX)),
            Cell::text(usage.superseded_from.clone()),
        ],
        None => [Cell::None, Cell::None, Cell::None],
    }
}

fn events(wanted: impl Fn(&crate::domain::Event) -> bool, tx: &mut Tx<'_>) -> Result<Table, Failure> {
    let mut found = Vec::new();
    tx.events(0, |number, event| {
        if wanted(&event) {
            found.push(audit::row(number, &event));
        }
        Scan::On
    })?;
    let skip = found.len().saturating_sub(EVENTS);
    Ok(Table::new(&audit::columns(), found.split_off(skip), tx.now()))
}

fn next_for_user(user: &User, tokens: &[Token], now: Timestamp) -> String {
    let name = shown(&user.username);
    if !user.is_active {
        return format!("hallpass user activate {name}");
    }
    match tokens.iter().find(|token| token.name.is_none() && token.is_live()) {
        Some(token) if token.state(now) == TokenState::Active => {
            format!("hallpass key {name} | regenerate {name} | revoke {name}")
        }
        Some(_) => format!("hallpass regenerate {name} | revoke {name}"),
        None => format!("hallpass token create {name}"),
    }
}
