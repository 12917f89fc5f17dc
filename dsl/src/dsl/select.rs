//! Reads in the DSL what a table gives and in which order: columns, functions, groups, order.

use haversack_core::{Name, nearest};
use nom::{Parser, combinator::opt, multi::separated_list1, sequence::preceded};

use super::lexis::{
    Input, Parsed, column_ref, keyword, name, required_sign, sign, span, stop, unexpected, word,
};
use crate::{
    ast::{Columns, DatePart, Function, Grouped, Order, Selected, Spanned, Term},
    diagnostic::{Diagnostic, code},
    source::named,
};

/// What is in the parentheses of a function.
#[derive(Default)]
struct Given {
    column: Option<Spanned<Name>>,
    distinct: bool,
    any: bool,
}

/// `*`, or columns and functions.
pub(super) fn columns(input: Input<'_>) -> Parsed<'_, Columns> {
    let (input, all) = opt(sign('*')).parse(input)?;
    if let Some(all) = all {
        if input.starts_with(',') {
            let error = unexpected(input, "the next section or `}`");
            return stop(error.help("`*` is all columns: leave out the others, or `*`"));
        }
        return Ok((input, Columns::All(Spanned::new((), all))));
    }
    let (input, listed) = separated_list1(sign(','), selected).parse(input)?;
    Ok((input, Columns::Listed(listed)))
}

fn selected(input: Input<'_>) -> Parsed<'_, Selected> {
    let (input, term) = match called(input) {
        Some(found) => function(input, &found)?,
        None => {
            let (input, column) = name(input, "a column's name")?;
            (input, Term::Column(column))
        }
    };
    let (input, alias) = alias(input)?;
    Ok((input, Selected { term, alias }))
}

fn alias(input: Input<'_>) -> Parsed<'_, Option<Spanned<Name>>> {
    opt(preceded(keyword("as"), |input| name(input, "an alias"))).parse(input)
}

/// The word before a `(`.
fn called(input: Input<'_>) -> Option<Spanned<&str>> {
    let (rest, found) = word(input).ok()?;
    sign('(').parse(rest).ok()?;
    Some(Spanned::new(found.text, span(&found)))
}

/// Goes on after a word and its `(`, which are there.
fn opened(input: Input<'_>) -> Parsed<'_, ()> {
    let (input, _) = word(input)?;
    let (input, _) = required_sign(input, '(')?;
    Ok((input, ()))
}

fn function<'a>(input: Input<'a>, found: &Spanned<&str>) -> Parsed<'a, Term> {
    let known = Function::ALL.into_iter().find(|(function, _)| function.name() == found.node);
    let Some((function, _)) = known else { return stop(no_function(input, found)) };
    let (input, ()) = opened(input)?;
    let (rest, given) = given(input)?;
    let function = match (function, &given) {
        (Function::Rows, Given { column: Some(_), any: false, .. }) => Function::Count,
        (function, _) => function,
    };
    if function != Function::Rows && (given.any || given.column.is_none()) {
        return stop(unexpected(input, "a column's name"));
    }
    let (rest, _) = required_sign(rest, ')')?;
    let function = Spanned::new(function, found.span.clone());
    Ok((rest, Term::Function { function, column: given.column, distinct: given.distinct }))
}

/// Nothing, `column`, `distinct column` or `any column`.
fn given(input: Input<'_>) -> Parsed<'_, Given> {
    let (_, end) = opt(sign(')')).parse(input)?;
    if end.is_some() {
        return Ok((input, Given::default()));
    }
    let (input, distinct) = opt(keyword("distinct")).parse(input)?;
    let (input, any) = match distinct {
        Some(_) => (input, None),
        None => opt(keyword("any")).parse(input)?,
    };
    if input.starts_with('*') {
        let error = unexpected(input, "`)`, or a column's name");
        return stop(error.help("`count()` counts rows"));
    }
    let (input, column) = name(input, "a column's name")?;
    let given = Given { column: Some(column), distinct: distinct.is_some(), any: any.is_some() };
    Ok((input, given))
}

fn no_function(input: Input<'_>, found: &Spanned<&str>) -> Diagnostic {
    let source = &input.extra.source;
    let message = format!("unknown function {}", named(found.node));
    let error = source.error(code::SYNTAX, found.span.clone(), message);
    let error = error.expected("`count`, `sum`, `avg`, `min` or `max`");
    match DatePart::find(found.node) {
        Some(part) => error.help(format!("`group {}(…)` groups by it", part.name())),
        None => error
            .did_you_mean(nearest(found.node, Function::ALL.map(|(function, _)| function.name()))),
    }
}

/// One thing to group by: a column, or a part of its dates.
pub(super) fn grouped(input: Input<'_>) -> Parsed<'_, Grouped> {
    let (input, column, part, utc) = match called(input) {
        None => {
            let (input, column) = name(input, "a column's name")?;
            (input, column, None, false)
        }
        Some(found) => {
            let Some(part) = DatePart::find(found.node) else {
                return stop(no_part(input, &found));
            };
            let (input, ()) = opened(input)?;
            let (input, column) = name(input, "a column's name")?;
            let (input, utc) = opt(keyword("utc")).parse(input)?;
            let (input, _) = required_sign(input, ')')?;
            (input, column, Some(Spanned::new(part, found.span)), utc.is_some())
        }
    };
    let (input, alias) = alias(input)?;
    Ok((input, Grouped { column, part, utc, alias }))
}

fn no_part(input: Input<'_>, found: &Spanned<&str>) -> Diagnostic {
    let message = format!("unknown part of a date {}", named(found.node));
    let names = DatePart::ALL.map(|part| format!("`{}`", part.name()));
    let error = input.extra.source.error(code::SYNTAX, found.span.clone(), message);
    let meant = nearest(found.node, DatePart::ALL.map(DatePart::name));
    error.expected(format!("one of {}", names.join(", "))).did_you_mean(meant)
}

/// One thing to order by.
pub(super) fn order(input: Input<'_>) -> Parsed<'_, Order> {
    let (input, column) = column_ref(input, "a column's name")?;
    let (input, descending) = opt(keyword("desc")).parse(input)?;
    if descending.is_some() {
        return Ok((input, Order { column, descending: true }));
    }
    let (input, _) = opt(keyword("asc")).parse(input)?;
    Ok((input, Order { column, descending: false }))
}
