//! CSV with one distinction that readers of CSV drop: an empty field is a null, a quoted empty
//! field is an empty text. Otherwise RFC 4180.

/// A field, and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Its text; none: empty and not quoted.
    pub text: Option<String>,
    /// Column of the line, in characters, from 1.
    pub column: usize,
}

/// A record, and the line that it begins on, from 1.
pub(super) type CsvRecord = (usize, Vec<Field>);

/// What is wrong with a CSV text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CsvError {
    pub line: usize,
    pub column: usize,
    pub message: &'static str,
}

struct Reader<'t> {
    chars: std::iter::Peekable<std::str::Chars<'t>>,
    line: usize,
    column: usize,
}

/// Reads all records. Lines with nothing on them are passed over.
pub(super) fn records(text: &str) -> Result<Vec<CsvRecord>, CsvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { chars: text.chars().peekable(), line: 1, column: 1 };
    let mut records = Vec::new();
    while reader.chars.peek().is_some() {
        let line = reader.line;
        let fields = reader.record()?;
        if fields.len() > 1 || fields[0].text.is_some() {
            records.push((line, fields));
        }
    }
    Ok(records)
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        if c == '\n' {
            (self.line, self.column) = (self.line + 1, 1);
        } else {
            self.column += 1;
        }
        Some(c)
    }

    fn record(&mut self) -> Result<Vec<Field>, CsvError> {
        let mut fields = Vec::new();
        loop {
            let column = self.column;
            let text = match self.chars.peek() {
                Some('"') => Some(self.quoted()?),
                _ => self.plain(),
            };
            fields.push(Field { text, column });
            match self.next() {
                Some(',') => {}
                Some('\r') if self.chars.peek() == Some(&'\n') => {
                    self.next();
                    return Ok(fields);
                }
                Some('\n' | '\r') | None => return Ok(fields),
                Some(_) => return Err(self.error("expected a comma or the line's end")),
            }
        }
    }

    fn plain(&mut self) -> Option<String> {
        let mut text = String::new();
        while let Some(c) = self.chars.next_if(|c| !matches!(c, ',' | '\n' | '\r')) {
            self.column += 1;
            text.push(c);
        }
        (!text.is_empty()).then_some(text)
    }

    fn quoted(&mut self) -> Result<String, CsvError> {
        let began = self.error("a quote that nothing closes");
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(began),
                Some('"') if self.chars.peek() == Some(&'"') => {
                    self.next();
                    text.push('"');
                }
                Some('"') => return Ok(text),
                Some(c) => text.push(c),
            }
        }
    }

    fn error(&self, message: &'static str) -> CsvError {
        CsvError { line: self.line, column: self.column, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_null_and_quoted_empty_is_text() {
        let all = records("a,b,c\r\n,\"\",\"x\"\"y\n,\"\n").unwrap();
        let texts: Vec<_> = all[1].1.iter().map(|field| field.text.as_deref()).collect();
        assert_eq!(texts, [None, Some(""), Some("x\"y\n,")]);
        assert_eq!(records("\"a").unwrap_err().message, "a quote that nothing closes");
        assert_eq!(records("\"a\"b").unwrap_err().column, 5);
    }
}
