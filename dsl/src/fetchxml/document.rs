//! The text as an XML document: no DTD, no namespaces, no deeper than a query can be, every error with
//! its place.

use haversack_core::limits::FILTER_DEPTH_MAX;
use roxmltree::{Document, Error, ParsingOptions, TextPos};

use crate::{
    diagnostic::{Diagnostic, code},
    source::{Source, Span, named},
};

/// Deepest element of a query within every limit: `fetch`, `entity`, for each level a link and its
/// filter, then `condition` and `value`.
const ELEMENT_DEPTH_MAX: usize = 2 + 2 * FILTER_DEPTH_MAX + 2;

/// Attributes of one element: more than any has. The reader compares each with all before it.
const ATTRIBUTES_MAX: usize = 64;
/// The shortest attribute, with a blank before it: ` a=""`.
const ATTRIBUTE_BYTES_MIN: usize = 5;

/// Reads a document.
pub(super) fn document(source: &Source) -> Result<Document<'_>, Box<Diagnostic>> {
    scan(source)?;
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    Document::parse_with_options(source.text(), options)
        .map_err(|error| Box::new(no_document(source, &error)))
}

/// Refuses what must not reach the reader, since it would take long over it or more than it: document
/// types, namespaces, nesting and numbers of attributes that no query has.
///
/// Malformed tags are left for the reader to explain.
fn scan(source: &Source) -> Result<(), Box<Diagnostic>> {
    let text = source.text();
    let has_namespaces = text.contains("xmlns");
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        let start = at + found;
        let rest = &text[start..];
        at = start + markup_length(rest);
        let markup = &text[start..at];
        if rest.starts_with("<!--") || rest.starts_with("<![CDATA[") || rest.starts_with("<?") {
            continue;
        }
        if rest.starts_with("<!") {
            let error = source.error(code::DTD, start..at, "found a document type declaration");
            let help = "leave out `<!DOCTYPE …>` and its entities";
            return Err(Box::new(error.expected("none").help(help)));
        }
        if rest.starts_with("</") {
            depth = depth.saturating_sub(1);
        } else {
            if has_namespaces || markup.len() > ATTRIBUTES_MAX * ATTRIBUTE_BYTES_MIN {
                check_attributes(source, start, markup)?;
            }
            depth += usize::from(!markup.ends_with("/>"));
        }
        if depth > ELEMENT_DEPTH_MAX {
            let message = format!("groups are nested deeper than {FILTER_DEPTH_MAX} levels");
            return Err(Box::new(source.error(code::LIMIT, start..at, message)));
        }
    }
    Ok(())
}

/// Refuses a tag that declares a namespace or has too many attributes.
fn check_attributes(source: &Source, start: usize, markup: &str) -> Result<(), Box<Diagnostic>> {
    let names = attribute_names(markup);
    let error = if names.clone().any(|name| name == "xmlns" || name.starts_with("xmlns:")) {
        let is_in_name = |c: char| !c.is_whitespace() && !matches!(c, '/' | '>');
        let name: &str = markup[1..].split(|c| !is_in_name(c)).next().unwrap_or_default();
        let tag = start + 1..start + 1 + name.len();
        source.error(code::SYNTAX, tag, "found an XML namespace").expected("none")
    } else if names.count() > ATTRIBUTES_MAX {
        let message = format!("more than {ATTRIBUTES_MAX} attributes in one element");
        source.error(code::LIMIT, start..start + markup.len(), message)
    } else {
        return Ok(());
    };
    Err(Box::new(error))
}

/// What stands before each `=` outside of quotes.
fn attribute_names(markup: &str) -> impl Iterator<Item = &str> + Clone {
    let mut quote = None;
    let equals = markup.bytes().enumerate().filter(move |(_, byte)| {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), close) if open == *close => quote = None,
            _ => {}
        }
        quote.is_none() && *byte == b'='
    });
    equals.map(|(at, _)| {
        let before = markup[..at].trim_end();
        before.rsplit(|c: char| c.is_whitespace() || c == '"' || c == '\'').next().unwrap_or(before)
    })
}

/// Length of the markup that a text begins with: up to its end, as XML has it, or the text's.
fn markup_length(text: &str) -> usize {
    let until = |end: &str| text.find(end).map_or(text.len(), |at| at + end.len());
    if text.starts_with("<!--") {
        return until("-->");
    }
    if text.starts_with("<![CDATA[") {
        return until("]]>");
    }
    if text.starts_with("<?") {
        return until("?>");
    }
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn no_document(source: &Source, error: &Error) -> Diagnostic {
    let at = byte_of(source.text(), error.pos());
    let spanned = |message: String| source.error(code::SYNTAX, at.clone(), message);
    match error {
        Error::DtdDetected => source.error(code::DTD, 0..0, "found a document type declaration"),
        Error::UnexpectedDeclaration(_) => {
            spanned("found an XML declaration that is not at the beginning".to_owned())
                .help("leave out what stands before it, blanks too")
        }
        Error::InvalidChar2("a quote", ..) => {
            let found = source.text()[at.clone()].to_owned();
            spanned(format!("found {}", named(&found))).expected("a value in `\"` or `'`")
        }
        Error::UnexpectedCloseTag(expected, found, _) => {
            spanned(format!("found `</{found}>`")).expected(format!("`</{expected}>`"))
        }
        Error::UnknownEntityReference(name, _) => {
            spanned(format!("unknown entity {}", named(&format!("&{name};"))))
                .expected("`&lt;`, `&gt;`, `&amp;`, `&quot;`, `&apos;` or a character's number")
        }
        Error::DuplicatedAttribute(name, _) => {
            source.error(code::DUPLICATE, at, format!("found attribute {} twice", named(name)))
        }
        Error::InvalidAttributeValue(_) | Error::InvalidChar(b'"' | b'\'', b'<', _) => {
            spanned("found `<` in a value".to_owned()).help("write `&lt;`")
        }
        // The reader knows a byte of it, which may be a piece of a character.
        Error::InvalidChar2(expected, ..) => {
            let found = named(&source.text()[at.clone()]);
            spanned(format!("found {found}")).expected(*expected)
        }
        Error::MalformedEntityReference(_) if source.text()[at.start..].starts_with("&#") => {
            spanned("found the number of no character that XML can carry".to_owned())
        }
        Error::UnknownToken(_) => {
            spanned("found text outside of all elements".to_owned()).expected("the end of the text")
        }
        Error::MalformedEntityReference(_) => {
            spanned("found `&` that begins no entity".to_owned()).help("write `&amp;`")
        }
        Error::NonXmlChar(found, _) => spanned(format!("found {}", named(&found.to_string())))
            .expected("a character that XML can carry"),
        Error::NoRootNode => spanned("found no element".to_owned()).expected("`<fetch>`"),
        Error::UnclosedRootNode | Error::UnexpectedEndOfStream => {
            let end = source.text().len();
            let error = source.error(code::SYNTAX, end..end, "found the end of the text");
            error.expected("the end of an open element")
        }
        other => {
            let place = format!(" at {}", other.pos());
            let message = other.to_string().replace(&place, "");
            spanned(format!("malformed XML: {}", in_one_line(&message)))
        }
    }
}

/// A message that may repeat a line break, or another character that shows badly.
fn in_one_line(message: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().collect() } else { c.to_string() };
    message.chars().map(shown).collect()
}

/// The reader counts lines and characters, from 1; places are bytes.
fn byte_of(text: &str, position: TextPos) -> Span {
    let number = |count: u32| usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(1);
    let lines_before = number(position.row);
    let line_start: usize = text.split_inclusive('\n').take(lines_before).map(str::len).sum();
    let line = &text[line_start..];
    let (at, length) = line
        .char_indices()
        .nth(number(position.col))
        .map_or((line.len(), 0), |(at, found)| (at, found.len_utf8()));
    line_start + at..line_start + at + length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_refused_not_suffered() {
        let error = document(&Source::new(&"<filter>".repeat(100_000))).unwrap_err();
        assert_eq!(error.code, code::LIMIT);
    }

    #[test]
    fn attributes_have_a_bound_and_namespaces_are_refused() {
        let attributes = |count: usize| {
            let listed: String = (0..count).map(|at| format!(" a{at}=\"=='='\"")).collect();
            document(&Source::new(&format!("<a{listed}/>"))).map(|_| ()).map_err(|e| e.code)
        };
        assert_eq!(attributes(ATTRIBUTES_MAX), Ok(()));
        assert_eq!(attributes(ATTRIBUTES_MAX + 1), Err(code::LIMIT));
        for text in ["<a xmlns='b'/>", "<a  xmlns:c\n=\"b\"/>", "<a b='c'xmlns='d'/>"] {
            let error = document(&Source::new(text)).unwrap_err();
            assert_eq!(error.to_string(), "1:2: found an XML namespace; expected none", "{text}");
        }
        let text = "<a b='xmlns=' c=\"' xmlns='\" dxmlns=''>xmlns='e'</a>";
        assert!(document(&Source::new(text)).is_ok());
    }

    #[test]
    fn scanning_is_not_fooled_by_comments_quotes_and_character_data() {
        let text = "<!-- <!DOCTYPE x> --><a b='<!DOCTYPE' c=\">\"><![CDATA[<!DOCTYPE]]></a>";
        assert!(scan(&Source::new(text)).is_ok());
        assert_eq!(document(&Source::new("<!DOCTYPE a><a/>")).unwrap_err().code, code::DTD);
    }
}
