//! Comments of a text, with what is needed to find them a place when their query is printed.
//!
//! Both syntaxes have comments, and printing joins, splits and moves lines. So a comment is kept by
//! its place in the text: the block it lies in, and whether it follows something on its line.
//! `page.rs` finds it a place among printed lines.

use std::sync::Arc;

use crate::source::Span;

/// The comments of a query. All are equal, since trees are compared by what they say.
#[derive(Clone, Debug, Default)]
pub struct Comments {
    /// Where the query begins: what stands before it is said of the whole.
    pub(crate) start: Span,
    pub(crate) list: Vec<Comment>,
    pub(crate) blocks: Arc<[Block]>,
}

/// One comment. One of several lines is as many comments.
#[derive(Clone, Debug)]
pub(crate) struct Comment {
    /// What it says, on one line, without blanks at its end.
    pub(crate) text: String,
    pub(crate) span: Span,
    /// The innermost block around it; none: outside of all.
    pub(crate) block: Option<usize>,
    pub(crate) place: Place,
}

/// What a comment is beside.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Nothing: it has its line for itself.
    OwnLine,
    /// The last thing before it that begins at this byte or later.
    After(usize),
    /// The end of this block.
    Closes(usize),
}

/// A pair of braces, or the tags of an element.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// Where that may begin which opens the block.
    pub(crate) head: usize,
    /// Where its content begins.
    pub(crate) open: usize,
    /// Where its content ends.
    pub(crate) close: usize,
    /// The block around it.
    pub(crate) parent: Option<usize>,
}

impl Comments {
    /// What they say, in the order of the text.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|comment| comment.text.as_str())
    }
}

impl PartialEq for Comments {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Comments {}
