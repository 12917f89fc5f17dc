//! Reads a `link-entity` that joins a table, and the two columns of any link.

use roxmltree::Node;

use super::{
    body,
    element::{Attributes, tag},
    vocabulary::JOIN,
};
use crate::{
    ast::{Join, Link, LinkKind, Spanned},
    diagnostic::{Diagnostic, code},
    reading::Reading,
    source::{Span, quoted},
};

/// A link that lies so deep: 1 if no link is around it.
pub(super) fn link(reading: &Reading, node: Node<'_, '_>, depth: usize) -> Option<Link> {
    reading.count_link(tag(node));
    if let Some(error) = reading.too_deep(depth, tag(node)) {
        reading.report(error);
        return None;
    }
    let attributes = Attributes::read(reading, node, &JOIN);
    let kind = kind(reading, attributes.get("link-type"), tag(node));
    let body = body::body(reading, node, &JOIN, depth);
    let table = attributes.required("name")?;
    let table = reading.noted(reading.name(&table.node, table.span.clone(), "a table's name"))?;
    let alias = match attributes.get("alias") {
        Some(_) => Some(attributes.name("alias", "an alias")?),
        None => None,
    };
    let join = join(reading, &attributes)?;
    Some(Link { kind: kind?, table, alias, join, body })
}

/// The columns of a link; nothing if they were reported, no join if neither is given.
pub(super) fn join(reading: &Reading, attributes: &Attributes<'_>) -> Option<Option<Join>> {
    if attributes.get("from").is_none() && attributes.get("to").is_none() {
        return Some(None);
    }
    let (from, to) = (attributes.required("from"), attributes.required("to"));
    let read = |found: &Spanned<String>, what| {
        reading.noted(reading.name(&found.node, found.span.clone(), what))
    };
    let from = from.and_then(|found| read(found, "a column of the linked table"));
    let to = to.and_then(|found| read(found, "a column of the table around it"));
    Some(Some(Join { from: from?, to: to? }))
}

fn kind(
    reading: &Reading,
    found: Option<&Spanned<String>>,
    place: Span,
) -> Option<Spanned<LinkKind>> {
    let Some(found) = found else { return Some(Spanned::new(LinkKind::Inner, place)) };
    // An old name of `inner`.
    let text = if found.node == "natural" { "inner" } else { found.node.as_str() };
    if let Some(kind) = LinkKind::ALL.into_iter().find(|kind| kind.link_type() == text) {
        return Some(Spanned::new(kind, found.span.clone()));
    }
    reading.report(no_kind(reading, found, place));
    None
}

fn no_kind(reading: &Reading, found: &Spanned<String>, place: Span) -> Diagnostic {
    let source = &reading.source;
    if let "any" | "not any" | "all" | "not all" = found.node.as_str() {
        let message = format!("found link type `{}` outside a filter", found.node);
        return source.error(code::SYNTAX, place, message).help("put it into a `filter`");
    }
    let message = format!("found link type {}", quoted(&found.node));
    let names = LinkKind::ALL.map(|kind| format!("`{}`", kind.link_type()));
    let error = source.error(code::BAD_VALUE, found.span.clone(), message);
    let meant = match found.node.to_ascii_lowercase().as_str() {
        // What SQL calls it.
        "left" | "left outer" | "leftouter" => Some(LinkKind::Outer.link_type()),
        lower => haversack_core::nearest(lower, LinkKind::ALL.map(LinkKind::link_type)),
    };
    error.expected(format!("one of {}", names.join(", "))).did_you_mean(meant)
}
