//! From the tree of a query to SQL that SQLite runs. Nothing here calls the evaluator, nor the
//! resolver: names and values are read once more.

mod conditions;
mod joins;
mod operators;
mod output;
mod times;

use haversack_core::{
    catalog::Catalog,
    schema::{Column, Table},
    settings::Hierarchy,
};
use haversack_dsl::ast::{ColumnRef, Fetch, Link};

pub use output::Statement;

/// A link, as the rest of the query names it.
struct Known<'a> {
    name: String,
    table: &'a Table,
    /// Whether it, or one around it, only tests for rows.
    is_tested: bool,
}

/// What is known of a query while it is translated.
pub struct Translator<'a> {
    catalog: &'a Catalog,
    fetch: &'a Fetch,
    links: Vec<Known<'a>>,
    hierarchy: Hierarchy,
}

/// From where columns are named: the table at hand under its SQL name, and links under theirs.
#[derive(Clone)]
struct Scope<'a> {
    table: &'a Table,
    sql_name: String,
    link_names: Vec<String>,
}

/// A column of a table that SQL knows by some name.
struct Cell<'a> {
    table: &'a Table,
    column: &'a Column,
    sql_name: String,
}

impl Cell<'_> {
    fn sql(&self) -> String {
        format!("{}.\"{}\"", self.sql_name, self.column.name)
    }

    fn beside(&self, what: &str) -> String {
        format!("{}.{}_{what}", self.sql_name, self.column.name)
    }
}

/// The statement for a query.
pub fn statement(catalog: &Catalog, fetch: &Fetch) -> Statement {
    let links = Vec::new();
    let hierarchy = catalog.settings.hierarchy;
    let mut translator = Translator { catalog, fetch, links, hierarchy };
    translator.know(&fetch.body.links, false);
    translator.statement()
}

impl<'a> Translator<'a> {
    fn know(&mut self, links: &'a [Link], in_test: bool) {
        for link in links {
            let table = self.table(&link.table.node);
            let is_tested = in_test || link.kind.node.is_test();
            self.links.push(Known { name: link.name().node.to_string(), table, is_tested });
            self.know(&link.body.links, is_tested);
        }
    }

    fn table(&self, name: &str) -> &'a Table {
        self.catalog.table(name).expect("a table of the schema")
    }

    /// The query's table under the name `q`, its links under `l0`, `l1` and so on.
    fn root(&self) -> Scope<'a> {
        Scope {
            table: self.table(&self.fetch.table.node),
            sql_name: "q".to_owned(),
            link_names: (0..self.links.len()).map(|number| format!("l{number}")).collect(),
        }
    }

    fn number_of(&self, link: &str) -> usize {
        self.links.iter().position(|known| known.name == link).expect("a link of the query")
    }

    fn cell(&self, scope: &Scope<'a>, named: &ColumnRef) -> Cell<'a> {
        let (table, sql_name) = match &named.link {
            None => (scope.table, scope.sql_name.clone()),
            Some(link) => {
                let number = self.number_of(&link.node);
                (self.links[number].table, scope.link_names[number].clone())
            }
        };
        of(table, sql_name, &named.column.node)
    }
}

/// A column by its name.
fn of<'a>(table: &'a Table, sql_name: String, column: &str) -> Cell<'a> {
    Cell { table, column: table.column(column).expect("a column of the schema"), sql_name }
}

/// The key of a table's row.
fn key_of(table: &Table, sql_name: &str) -> String {
    format!("{sql_name}.\"{}\"", table.primary_key)
}
