//! Reads filters in FetchXML: groups, conditions, linked filters.

use roxmltree::{Node, NodeType};

use super::{
    element::{Attributes, children, tag},
    vocabulary::{CONDITION, FILTER, LINK, VALUE},
};
use crate::{
    ast::{Condition, Connective, Group, Linked, Part, Quantifier, Spanned},
    diagnostic::{Diagnostic, code},
    reading::{Given, Reading},
    source::{Span, quoted},
};

/// The group of a `filter`. An error in it leaves a part out.
pub(super) fn group(reading: &Reading, node: Node<'_, '_>, depth: usize) -> Group {
    let attributes = Attributes::read(reading, node, &FILTER);
    let connective = connective(reading, attributes.get("type"), tag(node));
    if let Some(error) = reading.too_deep(depth, tag(node)) {
        reading.report(error);
        return Group { connective, parts: Vec::new() };
    }
    let part = |child: Node<'_, '_>| match child.tag_name().name() {
        "condition" => condition(reading, child).map(Part::Condition),
        "filter" => Some(Part::Group(group(reading, child, depth + 1))),
        _ => linked(reading, child, depth).map(Part::Linked),
    };
    Group {
        connective,
        parts: children(reading, node, &FILTER).into_iter().filter_map(part).collect(),
    }
}

/// Sibling filters as one: all of them must hold.
///
/// Those that are and-groups are merged, so that siblings are no deeper than a filter written as
/// one. Nothing comes of filters that say nothing.
pub(super) fn joined(mut filters: Vec<Group>, place: Span) -> Option<Group> {
    filters.retain(|group| !group.parts.is_empty());
    if filters.len() < 2 {
        return filters.pop();
    }
    let parts = filters.into_iter().flat_map(|group| match group.connective.node {
        Connective::And => group.parts,
        Connective::Or => vec![Part::Group(group)],
    });
    Some(Group { connective: Spanned::new(Connective::And, place), parts: parts.collect() })
}

fn connective(
    reading: &Reading,
    found: Option<&Spanned<String>>,
    place: Span,
) -> Spanned<Connective> {
    let Some(found) = found else { return Spanned::new(Connective::And, place) };
    let connective = match found.node.as_str() {
        "and" => Connective::And,
        "or" => Connective::Or,
        other => {
            let message = format!("found filter type {}", quoted(other));
            let error = reading.source.error(code::BAD_VALUE, found.span.clone(), message);
            reading.report(error.expected("`and` or `or`"));
            Connective::And
        }
    };
    Spanned::new(connective, found.span.clone())
}

fn condition(reading: &Reading, node: Node<'_, '_>) -> Option<Condition> {
    let attributes = Attributes::read(reading, node, &CONDITION);
    let values: Vec<_> = children(reading, node, &CONDITION)
        .into_iter()
        .map(|child| value(reading, child))
        .collect();
    let column = attributes.required("attribute");
    let operator = attributes.required("operator");
    let column =
        column.and_then(|found| reading.name(&found.node, found.span.clone(), "a column's name"));
    let operator = operator.and_then(|found| reading.operator(&found.node, found.span.clone()));
    // A value in a wrong place has been reported: that it is not in the right one says nothing new.
    if node.has_attribute("valueof") || has_strays(node, values.len()) {
        return None;
    }
    let given = match (attributes.get("value"), values.is_empty()) {
        (Some(value), true) => Given::One(value.clone()),
        (None, true) => Given::Nothing,
        (None, false) => Given::List(values),
        (Some(_), false) => {
            let message = "found both the attribute `value` and elements `value`";
            reading.report(
                reading.source.error(code::ARITY, tag(node), message).expected("one or the other"),
            );
            return None;
        }
    };
    reading.condition(column?, operator?, given)
}

/// Whether a condition has texts, or elements other than its values.
fn has_strays(node: Node<'_, '_>, values: usize) -> bool {
    let is_text = |child: Node<'_, '_>| {
        child.is_text() && !child.text().unwrap_or_default().trim().is_empty()
    };
    node.children().any(is_text) || node.children().filter(Node::is_element).count() > values
}

fn value(reading: &Reading, node: Node<'_, '_>) -> Spanned<String> {
    Attributes::read(reading, node, &VALUE);
    for child in node.children() {
        let message = match child.node_type() {
            NodeType::Element => format!("found element `{}` in `value`", child.tag_name().name()),
            NodeType::PI => "found a processing instruction in `value`".to_owned(),
            NodeType::Root | NodeType::Text | NodeType::Comment => continue,
        };
        let error = reading.source.error(code::UNKNOWN_ELEMENT, child.range(), message);
        reading.report(error.expected("text"));
    }
    let text: String =
        node.children().filter(Node::is_text).filter_map(|child| child.text()).collect();
    let place = match (node.first_child(), node.last_child()) {
        (Some(first), Some(last)) => first.range().start..last.range().end,
        _ => node.range(),
    };
    Spanned::new(text, place)
}

fn linked(reading: &Reading, node: Node<'_, '_>, depth: usize) -> Option<Linked> {
    reading.count_link(tag(node));
    let attributes = Attributes::read(reading, node, &LINK);
    let quantifier = quantifier(reading, attributes.get("link-type"), tag(node));
    let filters = children(reading, node, &LINK)
        .into_iter()
        .map(|child| group(reading, child, depth + 1))
        .collect();
    let filter = joined(filters, tag(node));
    let read = |name, what| {
        let found: &Spanned<String> = attributes.required(name)?;
        reading.name(&found.node, found.span.clone(), what)
    };
    let table = read("name", "a table's name");
    let from = read("from", "a column of the linked table");
    let to = read("to", "a column of this table");
    Some(Linked { quantifier: quantifier?, table: table?, from: from?, to: to?, filter })
}

fn quantifier(
    reading: &Reading,
    found: Option<&Spanned<String>>,
    place: Span,
) -> Option<Spanned<Quantifier>> {
    let (text, place) = match found {
        Some(found) => (found.node.as_str(), found.span.clone()),
        // What Dataverse takes for the type of a link that gives none.
        None => ("inner", place),
    };
    match text {
        "any" => Some(Spanned::new(Quantifier::Any, place)),
        "not any" => Some(Spanned::new(Quantifier::NotAny, place)),
        _ => {
            reading.report(no_quantifier(reading, text, place));
            None
        }
    }
}

fn no_quantifier(reading: &Reading, text: &str, place: Span) -> Diagnostic {
    if matches!(text, "all" | "not all") {
        return reading.unsupported(place, &format!("an `{text}` link"));
    }
    let message = format!("found link type {} in a filter", quoted(text));
    reading.source.error(code::BAD_VALUE, place, message).expected("`any` or `not any`")
}
