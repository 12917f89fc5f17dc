//! Reads conditions in the DSL: a column, an operator, and what is given to it.

use haversack_core::nearest;
use nom::{Input as _, Parser, branch::alt, combinator::opt, multi::separated_list1};

use super::{
    bare::is_bare_value,
    filter::PARTS,
    lexis::{
        Input, Parsed, blank, column_ref, foreign_operator, is_in_word, keyword, mistake, sign,
        span, stop, unexpected, value, word,
    },
    recover,
};
use crate::{
    ast::{ColumnRef, Part, Spanned, Value},
    diagnostic::Diagnostic,
    operator::{Arity, Operator},
    reading::Given,
    source::Span,
};

/// What texts stand in elsewhere, or where an editor has changed the quotes.
const OTHER_QUOTES: [char; 6] = ['\'', '“', '”', '„', '‘', '’'];

const FOLLOW: &str = "parts of a group follow one another without a sign or word; `and { … }` and `or { … }` are groups";

/// A condition; none if it was wrong in a way that does not keep from reading on.
pub(super) fn condition(input: Input<'_>) -> Parsed<'_, Option<Part>> {
    let (input, column) = column(input)?;
    let (rest, found) = opt(alt((word, foreign_operator))).parse(input)?;
    let Some(found) = found.filter(|found| !is_bare_value(found)) else {
        return stop(no_operator(input, &column));
    };
    let (rest, at) = match found.text {
        "is" => is_null(rest, span(&found))?,
        _ => (rest, span(&found)),
    };
    let text = &rest.extra.source.text()[at.clone()];
    let operator = match rest.extra.operator(text, at) {
        Ok(operator) => operator,
        Err(error) => {
            recover::note(input, mistake(*error))?;
            // `is null` has no values after it.
            let rest = if text.ends_with("null") { rest } else { values_of_unknown(rest)?.0 };
            return Ok((rest, None));
        }
    };
    let (rest, given) = given(rest, &column, &operator)?;
    Ok((rest, rest.extra.condition(column, operator, given).map(Part::Condition)))
}

/// `is null` and `is not null`, as SQL has them: where the words after `is` end.
fn is_null(input: Input<'_>, is: Span) -> Parsed<'_, Span> {
    let (rest, not) = opt(keyword("not")).parse(input)?;
    let (rest, null) = opt(keyword("null")).parse(rest)?;
    match null {
        Some(null) => Ok((rest, is.start..null.end)),
        None => Ok((if not.is_some() { rest } else { input }, is)),
    }
}

/// Reads what stands after an unknown operator, to go on after it.
fn values_of_unknown(input: Input<'_>) -> Parsed<'_, ()> {
    let (rest, list) = opt(sign('(')).parse(input)?;
    if list.is_some() {
        return list_values(rest).map(|(rest, _)| (rest, ()));
    }
    let (rest, found) = opt(value).parse(input)?;
    match found {
        Some(first) => second(rest, first).map(|(rest, _)| (rest, ())),
        None => Ok((recover::stray_word(input).unwrap_or(input), ())),
    }
}

fn no_operator(input: Input<'_>, column: &ColumnRef) -> Diagnostic {
    let error = unexpected(input, "an operator");
    let begins_group = input.starts_with('{');
    let meant = nearest(&column.column.node, ["and", "or"]).filter(|_| begins_group);
    error.did_you_mean(meant)
}

fn column(input: Input<'_>) -> Parsed<'_, ColumnRef> {
    if !input.starts_with(|c| c == '`' || is_in_word(c)) {
        let error = unexpected(input, PARTS);
        return stop(match input.chars().next() {
            Some(',' | ';' | '&' | '|') => error.help(FOLLOW),
            Some('(') => error.help("groups stand in braces: `and { … }`, `or { … }`"),
            _ => error,
        });
    }
    column_ref(input, "a column's name")
}

/// What stands after an operator.
fn given<'a>(
    input: Input<'a>,
    column: &ColumnRef,
    operator: &Spanned<Operator>,
) -> Parsed<'a, Given> {
    let (rest, list) = opt(sign('(')).parse(input)?;
    if list.is_some() {
        return list_values(rest);
    }
    let arity = operator.node.info().arity;
    // After what takes nothing, `column` begins the next condition.
    if arity != Arity::None {
        let (rest, word) = opt(keyword("column")).parse(input)?;
        if word.is_some() {
            let (rest, other) = column_ref(rest, "the column to compare with")?;
            return Ok((rest, Given::Column(other)));
        }
    }
    let (rest, found) = opt(value).parse(input)?;
    match found {
        Some(first) if arity == Arity::Two => second(rest, first),
        Some(value) => Ok((rest, Given::One(value))),
        None if arity != Arity::None && braced_id(input).is_some() => {
            let length = braced_id(input).unwrap_or_default();
            let at = input.start..input.start + length;
            let text = input[..length].to_owned();
            let error = unexpected(input, &format!("a value for `{}`", operator.node.name()));
            recover::note(input, mistake(error.help("write it without braces, or in quotes")))?;
            let (rest, ()) = blank(input.take_from(length))?;
            Ok((rest, Given::One(Spanned::new(Value::Given(text), at))))
        }
        None if arity == Arity::None || recover::begins_part(input) => Ok((input, Given::Nothing)),
        None => {
            no_value(input, column, operator)?;
            Ok((input, Given::Nothing))
        }
    }
}

/// `and` and the second of two values.
fn second(input: Input<'_>, first: Spanned<Value>) -> Parsed<'_, Given> {
    let (rest, and) = opt(keyword("and")).parse(input)?;
    // With a brace after it, it begins a group: the second value is missing.
    if and.is_none() || rest.starts_with('{') {
        return Ok((input, Given::One(first)));
    }
    let (rest, second) = list_value(rest)?;
    Ok((rest, Given::List(vec![first, second])))
}

/// A mistake if what stands in the place of a value looks like one that lacks its quotes.
fn no_value<'a>(
    input: Input<'a>,
    column: &ColumnRef,
    operator: &Spanned<Operator>,
) -> Parsed<'a, ()> {
    let (_, found) = opt(word).parse(input)?;
    if found.is_none() && !input.starts_with(OTHER_QUOTES) {
        return Ok((input, ()));
    }
    let error = unexpected(input, &format!("a value for `{}`", operator.node.name()));
    match found.map(|found| found.text) {
        Some("null") => stop(error.help(format!("write `{column} null` or `{column} not-null`"))),
        Some(found) if matches!(found.to_ascii_lowercase().as_str(), "true" | "false") => {
            stop(error.help(format!("did you mean `{}`?", found.to_ascii_lowercase())))
        }
        Some(found) if found.starts_with(|c: char| c.is_ascii_digit()) => {
            stop(error.help(
                "a day is written 2026-03-01, an id with 8-4-4-4-12 digits, a text in quotes",
            ))
        }
        Some(found) => {
            let is_name = found.parse::<haversack_core::Name>().is_ok();
            let column =
                if is_name { format!("; as a column: column {found}") } else { String::new() };
            stop(error.help(format!("as a value, write it in quotes: \"{found}\"{column}")))
        }
        None => stop(error.help("texts stand in double quotes")),
    }
}

/// The length of an id in braces, as other tools write it.
fn braced_id(input: Input<'_>) -> Option<usize> {
    let rest = input.strip_prefix('{')?;
    // No further than an id reaches: this is asked at every condition.
    let id = &rest[..rest.bytes().take(37).position(|byte| byte == b'}')?];
    (id.contains('-') && is_bare_value(id)).then_some(id.len() + 2)
}

fn list_values(input: Input<'_>) -> Parsed<'_, Given> {
    let (rest, end) = opt(sign(')')).parse(input)?;
    if end.is_some() {
        return Ok((rest, Given::List(Vec::new())));
    }
    let (input, values) = separated_list1(sign(','), list_value).parse(input)?;
    let (rest, end) = opt(sign(')')).parse(input)?;
    match end {
        Some(_) => Ok((rest, Given::List(values))),
        None => stop(unexpected(input, "`,` or `)`")),
    }
}

fn list_value(input: Input<'_>) -> Parsed<'_, Spanned<Value>> {
    let (rest, found) = opt(value).parse(input)?;
    match found {
        Some(value) => Ok((rest, value)),
        None => {
            let error = unexpected(input, "a value");
            let is_word = word(input).is_ok_and(|(_, found)| !is_bare_value(&found));
            let is_quote = input.starts_with(OTHER_QUOTES);
            stop(if is_word || is_quote {
                error.help("texts stand in double quotes")
            } else {
                error
            })
        }
    }
}
