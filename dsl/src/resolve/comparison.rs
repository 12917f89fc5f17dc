//! Comparisons of two columns.

use haversack_core::schema::{Column, ColumnType};

use super::{
    Resolver,
    filter::{fits, misfit},
    scope::Scope,
};
use crate::{ast, diagnostic::code, query::Comparison};

impl<'a> Resolver<'a> {
    pub(super) fn comparison(
        &self,
        scope: Scope<'a>,
        condition: &ast::Condition,
        other: &ast::ColumnRef,
    ) -> Option<Comparison> {
        let one = self.column_ref(scope, &condition.column);
        let two = self.column_ref(scope, other);
        let ((table, column, named), (_, other_column, other_named)) = (one?, two?);
        let operator = condition.operator.node;
        if !fits(operator, table, column) {
            self.report(|source| misfit(source, &condition.operator, column));
            return None;
        }
        if !are_alike(column, other_column) {
            self.report(|source| {
                let message = format!(
                    "`{}`, of type {}, is compared with `{}`, of type {}",
                    named,
                    column.column_type.name(),
                    other_named,
                    other_column.column_type.name()
                );
                let error = source.error(code::WRONG_TYPE, other.span(), message);
                error.expected("two columns of the same type")
            });
            return None;
        }
        Some(Comparison { column: named, operator, other: other_named })
    }
}

/// Whether values of two columns are of one kind: a text may be short or long, an id may be a key's
/// or a lookup's.
fn are_alike(one: &Column, other: &Column) -> bool {
    kind(one.column_type) == kind(other.column_type)
}

fn kind(column_type: ColumnType) -> ColumnType {
    match column_type {
        ColumnType::Memo => ColumnType::String,
        ColumnType::Bigint => ColumnType::Integer,
        ColumnType::Money => ColumnType::Decimal,
        ColumnType::Lookup | ColumnType::Owner => ColumnType::Uniqueidentifier,
        other => other,
    }
}
