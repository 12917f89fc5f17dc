//! Reads a query in FetchXML: `fetch`, `entity`, and what is not a filter.

use roxmltree::Node;

use super::{
    condition,
    document::document,
    element::{Attributes, children, tag},
    vocabulary::{ALL_ATTRIBUTES, ATTRIBUTE, ENTITY, Element, FETCH, ORDER},
};
use crate::{
    Syntax,
    ast::{Columns, Fetch, Order, Selected, Spanned},
    diagnostic::{Diagnostic, code},
    reading::Reading,
    source::{Span, quoted},
};

/// Reads a query in FetchXML. Its size has been checked.
pub(crate) fn parse(text: &str) -> Result<Fetch, Vec<Diagnostic>> {
    let reading = Reading::new(Syntax::FetchXml, text);
    let source = reading.source.clone();
    let fetch = match document(&source) {
        Ok(document) => fetch(&reading, document.root()),
        Err(error) => {
            reading.report(*error);
            None
        }
    };
    reading.finish(fetch)
}

fn fetch(reading: &Reading, root: Node<'_, '_>) -> Option<Fetch> {
    let document = Element { name: "", attributes: &[], children: &["fetch"] };
    let node = children(reading, root, &document).pop()?;
    let attributes = Attributes::read(reading, node, &FETCH);
    let top = attributes.get("top").map(|top| reading.top(&top.node, top.span.clone()));
    let entities = children(reading, node, &FETCH);
    if let Some(second) = entities.get(1) {
        let error = reading.source.error(code::DUPLICATE, tag(*second), "found a second `entity`");
        reading.report(error.expected("exactly one"));
    }
    let Some(entity) = entities.first() else {
        let error = reading.source.error(code::SYNTAX, tag(node), "found `fetch` without `entity`");
        reading.report(error.expected("exactly one `entity`"));
        return None;
    };
    self::entity(reading, *entity, top.flatten())
}

fn entity(reading: &Reading, node: Node<'_, '_>, top: Option<Spanned<u32>>) -> Option<Fetch> {
    let attributes = Attributes::read(reading, node, &ENTITY);
    let table = attributes.required("name");
    let mut columns = Vec::new();
    let mut all = None;
    let mut filters = Vec::new();
    let mut order = Vec::new();
    for child in children(reading, node, &ENTITY) {
        match child.tag_name().name() {
            "all-attributes" => {
                Attributes::read(reading, child, &ALL_ATTRIBUTES);
                children(reading, child, &ALL_ATTRIBUTES);
                all = Some(tag(child));
            }
            "attribute" => columns.extend(selected(reading, child)),
            "order" => order.extend(self::order(reading, child)),
            "filter" => filters.push(condition::group(reading, child, 1)),
            _ => reading.report(join(reading, child)),
        }
    }
    let columns = self::columns(reading, all, columns);
    let filter = condition::joined(filters, tag(node));
    let table = reading.name(&table?.node, table?.span.clone(), "a table's name")?;
    Some(Fetch { source: reading.source.clone(), table, columns, filter, order, top })
}

fn columns(reading: &Reading, all: Option<Span>, listed: Vec<Selected>) -> Columns {
    match (all, listed.is_empty()) {
        (Some(all), false) => {
            let message = "found `all-attributes` beside `attribute`";
            let error = reading.source.error(code::DUPLICATE, all, message);
            reading.report(error.expected("one or the other"));
            Columns::All
        }
        (_, true) => Columns::All,
        (None, false) => Columns::Listed(listed),
    }
}

fn selected(reading: &Reading, node: Node<'_, '_>) -> Option<Selected> {
    let attributes = Attributes::read(reading, node, &ATTRIBUTE);
    children(reading, node, &ATTRIBUTE);
    let column = attributes.required("name")?;
    let column = reading.name(&column.node, column.span.clone(), "a column's name")?;
    let alias = match attributes.get("alias") {
        Some(alias) => Some(reading.name(&alias.node, alias.span.clone(), "an alias")?),
        None => None,
    };
    Some(Selected { column, alias })
}

fn order(reading: &Reading, node: Node<'_, '_>) -> Option<Order> {
    let attributes = Attributes::read(reading, node, &ORDER);
    children(reading, node, &ORDER);
    // What orders by an alias has no column, and has been told that aliases are not supported yet.
    if node.has_attribute("alias") && !node.has_attribute("attribute") {
        return None;
    }
    let column = attributes.required("attribute")?;
    let column = reading.name(&column.node, column.span.clone(), "a column's name")?;
    let descending = match attributes.get("descending") {
        Some(found) => match found.node.as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => {
                let message = format!("found descending {}", quoted(&found.node));
                let error = reading.source.error(code::BAD_VALUE, found.span.clone(), message);
                reading.report(error.expected("`true` or `false`"));
                return None;
            }
        },
        None => false,
    };
    Some(Order { column, descending })
}

fn join(reading: &Reading, node: Node<'_, '_>) -> Diagnostic {
    match node.attribute("link-type") {
        Some(kind @ ("any" | "not any" | "all" | "not all")) => {
            let message = format!("found link type `{kind}` outside a filter");
            reading.source.error(code::SYNTAX, tag(node), message).help("put it into a `filter`")
        }
        _ => reading.unsupported(tag(node), "a join by `link-entity`"),
    }
}
