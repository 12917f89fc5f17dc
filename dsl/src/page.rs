//! Printed lines as a tree, and where comments go among them.
//!
//! Each line knows which pieces of the text it prints. A comment on its own line goes before the
//! line that prints what follows it, or to the end of its block; one beside something stays beside
//! it, if that ends its line and nothing else is there yet, and else goes before that line. So no
//! comment is lost, and printing what was printed gives it again.

use std::fmt::Write as _;

use crate::{
    comment::{Comment, Comments, Place},
    source::Span,
};

/// A line, or a block with lines in it.
#[derive(Debug)]
struct Node {
    /// The line if there is nothing in it.
    line: String,
    /// The lines around what is in it, if anything can be.
    around: Option<[String; 2]>,
    /// The pieces of the text that its line, or its first line, prints.
    spans: Vec<Span>,
    parent: Option<usize>,
    children: Vec<usize>,
    /// Comments before it.
    before: Vec<usize>,
    /// The comment beside its line, or its first line.
    beside: Option<usize>,
    /// Comments after all that is in it.
    last: Vec<usize>,
    /// The comment beside its last line.
    beside_close: Option<usize>,
}

/// Where a comment goes.
#[derive(Clone, Copy)]
enum Spot {
    Before(usize),
    Beside(usize),
    BesideClose(usize),
    Last(usize),
    /// After everything.
    End,
}

/// A piece of the text, and the node that prints it.
struct Mark {
    start: usize,
    node: usize,
}

/// Lines that are being printed.
#[derive(Debug)]
pub(crate) struct Page<'c> {
    comments: &'c Comments,
    nodes: Vec<Node>,
    open: Option<usize>,
    last: Vec<usize>,
}

impl<'c> Page<'c> {
    pub(crate) fn new(comments: &'c Comments) -> Self {
        Self { comments, nodes: Vec::new(), open: None, last: Vec::new() }
    }

    /// A line in which there is nothing.
    pub(crate) fn leaf(&mut self, line: String, spans: Vec<Span>) {
        self.push(line, None, spans);
    }

    /// A block: what is printed until it is closed lies in it.
    pub(crate) fn open(&mut self, empty: String, around: [String; 2], spans: Vec<Span>) {
        self.open = Some(self.push(empty, Some(around), spans));
    }

    pub(crate) fn close(&mut self) {
        self.open = self.open.and_then(|node| self.nodes[node].parent);
    }

    fn push(&mut self, line: String, around: Option<[String; 2]>, spans: Vec<Span>) -> usize {
        let number = self.nodes.len();
        if let Some(parent) = self.open {
            self.nodes[parent].children.push(number);
        }
        self.nodes.push(Node {
            line,
            around,
            spans,
            parent: self.open,
            children: Vec::new(),
            before: Vec::new(),
            beside: None,
            last: Vec::new(),
            beside_close: None,
        });
        number
    }

    /// The text, with comments written this way.
    pub(crate) fn print(mut self, write: fn(&str) -> String) -> String {
        self.place_comments();
        let mut out = String::new();
        let roots = (0..self.nodes.len()).filter(|node| self.nodes[*node].parent.is_none());
        for root in roots {
            self.node(&mut out, 0, root, write);
        }
        self.own_lines(&mut out, 0, &self.last, write);
        out
    }

    fn node(&self, out: &mut String, depth: usize, number: usize, write: fn(&str) -> String) {
        let node = &self.nodes[number];
        self.own_lines(out, depth, &node.before, write);
        let is_empty = node.children.is_empty() && node.last.is_empty();
        let Some([open, close]) = node.around.as_ref().filter(|_| !is_empty) else {
            return self.line(out, depth, &node.line, node.beside, write);
        };
        self.line(out, depth, open, node.beside, write);
        node.children.iter().for_each(|child| self.node(out, depth + 1, *child, write));
        self.own_lines(out, depth + 1, &node.last, write);
        self.line(out, depth, close, node.beside_close, write);
    }

    fn line(
        &self,
        out: &mut String,
        depth: usize,
        line: &str,
        beside: Option<usize>,
        write: fn(&str) -> String,
    ) {
        let indent = "  ".repeat(depth);
        let beside = beside.map(|at| format!(" {}", write(&self.comments.list[at].text)));
        writeln!(out, "{indent}{line}{}", beside.unwrap_or_default())
            .expect("a String takes all writes");
    }

    fn own_lines(
        &self,
        out: &mut String,
        depth: usize,
        comments: &[usize],
        write: fn(&str) -> String,
    ) {
        for comment in comments {
            let text = write(&self.comments.list[*comment].text);
            self.line(out, depth, &text, None, write);
        }
    }

    fn place_comments(&mut self) {
        if self.comments.list.is_empty() {
            return;
        }
        let marks = |(node, found): (usize, &Node)| {
            // What no text says has no place in it.
            let said = found.spans.iter().filter(|span| span.end > 0);
            said.map(|span| Mark { start: span.start, node }).collect::<Vec<_>>()
        };
        let mut marks: Vec<Mark> = self.nodes.iter().enumerate().flat_map(marks).collect();
        marks.sort_by_key(|mark| mark.start);
        for (number, comment) in self.comments.list.iter().enumerate() {
            match self.spot(&marks, comment) {
                Spot::Before(node) => self.nodes[node].before.push(number),
                Spot::Beside(node) => self.nodes[node].beside = Some(number),
                Spot::BesideClose(node) => self.nodes[node].beside_close = Some(number),
                Spot::Last(node) => self.nodes[node].last.push(number),
                Spot::End => self.last.push(number),
            }
        }
    }

    fn spot(&self, marks: &[Mark], comment: &Comment) -> Spot {
        let beside = match comment.place {
            Place::OwnLine => None,
            Place::After(since) => last_of(marks, since, comment.span.start).map(|mark| {
                let node = &self.nodes[mark.node];
                let is_last = node.spans.iter().all(|span| span.start <= mark.start);
                let is_free = node.beside.is_none() && is_last;
                if is_free { Spot::Beside(mark.node) } else { Spot::Before(mark.node) }
            }),
            Place::Closes(block) => self.opener(marks, block).map(|number| {
                let node = &self.nodes[number];
                match (node.children.is_empty(), node.beside, node.beside_close) {
                    (true, None, _) => Spot::Beside(number),
                    (false, _, None) => Spot::BesideClose(number),
                    _ => Spot::Before(number),
                }
            }),
        };
        beside.unwrap_or_else(|| self.own_line(marks, comment))
    }

    /// The place of a comment that is beside nothing, as far inside as it can be.
    fn own_line(&self, marks: &[Mark], comment: &Comment) -> Spot {
        let mut around = comment.block;
        loop {
            let block = around.map(|block| &self.comments.blocks[block]);
            let (open, close) = block.map_or((0, usize::MAX), |block| (block.open, block.close));
            let next = marks.partition_point(|mark| mark.start < comment.span.end);
            if let Some(mark) = marks.get(next).filter(|mark| mark.start < close) {
                return Spot::Before(mark.node);
            }
            if let Some(mark) = last_of(marks, open, comment.span.start) {
                return self.block_of(mark.node, open).map_or(Spot::End, Spot::Last);
            }
            let opener = around.and_then(|block| self.opener(marks, block));
            if let Some(node) = opener.filter(|node| self.nodes[*node].around.is_some()) {
                return Spot::Last(node);
            }
            match block {
                Some(block) => around = block.parent,
                None => return Spot::End,
            }
        }
    }

    /// The node around a node and around all else that lies in the block which opens here.
    fn block_of(&self, mut node: usize, open: usize) -> Option<usize> {
        loop {
            let parent = self.nodes[node].parent?;
            let first = self.nodes[parent].spans.iter().map(|span| span.start).min();
            if first.is_none_or(|first| first < open) {
                return Some(parent);
            }
            node = parent;
        }
    }

    /// The node that prints what opens a block.
    fn opener(&self, marks: &[Mark], block: usize) -> Option<usize> {
        let block = &self.comments.blocks[block];
        last_of(marks, block.head, block.open).map(|mark| mark.node)
    }
}

/// The last mark from one byte on and before another.
fn last_of(marks: &[Mark], from: usize, before: usize) -> Option<&Mark> {
    let end = marks.partition_point(|mark| mark.start < before);
    marks[..end].last().filter(|mark| mark.start >= from)
}
