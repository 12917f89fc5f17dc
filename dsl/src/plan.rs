//! Plans: a query's predicates split by what their answers depend on, which is what an engine needs
//! to know to evaluate them once and not once for each caller.
//!
//! Three stages lead here, each printable: the [`Fetch`](crate::ast::Fetch) that was written, its
//! [`Predicate`]s in canonical form, and the [`Plan`].

mod needs;
mod print;

use haversack_core::Name;

pub use self::needs::Needs;
use crate::{
    algebra::{Any, Predicate},
    ast::LinkKind,
    query::{Link, Query},
};

/// How a query's rows are found. What is made of them (columns, groups, order, pages) the query says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The table whose rows are asked for.
    pub table: Name,
    /// Which of its rows, as far as that can be told before the join.
    pub rows: Step,
    /// The tables that are joined to it.
    pub joins: Vec<Join>,
    /// Which rows of the join: what looks at links.
    pub after: Step,
}

/// A table that is joined to the one around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The link's number in the query.
    pub number: usize,
    /// What the query calls it.
    pub name: Name,
    /// What becomes of rows that find no partner, or several.
    pub kind: LinkKind,
    /// The table.
    pub table: Name,
    /// The column on `table`.
    pub from: Name,
    /// The column on the table around it that it must equal.
    pub to: Name,
    /// Which rows can be partners, as far as that can be told without the row they join.
    pub rows: Step,
    /// Which partners count: what looks at links.
    pub after: Step,
    /// The tables that are joined to this one.
    pub joins: Vec<Join>,
}

/// A predicate, cut where the dependence of its answer changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// What depends on the row, and perhaps on zone and clock: callers share the answer.
    Shared(Shared),
    /// A condition or comparison that names the caller, looks at a link or walks a hierarchy.
    Own(Predicate, Needs),
    /// All of these; what is shared among them is one part, and the first.
    And(Vec<Step>),
    /// One of these; what is shared among them is one part, and the first.
    Or(Vec<Step>),
    /// Rows of another table, as the caller may read them.
    Any {
        /// The link; its own filter is the next field in canonical form.
        any: Any,
        /// Which of the joined rows count.
        filter: Box<Step>,
    },
}

/// A predicate whose answer callers share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The predicate.
    pub predicate: Predicate,
    /// By what it is known: equal keys, equal answers on one table.
    pub key: String,
    /// Zone and clock, if they count.
    pub needs: Needs,
}

impl Plan {
    /// The plan of a query.
    #[must_use]
    pub fn of(query: &Query) -> Self {
        let (rows, after) = split(Predicate::of(query.filter.as_ref()));
        let joins = query.links.iter().map(Join::of).collect();
        Self { table: query.table.clone(), rows, joins, after }
    }
}

impl Join {
    fn of(link: &Link) -> Self {
        let (rows, after) = split(Predicate::of(link.filter.as_ref()));
        Self {
            number: link.number,
            name: link.name.clone(),
            kind: link.kind,
            table: link.table.clone(),
            from: link.from.clone(),
            to: link.to.clone(),
            rows,
            after,
            joins: link.links.iter().map(Self::of).collect(),
        }
    }
}

impl Step {
    /// The step of a predicate.
    #[must_use]
    pub fn of(predicate: Predicate) -> Self {
        let needs = Needs::of(&predicate);
        if needs.is_shareable() {
            return Self::Shared(Shared { key: predicate.key(), predicate, needs });
        }
        match predicate {
            Predicate::And(parts) => Self::And(cut(parts, Predicate::and)),
            Predicate::Or(parts) => Self::Or(cut(parts, Predicate::or)),
            Predicate::Any(any) => {
                let filter = Box::new(Self::of((*any.filter).clone()));
                Self::Any { any, filter }
            }
            other => Self::Own(other, needs),
        }
    }

    /// What its answer depends on.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match self {
            Self::Shared(shared) => shared.needs,
            Self::Own(_, needs) => *needs,
            Self::And(steps) | Self::Or(steps) => {
                steps.iter().map(Self::needs).fold(Needs::default(), Needs::and)
            }
            Self::Any { filter, .. } => filter.needs().and(Needs::ROWS),
        }
    }

    /// Whether it selects every row.
    #[must_use]
    pub fn is_always(&self) -> bool {
        matches!(self, Self::Shared(shared) if shared.predicate == Predicate::Constant(true))
    }
}

/// Parts that may be shared as one, then the others.
fn cut(parts: Vec<Predicate>, joined: impl Fn(Vec<Predicate>) -> Predicate) -> Vec<Step> {
    let (shared, own): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|part| Needs::of(part).is_shareable());
    let first = (!shared.is_empty()).then(|| Step::of(joined(shared)));
    first.into_iter().chain(own.into_iter().map(Step::of)).collect()
}

/// Cuts a predicate in two that must both hold: the first looks at no link.
fn split(predicate: Predicate) -> (Step, Step) {
    let parts = match predicate {
        Predicate::And(parts) => parts,
        other => vec![other],
    };
    let (after, before): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|part| Needs::of(part).links);
    (Step::of(Predicate::and(before)), Step::of(Predicate::and(after)))
}
