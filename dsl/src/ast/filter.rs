//! Filters: groups, conditions, and conditions on the rows of another table.

use haversack_core::Name;

use super::{ColumnRef, Join, Spanned, Value};
use crate::operator::Operator;

/// How the parts of a group are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connective {
    /// All of them hold.
    And,
    /// One of them holds.
    Or,
}

/// Parts of a filter, joined. An empty one holds always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// How they are joined.
    pub connective: Spanned<Connective>,
    /// The parts, in the order in which they were written.
    pub parts: Vec<Part>,
}

/// One part of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A group in its turn.
    Group(Group),
    /// A condition on a column.
    Condition(Condition),
    /// A condition on the rows of another table.
    Linked(Linked),
}

/// A column, an operator, and as many values as the operator takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The column. One of a link is looked at after the join.
    pub column: ColumnRef,
    /// The operator.
    pub operator: Spanned<Operator>,
    /// The values, as text: what type they are is for the column to say.
    pub values: Vec<Spanned<Value>>,
    /// The column to compare with, in place of a value.
    pub valueof: Option<ColumnRef>,
}

/// Whether rows of another table are there that join this row and that a filter selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Which rows must be there, or must not.
    pub quantifier: Spanned<Quantifier>,
    /// The other table.
    pub table: Spanned<Name>,
    /// The columns that join it; none: by the only lookup between the two tables.
    pub join: Option<Join>,
    /// Which of the joined rows count; all if there is none. Never an empty group.
    pub filter: Option<Group>,
}

/// Which joined rows must be there, or must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one that the filter selects.
    Any,
    /// None that the filter selects.
    NotAny,
    /// At least one, and none that the filter selects: the name says the opposite of what
    /// Dataverse does.
    All,
    /// At least one that the filter selects: in Dataverse the same as [`Quantifier::Any`].
    NotAll,
}

impl Connective {
    /// The connective's name in both syntaxes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

impl Quantifier {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Any, Self::NotAny, Self::All, Self::NotAll];

    /// The quantifier's name in both syntaxes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::NotAny => "not any",
            Self::All => "all",
            Self::NotAll => "not all",
        }
    }
}

impl Group {
    /// The group, unless it is empty: a filter that says nothing is no filter.
    #[must_use]
    pub fn unless_empty(self) -> Option<Self> {
        (!self.parts.is_empty()).then_some(self)
    }
}
