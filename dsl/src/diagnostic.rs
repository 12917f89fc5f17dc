//! What is wrong with a query: where, what was found, what was expected, and how to mend it.

use std::{fmt, ops::Range};

/// Stable kinds of diagnostics, for programs. People read the message; `docs/errors.md` explains each.
pub mod code {
    /// Names each code and lists them all, so that none is left out of the documentation.
    macro_rules! codes {
        ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
            $($(#[$doc])* pub const $name: &str = $code;)*

            /// All of them.
            pub const ALL: &[&str] = &[$($name,)*];
        };
    }

    codes! {
        /// What no query is written like.
        SYNTAX = "syntax";
        /// A document type declaration, which no query needs and attacks use.
        DTD = "dtd";
        /// More than there may be.
        LIMIT = "limit";
        /// What FetchXML has and this program does not read yet.
        UNSUPPORTED = "unsupported";
        /// An element that FetchXML does not have there.
        UNKNOWN_ELEMENT = "unknown_element";
        /// An attribute that an element of FetchXML does not have.
        UNKNOWN_ATTRIBUTE = "unknown_attribute";
        /// No operator has the name.
        UNKNOWN_OPERATOR = "unknown_operator";
        /// No table has the name.
        UNKNOWN_TABLE = "unknown_table";
        /// No column of the table has the name.
        UNKNOWN_COLUMN = "unknown_column";
        /// Too few or too many values for an operator.
        ARITY = "arity";
        /// A text that is no value of what it is for.
        BAD_VALUE = "bad_value";
        /// A label that several options of a column have.
        AMBIGUOUS_LABEL = "ambiguous_label";
        /// An operator, a function or a join that is not for columns of that type.
        WRONG_TYPE = "wrong_type";
        /// Something twice that can be there once.
        DUPLICATE = "duplicate";
        /// Two things that can't both be.
        CONTRADICTION = "contradiction";
        /// A name that no link has, or one whose rows can't be seen there.
        UNKNOWN_LINK = "unknown_link";
        /// A link that names no columns, where none or several would do.
        UNCLEAR_JOIN = "unclear_join";
        /// A paging cookie that is none, or of another query.
        BAD_COOKIE = "bad_cookie";
        /// A query that its file does not have, or that must be named.
        UNKNOWN_QUERY = "unknown_query";
        /// A parameter that its query does not have.
        UNKNOWN_PARAMETER = "unknown_parameter";
        /// A parameter without a value.
        MISSING_VALUE = "missing_value";
        /// Of a profile's custom filter: what a query may have and a filter may not.
        NOT_IN_FILTER = "not_in_filter";
        /// Of a profile's custom filter: the query is of another table than the item.
        WRONG_TABLE = "wrong_table";
        /// Warning: it was read and has no effect.
        IGNORED = "ignored";
        /// Warning: a pattern that can be found only by looking at every row.
        LEADING_WILDCARD = "leading_wildcard";
        /// Warning: a value twice in one list.
        DUPLICATE_VALUE = "duplicate_value";
        /// Warning: a number that is no option of the column.
        UNKNOWN_OPTION = "unknown_option";
        /// Warning: a parameter that its query does not use.
        UNUSED_PARAMETER = "unused_parameter";
        /// Warning: a label in FetchXML, where Dataverse takes numbers only.
        LABEL_IN_FETCHXML = "label_in_fetchxml";
        /// Warning: what Dataverse's classic mobile offline would refuse.
        CLASSIC_REFUSES = "classic_refuses";
        /// Warning: an old name of something.
        OLD_NAME = "old_name";
        /// Warning: a filter that no row passes.
        NEVER_TRUE = "never_true";
        /// Warning: a filter that every row passes.
        ALWAYS_TRUE = "always_true";
        /// Warning: the same condition twice in one group.
        DUPLICATE_CONDITION = "duplicate_condition";
        /// Warning: a negative operator, which holds for rows without a value.
        NULL_PASSES = "null_passes";
        /// Warning: `not-under` holds for the row itself.
        NOT_UNDER_ITSELF = "not_under_itself";
        /// Warning: `all` asks for the opposite of what it says.
        ALL_MEANS_NONE = "all_means_none";
        /// Warning: a pattern without a wildcard.
        PLAIN_PATTERN = "plain_pattern";
        /// Warning: a day compared with a time means its first moment.
        DAY_IS_A_MOMENT = "day_is_a_moment";
        /// Warning: a time of day compared with a column that holds days.
        TIME_OF_A_DATE = "time_of_a_date";
        /// Warning: a condition after the join that an outer link's missing partner never fulfils.
        OUTER_AS_INNER = "outer_as_inner";
        /// Warning: a link by two columns of which neither is an id.
        JOIN_BY_VALUE = "join_by_value";
        /// Warning: the first of rows in no order that anyone asked for.
        TOP_WITHOUT_ORDER = "top_without_order";
    }
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
    /// Another place of the text that it is about.
    pub other: Option<Other>,
}

/// Another place that a diagnostic is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The place, in bytes of the text.
    pub span: Range<usize>,
    /// What is there, in a few words.
    pub label: &'static str,
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
