//! What a query gives, in which order, and how much of it.

use haversack_core::{
    limits::TOP_MAX,
    schema::{ColumnType as T, Table},
};
use haversack_dsl::ast::{
    Body, ColumnRef, Columns, DatePart, Function, Grouped, Selected, Spanned, Term, Value,
};

use super::{Cell, Scope, Translator, key_of, of, times::wall};
use crate::{database::quoted, schema::OPTIONS};

/// What is given: these queries have no parameters.
fn given(number: &Value<u32>) -> u32 {
    *number.given().expect("it has no parameters")
}

/// A query as SQL.
pub struct Statement {
    /// All rows in their order: the id of the row of the query's table, then what is given.
    pub whole: String,
    /// What is given, by its keys.
    pub keys: Vec<String>,
    /// The part that is asked for: from which row on, and how many.
    pub part: Option<(usize, usize)>,
    /// Whether pages are asked for.
    pub is_paged: bool,
    /// Whether groups are given, and texts by their keys.
    pub is_aggregate: bool,
}

/// One thing that is given: what it is called and shown as, what it is one by, what it sorts by.
struct Given {
    key: String,
    shown: String,
    one: String,
    sort: String,
}

/// Something that says where rows stand.
struct Position {
    by: String,
    descending: bool,
}

impl<'a> Translator<'a> {
    pub(super) fn statement(&self) -> Statement {
        let root = self.root();
        let body = &self.fetch.body;
        let (joins, tests) = self.joins(&root, &body.links);
        let conditions: Vec<String> =
            body.filter.iter().map(|filter| self.group(&root, filter)).chain(tests).collect();
        let mut from = format!("FROM {} AS q{joins}", root.table.name);
        if !conditions.is_empty() {
            from.push_str(&format!("\n  WHERE {}", conditions.join("\n    AND ")));
        }
        let is_aggregate = self.fetch.is_aggregate();
        let (keys, whole) = match is_aggregate {
            true => self.groups(&root, &from),
            false => self.rows(&root, &from),
        };
        let paging = &self.fetch.paging;
        let is_paged = paging.page.is_some() || paging.size.is_some();
        let size = paging.size.as_ref().map_or(TOP_MAX, |size| given(&size.node)) as usize;
        let page = paging.page.as_ref().map_or(1, |page| given(&page.node)) as usize;
        let part = match &paging.top {
            Some(top) => Some((0, given(&top.node) as usize)),
            None => is_paged.then_some(((page - 1) * size, size)),
        };
        Statement { whole, keys, part, is_paged, is_aggregate }
    }

    /// What is said of the query's table and of each link, with the name under which SQL knows it.
    fn said(&self, root: &Scope<'a>) -> Vec<(Option<&str>, Scope<'a>, &'a Body)> {
        let mut all = vec![(None, root.clone(), &self.fetch.body)];
        for (number, link) in self.fetch.body.all_links().enumerate() {
            let known = &self.links[number];
            if !known.is_tested {
                let sql_name = root.link_names[number].clone();
                let scope = Scope { table: known.table, sql_name, ..root.clone() };
                all.push((Some(known.name.as_str()), scope, &link.body));
            }
        }
        all
    }

    fn rows(&self, root: &Scope<'a>, from: &str) -> (Vec<String>, String) {
        let said = self.said(root);
        let given: Vec<Given> =
            said.iter().flat_map(|(link, scope, body)| self.columns(*link, scope, body)).collect();
        let mut order: Vec<Position> = Vec::new();
        for (_, scope, body) in &said {
            order.extend(body.order.iter().map(|order| Position {
                by: self.sorted_by(&self.cell(scope, &order.column)),
                descending: order.descending,
            }));
        }
        let ties = said.iter().map(|(_, scope, _)| key_of(scope.table, &scope.sql_name));
        order.extend(ties.map(|by| Position { by, descending: false }));
        let id = key_of(root.table, "q");
        let mut found =
            format!("WITH found AS (SELECT {id} AS id{}", numbered(&given, "o", |g| &g.shown));
        for (at, position) in order.iter().enumerate() {
            found.push_str(&format!(", {} AS p{at}", position.by));
        }
        found.push_str(&numbered(&given, "k", |g| &g.one));
        found.push_str(&format!("\n  {from})"));
        let by = by_position(&order);
        let source = match self.fetch.distinct.is_some() {
            true => {
                let alike: Vec<String> = (0..given.len()).map(|at| format!("k{at}")).collect();
                found.push_str(&format!(
                    ",\nonce AS (SELECT *, row_number() OVER (PARTITION BY {} ORDER BY {by}) AS nth FROM found)",
                    alike.join(", ")
                ));
                "once WHERE nth = 1"
            }
            false => "found",
        };
        let shown: String = (0..given.len()).map(|at| format!(", o{at}")).collect();
        let whole = format!("{found}\nSELECT id{shown} FROM {source} ORDER BY {by}");
        (given.into_iter().map(|given| given.key).collect(), whole)
    }

    fn columns(&self, link: Option<&str>, scope: &Scope<'a>, body: &Body) -> Vec<Given> {
        let given = |name: &str, alias: Option<&str>| {
            let cell = of(scope.table, scope.sql_name.clone(), name);
            let key = match (alias, link) {
                (Some(alias), _) => alias.to_owned(),
                (None, Some(link)) => format!("{link}.{name}"),
                (None, None) => name.to_owned(),
            };
            Given { key, shown: shown(&cell), one: one(&cell), sort: String::new() }
        };
        match &body.columns {
            Columns::All(_) => {
                scope.table.columns().iter().map(|column| given(&column.name, None)).collect()
            }
            Columns::Listed(listed) => listed
                .iter()
                .map(|selected| {
                    let column = selected.term.column().expect("a column");
                    given(&column.node, selected.alias.as_ref().map(|alias| alias.node.as_str()))
                })
                .collect(),
        }
    }

    fn groups(&self, root: &Scope<'a>, from: &str) -> (Vec<String>, String) {
        let said = self.said(root);
        let groups = said.iter().flat_map(|(link, scope, body)| {
            body.groups.iter().map(move |grouped| self.grouped(*link, scope, grouped))
        });
        let mut given: Vec<Given> = groups.collect();
        let groups = given.len();
        given.extend(said.iter().flat_map(|(_, scope, body)| {
            body.columns.listed().iter().map(move |selected| self.applied(scope, selected))
        }));
        let orders = said.iter().flat_map(|(_, _, body)| &body.order);
        let mut order: Vec<Position> = orders
            .map(|order| {
                let key = written(&order.column);
                let by = given.iter().find(|given| given.key == key).expect("it is given");
                Position { by: by.sort.clone(), descending: order.descending }
            })
            .collect();
        let ties = given[..groups].iter().map(|group| group.one.clone());
        order.extend(ties.map(|by| Position { by, descending: false }));
        let mut whole = format!("SELECT NULL{}\n  {from}", numbered(&given, "o", |g| &g.shown));
        if groups > 0 {
            let by: Vec<&str> = given[..groups].iter().map(|group| group.one.as_str()).collect();
            whole.push_str(&format!("\n  GROUP BY {}", by.join(", ")));
            let by = order
                .iter()
                .map(|p| format!("{}{}", p.by, if p.descending { " DESC" } else { "" }));
            whole.push_str(&format!("\n  ORDER BY {}", by.collect::<Vec<_>>().join(", ")));
        }
        (given.into_iter().map(|given| given.key).collect(), whole)
    }

    fn grouped(&self, link: Option<&str>, scope: &Scope<'a>, grouped: &Grouped) -> Given {
        let cell = of(scope.table, scope.sql_name.clone(), &grouped.column.node);
        let key = match (&grouped.alias, link) {
            (Some(alias), _) => alias.node.to_string(),
            (None, Some(link)) => format!("{link}.{}", grouped.column.node),
            (None, None) => grouped.column.node.to_string(),
        };
        if let Some(part) = &grouped.part {
            let part = date_part(&cell, part.node, grouped.utc);
            return Given { key, shown: part.clone(), one: part.clone(), sort: part };
        }
        // All rows of a group have the same there, but for case and accents.
        let shown = match cell.column.column_type {
            T::String | T::Memo => one(&cell),
            _ => format!("min({})", shown(&cell)),
        };
        let sort = format!("min({})", self.sorted_by(&cell));
        Given { key, shown, one: one(&cell), sort }
    }

    fn applied(&self, scope: &Scope<'a>, selected: &Selected) -> Given {
        let Term::Function { function, column, distinct } = &selected.term else {
            panic!("a column beside groups")
        };
        let alias = selected.alias.as_ref().expect("functions have names");
        let cell =
            |column: &Spanned<_>| of(scope.table, scope.sql_name.clone(), column_name(column));
        let shown = match (function.node, column) {
            (Function::Rows, _) | (_, None) => "count(*)".to_owned(),
            (function, Some(column)) => apply(&cell(column), function, *distinct),
        };
        Given { key: alias.node.to_string(), sort: shown.clone(), one: String::new(), shown }
    }

    /// What a column sorts by: options by their labels, pointers by the names of their targets.
    pub(super) fn sorted_by(&self, cell: &Cell<'a>) -> String {
        match cell.column.column_type {
            T::Lookup | T::Owner => {
                let targets = cell.column.targets.iter().map(|target| {
                    let name = self.primary_name(self.table(target), &cell.sql());
                    format!(" WHEN '{target}' THEN {name}")
                });
                let targets: String = targets.collect();
                format!("CASE {}{targets} END", cell.beside("table"))
            }
            _ => self.plainly(cell),
        }
    }

    /// What one calls a row that the caller may read; null for one that they may not.
    fn primary_name(&self, table: &'a Table, id: &str) -> String {
        let name = table.primary_name.as_ref().expect("every target has one");
        let sort = self.plainly(&of(table, "named".to_owned(), name));
        format!(
            "(SELECT {sort} FROM {} AS named WHERE {} = {id})",
            table.name,
            key_of(table, "named")
        )
    }

    fn plainly(&self, cell: &Cell<'_>) -> String {
        let has_options = !cell.column.options.is_empty();
        match cell.column.column_type {
            T::Choice | T::State | T::Status if has_options && self.fetch.raw_order.is_none() => {
                let labels = OPTIONS.map(|(option, label)| {
                    format!(" WHEN {option} THEN {}", quoted(&crate::text::key(label)))
                });
                format!(
                    "CASE {}{} ELSE CAST({} AS TEXT) END",
                    cell.sql(),
                    labels.concat(),
                    cell.sql()
                )
            }
            _ => one(cell),
        }
    }
}

fn column_name(column: &Spanned<haversack_core::Name>) -> &str {
    &column.node
}

fn written(column: &ColumnRef) -> String {
    match &column.link {
        Some(link) => format!("{}.{}", link.node, column.column.node),
        None => column.column.node.to_string(),
    }
}

fn numbered(given: &[Given], letter: &str, what: fn(&Given) -> &String) -> String {
    given
        .iter()
        .enumerate()
        .map(|(at, given)| format!(", {} AS {letter}{at}", what(given)))
        .collect()
}

fn by_position(order: &[Position]) -> String {
    let by = order
        .iter()
        .enumerate()
        .map(|(at, position)| format!("p{at}{}", if position.descending { " DESC" } else { "" }));
    by.collect::<Vec<_>>().join(", ")
}

/// A column as it is compared with what the evaluator gives.
fn shown(cell: &Cell<'_>) -> String {
    match cell.column.column_type {
        T::Lookup | T::Owner => format!("{} || ':' || {}", cell.beside("table"), cell.sql()),
        _ => cell.sql(),
    }
}

/// What makes values one: texts by their keys, and blanks at their end count.
fn one(cell: &Cell<'_>) -> String {
    match cell.column.column_type {
        T::String | T::Memo => cell.beside("key"),
        T::Choices => cell.beside("sort"),
        _ => cell.sql(),
    }
}

fn apply(cell: &Cell<'_>, function: Function, distinct: bool) -> String {
    let distinct = if distinct { "DISTINCT " } else { "" };
    let value = one(cell);
    match function {
        Function::Rows => "count(*)".to_owned(),
        Function::Count => format!("count({distinct}{value})"),
        Function::Sum => format!("sum({distinct}{value})"),
        Function::Min => format!("min({value})"),
        Function::Max => format!("max({value})"),
        Function::Avg => mean(cell, distinct),
    }
}

/// The mean in 10^-10, of whole numbers, half to even.
fn mean(cell: &Cell<'_>, distinct: &str) -> String {
    let scaled = match cell.column.column_type {
        T::Decimal | T::Money => cell.sql(),
        // Doubles of cases are quarters.
        T::Double => format!("CAST({} * 4 AS INTEGER) * 2500000000", cell.sql()),
        _ => format!("{} * 10000000000", cell.sql()),
    };
    let (sum, count) = (format!("sum({distinct}{scaled})"), format!("count({distinct}{scaled})"));
    let (whole, rest) = (format!("(abs({sum}) / {count})"), format!("(abs({sum}) % {count} * 2)"));
    format!(
        "(CASE WHEN {sum} < 0 THEN -1 ELSE 1 END * ({whole} + ({rest} > {count} OR {rest} = {count} AND {whole} % 2 = 1)))"
    )
}

fn date_part(cell: &Cell<'_>, part: DatePart, utc: bool) -> String {
    let day = match cell.column.column_type {
        T::Date => format!("date({} * 86400, 'unixepoch')", cell.sql()),
        _ if utc => format!("date({} / 1000000, 'unixepoch')", cell.sql()),
        _ => format!("date({} / 1000000, 'unixepoch')", wall(&cell.sql())),
    };
    let number = |format: &str| format!("CAST(strftime('{format}', {day}) AS INTEGER)");
    let fiscal = |column: &str| {
        let at = format!("unixepoch({day}) * 1000000");
        format!("(SELECT {column} FROM period WHERE {at} >= begins AND {at} < ends)")
    };
    match part {
        DatePart::Day => number("%d"),
        DatePart::Month => number("%m"),
        DatePart::Quarter => format!("(({} + 2) / 3)", number("%m")),
        DatePart::Year => number("%Y"),
        // SQLite's week 1 begins on the first Sunday, ours holds 1 January.
        DatePart::Week => {
            format!("({} + (strftime('%w', date({day}, 'start of year')) <> '0'))", number("%U"))
        }
        DatePart::FiscalYear => fiscal("year"),
        DatePart::FiscalPeriod => fiscal("number"),
    }
}
