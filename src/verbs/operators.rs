//! `operators`.

use std::process::ExitCode;

use haversack_dsl::operator::{OPERATORS, OperatorInfo};
use serde_json::json;

use crate::{
    cli::Format,
    failure::Failure,
    output::{self, Line, line},
};

/// `operators [NAME…]`: the table of operators, or these of it.
pub fn operators(names: &[String], format: Format) -> Result<ExitCode, Failure> {
    let is_asked = |info: &&OperatorInfo| {
        names.is_empty()
            || names.iter().any(|n| n == info.name || info.aliases.contains(&n.as_str()))
    };
    let lines: Vec<Line> = OPERATORS.iter().filter(is_asked).map(row).collect();
    let columns = ["operator", "values", "columns", "null", "asks", "classic", "meaning"];
    output::print(format, &columns, &lines)?;
    Ok(ExitCode::SUCCESS)
}

fn row(info: &OperatorInfo) -> Line {
    let asks = match (info.names_caller, info.reads_clock) {
        (true, _) => Some(json!("who")),
        (_, true) => Some(json!("when")),
        _ => None,
    };
    line([
        ("operator", Some(json!(info.name))),
        ("values", Some(json!(info.takes()))),
        ("columns", Some(json!(info.types.describe()))),
        ("null", Some(json!(info.holds_for_null()))),
        ("asks", asks),
        ("classic", Some(json!(info.in_classic_filter))),
        ("meaning", Some(json!(format!("the column {}", info.meaning)))),
    ])
}
