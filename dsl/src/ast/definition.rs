//! A text with queries: one without a name, or several with names and parameters.

use haversack_core::Name;

use super::{Fetch, Source, Spanned};

/// What a text holds: one query without a name, or queries that have names, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryFile {
    /// The text, for messages.
    pub source: Source,
    /// Its queries, in the order in which they were written.
    pub definitions: Vec<Definition>,
}

/// A query, with its name and parameters if it has any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name, no other's in the file.
    pub name: Option<Spanned<Name>>,
    /// Its parameters, no two of one name. A query without a name has none.
    pub parameters: Vec<Parameter>,
    /// What it asks for. All parameters in it are among those above.
    pub fetch: Fetch,
}

/// Something that a query is told when it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, after `$` where it is used.
    pub name: Spanned<Name>,
    /// What may be given for it.
    pub parameter_type: Spanned<ParameterType>,
    /// What stands for it if nothing is given; of its type.
    pub default: Option<Spanned<String>>,
}

/// What may be given for a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterType {
    /// Any text.
    String,
    /// A whole number: also for choices, and for counts of days, rows and the like.
    Integer,
    /// A number, exact: also for money and for doubles.
    Decimal,
    /// `true` or `false`, also as `1` or `0`.
    Boolean,
    /// A day.
    Date,
    /// A time, with an offset or by the caller's wall clock.
    Datetime,
    /// The id of a row.
    Guid,
}

impl ParameterType {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::String,
        Self::Integer,
        Self::Decimal,
        Self::Boolean,
        Self::Date,
        Self::Datetime,
        Self::Guid,
    ];

    /// Its name in the DSL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Guid => "guid",
        }
    }

    /// The type with this name. `uniqueidentifier`, as columns have it, is read and never written.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        match name {
            "uniqueidentifier" => Some(Self::Guid),
            _ => Self::ALL.into_iter().find(|found| found.name() == name),
        }
    }

    /// What may be given, for messages.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::String => "a text that XML can carry",
            Self::Integer => "a whole number",
            Self::Decimal => "a number of up to 28 digits",
            Self::Boolean => "0, 1, true or false",
            Self::Date => "a date such as 2026-03-01",
            Self::Datetime => "a time such as 2026-03-01T09:30:00Z, or a date",
            Self::Guid => "a UUID",
        }
    }
}

impl QueryFile {
    /// The names of its queries.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.definitions.iter().filter_map(|d| d.name.as_ref()).map(|name| name.node.as_str())
    }
}
