//! Names that are not, or not yet, names of operators, and what was probably meant by them.

use haversack_core::nearest;

use super::{OPERATORS, Operator};

/// Operators of FetchXML that are known and not supported yet.
pub(crate) const LATER: &[&str] = &[
    "between",
    "not-between",
    "contain-values",
    "not-contain-values",
    "under",
    "eq-or-under",
    "not-under",
    "above",
    "eq-or-above",
    "on",
    "on-or-before",
    "on-or-after",
    "yesterday",
    "today",
    "tomorrow",
    "last-seven-days",
    "next-seven-days",
    "last-week",
    "this-week",
    "next-week",
    "last-month",
    "this-month",
    "next-month",
    "last-year",
    "this-year",
    "next-year",
    "last-x-hours",
    "next-x-hours",
    "last-x-days",
    "next-x-days",
    "last-x-weeks",
    "next-x-weeks",
    "last-x-months",
    "next-x-months",
    "last-x-years",
    "next-x-years",
    "olderthan-x-minutes",
    "olderthan-x-hours",
    "olderthan-x-days",
    "olderthan-x-weeks",
    "olderthan-x-months",
    "olderthan-x-years",
    "this-fiscal-year",
    "last-fiscal-year",
    "next-fiscal-year",
    "this-fiscal-period",
    "last-fiscal-period",
    "next-fiscal-period",
    "last-x-fiscal-years",
    "next-x-fiscal-years",
    "last-x-fiscal-periods",
    "next-x-fiscal-periods",
    "in-fiscal-year",
    "in-fiscal-period",
    "in-fiscal-period-and-year",
    "in-or-before-fiscal-period-and-year",
    "in-or-after-fiscal-period-and-year",
];

/// Spellings of other languages and tools, too far from ours for the edit distance, or nearer to
/// another operator.
const ELSEWHERE: &[(&str, Operator)] = &[
    ("=", Operator::Eq),
    ("==", Operator::Eq),
    ("!=", Operator::Ne),
    ("<>", Operator::Ne),
    (">", Operator::Gt),
    (">=", Operator::Ge),
    ("<", Operator::Lt),
    ("<=", Operator::Le),
    ("gte", Operator::Ge),
    ("lte", Operator::Le),
    ("equals", Operator::Eq),
    ("is-null", Operator::Null),
    ("is-not-null", Operator::NotNull),
    ("not-begins-with", Operator::NotBeginWith),
    ("not-ends-with", Operator::NotEndWith),
    ("eq-userorteams", Operator::EqUseroruserteams),
];

/// The operator that was probably meant by a name that is none.
pub(crate) fn nearest_operator(found: &str) -> Option<&'static str> {
    let lower = found.to_ascii_lowercase();
    if let Some(operator) = Operator::find(&lower) {
        return Some(operator.name());
    }
    let elsewhere = ELSEWHERE.iter().find(|(name, _)| *name == lower);
    elsewhere
        .map(|(_, operator)| operator.name())
        .or_else(|| nearest(found, OPERATORS.iter().map(|info| info.name)))
}
