//! The text as a plain row of tokens, right or wrong: for comments, and to go on after a mistake.

use super::lexis::is_in_word;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, keyword, operator or number.
    Word,
    /// A name in back quotes.
    Name,
    /// A text in quotes of either sort, which ends.
    Text,
    /// A text that does not end on its line: the rest of the line.
    Unclosed,
    /// `#` and what follows on the line.
    Comment,
    /// Any other character.
    Sign,
}

/// One token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) start: usize,
    /// Whether it is the first on its line.
    pub(super) is_first: bool,
}

/// The tokens of a text from a byte on.
#[derive(Clone)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// Whether only blanks came so far on the line.
    is_first: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        Self { text, at, is_first: text[line..at].chars().all(is_blank) }
    }
}

impl Token<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Sign) && self.text == text
    }

    /// Whether it could be a name.
    pub(super) fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Name)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = self.text[self.at..].trim_start_matches(is_blank);
        let start = self.text.len() - rest.len();
        let is_first = self.is_first || self.text[self.at..start].contains('\n');
        let (kind, length) = measure(rest)?;
        self.at = start + length;
        self.is_first = false;
        Some(Token { kind, text: &rest[..length], start, is_first })
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Kind and length of the token that a text begins with.
fn measure(rest: &str) -> Option<(Kind, usize)> {
    let first = rest.chars().next()?;
    // Asked for only where it counts: a line may be as long as the text.
    let line = || rest.find('\n').map_or(rest, |end| &rest[..end]);
    // The length up to a quote like the first character, if there is one on the line.
    let quoted = || line()[1..].find(first).map(|at| at + 2);
    Some(match first {
        '#' => (Kind::Comment, line().len()),
        '"' => match closing_quote(line()) {
            Some(end) => (Kind::Text, end),
            None => (Kind::Unclosed, line().len()),
        },
        '\'' => quoted().map_or((Kind::Sign, 1), |length| (Kind::Text, length)),
        '`' => quoted().map_or((Kind::Sign, 1), |length| (Kind::Name, length)),
        word if is_in_word(word) => {
            (Kind::Word, rest.find(|c| !is_in_word(c)).unwrap_or(rest.len()))
        }
        sign => (Kind::Sign, sign.len_utf8()),
    })
}

/// The end of a text in double quotes.
fn closing_quote(line: &str) -> Option<usize> {
    let mut is_escaped = false;
    line.char_indices().skip(1).find_map(|(at, found)| {
        let ends = found == '"' && !is_escaped;
        is_escaped = found == '\\' && !is_escaped;
        ends.then_some(at + 1)
    })
}
