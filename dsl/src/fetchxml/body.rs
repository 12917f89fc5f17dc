//! Reads what `entity` and `link-entity` say of their table: columns, groups, filters, links, order.

use haversack_core::nearest;
use roxmltree::Node;

use super::{
    condition,
    element::{Attributes, children, tag},
    link,
    vocabulary::{ALL_ATTRIBUTES, ATTRIBUTE, Element, ORDER},
};
use crate::{
    ast::{Body, ColumnRef, Columns, DatePart, Function, Grouped, Order, Selected, Spanned, Term},
    diagnostic::code,
    reading::Reading,
    source::{Span, named, quoted},
};

/// What an attribute asks for.
enum Asked {
    Selected(Selected),
    Grouped(Grouped),
}

/// Reads the children of an element that lies in so many links.
pub(super) fn body(reading: &Reading, node: Node<'_, '_>, of: &Element, links: usize) -> Body {
    let mut body = Body::default();
    let (mut all, mut listed, mut filters) = (None, Vec::new(), Vec::new());
    for child in children(reading, node, of) {
        match child.tag_name().name() {
            "all-attributes" => {
                Attributes::read(reading, child, &ALL_ATTRIBUTES);
                children(reading, child, &ALL_ATTRIBUTES);
                all = Some(tag(child));
            }
            "attribute" => match asked(reading, child) {
                Some(Asked::Selected(selected)) => listed.push(selected),
                Some(Asked::Grouped(grouped)) => body.groups.push(grouped),
                None => {}
            },
            "order" => body.order.extend(order(reading, child)),
            "filter" => filters.push(condition::group(reading, child, links + 1)),
            _ => body.links.extend(link::link(reading, child, links + 1)),
        }
    }
    body.columns = columns(reading, all, listed);
    body.filter = condition::joined(filters, tag(node));
    body
}

fn columns(reading: &Reading, all: Option<Span>, listed: Vec<Selected>) -> Columns {
    match all {
        Some(all) if !listed.is_empty() => {
            let message = "found `all-attributes` beside `attribute`";
            let error = reading.source.error(code::DUPLICATE, all.clone(), message);
            reading.report(error.expected("one or the other"));
            Columns::All(Spanned::new((), all))
        }
        Some(all) => Columns::All(Spanned::new((), all)),
        None => Columns::Listed(listed),
    }
}

fn asked(reading: &Reading, node: Node<'_, '_>) -> Option<Asked> {
    let attributes = Attributes::read(reading, node, &ATTRIBUTE);
    children(reading, node, &ATTRIBUTE);
    let column = attributes.required("name")?;
    let column =
        reading.noted(reading.name(&column.node, column.span.clone(), "a column's name"))?;
    let alias = match attributes.get("alias") {
        Some(_) => Some(attributes.name("alias", "an alias")?),
        None => None,
    };
    let distinct = attributes.flag("distinct");
    if let Some(groupby) = attributes.flag("groupby") {
        if attributes.get("aggregate").is_some() {
            let message = "found `aggregate` beside `groupby`";
            let error = reading.source.error(code::CONTRADICTION, groupby.span, message);
            reading.report(error.expected("one or the other"));
        }
        return grouped(reading, &attributes, column, alias).map(Asked::Grouped);
    }
    if let Some(part) = attributes.get("dategrouping") {
        let message = "found `dategrouping` without `groupby`";
        let error = reading.source.error(code::CONTRADICTION, part.span.clone(), message);
        reading.report(error.help("write `groupby=\"true\"`"));
        return None;
    }
    let term = match attributes.get("aggregate") {
        Some(found) => function(reading, found, column, distinct)?,
        None => Term::Column(column),
    };
    Some(Asked::Selected(Selected { term, alias }))
}

fn grouped(
    reading: &Reading,
    attributes: &Attributes<'_>,
    column: Spanned<haversack_core::Name>,
    alias: Option<Spanned<haversack_core::Name>>,
) -> Option<Grouped> {
    let part = match attributes.get("dategrouping") {
        Some(found) => match DatePart::find(&found.node) {
            Some(part) => Some(Spanned::new(part, found.span.clone())),
            None => {
                let message = format!("found dategrouping {}", quoted(&found.node));
                let error = reading.source.error(code::BAD_VALUE, found.span.clone(), message);
                let names = DatePart::ALL.map(|part| format!("`{}`", part.name()));
                let meant = nearest(&found.node, DatePart::ALL.map(DatePart::name));
                let error = error.expected(format!("one of {}", names.join(", ")));
                reading.report(error.did_you_mean(meant));
                return None;
            }
        },
        None => None,
    };
    let says_zone = attributes.get("usertimezone").is_some();
    let utc = says_zone && attributes.flag("usertimezone").is_none() && part.is_some();
    Some(Grouped { column, part, utc, alias })
}

fn function(
    reading: &Reading,
    found: &Spanned<String>,
    column: Spanned<haversack_core::Name>,
    distinct: Option<Spanned<()>>,
) -> Option<Term> {
    let known = Function::ALL.into_iter().find(|(_, name)| *name == found.node);
    let Some((function, _)) = known else {
        let message = format!("unknown aggregate {}", named(&found.node));
        let error = reading.source.error(code::BAD_VALUE, found.span.clone(), message);
        let names = Function::ALL.map(|(_, name)| format!("`{name}`"));
        let meant = nearest(&found.node, Function::ALL.map(|(_, name)| name));
        let error = error.expected(format!("one of {}", names.join(", ")));
        reading.report(error.did_you_mean(meant));
        return None;
    };
    if let (Function::Rows, Some(distinct)) = (function, &distinct) {
        let message = "found `distinct` with aggregate `count`, which counts rows";
        let error = reading.source.error(code::CONTRADICTION, distinct.span.clone(), message);
        reading.report(error.help("write `aggregate=\"countcolumn\"`"));
    }
    Some(Term::Function {
        function: Spanned::new(function, found.span.clone()),
        column: Some(column),
        distinct: distinct.is_some() && function != Function::Rows,
    })
}

fn order(reading: &Reading, node: Node<'_, '_>) -> Option<Order> {
    let attributes = Attributes::read(reading, node, &ORDER);
    children(reading, node, &ORDER);
    let descending = attributes.flag("descending").is_some();
    let column = match (attributes.get("attribute"), attributes.get("alias")) {
        (Some(_), Some(alias)) => {
            let message = "found `alias` beside `attribute`";
            let error = reading.source.error(code::CONTRADICTION, alias.span.clone(), message);
            reading.report(error.expected("one or the other"));
            return None;
        }
        (None, Some(alias)) => {
            reading.noted(reading.column_ref(&alias.node, alias.span.clone(), "an alias"))?
        }
        (..) => {
            let column = attributes.required("attribute")?;
            let column = reading.noted(reading.name(
                &column.node,
                column.span.clone(),
                "a column's name",
            ))?;
            let link = match attributes.get("entityname") {
                Some(_) => Some(attributes.name("entityname", "a link's name")?),
                None => None,
            };
            ColumnRef { link, column }
        }
    };
    Some(Order { column, descending })
}
