//! The words of the DSL: blanks, names, texts, numbers, signs. Every parser here takes the blanks
//! after what it reads, so that the next one starts at a word.

use haversack_core::Name;
use nom::{
    Err, IResult, Input as _, Parser,
    branch::alt,
    bytes::complete::{take_while, take_while1},
    character::complete::char,
    combinator::{opt, verify},
    error::{ErrorKind, ParseError},
    sequence::{delimited, terminated},
};

use super::{bare::is_bare_value, is_reserved, recover};
use crate::{
    ast::{ColumnRef, Spanned, Value},
    diagnostic::{Diagnostic, code},
    reading::is_carried,
    source::{Span, named, quoted},
};

pub(super) use super::input::Input;
/// What a parser gives.
pub(super) type Parsed<'a, T> = IResult<Input<'a>, T, Fault>;

/// Why a parser gives nothing.
#[derive(Debug)]
pub(super) enum Fault {
    /// Something else is there; another parser may take it.
    Mismatch,
    /// No parser can take it: the reading goes on where it can.
    Mistake(Box<Diagnostic>),
}

impl ParseError<Input<'_>> for Fault {
    fn from_error_kind(_: Input<'_>, _: ErrorKind) -> Self {
        Self::Mismatch
    }

    fn append(_: Input<'_>, _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// Ends what is being read with this error.
pub(super) fn stop<T>(error: Diagnostic) -> Result<T, Err<Fault>> {
    Err(mistake(error))
}

/// This error, as the end of what is being read.
pub(super) fn mistake(error: Diagnostic) -> Err<Fault> {
    Err::Failure(Fault::Mistake(Box::new(error)))
}

/// The error that something else is here than was expected.
pub(super) fn unexpected(input: Input<'_>, expected: &str) -> Diagnostic {
    let (span, found) = next(input);
    let error = input.extra.source.error(code::SYNTAX, span, format!("found {found}"));
    let error = error.expected(expected);
    let is_comment = ["//", "/*", "--"].into_iter().any(|begin| input.starts_with(begin));
    if is_comment { error.help("a comment goes from `#` to the end of its line") } else { error }
}

/// Blanks and comments.
pub(super) fn blank(input: Input<'_>) -> Parsed<'_, ()> {
    let mut rest = trim_start(input.text);
    while let Some(comment) = rest.strip_prefix('#') {
        rest = comment.find('\n').map_or("", |end| trim_start(&comment[end..]));
    }
    Ok((input.take_from(input.len() - rest.len()), ()))
}

/// The text after its blanks. Nearly all are ASCII, and told by their bytes.
fn trim_start(text: &str) -> &str {
    let blanks = text.bytes().take_while(u8::is_ascii_whitespace).count();
    match text.as_bytes().get(blanks) {
        Some(b'!'..=b'~') | None => &text[blanks..],
        Some(_) => text[blanks..].trim_start(),
    }
}

pub(super) fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.' | ':')
}

/// The length of the word that a text begins with. Nearly all are ASCII, and told by their bytes.
fn word_length(text: &str) -> usize {
    let is_ascii = |byte: &u8| byte.is_ascii() && is_in_word(char::from(*byte));
    let length = text.bytes().take_while(is_ascii).count();
    match text.as_bytes().get(length) {
        Some(byte) if !byte.is_ascii() => {
            text.len() - text[length..].trim_start_matches(is_in_word).len()
        }
        _ => length,
    }
}

/// A run of letters, digits and signs that stand in words: a name, keyword, operator or number.
pub(super) fn word(input: Input<'_>) -> Parsed<'_, Input<'_>> {
    let length = word_length(input.text);
    if length == 0 {
        return Err(Err::Error(Fault::Mismatch));
    }
    let (rest, ()) = blank(input.take_from(length))?;
    Ok((rest, input.take(length)))
}

/// An operator of other languages, such as `>=`.
pub(super) fn foreign_operator(input: Input<'_>) -> Parsed<'_, Input<'_>> {
    terminated(take_while1(|c| matches!(c, '=' | '<' | '>' | '!')), blank).parse(input)
}

/// This word.
pub(super) fn keyword<'a>(
    expected: &'static str,
) -> impl Parser<Input<'a>, Output = Span, Error = Fault> {
    move |input: Input<'a>| {
        // Most places are asked for several keywords that are not there.
        let is_there = match input.strip_prefix(expected) {
            Some(after) => !after.starts_with(is_in_word),
            None => false,
        };
        if !is_there {
            return Err(Err::Error(Fault::Mismatch));
        }
        let start = input.start;
        let (rest, ()) = blank(input.take_from(expected.len()))?;
        Ok((rest, start..start + expected.len()))
    }
}

/// This sign.
pub(super) fn sign<'a>(expected: char) -> impl Parser<Input<'a>, Output = Span, Error = Fault> {
    move |input: Input<'a>| {
        let start = input.start;
        if !input.starts_with(expected) {
            return Err(Err::Error(Fault::Mismatch));
        }
        let (input, ()) = blank(input.take_from(expected.len_utf8()))?;
        Ok((input, start..start + expected.len_utf8()))
    }
}

/// This sign, or a mistake.
pub(super) fn required_sign(input: Input<'_>, expected: char) -> Parsed<'_, Span> {
    let (input, found) = opt(sign(expected)).parse(input)?;
    match found {
        Some(span) => Ok((input, span)),
        None => stop(unexpected(input, &format!("`{expected}`"))),
    }
}

/// A name, bare or in back quotes, or a mistake.
pub(super) fn name<'a>(input: Input<'a>, what: &str) -> Parsed<'a, Spanned<Name>> {
    let in_quotes = delimited(char('`'), take_while(|c| c != '`' && c != '\n'), char('`'));
    let (rest, quoted) = opt(terminated(in_quotes, blank)).parse(input)?;
    if let Some(found) = quoted {
        return checked_name(rest, found, what);
    }
    if input.starts_with('`') {
        let start = input.start;
        let message = "a name in back quotes that does not end on its line";
        return stop(input.extra.source.error(code::SYNTAX, start..start + 1, message));
    }
    match word(input) {
        Ok((rest, found)) => bare_name(rest, found, what),
        Err(_) => stop(unexpected(input, what)),
    }
}

/// A word as a name.
fn bare_name<'a>(rest: Input<'a>, found: Input<'a>, what: &str) -> Parsed<'a, Spanned<Name>> {
    if is_reserved(&found) {
        let error = found.extra.source.error(
            code::SYNTAX,
            span(&found),
            format!("found {}", named(&found)),
        );
        let before = found.extra.source.text()[..found.start].trim_end();
        let help = match before.ends_with(',') && recover::begins_section(found.rest()) {
            true => "leave out the `,` before it".to_owned(),
            false => format!("if it is a name, write it in back quotes: `` `{}` ``", found.text),
        };
        return stop(error.expected(what).help(help));
    }
    checked_name(rest, found, what)
}

/// A column, or a link's name, `.` and a column; or a mistake. A keyword is none, with a `.` in it.
pub(super) fn column_ref<'a>(input: Input<'a>, what: &str) -> Parsed<'a, ColumnRef> {
    match word(input) {
        Ok((rest, found)) if found.contains('.') => {
            sure(rest, rest.extra.column_ref(&found, span(&found), what))
        }
        Ok((rest, found)) => {
            let (rest, column) = bare_name(rest, found, what)?;
            Ok((rest, ColumnRef::own(column)))
        }
        Err(_) => {
            let (rest, column) = name(input, what)?;
            Ok((rest, ColumnRef::own(column)))
        }
    }
}

fn checked_name<'a>(rest: Input<'a>, found: Input<'a>, what: &str) -> Parsed<'a, Spanned<Name>> {
    sure(rest, rest.extra.name(&found, span(&found), what))
}

/// What was read, or a mistake.
pub(super) fn sure<T>(rest: Input<'_>, read: Result<T, Box<Diagnostic>>) -> Parsed<'_, T> {
    match read {
        Ok(read) => Ok((rest, read)),
        Err(error) => stop(*error),
    }
}

/// A value: a text in double quotes, one that needs no quotes, or a parameter.
pub(super) fn value(input: Input<'_>) -> Parsed<'_, Spanned<Value>> {
    let given = |found: Spanned<String>| Spanned::new(Value::Given(found.node), found.span);
    alt((parameter, literal.map(given))).parse(input)
}

/// A value that is no parameter.
pub(super) fn literal(input: Input<'_>) -> Parsed<'_, Spanned<String>> {
    let bare = verify(word, |found: &Input<'_>| is_bare_value(found));
    let bare = bare.map(|found| Spanned::new(found.text.to_string(), span(&found)));
    alt((text, bare)).parse(input)
}

/// `$` and a parameter's name.
pub(super) fn parameter<T>(input: Input<'_>) -> Parsed<'_, Spanned<Value<T>>> {
    let start = input.start;
    let (rest, _) = char('$').parse(input)?;
    let (rest, found) = opt(plain_word).parse(rest)?;
    let Some(found) = found else { return stop(unexpected(rest, "a parameter's name after `$`")) };
    let (rest, name) = sure(rest, rest.extra.name(&found, span(&found), "a parameter's name"))?;
    let name = Spanned::new(name.node, start..name.span.end);
    rest.extra.used.borrow_mut().push(name.clone());
    Ok((rest, Spanned::new(Value::Parameter(name.node), name.span)))
}

/// A word that ends where a name does, so that a sign may follow.
pub(super) fn plain_word(input: Input<'_>) -> Parsed<'_, Input<'_>> {
    terminated(take_while1(|c: char| c.is_alphanumeric() || c == '_'), blank).parse(input)
}

/// A text in double quotes.
pub(super) fn text(input: Input<'_>) -> Parsed<'_, Spanned<String>> {
    let (after_quote, _) = char('"').parse(input)?;
    let start = input.start;
    let plain = after_quote.bytes().take_while(is_plain).count();
    let mut text = after_quote[..plain].to_owned();
    let mut rest = after_quote[plain..].chars();
    loop {
        let place = start + input.len() - rest.as_str().len();
        let character = match rest.next() {
            Some('"') => break,
            Some('\\') => escape(&mut rest),
            Some('\n' | '\r') | None => return stop(unclosed(input)),
            found => found,
        };
        match character.filter(|c| is_carried(*c)) {
            Some(character) => text.push(character),
            None => {
                return stop(bad_character(
                    input,
                    place..start + input.len() - rest.as_str().len(),
                ));
            }
        }
    }
    let length = input.len() - rest.as_str().len();
    let (input, ()) = blank(input.take_from(length))?;
    Ok((input, Spanned::new(text, start..start + length)))
}

/// Whether a byte stands for itself in a text, as most do.
fn is_plain(byte: &u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
}

fn unclosed(input: Input<'_>) -> Diagnostic {
    let start = input.start;
    let error = input.extra.source.error(
        code::SYNTAX,
        start..start + 1,
        "a text that does not end on its line",
    );
    error.expected("`\"` at its end").help("a line break in a text is written `\\n`")
}

fn bad_character(input: Input<'_>, place: Span) -> Diagnostic {
    let found = &input.extra.source.text()[place.clone()];
    let error =
        input.extra.source.error(code::SYNTAX, place, format!("found {} in a text", named(found)));
    if found.starts_with('\\') {
        error.expected(
            "`\\\"`, `\\\\`, `\\n`, `\\r`, `\\t` or `\\u{…}` of a character that XML can carry",
        )
    } else {
        error.expected("a character that XML can carry")
    }
}

/// The character that an escape stands for; the backslash has been read.
fn escape(rest: &mut std::str::Chars<'_>) -> Option<char> {
    match rest.next()? {
        quote @ ('"' | '\\') => Some(quote),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'u' => {
            let (digits, after) = rest.as_str().strip_prefix('{')?.split_once('}')?;
            let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_hexadecimal)?;
            *rest = after.chars();
            char::from_u32(number)
        }
        _ => None,
    }
}

/// The place of a word.
pub(super) fn span(found: &Input<'_>) -> Span {
    found.start..found.start + found.len()
}

/// What stands next, and where, for messages.
pub(super) fn next(input: Input<'_>) -> (Span, String) {
    let start = input.start;
    if let Ok((_, found)) = word(input) {
        return (span(&found), named(&found));
    }
    if let Ok((_, found)) = text(input) {
        return (found.span, format!("the text {}", quoted(&found.node)));
    }
    match input.chars().next() {
        Some(found) => (start..start + found.len_utf8(), named(found.encode_utf8(&mut [0; 4]))),
        None => (start..start, "the end of the text".to_owned()),
    }
}
