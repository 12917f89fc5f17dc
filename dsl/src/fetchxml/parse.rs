//! Reads a query in FetchXML: `fetch`, `entity`, and what is not a filter.

use haversack_core::nearest;
use roxmltree::Node;

use super::{
    condition,
    document::document,
    vocabulary::{ALL_ATTRIBUTES, ATTRIBUTE, ELEMENTS, ENTITY, Element, FETCH, ORDER, Use},
};
use crate::{
    Syntax,
    ast::{Columns, Fetch, Order, Selected, Spanned},
    diagnostic::{Diagnostic, code},
    reading::Reading,
    source::{Span, named, quoted},
};

/// Reads a query in FetchXML. Its size has been checked.
pub(crate) fn parse(text: &str) -> Result<Fetch, Vec<Diagnostic>> {
    let reading = Reading::new(Syntax::FetchXml, text);
    let source = reading.source.clone();
    let fetch = match document(&source) {
        Ok(document) => fetch(&reading, document.root()),
        Err(error) => {
            reading.report(error);
            None
        }
    };
    reading.finish(fetch)
}

fn fetch(reading: &Reading, root: Node<'_, '_>) -> Option<Fetch> {
    let document = Element { name: "a query", attributes: &[], children: &["fetch"] };
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
            let message = format!("found a `{kind}` link outside a filter");
            reading.source.error(code::SYNTAX, tag(node), message).help("put it into a `filter`")
        }
        _ => reading.unsupported(tag(node), "a join by `link-entity`"),
    }
}

/// The place of an element's name.
pub(super) fn tag(node: Node<'_, '_>) -> Span {
    let start = node.range().start + 1;
    start..(start + node.tag_name().name().len()).min(node.range().end)
}

/// The elements in an element that may be there. All else is reported.
pub(super) fn children<'a, 'input>(
    reading: &Reading,
    node: Node<'a, 'input>,
    element: &Element,
) -> Vec<Node<'a, 'input>> {
    let mut known = Vec::new();
    for child in node.children().take_while(|_| !reading.is_full()) {
        if child.is_element() {
            let name = child.tag_name().name();
            if child.tag_name().namespace().is_none() && element.children.contains(&name) {
                known.push(child);
            } else {
                reading.report(misplaced(reading, child, element));
            }
        } else if child.is_pi() {
            let message = "found a processing instruction";
            reading.report(reading.source.error(code::SYNTAX, child.range(), message));
        } else if child.is_text() && !child.text().unwrap_or_default().trim().is_empty() {
            reading.report(stray_text(reading, child, element));
        }
    }
    known
}

fn stray_text(reading: &Reading, node: Node<'_, '_>, element: &Element) -> Diagnostic {
    let text = node.text().unwrap_or_default();
    let blank = text.len() - text.trim_start().len();
    let place = node.range().start + blank..node.range().end;
    let message = format!("found the text {} in `{}`", quoted(text.trim()), element.name);
    let error = reading.source.error(code::SYNTAX, place, message);
    match element.name {
        "condition" => error.expected("elements").help("write it in the attribute `value`"),
        _ => error.expected("elements"),
    }
}

fn misplaced(reading: &Reading, node: Node<'_, '_>, element: &Element) -> Diagnostic {
    let name = node.tag_name().name();
    let allowed: Vec<String> = element.children.iter().map(|name| format!("`{name}`")).collect();
    let expected = match allowed.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    };
    let is_known = ELEMENTS.iter().any(|element| element.name == name);
    let message = match (is_known, element.name) {
        (true, inside) => format!("found element `{name}` in `{inside}`"),
        (false, _) => format!("unknown element {}", named(name)),
    };
    let error = reading.source.error(code::UNKNOWN_ELEMENT, tag(node), message).expected(expected);
    if element.name == "link-entity" && is_known {
        return error.help("a link in a filter only tests whether rows are there");
    }
    error.did_you_mean(nearest(name, element.children.iter().copied()).filter(|_| !is_known))
}

/// The attributes of an element that are read, with their places.
pub(super) struct Attributes<'a> {
    reading: &'a Reading,
    tag: Span,
    element: &'static Element,
    read: Vec<(&'a str, Spanned<String>)>,
}

impl<'a> Attributes<'a> {
    /// Takes the attributes that are read. Those that are unknown or not supported are reported.
    pub(super) fn read(
        reading: &'a Reading,
        node: Node<'a, '_>,
        element: &'static Element,
    ) -> Self {
        let mut read = Vec::new();
        for attribute in node.attributes().take_while(|_| !reading.is_full()) {
            let name = attribute.name();
            let place = attribute.range_value();
            let known = element.attributes.iter().find(|(known, _)| *known == name);
            let is_plain = attribute.namespace().is_none();
            match known.map(|(_, usage)| *usage).filter(|_| is_plain) {
                Some(Use::Read) => {
                    read.push((name, Spanned::new(attribute.value().to_owned(), place)));
                }
                Some(Use::Ignored) => {}
                Some(Use::Off) if matches!(attribute.value(), "false" | "0") => {}
                Some(Use::Off | Use::Later) => {
                    let what = format!("attribute `{name}` of `{}`", element.name);
                    reading.report(reading.unsupported(attribute.range_qname(), &what));
                }
                None => reading.report(unknown(reading, name, attribute.range_qname(), element)),
            }
        }
        if node.namespaces().next().is_some() {
            let message = "found an XML namespace";
            reading.report(reading.source.error(code::SYNTAX, tag(node), message).expected("none"));
        }
        Self { reading, tag: tag(node), element, read }
    }

    /// The attribute of this name, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<&Spanned<String>> {
        self.read.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// The attribute of this name; reported if it is not there.
    pub(super) fn required(&self, name: &str) -> Option<&Spanned<String>> {
        let found = self.get(name);
        if found.is_none() {
            let message = format!("found `{}` without attribute `{name}`", self.element.name);
            self.reading.report(self.reading.source.error(code::SYNTAX, self.tag.clone(), message));
        }
        found
    }
}

fn unknown(reading: &Reading, name: &str, place: Span, element: &Element) -> Diagnostic {
    let message = format!("unknown attribute {} of `{}`", named(name), element.name);
    let known = element.attributes.iter().map(|(name, _)| *name);
    reading.source.error(code::UNKNOWN_ATTRIBUTE, place, message).did_you_mean(nearest(name, known))
}
