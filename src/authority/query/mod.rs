//! Answering questions: a [`Query`] evaluated over the store, by index where there is one, with SQLite's answers where
//! databases differ.

mod bulk;
pub(super) mod cache;
mod columns;
mod combine;
mod compare;
mod eval;
mod functions;
mod gather;
mod group;
mod moments;
mod narrow;
mod order;
mod pattern;
mod plan;
mod row;
mod rows;
mod run;
pub(super) mod same;
mod summary;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

pub use bulk::OnConflict;
pub use narrow::Picked;
pub use pattern::pattern;
pub use row::Row;
pub use run::{Fetched, Found};
pub use write::{Assignment, Deleted, Patch};

use super::{Authority, ChangeError, Tx};
use crate::{
    domain::{Entropy, Model, Value, filter::Query},
    store::{Revision, layout::Table},
};

/// A question was not answered, or a change by it not made.
#[derive(Debug)]
pub enum QueryError {
    /// The change was refused, or the store failed.
    Change(ChangeError),
    /// A field must have a value. In SQLite's words: `auth_user.username`.
    NotNull {
        /// The column.
        column: String,
    },
    /// A regular expression cannot be read.
    Pattern,
    /// A function or look-up of Django's own fails on a value.
    Function,
    /// An aggregate of Django's own fails on the values of a group.
    Finalize,
    /// A number grew beyond 64 bits.
    Overflow,
    /// There is no place to keep such rows.
    NoRows {
        /// Of which model.
        model: Model,
    },
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change(error) => error.fmt(f),
            Self::NotNull { column } => write!(f, "NOT NULL constraint failed: {column}"),
            // As SQLite tells of an exception in Django's REGEXP function.
            Self::Pattern | Self::Function => f.write_str("user-defined function raised exception"),
            Self::Finalize => f.write_str("user-defined aggregate's 'finalize' method raised error"),
            Self::Overflow => f.write_str("integer overflow"),
            Self::NoRows { model } => {
                write!(f, "hallpass keeps no rows of {}: it is there, and empty", model.label())
            }
        }
    }
}

impl std::error::Error for QueryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Change(error) => error.source(),
            Self::NotNull { .. }
            | Self::Pattern
            | Self::Function
            | Self::Finalize
            | Self::Overflow
            | Self::NoRows { .. } => None,
        }
    }
}

impl From<ChangeError> for QueryError {
    fn from(error: ChangeError) -> Self {
        Self::Change(error)
    }
}

impl Tx<'_> {
    /// The revision that the store is at. What rests on it must be durable before it is told: it counts as seen.
    fn revision(&mut self) -> Result<Revision, QueryError> {
        let seen = self.core.store.get(&Table::User.counter()).map_err(ChangeError::from)?.seen;
        self.overlay.saw(seen);
        Ok(seen)
    }

    /// Random bytes.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.core.entropy
    }

    /// The results of a query, in SQLite's order where it names none.
    pub fn fetch(&mut self, query: &Query) -> Result<Fetched, QueryError> {
        run::fetch(self, query)
    }

    /// The results of a query that are rows as they are, or values of theirs; none where more has to be computed.
    pub fn pick(&mut self, query: &Query) -> Result<Option<Picked>, QueryError> {
        run::pick(self, query)
    }

    /// How many results a query has.
    pub fn count(&mut self, query: &Query) -> Result<usize, QueryError> {
        run::count(self, query)
    }

    /// The values of aggregates over the results of a query.
    pub fn summarize(
        &mut self,
        query: &Query,
        aggregates: &[crate::domain::filter::Expr],
    ) -> Result<Vec<Value>, QueryError> {
        summary::summarize(self, query, aggregates)
    }
}

impl Authority {
    /// Whether rows of a model are kept at all.
    #[must_use]
    pub const fn keeps(model: Model) -> bool {
        !matches!(model, Model::Session | Model::LogEntry)
    }
}
