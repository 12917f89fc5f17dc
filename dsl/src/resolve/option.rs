//! Options of choices: by their numbers, or by their labels.

use haversack_core::{
    Value, nearest,
    schema::{ChoiceOption, Column},
    text::equality_key,
};

use super::{Resolver, literal::Misread};
use crate::{
    Syntax,
    diagnostic::code,
    query::Literal,
    source::{Span, named},
};

/// Options that a message lists at the most.
const OPTIONS_LISTED_MAX: usize = 12;

/// Reads an option: a number, else a label, case and accents aside.
pub(super) fn option(column: &Column, text: &str) -> Result<Literal, Misread> {
    if let Some(number) = number(text) {
        return Ok(Literal::Value(Value::Choice(number)));
    }
    match labelled(column, text).as_slice() {
        [only] => Ok(Literal::Value(Value::Choice(only.value))),
        [] => {
            let meant = nearest(text, column.options.iter().map(|option| option.label.as_str()));
            let help = meant.map(|label| format!("did you mean {}?", named(label)));
            Err(Misread { code: code::BAD_VALUE, expected: options(column), help })
        }
        several => {
            let expected = format!(
                "a number, since several have that label: {}",
                listed(several.iter().copied())
            );
            Err(Misread { code: code::AMBIGUOUS_LABEL, expected, help: None })
        }
    }
}

/// Reads a boolean by the label of its option 0 or 1.
pub(super) fn flag(column: &Column, text: &str) -> Result<Literal, Misread> {
    match option(column, text)? {
        Literal::Value(Value::Choice(number @ (0 | 1))) => {
            Ok(Literal::Value(Value::Boolean(number == 1)))
        }
        _ => Err(super::literal::expected("0, 1, true or false")),
    }
}

fn number(text: &str) -> Option<i32> {
    text.parse().ok()
}

/// The options that have a label.
fn labelled<'c>(column: &'c Column, text: &str) -> Vec<&'c ChoiceOption> {
    let key = equality_key(text);
    column.options.iter().filter(|option| equality_key(option.label.trim()) == key).collect()
}

/// What a choice may be, for messages.
fn options(column: &Column) -> String {
    match column.options.is_empty() {
        true => "an option's number".to_owned(),
        false => format!("an option: {}", listed(&column.options)),
    }
}

/// Options as messages list them, cut if there are many.
fn listed<'c>(options: impl IntoIterator<Item = &'c ChoiceOption>) -> String {
    let mut options = options.into_iter();
    let one = |option: &ChoiceOption| format!("{} ({})", option.value, shown(&option.label));
    let first: Vec<String> = options.by_ref().take(OPTIONS_LISTED_MAX).map(one).collect();
    let left = options.count();
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    format!("{}{more}", first.join(", "))
}

/// A label without the back quotes of a name.
fn shown(label: &str) -> String {
    named(label.trim()).replace('`', "")
}

impl Resolver<'_> {
    /// Warns of an option that the column does not have, which no row can hold, and of what another
    /// reader of the query would not take.
    pub(super) fn check_option(
        &self,
        column: &Column,
        text: &str,
        place: &Span,
        literal: &Literal,
    ) {
        let text = text.trim();
        let option = match literal {
            Literal::Value(Value::Choice(option)) => option,
            Literal::Value(Value::Boolean(flag)) => {
                let is_label = !matches!(text, "0" | "1" | "true" | "false");
                return if is_label {
                    self.check_portable(text, place, i32::from(*flag))
                };
            }
            _ => return,
        };
        if number(text).is_none() {
            self.check_portable(text, place, *option);
        } else if !column.options.is_empty() && column.label(*option).is_none() {
            self.advise(|source| {
                let message = format!("column `{}` has no option {option}", column.name);
                let warning = source.warning(code::UNKNOWN_OPTION, place.clone(), message);
                let warning = warning.expected(options(column));
                match labelled(column, text).as_slice() {
                    [meant, ..] => warning.help(format!(
                        "as a label it belongs to {}: a number comes first",
                        meant.value
                    )),
                    [] => warning,
                }
            });
        }
    }

    fn check_portable(&self, text: &str, place: &Span, option: i32) {
        if Syntax::of(self.source.text()) == Syntax::FetchXml {
            self.advise(|source| {
                let message = format!("found the label {} in FetchXML", named(text));
                let warning = source.warning(code::LABEL_IN_FETCHXML, place.clone(), message);
                warning.help(format!("write its number, {option}: Dataverse takes no other"))
            });
        }
    }
}
