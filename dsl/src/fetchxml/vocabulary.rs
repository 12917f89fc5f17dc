//! The elements and attributes of FetchXML, and what becomes of each.

/// What becomes of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It is read.
    Read,
    /// It never meant anything to a query: accepted, and left out when printed.
    Ignored,
    /// Its value `false` says what holds anyway; other values are not supported yet.
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

use Use::{Ignored, Later, Off, Read};

pub(super) static FETCH: Element = Element {
    name: "fetch",
    attributes: &[
        ("top", Read),
        ("version", Ignored),
        ("mapping", Ignored),
        ("output-format", Ignored),
        ("no-lock", Ignored),
        ("distinct", Off),
        ("aggregate", Off),
        ("returntotalrecordcount", Off),
        ("latematerialize", Off),
        ("useraworderby", Off),
        ("count", Later),
        ("page", Later),
        ("paging-cookie", Later),
        ("aggregatelimit", Later),
        ("options", Later),
        ("datasource", Later),
        ("utc-offset", Later),
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
        ("prefilterparametername", Later),
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
        ("groupby", Off),
        ("distinct", Off),
        ("aggregate", Later),
        ("dategrouping", Later),
        ("usertimezone", Later),
        ("rowaggregate", Later),
    ],
    children: &[],
};

pub(super) static ORDER: Element = Element {
    name: "order",
    attributes: &[
        ("attribute", Read),
        ("descending", Read),
        ("alias", Later),
        ("entityname", Later),
    ],
    children: &[],
};

pub(super) static FILTER: Element = Element {
    name: "filter",
    attributes: &[
        ("type", Read),
        ("isquickfindfields", Off),
        ("overridequickfindrecordlimitenabled", Off),
        ("overridequickfindrecordlimitdisabled", Off),
        ("hint", Later),
    ],
    children: &["condition", "filter", "link-entity"],
};

/// A link in a filter: the only kind that there is yet.
pub(super) static LINK: Element = Element {
    name: "link-entity",
    attributes: &[
        ("name", Read),
        ("from", Read),
        ("to", Read),
        ("link-type", Read),
        ("intersect", Ignored),
        ("visible", Ignored),
        ("alias", Later),
    ],
    children: &["filter"],
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
        ("valueof", Later),
        ("entityname", Later),
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
