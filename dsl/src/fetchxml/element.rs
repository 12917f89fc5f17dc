//! One element at a time: its attributes and children, with everything reported that is none of
//! FetchXML's.

use haversack_core::{Name, nearest};
use roxmltree::Node;

use super::vocabulary::{ELEMENTS, Element, Use};
use crate::{
    ast::Spanned,
    diagnostic::{Diagnostic, code},
    reading::Reading,
    source::{Span, named, quoted},
};

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
            if element.children.contains(&child.tag_name().name()) {
                known.push(child);
            } else {
                reading.report(misplaced(reading, child, element));
            }
        } else if child.is_pi() {
            let message = "found a processing instruction";
            let error = reading.source.error(code::SYNTAX, child.range(), message);
            reading.report(error.expected("elements").help("leave it out"));
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
        (true, "") => format!("found element `{name}` around all others"),
        (true, inside) => format!("found element `{name}` in `{inside}`"),
        (false, _) => format!("unknown element {}", named(name)),
    };
    let error = reading.source.error(code::UNKNOWN_ELEMENT, tag(node), message).expected(expected);
    if element.children == ["filter"] && is_known {
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
    /// What was probably meant by attributes that are unknown, and have been reported.
    misspelt: Vec<&'static str>,
}

impl<'a> Attributes<'a> {
    /// Takes the attributes that are read. Those that are unknown or not supported are reported.
    pub(super) fn read(
        reading: &'a Reading,
        node: Node<'a, '_>,
        element: &'static Element,
    ) -> Self {
        let (mut read, mut misspelt) = (Vec::new(), Vec::new());
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
                Some(Use::Off | Use::Hint) => {
                    let what = format!("attribute `{name}` of `{}`", element.name);
                    reading.ignore(attribute.range_qname(), &what);
                }
                Some(Use::Later) => {
                    let what = format!("attribute `{name}` of `{}`", element.name);
                    reading.report(reading.unsupported(attribute.range_qname(), &what));
                }
                None => {
                    let meant = nearest(name, element.attributes.iter().map(|(name, _)| *name));
                    misspelt.extend(meant);
                    let message =
                        format!("unknown attribute {} of `{}`", named(name), element.name);
                    let place = attribute.range_qname();
                    let error = reading.source.error(code::UNKNOWN_ATTRIBUTE, place, message);
                    reading.report(error.did_you_mean(meant));
                }
            }
        }
        Self { reading, tag: tag(node), element, read, misspelt }
    }

    /// The attribute of this name, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<&Spanned<String>> {
        self.read.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// Whether an attribute is `true`; where it says so.
    pub(super) fn flag(&self, name: &str) -> Option<Spanned<()>> {
        let found = self.get(name)?;
        match found.node.as_str() {
            "true" | "1" => Some(Spanned::new((), found.span.clone())),
            "false" | "0" => None,
            other => {
                let message = format!("found {name} {}", quoted(other));
                let source = &self.reading.source;
                let error = source.error(code::BAD_VALUE, found.span.clone(), message);
                self.reading.report(error.expected("`true` or `false`"));
                None
            }
        }
    }

    /// The attribute as a name, if it is there; reported if it is none.
    pub(super) fn name(&self, name: &str, what: &str) -> Option<Spanned<Name>> {
        let found = self.get(name)?;
        self.reading.noted(self.reading.name(&found.node, found.span.clone(), what))
    }

    /// The attribute of this name; reported if it is not there.
    pub(super) fn required(&self, name: &str) -> Option<&Spanned<String>> {
        let found = self.get(name);
        if found.is_none() && !self.misspelt.contains(&name) {
            let message = format!("found `{}` without attribute `{name}`", self.element.name);
            self.reading.report(self.reading.source.error(code::SYNTAX, self.tag.clone(), message));
        }
        found
    }
}
