//! Values that no column can ever meet: patterns that match nothing, fiscal periods that no year has.

use haversack_core::{Value, text::text_key};

use super::{Lint, claim::literals};
use crate::{
    ast,
    diagnostic::code,
    operator::{Operator, ValueKind},
    query::{Condition, Literal},
};

impl Lint<'_> {
    /// A pattern with a set in which no character is.
    pub(super) fn dead_pattern(&mut self, ast: &ast::Condition, operator: Operator) {
        if !operator.takes_pattern() {
            return;
        }
        let [value] = ast.values.as_slice() else { return };
        let Some((what, help)) = value.node.given().and_then(|text| dead_set(text)) else { return };
        let (code, result) = match operator.info().negative {
            false => (code::NEVER_TRUE, "so it matches no text"),
            true => (code::ALWAYS_TRUE, "so it matches no text, and every row passes"),
        };
        self.warn(code, value.span.clone(), || {
            (format!("{what}, {result}"), Some(help.to_owned()))
        });
    }

    /// A fiscal period that no year of the environment has.
    pub(super) fn no_such_period(&mut self, ast: &ast::Condition, condition: &Condition) {
        let values = condition.operator.info().values;
        if !matches!(values, ValueKind::Period | ValueKind::PeriodAndYear) {
            return;
        }
        let (Some(value), Some(Literal::Value(Value::Integer(period)))) =
            (ast.values.first(), literals(&condition.operand).first())
        else {
            return;
        };
        let periods = self.catalog.settings.fiscal_year.period.count();
        if value.node.given().is_none() || (1..=periods).contains(period) {
            return;
        }
        self.warn(code::NEVER_TRUE, value.span.clone(), || {
            let message = format!("a fiscal year has no period {period}: so nothing lies in it");
            let help = match values {
                ValueKind::PeriodAndYear => {
                    format!("the period comes first, from 1 to {periods}, then the year")
                }
                _ => format!("the periods here are those from 1 to {periods}"),
            };
            (message, Some(help))
        });
    }
}

/// What keeps a pattern from matching anything, and how to mend it.
fn dead_set(pattern: &str) -> Option<(&'static str, &'static str)> {
    let pattern = text_key(pattern);
    let mut rest = pattern.as_str();
    while let Some((_, after)) = rest.split_once('[') {
        let Some((set, after)) = after.split_once(']') else {
            return Some((
                "the set of the pattern has no end",
                "close it with `]`; for a `[` itself write `[[]`",
            ));
        };
        if !set.starts_with('^') && is_empty(set) {
            let help = "write the lesser character first, as in `[a-z]`; for a `]` itself write it without brackets";
            return Some(("no character is in a set of the pattern", help));
        }
        rest = after;
    }
    None
}

/// Whether a set has nothing but ranges that run backwards.
fn is_empty(set: &str) -> bool {
    let members: Vec<char> = set.chars().collect();
    members.chunks(3).all(|range| matches!(range, [low, '-', high] if low > high))
}

#[cfg(test)]
mod tests {
    use super::dead_set;

    #[test]
    fn patterns_that_match_nothing_are_told_from_others() {
        for dead in ["[", "a[bc", "[]", "x[]]", "%[z-a]%", "[z-a9-0]", "[a]["] {
            assert!(dead_set(dead).is_some(), "{dead}");
        }
        for live in
            ["", "]", "a]b", "[[]", "[^]", "[^z-a]", "[a-z]", "[-]", "[z-]", "[z-ab]", "[az-a]"]
        {
            assert!(dead_set(live).is_none(), "{live}");
        }
    }
}
