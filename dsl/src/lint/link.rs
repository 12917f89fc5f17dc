//! Joins, and conditions on the rows of other tables.

use haversack_core::schema::Column;

use super::{
    Lint,
    group::{Member, members},
};
use crate::{
    ast::{self, Connective, Quantifier},
    diagnostic::code,
    operator::{Operator, TypeClass},
    query::{self, ColumnRef, Filter},
};

impl<'a> Lint<'a> {
    /// Warns of a join of which neither column is an id. Two columns that join are both ids, or
    /// neither is.
    pub(super) fn join(&mut self, join: &ast::Join, from: Option<&Column>) {
        let Some(from) = from else { return };
        if TypeClass::Identity.contains(from.column_type) {
            return;
        }
        let span = join.from.span.start..join.to.span.end.max(join.from.span.end);
        self.warn(code::JOIN_BY_VALUE, span, || {
            let message = format!(
                "`{}` and `{}` are no ids: a row joins every row with the same value",
                join.from.node, join.to.node
            );
            (
                message,
                Some("join by a lookup and the key that it points at, if there is one".to_owned()),
            )
        });
    }

    pub(super) fn linked(&mut self, ast: &ast::Linked, linked: &query::Linked) {
        self.quantifier(ast);
        let catalog = self.catalog;
        let Some(table) = catalog.table(&linked.table) else { return };
        if let Some(join) = &ast.join {
            self.join(join, table.column(&linked.from));
        }
        if let (Some(group), Some(filter)) = (&ast.filter, &linked.filter) {
            self.filter(table, group, filter);
        }
    }

    fn quantifier(&mut self, ast: &ast::Linked) {
        let table = &ast.table.node;
        let (code, message, help) = match (ast.quantifier.node, &ast.filter) {
            (Quantifier::Any | Quantifier::NotAny, _) => return,
            (Quantifier::NotAll, _) => (
                code::ALL_MEANS_NONE,
                format!("`not all` asks for a row of `{table}` that the filter selects"),
                "write `any`: it means the same, and says so",
            ),
            (Quantifier::All, None) => (
                code::NEVER_TRUE,
                format!("`all` asks for rows of `{table}` of which none is selected, and all are"),
                "write `any` for rows that have some, `not any` for rows that have none",
            ),
            (Quantifier::All, Some(_)) => (
                code::ALL_MEANS_NONE,
                format!("`all` asks for rows of `{table}` of which the filter selects none"),
                "if all of them should fulfil it, write `not any` with the opposite conditions; \
                 if this is meant, `any` and `not any` say it in plain words",
            ),
        };
        self.warn(code, ast.quantifier.span.clone(), || (message, Some(help.to_owned())));
    }

    /// Conditions of the query's own filter, which all must hold: a row whose outer link found no
    /// partner never fulfils one of the partner's columns.
    pub(super) fn after_the_join(&mut self, group: &ast::Group, filter: &Filter) {
        let members = members(group, filter);
        if group.connective.node != Connective::And && members.len() > 1 {
            return;
        }
        for member in &members {
            let (ast, needed) = match member {
                Member::Condition(ast, condition) => {
                    let operator = condition.operator;
                    let needs = operator != Operator::Null && !operator.info().negative;
                    (ast, needs.then_some(&condition.column))
                }
                Member::Comparison(ast, comparison) => {
                    let left = (comparison.operator != Operator::Ne).then_some(&comparison.column);
                    let left = left.filter(|column| self.may_be_missing(column));
                    (ast, left.or(Some(&comparison.other)))
                }
                Member::Linked(..) | Member::Group(..) => continue,
            };
            if let Some(column) = needed.filter(|column| self.may_be_missing(column)) {
                self.acts_as_inner(ast, column);
            }
        }
    }

    fn acts_as_inner(&mut self, ast: &ast::Condition, column: &ColumnRef) {
        let Some(link) = &column.link else { return };
        let span = match &ast.valueof {
            Some(other) if ast.column.to_string() != column.to_string() => other.span(),
            _ => ast.column.span(),
        };
        self.warn(code::OUTER_AS_INNER, span, || {
            let message = format!(
                "rows for which the outer link `{}` finds nothing never pass this",
                link.name
            );
            let help = "put the condition into the link to keep them, or make the link `inner`";
            (message, Some(help.to_owned()))
        });
    }
}
