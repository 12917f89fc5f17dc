//! The order of a query's rows.

use std::cmp::Ordering;

use haversack_core::{
    RowId, Value,
    schema::{Column, Table},
    text::text_key,
};
use haversack_dsl::query::{By, ColumnRef, Link, Order, Query};

use super::{
    key::Key,
    readable,
    row::{Found, Joined, Tested},
};
use crate::{Caller, Rows, rows};

/// Where a row stands among others: what it is ordered by, then what breaks ties.
pub(super) type Position = Vec<Directed>;

/// One thing that a row is ordered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directed {
    pub key: Key,
    pub descending: bool,
}

impl Directed {
    pub(super) fn ascending(key: Key) -> Self {
        Self { key, descending: false }
    }
}

impl Ord for Directed {
    fn cmp(&self, other: &Self) -> Ordering {
        let ascending = self.key.cmp(&other.key);
        if self.descending { ascending.reverse() } else { ascending }
    }
}

impl PartialOrd for Directed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Says where rows stand.
#[derive(Clone, Copy)]
pub(super) struct Sorter<'r> {
    pub rows: &'r dyn Rows,
    pub caller: &'r Caller,
    pub query: &'r Query,
}

impl Sorter<'_> {
    /// Where a joined row stands. The key of the query's table breaks ties, as text and ascending,
    /// and after it those of the rows that the links found.
    pub(super) fn joined(&self, joined: &Joined<'_>) -> Position {
        let ordered = self.query.order.iter().map(|order| Directed {
            key: self.by(&order.by, |column| joined.row_of(column)),
            descending: order.descending,
        });
        let found = joined.links.iter().map(|row| row.map_or(Key::Null, |row| Key::Id(row.id)));
        let ties = [Key::Id(joined.row.id)].into_iter().chain(found).map(Directed::ascending);
        ordered.chain(ties).collect()
    }

    /// Where a row stands among the partners of a link that takes the first.
    pub(super) fn partner(&self, link: &Link, row: &Found<'_>) -> Position {
        let directed = |order: &Order| Directed {
            key: self.by(&order.by, |_| Some(row)),
            descending: order.descending,
        };
        let tie = Directed::ascending(Key::Id(row.id));
        link.order.iter().map(directed).chain([tie]).collect()
    }

    fn by<'f>(&self, by: &By, row_of: impl Fn(&ColumnRef) -> Option<&'f Found<'f>>) -> Key {
        let By::Column(column) = by else { return Key::Null };
        let Some(row) = row_of(column) else { return Key::Null };
        let value = row.value(self.rows, &column.column);
        self.sort_key(row.table.column(&column.column), value)
    }

    /// What a value sorts by: a choice by its label, a lookup by the primary name of its target.
    pub(super) fn sort_key(&self, column: Option<&Column>, value: Option<Value>) -> Key {
        match (value, column) {
            (Some(Value::Reference(to)), _) => {
                self.primary_name(&to.table, to.id).unwrap_or(Key::Null)
            }
            (Some(value), Some(column)) => self.plain_key(column, &value),
            (value, _) => Key::of(value.as_ref()),
        }
    }

    /// What a value sorts by that points at no row; an id for one that does.
    fn plain_key(&self, column: &Column, value: &Value) -> Key {
        match value {
            Value::Choice(option) if !self.query.raw_order => match column.label(*option) {
                Some(label) => Key::Text(text_key(label)),
                None => Key::Text(option.to_string()),
            },
            value => Key::of(Some(value)),
        }
    }

    /// A lookup sorts by what people call its target; a target that may not be read sorts as null.
    fn primary_name(&self, table: &str, id: RowId) -> Option<Key> {
        let table = self.rows.catalog().table(table)?;
        let values = rows::values(self.rows, table, id)?;
        if !readable::row(self.rows, self.caller, table, &values) {
            return None;
        }
        let row = Tested::alone(table, id, &values);
        let column = table.column(table.primary_name.as_ref()?)?;
        Some(self.plain_key(column, &row.value(self.rows, &column.name)?))
    }

    /// The column, with its type and options, of the query's table or of a link.
    pub(super) fn column(&self, column: &ColumnRef) -> Option<&Column> {
        let links = self.query.all_links();
        let table = match &column.link {
            None => &self.query.table,
            Some(link) => &links.get(link.number)?.table,
        };
        let table: &Table = self.rows.catalog().table(table)?;
        table.column(&column.column)
    }
}
