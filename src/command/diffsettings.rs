//! Django's `diffsettings`, as far as there are settings that are true of us.

use clap::Args;

use super::{Context, Reply, django::Common};

/// Display differences between the current settings and Django's default settings
#[derive(Args, Debug)]
pub struct DiffSettings {
    /// Display all settings; those that are not changed begin with ###
    #[arg(long)]
    all: bool,
    /// Accepted and not used
    #[arg(long, value_name = "MODULE")]
    default: Option<String>,
    /// Selects the output format
    #[arg(long, value_parser = ["hash", "unified"], default_value = "hash", value_name = "FORMAT")]
    output: String,
    #[command(flatten)]
    pub(super) common: Common,
}

impl DiffSettings {
    pub(super) fn run(self, context: &Context) -> Reply {
        let validators = [
            "UserAttributeSimilarityValidator",
            "MinimumLengthValidator",
            "CommonPasswordValidator",
            "NumericPasswordValidator",
        ]
        .map(|name| format!("{{'NAME': 'django.contrib.auth.password_validation.{name}'}}"))
        .join(", ");
        let store = context.store();
        let settings = [
            ("AUTH_PASSWORD_VALIDATORS", "[]", format!("[{validators}]")),
            ("DATABASES", "{}", format!("{{'default': {{'ENGINE': 'hallpass', 'NAME': '{store}'}}}}")),
            (
                "INSTALLED_APPS",
                "[]",
                "['django.contrib.admin', 'django.contrib.auth', 'django.contrib.contenttypes', \
                 'django.contrib.sessions', 'django.contrib.messages', 'django.contrib.staticfiles', \
                 'rest_framework', 'rest_framework.authtoken']"
                    .to_owned(),
            ),
            ("TIME_ZONE", "'America/Chicago'", "'UTC'".to_owned()),
        ];
        let line = |(name, default, value): &(&str, &str, String)| match self.output.as_str() {
            "unified" => format!("- {name} = {default}\n+ {name} = {value}\n"),
            _ => format!("{name} = {value}\n"),
        };
        Reply::text(settings.iter().map(line).collect::<String>())
    }
}
