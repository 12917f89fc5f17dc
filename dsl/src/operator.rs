//! The operators of conditions: one row each, which parsers, resolver, evaluator, printers and
//! documentation read.

mod names;

use haversack_core::schema::ColumnType;

pub(crate) use names::{LATER, nearest_operator};

/// How many values an operator takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// None.
    None,
    /// Exactly one.
    One,
    /// A list of at least one.
    Many,
}

/// The types of columns that an operator is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeClass {
    /// All of them.
    All,
    /// Numbers, times, dates and texts: what has a less and a more.
    Ordered,
    /// Texts.
    Text,
    /// Ids and pointers to rows.
    Identity,
    /// Whole numbers and choices that hold a language's number.
    Language,
}

/// What is to be known of an operator, apart from what it does to values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorInfo {
    /// The operator.
    pub operator: Operator,
    /// Its name, as FetchXML writes it.
    pub name: &'static str,
    /// Other names that are read and never written.
    pub aliases: &'static [&'static str],
    /// How many values it takes.
    pub arity: Arity,
    /// The types of columns that it is for.
    pub types: TypeClass,
    /// Whether its answer depends on who asks.
    pub names_caller: bool,
    /// Whether its answer depends on when it is asked.
    pub reads_clock: bool,
    /// Whether it is the negation of another, and so holds for null.
    pub negative: bool,
    /// Whether a profile's custom filter may have it in classic.
    pub in_classic_filter: bool,
    /// Its meaning, in one line.
    pub meaning: &'static str,
}

macro_rules! operators {
    ($($operator:ident = $row:expr, $meaning:literal;)*) => {
        /// An operator of a condition. All that is known of it: [`Operator::info`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operator { $(#[doc = $meaning] $operator,)* }

        /// One row for every operator, in the order of [`Operator`].
        pub static OPERATORS: &[OperatorInfo] =
            &[$($row.row(Operator::$operator, $meaning),)*];
    };
}

operators! {
    Eq = classic("eq", Arity::One, TypeClass::All), "equals the value";
    Ne = classic("ne", Arity::One, TypeClass::All).or(&["neq"]).negative(), "does not equal the value";
    Gt = classic("gt", Arity::One, TypeClass::Ordered), "is greater than the value";
    Ge = classic("ge", Arity::One, TypeClass::Ordered), "is greater than the value or equals it";
    Lt = classic("lt", Arity::One, TypeClass::Ordered), "is less than the value";
    Le = classic("le", Arity::One, TypeClass::Ordered), "is less than the value or equals it";
    Like = classic("like", Arity::One, TypeClass::Text), "matches the pattern";
    NotLike = classic("not-like", Arity::One, TypeClass::Text).negative(), "does not match the pattern";
    In = classic("in", Arity::Many, TypeClass::All), "is one of the values";
    NotIn = classic("not-in", Arity::Many, TypeClass::All).negative(), "is none of the values";
    Null = classic("null", Arity::None, TypeClass::All), "has no value";
    NotNull = classic("not-null", Arity::None, TypeClass::All), "has a value";
    BeginsWith = classic("begins-with", Arity::One, TypeClass::Text), "begins with the pattern";
    NotBeginWith = classic("not-begin-with", Arity::One, TypeClass::Text).negative(), "does not begin with the pattern";
    EndsWith = classic("ends-with", Arity::One, TypeClass::Text), "ends with the pattern";
    NotEndWith = classic("not-end-with", Arity::One, TypeClass::Text).negative(), "does not end with the pattern";
    EqUserid = caller("eq-userid", TypeClass::Identity), "is the caller";
    NeUserid = caller("ne-userid", TypeClass::Identity).negative(), "is not the caller";
    EqUserteams = caller("eq-userteams", TypeClass::Identity), "is a team of the caller";
    EqUseroruserteams = caller("eq-useroruserteams", TypeClass::Identity), "is the caller or a team of theirs";
    EqUseroruserhierarchy = caller("eq-useroruserhierarchy", TypeClass::Identity), "is the caller or someone below them";
    EqUseroruserhierarchyandteams = caller("eq-useroruserhierarchyandteams", TypeClass::Identity), "is the caller, someone below them, or a team of one of these";
    EqBusinessid = caller("eq-businessid", TypeClass::Identity), "is the caller's business unit";
    NeBusinessid = caller("ne-businessid", TypeClass::Identity).negative(), "is not the caller's business unit";
    EqUserlanguage = caller("eq-userlanguage", TypeClass::Language), "is the caller's language";
}

/// A row that is being written down, before its operator and meaning are put in.
#[derive(Clone, Copy)]
struct Draft(OperatorInfo);

const fn classic(name: &'static str, arity: Arity, types: TypeClass) -> Draft {
    Draft(OperatorInfo {
        operator: Operator::Eq,
        name,
        aliases: &[],
        arity,
        types,
        names_caller: false,
        reads_clock: false,
        negative: false,
        in_classic_filter: true,
        meaning: "",
    })
}

const fn caller(name: &'static str, types: TypeClass) -> Draft {
    let Draft(info) = classic(name, Arity::None, types);
    Draft(OperatorInfo { names_caller: true, ..info })
}

impl Draft {
    const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self(OperatorInfo { aliases, ..self.0 })
    }

    const fn negative(self) -> Self {
        Self(OperatorInfo { negative: true, ..self.0 })
    }

    const fn row(self, operator: Operator, meaning: &'static str) -> OperatorInfo {
        OperatorInfo { operator, meaning, ..self.0 }
    }
}

impl Operator {
    /// The operator's row.
    #[must_use]
    pub fn info(self) -> &'static OperatorInfo {
        &OPERATORS[self as usize]
    }

    /// The operator's name, as FetchXML writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The operator with this name or alias. Names are lower case.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let is_it = |info: &&OperatorInfo| info.name == name || info.aliases.contains(&name);
        OPERATORS.iter().find(is_it).map(|info| info.operator)
    }

    /// Whether its value is a pattern with wildcards.
    #[must_use]
    pub fn takes_pattern(self) -> bool {
        self.info().types == TypeClass::Text
    }
}

impl TypeClass {
    /// Whether a column of this type is of the class.
    #[must_use]
    pub fn contains(self, column_type: ColumnType) -> bool {
        use ColumnType as T;
        match self {
            Self::All => true,
            Self::Text => matches!(column_type, T::String | T::Memo),
            Self::Identity => matches!(column_type, T::Uniqueidentifier | T::Lookup | T::Owner),
            Self::Language => matches!(column_type, T::Integer | T::Bigint | T::Choice),
            Self::Ordered => match column_type {
                T::String | T::Memo | T::Datetime | T::Date => true,
                T::Integer | T::Bigint | T::Decimal | T::Double | T::Money => true,
                T::Boolean | T::Choice | T::Choices | T::State | T::Status => false,
                T::Uniqueidentifier | T::Lookup | T::Owner | T::File | T::Image => false,
            },
        }
    }

    /// The columns of the class, for messages.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::All => "a column of any type",
            Self::Ordered => "a number, a time, a date or a text",
            Self::Text => "a text",
            Self::Identity => "an id, a lookup or an owner",
            Self::Language => "a whole number or a choice",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rows_stand_at_their_operators() {
        for (at, info) in OPERATORS.iter().enumerate() {
            assert_eq!(info.operator as usize, at, "{}", info.name);
            assert_eq!(Operator::find(info.name), Some(info.operator));
        }
    }

    #[test]
    fn classic_filters_have_the_25_documented_operators() {
        let classic = OPERATORS.iter().filter(|info| info.in_classic_filter).count();
        assert_eq!((classic, OPERATORS.len()), (25, 25));
    }

    #[test]
    fn names_are_unique_and_83_in_all() {
        let names = OPERATORS
            .iter()
            .flat_map(|info| [info.name].into_iter().chain(info.aliases.iter().copied()));
        let all: Vec<&str> = names.chain(LATER.iter().copied()).collect();
        let unique: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(unique.len(), all.len());
        assert_eq!(all.len(), 83);
    }
}
