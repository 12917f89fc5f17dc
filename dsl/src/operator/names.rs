//! Names that are not names of operators, and what was probably meant by them.

use haversack_core::nearest;

use super::{OPERATORS, Operator};

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
    ("=>", Operator::Ge),
    ("=<", Operator::Le),
    ("gte", Operator::Ge),
    ("lte", Operator::Le),
    ("equals", Operator::Eq),
    ("not-equal", Operator::Ne),
    ("not-equals", Operator::Ne),
    ("greater-than", Operator::Gt),
    ("less-than", Operator::Lt),
    ("before", Operator::Lt),
    ("after", Operator::Gt),
    ("is", Operator::Null),
    ("is-null", Operator::Null),
    ("isnull", Operator::Null),
    ("is null", Operator::Null),
    ("is not null", Operator::NotNull),
    ("is-not-null", Operator::NotNull),
    ("contains", Operator::Like),
    ("not-contains", Operator::NotLike),
    ("does-not-contain", Operator::NotLike),
    ("matches", Operator::Like),
    ("starts-with", Operator::BeginsWith),
    ("startswith", Operator::BeginsWith),
    ("endswith", Operator::EndsWith),
    ("not-begins-with", Operator::NotBeginWith),
    ("not-ends-with", Operator::NotEndWith),
    ("eq-userorteams", Operator::EqUseroruserteams),
    ("last-7-days", Operator::LastSevenDays),
    ("next-7-days", Operator::NextSevenDays),
    ("under-or-eq", Operator::EqOrUnder),
    ("above-or-eq", Operator::EqOrAbove),
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
