//! Reads filters in the DSL: groups, conditions, linked filters.

use nom::{Parser, branch::alt, combinator::opt, multi::separated_list1};

use super::{
    lexis::{
        Input, Parsed, column_ref, foreign_operator, is_bare_value, keyword, name, required_sign,
        sign, span, stop, unexpected, value, word,
    },
    link::join,
};
use crate::{
    ast::{ColumnRef, Condition, Connective, Group, Linked, Part, Quantifier, Spanned},
    operator::{Arity, Operator},
    reading::Given,
    source::Span,
};

const PARTS: &str = "a condition, `and`, `or`, `any`, `all`, `not any`, `not all` or `}`";

/// The group after `filter`: `{ … }`, `and { … }` or `or { … }`.
pub(super) fn root_group(input: Input<'_>, depth: usize) -> Parsed<'_, Group> {
    let (input, connective) = opt(connective).parse(input)?;
    body(input, connective, depth)
}

fn connective(input: Input<'_>) -> Parsed<'_, Spanned<Connective>> {
    let and = keyword("and").map(|at| Spanned::new(Connective::And, at));
    let or = keyword("or").map(|at| Spanned::new(Connective::Or, at));
    alt((and, or)).parse(input)
}

/// `{ parts }`. Without a connective all parts must hold.
fn body(
    input: Input<'_>,
    connective: Option<Spanned<Connective>>,
    depth: usize,
) -> Parsed<'_, Group> {
    let (mut input, brace) = required_sign(input, '{')?;
    if let Some(error) = input.extra.too_deep(depth, brace.clone()) {
        return stop(error);
    }
    let connective = connective.unwrap_or(Spanned::new(Connective::And, brace));
    let mut parts = Vec::new();
    loop {
        let (rest, end) = opt(sign('}')).parse(input)?;
        if end.is_some() {
            return Ok((rest, Group { connective, parts }));
        }
        let (rest, part) = part(input, depth)?;
        parts.extend(part);
        input = rest;
    }
}

/// One part of a group; none if it was wrong in a way that does not keep from reading on.
fn part(input: Input<'_>, depth: usize) -> Parsed<'_, Option<Part>> {
    let (rest, found) = opt(word).parse(input)?;
    let Some(found) = found else { return condition(input) };
    let at = span(&found);
    match *found.fragment() {
        "and" | "or" => {
            let (rest, connective) = connective(input)?;
            let (rest, group) = body(rest, Some(connective), depth + 1)?;
            Ok((rest, Some(Part::Group(group))))
        }
        "any" => linked(rest, Spanned::new(Quantifier::Any, at), depth),
        "all" => linked(rest, Spanned::new(Quantifier::All, at), depth),
        "not" => negated(rest, at, depth),
        _ => condition(input),
    }
}

fn negated(input: Input<'_>, not: Span, depth: usize) -> Parsed<'_, Option<Part>> {
    let any = keyword("any").map(|at| (Quantifier::NotAny, at));
    let all = keyword("all").map(|at| (Quantifier::NotAll, at));
    let (rest, found) = opt(alt((any, all))).parse(input)?;
    match found {
        Some((quantifier, at)) => linked(rest, Spanned::new(quantifier, not.start..at.end), depth),
        None => stop(
            unexpected(input, "`any` or `all` after `not`")
                .help("a condition is negated by its operator: `ne`, `not-like`, `not-in`, …"),
        ),
    }
}

fn linked(
    input: Input<'_>,
    quantifier: Spanned<Quantifier>,
    depth: usize,
) -> Parsed<'_, Option<Part>> {
    input.extra.count_link(quantifier.span.clone());
    let (input, table) = name(input, "a table's name")?;
    let (input, join) = join(input)?;
    let (input, filter) = linked_group(input, depth + 1)?;
    let filter = filter.and_then(Group::unless_empty);
    Ok((input, Some(Part::Linked(Linked { quantifier, table, join, filter }))))
}

fn linked_group(input: Input<'_>, depth: usize) -> Parsed<'_, Option<Group>> {
    let (rest, connective) = opt(connective).parse(input)?;
    let (_, brace) = opt(sign('{')).parse(rest)?;
    if connective.is_none() && brace.is_none() {
        return Ok((input, None));
    }
    let (rest, group) = body(rest, connective, depth)?;
    Ok((rest, Some(group)))
}

fn condition(input: Input<'_>) -> Parsed<'_, Option<Part>> {
    let (input, column) = column(input)?;
    let (rest, found) = opt(alt((word, foreign_operator))).parse(input)?;
    let Some(found) = found else { return stop(unexpected(input, "an operator")) };
    let operator = rest.extra.operator(&found, span(&found));
    let (rest, given) = given(rest, &column, operator.as_ref())?;
    let condition: Option<Condition> =
        operator.and_then(|operator| rest.extra.condition(column, operator, given));
    Ok((rest, condition.map(Part::Condition)))
}

fn column(input: Input<'_>) -> Parsed<'_, ColumnRef> {
    let is_sign = !input.starts_with('`') && word(input).is_err();
    if is_sign {
        return stop(unexpected(input, PARTS));
    }
    column_ref(input, "a column's name")
}

/// The values after an operator. Those of an unknown one are read too, to go on after them.
fn given<'a>(
    input: Input<'a>,
    column: &ColumnRef,
    operator: Option<&Spanned<Operator>>,
) -> Parsed<'a, Given> {
    let (rest, list) = opt(sign('(')).parse(input)?;
    if list.is_some() {
        return list_values(rest);
    }
    // After what takes nothing, `column` begins the next condition.
    if operator.is_none_or(|operator| operator.node.info().arity != Arity::None) {
        let (rest, word) = opt(keyword("column")).parse(input)?;
        if word.is_some() {
            let (rest, other) = column_ref(rest, "the column to compare with")?;
            return Ok((rest, Given::Column(other)));
        }
    }
    let (rest, value) = opt(value).parse(input)?;
    if let Some(value) = value {
        return Ok((rest, Given::One(value)));
    }
    match operator {
        Some(operator) if operator.node.info().arity != Arity::None => {
            no_value(input, column, operator)?;
        }
        _ => {}
    }
    Ok((input, Given::Nothing))
}

/// Ends the reading if what stands in the place of a value looks like one that lacks its quotes.
fn no_value<'a>(
    input: Input<'a>,
    column: &ColumnRef,
    operator: &Spanned<Operator>,
) -> Parsed<'a, ()> {
    let is_quote = input.starts_with('\'');
    let (_, found) = opt(word).parse(input)?;
    if found.is_none() && !is_quote {
        return Ok((input, ()));
    }
    let error = unexpected(input, &format!("a value for `{}`", operator.node.name()));
    match found.map(|found| *found.fragment()) {
        Some("null") => stop(error.help(format!("write `{column} null` or `{column} not-null`"))),
        Some(found) => {
            let is_name = found.parse::<haversack_core::Name>().is_ok();
            let column =
                if is_name { format!("; as a column: column {found}") } else { String::new() };
            stop(error.help(format!("as a value, write it in quotes: \"{found}\"{column}")))
        }
        None => stop(error.help("texts stand in double quotes")),
    }
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

fn list_value(input: Input<'_>) -> Parsed<'_, Spanned<String>> {
    let (rest, found) = opt(value).parse(input)?;
    match found {
        Some(value) => Ok((rest, value)),
        None => {
            let error = unexpected(input, "a value");
            let is_word = word(input).is_ok_and(|(_, found)| !is_bare_value(&found));
            let is_quote = input.starts_with('\'');
            stop(if is_word || is_quote {
                error.help("texts stand in double quotes")
            } else {
                error
            })
        }
    }
}
