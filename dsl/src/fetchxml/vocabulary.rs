//! The elements and attributes of FetchXML, and what becomes of each.

/// What becomes of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It is read.
    Read,
    /// It never meant anything to a query: accepted, and left out when printed.
    Ignored,
    /// A hint to other engines: accepted, said to have no effect, and left out when printed.
    Hint,
    /// The same; its value `false` needs no word.
    Off,
    /// Not supported yet.
    Later,
}

/// An element.
#[derive(Debug)]
pub(super) struct Element {
    /// Its name.
    pub(super) name: &'static str,
    /// Its attributes.
    pub(super) attributes: &'static [(&'static str, Use)],
    /// The elements that may stand in it.
    pub(super) children: &'static [&'static str],
}

use Use::{Hint, Ignored, Later, Off, Read};

pub(super) static FETCH: Element = Element {
    name: "fetch",
    attributes: &[
        ("top", Read),
        ("version", Ignored),
        ("mapping", Ignored),
        ("output-format", Ignored),
        ("savedqueryid", Ignored),
        ("distinct", Read),
        ("aggregate", Read),
        ("returntotalrecordcount", Read),
        ("useraworderby", Read),
        ("count", Read),
        ("page", Read),
        ("paging-cookie", Read),
        ("no-lock", Off),
        ("latematerialize", Off),
        ("aggregatelimit", Hint),
        ("options", Hint),
        ("datasource", Hint),
        ("utc-offset", Hint),
        ("min-active-row-version", Off),
    ],
    children: &["entity"],
};

pub(super) static ENTITY: Element = Element {
    name: "entity",
    attributes: &[
        ("name", Read),
        ("alias", Later),
        ("enableprefiltering", Off),
        ("prefilterparametername", Hint),
    ],
    children: &["all-attributes", "attribute", "filter", "order", "link-entity"],
};

pub(super) static ALL_ATTRIBUTES: Element =
    Element { name: "all-attributes", attributes: &[], children: &[] };

pub(super) static ATTRIBUTE: Element = Element {
    name: "attribute",
    attributes: &[
        ("name", Read),
        ("alias", Read),
        ("groupby", Read),
        ("distinct", Read),
        ("aggregate", Read),
        ("dategrouping", Read),
        ("usertimezone", Read),
        ("rowaggregate", Later),
    ],
    children: &[],
};

pub(super) static ORDER: Element = Element {
    name: "order",
    attributes: &[("attribute", Read), ("descending", Read), ("alias", Read), ("entityname", Read)],
    children: &[],
};

pub(super) static FILTER: Element = Element {
    name: "filter",
    attributes: &[
        ("type", Read),
        ("isquickfindfields", Off),
        ("overridequickfindrecordlimitenabled", Off),
        ("overridequickfindrecordlimitdisabled", Off),
        ("hint", Hint),
    ],
    children: &["condition", "filter", "link-entity"],
};

/// A link in a filter.
pub(super) static LINK: Element = Element {
    name: "link-entity",
    attributes: &[
        ("name", Read),
        ("from", Read),
        ("to", Read),
        ("link-type", Read),
        ("intersect", Ignored),
        ("visible", Ignored),
        ("alias", Hint),
    ],
    children: &["filter"],
};

/// A link that joins a table.
pub(super) static JOIN: Element = Element {
    name: "link-entity",
    attributes: &[
        ("name", Read),
        ("from", Read),
        ("to", Read),
        ("alias", Read),
        ("link-type", Read),
        ("intersect", Ignored),
        ("visible", Ignored),
        ("enableprefiltering", Off),
        ("prefilterparametername", Hint),
    ],
    children: &["all-attributes", "attribute", "filter", "order", "link-entity"],
};

pub(super) static CONDITION: Element = Element {
    name: "condition",
    attributes: &[
        ("attribute", Read),
        ("operator", Read),
        ("value", Read),
        ("uiname", Ignored),
        ("uitype", Ignored),
        ("uihidden", Ignored),
        ("valueof", Read),
        ("entityname", Read),
        ("column", Later),
        ("aggregate", Later),
        ("rowaggregate", Later),
        ("alias", Later),
    ],
    children: &["value"],
};

pub(super) static VALUE: Element = Element {
    name: "value",
    attributes: &[("uiname", Ignored), ("uitype", Ignored)],
    children: &[],
};

/// All elements, to tell one in a wrong place from one that there is not.
pub(super) static ELEMENTS: [&Element; 9] =
    [&FETCH, &ENTITY, &ALL_ATTRIBUTES, &ATTRIBUTE, &ORDER, &FILTER, &LINK, &CONDITION, &VALUE];

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = include_str!("../../../docs/fetchxml.md");

    fn names(text: &str) -> Vec<&str> {
        text.split(", ").map(|name| name.trim_matches('`')).collect()
    }

    /// Each section of an element lists its attributes, what becomes of each, and its children.
    #[test]
    fn the_document_says_what_becomes_of_each_element_and_attribute() {
        let titled = [
            ("`fetch`", &FETCH),
            ("`entity`", &ENTITY),
            ("`all-attributes`", &ALL_ATTRIBUTES),
            ("`attribute`", &ATTRIBUTE),
            ("`order`", &ORDER),
            ("`filter`", &FILTER),
            ("`condition`", &CONDITION),
            ("`value`", &VALUE),
            ("`link-entity` that joins", &JOIN),
            ("`link-entity` in a filter", &LINK),
        ];
        let (_, text) = DOCUMENT.split_once("\n## Elements and attributes\n").expect("a chapter");
        let (text, _) = text.split_once("\n## ").expect("another chapter");
        let sections: Vec<&str> = text.split("\n### ").skip(1).collect();
        assert_eq!(sections.len(), titled.len());
        for (section, (title, element)) in sections.into_iter().zip(titled) {
            let (found, body) = section.split_once("\n\n").expect("more than a title");
            assert_eq!(found, title);
            let children = body.strip_prefix("In it: ").map(|rest| {
                let end = rest.find(['.', '\n']).unwrap_or(rest.len());
                names(rest[..end].split(", exactly").next().unwrap_or_default())
            });
            assert_eq!(children.unwrap_or_default(), element.children, "{title}");
            let rows = body.lines().filter_map(|line| line.strip_prefix("| `"));
            let listed: Vec<(&str, &str)> = rows
                .map(|row| {
                    let mut cells = row.split(" | ");
                    let name = cells.next().unwrap_or_default().trim_matches('`');
                    (name, cells.next().unwrap_or_default())
                })
                .collect();
            let known = element.attributes.iter().map(|(name, becomes)| (*name, said(*becomes)));
            assert_eq!(listed, known.collect::<Vec<_>>(), "{title}");
        }
    }

    fn said(becomes: Use) -> &'static str {
        match becomes {
            Read => "read",
            Ignored => "ignored",
            Hint => "no effect",
            Off => "no effect, or `false`",
            Later => "refused",
        }
    }
}
