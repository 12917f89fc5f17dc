//! The types of columns that an operator is for.

use haversack_core::schema::ColumnType;

/// The types of columns that an operator is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeClass {
    /// All of them.
    All,
    /// Numbers, times, dates and texts: what has a less and a more.
    Ordered,
    /// Numbers, times and dates: what has a between.
    Measured,
    /// Texts.
    Text,
    /// Choices of several options.
    Choices,
    /// Ids and pointers to rows.
    Identity,
    /// Whole numbers and choices that hold a language's number.
    Language,
    /// The primary key of a table whose rows form a tree. The type alone does not tell.
    Tree,
    /// Times and dates.
    Time,
    /// Times: what has hours and minutes.
    Instant,
}

impl TypeClass {
    /// Whether a column of this type can be of the class.
    #[must_use]
    pub fn contains(self, column_type: ColumnType) -> bool {
        use ColumnType as T;
        match self {
            Self::All => true,
            Self::Ordered => {
                Self::Measured.contains(column_type) || Self::Text.contains(column_type)
            }
            Self::Measured => match column_type {
                T::Integer | T::Bigint | T::Decimal | T::Double | T::Money => true,
                other => Self::Time.contains(other),
            },
            Self::Text => matches!(column_type, T::String | T::Memo),
            Self::Choices => column_type == T::Choices,
            Self::Identity => matches!(column_type, T::Uniqueidentifier | T::Lookup | T::Owner),
            Self::Language => matches!(column_type, T::Integer | T::Bigint | T::Choice),
            Self::Tree => column_type == T::Uniqueidentifier,
            Self::Time => matches!(column_type, T::Datetime | T::Date),
            Self::Instant => column_type == T::Datetime,
        }
    }

    /// The columns of the class, for messages.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::All => "a column of any type",
            Self::Ordered => "a number, a time, a date or a text",
            Self::Measured => "a number, a time or a date",
            Self::Text => "a text",
            Self::Choices => "a choice of several options",
            Self::Identity => "an id, a lookup or an owner",
            Self::Language => "a whole number or a choice",
            Self::Tree => "the primary key of a table with a hierarchy column",
            Self::Time => "a time or a date",
            Self::Instant => "a time: a date has no hours",
        }
    }
}
