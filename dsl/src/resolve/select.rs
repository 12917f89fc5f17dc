//! What a query gives: columns of its table and of links, functions, groups.

use std::collections::BTreeSet;

use haversack_core::schema::{Column, ColumnType, Table};

use super::Resolver;
use crate::{
    ast::{self, Body, DatePart, Function, Link, Spanned, Term},
    diagnostic::code,
    query::{Aggregate, Applied, ColumnRef, Columns, Grouped, LinkRef, Selected},
    source::Span,
};

/// A table of the query, with what is said of it and the link by which it is joined.
struct Said<'f, 'a> {
    table: &'a Table,
    body: &'f Body,
    link: Option<LinkRef>,
}

impl Said<'_, '_> {
    fn column(&self, column: &Column) -> ColumnRef {
        ColumnRef { link: self.link.clone(), column: column.name.clone() }
    }

    /// The key of a column without an alias.
    fn key(&self, column: &Column) -> String {
        self.column(column).to_string()
    }
}

impl<'a> Resolver<'a> {
    /// All tables whose rows the query gives, in the order of the links.
    fn said<'f>(&self, table: &'a Table, fetch: &'f ast::Fetch) -> Vec<Said<'f, 'a>> {
        let mut all = vec![Said { table, body: &fetch.body, link: None }];
        for (number, link) in fetch.body.all_links().enumerate() {
            if let Some(table) = self.given_by(number, link) {
                let link_ref = LinkRef { number, name: link.name().node.clone() };
                all.push(Said { table, body: &link.body, link: Some(link_ref) });
            }
        }
        all
    }

    /// The table of a link, unless it only tests for rows and so must not ask for anything.
    fn given_by(&self, number: usize, link: &Link) -> Option<&'a Table> {
        if !self.is_tested(number) {
            return self.links.borrow()[number].table;
        }
        let body = &link.body;
        let asks = !body.columns.is_none() || !body.groups.is_empty() || !body.order.is_empty();
        if asks {
            self.report(|source| {
                let name = link.name();
                let message =
                    format!("link `{}` only tests for rows, and gives nothing", name.node);
                let error = source.error(code::CONTRADICTION, name.span.clone(), message);
                error.help("use `inner`, or leave out its columns and order")
            });
        }
        None
    }

    pub(super) fn columns(&self, table: &'a Table, fetch: &ast::Fetch) -> Option<Columns> {
        if fetch.is_aggregate() {
            return Some(Columns::Listed(Vec::new()));
        }
        let said = self.said(table, fetch);
        let links_give_none = said[1..].iter().all(|said| said.body.columns.is_none());
        if fetch.body.columns == ast::Columns::ALL && links_give_none {
            return Some(Columns::All);
        }
        let mut keys = BTreeSet::new();
        let mut all = Some(Vec::new());
        for said in &said {
            let found = self.columns_of(said, &mut keys);
            all = all.zip(found).map(|(mut all, found)| {
                all.extend(found);
                all
            });
        }
        all.map(Columns::Listed)
    }

    fn columns_of(
        &self,
        said: &Said<'_, 'a>,
        keys: &mut BTreeSet<String>,
    ) -> Option<Vec<Selected>> {
        let ast::Columns::Listed(listed) = &said.body.columns else {
            let columns = said.table.columns().iter();
            let all = columns
                .map(|column| Selected { column: said.column(column), key: said.key(column) });
            let all: Vec<_> = all.collect();
            keys.extend(all.iter().map(|selected| selected.key.clone()));
            return Some(all);
        };
        let selected = listed.iter().map(|selected| {
            let name = selected.term.column()?;
            let column = self.column(said.table, name);
            let key = match (&selected.alias, &said.link) {
                (Some(alias), _) => alias.node.to_string(),
                (None, None) => name.node.to_string(),
                (None, Some(link)) => format!("{}.{}", link.name, name.node),
            };
            let place = selected.alias.as_ref().unwrap_or(name).span.clone();
            self.check_key(keys, &key, place);
            Some(Selected { column: said.column(column?), key })
        });
        let selected: Vec<_> = selected.collect();
        selected.into_iter().collect()
    }

    fn check_key(&self, keys: &mut BTreeSet<String>, key: &str, place: Span) {
        if !keys.insert(key.to_owned()) {
            self.report(|source| {
                let message = format!("found `{key}` twice among the columns");
                let error = source.error(code::DUPLICATE, place, message);
                error.expected("each column under a name of its own")
            });
        }
    }

    /// How rows make groups, if they do.
    pub(super) fn aggregate(
        &self,
        table: &'a Table,
        fetch: &ast::Fetch,
    ) -> Option<Option<Aggregate>> {
        if !fetch.is_aggregate() {
            return Some(None);
        }
        let mut keys = BTreeSet::new();
        let (mut groups, mut functions) = (Vec::new(), Vec::new());
        let said = self.said(table, fetch);
        for said in &said {
            groups.extend(said.body.groups.iter().map(|g| self.grouped(said, g, &mut keys)));
        }
        for said in &said {
            let listed = said.body.columns.listed().iter();
            functions.extend(listed.map(|selected| self.applied(said, selected, &mut keys)));
        }
        let groups = groups.into_iter().collect::<Option<_>>()?;
        let functions = functions.into_iter().collect::<Option<_>>()?;
        Some(Some(Aggregate { groups, functions }))
    }

    fn grouped(
        &self,
        said: &Said<'_, 'a>,
        grouped: &ast::Grouped,
        keys: &mut BTreeSet<String>,
    ) -> Option<Grouped> {
        let column = self.column(said.table, &grouped.column)?;
        let (key, place) = match &grouped.alias {
            Some(alias) => (alias.node.to_string(), alias.span.clone()),
            None => (said.key(column), grouped.column.span.clone()),
        };
        self.check_key(keys, &key, place);
        let is_date = matches!(column.column_type, ColumnType::Datetime | ColumnType::Date);
        if let Some(part) = grouped.part.as_ref().filter(|_| !is_date) {
            self.report_misfit(part, DatePart::name, column, "a time or a date");
            return None;
        }
        let part = grouped.part.as_ref().map(|part| part.node);
        Some(Grouped { column: said.column(column), part, utc: grouped.utc, key })
    }

    fn applied(
        &self,
        said: &Said<'_, 'a>,
        selected: &ast::Selected,
        keys: &mut BTreeSet<String>,
    ) -> Option<Applied> {
        let Term::Function { function, column, distinct } = &selected.term else { return None };
        let alias = selected.alias.as_ref()?;
        self.check_key(keys, &alias.node, alias.span.clone());
        let column = match column {
            Some(name) => Some(self.column(said.table, name)?),
            None => None,
        };
        let misfit = column.and_then(|column| Some((column, expects(function.node, column)?)));
        if let Some((column, expected)) = misfit {
            self.report_misfit(function, Function::name, column, expected);
            return None;
        }
        // Rows of a link that found none are rows all the same.
        let column = column.filter(|_| function.node != Function::Rows);
        Some(Applied {
            function: function.node,
            column: column.map(|column| said.column(column)),
            distinct: *distinct,
            key: alias.node.to_string(),
        })
    }

    fn report_misfit<T: Copy>(
        &self,
        what: &Spanned<T>,
        name: fn(T) -> &'static str,
        column: &Column,
        expected: &str,
    ) {
        self.report(|source| {
            let message = format!(
                "`{}` of column `{}`, of type {}",
                name(what.node),
                column.name,
                column.column_type.name()
            );
            let error = source.error(code::WRONG_TYPE, what.span.clone(), message);
            error.expected(expected)
        });
    }
}

/// What a function expects of a column, if the column is not it.
fn expects(function: Function, column: &Column) -> Option<&'static str> {
    use ColumnType as T;
    let is_number =
        matches!(column.column_type, T::Integer | T::Bigint | T::Decimal | T::Double | T::Money);
    let is_ordered =
        is_number || matches!(column.column_type, T::Datetime | T::Date | T::String | T::Memo);
    match function {
        Function::Sum | Function::Avg if !is_number => Some("a number"),
        Function::Min | Function::Max if !is_ordered => Some("a number, a time, a date or a text"),
        _ => None,
    }
}
