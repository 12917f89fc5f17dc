//! Negative operators: what becomes of rows without a value.

use haversack_core::schema::{CREATEDON, Column, MODIFIEDON, OWNERID, OWNINGBUSINESSUNIT, Table};

use super::{Lint, group::Member};
use crate::{
    ast::{self, Connective},
    diagnostic::code,
    operator::Operator,
    query::ColumnRef,
};

/// Columns that every row has a value in.
const ALWAYS_THERE: [&str; 4] = [CREATEDON, MODIFIEDON, OWNERID, OWNINGBUSINESSUNIT];

impl<'a> Lint<'a> {
    /// Warns of a negative operator that lets rows without a value pass, unless the query shows that
    /// this was thought of: it says `null` or `not-null` of the column too.
    pub(super) fn null_passes(
        &mut self,
        table: &'a Table,
        member: &Member<'_>,
        members: &[Member<'_>],
        connective: Connective,
        have_values: &[&ColumnRef],
    ) {
        let (ast, operator, column) = match member {
            Member::Condition(ast, condition) if condition.operator.info().negative => {
                (ast, condition.operator, &condition.column)
            }
            Member::Comparison(ast, comparison) if comparison.operator == Operator::Ne => {
                (ast, comparison.operator, &comparison.column)
            }
            _ => return,
        };
        let is_said = members.iter().any(|other| says_null(other, column));
        if is_said
            || self.is_useless(member)
            || operator == Operator::NotUnder
            || have_values.contains(&column)
        {
            return;
        }
        let is_missing = self.may_be_missing(column);
        let is_nullable = self.column(table, column).is_some_and(|found| is_nullable(table, found));
        if is_missing || is_nullable {
            self.passes(ast, operator, column, is_missing, connective);
        }
    }

    /// Whether it was found that the condition can go, or must become another.
    fn is_useless(&self, member: &Member<'_>) -> bool {
        let place = self.place(member);
        self.found.listed().iter().any(|found| {
            matches!(found.code, code::NEVER_TRUE | code::ALWAYS_TRUE | code::DUPLICATE_CONDITION)
                && (found.span == place || found.other.as_ref().is_some_and(|o| o.span == place))
        })
    }

    fn passes(
        &mut self,
        ast: &ast::Condition,
        operator: Operator,
        column: &ColumnRef,
        is_missing: bool,
        connective: Connective,
    ) {
        let beside = match connective {
            Connective::And => "",
            Connective::Or => " in an `and` group with it",
        };
        self.warn(code::NULL_PASSES, ast.operator.span.clone(), || {
            let link = column.link.as_ref().filter(|_| is_missing);
            let rows = match link {
                Some(link) => format!("rows for which link `{}` finds nothing", link.name),
                None => format!("rows without a value in `{column}`"),
            };
            let message = format!("{rows} pass `{}` too", operator.name());
            let help = format!(
                "to leave them out add `{column} not-null`{beside}; to show that they are meant, \
                 `{column} null` in an `or` group with it"
            );
            (message, Some(help))
        });
    }
}

fn says_null(member: &Member<'_>, column: &ColumnRef) -> bool {
    match member {
        Member::Condition(_, condition) => {
            condition.column == *column
                && matches!(condition.operator, Operator::Null | Operator::NotNull)
        }
        _ => false,
    }
}

fn is_nullable(table: &Table, column: &Column) -> bool {
    let is_there = ALWAYS_THERE.iter().any(|name| column.name == **name);
    !column.required && column.name != table.primary_key && !is_there
}
