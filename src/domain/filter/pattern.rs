//! Regular expressions that are more than a text.

use std::{fmt, sync::Arc};

/// A compiled regular expression, whoever compiled it.
pub trait Matcher: fmt::Debug + Send + Sync {
    /// Whether it matches somewhere in `text`.
    fn matches(&self, text: &str) -> bool;
}

/// A regular expression that looks around itself or back, compiled by who knows how to.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As it was written.
    pub source: String,
    /// What it became.
    pub matcher: Arc<dyn Matcher>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}
