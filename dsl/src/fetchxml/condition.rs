//! Reads filters in FetchXML: groups, conditions, linked filters.

use roxmltree::{Node, NodeType};

use super::{
    element::{Attributes, children, tag},
    link,
    vocabulary::{CONDITION, FILTER, LINK, VALUE},
};
use crate::{
    ast::{ColumnRef, Condition, Connective, Group, Linked, Part, Quantifier, Spanned, Value},
    diagnostic::code,
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
            let meant = haversack_core::nearest(other, ["and", "or"]);
            reading.report(error.expected("`and` or `or`").did_you_mean(meant));
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
    let column = column(reading, &attributes);
    let operator = attributes
        .required("operator")
        .and_then(|found| reading.noted(reading.operator(&found.node, found.span.clone())));
    // A value in a wrong place has been reported: that it is not in the right one says nothing new.
    if has_strays(node, values.len()) {
        return None;
    }
    let given = given(reading, node, &attributes, values)?;
    reading.condition(column?, operator?, given)
}

fn column(reading: &Reading, attributes: &Attributes<'_>) -> Option<ColumnRef> {
    let column = attributes.required("attribute");
    let column = column.and_then(|found| {
        reading.noted(reading.name(&found.node, found.span.clone(), "a column's name"))
    });
    let link = match attributes.get("entityname") {
        Some(_) => Some(attributes.name("entityname", "a link's name")?),
        None => None,
    };
    Some(ColumnRef { link, column: column? })
}

/// What a condition compares with. Of three ways to say it at most one may be there.
fn given(
    reading: &Reading,
    node: Node<'_, '_>,
    attributes: &Attributes<'_>,
    values: Vec<Spanned<Value>>,
) -> Option<Given> {
    let two = match (attributes.get("value"), attributes.get("valueof"), values.is_empty()) {
        (None, None, true) => return Some(Given::Nothing),
        (Some(value), None, true) => {
            return Some(Given::One(Spanned::new(
                Value::Given(value.node.clone()),
                value.span.clone(),
            )));
        }
        (None, None, false) => return Some(Given::List(values)),
        (None, Some(other), true) => {
            let what = "a column, or a link's name, `.` and a column";
            let other = reading.column_ref(&other.node, other.span.clone(), what);
            return reading.noted(other).map(Given::Column);
        }
        (Some(_), None, false) => "the attribute `value` and elements `value`",
        (Some(_), Some(_), _) => "the attributes `value` and `valueof`",
        (None, Some(_), false) => "the attribute `valueof` and elements `value`",
    };
    let error = reading.source.error(code::ARITY, tag(node), format!("found both {two}"));
    reading.report(error.expected("one or the other"));
    None
}

/// Whether a condition has texts, or elements other than its values.
fn has_strays(node: Node<'_, '_>, values: usize) -> bool {
    let is_text = |child: Node<'_, '_>| {
        child.is_text() && !child.text().unwrap_or_default().trim().is_empty()
    };
    node.children().any(is_text) || node.children().filter(Node::is_element).count() > values
}

fn value(reading: &Reading, node: Node<'_, '_>) -> Spanned<Value> {
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
    Spanned::new(Value::Given(text), place)
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
    let table = attributes.required("name");
    let table = table.and_then(|found| {
        reading.noted(reading.name(&found.node, found.span.clone(), "a table's name"))
    });
    let join = link::join(reading, &attributes)?;
    Some(Linked { quantifier: quantifier?, table: table?, join, filter })
}

fn quantifier(
    reading: &Reading,
    found: Option<&Spanned<String>>,
    place: Span,
) -> Option<Spanned<Quantifier>> {
    const EXPECTED: &str = "`any`, `not any`, `all` or `not all`";
    let Some(found) = found else {
        let message = "found `link-entity` in a filter without attribute `link-type`";
        let error = reading.source.error(code::SYNTAX, place, message);
        reading.report(
            error.expected(EXPECTED).help("a link in a filter only tests whether rows are there"),
        );
        return None;
    };
    let (text, place) = (found.node.as_str(), found.span.clone());
    let known = Quantifier::ALL.into_iter().find(|quantifier| quantifier.name() == text);
    if known.is_none() {
        let message = format!("found link type {} in a filter", quoted(text));
        let error = reading.source.error(code::BAD_VALUE, place.clone(), message);
        let meant = haversack_core::nearest(text, Quantifier::ALL.map(Quantifier::name));
        reading.report(error.expected(EXPECTED).did_you_mean(meant));
    }
    known.map(|quantifier| Spanned::new(quantifier, place))
}
