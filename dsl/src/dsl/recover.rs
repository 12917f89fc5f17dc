//! Where reading goes on after a mistake: at the next condition, section or query.
//!
//! Line breaks mean nothing in the grammar, but people begin conditions and sections on new lines,
//! so they are the first thing to look for. What can't be anything else will do as well.

use nom::{Err, Input as _, Parser};

use super::{
    SECTIONS,
    bare::is_bare_value,
    filter::body,
    lexis::{Fault, Input, sign},
    parse::{Sections, sections},
    tokens::{Kind, Token, Tokens},
};
use crate::{diagnostic::code, operator::Operator};

type Resumed<'a> = Result<Input<'a>, Err<Fault>>;

/// Notes a mistake and says where it is. After one of a limit, or after many, nothing goes on.
pub(super) fn note(input: Input<'_>, fault: Err<Fault>) -> Result<usize, Err<Fault>> {
    let reading = input.extra;
    let error = match fault {
        Err::Error(Fault::Mistake(error)) | Err::Failure(Fault::Mistake(error)) => error,
        other => return Err(other),
    };
    if error.code == code::LIMIT || reading.is_full() {
        return Err(Err::Failure(Fault::Mistake(error)));
    }
    let at = error.span.start;
    reading.report_at_new_place(*error);
    Ok(at)
}

/// Where to go on after a mistake in a part of a group, which lies so deep.
pub(super) fn after_part<'a>(part: Input<'a>, fault: Err<Fault>, depth: usize) -> Resumed<'a> {
    let mistake = note(part, fault)?;
    let mut parentheses = 0_i32;
    for (token, next) in ahead(part) {
        match token.text {
            "(" => parentheses += 1,
            ")" => parentheses -= 1,
            _ => {}
        }
        if token.start < mistake {
            continue;
        }
        swallows(part, &token);
        let is_next = token.start > part.start;
        let is_line = token.is_first && token.is_name() && parentheses <= 0;
        let is_part = token.start > mistake && is_part(&token, next);
        if token.is("{") {
            // What opens it was wrong; what is in it may be right.
            return body(to(part, token.start), None, depth + 1).map(|(rest, _)| rest);
        }
        if token.is("}") || is_next && (is_line || is_part || is_section(&token, next)) {
            return Ok(to(part, token.start));
        }
    }
    Ok(to(part, part.extra.source.text().len()))
}

/// Where to go on after a mistake in a section of a table with so many links around.
pub(super) fn after_section<'a>(
    section: Input<'a>,
    fault: Err<Fault>,
    links: usize,
) -> Resumed<'a> {
    let mistake = note(section, fault)?;
    let is_filter = section.starts_with("filter");
    for (token, next) in ahead(section) {
        if token.start < mistake {
            continue;
        }
        swallows(section, &token);
        let is_next = token.start > section.start;
        if token.is("{") {
            let block = to(section, token.start);
            return if is_filter {
                body(block, None, links + 2).map(|(rest, _)| rest)
            } else if let Some(error) = section.extra.too_deep(links + 2, token.start..token.end())
            {
                super::lexis::stop(error)
            } else {
                let (inside, _) = sign('{').parse(block)?;
                sections(inside, Sections::of_link(links + 1, section.start)).map(|(rest, _)| rest)
            };
        }
        if token.is("}") || is_next && (is_section(&token, next) || is_query(section, &token, next))
        {
            return Ok(to(section, token.start));
        }
    }
    Ok(to(section, section.extra.source.text().len()))
}

/// The next query of the text, after a mistake outside of any braces.
pub(super) fn next_query<'a>(query: Input<'a>, fault: Err<Fault>) -> Resumed<'a> {
    let mistake = note(query, fault)?;
    let begins = |(token, next): &(Token<'_>, Option<Token<'_>>)| {
        let is_next = token.start > query.start && token.start >= mistake;
        is_next && is_query(query, token, *next)
    };
    let next = ahead(query).find(begins).map(|(token, _)| token.start);
    Ok(to(query, next.unwrap_or(query.extra.source.text().len())))
}

/// Whether a section begins here, and no condition.
pub(super) fn begins_section(input: Input<'_>) -> bool {
    // Asked before each part of a group.
    SECTIONS.iter().any(|section| input.starts_with(section))
        && ahead(input).next().is_some_and(|(token, next)| is_section(&token, next))
}

/// Whether this section would go on as this text does after its first word.
pub(super) fn begins_section_named(input: Input<'_>, section: &str) -> bool {
    ahead(input).next().is_some_and(|(token, next)| {
        let token = Token { text: section, ..token };
        is_section(&token, next)
            && (section != "filter" || next.is_some_and(|next| !next.is_name() || is_group(&next)))
    })
}

/// Whether a part of a group begins here beyond doubt.
pub(super) fn begins_part(input: Input<'_>) -> bool {
    ahead(input).next().is_some_and(|(token, next)| is_part(&token, next))
}

/// Whether another query of the text begins here.
pub(super) fn begins_query(input: Input<'_>) -> bool {
    // Asked before each section.
    (input.starts_with("fetch") || input.starts_with("query"))
        && ahead(input).next().is_some_and(|(token, next)| is_query(input, &token, next))
}

/// Whether the text has more opening braces than closing ones: then a section in a group stands
/// there since a brace before it is missing, and else since it's in the wrong place.
pub(super) fn lacks_brace(input: Input<'_>) -> bool {
    braces(input, "{") > braces(input, "}")
}

/// Whether the text has more closing braces than opening ones.
pub(super) fn lacks_opening(input: Input<'_>) -> bool {
    braces(input, "}") > braces(input, "{")
}

/// Whether an opening brace is missing here: the text has too few, and what follows what began at a
/// byte is on a line of its own and further in.
pub(super) fn lacks_opening_after(input: Input<'_>, start: usize) -> bool {
    let further = indent_here(input).is_some_and(|here| here > indent(input, start));
    further && lacks_opening(input)
}

/// Whether a closing brace is missing here: the text has too few, and what follows what began at a
/// byte is on a line of its own and no further in.
pub(super) fn lacks_closing_after(input: Input<'_>, start: usize) -> bool {
    let back = indent_here(input).is_some_and(|here| here <= indent(input, start));
    back && lacks_brace(input)
}

/// How far the next token is from the beginning of its line, if it is the first there.
fn indent_here(input: Input<'_>) -> Option<usize> {
    let next = ahead(input).next().filter(|(token, _)| token.is_first);
    next.map(|(token, _)| indent(input, token.start))
}

fn indent(input: Input<'_>, at: usize) -> usize {
    let text = input.extra.source.text();
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    text[line..].len() - text[line..].trim_start().len()
}

fn braces(input: Input<'_>, sign: &str) -> usize {
    Tokens::new(input.extra.source.text(), 0).filter(|token| token.is(sign)).count()
}

/// The word here, if it stands on the line of what was read before and begins nothing else.
pub(super) fn stray_word(input: Input<'_>) -> Option<Input<'_>> {
    let (token, next) = ahead(input).next()?;
    let is_stray = token.kind == Kind::Word
        && token.start == input.start
        && !next.as_ref().is_some_and(is_like_operator)
        && !(token.is_first || is_part(&token, next) || is_section(&token, next));
    let after = next.map_or(input.extra.source.text().len(), |next| next.start);
    is_stray.then(|| to(input, after))
}

fn to(input: Input<'_>, place: usize) -> Input<'_> {
    input.take_from(place - input.start)
}

/// The tokens from here on, each with the one after it.
fn ahead<'a>(input: Input<'a>) -> impl Iterator<Item = (Token<'a>, Option<Token<'a>>)> {
    let (text, start) = (input.extra.source.text(), input.start);
    let mut tokens = Tokens::new(text, start).filter(|t| t.kind != Kind::Comment).peekable();
    std::iter::from_fn(move || {
        let token = tokens.next()?;
        Some((token, tokens.peek().copied()))
    })
}

/// Takes down that a text without an end swallowed a brace, whose lack is then no second mistake.
fn swallows(input: Input<'_>, token: &Token<'_>) {
    if token.kind == Kind::Unclosed && token.text.contains('}') {
        input.extra.swallowed_brace.set(true);
    }
}

fn is_group(token: &Token<'_>) -> bool {
    token.is("and") || token.is("or")
}

fn is_operator(token: &Token<'_>) -> bool {
    token.kind == Kind::Word && Operator::find(token.text).is_some()
}

/// Whether it looks like an operator, be there one of that name or not.
fn is_like_operator(token: &Token<'_>) -> bool {
    token.kind == Kind::Word && token.text.contains('-') && !is_bare_value(token.text)
}

fn is_part(token: &Token<'_>, next: Option<Token<'_>>) -> bool {
    let Some(next) = next else { return false };
    match token.text {
        "and" | "or" => next.is("{"),
        "any" | "all" => next.is_name() && !is_operator(&next),
        "not" => next.is("any") || next.is("all"),
        word => token.is_name() && !is_bare_value(word) && is_operator(&next),
    }
}

fn is_section(token: &Token<'_>, next: Option<Token<'_>>) -> bool {
    if token.kind != Kind::Word {
        return false;
    }
    let is = |test: fn(&Token<'_>) -> bool| next.as_ref().is_some_and(test);
    let may_be = match token.text {
        "columns" | "filter" | "link" | "order" | "raw-order" => true,
        "top" if token.is_first => true,
        "top" | "page" | "size" => is(|next| is_bare_value(next.text) || next.is("$")),
        "cookie" => is(|next| next.kind == Kind::Text),
        "group" => is(|next| next.is_name() && !is_operator(next)),
        "distinct" | "total" => token.is_first || next.is_none() || is(|next| next.is("}")),
        _ => false,
    };
    // A column may be called as a section is.
    may_be && !is_part(token, next)
}

fn is_query(input: Input<'_>, token: &Token<'_>, next: Option<Token<'_>>) -> bool {
    let Some(next) = next.filter(Token::is_name) else { return false };
    match token.text {
        "fetch" => token.kind == Kind::Word && token.is_first,
        "query" => {
            let text = input.extra.source.text();
            let after = Tokens::new(text, next.end()).find(|token| token.kind != Kind::Comment);
            after.is_some_and(|after| after.is("(") || after.is("="))
        }
        _ => false,
    }
}
