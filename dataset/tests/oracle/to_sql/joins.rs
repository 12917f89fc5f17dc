//! Links: joins, outer joins, tests by `EXISTS` and `IN`, and the first of several partners.

use haversack_core::schema::{ColumnType as T, Table};
use haversack_dsl::ast::{Join, Link, LinkKind, Order};

use super::{Cell, Scope, Translator, key_of, of};
use crate::joins::only;

/// A link with its number, and the names under which SQL knows it and those in it.
struct Numbered<'a, 'l> {
    link: &'l Link,
    number: usize,
    scope: Scope<'a>,
}

impl<'a> Translator<'a> {
    /// What follows the query's table in `FROM`, and what its rows must fulfil besides.
    pub(super) fn joins(&self, root: &Scope<'a>, links: &[Link]) -> (String, Vec<String>) {
        let (mut from, mut tests) = (String::new(), Vec::new());
        for link in self.numbered(root, links, 0) {
            match link.link.kind.node {
                LinkKind::Inner => self.join(root, &link, "JOIN", false, &mut from),
                LinkKind::Outer => self.join(root, &link, "LEFT JOIN", false, &mut from),
                LinkKind::First => self.join(root, &link, "JOIN", true, &mut from),
                LinkKind::Exists | LinkKind::In => tests.push(self.test(root, &link)),
            }
        }
        (from, tests)
    }

    /// Joins a link, then those in it. What those ask of their parent was asked when it was joined,
    /// so all of them are outer joins: none takes a row away.
    fn join(
        &self,
        parent: &Scope<'a>,
        link: &Numbered<'a, '_>,
        join: &str,
        first: bool,
        from: &mut String,
    ) {
        let mut on = self.partner(parent, link);
        if first {
            on.push(self.first(parent, link));
        }
        let Scope { table, sql_name, .. } = &link.scope;
        from.push_str(&format!("\n  {join} {} AS {sql_name} ON {}", table.name, on.join(" AND ")));
        let nested = self.numbered(&link.scope, &link.link.body.links, link.number + 1);
        for nested in nested.iter().filter(|nested| !nested.link.kind.node.is_test()) {
            // One row comes of a `first` link, whatever is in it.
            let first = first || nested.link.kind.node == LinkKind::First;
            self.join(&link.scope, nested, "LEFT JOIN", first, from);
        }
    }

    fn numbered<'l>(
        &self,
        parent: &Scope<'a>,
        links: &'l [Link],
        mut number: usize,
    ) -> Vec<Numbered<'a, 'l>> {
        let mut all = Vec::new();
        for link in links {
            let scope = Scope {
                table: self.table(&link.table.node),
                sql_name: parent.link_names[number].clone(),
                link_names: parent.link_names.clone(),
            };
            all.push(Numbered { link, number, scope });
            number += 1 + link.body.all_links().count();
        }
        all
    }

    /// The same link under other names.
    fn again<'l>(&self, link: &Numbered<'a, 'l>) -> Numbered<'a, 'l> {
        let mut scope = link.scope.clone();
        let end = link.number + 1 + link.link.body.all_links().count();
        for name in &mut scope.link_names[link.number..end] {
            name.push('i');
        }
        scope.sql_name = scope.link_names[link.number].clone();
        Numbered { scope, ..*link }
    }

    /// What makes a row of the link's table a partner: it joins, its filter selects it, and the links
    /// in it let it through.
    fn partner(&self, parent: &Scope<'a>, link: &Numbered<'a, '_>) -> Vec<String> {
        let Numbered { link, number, scope } = link;
        let (from, to) = self.joined_by(parent, link.join.as_ref(), scope);
        let mut on = vec![format!("{} = {}", joining(&from), joining(&to))];
        on.extend(link.body.filter.as_ref().map(|filter| self.group(scope, filter)));
        let nested = self.numbered(scope, &link.body.links, number + 1);
        let asked = nested.iter().filter(|nested| nested.link.kind.node != LinkKind::Outer);
        on.extend(asked.map(|nested| self.test(scope, nested)));
        on
    }

    /// That the link has a partner.
    fn test(&self, parent: &Scope<'a>, link: &Numbered<'a, '_>) -> String {
        let other = self.again(link);
        let partner = self.partner(parent, &other);
        let rows = format!("FROM {} AS {}", other.scope.table.name, other.scope.sql_name);
        match link.link.kind.node {
            LinkKind::In => {
                let (from, to) = self.joined_by(parent, link.link.join.as_ref(), &other.scope);
                let besides = format!(
                    "1{}",
                    partner[1..].iter().map(|on| format!(" AND {on}")).collect::<String>()
                );
                format!("{} IN (SELECT {} {rows} WHERE {besides})", joining(&to), joining(&from))
            }
            _ => format!("EXISTS (SELECT 1 {rows} WHERE {})", partner.join(" AND ")),
        }
    }

    /// That a partner is the one that comes first by the link's order, then by its key.
    fn first(&self, parent: &Scope<'a>, link: &Numbered<'a, '_>) -> String {
        let other = self.again(link);
        let of_first = link.link.kind.node == LinkKind::First;
        let order = link.link.body.order.iter().filter(|_| of_first);
        let order: String =
            order.map(|order| self.partner_order(&other.scope, order) + ", ").collect();
        let key = |scope: &Scope<'a>| key_of(scope.table, &scope.sql_name);
        format!(
            "{} = (SELECT {1} FROM {2} AS {3} WHERE {4} ORDER BY {order}{1} LIMIT 1)",
            key(&link.scope),
            key(&other.scope),
            other.scope.table.name,
            other.scope.sql_name,
            self.partner(parent, &other).join(" AND "),
        )
    }

    fn partner_order(&self, scope: &Scope<'a>, order: &Order) -> String {
        let descending = if order.descending { " DESC" } else { "" };
        format!("{}{descending}", self.sorted_by(&self.cell(scope, &order.column)))
    }

    /// The column of the joined table, and the one of its parent.
    pub(super) fn joined_by(
        &self,
        parent: &Scope<'a>,
        join: Option<&Join>,
        child: &Scope<'a>,
    ) -> (Cell<'a>, Cell<'a>) {
        let (from, to) = match join {
            Some(join) => (join.from.node.to_string(), join.to.node.to_string()),
            None => self.only(parent.table, child.table),
        };
        (
            of(child.table, child.sql_name.clone(), &from),
            of(parent.table, parent.sql_name.clone(), &to),
        )
    }

    fn only(&self, parent: &Table, child: &Table) -> (String, String) {
        let (from, to) = only(self.catalog, parent, child).expect("there is one lookup");
        (from.name.to_string(), to.name.to_string())
    }
}

/// By what a column joins: texts as `eq` reads them.
pub(super) fn joining(cell: &Cell<'_>) -> String {
    match cell.column.column_type {
        T::String | T::Memo => format!("rtrim({}, ' ')", cell.beside("key")),
        _ => cell.sql(),
    }
}
