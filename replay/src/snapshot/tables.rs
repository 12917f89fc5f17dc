//! The way back for rows: from parts of rows to tables.

use haversack_core::{Cursor, Name, Row, RowId};
use imbl::OrdMap;

use super::{
    error::{ResumeError, after, all, disorder, within},
    rows::{RowPart, Rows},
};
use crate::{Touches, rows::TableRows};

/// Puts tables together again.
#[derive(Debug, Default)]
pub(super) struct Tables {
    whole: OrdMap<Name, TableRows>,
    open: Option<Table>,
}

/// A table of which more rows may come.
#[derive(Debug)]
struct Table {
    name: Name,
    count: u64,
    rows: TableRows,
    last: Option<Last>,
}

/// A row of which more events may come.
#[derive(Debug)]
struct Last {
    id: RowId,
    row: Option<Row>,
    touches: Touches,
    found: u64,
    count: u64,
}

impl Tables {
    /// Takes the next section.
    pub(super) fn push(&mut self, rows: Rows, end: Cursor) -> Result<(), ResumeError> {
        let Rows { table, count, parts, .. } = rows;
        if self.open.as_ref().is_none_or(|open| open.name != table) {
            self.close()?;
            after(self.whole.get_max().map(|(name, _)| name), &table)?;
            self.open = Some(Table { name: table, count, rows: TableRows::default(), last: None });
        }
        let open = self.open.as_mut().expect("opened just above, or before");
        all(count, open.count, format_args!("rows of table {}", open.name))?;
        parts.into_iter().try_for_each(|part| open.push(part, end))
    }

    fn close(&mut self) -> Result<(), ResumeError> {
        if let Some(mut table) = self.open.take() {
            table.close()?;
            let what = format_args!("rows of table {}", table.name);
            all(table.rows.len() as u64, table.count, what)?;
            self.whole.insert(table.name, table.rows);
        }
        Ok(())
    }

    /// The tables.
    pub(super) fn finish(mut self) -> Result<OrdMap<Name, TableRows>, ResumeError> {
        self.close()?;
        Ok(self.whole)
    }
}

impl Table {
    fn push(&mut self, part: RowPart, end: Cursor) -> Result<(), ResumeError> {
        if let Some(row) = &part.row {
            within(row.version.0, end)?;
        }
        if let Some(newest) = part.touches.newest() {
            within(newest.offset, end)?;
        }
        let found = part.touches.newest_first().count() as u64;
        match &mut self.last {
            Some(last) if last.id == part.id => {
                let touches = &mut last.touches;
                let oldest = part.touches.newest_first().last();
                let (before, next) = (touches.newest().map(|t| t.offset), oldest.map(|t| t.offset));
                if part.row.is_some() || next.is_none() || next <= before {
                    return Err(disorder((part.id, next), (last.id, before)));
                }
                part.touches.oldest_first().into_iter().for_each(|touch| touches.push(touch));
                last.found += found;
            }
            last => {
                after(last.as_ref().map(|last| &last.id), &part.id)?;
                let RowPart { id, row, touches, count } = part;
                let next = Last { id, row, touches, found, count };
                let last = last.replace(next);
                self.put(last)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, last: Option<Last>) -> Result<(), ResumeError> {
        if let Some(Last { id, row, touches, found, count }) = last {
            all(found, count, format_args!("events on row {id} of table {}", self.name))?;
            self.rows.push(id, row.as_ref(), touches);
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), ResumeError> {
        let last = self.last.take();
        self.put(last)
    }
}
