//! What a resolved query gives, and in which order.

use super::ColumnRef;
use crate::ast::{DatePart, Function};

/// The columns asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// All of the query's table, and none of links.
    All,
    /// These, each under a key of its own.
    Listed(Vec<Selected>),
}

/// One column asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The column.
    pub column: ColumnRef,
    /// What it is called in the result: its alias, else its name, after that of its link.
    pub key: String,
}

/// How rows make groups, and what is known of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// By what rows are grouped; by nothing: all of them are one group, also if there are none.
    pub groups: Vec<Grouped>,
    /// What is made of the rows of a group.
    pub functions: Vec<Applied>,
}

/// One thing to group by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouped {
    /// The column.
    pub column: ColumnRef,
    /// The part of its dates that counts; none: the whole value.
    pub part: Option<DatePart>,
    /// Whether the part is of the time in UTC and not in the caller's zone.
    pub utc: bool,
    /// What it is called in the result.
    pub key: String,
}

/// A function over the rows of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The function.
    pub function: Function,
    /// The column whose values it is of; none: it is of rows.
    pub column: Option<ColumnRef>,
    /// Whether values that are alike count once.
    pub distinct: bool,
    /// What it is called in the result.
    pub key: String,
}

/// One thing to order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What.
    pub by: By,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// What to order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A column.
    Column(ColumnRef),
    /// One of the groups, by its place among them.
    Group(usize),
    /// One of the functions, by its place among them.
    Function(usize),
}

impl Aggregate {
    /// The keys of a result, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let groups = self.groups.iter().map(|grouped| grouped.key.as_str());
        groups.chain(self.functions.iter().map(|applied| applied.key.as_str()))
    }
}
