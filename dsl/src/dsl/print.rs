//! Prints a query in the DSL, in the one form that `fmt` gives.

use std::fmt::Write as _;

use haversack_core::Name;

use super::{is_reserved, lexis::is_bare_value};
use crate::ast::{
    Body, ColumnRef, Columns, Fetch, Function, Grouped, Join, Link, LinkKind, Order, Selected, Term,
};

/// Prints a query, with a line break at its end.
pub(crate) fn print(fetch: &Fetch) -> String {
    let mut printer = Printer::default();
    printer.fetch(fetch);
    printer.out
}

#[derive(Default)]
pub(super) struct Printer {
    out: String,
    depth: usize,
}

impl Printer {
    pub(super) fn line(&mut self, text: &str) {
        let indent = "  ".repeat(self.depth);
        writeln!(self.out, "{indent}{text}").expect("a String takes all writes");
    }

    pub(super) fn block(&mut self, head: &str, is_empty: bool, body: impl FnOnce(&mut Self)) {
        if is_empty {
            return self.line(&format!("{head} {{ }}"));
        }
        self.line(&format!("{head} {{"));
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line("}");
    }

    fn fetch(&mut self, fetch: &Fetch) {
        let head = format!("fetch {}", name(&fetch.table.node));
        let whole = whole_query(fetch);
        // All columns is what a query without columns gives.
        let columns = match &fetch.body.columns {
            Columns::All => None,
            Columns::Listed(listed) => Some(joined(listed, selected)),
        };
        let Body { columns: _, groups, filter, links, order } = &fetch.body;
        let is_empty = whole.is_empty()
            && columns.as_deref().is_none_or(str::is_empty)
            && groups.is_empty()
            && filter.is_none()
            && links.is_empty()
            && order.is_empty();
        self.block(&head, is_empty, |printer| {
            printer.body(&fetch.body, columns);
            whole.iter().for_each(|line| printer.line(line));
        });
    }

    /// The sections of a table.
    fn body(&mut self, body: &Body, columns: Option<String>) {
        if !body.groups.is_empty() {
            self.line(&format!("group {}", joined(&body.groups, grouped)));
        }
        if let Some(columns) = columns.filter(|columns| !columns.is_empty()) {
            self.line(&format!("columns {columns}"));
        }
        if let Some(group) = &body.filter {
            self.group("filter", group);
        }
        body.links.iter().for_each(|link| self.link(link));
        if !body.order.is_empty() {
            self.line(&format!("order {}", joined(&body.order, order)));
        }
    }

    fn link(&mut self, link: &Link) {
        let kind = match link.kind.node {
            LinkKind::Inner => String::new(),
            kind => format!("{} ", kind.name()),
        };
        let alias = link.alias.as_ref().map(|alias| format!(" as {}", name(&alias.node)));
        let table = name(&link.table.node);
        let head =
            format!("link {kind}{table}{}{}", alias.unwrap_or_default(), join(link.join.as_ref()));
        if link.body == Body::default() {
            return self.line(&head);
        }
        let columns = match &link.body.columns {
            Columns::All => "*".to_owned(),
            Columns::Listed(listed) => joined(listed, selected),
        };
        self.block(&head, false, |printer| printer.body(&link.body, Some(columns)));
    }
}

/// What is said of the whole query, a line each.
fn whole_query(fetch: &Fetch) -> Vec<String> {
    let paging = &fetch.paging;
    let number = |word: &str, number: &Option<crate::ast::Spanned<u32>>| {
        number.as_ref().map(|number| format!("{word} {}", number.node))
    };
    let page = [number("page", &paging.page), number("size", &paging.size)];
    let page: Vec<String> = page.into_iter().flatten().collect();
    let lines = [
        fetch.raw_order.then(|| "raw-order".to_owned()),
        fetch.distinct.as_ref().map(|_| "distinct".to_owned()),
        number("top", &paging.top),
        (!page.is_empty()).then(|| page.join(" ")),
        paging.cookie.as_ref().map(|cookie| format!("cookie {}", quoted(&cookie.node))),
        paging.total.as_ref().map(|_| "total".to_owned()),
    ];
    lines.into_iter().flatten().collect()
}

pub(super) fn joined<T>(items: &[T], print: impl Fn(&T) -> String) -> String {
    items.iter().map(print).collect::<Vec<_>>().join(", ")
}

/// The columns that join a table, after what names it.
pub(super) fn join(join: Option<&Join>) -> String {
    join.map(|join| format!(" on {} = {}", name(&join.from.node), name(&join.to.node)))
        .unwrap_or_default()
}

fn with_alias(term: String, alias: Option<&crate::ast::Spanned<Name>>) -> String {
    match alias {
        Some(alias) => format!("{term} as {}", name(&alias.node)),
        None => term,
    }
}

fn selected(selected: &Selected) -> String {
    let term = match &selected.term {
        Term::Column(column) => name(&column.node),
        Term::Function { function, column, distinct } => {
            let column = column.as_ref().map(|column| name(&column.node)).unwrap_or_default();
            let word = match (function.node, column.is_empty(), distinct) {
                (Function::Rows, false, _) => "any ",
                (Function::Rows, true, _) | (_, _, false) => "",
                (_, _, true) => "distinct ",
            };
            format!("{}({word}{column})", function.node.name())
        }
    };
    with_alias(term, selected.alias.as_ref())
}

fn grouped(grouped: &Grouped) -> String {
    let column = name(&grouped.column.node);
    let term = match &grouped.part {
        Some(part) if grouped.utc => format!("{}({column} utc)", part.node.name()),
        Some(part) => format!("{}({column})", part.node.name()),
        None => column,
    };
    with_alias(term, grouped.alias.as_ref())
}

fn order(order: &Order) -> String {
    let direction = if order.descending { " desc" } else { "" };
    format!("{}{direction}", column_ref(&order.column))
}

/// A column. A keyword needs its back quotes only where it stands alone.
pub(super) fn column_ref(column: &ColumnRef) -> String {
    match &column.link {
        Some(_) => column.to_string(),
        None => name(&column.column.node),
    }
}

pub(super) fn name(name: &Name) -> String {
    if is_reserved(name) { format!("`{name}`") } else { name.to_string() }
}

pub(super) fn value(text: &str) -> String {
    if is_bare_value(text) && !looks_like_a_code(text) {
        return text.to_owned();
    }
    quoted(text)
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => out.extend(control.escape_unicode()),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Whether a number is written as people write codes and not amounts: `007`, `1e5`. Both forms
/// would be read back; quotes show that the text counts.
fn looks_like_a_code(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let has_leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    has_leading_zero
        || digits.starts_with(|c: char| c.is_ascii_digit()) && digits.contains(['e', 'E'])
}
