//! Reads a query in FetchXML: `fetch` and what it says of the whole query.

use roxmltree::Node;

use super::{
    body,
    comments::comments,
    document::document,
    element::{Attributes, children, tag},
    vocabulary::{ENTITY, Element, FETCH},
};
use crate::{
    Syntax,
    ast::{Columns, Comments, Fetch, Paging, Spanned, Value},
    diagnostic::code,
    reading::{Broken, Reading},
    shape::{forget_keys, whole_number},
    source::Notes,
};

/// Reads a query in FetchXML. Its size has been checked.
pub(crate) fn parse(text: &str) -> Result<Fetch, Broken<Fetch>> {
    let reading = Reading::new(Syntax::FetchXml, text);
    let source = reading.source.clone();
    let read = document(&source).map(|document| {
        let fetch = fetch(&reading, document.root());
        let comments = comments(&document, tag(document.root_element()));
        fetch.map(|fetch| Fetch { comments, notes: reading.take_notes(), ..fetch })
    });
    let mut fetch = reading.noted(read).flatten();
    if let Some(fetch) = &mut fetch {
        forget_keys(&fetch.table.node, &mut fetch.body);
        reading.check_shape(fetch);
    }
    reading.finish(fetch)
}

fn fetch(reading: &Reading, root: Node<'_, '_>) -> Option<Fetch> {
    let document = Element { name: "", attributes: &[], children: &["fetch"] };
    let node = children(reading, root, &document).pop()?;
    let attributes = Attributes::read(reading, node, &FETCH);
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
    self::entity(reading, &attributes, *entity)
}

fn entity(reading: &Reading, attributes: &Attributes<'_>, node: Node<'_, '_>) -> Option<Fetch> {
    let name = Attributes::read(reading, node, &ENTITY);
    let table = name.required("name");
    let body = body::body(reading, node, &ENTITY, 0);
    let table = reading.noted(reading.name(&table?.node, table?.span.clone(), "a table's name"))?;
    let mut fetch = Fetch {
        source: reading.source.clone(),
        table,
        body,
        distinct: attributes.flag("distinct"),
        raw_order: attributes.flag("useraworderby"),
        paging: paging(reading, attributes),
        notes: Notes::default(),
        comments: Comments::default(),
    };
    check_aggregate(reading, &fetch, attributes, node);
    check_orders(reading, node, fetch.is_aggregate());
    if fetch.body.columns.is_none() && !fetch.is_aggregate() {
        fetch.body.columns = Columns::ALL;
    }
    Some(fetch)
}

fn paging(reading: &Reading, attributes: &Attributes<'_>) -> Paging {
    let number = |name: &str| {
        let found = attributes.get(name)?;
        let read = whole_number(&reading.source, name, &found.node, found.span.clone());
        let number = reading.noted(read)?;
        Some(Spanned::new(Value::Given(number), found.span.clone()))
    };
    Paging {
        top: number("top"),
        page: number("page"),
        size: number("count"),
        cookie: attributes.get("paging-cookie").filter(|cookie| !cookie.node.is_empty()).cloned(),
        total: attributes.flag("returntotalrecordcount"),
    }
}

/// The tree knows by its functions and groups whether it is of groups; FetchXML says it besides.
fn check_aggregate(
    reading: &Reading,
    fetch: &Fetch,
    attributes: &Attributes<'_>,
    entity: Node<'_, '_>,
) {
    let said: Option<Spanned<()>> = attributes.flag("aggregate");
    let asks =
        |node: Node<'_, '_>| node.has_attribute("aggregate") || node.has_attribute("groupby");
    let error = match (said, fetch.is_aggregate()) {
        // Where one is asked for in a wrong way, that was reported.
        (Some(said), false) if !entity.descendants().any(asks) => reading
            .source
            .error(code::CONTRADICTION, said.span, "found aggregate `true` without aggregates")
            .expected("an `attribute` with `aggregate` or `groupby`"),
        (None, true) => reading
            .source
            .error(code::CONTRADICTION, tag(entity), "found aggregates in a query of rows")
            .help("write `<fetch aggregate=\"true\">`"),
        _ => return,
    };
    reading.report(error);
}

/// The alias that is meant by the name of a column or by itself.
fn alias_of<'a>(entity: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let given = || entity.descendants().filter(|node| node.has_tag_name("attribute"));
    let aliases = || given().filter_map(|node| node.attribute("alias"));
    let of_column =
        || given().find(|node| node.attribute("name") == Some(name))?.attribute("alias");
    aliases().find(|alias| *alias == name).or_else(of_column)
}

/// Groups are ordered by what they give, which has aliases, and rows by columns.
fn check_orders(reading: &Reading, entity: Node<'_, '_>, is_aggregate: bool) {
    let wrong = if is_aggregate { "attribute" } else { "alias" };
    for order in entity.descendants().filter(|node| node.has_tag_name("order")) {
        let Some(found) = order.attribute_node(wrong) else { continue };
        if order.has_attribute("attribute") && order.has_attribute("alias") {
            continue;
        }
        let (of, expected) = match is_aggregate {
            true => ("groups", "`alias`, of an aggregate or a group"),
            false => ("rows", "`attribute`, with `entityname` if it is a link's"),
        };
        let message = format!("found `order` by `{wrong}` in a query of {of}");
        let error = reading.source.error(code::CONTRADICTION, found.range_qname(), message);
        let error = error.expected(expected);
        // To look for what was meant takes time, and nobody will see it.
        let is_sought = is_aggregate && !reading.is_full();
        let alias = is_sought.then(|| alias_of(entity, found.value())).flatten();
        reading.report(match alias {
            Some(alias) => error.help(format!("write `alias=\"{alias}\"`")),
            None => error,
        });
    }
}
