//! The operators of conditions: what is known of each, which parsers, resolver, evaluator, printers
//! and documentation read. The rows themselves are in `operator/table.rs`.

mod class;
mod names;
mod table;
mod takes;
mod unit;

use std::{collections::BTreeMap, iter, sync::LazyLock};

pub use class::TypeClass;
pub(crate) use names::nearest_operator;
pub use table::{OPERATORS, Operator};
pub use unit::Unit;

/// How many values an operator takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// None.
    None,
    /// Exactly one.
    One,
    /// Exactly two, written as a list.
    Two,
    /// A list of at least one.
    Many,
}

/// What the values of an operator are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Values of the column's type.
    Column,
    /// The id of a row of the column's own table.
    Row,
    /// How many of a unit, at least 1.
    Count(Unit),
    /// The calendar year in which a fiscal year begins.
    Year,
    /// The number of a fiscal period, from 1.
    Period,
    /// The number of a fiscal period, then a year.
    PeriodAndYear,
}

/// What operators have in common: a chapter of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Equality, order, lists, texts.
    Values,
    /// Who asks.
    Caller,
    /// The tree that the rows of a table form.
    Hierarchy,
    /// Days, weeks, months and years of the calendar.
    Calendar,
    /// Stretches of time that end or begin now.
    Rolling,
    /// Years and periods of the fiscal calendar.
    Fiscal,
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
    /// What these values are.
    pub values: ValueKind,
    /// The types of columns that it is for.
    pub types: TypeClass,
    /// Whether it asks who the caller is. What callers may read, and their zone, count everywhere.
    pub names_caller: bool,
    /// Whether its answer depends on when it is asked.
    pub reads_clock: bool,
    /// Whether it is the negation of another, and so holds for null.
    pub negative: bool,
    /// Whether a profile's custom filter may have it in classic.
    pub in_classic_filter: bool,
    /// What it has in common with others.
    pub group: Group,
    /// Its meaning, in one line. X and Y stand for its values; without them the values follow.
    pub meaning: &'static str,
}

/// The operators by their names and aliases: readers ask for one at every second word.
static BY_NAME: LazyLock<BTreeMap<&str, Operator>> = LazyLock::new(|| {
    let names = |info: &'static OperatorInfo| {
        let all = iter::once(info.name).chain(info.aliases.iter().copied());
        all.map(|name| (name, info.operator))
    };
    OPERATORS.iter().flat_map(names).collect()
});

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
        BY_NAME.get(name).copied()
    }

    /// The operator that holds just where this one does not, nulls included.
    #[must_use]
    pub fn opposite(self) -> Option<Self> {
        let other = |(one, other)| match self {
            found if found == one => Some(other),
            found if found == other => Some(one),
            _ => None,
        };
        OPPOSITES.into_iter().find_map(other)
    }

    /// Whether its value is a pattern with wildcards.
    #[must_use]
    pub fn takes_pattern(self) -> bool {
        self.info().types == TypeClass::Text
    }
}

/// Operators that are the opposites of one another: the positive one, then the one that holds for null.
const OPPOSITES: [(Operator, Operator); 11] = [
    (Operator::Eq, Operator::Ne),
    (Operator::In, Operator::NotIn),
    (Operator::Like, Operator::NotLike),
    (Operator::BeginsWith, Operator::NotBeginWith),
    (Operator::EndsWith, Operator::NotEndWith),
    (Operator::Between, Operator::NotBetween),
    (Operator::ContainValues, Operator::NotContainValues),
    (Operator::Under, Operator::NotUnder),
    (Operator::EqUserid, Operator::NeUserid),
    (Operator::EqBusinessid, Operator::NeBusinessid),
    (Operator::NotNull, Operator::Null),
];

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
        assert_eq!(classic, haversack_core::limits::CUSTOM_FILTER_OPERATORS_CLASSIC);
    }

    #[test]
    fn names_are_unique_and_83_in_all() {
        let names = OPERATORS
            .iter()
            .flat_map(|info| [info.name].into_iter().chain(info.aliases.iter().copied()));
        let all: Vec<&str> = names.collect();
        let unique: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(unique.len(), all.len());
        assert_eq!(all.len(), 83);
    }

    /// Every negative operator says so in its name, and no other does.
    #[test]
    fn negative_operators_are_those_that_say_not() {
        for info in OPERATORS {
            let says_not = info.name.starts_with("not-") || info.name.starts_with("ne");
            let is_other = matches!(info.operator, Operator::NotNull)
                || matches!(info.group, Group::Calendar | Group::Rolling | Group::Fiscal);
            assert_eq!(info.negative, says_not && !is_other, "{}", info.name);
        }
    }

    #[test]
    fn every_negative_operator_is_the_opposite_of_a_positive_one() {
        for info in OPERATORS.iter().filter(|info| info.negative) {
            let positive = info.operator.opposite().expect(info.name);
            assert!(!positive.info().negative, "{}", info.name);
            assert_eq!(positive.opposite(), Some(info.operator));
        }
    }

    #[test]
    fn meanings_name_as_many_values_as_there_are() {
        for info in OPERATORS {
            let names = |letter: &str| info.meaning.split([' ', ',']).any(|word| word == letter);
            let expected = match info.arity {
                Arity::None | Arity::Many => names("X") || names("Y"),
                Arity::One => names("Y"),
                Arity::Two => !names("X") || !names("Y"),
            };
            assert!(!expected, "{}: {}", info.name, info.meaning);
        }
    }
}
