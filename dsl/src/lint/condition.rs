//! Single conditions that are right and hardly meant.

use haversack_core::{
    Value,
    schema::{ColumnType, Table},
};
use jiff::civil::Time;

use super::{
    Lint,
    claim::{are_reversed, literals},
};
use crate::{
    ast::{self, Spanned},
    diagnostic::code,
    operator::Operator,
    query::{Comparison, Condition, Literal},
};

/// Length of a day, as `YYYY-MM-DD`.
const DAY_LENGTH: usize = 10;

impl<'a> Lint<'a> {
    pub(super) fn condition(
        &mut self,
        table: &'a Table,
        ast: &ast::Condition,
        condition: &Condition,
    ) {
        self.old_name(&ast.operator.span, "neq", "ne");
        self.pattern(ast, condition.operator);
        self.dead_pattern(ast, condition.operator);
        self.no_such_period(ast, condition);
        self.reversed(ast, condition);
        if condition.operator == Operator::NotUnder {
            self.warn(code::NOT_UNDER_ITSELF, ast.operator.span.clone(), || {
                let help = "add `ne` the same row if it should not";
                let message = "the row itself passes `not-under` too: it is not below itself";
                (message.to_owned(), Some(help.to_owned()))
            });
        }
        let Some(column) = self.column(table, &condition.column) else { return };
        let values = ast.values.iter().zip(literals(&condition.operand)).enumerate();
        for (at, (value, literal)) in values {
            match column.column_type {
                ColumnType::Datetime => self.day(condition, at, value, literal),
                ColumnType::Date => self.time(condition, value, literal),
                _ => {}
            }
        }
    }

    /// `like` without a wildcard asks for the whole text.
    fn pattern(&mut self, ast: &ast::Condition, operator: Operator) {
        let equal = match operator {
            Operator::Like => "eq",
            Operator::NotLike => "ne",
            _ => return,
        };
        let [value] = ast.values.as_slice() else { return };
        if value.node.given().is_some_and(|text| !text.contains(['%', '_', '['])) {
            self.warn(code::PLAIN_PATTERN, value.span.clone(), || {
                let message = "a pattern without a wildcard stands for the whole text";
                let help = format!("write `%` where any text may stand, or ask by `{equal}`");
                (message.to_owned(), Some(help))
            });
        }
    }

    fn reversed(&mut self, ast: &ast::Condition, condition: &Condition) {
        let (code, nothing) = match condition.operator {
            Operator::Between => (code::NEVER_TRUE, "nothing lies between them"),
            Operator::NotBetween => (code::ALWAYS_TRUE, "nothing lies between them, so all passes"),
            _ => return,
        };
        if are_reversed(literals(&condition.operand)) {
            self.warn(code, self.said(ast), || {
                let message = format!("the first value is the greater one: {nothing}");
                (message, Some("write the lesser value first".to_owned()))
            });
        }
    }

    /// A time compared with a day, which means its first moment.
    fn day(
        &mut self,
        condition: &Condition,
        at: usize,
        value: &Spanned<ast::Value>,
        literal: &Literal,
    ) {
        let is_day = matches!(literal, Literal::Local(_))
            && value.node.given().is_some_and(|text| text.trim().len() == DAY_LENGTH);
        let (effect, help) = match (condition.operator, at) {
            (Operator::Eq | Operator::In, _) => (
                "only that moment is meant",
                "for the whole day write `on`, or `ge` it and `lt` the next",
            ),
            (Operator::Ne | Operator::NotIn, _) => (
                "only that moment is left out",
                "to leave out the whole day write `lt` it or `ge` the next",
            ),
            (Operator::Le, _) => {
                ("the rest of the day is left out", "for the whole day write `lt` the next")
            }
            (Operator::Gt, _) => {
                ("the rest of the day is meant too", "to leave out the day write `ge` the next")
            }
            (Operator::Between, 1) => (
                "the rest of the day is left out",
                "for the whole day write `ge` the first and `lt` the day after the last",
            ),
            (Operator::NotBetween, 1) => (
                "the rest of the day is meant too",
                "to leave out the day write `lt` the first or `ge` the day after the last",
            ),
            _ => return,
        };
        if is_day {
            self.warn(code::DAY_IS_A_MOMENT, value.span.clone(), || {
                let column = &condition.column;
                let message = format!(
                    "`{column}` is a time, and a day stands for its first moment: {effect}"
                );
                (message, Some(help.to_owned()))
            });
        }
    }

    /// A day compared with a time.
    fn time(&mut self, condition: &Condition, value: &Spanned<ast::Value>, literal: &Literal) {
        let effect = match literal {
            Literal::Local(local) if local.time() != Time::midnight() => {
                "a day stands for its first moment"
            }
            Literal::Value(Value::Timestamp(_)) => {
                "which day that is depends on the caller's time zone"
            }
            _ => return,
        };
        // These look at the day of their value and at no more.
        if matches!(condition.operator, Operator::On | Operator::OnOrBefore | Operator::OnOrAfter) {
            return;
        }
        self.warn(code::TIME_OF_A_DATE, value.span.clone(), || {
            let column = &condition.column;
            let message = format!("`{column}` is a date, and is compared with a time: {effect}");
            (message, Some("write the day alone, as in 2026-03-01".to_owned()))
        });
    }

    /// A column compared with itself.
    pub(super) fn comparison(&mut self, ast: &ast::Condition, comparison: &Comparison) {
        self.old_name(&ast.operator.span, "neq", "ne");
        if comparison.column != comparison.other {
            return;
        }
        let (code, message, help) = match comparison.operator {
            Operator::Gt | Operator::Lt => (
                code::NEVER_TRUE,
                "no value is greater or less than itself",
                "compare with another column",
            ),
            Operator::Ne => (
                code::NEVER_TRUE,
                "no value differs from itself: only rows without one pass",
                "compare with another column, or write `null`",
            ),
            _ => (
                code::ALWAYS_TRUE,
                "every value equals itself: only rows without one do not pass",
                "compare with another column, or write `not-null`",
            ),
        };
        self.warn(code, self.said(ast), || (message.to_owned(), Some(help.to_owned())));
    }
}
