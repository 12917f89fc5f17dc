//! A resolved query: every name is one of the catalog, every value of the type of its column.

mod cookie;
mod select;

use std::collections::BTreeSet;

use haversack_core::{Name, Value};

pub use self::{
    cookie::Cookie,
    select::{Aggregate, Applied, By, Columns, Grouped, Order, Selected},
};
pub use crate::ast::{DatePart, Function, LinkKind, Quantifier};
use crate::operator::Operator;

/// A whole query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The table whose rows are asked for.
    pub table: Name,
    /// Which columns; of a query that gives groups, none.
    pub columns: Columns,
    /// How rows make groups, if groups are asked for.
    pub aggregate: Option<Aggregate>,
    /// The tables that are joined to this one.
    pub links: Vec<Link>,
    /// Which rows, after the join; all if there is none.
    pub filter: Option<Filter>,
    /// In which order, before the primary key breaks ties.
    pub order: Vec<Order>,
    /// Whether choices are ordered by their numbers and not by their labels.
    pub raw_order: bool,
    /// Whether rows that look alike come once.
    pub distinct: bool,
    /// How many at the most.
    pub top: Option<u32>,
    /// Which of them, by pages.
    pub page: Option<Page>,
    /// Whether to count the rows of all pages.
    pub counts_all: bool,
}

/// Which rows of an answer, by pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Which page, from 1.
    pub number: u32,
    /// How many rows a page has.
    pub size: u32,
    /// Where an earlier page ended.
    pub after: Option<Cookie>,
    /// What stands for the query without its pages, in the cookies that it gives.
    pub fingerprint: u64,
}

/// A table that is joined to the one around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number: links are numbered from 0, each before those in it.
    pub number: usize,
    /// By what the query calls it: its alias, else its table.
    pub name: Name,
    /// What becomes of rows that find no partner, or several.
    pub kind: LinkKind,
    /// The table.
    pub table: Name,
    /// The column on `table`.
    pub from: Name,
    /// The column on the table around it that it must equal. Nulls equal nothing.
    pub to: Name,
    /// Which rows can be partners; all if there is none.
    pub filter: Option<Filter>,
    /// Of [`LinkKind::First`]: which partner is the first.
    pub order: Vec<Order>,
    /// The tables that are joined to this one.
    pub links: Vec<Link>,
}

/// A column of the row at hand, or of the row that a link found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRef {
    /// The link; none: the row at hand.
    pub link: Option<LinkRef>,
    /// The column.
    pub column: Name,
}

/// A link, as columns name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRef {
    /// Its number.
    pub number: usize,
    /// By what the query calls it.
    pub name: Name,
}

/// What a row must fulfil.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All of these. None: always true.
    And(Vec<Filter>),
    /// One of these. An empty or-group is resolved to an empty [`Filter::And`]; an empty one here,
    /// which only programs make, never holds.
    Or(Vec<Filter>),
    /// A condition on a column.
    Condition(Condition),
    /// A comparison of two columns.
    Comparison(Comparison),
    /// A condition on the rows of another table.
    Linked(Linked),
}

/// Whether rows of another table are there that join this row and that a filter selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Which rows must be there, or must not.
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
    pub column: ColumnRef,
    /// The operator.
    pub operator: Operator,
    /// As many values as the operator's arity says.
    pub operand: Operand,
}

/// Two columns of one type, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The one.
    pub column: ColumnRef,
    /// One of `eq`, `ne`, `gt`, `ge`, `lt`, `le`.
    pub operator: Operator,
    /// The other.
    pub other: ColumnRef,
}

/// The values of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// None.
    None,
    /// One.
    One(Literal),
    /// A list: of two where the operator takes two, else of at least one.
    Many(Vec<Literal>),
}

/// One value of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A value that means the same to everyone. Lookups and owners are compared by [`Value::Id`];
    /// a hierarchy operator has the row where its walk begins as [`Value::Reference`].
    Value(Value),
    /// A wall-clock time, which each caller reads in their own zone.
    Local(jiff::civil::DateTime),
}

impl Query {
    /// All links, those in links included, by their numbers.
    #[must_use]
    pub fn all_links(&self) -> Vec<&Link> {
        fn push<'q>(links: &'q [Link], all: &mut Vec<&'q Link>) {
            for link in links {
                all.push(link);
                push(&link.links, all);
            }
        }
        let mut all = Vec::new();
        push(&self.links, &mut all);
        all
    }
}

impl Query {
    /// The tables that it is linked to: by joins, and by filters on rows of other tables.
    #[must_use]
    pub fn linked_tables(&self) -> BTreeSet<Name> {
        let mut tables = BTreeSet::new();
        let links = self.all_links();
        let filters = links.iter().filter_map(|link| link.filter.as_ref()).chain(&self.filter);
        filters.for_each(|filter| filter.add_linked_tables(&mut tables));
        tables.extend(links.iter().map(|link| link.table.clone()));
        tables
    }
}

impl Filter {
    fn add_linked_tables(&self, tables: &mut BTreeSet<Name>) {
        match self {
            Self::And(filters) | Self::Or(filters) => {
                filters.iter().for_each(|filter| filter.add_linked_tables(tables));
            }
            Self::Linked(linked) => {
                tables.insert(linked.table.clone());
                linked.filter.iter().for_each(|filter| filter.add_linked_tables(tables));
            }
            Self::Condition(_) | Self::Comparison(_) => {}
        }
    }
}

impl std::fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.link {
            Some(link) => write!(f, "{}.{}", link.name, self.column),
            None => write!(f, "{}", self.column),
        }
    }
}
