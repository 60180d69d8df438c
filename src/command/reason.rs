//! `--reason`: why something was changed, for the audit trail.

use clap::Args;

/// The option, which every command that changes something has
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Reason {
    /// Kept in the audit trail
    #[arg(long = "reason", value_name = "TEXT")]
    text: Option<String>,
}

impl Reason {
    /// What was given.
    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}
