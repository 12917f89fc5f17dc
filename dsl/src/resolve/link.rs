//! Linked filters: the other table, and the two columns that join it.

use haversack_core::schema::{Column, ColumnType, Table};

use super::{Resolver, unknown_column};
use crate::{
    ast,
    diagnostic::{Diagnostic, code},
    operator::TypeClass,
    query::Linked,
    source::Source,
};

impl Resolver<'_> {
    pub(super) fn linked(&self, parent: &Table, linked: &ast::Linked) -> Option<Linked> {
        let table = self.table(&linked.table);
        let Some(table) = table else {
            self.column(parent, &linked.to);
            return None;
        };
        let filter = linked.filter.as_ref().map(|group| self.group(table, group));
        let (from, to) = self.join(parent, table, linked)?;
        Some(Linked {
            quantifier: linked.quantifier.node,
            table: table.name.clone(),
            from: from.name.clone(),
            to: to.name.clone(),
            filter: match filter {
                Some(filter) => Some(Box::new(filter?)),
                None => None,
            },
        })
    }

    fn join<'t>(
        &self,
        parent: &'t Table,
        table: &'t Table,
        linked: &ast::Linked,
    ) -> Option<(&'t Column, &'t Column)> {
        let is_swapped = |from: Option<_>, to: Option<_>| {
            from.is_none()
                && to.is_none()
                && parent.column(&linked.from.node).is_some()
                && table.column(&linked.to.node).is_some()
        };
        if is_swapped(table.column(&linked.from.node), parent.column(&linked.to.node)) {
            self.report(|source| {
                let help = format!(
                    "the other way round: `{}` of `{}` = `{}` of `{}`",
                    linked.to.node, table.name, linked.from.node, parent.name
                );
                unknown_column(source, table, &linked.from).help(help)
            });
            return None;
        }
        let from = self.column(table, &linked.from);
        let to = self.column(parent, &linked.to);
        let (from, to) = (from?, to?);
        if joins(from.column_type, to.column_type) {
            return Some((from, to));
        }
        self.report(|source| unlike(source, linked, from, to));
        None
    }
}

/// Whether columns of these types can be equal row by row.
fn joins(from: ColumnType, to: ColumnType) -> bool {
    let is_id = |column_type| TypeClass::Identity.contains(column_type);
    is_key(from) && is_key(to) && (from == to || is_id(from) && is_id(to))
}

fn is_key(column_type: ColumnType) -> bool {
    !matches!(column_type, ColumnType::File | ColumnType::Image | ColumnType::Choices)
}

fn unlike(source: &Source, linked: &ast::Linked, from: &Column, to: &Column) -> Diagnostic {
    let (from_type, to_type) = (from.column_type, to.column_type);
    let span = linked.from.span.start..linked.to.span.end.max(linked.from.span.start);
    let message = format!(
        "`{}`, of type {}, is joined with `{}`, of type {}",
        from.name,
        from_type.name(),
        to.name,
        to_type.name()
    );
    let error = source.error(code::WRONG_TYPE, span, message);
    let no_key = [from_type, to_type].into_iter().find(|column_type| !is_key(*column_type));
    match no_key {
        Some(no_key) => error.expected(format!("no column of type {}", no_key.name())),
        None => error.expected("two columns of the same type, or two that hold ids"),
    }
}
