//! Filters of profile items that stand in query files: `{"file", "query", "parameters"}` in the place
//! of a text. Events hold the text of the query with its values, so the log depends on no file.

use std::path::{Component, Path};

use haversack_core::limits::QUERY_BYTES_MAX;
use jsonc_parser::{ast, common::Ranged};
use serde::Deserialize;
use serde_json::Value as Json;

use super::locate::line_and_column;

/// A filter as it refers to a query file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterFile {
    /// The file, in the directory of what refers to it or below.
    file: String,
    /// The query, if the file has several.
    query: Option<String>,
    /// Values for the parameters: texts, numbers or booleans.
    #[serde(default)]
    parameters: serde_json::Map<String, Json>,
}

/// Puts the texts of queries in the places of references to query files, in the items of a profile.
/// Files are looked for in a directory.
///
/// # Errors
/// What is wrong with a reference or its file, with the place in the file.
pub fn read_filters(profile: &mut Json, directory: &Path) -> Result<(), String> {
    let items = profile.get_mut("items").and_then(Json::as_array_mut);
    for filter in items.into_iter().flatten().filter_map(|item| item.get_mut("filter")) {
        if filter.is_object() {
            *filter = Json::from(query_text(filter.clone(), directory)?);
        }
    }
    Ok(())
}

/// The text of an environment document, with the texts of queries in the places of references to
/// query files. All else keeps its line.
///
/// # Errors
/// What is wrong with a reference or its file, with the line and column of the reference.
pub(super) fn with_filters(text: &str, directory: &Path) -> Result<String, (usize, usize, String)> {
    let options = (Default::default(), Default::default());
    let parsed = jsonc_parser::parse_to_ast(text, &options.0, &options.1);
    // What is no JSON is refused when it is read.
    let Some(root) = parsed.ok().and_then(|parsed| parsed.value) else {
        return Ok(text.to_owned());
    };
    let (mut out, mut copied) = (String::new(), 0);
    for filter in references(&root) {
        let (start, end) = (filter.start(), filter.end());
        let wrong = |message: String| {
            let (line, column) = line_and_column(text, start);
            (line, column, message)
        };
        let reference: Json =
            serde_json::from_str(&text[start..end]).map_err(|error| wrong(error.to_string()))?;
        let query = query_text(reference, directory).map_err(wrong)?;
        out.push_str(&text[copied..start]);
        out.push_str(&Json::from(query).to_string());
        out.extend(text[start..end].chars().filter(|c| *c == '\n'));
        copied = end;
    }
    out.push_str(&text[copied..]);
    Ok(out)
}

/// The objects in the places of filters, in the order of the text.
fn references<'a, 'text>(root: &'a ast::Value<'text>) -> Vec<&'a ast::Object<'text>> {
    let elements = |value: Option<&'a ast::Value<'text>>| match value {
        Some(ast::Value::Array(array)) => array.elements.as_slice(),
        _ => &[],
    };
    let profiles = elements(super::locate::member(root, "profiles"));
    let items = profiles.iter().flat_map(|p| elements(super::locate::member(p, "items")));
    let filters = items.filter_map(|item| match super::locate::member(item, "filter") {
        Some(ast::Value::Object(filter)) => Some(filter),
        _ => None,
    });
    filters.collect()
}

fn query_text(reference: Json, directory: &Path) -> Result<String, String> {
    let reference: FilterFile = serde_json::from_value(reference)
        .map_err(|error| format!("a filter that refers to a query file: {error}"))?;
    let FilterFile { file, query, parameters } = reference;
    let is_below = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(&file).components().all(is_below) {
        return Err(format!(
            "found query file {file:?}, expected one in the same directory or below"
        ));
    }
    let path = directory.join(&file);
    let in_file = |message: String| format!("{}: {message}", path.display());
    let metadata = std::fs::metadata(&path).map_err(|error| in_file(error.to_string()))?;
    if metadata.len() > QUERY_BYTES_MAX as u64 {
        let message = format!("{} bytes, expected at most {QUERY_BYTES_MAX}", metadata.len());
        return Err(in_file(message));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| in_file(error.to_string()))?;
    let at = |d: &haversack_dsl::Diagnostic| format!("{}:{d}", path.display());
    let first = |all: Vec<haversack_dsl::Diagnostic>| all.first().map_or_else(String::new, at);
    let queries = haversack_dsl::parse_file(&text).map_err(first)?;
    let definition = queries.find(query.as_deref()).map_err(|error| at(&error))?;
    let mut values = Vec::new();
    for (name, value) in parameters {
        let text = match value {
            Json::String(text) => text,
            Json::Number(_) | Json::Bool(_) => value.to_string(),
            other => return Err(in_file(format!("found {other} for parameter {name:?}"))),
        };
        values.push((name, text));
    }
    let fetch = definition.bind(&values).map_err(first)?;
    Ok(haversack_dsl::print_dsl(&fetch))
}
