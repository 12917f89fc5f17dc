//! The comments of a text in the DSL.

use std::ops::Range;

use super::tokens::{Kind, Token, Tokens};
use crate::{
    comment::{Block, Comment, Comments, Place},
    diagnostic::{Diagnostic, code},
    reading::is_carried,
    source::{Source, Span, named},
};

/// A comment as it is written.
pub(super) fn written(text: &str) -> String {
    match text.chars().next() {
        None => "#".to_owned(),
        // As those who draw lines of them write it.
        Some('#') => format!("#{text}"),
        Some(_) => format!("# {text}"),
    }
}

/// The comments of all queries of a text that has been read, for each query those from where the
/// one before it ends. `starts` are the words that the queries begin with.
pub(super) fn comments(source: &Source, starts: &[Span]) -> Result<Vec<Comments>, Box<Diagnostic>> {
    if !source.text().contains('#') {
        let none = |start: &Span| Comments { start: start.clone(), ..Comments::default() };
        return Ok(starts.iter().map(none).collect());
    }
    let mut scan = Scan::default();
    for token in Tokens::new(source.text(), 0) {
        scan.token(source, token)?;
    }
    let ends = ends(source.text(), starts);
    let blocks: std::sync::Arc<[Block]> = scan.blocks.into();
    let mut all: Vec<Comments> = starts
        .iter()
        .map(|start| Comments { start: start.clone(), list: Vec::new(), blocks: blocks.clone() })
        .collect();
    for comment in scan.comments {
        let is_after = |end: &usize| match comment.place {
            Place::OwnLine => *end <= comment.span.start,
            // What is beside the end of a query is said of that one.
            Place::After(since) => *end <= since,
            Place::Closes(block) => *end <= blocks[block].close,
        };
        let owner = ends.iter().filter(|end| is_after(end)).count();
        if let Some(query) = all.get_mut(owner.min(starts.len().saturating_sub(1))) {
            query.list.push(comment);
        }
    }
    Ok(all)
}

/// Where each query but the last ends.
fn ends(text: &str, starts: &[Span]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut last = 0;
    let mut next = starts.iter().skip(1).peekable();
    for token in Tokens::new(text, 0).filter(|token| token.kind != Kind::Comment) {
        if next.next_if(|start| start.start == token.start).is_some() {
            ends.push(last);
        }
        last = token.end();
    }
    ends
}

/// What has been seen of a text.
#[derive(Default)]
struct Scan<'a> {
    comments: Vec<Comment>,
    blocks: Vec<Block>,
    open: Option<usize>,
    /// Where the last brace ends.
    brace: usize,
    before: Option<Token<'a>>,
    /// The first byte of what a comment here would be beside.
    line: usize,
    closed: Option<usize>,
}

impl<'a> Scan<'a> {
    fn token(&mut self, source: &Source, token: Token<'a>) -> Result<(), Box<Diagnostic>> {
        if token.kind == Kind::Comment {
            let comment = self.comment(source, token)?;
            self.comments.push(comment);
            return Ok(());
        }
        // A line that begins with what ends or parts a list goes on with the line before.
        if token.is_first && !token.is(")") && !token.is(",") {
            self.line = token.start;
        }
        self.closed = None;
        if token.is("{") {
            let (head, open) = (self.brace, token.end());
            self.blocks.push(Block { head, open, close: usize::MAX, parent: self.open });
            self.open = Some(self.blocks.len() - 1);
            self.brace = token.end();
        } else if token.is("}") {
            self.closed = self.open;
            if let Some(block) = self.open {
                self.blocks[block].close = token.start;
                self.open = self.blocks[block].parent;
            }
            self.brace = token.end();
        }
        self.before = Some(token);
        Ok(())
    }

    fn comment(&self, source: &Source, token: Token<'_>) -> Result<Comment, Box<Diagnostic>> {
        let written = token.text[1..].trim_end();
        let fits = |c: &char| is_carried(*c) && *c != '\r';
        if let Some((at, wrong)) = written.char_indices().find(|(_, c)| !fits(c)) {
            let at: Range<usize> = token.start + 1 + at..token.start + 1 + at + wrong.len_utf8();
            let message = format!("found {} in a comment", named(wrong.encode_utf8(&mut [0; 4])));
            let error = source.error(code::SYNTAX, at, message);
            return Err(Box::new(error.expected("a character that XML can carry")));
        }
        let place = match (token.is_first, self.closed) {
            (true, _) => Place::OwnLine,
            (false, Some(block)) => Place::Closes(block),
            (false, None) => Place::After(self.line),
        };
        let text = written.strip_prefix(' ').unwrap_or(written).to_owned();
        Ok(Comment { text, span: token.start..token.end(), block: self.open, place })
    }
}
