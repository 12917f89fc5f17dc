//! Answers of both sides in one form.

use haversack_core::Value;
use haversack_dataset::Answers;
use rusqlite::{Connection, types::ValueRef};

use crate::{decimal, text, to_sql::Statement};

/// A row: the id of the row of the query's table, and what is given with its key, nulls left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub id: Option<String>,
    pub values: Vec<(String, String)>,
}

/// What a query gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub lines: Vec<Line>,
    /// How many rows there are on all pages.
    pub total: usize,
    /// Whether a page follows.
    pub more: bool,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.lines {
            let values = line.values.iter().map(|(key, value)| format!(" {key}={value:?}"));
            let values: String = values.collect();
            writeln!(f, "  {}{values}", line.id.as_deref().unwrap_or("group"))?;
        }
        writeln!(f, "  of {}{}", self.total, if self.more { ", more follow" } else { "" })
    }
}

/// What the evaluator gave. Texts of groups are compared by their keys: which of those that are one
/// is shown, nobody says.
pub fn of_evaluator(answers: &Answers, statement: &Statement) -> Answer {
    let shown = |value: &Value| match value {
        Value::Text(text) if statement.is_aggregate => text::key(text),
        value => plain(value),
    };
    let line = |row: &haversack_dataset::Answer| Line {
        id: row.id.map(|id| id.to_string()),
        values: row.values.iter().map(|(key, value)| (key.clone(), shown(value))).collect(),
    };
    let lines = answers.rows.iter().map(line).collect();
    Answer { lines, total: answers.total, more: answers.next.is_some() }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => decimal::scaled(&number.to_string()).to_string(),
        Value::Double(number) => format!("{:?}", number.get()),
        Value::Boolean(flag) => i32::from(*flag).to_string(),
        Value::Choice(option) => option.to_string(),
        Value::Choices(options) => {
            options.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        }
        Value::Timestamp(instant) => instant.0.to_string(),
        Value::Date(date) => date.0.to_string(),
        Value::Id(id) => id.to_string(),
        Value::Reference(to) => format!("{}:{}", to.table, to.id),
    }
}

/// What SQLite gives.
///
/// # Errors
/// What it says of a statement that it does not run.
pub fn of_sqlite(database: &Connection, statement: &Statement) -> rusqlite::Result<Answer> {
    let count = format!("SELECT count(*) FROM ({})", statement.whole);
    let part = match statement.part {
        Some((begin, length)) => format!("{}\nLIMIT {length} OFFSET {begin}", statement.whole),
        None => statement.whole.clone(),
    };
    let mut prepared = database.prepare(&part)?;
    let mut rows = prepared.query([])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let mut values = Vec::new();
        for (at, key) in statement.keys.iter().enumerate() {
            values.extend(read(row.get_ref(at + 1)?).map(|value| (key.clone(), value)));
        }
        lines.push(Line { id: read(row.get_ref(0)?), values });
    }
    let total = match statement.part {
        Some(_) => database.query_row(&count, [], |row| row.get::<_, i64>(0))?,
        None => i64::try_from(lines.len()).expect("few"),
    };
    let total = usize::try_from(total).expect("a count");
    let more = match statement.part {
        Some((begin, length)) => statement.is_paged && begin + length < total,
        None => false,
    };
    Ok(Answer { lines, total, more })
}

fn read(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(format!("{number:?}")),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            Some(String::from_utf8(text.to_vec()).expect("texts are UTF-8"))
        }
    }
}
