//! A resolved query: every name is one of the catalog, every value of the type of its column.

use haversack_core::{Name, Value};

pub use crate::ast::Quantifier;
use crate::operator::Operator;

/// A whole query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The table whose rows are asked for.
    pub table: Name,
    /// Which columns.
    pub columns: Columns,
    /// Which rows; all if there is none.
    pub filter: Option<Filter>,
    /// In which order, before the primary key breaks ties.
    pub order: Vec<Order>,
    /// How many at the most.
    pub top: Option<u32>,
}

/// The columns asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// All of them.
    All,
    /// These, each under a key of its own.
    Listed(Vec<Selected>),
}

/// One column asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The column.
    pub column: Name,
    /// What it is called in the result: its alias, else its name.
    pub key: String,
}

/// One column to order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The column.
    pub column: Name,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// What a row must fulfil.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All of these. None: always true.
    And(Vec<Filter>),
    /// One of these. Never empty: an empty or-group is resolved to an empty [`Filter::And`].
    Or(Vec<Filter>),
    /// A condition on a column.
    Condition(Condition),
    /// A condition on the rows of another table.
    Linked(Linked),
}

/// Whether rows of another table are there that join this row and that a filter selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Whether some must be there, or none.
    pub quantifier: Quantifier,
    /// The other table.
    pub table: Name,
    /// The column on `table`.
    pub from: Name,
    /// The column on the parent that it must equal. Nulls equal nothing.
    pub to: Name,
    /// Which of the joined rows count; all if there is none.
    pub filter: Option<Box<Filter>>,
}

/// A column, an operator, and what the operator takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The column.
    pub column: Name,
    /// The operator.
    pub operator: Operator,
    /// As many values as the operator's arity says.
    pub operand: Operand,
}

/// The values of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// None.
    None,
    /// One.
    One(Literal),
    /// A list of at least one.
    Many(Vec<Literal>),
}

/// One value of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A value that means the same to everyone. Lookups and owners are compared by [`Value::Id`].
    Value(Value),
    /// A wall-clock time, which each caller reads in their own zone.
    Local(jiff::civil::DateTime),
}
