//! Reads filters in the DSL: groups, conditions, linked filters.

use nom::{Parser, branch::alt, combinator::opt};

use super::{
    condition::condition,
    lexis::{Input, Parsed, keyword, mistake, name, sign, span, stop, unexpected, word},
    link::join,
    parse::{Sections, section},
    recover,
};
use crate::{
    ast::{Connective, Group, Linked, Part, Quantifier, Spanned},
    source::Span,
};

/// What may stand in a group.
pub(super) const PARTS: &str =
    "a condition, `and`, `or`, `any`, `all`, `not any`, `not all` or `}`";

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
pub(super) fn body(
    input: Input<'_>,
    connective: Option<Spanned<Connective>>,
    depth: usize,
) -> Parsed<'_, Group> {
    let (rest, brace) = opt(sign('{')).parse(input)?;
    let has_end = brace.is_some() || recover::lacks_opening(input);
    let brace = match brace {
        Some(brace) => brace,
        None => {
            let help = match &connective {
                Some(found) => between_parts(found.node),
                None => "conditions stand in braces: `{ … }`",
            };
            let error = unexpected(input, "`{`").help(help);
            let place = error.span.clone();
            if !recover::begins_part(input) {
                return stop(error);
            }
            recover::note(input, mistake(error))?;
            place
        }
    };
    if let Some(error) = input.extra.too_deep(depth, brace.clone()) {
        return stop(error);
    }
    let connective = connective.unwrap_or(Spanned::new(Connective::And, brace));
    let (rest, parts) = parts(rest, depth, has_end)?;
    Ok((rest, Group { connective, parts }))
}

/// What to do about a connective that stands between two parts, as other languages have it.
fn between_parts(connective: Connective) -> &'static str {
    match connective {
        Connective::And => "all parts of a group must hold: leave out `and` between them",
        Connective::Or => "write `or { … }` around the parts of which one is enough",
    }
}

/// The parts after a `{`, and the `}` after them. Where both are missing there is no end of their own.
pub(super) fn parts(mut input: Input<'_>, depth: usize, has_end: bool) -> Parsed<'_, Vec<Part>> {
    let mut parts = Vec::new();
    loop {
        let (rest, end) = opt(sign('}')).parse(input)?;
        if end.is_some() {
            return Ok((if has_end { rest } else { input }, parts));
        }
        if !has_end && recover::begins_section(input) {
            return Ok((input, parts));
        }
        if input.is_empty() {
            return stop(unexpected(input, PARTS));
        }
        if recover::begins_section(input) {
            recover::note(input, mistake(unexpected(input, PARTS)))?;
            if recover::lacks_brace(input) {
                return Ok((input, parts));
            }
            let mut apart = Sections::of_link(depth, input.start);
            input = match section(input, &mut apart) {
                Ok((rest, ())) => rest,
                Err(fault) => recover::after_section(input, fault, depth)?,
            };
            continue;
        }
        input = match part(input, depth) {
            Ok((rest, part)) => {
                parts.extend(part);
                rest
            }
            Err(fault) => recover::after_part(input, fault, depth)?,
        };
    }
}

/// One part of a group; none if it was wrong in a way that does not keep from reading on.
fn part(input: Input<'_>, depth: usize) -> Parsed<'_, Option<Part>> {
    let (rest, found) = opt(word).parse(input)?;
    let Some(found) = found else { return condition(input) };
    let at = span(&found);
    match found.text {
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
    let (input, filter) = linked_group(input, depth + 1, quantifier.span.start)?;
    let filter = filter.and_then(Group::unless_empty);
    Ok((input, Some(Part::Linked(Linked { quantifier, table, join, filter }))))
}

/// The group of a link that began at a byte, if it has one.
fn linked_group(input: Input<'_>, depth: usize, start: usize) -> Parsed<'_, Option<Group>> {
    let (rest, connective) = opt(connective).parse(input)?;
    let (_, brace) = opt(sign('{')).parse(rest)?;
    let is_missing = || recover::begins_part(rest) && recover::lacks_opening_after(rest, start);
    if connective.is_none() && brace.is_none() && !is_missing() {
        return Ok((input, None));
    }
    let (rest, group) = body(rest, connective, depth)?;
    Ok((rest, Some(group)))
}
