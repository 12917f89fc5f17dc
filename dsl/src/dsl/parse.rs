//! Reads one query in the DSL: `fetch table { sections }`.

use haversack_core::nearest;
use nom::{Parser, combinator::opt, multi::separated_list1};

use super::{
    OF_LINKS, SECTIONS,
    filter::{parts, root_group},
    lexis::{
        Input, Parsed, is_in_word, keyword, mistake, name, parameter, sign, span, stop, text,
        unexpected, word,
    },
    link::link,
    recover,
    select::{columns, grouped, order},
};
use crate::{
    ast::{Body, Columns, Comments, Fetch, Function, Group, Paging, Spanned, Value},
    diagnostic::{Diagnostic, code},
    shape::whole_number,
    source::{Notes, Span},
};

/// Words of other languages, too far from ours for the edit distance.
const ELSEWHERE: [(&str, &str); 8] = [
    ("count", "size"),
    ("limit", "top"),
    ("where", "filter"),
    ("select", "columns"),
    ("join", "link"),
    ("sort", "order"),
    ("descending", "desc"),
    ("ascending", "asc"),
];

/// A query, from its `fetch` on.
pub(super) fn fetch(input: Input<'_>) -> Parsed<'_, Fetch> {
    let (input, start) = opt(keyword("fetch")).parse(input)?;
    let Some(start) = start else {
        let found = word(input).map_or("", |(_, found)| found.text);
        let error = unexpected(input, "`fetch` and a table's name");
        return stop(error.did_you_mean(nearest(found, ["fetch", "query"])));
    };
    let (input, table) = name(input, "a table's name")?;
    let (input, brace) = opt(sign('{')).parse(input)?;
    let (input, sections) = match brace {
        Some(_) => sections(input, Sections::of_query())?,
        None => (input, Sections::of_query()),
    };
    let Sections { body, distinct, raw_order, paging, .. } = sections;
    let source = input.extra.source.clone();
    let comments = Comments { start, ..Comments::default() };
    let notes = Notes::default();
    let mut fetch = Fetch { source, table, body, distinct, raw_order, paging, notes, comments };
    if fetch.body.columns.is_none() && !fetch.is_aggregate() {
        fetch.body.columns = Columns::ALL;
    }
    Ok((input, fetch))
}

/// What the sections said so far.
pub(super) struct Sections {
    pub(super) body: Body,
    distinct: Option<Spanned<()>>,
    raw_order: Option<Spanned<()>>,
    paging: Paging,
    seen: Vec<&'static str>,
    is_query: bool,
    /// How many links are around.
    links: usize,
    /// Where that begins which the sections belong to.
    start: usize,
}

impl Sections {
    pub(super) fn of_query() -> Self {
        Self { is_query: true, ..Self::of_link(0, 0) }
    }

    pub(super) fn of_link(links: usize, start: usize) -> Self {
        Self {
            body: Body::default(),
            distinct: None,
            raw_order: None,
            paging: Paging::default(),
            seen: Vec::new(),
            is_query: false,
            links,
            start,
        }
    }

    /// Sections of the same table, for what is read and not kept.
    fn like_this(&self) -> Self {
        Self { is_query: self.is_query, ..Self::of_link(self.links, self.start) }
    }

    /// The section that a wrong word probably means.
    fn meant(&self, found: &str) -> Option<&'static str> {
        let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == found).map(|(_, ours)| *ours);
        elsewhere.or_else(|| nearest(found, self.known()))
    }

    fn known(&self) -> impl Iterator<Item = &'static str> {
        let count = if self.is_query { SECTIONS.len() } else { OF_LINKS };
        SECTIONS[..count].iter().copied()
    }
}

/// The sections after a `{`, and the `}` after them.
pub(super) fn sections(mut input: Input<'_>, mut sections: Sections) -> Parsed<'_, Sections> {
    loop {
        let (rest, end) = opt(sign('}')).parse(input)?;
        if end.is_some() {
            return Ok((rest, sections));
        }
        if input.is_empty() || recover::begins_query(input) {
            let error = no_section(input, &sections);
            if input.is_empty() {
                return stop(error);
            }
            recover::note(input, mistake(error))?;
            return Ok((input, sections));
        }
        if !sections.is_query && recover::lacks_closing_after(input, sections.start) {
            recover::note(input, mistake(unexpected(input, "`}` after the link's sections")))?;
            return Ok((input, sections));
        }
        input = match section(input, &mut sections) {
            Ok((rest, ())) => rest,
            Err(fault) => recover::after_section(input, fault, sections.links)?,
        };
    }
}

/// One section, or what must be one.
pub(super) fn section<'a>(input: Input<'a>, sections: &mut Sections) -> Parsed<'a, ()> {
    let (rest, found) = opt(word).parse(input)?;
    let known = found.and_then(|found| sections.known().find(|name| *name == found.text));
    if let (Some(section), Some(found)) = (known, found) {
        note_section(rest, sections, section, span(&found));
        return section_body(rest, sections, section, span(&found));
    }
    let error = no_section(input, sections);
    let meant = found.and_then(|found| sections.meant(&found));
    if let (Some(section), Some(found)) = (meant, found)
        && recover::begins_section_named(input, section)
    {
        recover::note(input, mistake(error))?;
        return section_body(rest, &mut sections.like_this(), section, span(&found));
    }
    if recover::begins_part(input) {
        let error = error.help("a condition stands in `filter { … }`");
        let place = error.span.clone();
        recover::note(input, mistake(error))?;
        if let Some(error) = input.extra.too_deep(sections.links + 1, place) {
            return stop(error);
        }
        return parts(input, sections.links + 1, true).map(|(rest, _)| (rest, ()));
    }
    stop(error)
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
        "raw-order" => (rest, Some(Spanned::new((), at))).store(&mut sections.raw_order),
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
    let found = word(input).map_or("", |(_, found)| found.text);
    let error = unexpected(input, "`columns`, `filter`, `link`, `order`, another section or `}`");
    if !sections.is_query && SECTIONS[OF_LINKS..].contains(&found) {
        return error.help(format!("`{found}` is said of the whole query, not of a link"));
    }
    if let Some(help) = left_behind(input, sections) {
        return error.help(help);
    }
    match sections.meant(found) {
        Some(near) => error.did_you_mean(Some(near)),
        None if matches!(sections.seen.last(), Some(&("columns" | "order" | "group")))
            && !found.is_empty() =>
        {
            error.help("columns are separated by `,`")
        }
        None => error,
    }
}

/// What is wrong with the word before this place, which was read as a name.
fn left_behind(input: Input<'_>, sections: &Sections) -> Option<String> {
    let before = input.extra.source.text()[..input.start].trim_end();
    let start = before.trim_end_matches(is_in_word).len();
    let is_function = |word: &str| Function::ALL.into_iter().any(|(known, _)| known.name() == word);
    match (*sections.seen.last()?, &before[start..]) {
        ("order" | "group", "by") => Some("leave out `by`".to_owned()),
        ("link", "left") => Some("did you mean `link outer`?".to_owned()),
        ("columns", word) if is_function(word) => {
            Some(format!("a function has parentheses: `{word}(…)`"))
        }
        _ => None,
    }
}

fn number<'a>(input: Input<'a>, what: &str) -> Parsed<'a, Option<Spanned<Value<u32>>>> {
    let (rest, stands_for) = opt(parameter).parse(input)?;
    if stands_for.is_some() {
        return Ok((rest, stands_for));
    }
    let (rest, found) = opt(word).parse(input)?;
    let Some(found) = found else { return stop(unexpected(input, "a whole number")) };
    let at = span(&found);
    let number = rest.extra.noted(whole_number(&rest.extra.source, what, &found, at.clone()));
    not_grouped(rest)?;
    Ok((rest, number.map(|number| Spanned::new(Value::Given(number), at))))
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
