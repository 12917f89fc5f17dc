//! What an answer depends on, apart from the row.

use std::fmt;

use haversack_core::Value;

use crate::{
    algebra::Predicate,
    operator::Group,
    query::{Condition, Literal, Operand},
};

/// What an answer depends on, apart from the row and the settings of the environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Who asks: the user, their teams, business unit, language.
    pub caller: bool,
    /// The time zone of who asks.
    pub zone: bool,
    /// When it is asked.
    pub clock: bool,
    /// Other rows, as far as the caller may read them.
    pub rows: bool,
    /// The rows that links have found.
    pub links: bool,
}

impl Needs {
    /// Other rows, and nothing else.
    pub(super) const ROWS: Self =
        Self { caller: false, zone: false, clock: false, rows: true, links: false };

    /// What a predicate's answer depends on.
    #[must_use]
    pub fn of(predicate: &Predicate) -> Self {
        match predicate {
            Predicate::Constant(_) => Self::default(),
            Predicate::And(parts) | Predicate::Or(parts) => {
                parts.iter().map(Self::of).fold(Self::default(), Self::and)
            }
            Predicate::Condition(condition) => Self::of_condition(condition),
            Predicate::Comparison(comparison) => {
                let links = comparison.column.link.is_some() || comparison.other.link.is_some();
                Self { links, ..Self::default() }
            }
            Predicate::Any(any) => Self::of(&any.filter).and(Self::ROWS),
        }
    }

    fn of_condition(condition: &Condition) -> Self {
        let info = condition.operator.info();
        let literals = match &condition.operand {
            Operand::None => &[],
            Operand::One(literal) => std::slice::from_ref(literal),
            Operand::Many(literals) => literals.as_slice(),
        };
        // A date meets an instant on the caller's wall clock.
        let is_time = |literal: &Literal| {
            matches!(literal, Literal::Local(_) | Literal::Value(Value::Timestamp(_)))
        };
        let is_stretch = matches!(info.group, Group::Calendar | Group::Rolling | Group::Fiscal);
        Self {
            caller: info.names_caller,
            zone: is_stretch || literals.iter().any(is_time),
            clock: info.reads_clock,
            rows: info.group == Group::Hierarchy,
            links: condition.column.link.is_some(),
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            caller: self.caller || other.caller,
            zone: self.zone || other.zone,
            clock: self.clock || other.clock,
            rows: self.rows || other.rows,
            links: self.links || other.links,
        }
    }

    /// Whether callers in one zone get the same answer at one time, of one row by itself.
    #[must_use]
    pub fn is_shareable(self) -> bool {
        !self.caller && !self.rows && !self.links
    }
}

/// Those that it has, in words, separated by commas.
impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.caller, "the caller"),
            (self.zone, "the zone"),
            (self.clock, "the clock"),
            (self.rows, "rows that the caller may read"),
            (self.links, "linked rows"),
        ];
        let said: Vec<&str> = all.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
        f.write_str(&said.join(", "))
    }
}
