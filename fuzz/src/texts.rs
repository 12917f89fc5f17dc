//! Where texts come from: the corpus, edited; the grammar; words in no order.

use bolero::{Driver, ValueGenerator};
use haversack_dsl::{Syntax, parse, print_fetchxml};

use crate::{
    corpus,
    dictionary::{self, one_of},
    edits::edited,
    grammar,
};

/// Words of a text that has no order, at the most.
const WORDS_MAX: usize = 60;
/// Pieces of a pattern or a text to hold against it, at the most.
const PIECES_MAX: usize = 12;

/// Texts that may be queries.
pub struct Queries {
    corpus: Vec<String>,
    syntax: Option<Syntax>,
}

impl Queries {
    /// Texts in one syntax, or in either.
    #[must_use]
    pub fn new(syntax: Option<Syntax>) -> Self {
        let of = |text: &String| syntax.is_none_or(|syntax| Syntax::of(text) == syntax);
        Self { corpus: corpus::queries().into_iter().filter(of).collect(), syntax }
    }

    /// One by the grammar.
    fn by_grammar<D: Driver>(&self, driver: &mut D) -> Option<String> {
        let text = grammar::query(driver)?;
        let in_fetchxml = match self.syntax {
            Some(syntax) => syntax == Syntax::FetchXml,
            None => driver.produce()?,
        };
        match parse(&text) {
            Ok(fetch) if in_fetchxml => Some(print_fetchxml(&fetch)),
            // What can't be read can't be printed in the other syntax.
            Err(_) if self.syntax == Some(Syntax::FetchXml) => self.of_corpus(driver).cloned(),
            _ => Some(text),
        }
    }

    fn of_corpus<D: Driver>(&self, driver: &mut D) -> Option<&String> {
        self.corpus.get(driver.gen_variant(self.corpus.len(), 0)?)
    }

    fn words<D: Driver>(&self, driver: &mut D) -> Option<String> {
        let mut text = if self.syntax == Some(Syntax::FetchXml) { "<" } else { "" }.to_owned();
        for _ in 0..driver.gen_variant(WORDS_MAX, 0)? {
            text.push_str(dictionary::word(driver)?);
            text.push_str(one_of(driver, &["", " "])?);
        }
        Some(text)
    }
}

impl ValueGenerator for Queries {
    type Output = String;

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<String> {
        match driver.gen_variant(8, 0)? {
            0 => self.words(driver),
            1..=2 => self.by_grammar(driver),
            3..=4 => {
                let text = self.by_grammar(driver)?;
                edited(driver, &text, &self.corpus)
            }
            _ => {
                let text = self.of_corpus(driver)?;
                edited(driver, text, &self.corpus)
            }
        }
    }
}

/// Patterns of `like` with texts to hold against them.
pub struct Patterns {
    corpus: Vec<(String, String)>,
}

impl Patterns {
    /// Those of the corpus, edited, and others.
    #[must_use]
    pub fn new() -> Self {
        Self { corpus: corpus::patterns() }
    }
}

impl Default for Patterns {
    fn default() -> Self {
        Self::new()
    }
}

impl ValueGenerator for Patterns {
    type Output = (String, String);

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<(String, String)> {
        let pattern: &[_] = &[
            "%",
            "_",
            "a",
            "b",
            "[",
            "]",
            "[^",
            "-",
            "[a-c]",
            "[^b]",
            "[]",
            "[%]",
            "[[]",
            "é",
            "İ",
            "ß",
            "\u{301}",
            "😀",
            " ",
            "%a%",
            "____________________________________________________________",
        ];
        let text: &[_] =
            &["a", "b", "c", "%", "_", "[", "]", "^", "-", "E\u{301}", "i\u{307}", "ẞ", "😀", " "];
        if driver.gen_variant(4, 0)? == 0 {
            let (pattern, text) = self.corpus.get(driver.gen_variant(self.corpus.len(), 0)?)?;
            return Some((edited(driver, pattern, &[])?, edited(driver, text, &[])?));
        }
        Some((pieces(driver, pattern)?, pieces(driver, text)?))
    }
}

fn pieces<D: Driver>(driver: &mut D, of: &[&'static str]) -> Option<String> {
    let mut text = String::new();
    for _ in 0..driver.gen_variant(PIECES_MAX, 0)? {
        let piece = one_of(driver, of)?;
        text.push_str(&piece.repeat(1 + driver.gen_variant(3, 0)?));
    }
    Some(text)
}
