//! What a caller may read, what a query selects, what belongs on a user's device, and why.
//!
//! [`Evaluator`] is the face; [`Obvious`] answers row by row with nested loops and no index. It is
//! meant to be read, and kept as the oracle of every faster engine behind the same trait.
//!
//! Nothing here writes, and nothing reads a clock: [`Caller`] carries the time.

mod caller;
mod columnar;
mod difference;
mod obvious;
mod rows;

pub use caller::{Caller, check_time_zone};
pub use columnar::{
    Columnar, DeviceRows, Job, Memory, RowsOfTable, Runner, Shift, Side, SizeOf, When, preview,
};
pub use difference::{Departure, Difference};
pub use obvious::{
    Check, ComparisonTruth, ConditionTruth, Explanation, FilterTruth, Like, LinkedTruth, Obvious,
    Offered, related_to,
};
pub use rows::{Rows, Taker, scan};

use std::collections::BTreeMap;

use haversack_core::{Name, RowId, RowVersion, Value, event::RowKey};
use haversack_dsl::query::{Cookie, Query};

/// One row of an answer: the keys asked for, in their order, with the values that are not null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The id of the row of the query's table, also where its key was not asked for. A group has
    /// none.
    pub id: Option<RowId>,
    /// Values by the key under which they were asked for.
    pub values: Vec<(String, Value)>,
}

/// An answer, or one page of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The rows, in the query's order.
    pub rows: Vec<Answer>,
    /// How many rows there are on all pages.
    pub total: usize,
    /// Where the page ended, if more rows follow.
    pub next: Option<Cookie>,
}

/// The rows that belong on a user's device, with the version of each.
pub type Dataset = BTreeMap<RowKey, RowVersion>;

/// Answers questions about rows as they stand at one offset.
pub trait Evaluator {
    /// Whether the caller may read this row. A row that is not there may not be read.
    fn readable(&self, caller: &Caller, table: &str, id: RowId) -> bool;

    /// What a query returns for the caller: all of it, or a page.
    fn answers(&self, caller: &Caller, query: &Query) -> Answers;

    /// The rows that a query returns for the caller, in its order.
    fn query(&self, caller: &Caller, query: &Query) -> Vec<Answer> {
        self.answers(caller, query).rows
    }

    /// The rows that belong on the device of the caller.
    fn dataset(&self, caller: &Caller) -> Dataset;

    /// Why a row is, or is not, on the device of the caller.
    fn explain(&self, caller: &Caller, table: &Name, id: RowId) -> Explanation;
}
