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
    use std::collections::BTreeSet;

    use super::*;

    const DOCUMENT: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/fetchxml.md"));

    fn said(usage: Use) -> &'static str {
        match usage {
            Use::Read => "read",
            Use::Ignored => "no meaning",
            Use::Hint | Use::Off => "no effect",
            Use::Later => "refused",
        }
    }

    /// The rows of the table below a heading: attributes, and what becomes of each.
    fn documented(heading: &str) -> BTreeSet<(&'static str, &'static str)> {
        let start = format!("\n### {heading}\n");
        let after = DOCUMENT.split_once(&start).unwrap_or_else(|| panic!("no chapter {heading}")).1;
        let chapter = after.split("\n#").next().unwrap_or_default();
        let rows = chapter.lines().filter_map(|line| line.strip_prefix("| `"));
        let mut found = BTreeSet::new();
        for row in rows {
            let mut cells = row.split(" | ");
            let (name, usage) = (cells.next(), cells.next());
            let row = (name.and_then(|name| name.strip_suffix('`')), usage);
            let (Some(name), Some(usage)) = row else { panic!("a broken row in {heading}") };
            assert!(found.insert((name, usage)), "{name} is twice in {heading}");
        }
        found
    }

    #[test]
    fn every_element_and_attribute_is_in_the_document() {
        let plain = ELEMENTS.iter().filter(|element| element.name != LINK.name);
        let all = plain.map(|element| (format!("`{}`", element.name), *element));
        let links = [("`link-entity`", &JOIN), ("`link-entity` in a `filter`", &LINK)]
            .map(|(heading, element)| (heading.to_owned(), element));
        for (heading, element) in all.chain(links) {
            let expected: BTreeSet<_> =
                element.attributes.iter().map(|(name, usage)| (*name, said(*usage))).collect();
            assert_eq!(documented(&heading), expected, "{heading}");
        }
    }
}
