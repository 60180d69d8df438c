//! Django's `check`: there are no settings that could be wrong, so it finds nothing.

use clap::Args;

use super::{
    Failure, Reply,
    django::{Common, Database},
};

/// The apps whose names `check`, `migrate` and `dumpdata` know, in the order in which Django's registry has them.
pub(super) const APPS: [&str; 8] =
    ["admin", "auth", "contenttypes", "sessions", "messages", "staticfiles", "rest_framework", "authtoken"];

const TAGS: [&str; 12] = [
    "admin",
    "caches",
    "commands",
    "compatibility",
    "database",
    "files",
    "models",
    "security",
    "staticfiles",
    "templates",
    "translation",
    "urls",
];

/// Check for potential problems
#[derive(Args, Debug)]
pub struct Check {
    /// Only these apps
    app_label: Vec<String>,
    /// Run only checks labeled with given tag
    #[arg(short, long, value_name = "TAG")]
    tag: Vec<String>,
    /// List available tags
    #[arg(long)]
    list_tags: bool,
    /// Check deployment settings
    #[arg(long)]
    deploy: bool,
    /// Message level that will cause the command to exit with a non-zero status
    #[arg(long, value_parser = ["CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"], default_value = "ERROR", value_name = "LEVEL", hide_possible_values = true)]
    fail_level: String,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    pub(super) common: Common,
}

impl Check {
    pub(super) fn run(self) -> Result<Reply, Failure> {
        if self.list_tags {
            let deploy = self.deploy.then_some("async_support");
            let mut tags: Vec<_> = TAGS.into_iter().chain(deploy).map(|tag| format!("{tag}\n")).collect();
            tags.sort();
            return Ok(Reply::text(tags.concat()));
        }
        for app in &self.app_label {
            known_app(app)?;
        }
        if let Some(tag) = self.tag.iter().find(|tag| !TAGS.contains(&tag.as_str())) {
            return Err(Failure::command(format!("There is no system check with the \"{tag}\" tag.")));
        }
        Ok(Reply::text("System check identified no issues (0 silenced).\n"))
    }
}

/// Django's `LookupError` for an app that is not installed.
fn known_app(label: &str) -> Result<(), Failure> {
    if APPS.contains(&label) {
        return Ok(());
    }
    Err(Failure::raised("LookupError", no_app(label)))
}

/// That there is no such app, with what Django thinks was meant.
pub(super) fn no_app(label: &str) -> String {
    let mut text = format!("No installed app with label '{label}'.");
    // Django looks for an app whose name, not label, this is.
    let meant = match label {
        "rest_framework.authtoken" => Some("authtoken"),
        label => label.strip_prefix("django.contrib.").filter(|label| APPS.contains(label)),
    };
    if let Some(meant) = meant {
        text.push_str(&format!(" Did you mean '{meant}'?"));
    }
    text
}
