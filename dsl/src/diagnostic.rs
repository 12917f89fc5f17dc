//! What is wrong with a query: where, what was found, what was expected, and how to mend it.

use std::{fmt, ops::Range};

/// Stable kinds of diagnostics, for programs. People read the message.
#[expect(missing_docs, reason = "the names say it")]
pub mod code {
    pub const SYNTAX: &str = "syntax";
    pub const DTD: &str = "dtd";
    pub const LIMIT: &str = "limit";
    pub const UNSUPPORTED: &str = "unsupported";
    pub const UNKNOWN_ELEMENT: &str = "unknown_element";
    pub const UNKNOWN_ATTRIBUTE: &str = "unknown_attribute";
    pub const UNKNOWN_OPERATOR: &str = "unknown_operator";
    pub const UNKNOWN_TABLE: &str = "unknown_table";
    pub const UNKNOWN_COLUMN: &str = "unknown_column";
    pub const ARITY: &str = "arity";
    pub const BAD_VALUE: &str = "bad_value";
    pub const WRONG_TYPE: &str = "wrong_type";
    pub const DUPLICATE: &str = "duplicate";
    /// Two things that can't both be.
    pub const CONTRADICTION: &str = "contradiction";
    /// A name that no link has, or one whose rows can't be seen there.
    pub const UNKNOWN_LINK: &str = "unknown_link";
    /// A link that names no columns, where none or several would do.
    pub const UNCLEAR_JOIN: &str = "unclear_join";
    /// A paging cookie that is none, or of another query.
    pub const BAD_COOKIE: &str = "bad_cookie";
    /// A query that its file does not have, or that must be named.
    pub const UNKNOWN_QUERY: &str = "unknown_query";
    /// A parameter that its query does not have.
    pub const UNKNOWN_PARAMETER: &str = "unknown_parameter";
    /// A parameter without a value.
    pub const MISSING_VALUE: &str = "missing_value";
    /// Of a profile's custom filter: what a query may have and a filter may not.
    pub const NOT_IN_FILTER: &str = "not_in_filter";
    /// Of a profile's custom filter: the query is of another table than the item.
    pub const WRONG_TABLE: &str = "wrong_table";
    /// Warning.
    pub const IGNORED: &str = "ignored";
    /// Warning.
    pub const LEADING_WILDCARD: &str = "leading_wildcard";
    /// Warning.
    pub const DUPLICATE_VALUE: &str = "duplicate_value";
    /// Warning.
    pub const UNKNOWN_OPTION: &str = "unknown_option";
    /// Warning.
    pub const UNUSED_PARAMETER: &str = "unused_parameter";
}

/// Whether the query can be run all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, and may not do what was meant.
    Warning,
}

/// One thing to say about one place of a query's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable kind: one of [`code`].
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// The place, in bytes of the text.
    pub span: Range<usize>,
    /// The line of its beginning, from 1.
    pub line: usize,
    /// The column of its beginning, in characters, from 1.
    pub column: usize,
    /// What was found: lower case, no full stop.
    pub message: String,
    /// What would have been right there.
    pub expected: Option<String>,
    /// How to mend it, where that is evident.
    pub help: Option<String>,
}

impl Diagnostic {
    /// The same, with what would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// The same, with how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, with the name that was probably meant; unchanged if there is none.
    #[must_use]
    pub fn did_you_mean(mut self, name: Option<&str>) -> Self {
        if let Some(name) = name {
            self.help = Some(format!("did you mean `{name}`?"));
        }
        self
    }

    /// Whether the query cannot be run.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)?;
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "; help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}
