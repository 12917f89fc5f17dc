//! The tree that both syntaxes say: names and values as they were written, with their places.
//!
//! Trees are equal if they say the same, wherever it stands in its text. What the parsers give
//! keeps to every limit of a query's shape; names are not yet looked up in any schema.

mod definition;
mod filter;
mod link;
mod select;

use haversack_core::Name;

pub use self::{
    definition::{Definition, Parameter, ParameterType, QueryFile},
    filter::{Condition, Connective, Group, Linked, Part, Quantifier},
    link::{Join, Link, LinkKind},
    select::{Columns, DatePart, Function, Grouped, Order, Selected, Term},
};
pub use crate::{
    comment::Comments,
    source::{Source, Span},
};
use crate::{diagnostic::Diagnostic, source::Notes};

/// Something and its place in the text.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// What is there.
    pub node: T,
    /// Where.
    pub span: Span,
}

/// A value, or the parameter that stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<T = String> {
    /// The value.
    Given(T),
    /// The parameter, by its name. Before a query is resolved, values take the places of these.
    Parameter(Name),
}

/// A whole query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The text, for messages.
    pub source: Source,
    /// The table whose rows are asked for.
    pub table: Spanned<Name>,
    /// What is said of that table.
    pub body: Body,
    /// Whether rows that look alike come once; where that is said.
    pub distinct: Option<Spanned<()>>,
    /// Whether choices are ordered by their numbers and not by their labels; where that is said.
    pub raw_order: Option<Spanned<()>>,
    /// How many rows, and which of them.
    pub paging: Paging,
    /// What was read and has no effect, as warnings. All notes are equal.
    pub notes: Notes,
    /// The comments in the text. All comments are equal.
    pub comments: Comments,
}

/// What is said of the table of a query or of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Which columns.
    pub columns: Columns,
    /// By what rows are grouped. With a group, or a function among the columns, the whole query
    /// gives groups and not rows.
    pub groups: Vec<Grouped>,
    /// Which rows. Never an empty group: that is no filter.
    pub filter: Option<Group>,
    /// The tables that are joined to this one.
    pub links: Vec<Link>,
    /// In which order.
    pub order: Vec<Order>,
}

/// How many rows, and which of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paging {
    /// How many at the most; not with any of the others.
    pub top: Option<Spanned<Value<u32>>>,
    /// Which page, from 1.
    pub page: Option<Spanned<Value<u32>>>,
    /// How many rows a page has.
    pub size: Option<Spanned<Value<u32>>>,
    /// Where an earlier page ended.
    pub cookie: Option<Spanned<String>>,
    /// Whether to count the rows of all pages; where that is said.
    pub total: Option<Spanned<()>>,
}

/// A column of this table, or of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnRef {
    /// The link, by its alias or, without one, its table; none: the table at hand.
    pub link: Option<Spanned<Name>>,
    /// The column.
    pub column: Spanned<Name>,
}

impl<T> Value<T> {
    /// The value, if it is one.
    pub fn given(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Parameter(_) => None,
        }
    }
}

impl Fetch {
    /// Whether it gives groups and not rows.
    #[must_use]
    pub fn is_aggregate(&self) -> bool {
        self.body.is_aggregate()
    }
}

impl Body {
    fn is_aggregate(&self) -> bool {
        !self.groups.is_empty()
            || self.columns.listed().iter().any(|selected| selected.term.function().is_some())
            || self.links.iter().any(|link| link.body.is_aggregate())
    }

    /// The links in it, those in links included, each before its own.
    pub fn all_links(&self) -> impl Iterator<Item = &Link> {
        let mut stack: Vec<&Link> = self.links.iter().rev().collect();
        std::iter::from_fn(move || {
            let link = stack.pop()?;
            stack.extend(link.body.links.iter().rev());
            Some(link)
        })
    }
}

impl Paging {
    /// Whether rows are asked for by pages.
    #[must_use]
    pub fn is_paged(&self) -> bool {
        self.page.is_some() || self.size.is_some() || self.cookie.is_some() || self.total.is_some()
    }
}

impl ColumnRef {
    /// A column of the table at hand.
    #[must_use]
    pub fn own(column: Spanned<Name>) -> Self {
        Self { link: None, column }
    }

    /// Its place.
    #[must_use]
    pub fn span(&self) -> Span {
        match &self.link {
            Some(link) if link.span.end <= self.column.span.start => {
                link.span.start..self.column.span.end
            }
            _ => self.column.span.clone(),
        }
    }
}

impl std::fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.link {
            Some(link) => write!(f, "{}.{}", link.node, self.column.node),
            None => write!(f, "{}", self.column.node),
        }
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

impl Notes {
    /// The warnings.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}
