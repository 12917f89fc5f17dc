//! The demo's text: chapters, sentences, tables.

use serde_json::Value as Json;

use crate::{failure::Failure, output};

/// Longest line of running text, in characters.
const WIDTH: usize = 92;

/// A story being told.
pub struct Story {
    text: String,
    chapters: u32,
}

/// A line of a table; nulls are left out.
pub fn line(cells: &[(&str, Json)]) -> output::Line {
    let told = cells.iter().filter(|(_, value)| !value.is_null());
    told.map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

impl Story {
    pub fn begin() -> Self {
        Self { text: String::new(), chapters: 0 }
    }

    pub fn chapter(&mut self, title: &str) {
        self.chapters += 1;
        let title = format!("{}. {title}", self.chapters);
        self.text.push_str(&format!("\n{title}\n{}\n", "-".repeat(title.chars().count())));
    }

    /// A paragraph, broken into lines.
    pub fn say(&mut self, sentence: &str) {
        let mut length = 0;
        for word in sentence.split_whitespace() {
            let needed = word.chars().count() + 1;
            if length + needed > WIDTH {
                self.text.push('\n');
                length = 0;
            } else if length > 0 {
                self.text.push(' ');
            }
            self.text.push_str(word);
            length += needed;
        }
        self.text.push_str("\n\n");
    }

    /// Lines as they are, indented.
    pub fn lines(&mut self, lines: &str) {
        lines.lines().for_each(|line| self.text.push_str(&format!("  {line}\n")));
        self.text.push('\n');
    }

    pub fn table(&mut self, columns: &[&str], lines: &[output::Line]) {
        self.lines(&output::table_text(columns, lines));
    }

    pub fn tell(self) -> Result<(), Failure> {
        output::print_text(&self.text)
    }
}
