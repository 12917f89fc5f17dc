//! Reads a query in the DSL: `fetch table { sections }`.

use haversack_core::{Name, nearest};
use nom::{Err, Parser, combinator::opt, multi::separated_list1, sequence::preceded};

use super::{
    filter::root_group,
    lexis::{Fault, Input, Parsed, blank, keyword, name, next, sign, span, stop, unexpected, word},
};
use crate::{
    Syntax,
    ast::{Columns, Fetch, Group, Order, Selected, Spanned},
    diagnostic::{Diagnostic, code},
    reading::Reading,
    source::{Source, Span},
};

/// The sections, in the order in which they are printed.
const SECTIONS: [&str; 4] = ["columns", "filter", "order", "top"];
/// Sections of the full language.
const SECTIONS_LATER: [&str; 8] =
    ["link", "distinct", "count", "page", "aggregate", "group", "having", "hint"];

/// Reads a query in the DSL. Its size has been checked.
pub(crate) fn parse(text: &str) -> Result<Fetch, Vec<Diagnostic>> {
    let reading = Reading::new(Syntax::Dsl, text);
    let input = Input::new_extra(text, &reading);
    let fetch = match fetch(input) {
        Ok((_, fetch)) => Some(fetch),
        Err(Err::Error(Fault::Mistake(error)) | Err::Failure(Fault::Mistake(error))) => {
            reading.report(*error);
            None
        }
        // Whoever gives up without saying why has reported it before.
        Err(_) => None,
    };
    reading.finish(fetch)
}

fn fetch(input: Input<'_>) -> Parsed<'_, Fetch> {
    let (input, _) = opt(nom::character::complete::char('\u{feff}')).parse(input)?;
    let (input, ()) = blank(input)?;
    let (input, start) = opt(keyword("fetch")).parse(input)?;
    if start.is_none() {
        let found = word(input).map_or("", |(_, found)| *found.fragment());
        let error = unexpected(input, "`fetch` and a table's name");
        return stop(error.did_you_mean(nearest(found, ["fetch"])));
    }
    let (input, table) = name(input, "a table's name")?;
    let (input, brace) = opt(sign('{')).parse(input)?;
    let (input, sections) = match brace {
        Some(_) => sections(input)?,
        None => (input, Sections::default()),
    };
    if !input.is_empty() {
        return stop(unexpected(input, "the end of the text"));
    }
    let source = input.extra.source.clone();
    Ok((input, sections.into_fetch(source, table)))
}

/// What the sections said so far.
#[derive(Default)]
struct Sections {
    columns: Option<Columns>,
    filter: Option<Group>,
    order: Vec<Order>,
    top: Option<Spanned<u32>>,
    seen: Vec<&'static str>,
}

impl Sections {
    fn into_fetch(self, source: Source, table: Spanned<Name>) -> Fetch {
        Fetch {
            source,
            table,
            columns: self.columns.unwrap_or(Columns::All),
            filter: self.filter.and_then(Group::unless_empty),
            order: self.order,
            top: self.top,
        }
    }
}

fn sections(mut input: Input<'_>) -> Parsed<'_, Sections> {
    let mut sections = Sections::default();
    loop {
        let (rest, end) = opt(sign('}')).parse(input)?;
        if end.is_some() {
            return Ok((rest, sections));
        }
        let (rest, found) = opt(word).parse(input)?;
        let known =
            found.and_then(|found| SECTIONS.iter().find(|name| **name == *found.fragment()));
        let (Some(section), Some(found)) = (known, found) else {
            return stop(no_section(input, sections.seen.last().copied()));
        };
        note_section(rest, &mut sections, section, span(&found));
        input = section_body(rest, &mut sections, section)?.0;
    }
}

fn note_section(input: Input<'_>, sections: &mut Sections, section: &'static str, at: Span) {
    if sections.seen.contains(&section) {
        let error =
            input.extra.source.error(code::DUPLICATE, at, format!("found a second `{section}`"));
        input.extra.report(error.expected(format!("`{section}` at most once")));
    }
    sections.seen.push(section);
}

fn section_body<'a>(input: Input<'a>, sections: &mut Sections, section: &str) -> Parsed<'a, ()> {
    let rest = match section {
        "columns" => {
            let (rest, columns) = columns(input)?;
            sections.columns = Some(columns);
            rest
        }
        "filter" => {
            let (rest, group) = root_group(input)?;
            sections.filter = Some(group);
            rest
        }
        "order" => {
            let (rest, order) = separated_list1(sign(','), order).parse(input)?;
            sections.order = order;
            rest
        }
        _ => {
            let (rest, top) = top(input)?;
            sections.top = top;
            rest
        }
    };
    Ok((rest, ()))
}

fn no_section(input: Input<'_>, before: Option<&str>) -> Diagnostic {
    let (at, _) = next(input);
    let found = word(input).map_or("", |(_, found)| *found.fragment());
    if SECTIONS_LATER.contains(&found) {
        return input.extra.unsupported(at, &format!("`{found}`"));
    }
    let error = unexpected(input, "`columns`, `filter`, `order`, `top` or `}`");
    match nearest(found, SECTIONS) {
        Some(near) => error.did_you_mean(Some(near)),
        None if matches!(before, Some("columns" | "order")) && !found.is_empty() => {
            error.help("columns are separated by `,`")
        }
        None => error,
    }
}

fn columns(input: Input<'_>) -> Parsed<'_, Columns> {
    let (input, all) = opt(sign('*')).parse(input)?;
    if all.is_some() {
        return Ok((input, Columns::All));
    }
    let (input, listed) = separated_list1(sign(','), selected).parse(input)?;
    Ok((input, Columns::Listed(listed)))
}

fn selected(input: Input<'_>) -> Parsed<'_, Selected> {
    let (input, column) = name(input, "a column's name")?;
    let alias = |input| name(input, "an alias");
    let (input, alias) = opt(preceded(keyword("as"), alias)).parse(input)?;
    Ok((input, Selected { column, alias }))
}

fn order(input: Input<'_>) -> Parsed<'_, Order> {
    let (input, column) = name(input, "a column's name")?;
    let (input, descending) = opt(keyword("desc")).parse(input)?;
    if descending.is_some() {
        return Ok((input, Order { column, descending: true }));
    }
    let (input, _) = opt(keyword("asc")).parse(input)?;
    Ok((input, Order { column, descending: false }))
}

fn top(input: Input<'_>) -> Parsed<'_, Option<Spanned<u32>>> {
    let (rest, found) = opt(word).parse(input)?;
    let Some(found) = found else { return stop(unexpected(input, "a whole number")) };
    not_grouped(rest)?;
    Ok((rest, rest.extra.top(&found, span(&found))))
}

/// `top 1,000` reads as a number and a stray sign; say what it is.
fn not_grouped(rest: Input<'_>) -> Parsed<'_, ()> {
    let (_, comma) = opt(sign(',')).parse(rest)?;
    match comma {
        Some(_) => stop(unexpected(rest, "the next section or `}`").help("digits are not grouped")),
        None => Ok((rest, ())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_refused_not_suffered() {
        let text = format!("fetch a {{ filter {}", "and { ".repeat(100_000));
        let errors = parse(&text).unwrap_err();
        assert_eq!(errors[0].code, code::LIMIT);
    }
}
