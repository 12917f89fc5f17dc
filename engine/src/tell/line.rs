//! Answers to lines of admin changes.

use haversack_replay::admin::Warning;
use serde_json::{Value as Json, json};

use super::{Line, line};
use crate::{LineAnswer, LineOutcome};

/// What became of a line.
#[must_use]
pub fn answer(answer: &LineAnswer) -> Line {
    let outcome = match answer.outcome {
        LineOutcome::Applied => "applied",
        LineOutcome::Unchanged => "unchanged",
        LineOutcome::Refused => "refused",
    };
    let warning = |w: &Warning| json!({"code": w.code, "message": w.message});
    let warnings: Vec<Json> = answer.warnings.iter().map(warning).collect();
    let offset = answer.offset.map_or(Json::Null, |offset| Json::from(offset.get()));
    line([
        ("line", Some(Json::from(answer.line))),
        ("outcome", Some(Json::from(outcome))),
        ("offset", Some(offset)),
        ("code", answer.fault.as_ref().map(|fault| Json::from(fault.code))),
        ("message", answer.fault.as_ref().map(|fault| Json::from(fault.message.as_str()))),
        ("warnings", (!warnings.is_empty()).then_some(Json::Array(warnings))),
    ])
}
