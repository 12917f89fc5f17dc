//! Prints a query in the DSL, in the one form that `fmt` gives.

use std::fmt::Write as _;

use haversack_core::Name;

use super::{is_reserved, lexis::is_bare_value};
use crate::{
    ast::{Columns, Condition, Connective, Fetch, Group, Linked, Order, Part, Selected},
    operator::Arity,
};

/// Prints a query, with a line break at its end.
pub(crate) fn print(fetch: &Fetch) -> String {
    let mut printer = Printer::default();
    printer.fetch(fetch);
    printer.out
}

#[derive(Default)]
struct Printer {
    out: String,
    depth: usize,
}

impl Printer {
    fn line(&mut self, text: &str) {
        let indent = "  ".repeat(self.depth);
        writeln!(self.out, "{indent}{text}").expect("a String takes all writes");
    }

    fn block(&mut self, head: &str, is_empty: bool, body: impl FnOnce(&mut Self)) {
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
        let is_empty = fetch.columns == Columns::All
            && fetch.filter.is_none()
            && fetch.order.is_empty()
            && fetch.top.is_none();
        let head = format!("fetch {}", name(&fetch.table.node));
        self.block(&head, is_empty, |printer| printer.sections(fetch));
    }

    fn sections(&mut self, fetch: &Fetch) {
        if let Columns::Listed(listed) = &fetch.columns {
            self.line(&format!("columns {}", joined(listed, selected)));
        }
        if let Some(group) = &fetch.filter {
            self.group("filter", group);
        }
        if !fetch.order.is_empty() {
            self.line(&format!("order {}", joined(&fetch.order, order)));
        }
        if let Some(top) = &fetch.top {
            self.line(&format!("top {}", top.node));
        }
    }

    /// A group after a head that leaves the usual `and` out.
    fn group(&mut self, head: &str, group: &Group) {
        let head = match group.connective.node {
            Connective::And => head.to_owned(),
            Connective::Or => format!("{head} or"),
        };
        self.block(&head, group.parts.is_empty(), |printer| printer.parts(group));
    }

    fn parts(&mut self, group: &Group) {
        for (at, part) in group.parts.iter().enumerate() {
            match part {
                Part::Condition(found) => self.line(&condition(found)),
                Part::Group(group) => {
                    let connective = group.connective.node.name();
                    self.block(connective, group.parts.is_empty(), |printer| printer.parts(group));
                }
                Part::Linked(linked) => {
                    let is_before_group = matches!(group.parts.get(at + 1), Some(Part::Group(_)));
                    self.linked(linked, is_before_group);
                }
            }
        }
    }

    fn linked(&mut self, linked: &Linked, is_before_group: bool) {
        let head = format!(
            "{} {} on {} = {}",
            linked.quantifier.node.name(),
            name(&linked.table.node),
            name(&linked.from.node),
            name(&linked.to.node)
        );
        match &linked.filter {
            Some(group) => self.group(&head, group),
            // Without braces the group that follows would be read as the link's.
            None if is_before_group => self.block(&head, true, |_| {}),
            None => self.line(&head),
        }
    }
}

fn joined<T>(items: &[T], print: impl Fn(&T) -> String) -> String {
    items.iter().map(print).collect::<Vec<_>>().join(", ")
}

fn selected(selected: &Selected) -> String {
    match &selected.alias {
        Some(alias) => format!("{} as {}", name(&selected.column.node), name(&alias.node)),
        None => name(&selected.column.node),
    }
}

fn order(order: &Order) -> String {
    let direction = if order.descending { " desc" } else { "" };
    format!("{}{direction}", name(&order.column.node))
}

fn condition(condition: &Condition) -> String {
    let operator = condition.operator.node;
    let head = format!("{} {}", name(&condition.column.node), operator.name());
    let values = joined(&condition.values, |found| value(&found.node));
    match operator.info().arity {
        Arity::None => head,
        Arity::One => format!("{head} {values}"),
        Arity::Many => format!("{head} ({values})"),
    }
}

fn name(name: &Name) -> String {
    if is_reserved(name) { format!("`{name}`") } else { name.to_string() }
}

fn value(text: &str) -> String {
    if is_bare_value(text) && !looks_like_a_code(text) {
        return text.to_owned();
    }
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
