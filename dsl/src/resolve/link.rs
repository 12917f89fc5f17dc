//! Links: the other table, the two columns that join it, and what is said of it.

use haversack_core::schema::{Column, ColumnType, Table};

use super::{Resolver, scope::Scope, unknown_column};
use crate::{
    ast::{self, LinkKind, Spanned},
    diagnostic::{Diagnostic, code},
    operator::TypeClass,
    query::{Link, Linked},
    source::Source,
};

impl<'a> Resolver<'a> {
    /// The links in a table, whose numbers go on from `number`.
    pub(super) fn links(
        &self,
        parent: Option<&'a Table>,
        links: &[ast::Link],
        number: &mut usize,
    ) -> Option<Vec<Link>> {
        let links: Vec<_> = links.iter().map(|link| self.link(parent, link, number)).collect();
        links.into_iter().collect()
    }

    fn link(
        &self,
        parent: Option<&'a Table>,
        link: &ast::Link,
        number: &mut usize,
    ) -> Option<Link> {
        let own = *number;
        *number += 1;
        let table = self.links.borrow()[own].table;
        let scope = table.map(|table| Scope { table, link: Some(own) });
        let filter = match (&link.body.filter, scope) {
            (Some(group), Some(scope)) => self.group(scope, group).map(Some),
            _ => Some(None),
        };
        let order = match (link.kind.node, scope) {
            (LinkKind::First, Some(scope)) => self.first_by(scope, &link.body.order),
            _ => Some(Vec::new()),
        };
        let joined = match (parent, table) {
            (Some(parent), Some(table)) => {
                self.join(parent, table, link.join.as_ref(), &link.table)
            }
            _ => None,
        };
        let links = self.links(table, &link.body.links, number);
        let (from, to) = joined?;
        Some(Link {
            number: own,
            name: link.name().node.clone(),
            kind: link.kind.node,
            table: table?.name.clone(),
            from: from.name.clone(),
            to: to.name.clone(),
            filter: filter?,
            order: order?,
            links: links?,
        })
    }

    pub(super) fn linked(&self, scope: Scope<'a>, linked: &ast::Linked) -> Option<Linked> {
        let parent = scope.table;
        let Some(table) = self.table(&linked.table) else {
            if let Some(join) = &linked.join {
                self.column(parent, &join.to);
            }
            return None;
        };
        let inner = Scope { table, ..scope };
        let filter = linked.filter.as_ref().map(|group| self.group(inner, group));
        let (from, to) = self.join(parent, table, linked.join.as_ref(), &linked.table)?;
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

    /// The columns that join `table` to `parent`: those that are given, or the only ones there are.
    fn join(
        &self,
        parent: &'a Table,
        table: &'a Table,
        join: Option<&ast::Join>,
        name: &Spanned<haversack_core::Name>,
    ) -> Option<(&'a Column, &'a Column)> {
        let Some(join) = join else { return self.only_join(parent, table, name) };
        let is_swapped = table.column(&join.from.node).is_none()
            && parent.column(&join.to.node).is_none()
            && parent.column(&join.from.node).is_some()
            && table.column(&join.to.node).is_some();
        if is_swapped {
            self.report(|source| {
                let help = format!(
                    "the other way round: `{}` of `{}` = `{}` of `{}`",
                    join.to.node, table.name, join.from.node, parent.name
                );
                unknown_column(source, table, &join.from).help(help)
            });
            return None;
        }
        let from = self.column(table, &join.from);
        let to = self.column(parent, &join.to);
        let (from, to) = (from?, to?);
        if joins(from.column_type, to.column_type) {
            return Some((from, to));
        }
        self.report(|source| unlike(source, join, from, to));
        None
    }

    /// The lookup from one of two tables to the other, if there is just one.
    fn only_join(
        &self,
        parent: &'a Table,
        table: &'a Table,
        name: &Spanned<haversack_core::Name>,
    ) -> Option<(&'a Column, &'a Column)> {
        let mut found = lookups(table, parent);
        found.extend(lookups(parent, table).into_iter().map(|(lookup, key)| (key, lookup)));
        if let [only] = found.as_slice() {
            return Some(*only);
        }
        self.report(|source| {
            let message = format!(
                "found no columns to join `{}` to `{}` by, and {} between them",
                table.name,
                parent.name,
                if found.is_empty() { "no lookup" } else { "several lookups" }
            );
            let error = source.error(code::UNCLEAR_JOIN, name.span.clone(), message);
            let ways = found.iter().map(|(from, to)| format!("`{} = {}`", from.name, to.name));
            let ways: Vec<String> = ways.collect();
            match ways.is_empty() {
                true => error.expected("the two columns"),
                false => error.expected(format!("one of {}", ways.join(", "))),
            }
        });
        None
    }
}

/// The lookups of a table to another, each with the key that it points at.
fn lookups<'a>(from: &'a Table, to: &'a Table) -> Vec<(&'a Column, &'a Column)> {
    let Some(key) = to.column(&to.primary_key) else { return Vec::new() };
    let lookups = from.columns().iter().filter(|column| column.targets.contains(&to.name));
    lookups.map(|column| (column, key)).collect()
}

/// Whether columns of these types can be equal row by row.
fn joins(from: ColumnType, to: ColumnType) -> bool {
    let is_id = |column_type| TypeClass::Identity.contains(column_type);
    is_key(from) && is_key(to) && (from == to || is_id(from) && is_id(to))
}

fn is_key(column_type: ColumnType) -> bool {
    !matches!(column_type, ColumnType::File | ColumnType::Image | ColumnType::Choices)
}

fn unlike(source: &Source, join: &ast::Join, from: &Column, to: &Column) -> Diagnostic {
    let (from_type, to_type) = (from.column_type, to.column_type);
    let span = join.from.span.start..join.to.span.end.max(join.from.span.start);
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
