//! The tree that both syntaxes say: names and values as they were written, with their places.
//!
//! Trees are equal if they say the same, wherever it stands in its text. What the parsers give
//! keeps to every limit of a query's shape; names are not yet looked up in any schema.

use haversack_core::Name;

use crate::operator::Operator;
pub use crate::source::{Source, Span};

/// Something and its place in the text.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// What is there.
    pub node: T,
    /// Where.
    pub span: Span,
}

/// A whole query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The text, for messages.
    pub source: Source,
    /// The table whose rows are asked for.
    pub table: Spanned<Name>,
    /// Which columns.
    pub columns: Columns,
    /// Which rows. Never an empty group: that is no filter.
    pub filter: Option<Group>,
    /// In which order.
    pub order: Vec<Order>,
    /// How many at the most.
    pub top: Option<Spanned<u32>>,
}

/// The columns asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// All of them.
    All,
    /// These; at least one.
    Listed(Vec<Selected>),
}

/// One column asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The column.
    pub column: Spanned<Name>,
    /// What to call it in the result, if not by its name.
    pub alias: Option<Spanned<Name>>,
}

/// One column to order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The column.
    pub column: Spanned<Name>,
    /// Whether the greatest comes first.
    pub descending: bool,
}

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
    /// The column.
    pub column: Spanned<Name>,
    /// The operator.
    pub operator: Spanned<Operator>,
    /// The values, as text: what type they are is for the column to say.
    pub values: Vec<Spanned<String>>,
}

/// Whether rows of another table are there that join this row and that a filter selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Whether some must be there, or none.
    pub quantifier: Spanned<Quantifier>,
    /// The other table.
    pub table: Spanned<Name>,
    /// The column of the other table.
    pub from: Spanned<Name>,
    /// The column of this row's table that it must equal.
    pub to: Spanned<Name>,
    /// Which of the joined rows count; all if there is none. Never an empty group.
    pub filter: Option<Group>,
}

/// Whether some joined row must be there, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one.
    Any,
    /// None.
    NotAny,
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
    /// The quantifier's name in both syntaxes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::NotAny => "not any",
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

impl<T> Spanned<T> {
    /// Puts something in its place.
    pub fn new(node: T, span: Span) -> Self {
        Self { node, span }
    }

    /// Puts something made by a program nowhere.
    pub fn nowhere(node: T) -> Self {
        Self { node, span: 0..0 }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl<T: Eq> Eq for Spanned<T> {}
