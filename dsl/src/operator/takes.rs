//! What operators take, in words.

use super::{Arity, OperatorInfo, ValueKind};

impl OperatorInfo {
    /// How many values it takes, and of what.
    #[must_use]
    pub fn takes(&self) -> String {
        match (self.values, self.arity) {
            (_, Arity::None) => "none".to_owned(),
            (ValueKind::Column, Arity::One) => "one".to_owned(),
            (ValueKind::Column, Arity::Two) => "two".to_owned(),
            (ValueKind::Column, Arity::Many) => "one or more".to_owned(),
            (ValueKind::Row, _) => "the id of a row".to_owned(),
            (ValueKind::Count(unit), _) => format!("{}, from 1 to {}", unit.name(), unit.max()),
            (ValueKind::Year, _) => "a year".to_owned(),
            (ValueKind::Period, _) => "a period".to_owned(),
            (ValueKind::PeriodAndYear, _) => "a period, then a year".to_owned(),
        }
    }

    /// Whether it holds for rows without a value.
    #[must_use]
    pub fn holds_for_null(&self) -> bool {
        self.negative || self.operator == super::Operator::Null
    }
}
