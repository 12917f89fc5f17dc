//! Links: tables that are joined to the query's table, or to one another.

use haversack_core::Name;

use super::{Body, Spanned};

/// A table that is joined to the table around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What becomes of rows that find no partner, or several.
    pub kind: Spanned<LinkKind>,
    /// The table.
    pub table: Spanned<Name>,
    /// What to call it, if not by its table.
    pub alias: Option<Spanned<Name>>,
    /// The columns that join it; none: by the only lookup between the two tables.
    pub join: Option<Join>,
    /// What is said of the table. Its filter is part of the join.
    pub body: Body,
}

/// The two columns that join a table to the one around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The column of the joined table.
    pub from: Spanned<Name>,
    /// The column of the table around it that must be equal.
    pub to: Spanned<Name>,
}

/// What becomes of rows that find no partner, or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkKind {
    /// A row for every pair.
    #[default]
    Inner,
    /// The same, and rows without a partner once, with nulls.
    Outer,
    /// Rows with a partner, once; the partner gives no columns.
    Exists,
    /// The same, as Dataverse writes it in another way.
    In,
    /// Rows with a partner, once, with the first of their partners.
    First,
}

impl LinkKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Inner, Self::Outer, Self::Exists, Self::In, Self::First];

    /// Its name in the DSL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inner => "inner",
            Self::Outer => "outer",
            Self::Exists => "exists",
            Self::In => "in",
            Self::First => "first",
        }
    }

    /// Its name in FetchXML.
    #[must_use]
    pub fn link_type(self) -> &'static str {
        match self {
            Self::First => "matchfirstrowusingcrossapply",
            other => other.name(),
        }
    }

    /// Whether it only tests for partners, and gives no columns of theirs.
    #[must_use]
    pub fn is_test(self) -> bool {
        matches!(self, Self::Exists | Self::In)
    }
}

impl Link {
    /// By what it is called: its alias, else its table.
    #[must_use]
    pub fn name(&self) -> &Spanned<Name> {
        self.alias.as_ref().unwrap_or(&self.table)
    }
}
