//! Reads a query in the DSL: `fetch table { sections }`.

use haversack_core::nearest;
use nom::{Err, Parser, combinator::opt, multi::separated_list1};

use super::{
    filter::root_group,
    lexis::{Fault, Input, Parsed, blank, keyword, name, sign, span, stop, text, unexpected, word},
    link::link,
    select::{columns, grouped, order},
};
use crate::{
    Syntax,
    ast::{Body, Columns, Fetch, Group, Paging, Spanned},
    diagnostic::{Diagnostic, code},
    reading::Reading,
    source::{Notes, Span},
};

/// The sections of a table, in the order in which they are printed.
const OF_TABLES: [&str; 5] = ["group", "columns", "filter", "link", "order"];
/// The sections of a whole query besides.
const OF_QUERIES: [&str; 7] = ["raw-order", "distinct", "top", "page", "size", "cookie", "total"];
/// Words of other languages, too far from ours for the edit distance.
const ELSEWHERE: [(&str, &str); 6] = [
    ("count", "size"),
    ("limit", "top"),
    ("where", "filter"),
    ("select", "columns"),
    ("join", "link"),
    ("sort", "order"),
];

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
        Some(_) => sections(input, Sections::of_query())?,
        None => (input, Sections::of_query()),
    };
    if !input.is_empty() {
        return stop(unexpected(input, "the end of the text"));
    }
    let Sections { body, distinct, raw_order, paging, .. } = sections;
    let source = input.extra.source.clone();
    let notes = Notes::default();
    let mut fetch = Fetch { source, table, body, distinct, raw_order, paging, notes };
    if fetch.body.columns.is_none() && !fetch.is_aggregate() {
        fetch.body.columns = Columns::All;
    }
    Ok((input, fetch))
}

/// What the sections said so far.
pub(super) struct Sections {
    pub(super) body: Body,
    distinct: Option<Spanned<()>>,
    raw_order: bool,
    paging: Paging,
    seen: Vec<&'static str>,
    is_query: bool,
    /// How many links are around.
    links: usize,
}

impl Sections {
    fn of_query() -> Self {
        Self { is_query: true, ..Self::of_link(0) }
    }

    pub(super) fn of_link(links: usize) -> Self {
        Self {
            body: Body::default(),
            distinct: None,
            raw_order: false,
            paging: Paging::default(),
            seen: Vec::new(),
            is_query: false,
            links,
        }
    }

    fn known(&self) -> impl Iterator<Item = &'static str> {
        let more: &[&str] = if self.is_query { &OF_QUERIES } else { &[] };
        OF_TABLES.iter().chain(more).copied()
    }
}

/// The sections after a `{`, and the `}` after them.
pub(super) fn sections(mut input: Input<'_>, mut sections: Sections) -> Parsed<'_, Sections> {
    loop {
        let (rest, end) = opt(sign('}')).parse(input)?;
        if end.is_some() {
            return Ok((rest, sections));
        }
        let (rest, found) = opt(word).parse(input)?;
        let known =
            found.and_then(|found| sections.known().find(|name| *name == *found.fragment()));
        let (Some(section), Some(found)) = (known, found) else {
            return stop(no_section(input, &sections));
        };
        note_section(rest, &mut sections, section, span(&found));
        input = section_body(rest, &mut sections, section, span(&found))?.0;
    }
}

fn note_section(input: Input<'_>, sections: &mut Sections, section: &'static str, at: Span) {
    if sections.seen.contains(&section) && section != "link" {
        let error =
            input.extra.source.error(code::DUPLICATE, at, format!("found a second `{section}`"));
        input.extra.report(error.expected(format!("`{section}` at most once")));
    }
    sections.seen.push(section);
}

fn section_body<'a>(
    input: Input<'a>,
    sections: &mut Sections,
    section: &str,
    at: Span,
) -> Parsed<'a, ()> {
    let (rest, body, paging) = (input, &mut sections.body, &mut sections.paging);
    let (rest, ()) = match section {
        "columns" => columns(rest)?.store(&mut body.columns),
        "group" => separated_list1(sign(','), grouped).parse(rest)?.store(&mut body.groups),
        "filter" => {
            let (rest, group) = root_group(rest, sections.links + 1)?;
            (rest, Group::unless_empty(group)).store(&mut body.filter)
        }
        "link" => {
            let (rest, link) = link(rest, sections.links + 1)?;
            body.links.push(link);
            (rest, ())
        }
        "order" => separated_list1(sign(','), order).parse(rest)?.store(&mut body.order),
        "distinct" => (rest, Some(Spanned::new((), at))).store(&mut sections.distinct),
        "raw-order" => (rest, true).store(&mut sections.raw_order),
        "top" => number(rest, "top")?.store(&mut paging.top),
        "page" => number(rest, "page")?.store(&mut paging.page),
        "size" => number(rest, "size")?.store(&mut paging.size),
        "cookie" => cookie(rest)?.store(&mut paging.cookie),
        _ => (rest, Some(Spanned::new((), at))).store(&mut paging.total),
    };
    Ok((rest, ()))
}

/// What was read, put where it belongs.
trait Store<'a, T> {
    fn store(self, place: &mut T) -> (Input<'a>, ());
}

impl<'a, T> Store<'a, T> for (Input<'a>, T) {
    fn store(self, place: &mut T) -> (Input<'a>, ()) {
        *place = self.1;
        (self.0, ())
    }
}

fn no_section(input: Input<'_>, sections: &Sections) -> Diagnostic {
    let found = word(input).map_or("", |(_, found)| *found.fragment());
    let error = unexpected(input, "`columns`, `filter`, `link`, `order`, another section or `}`");
    if !sections.is_query && OF_QUERIES.contains(&found) {
        return error.help(format!("`{found}` is said of the whole query, not of a link"));
    }
    let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == found).map(|(_, ours)| *ours);
    match elsewhere.or_else(|| nearest(found, sections.known())) {
        Some(near) => error.did_you_mean(Some(near)),
        None if matches!(sections.seen.last(), Some(&("columns" | "order" | "group")))
            && !found.is_empty() =>
        {
            error.help("columns are separated by `,`")
        }
        None => error,
    }
}

fn number<'a>(input: Input<'a>, what: &str) -> Parsed<'a, Option<Spanned<u32>>> {
    let (rest, found) = opt(word).parse(input)?;
    let Some(found) = found else { return stop(unexpected(input, "a whole number")) };
    not_grouped(rest)?;
    Ok((rest, rest.extra.whole_number(what, &found, span(&found))))
}

/// `top 1,000` reads as a number and a stray sign; say what it is.
fn not_grouped(rest: Input<'_>) -> Parsed<'_, ()> {
    let (_, comma) = opt(sign(',')).parse(rest)?;
    match comma {
        Some(_) => stop(unexpected(rest, "the next section or `}`").help("digits are not grouped")),
        None => Ok((rest, ())),
    }
}

fn cookie(input: Input<'_>) -> Parsed<'_, Option<Spanned<String>>> {
    let (rest, found) = opt(text).parse(input)?;
    match found {
        Some(cookie) => Ok((rest, Some(cookie).filter(|cookie| !cookie.node.is_empty()))),
        None => stop(unexpected(input, "the cookie of an earlier page, in double quotes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_refused_not_suffered() {
        for open in
            ["filter { ".to_owned() + &"and { ".repeat(100_000), "link b { ".repeat(100_000)]
        {
            let errors = parse(&format!("fetch a {{ {open}")).unwrap_err();
            assert_eq!(errors[0].code, code::LIMIT);
        }
    }
}
