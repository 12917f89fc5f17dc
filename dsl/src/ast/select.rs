//! What a query gives, and in which order: columns, functions over groups, groups.

use haversack_core::Name;

use super::{ColumnRef, Spanned};

/// The columns asked for of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// All of them; where that is said.
    All(Spanned<()>),
    /// These; none is for links, and for tables of which a query only has groups.
    Listed(Vec<Selected>),
}

/// A column asked for, or a function of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// What is asked for.
    pub term: Term,
    /// What to call it in the result: in place of the whole key, that of its link included.
    pub alias: Option<Spanned<Name>>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// A column.
    Column(Spanned<Name>),
    /// A function over the rows of a group.
    Function {
        /// The function.
        function: Spanned<Function>,
        /// The column. [`Function::Rows`] looks at none, and FetchXML names one all the same.
        column: Option<Spanned<Name>>,
        /// Whether values that are alike count once.
        distinct: bool,
    },
}

/// A function over the rows of a group. Nulls do not count, but for [`Function::Rows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// How many rows.
    Rows,
    /// How many values.
    Count,
    /// Their sum; null if there is none.
    Sum,
    /// Their mean, exact to ten places, half to even; null if there is none.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// A column by which rows are grouped. Null is a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouped {
    /// The column.
    pub column: Spanned<Name>,
    /// The part of its dates that counts; none: the whole value.
    pub part: Option<Spanned<DatePart>>,
    /// Whether the part is of the time in UTC and not in the caller's zone.
    pub utc: bool,
    /// What to call it in the result.
    pub alias: Option<Spanned<Name>>,
}

/// A part of a date, as an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum DatePart {
    Day,
    Week,
    Month,
    Quarter,
    Year,
    FiscalPeriod,
    FiscalYear,
}

/// One thing to order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The column; of a query that gives groups, the key of a column or group of its result.
    pub column: ColumnRef,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Columns {
    /// All of them, as what says nothing of columns means.
    pub const ALL: Self = Self::All(Spanned { node: (), span: 0..0 });

    /// Those that are listed.
    #[must_use]
    pub fn listed(&self) -> &[Selected] {
        match self {
            Self::All(_) => &[],
            Self::Listed(listed) => listed,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Listed(listed) if listed.is_empty())
    }
}

impl Default for Columns {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl Term {
    /// The function, if it is one.
    #[must_use]
    pub fn function(&self) -> Option<&Spanned<Function>> {
        match self {
            Self::Column(_) => None,
            Self::Function { function, .. } => Some(function),
        }
    }

    /// The column, if one is named.
    #[must_use]
    pub fn column(&self) -> Option<&Spanned<Name>> {
        match self {
            Self::Column(column) => Some(column),
            Self::Function { column, .. } => column.as_ref(),
        }
    }
}

impl Function {
    /// All of them, with their names in FetchXML.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Rows, "count"),
        (Self::Count, "countcolumn"),
        (Self::Sum, "sum"),
        (Self::Avg, "avg"),
        (Self::Min, "min"),
        (Self::Max, "max"),
    ];

    /// Its name in the DSL. Which `count` is meant, the parentheses say.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rows | Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    /// Its name in FetchXML.
    #[must_use]
    pub fn aggregate(self) -> &'static str {
        match self {
            Self::Count => "countcolumn",
            other => other.name(),
        }
    }
}

impl DatePart {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
        Self::FiscalPeriod,
        Self::FiscalYear,
    ];

    /// Its name in both syntaxes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::FiscalPeriod => "fiscal-period",
            Self::FiscalYear => "fiscal-year",
        }
    }

    /// The part with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}
