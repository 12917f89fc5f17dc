//! The text of a query, kept with its tree so that every later stage can say where something is.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

use crate::diagnostic::{Diagnostic, Severity};

/// A place in the text, in bytes.
pub type Span = Range<usize>;

/// Longest piece of a query's text that a message repeats, in characters.
const QUOTED_LENGTH_MAX: usize = 60;

/// Bytes between two places of which line and column are remembered.
const MARKED_BYTES: usize = 256;

/// The text of a query. All sources are equal, since trees are compared by what they say.
#[derive(Clone, Default)]
pub struct Source(Arc<Located>);

/// A text, and where its lines are.
#[derive(Default)]
struct Located {
    text: Box<str>,
    /// The place of every 256th byte, once one was asked for: a text may have an error at each word,
    /// and must not be read from its beginning for all of them.
    marks: OnceLock<Vec<Place>>,
}

/// A place: how many lines are before it, and how many characters before it on its own.
#[derive(Clone, Copy, Default)]
struct Place {
    lines: usize,
    characters: usize,
}

impl Place {
    /// The place after these bytes.
    fn after(self, bytes: &[u8]) -> Self {
        bytes.iter().fold(self, |at, byte| match byte {
            b'\n' => Self { lines: at.lines + 1, characters: 0 },
            // Bytes that continue a character have the form 10xxxxxx.
            0b1000_0000..=0b1011_1111 => at,
            _ => Self { characters: at.characters + 1, ..at },
        })
    }
}

impl Source {
    /// Keeps a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Arc::new(Located { text: text.into(), marks: OnceLock::new() }))
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// An error at a place.
    #[must_use]
    pub fn error(&self, code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        self.diagnostic(Severity::Error, code, span, message.into())
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(
        &self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        self.diagnostic(Severity::Warning, code, span, message.into())
    }

    fn diagnostic(
        &self,
        severity: Severity,
        code: &'static str,
        span: Span,
        message: String,
    ) -> Diagnostic {
        let (line, column) = self.locate(span.start);
        Diagnostic {
            code,
            severity,
            span,
            line,
            column,
            message,
            expected: None,
            help: None,
            other: None,
        }
    }

    /// Line and column of a byte, from 1; columns count characters. A place after the text is its
    /// end, so that trees made by programs, which have no text, can be judged too.
    #[must_use]
    pub fn locate(&self, byte: usize) -> (usize, usize) {
        let text = self.text();
        let byte = byte.min(text.len());
        let marks = self.0.marks.get_or_init(|| marks(text));
        let marked = byte / MARKED_BYTES;
        let between = &text.as_bytes()[marked * MARKED_BYTES..byte];
        let Place { lines, characters } = marks[marked].after(between);
        let byte_order_mark = usize::from(lines == 0 && text.starts_with('\u{feff}') && byte > 0);
        (lines + 1, characters - byte_order_mark + 1)
    }
}

fn marks(text: &str) -> Vec<Place> {
    let chunks = text.as_bytes().chunks_exact(MARKED_BYTES);
    let mut marks = vec![Place::default()];
    marks.extend(chunks.scan(Place::default(), |at, chunk| {
        *at = at.after(chunk);
        Some(*at)
    }));
    marks
}

/// What a reading found and took, kept with its tree. All are equal, since trees are compared by what
/// they say.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// Warnings.
    pub(crate) warnings: Vec<Diagnostic>,
    /// Errors, if the query is for classic; else what it would refuse.
    pub(crate) in_classic: Vec<Diagnostic>,
}

impl PartialEq for Notes {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Notes {}

impl PartialEq for Source {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Source {}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} bytes)", self.text().len())
    }
}

/// A text as messages repeat it: in quotes, escaped, and cut if it is long.
#[must_use]
pub fn quoted(text: &str) -> String {
    if text.chars().nth(QUOTED_LENGTH_MAX).is_none() {
        return format!("{text:?}");
    }
    format!("{:?}…", text.chars().take(QUOTED_LENGTH_MAX).collect::<String>())
}

/// A name as messages repeat it: in back quotes, and cut if it is long.
#[must_use]
pub fn named(text: &str) -> String {
    let mut out = String::from("`");
    for character in text.chars().take(QUOTED_LENGTH_MAX) {
        // What nobody can see is shown by its number; quotes and backslashes are seen.
        let is_seen = matches!(character, '"' | '\'' | '\\') || character.escape_debug().len() == 1;
        match is_seen {
            true => out.push(character),
            false => out.extend(character.escape_unicode()),
        }
    }
    let is_cut = text.chars().nth(QUOTED_LENGTH_MAX).is_some();
    out + if is_cut { "…`" } else { "`" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_a_count_from_the_beginning() {
        for text in ["", "ab\ncd", &"é\n".repeat(700), &"\u{feff}é".repeat(400), &"x".repeat(512)]
        {
            let source = Source::new(text);
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            for byte in ends {
                let before = &text[..byte];
                let line = before.matches('\n').count() + 1;
                let own = before.rsplit('\n').next().expect("a split gives one piece at least");
                let first = if line == 1 { own.strip_prefix('\u{feff}') } else { None };
                let column = first.unwrap_or(own).chars().count() + 1;
                assert_eq!(source.locate(byte), (line, column), "{byte} of {text:?}");
            }
            assert_eq!(source.locate(usize::MAX), source.locate(text.len()));
        }
    }
}
