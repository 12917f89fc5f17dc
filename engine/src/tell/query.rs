//! Rows of queries, and what is wrong with a query's text.

use haversack_core::json::bare_json;
use haversack_dataset::Answer;
use haversack_dsl::{Diagnostic, Severity};
use serde_json::Value as Json;

use super::{Line, line};

/// A row of an answer; lookups are bare ids.
#[must_use]
pub fn row(answer: &Answer) -> Line {
    answer.values.iter().map(|(key, value)| (key.clone(), bare_json(value))).collect()
}

/// Something to say about one place of a text.
#[must_use]
pub fn diagnostic(diagnostic: &Diagnostic) -> Line {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = |text: &Option<String>| text.as_deref().map(Json::from);
    line([
        ("line", Some(Json::from(diagnostic.line))),
        ("column", Some(Json::from(diagnostic.column))),
        ("severity", Some(Json::from(severity))),
        ("code", Some(Json::from(diagnostic.code))),
        ("message", Some(Json::from(diagnostic.message.as_str()))),
        ("expected", text(&diagnostic.expected)),
        ("help", text(&diagnostic.help)),
    ])
}
