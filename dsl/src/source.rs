//! The text of a query, kept with its tree so that every later stage can say where something is.

use std::{fmt, ops::Range, sync::Arc};

use crate::diagnostic::{Diagnostic, Severity};

/// A place in the text, in bytes.
pub type Span = Range<usize>;

/// Longest piece of a query's text that a message repeats, in characters.
const QUOTED_LENGTH_MAX: usize = 60;

/// The text of a query. All sources are equal, since trees are compared by what they say.
#[derive(Clone, Default)]
pub struct Source(Arc<str>);

impl Source {
    /// Keeps a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
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
        let before = &self.0.as_bytes()[..byte.min(self.0.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        // Bytes that continue a character have the form 10xxxxxx.
        let is_first_byte = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
        let characters = before[line_start..].iter().filter(is_first_byte).count();
        let byte_order_mark = usize::from(line == 1 && self.0.starts_with('\u{feff}') && byte > 0);
        (line, characters - byte_order_mark + 1)
    }
}

/// Warnings of a reading, kept with its tree. All are equal, since trees are compared by what they
/// say.
#[derive(Clone, Debug, Default)]
pub struct Notes(pub(crate) Vec<Diagnostic>);

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
        write!(f, "Source({} bytes)", self.0.len())
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
        match character.is_control() {
            true => out.extend(character.escape_unicode()),
            false => out.push(character),
        }
    }
    let is_cut = text.chars().nth(QUOTED_LENGTH_MAX).is_some();
    out + if is_cut { "…`" } else { "`" }
}
