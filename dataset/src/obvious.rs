//! The obvious evaluator: row by row, nested loops, no index.

pub(crate) mod aggregate;
mod compare;
pub(crate) mod condition;
mod dataset;
pub(crate) mod date_part;
pub(crate) mod explain;
pub(crate) mod filter;
mod hierarchy;
mod join;
pub(crate) mod key;
mod like;
pub(crate) mod mean;
mod order;
mod query;
mod readable;
mod row;
pub(crate) mod time;

pub use dataset::related_to;
pub use explain::{
    Check, ComparisonTruth, ConditionTruth, Explanation, FilterTruth, LinkedTruth, Offered,
};
pub use like::Like;

use haversack_core::{Name, RowId};
use haversack_dsl::query::Query;

use crate::{Answers, Caller, Dataset, Evaluator, Explanation as Explained, Rows};

/// Answers by looking at every row.
pub struct Obvious<'r> {
    rows: &'r dyn Rows,
}

impl<'r> Obvious<'r> {
    /// Answers about these rows.
    #[must_use]
    pub fn new(rows: &'r dyn Rows) -> Self {
        Self { rows }
    }
}

impl Evaluator for Obvious<'_> {
    fn readable(&self, caller: &Caller, table: &str, id: RowId) -> bool {
        readable::by_id(self.rows, caller, table, id)
    }

    fn answers(&self, caller: &Caller, query: &Query) -> Answers {
        query::run(self.rows, caller, query)
    }

    fn dataset(&self, caller: &Caller) -> Dataset {
        dataset::versions(self.rows, &dataset::offered(self.rows, caller))
    }

    fn explain(&self, caller: &Caller, table: &Name, id: RowId) -> Explained {
        explain::explain(self.rows, caller, table, id)
    }
}
