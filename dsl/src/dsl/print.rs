//! Prints a query in the DSL, in the one form that `fmt` gives.

use haversack_core::Name;

use super::{bare::is_bare_value, comments::written, is_reserved};
use crate::{
    ast::{
        Body, ColumnRef, Columns, Definition, Fetch, Function, Grouped, Join, Link, LinkKind,
        Order, Parameter, Selected, Span, Spanned, Term, Value,
    },
    page::Page,
};

/// Prints a query, with a line break at its end.
pub(crate) fn print(fetch: &Fetch) -> String {
    print_after(String::new(), Vec::new(), fetch)
}

/// Prints a query with its name and parameters, if it has any.
pub(crate) fn print_definition(definition: &Definition) -> String {
    let Definition { name: Some(called), parameters, fetch } = definition else {
        return print(&definition.fetch);
    };
    let mut spans = vec![called.span.clone()];
    for parameter in parameters {
        spans.extend([parameter.name.span.clone(), parameter.parameter_type.span.clone()]);
        spans.extend(parameter.default.as_ref().map(|default| default.span.clone()));
    }
    let list = match parameters.is_empty() {
        true => String::new(),
        false => format!("({})", joined(parameters, parameter)),
    };
    print_after(format!("query {}{list} = ", name(&called.node)), spans, fetch)
}

fn parameter(parameter: &Parameter) -> String {
    let Parameter { name, parameter_type, default } = parameter;
    let default = default.as_ref().map(|default| format!(" = {}", literal(&default.node)));
    format!("{}: {}{}", name.node, parameter_type.node.name(), default.unwrap_or_default())
}

/// Prints a query after what its first line begins with.
fn print_after(head: String, mut spans: Vec<Span>, fetch: &Fetch) -> String {
    let mut printer = Printer { page: Page::new(&fetch.comments) };
    spans.push(fetch.comments.start.clone());
    printer.fetch(&head, spans, fetch);
    printer.page.print(written)
}

pub(super) struct Printer<'a> {
    page: Page<'a>,
}

impl Printer<'_> {
    pub(super) fn line(&mut self, text: String, spans: Vec<Span>) {
        self.page.leaf(text, spans);
    }

    /// Lines in braces. With nothing in them, there are braces still if they say something.
    pub(super) fn block(
        &mut self,
        head: String,
        spans: Vec<Span>,
        keeps_braces: bool,
        body: impl FnOnce(&mut Self),
    ) {
        let around = [format!("{head} {{"), "}".to_owned()];
        let empty = if keeps_braces { format!("{head} {{ }}") } else { head };
        self.page.open(empty, around, spans);
        body(self);
        self.page.close();
    }

    fn fetch(&mut self, head: &str, mut spans: Vec<Span>, fetch: &Fetch) {
        spans.push(fetch.table.span.clone());
        self.block(format!("{head}fetch {}", name(&fetch.table.node)), spans, true, |printer| {
            // All columns is what a query without columns gives.
            printer.body(&fetch.body, fetch.body.columns != Columns::ALL);
            printer.whole_query(fetch);
        });
    }

    /// The sections of a table.
    fn body(&mut self, body: &Body, with_columns: bool) {
        if !body.groups.is_empty() {
            let spans = body.groups.iter().flat_map(grouped_spans).collect();
            self.line(format!("group {}", joined(&body.groups, grouped)), spans);
        }
        match &body.columns {
            Columns::All(said) if with_columns => {
                self.line("columns *".to_owned(), vec![said.span.clone()]);
            }
            Columns::Listed(listed) if !listed.is_empty() => {
                let spans = listed.iter().flat_map(selected_spans).collect();
                self.line(format!("columns {}", joined(listed, selected)), spans);
            }
            Columns::All(_) | Columns::Listed(_) => {}
        }
        if let Some(group) = &body.filter {
            self.group("filter".to_owned(), Vec::new(), group);
        }
        body.links.iter().for_each(|link| self.link(link));
        if !body.order.is_empty() {
            let spans = body.order.iter().flat_map(|order| column_spans(&order.column)).collect();
            self.line(format!("order {}", joined(&body.order, order)), spans);
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
        let mut spans = vec![link.kind.span.clone(), link.table.span.clone()];
        spans.extend(link.alias.as_ref().map(|alias| alias.span.clone()));
        spans.extend(join_spans(link.join.as_ref()));
        self.block(head, spans, false, |printer| printer.body(&link.body, true));
    }

    /// What is said of the whole query.
    fn whole_query(&mut self, fetch: &Fetch) {
        let paging = &fetch.paging;
        let flags = [("raw-order", &fetch.raw_order), ("distinct", &fetch.distinct)];
        for (word, flag) in flags {
            if let Some(flag) = flag {
                self.line(word.to_owned(), vec![flag.span.clone()]);
            }
        }
        self.numbers(&[("top", &paging.top)]);
        self.numbers(&[("page", &paging.page), ("size", &paging.size)]);
        if let Some(cookie) = &paging.cookie {
            self.line(format!("cookie {}", quoted(&cookie.node)), vec![cookie.span.clone()]);
        }
        if let Some(total) = &paging.total {
            self.line("total".to_owned(), vec![total.span.clone()]);
        }
    }

    /// Numbers of rows on one line, if any is there.
    fn numbers(&mut self, numbers: &[(&str, &Option<Spanned<Value<u32>>>)]) {
        let (mut words, mut spans) = (Vec::new(), Vec::new());
        for (word, number) in numbers {
            let Some(number) = number else { continue };
            words.push(match &number.node {
                Value::Given(number) => format!("{word} {number}"),
                Value::Parameter(name) => format!("{word} ${name}"),
            });
            spans.push(number.span.clone());
        }
        if !words.is_empty() {
            self.line(words.join(" "), spans);
        }
    }
}

pub(super) fn joined<T>(items: &[T], print: impl Fn(&T) -> String) -> String {
    items.iter().map(print).collect::<Vec<_>>().join(", ")
}

/// The columns that join a table, after what names it.
pub(super) fn join(join: Option<&Join>) -> String {
    join.map(|join| format!(" on {} = {}", name(&join.from.node), name(&join.to.node)))
        .unwrap_or_default()
}

pub(super) fn join_spans(join: Option<&Join>) -> Vec<Span> {
    join.map(|join| vec![join.from.span.clone(), join.to.span.clone()]).unwrap_or_default()
}

pub(super) fn column_spans(column: &ColumnRef) -> Vec<Span> {
    let link = column.link.as_ref().map(|link| link.span.clone());
    link.into_iter().chain([column.column.span.clone()]).collect()
}

fn selected_spans(selected: &Selected) -> Vec<Span> {
    let function = selected.term.function().map(|function| function.span.clone());
    let names = [selected.term.column(), selected.alias.as_ref()];
    function.into_iter().chain(names.into_iter().flatten().map(|name| name.span.clone())).collect()
}

fn grouped_spans(grouped: &Grouped) -> Vec<Span> {
    let mut spans = vec![grouped.column.span.clone()];
    spans.extend(grouped.part.as_ref().map(|part| part.span.clone()));
    spans.extend(grouped.alias.as_ref().map(|alias| alias.span.clone()));
    spans
}

fn with_alias(term: String, alias: Option<&Spanned<Name>>) -> String {
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

/// A value, or the parameter that stands for it.
pub(super) fn value(value: &Spanned<Value>) -> String {
    match &value.node {
        Value::Given(text) => literal(text),
        Value::Parameter(name) => format!("${name}"),
    }
}

fn literal(text: &str) -> String {
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
