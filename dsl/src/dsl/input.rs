//! What the parsers read: the rest of the text, where it begins, and the reading that it is part of.

use std::{
    ops::Deref,
    str::{CharIndices, Chars},
};

use nom::Needed;

use crate::reading::Reading;

/// A piece of the text. It knows its byte and not its line: lines are counted when a message names
/// one, and not at each step of a parser.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input<'a> {
    pub(super) text: &'a str,
    /// The byte of the whole text that it begins at.
    pub(super) start: usize,
    pub(super) extra: &'a Reading,
}

impl<'a> Input<'a> {
    pub(super) fn new(text: &'a str, extra: &'a Reading) -> Self {
        Self { text, start: 0, extra }
    }

    /// All of the text from where this piece begins.
    pub(super) fn rest(self) -> Input<'a> {
        Input { text: &self.extra.source.text()[self.start..], ..self }
    }
}

impl Deref for Input<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.text
    }
}

impl<'a> nom::Input for Input<'a> {
    type Item = char;
    type Iter = Chars<'a>;
    type IterIndices = CharIndices<'a>;

    fn input_len(&self) -> usize {
        self.text.len()
    }

    fn take(&self, index: usize) -> Self {
        Self { text: &self.text[..index], ..*self }
    }

    fn take_from(&self, index: usize) -> Self {
        Self { text: &self.text[index..], start: self.start + index, ..*self }
    }

    fn take_split(&self, index: usize) -> (Self, Self) {
        (self.take_from(index), self.take(index))
    }

    fn position<P: Fn(char) -> bool>(&self, predicate: P) -> Option<usize> {
        self.text.find(predicate)
    }

    fn iter_elements(&self) -> Self::Iter {
        self.text.chars()
    }

    fn iter_indices(&self) -> Self::IterIndices {
        self.text.char_indices()
    }

    fn slice_index(&self, count: usize) -> Result<usize, Needed> {
        self.text.slice_index(count)
    }
}
