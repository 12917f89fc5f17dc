//! The comments of a document in FetchXML.

use roxmltree::{Document, Node};

use crate::{
    comment::{Block, Comment, Comments, Place},
    source::Span,
};

/// A comment as it is written.
///
/// XML comments have no two hyphens side by side. A backslash goes between them, and one more
/// between hyphens that have backslashes between them already, so that none is taken for it.
pub(super) fn written(text: &str) -> String {
    if text.is_empty() {
        return "<!-- -->".to_owned();
    }
    format!("<!-- {} -->", with_backslashes(text, |count| count + 1))
}

/// Changes how many backslashes stand between two hyphens with nothing else between them.
fn with_backslashes(text: &str, change: impl Fn(usize) -> usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(hyphen) = rest.find('-') {
        out.push_str(&rest[..=hyphen]);
        rest = &rest[hyphen + 1..];
        let count = rest.bytes().take_while(|byte| *byte == b'\\').count();
        let between = if rest[count..].starts_with('-') { change(count) } else { count };
        out.extend(std::iter::repeat_n('\\', between));
        rest = &rest[count..];
    }
    out + rest
}

/// The comments of a document, whose `fetch` has this tag.
pub(super) fn comments(document: &Document<'_>, start: Span) -> Comments {
    let mut scan = Scan::default();
    scan.children(document.root(), None);
    Comments { start, list: scan.comments, blocks: scan.blocks.into() }
}

#[derive(Default)]
struct Scan {
    comments: Vec<Comment>,
    blocks: Vec<Block>,
}

impl Scan {
    /// The nesting of a document has been checked.
    fn children(&mut self, node: Node<'_, '_>, block: Option<usize>) {
        let (mut end, mut place) = match (block, node.first_child()) {
            (Some(_), Some(first)) => (first.range().start, Place::After(node.range().start)),
            _ => (0, Place::OwnLine),
        };
        // Looked at piece by piece: the text between may be long, and the comments in it many.
        let mut is_beside = true;
        for child in node.children() {
            if child.is_element() {
                (end, is_beside) = (child.range().end, true);
                place = match self.element(child, block) {
                    Some(block) => Place::Closes(block),
                    None => Place::After(child.range().start),
                };
            } else if child.is_comment() {
                let between = &node.document().input_text()[end..child.range().start];
                is_beside &= !between.contains(['\n', '\r']);
                end = child.range().start;
                self.comment(child, block, if is_beside { &place } else { &Place::OwnLine });
            }
        }
    }

    /// An element with its comments, and its block if it has content. A value is one thing with its
    /// content.
    fn element(&mut self, node: Node<'_, '_>, parent: Option<usize>) -> Option<usize> {
        if node.has_tag_name("value") {
            self.children(node, parent);
            return None;
        }
        let (first, last) = (node.first_child()?, node.last_child()?);
        let (head, open, close) = (node.range().start, first.range().start, last.range().end);
        self.blocks.push(Block { head, open, close, parent });
        let block = self.blocks.len() - 1;
        self.children(node, Some(block));
        Some(block)
    }

    fn comment(&mut self, node: Node<'_, '_>, block: Option<usize>, place: &Place) {
        let text = node.text().unwrap_or_default().replace("\r\n", "\n").replace('\r', "\n");
        let lines: Vec<&str> = match text.contains('\n') {
            true => text.trim().split('\n').map(str::trim).collect(),
            false => vec![text.strip_prefix(' ').unwrap_or(&text).trim_end()],
        };
        for line in &lines {
            let text = with_backslashes(line, |count| count.saturating_sub(1));
            let place = if lines.len() == 1 { place.clone() } else { Place::OwnLine };
            self.comments.push(Comment { text, span: node.range(), block, place });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphens_are_kept_apart_and_found_again() {
        for (text, apart) in [
            ("a - b", "a - b"),
            ("a -- b", "a -\\- b"),
            ("---", "-\\-\\-"),
            ("-\\-", "-\\\\-"),
            ("-\\\\- \\ -", "-\\\\\\- \\ -"),
            ("-é\\-", "-é\\-"),
        ] {
            assert_eq!(written(text), format!("<!-- {apart} -->"));
            assert_eq!(with_backslashes(apart, |count| count.saturating_sub(1)), text);
        }
    }
}
