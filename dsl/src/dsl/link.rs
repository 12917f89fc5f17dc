//! Reads links in the DSL: `link outer systemuser as owner on systemuserid = ownerid { … }`.

use nom::{Parser, combinator::opt, sequence::preceded};

use super::{
    lexis::{
        Input, Parsed, keyword, mistake, name, required_sign, sign, span, stop, unexpected, word,
    },
    parse::{Sections, sections},
    recover,
};
use crate::ast::{Body, Join, Link, LinkKind, Spanned};

/// A link after its `link`, which lies so deep: 1 if no link is around it.
pub(super) fn link(input: Input<'_>, depth: usize) -> Parsed<'_, Link> {
    let (rest, kind) = kind(input)?;
    let (rest, table) = name(rest, "a table's name, or how it is linked")?;
    rest.extra.count_link(table.span.clone());
    if let Some(error) = rest.extra.too_deep(depth, table.span.clone()) {
        return stop(error);
    }
    let alias = |input| name(input, "an alias");
    let (rest, alias) = opt(preceded(keyword("as"), alias)).parse(rest)?;
    let (rest, join) = join(rest)?;
    let (rest, brace) = opt(sign('{')).parse(rest)?;
    let is_missing = brace.is_none()
        && recover::begins_section(rest)
        && recover::lacks_opening_after(rest, input.start);
    if is_missing {
        recover::note(rest, mistake(unexpected(rest, "`{`")))?;
    }
    let (rest, body) = if is_missing || brace.is_some() {
        let (rest, sections) = sections(rest, Sections::of_link(depth, input.start))?;
        (rest, sections.body)
    } else {
        (rest, Body::default())
    };
    let kind = kind.unwrap_or(Spanned::new(LinkKind::Inner, table.span.clone()));
    Ok((rest, Link { kind, table, alias, join, body }))
}

fn kind(input: Input<'_>) -> Parsed<'_, Option<Spanned<LinkKind>>> {
    let (rest, found) = opt(word).parse(input)?;
    let kind = found.and_then(|found| {
        let kind = LinkKind::ALL.into_iter().find(|kind| kind.name() == found.text)?;
        Some(Spanned::new(kind, span(&found)))
    });
    Ok(if kind.is_some() { (rest, kind) } else { (input, None) })
}

/// `on COLUMN OF IT = COLUMN OF THIS TABLE`, or nothing.
pub(super) fn join(input: Input<'_>) -> Parsed<'_, Option<Join>> {
    let (input, on) = opt(keyword("on")).parse(input)?;
    if on.is_none() {
        return Ok((input, None));
    }
    let (input, from) = name(input, "a column of the linked table")?;
    let (input, _) = required_sign(input, '=')?;
    let (input, to) = name(input, "a column of this table")?;
    Ok((input, Some(Join { from, to })))
}
