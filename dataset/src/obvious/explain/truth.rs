//! A filter on one row, each part with its truth and what it found.

use haversack_core::{Name, RowId, Value, limits::EXPLAIN_LINKED_ROWS_MAX};
use haversack_dsl::query::{Comparison, Condition, Filter, Quantifier};

use super::{
    super::{
        condition,
        filter::{self, Tested},
    },
    Lookup,
};
use crate::{Caller, Rows};

/// A filter, each part with its truth.
#[derive(Clone, Debug)]
pub enum FilterTruth {
    /// All parts must hold.
    And(bool, Vec<FilterTruth>),
    /// One part must hold.
    Or(bool, Vec<FilterTruth>),
    /// A condition.
    Condition(ConditionTruth),
    /// A comparison of two columns.
    Comparison(ComparisonTruth),
    /// Linked rows.
    Linked(LinkedTruth),
}

/// A condition with the row's value and its truth.
#[derive(Clone, Debug)]
pub struct ConditionTruth {
    /// The condition.
    pub condition: Condition,
    /// What the row has in its column.
    pub value: Option<Value>,
    /// Whether it holds.
    pub holds: bool,
}

/// A comparison of two columns with the row's values and its truth.
#[derive(Clone, Debug)]
pub struct ComparisonTruth {
    /// The comparison.
    pub comparison: Comparison,
    /// What the row has in the one column, and in the other.
    pub values: (Option<Value>, Option<Value>),
    /// Whether it holds.
    pub holds: bool,
}

/// A filter on linked rows with its truth.
#[derive(Clone, Debug)]
pub struct LinkedTruth {
    /// Which rows are asked for.
    pub quantifier: Quantifier,
    /// The linked table.
    pub table: Name,
    /// The first of the rows that were found, by id.
    pub found: Vec<RowId>,
    /// Whether more were found than are named.
    pub found_more: bool,
    /// Whether it holds.
    pub holds: bool,
}

impl FilterTruth {
    /// Whether it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self {
            Self::And(holds, _) | Self::Or(holds, _) => *holds,
            Self::Condition(truth) => truth.holds,
            Self::Comparison(truth) => truth.holds,
            Self::Linked(truth) => truth.holds,
        }
    }
}

/// The truth of a filter and of its parts.
pub(super) fn truth(
    lookup: &dyn Lookup,
    rows: &dyn Rows,
    caller: &Caller,
    (filter, row): (&Filter, Tested<'_>),
) -> FilterTruth {
    let all = |parts: &[Filter]| -> Vec<_> {
        parts.iter().map(|part| truth(lookup, rows, caller, (part, row))).collect()
    };
    match filter {
        Filter::And(parts) => {
            let parts = all(parts);
            FilterTruth::And(parts.iter().all(FilterTruth::holds), parts)
        }
        Filter::Or(parts) => {
            let parts = all(parts);
            FilterTruth::Or(parts.iter().any(FilterTruth::holds), parts)
        }
        Filter::Condition(condition) => {
            let value = row.column(rows, &condition.column);
            let holds = condition::holds(rows, caller, condition, value.as_ref());
            FilterTruth::Condition(ConditionTruth { condition: condition.clone(), value, holds })
        }
        Filter::Comparison(comparison) => {
            let value = row.column(rows, &comparison.column);
            let other = row.column(rows, &comparison.other);
            let holds = filter::compares(comparison, value.as_ref(), other.as_ref());
            let (comparison, values) = (comparison.clone(), (value, other));
            FilterTruth::Comparison(ComparisonTruth { comparison, values, holds })
        }
        Filter::Linked(linked) => {
            let (mut found, holds) = lookup.linked(linked, row);
            let found_more = found.len() > EXPLAIN_LINKED_ROWS_MAX;
            found.truncate(EXPLAIN_LINKED_ROWS_MAX);
            let (quantifier, table) = (linked.quantifier, linked.table.clone());
            FilterTruth::Linked(LinkedTruth { quantifier, table, found, found_more, holds })
        }
    }
}
