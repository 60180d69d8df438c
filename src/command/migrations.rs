//! Django's `migrate` and its kin: a store is always in the shape that this program needs, and says so in Django's
//! words.

use std::fmt::Write as _;

use clap::Args;

use super::{
    Context, Failure, Reply,
    check::{APPS, no_app},
    django::{Common, Database},
};

/// The migrations of each app that has some, as of Django 5.2 and DRF 3.18.
const MIGRATIONS: [(&str, &[&str]); 5] = [
    ("admin", &["0001_initial", "0002_logentry_remove_auto_add", "0003_logentry_add_action_flag_choices"]),
    (
        "auth",
        &[
            "0001_initial",
            "0002_alter_permission_name_max_length",
            "0003_alter_user_email_max_length",
            "0004_alter_user_username_opts",
            "0005_alter_user_last_login_null",
            "0006_require_contenttypes_0002",
            "0007_alter_validators_add_error_messages",
            "0008_alter_user_username_max_length",
            "0009_alter_user_last_name_max_length",
            "0010_alter_group_name_max_length",
            "0011_update_proxy_permissions",
            "0012_alter_user_first_name_max_length",
        ],
    ),
    ("authtoken", &["0001_initial", "0002_auto_20160226_1747", "0003_tokenproxy", "0004_alter_tokenproxy_options"]),
    ("contenttypes", &["0001_initial", "0002_remove_content_type_name"]),
    ("sessions", &["0001_initial"]),
];

/// Synchronize the store with the current set of models and migrations: there is never anything to do
#[derive(Args, Debug)]
pub struct Migrate {
    /// App label of an application
    app_label: Option<String>,
    /// A migration of it; `zero` is refused
    migration_name: Option<String>,
    /// Never asks anyway
    #[arg(long = "noinput", alias = "no-input")]
    noinput: bool,
    /// Changes nothing anyway
    #[arg(long)]
    fake: bool,
    /// Changes nothing anyway
    #[arg(long)]
    fake_initial: bool,
    /// Show the migration actions that would be performed: none
    #[arg(long)]
    plan: bool,
    /// Changes nothing anyway
    #[arg(long)]
    run_syncdb: bool,
    /// Exit with a non-zero status if there are migrations to apply, which there never are
    #[arg(long = "check")]
    check_unapplied: bool,
    /// Nothing to prune
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    pub(super) common: Common,
}

impl Migrate {
    pub(super) fn run(self, context: &mut Context) -> Result<Reply, Failure> {
        let target = self.target()?;
        // What `migrate` is run for is that the database is there afterwards.
        context.session()?;
        if self.check_unapplied {
            return Ok(Reply::default());
        }
        if self.prune && self.app_label.is_none() {
            return Err(Failure::command("Migrations can be pruned only when an app is specified."));
        }
        if self.prune {
            return Ok(Reply::text("Pruning migrations:\n  No migrations to prune.\n"));
        }
        if self.plan {
            return Ok(Reply::text("Planned operations:\n  No planned migration operations.\n"));
        }
        let verbosity = self.common.verbosity();
        if verbosity == 0 {
            return Ok(Reply::default());
        }
        let (mut before, mut after) = (String::new(), String::new());
        if verbosity >= 2 {
            for app in ["admin", "auth", "contenttypes", "sessions", "authtoken"] {
                let _ = writeln!(before, "Running pre-migrate handlers for application {app}");
                let _ = writeln!(after, "Running post-migrate handlers for application {app}");
            }
        }
        Ok(Reply::text(format!(
            "Operations to perform:\n  {target}\n{before}Running migrations:\n  No migrations to apply.\n{after}"
        )))
    }

    fn target(&self) -> Result<String, Failure> {
        let Some(app) = &self.app_label else {
            let all = MIGRATIONS.map(|(app, _)| app).join(", ");
            return Ok(format!("Apply all migrations: {all}"));
        };
        let names = names_of(app)?;
        let Some(wanted) = &self.migration_name else { return Ok(format!("Apply all migrations: {app}")) };
        if wanted == "zero" {
            return Err(Failure::refused("a store cannot go back to before its migrations; nothing was changed"));
        }
        match matching(names, wanted) {
            [name] if Some(name) == names.last() => Ok(format!("Target specific migration: {name}, from {app}")),
            [_] => Err(Failure::refused("a store cannot go back to before its migrations; nothing was changed")),
            [] => Err(Failure::command(format!("Cannot find a migration matching '{wanted}' from app '{app}'."))),
            [_, _, ..] => Err(Failure::command(format!(
                "More than one migration matches '{wanted}' in app '{app}'. Please be more specific."
            ))),
        }
    }
}

/// The migrations of an app that is there.
fn names_of(app: &str) -> Result<&'static [&'static str], Failure> {
    if !APPS.contains(&app) {
        return Err(Failure::command(no_app(app)));
    }
    let found = MIGRATIONS.iter().find(|(label, _)| *label == app);
    found.map(|(_, names)| *names).ok_or_else(|| Failure::command(format!("App '{app}' does not have migrations.")))
}

/// The migrations that begin so. They are in order, so those with one beginning stand together.
fn matching<'a>(names: &'a [&'static str], prefix: &str) -> &'a [&'static str] {
    let first = names.iter().position(|name| name.starts_with(prefix)).unwrap_or(names.len());
    let count = names[first..].iter().take_while(|name| name.starts_with(prefix)).count();
    &names[first..first + count]
}

/// The migration of an app that begins so; `end` is what the command adds where there is none.
pub(super) fn one_of(app: &str, prefix: &str, end: &str) -> Result<&'static str, Failure> {
    the_one(names_of(app)?, app, prefix, end)
}

fn the_one(names: &[&'static str], app: &str, prefix: &str, end: &str) -> Result<&'static str, Failure> {
    match matching(names, prefix) {
        [name] => Ok(name),
        [] => Err(Failure::command(format!("Cannot find a migration matching '{prefix}' from app '{app}'{end}"))),
        [_, _, ..] => Err(Failure::command(format!(
            "More than one migration matches '{prefix}' in app '{app}'. Please be more specific."
        ))),
    }
}

/// Creates new migrations for apps: there is never anything to create
#[derive(Args, Debug)]
pub struct MakeMigrations {
    /// App labels
    app_label: Vec<String>,
    /// Writes nothing anyway
    #[arg(long)]
    dry_run: bool,
    /// Writes nothing anyway
    #[arg(long)]
    merge: bool,
    /// Refused: there is no project to write it to
    #[arg(long)]
    empty: bool,
    /// Never asks anyway
    #[arg(long = "noinput", alias = "no-input")]
    noinput: bool,
    /// Of no use here
    #[arg(short, long)]
    name: Option<String>,
    /// Exit with a non-zero status if model changes are missing migrations, which they never are
    #[arg(long = "check")]
    check_changes: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

impl MakeMigrations {
    pub(super) fn run(self) -> Result<Reply, Failure> {
        unknown_apps(&self.app_label)?;
        if self.empty && self.app_label.is_empty() {
            return Err(Failure::command("You must supply at least one app label when using --empty."));
        }
        if self.merge {
            // Whatever the verbosity.
            return Ok(Reply::text("No conflicts detected to merge.\n"));
        }
        if self.empty {
            return Err(Failure::refused("there is no project to write a migration to"));
        }
        Ok(match (self.common.verbosity(), self.app_label.as_slice()) {
            (0, _) => Reply::default(),
            (_, []) => Reply::text("No changes detected\n"),
            (_, [app]) => Reply::text(format!("No changes detected in app '{app}'\n")),
            (_, apps) => Reply::text(format!("No changes detected in apps '{}'\n", apps.join("', '"))),
        })
    }
}

/// Django's words about apps that are not there, and its exit status 2.
fn unknown_apps(labels: &[String]) -> Result<(), Failure> {
    let unknown = labels.iter().filter(|label| !APPS.contains(&label.as_str())).map(|label| no_app(label));
    let lines: Vec<_> = unknown.collect();
    if lines.is_empty() {
        return Ok(());
    }
    Err(Failure::Usage {
        message: lines.join("\n"),
        usage: String::new(),
        hints: Vec::new(),
        style: super::Style::Argparse,
    })
}

/// Shows all available migrations
#[derive(Args, Debug)]
pub struct ShowMigrations {
    /// App labels
    app_label: Vec<String>,
    /// Shows a list of all migrations and which are applied
    #[arg(short, long)]
    list: bool,
    /// Shows all migrations in the order they will be applied
    #[arg(short, long, conflicts_with = "list")]
    plan: bool,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    pub(super) common: Common,
}

impl ShowMigrations {
    pub(super) fn run(self) -> Result<Reply, Failure> {
        unknown_apps(&self.app_label)?;
        let wanted = |app: &str| self.app_label.is_empty() || self.app_label.iter().any(|label| label == app);
        let mut text = String::new();
        if self.plan {
            for (app, name) in plan(&wanted) {
                let _ = writeln!(text, "[X]  {app}.{name}");
            }
            return Ok(Reply::text(text));
        }
        let mut labels: Vec<&str> = MIGRATIONS.iter().map(|(app, _)| *app).filter(|app| wanted(app)).collect();
        let without = self.app_label.iter().map(String::as_str).filter(|app| names_of(app).is_err());
        labels.extend(without);
        labels.sort_unstable();
        for app in labels {
            let _ = writeln!(text, "{app}");
            match names_of(app) {
                Ok(names) => names.iter().for_each(|name| {
                    let _ = writeln!(text, " [X] {name}");
                }),
                Err(_) => text.push_str(" (no migrations)\n"),
            }
        }
        Ok(Reply::text(text))
    }
}

/// The order in which a new database is migrated, as far as it concerns these apps: theirs, and what theirs needs.
fn plan(wanted: &dyn Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    let names = |app: &str| MIGRATIONS.iter().find(|(label, _)| *label == app).map_or(&[][..], |(_, names)| *names);
    if APPS.iter().all(|app| wanted(app)) {
        // The order of Django's graph: what each needs comes just before it.
        let steps = [
            ("contenttypes", 0..1),
            ("auth", 0..1),
            ("admin", 0..3),
            ("contenttypes", 1..2),
            ("auth", 1..12),
            ("authtoken", 0..4),
            ("sessions", 0..1),
        ];
        return steps
            .into_iter()
            .flat_map(|(app, range)| names(app)[range].iter().map(move |name| (app, *name)))
            .collect();
    }
    let needs =
        [("contenttypes", "auth", 2), ("contenttypes", "admin", 1), ("auth", "admin", 1), ("auth", "authtoken", 1)];
    let mut order = Vec::new();
    for app in ["contenttypes", "auth", "admin", "authtoken", "sessions"] {
        let needed = needs.iter().filter(|(need, by, _)| *need == app && wanted(by)).map(|(_, _, count)| *count).max();
        let deep = usize::from(app == "contenttypes" && wanted("authtoken"));
        let count = if wanted(app) { names(app).len() } else { needed.unwrap_or(deep) };
        order.extend(names(app).iter().take(count).map(|name| (app, *name)));
    }
    order
}

/// Prints the SQL statements for the named migration
#[derive(Args, Debug)]
pub struct SqlMigrate {
    /// App label of the application containing the migration
    app_label: String,
    /// Migration name to print the SQL for
    migration_name: String,
    /// Creates SQL to unapply the migration
    #[arg(long)]
    backwards: bool,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    pub(super) common: Common,
}

impl SqlMigrate {
    pub(super) fn run(self) -> Result<Reply, Failure> {
        let (app, wanted) = (&self.app_label, &self.migration_name);
        // Here Django writes it without a period.
        let names = names_of(app).map_err(|failure| match failure {
            Failure::Command { message, .. } if message.contains("does not have") => {
                Failure::command(message.trim_end_matches('.'))
            }
            other => other,
        })?;
        let name = the_one(names, app, wanted, ". Is it in INSTALLED_APPS?")?;
        match (app.as_str(), name, self.backwards) {
            ("authtoken", name, false) => Ok(Reply::text(sql_of(name))),
            _ => Err(Failure::refused("there is no SQL behind this store; only authtoken's is shown, as it was")),
        }
    }
}

fn sql_of(name: &str) -> String {
    let steps: &[(&str, &str)] = match name {
        "0001_initial" => &[(
            "Create model Token",
            "CREATE TABLE \"authtoken_token\" (\"key\" varchar(40) NOT NULL PRIMARY KEY, \"created\" datetime NOT \
             NULL, \"user_id\" integer NOT NULL UNIQUE REFERENCES \"auth_user\" (\"id\") DEFERRABLE INITIALLY \
             DEFERRED);",
        )],
        "0002_auto_20160226_1747" => &[
            ("Change Meta options on token", "-- (no-op)"),
            ("Alter field created on token", "-- (no-op)"),
            ("Alter field key on token", "-- (no-op)"),
            ("Alter field user on token", "-- (no-op)"),
        ],
        "0003_tokenproxy" => &[("Create proxy model TokenProxy", "-- (no-op)")],
        _ => &[("Change Meta options on tokenproxy", "-- (no-op)")],
    };
    let steps: String = steps.iter().map(|(what, sql)| format!("--\n-- {what}\n--\n{sql}\n")).collect();
    format!("BEGIN;\n{steps}COMMIT;\n")
}

/// Returns a list of the SQL statements that flush Django's database
#[derive(Args, Debug)]
pub struct SqlFlush {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Django's tables. It lists them in the order of a set, which differs from run to run.
const TABLES: [&str; 10] = [
    "django_session",
    "auth_group",
    "django_admin_log",
    "django_content_type",
    "auth_user_user_permissions",
    "authtoken_token",
    "auth_permission",
    "auth_user_groups",
    "auth_group_permissions",
    "auth_user",
];

/// What `sqlflush` prints.
pub(super) fn sqlflush() -> String {
    let deletes: String = TABLES.iter().map(|table| format!("DELETE FROM \"{table}\";\n")).collect();
    let names = TABLES.map(|table| format!("'{table}'")).join(", ");
    format!("BEGIN;\n{deletes}UPDATE \"sqlite_sequence\" SET \"seq\" = 0 WHERE \"name\" IN ({names});\nCOMMIT;\n")
}
