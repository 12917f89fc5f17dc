//! Filters in canonical form: what they mean, without the way in which it was written.
//!
//! Conditions have two truths (a null makes a condition false, or true where it is negative), so
//! the laws of sets hold: parts are flattened, sorted, taken once, folded where their answer is
//! known, and two filters that say the same in another order become one [`Predicate`].

mod condition;
mod print;

use std::collections::BTreeSet;

use haversack_core::Name;

use crate::query::{Comparison, Condition, Filter, Linked, Quantifier};

/// What a row must fulfil, in canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// The same for every row.
    Constant(bool),
    /// All of these: two at least, none of them an `And` or a constant, sorted, each once.
    And(Vec<Predicate>),
    /// One of these: two at least, none of them an `Or` or a constant, sorted, each once.
    Or(Vec<Predicate>),
    /// A condition on a column.
    Condition(Condition),
    /// A comparison of two columns.
    Comparison(Comparison),
    /// A condition on the rows of another table.
    Any(Any),
}

/// Whether there is a row of another table that joins this row and that a predicate selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Any {
    /// Whether there must be none.
    pub negated: bool,
    /// The other table.
    pub table: Name,
    /// The column on `table`.
    pub from: Name,
    /// The column on the parent that it must equal. Nulls equal nothing.
    pub to: Name,
    /// Which of the joined rows count.
    pub filter: Box<Predicate>,
}

impl Predicate {
    /// The canonical form of a filter; of none: always.
    #[must_use]
    pub fn of(filter: Option<&Filter>) -> Self {
        match filter {
            None => Self::Constant(true),
            Some(Filter::And(parts)) => Self::and(parts.iter().map(|part| Self::of(Some(part)))),
            Some(Filter::Or(parts)) => Self::or(parts.iter().map(|part| Self::of(Some(part)))),
            Some(Filter::Condition(condition)) => condition::fold(condition),
            Some(Filter::Comparison(comparison)) => Self::Comparison(comparison.clone()),
            Some(Filter::Linked(linked)) => Self::linked(linked),
        }
    }

    /// All of these.
    #[must_use]
    pub fn and(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::joined(parts, true)
    }

    /// One of these.
    #[must_use]
    pub fn or(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::joined(parts, false)
    }

    /// Joins parts by `and` if that is the connective whose empty form is this truth, else by `or`.
    fn joined(parts: impl IntoIterator<Item = Self>, empty: bool) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Constant(truth) if truth == empty => {}
                Self::Constant(truth) => return Self::Constant(truth),
                Self::And(inner) if empty => flat.extend(inner),
                Self::Or(inner) if !empty => flat.extend(inner),
                other => flat.push(other),
            }
        }
        flat.sort_by_cached_key(Self::key);
        flat.dedup();
        if has_opposites(&flat) || (empty && condition::contradict(&flat)) {
            return Self::Constant(!empty);
        }
        match (flat.len(), empty) {
            (0, _) => Self::Constant(empty),
            (1, _) => flat.remove(0),
            (_, true) => Self::And(flat),
            (_, false) => Self::Or(flat),
        }
    }

    fn linked(linked: &Linked) -> Self {
        let any = |negated, filter| {
            let Linked { table, from, to, .. } = linked.clone();
            Self::Any(Any { negated, table, from, to, filter: Box::new(filter) }).settled()
        };
        let filter = Self::of(linked.filter.as_deref());
        match linked.quantifier {
            Quantifier::Any | Quantifier::NotAll => any(false, filter),
            Quantifier::NotAny => any(true, filter),
            Quantifier::All => Self::and([any(false, Self::Constant(true)), any(true, filter)]),
        }
    }

    /// A link that no row can satisfy is known beforehand.
    fn settled(self) -> Self {
        match self {
            Self::Any(any) if *any.filter == Self::Constant(false) => Self::Constant(any.negated),
            other => other,
        }
    }

    /// The opposite, where it can be said without `not`.
    #[must_use]
    pub fn opposite(&self) -> Option<Self> {
        match self {
            Self::Constant(truth) => Some(Self::Constant(!truth)),
            Self::Condition(condition) => {
                let operator = condition.operator.opposite()?;
                Some(Self::Condition(Condition { operator, ..condition.clone() }))
            }
            Self::Any(any) => Some(Self::Any(Any { negated: !any.negated, ..any.clone() })),
            Self::And(_) | Self::Or(_) | Self::Comparison(_) => None,
        }
    }

    /// What tells it from every other: predicates with one key mean the same for the same caller.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{self:?}")
    }
}

/// The filter that says the same: what an evaluator of filters runs.
impl From<&Predicate> for Filter {
    fn from(predicate: &Predicate) -> Self {
        let all = |parts: &[Predicate]| parts.iter().map(Self::from).collect();
        match predicate {
            Predicate::Constant(true) => Self::And(Vec::new()),
            Predicate::Constant(false) => Self::Or(Vec::new()),
            Predicate::And(parts) => Self::And(all(parts)),
            Predicate::Or(parts) => Self::Or(all(parts)),
            Predicate::Condition(condition) => Self::Condition(condition.clone()),
            Predicate::Comparison(comparison) => Self::Comparison(comparison.clone()),
            Predicate::Any(any) => Self::Linked(Linked {
                quantifier: if any.negated { Quantifier::NotAny } else { Quantifier::Any },
                table: any.table.clone(),
                from: any.from.clone(),
                to: any.to.clone(),
                filter: Some(Box::new(Self::from(any.filter.as_ref()))),
            }),
        }
    }
}

/// Whether a part and its opposite are both there.
fn has_opposites(parts: &[Predicate]) -> bool {
    let keys: BTreeSet<String> =
        parts.iter().filter_map(|part| part.opposite().map(|opposite| opposite.key())).collect();
    !keys.is_empty() && parts.iter().any(|part| keys.contains(&part.key()))
}
