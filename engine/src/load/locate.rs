//! Where in a JSON text something stands, for messages: the way there by keys of objects, and by ids,
//! names or tables of what is listed.

use jsonc_parser::{ast::Value, common::Ranged};

/// Line and column, from 1, of the deepest part of the path that is there.
pub(super) fn locate(text: &str, path: &[String]) -> (usize, usize) {
    let parsed = jsonc_parser::parse_to_ast(
        text,
        &jsonc_parser::CollectOptions::default(),
        &jsonc_parser::ParseOptions::default(),
    );
    let at = parsed.ok().and_then(|parsed| parsed.value.map(|root| position(&root, path)));
    line_and_column(text, at.unwrap_or(0))
}

fn position(root: &Value<'_>, path: &[String]) -> usize {
    let (mut at, mut start) = (root, 0);
    for key in path {
        let next = match at {
            // The last of several, so that a duplicate is where it comes again.
            Value::Array(things) => things.elements.iter().rev().find(|thing| is(thing, key)),
            other => member(other, key),
        };
        let Some(next) = next else { break };
        (at, start) = (next, next.start());
    }
    start
}

pub(super) fn member<'a, 'text>(object: &'a Value<'text>, key: &str) -> Option<&'a Value<'text>> {
    let Value::Object(object) = object else { return None };
    object.properties.iter().find(|property| property.name.as_str() == key).map(|p| &p.value)
}

/// Whether a thing has this id, in whatever case, or this name; one that has no name, this table.
fn is(thing: &Value<'_>, key: &str) -> bool {
    let has = |property: &str| match member(thing, property) {
        Some(Value::StringLit(text)) => text.value.eq_ignore_ascii_case(key),
        _ => false,
    };
    has("id") || has("name") || member(thing, "name").is_none() && has("table")
}

pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
