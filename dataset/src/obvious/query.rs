//! Running a query: rows of its table that the caller may read, joined, filtered, projected or
//! grouped; then ordered, each once if so asked, and cut to a page.

use std::collections::BTreeSet;

use haversack_core::{RowId, Value, schema::Table};
use haversack_dsl::query::{Columns, Cookie, Page, Query};

use super::{
    aggregate, filter,
    join::Join,
    key::Key,
    order::{Directed, Position, Sorter},
    readable,
    row::{Found, Joined},
};
use crate::{Answer, Answers, Caller, Rows, rows::scan};

/// One line of an answer, with what decides its place.
pub(super) struct Line {
    pub position: Position,
    /// The row of the query's table; a group has none.
    pub id: Option<RowId>,
    pub values: Vec<(String, Option<Value>)>,
}

/// The rows that the query returns, in its order.
pub(super) fn run(rows: &dyn Rows, caller: &Caller, query: &Query) -> Answers {
    let Some(table) = rows.catalog().table(&query.table) else { return Answers::default() };
    let found: Vec<Found<'_>> = readable_rows(rows, caller, table).collect();
    let join = Join::new(rows, caller, query);
    let joined = found.iter().flat_map(|row| join.joined(row)).filter(|joined| {
        let row = joined.tested();
        query.filter.as_ref().is_none_or(|filter| filter::holds(rows, caller, filter, row))
    });
    let sorter = Sorter { rows, caller, query };
    let mut lines: Vec<Line> = match &query.aggregate {
        Some(aggregate) => aggregate::lines(sorter, aggregate, joined.collect()),
        None => joined.map(|joined| line(sorter, table, &joined)).collect(),
    };
    lines.sort_by(|one, other| one.position.cmp(&other.position));
    if query.distinct {
        keep_distinct(&mut lines);
    }
    page(query, lines)
}

/// The rows of the query's table that it selects, by id. Its links, if it has any, are not looked
/// at: filters of profiles have none.
pub(super) fn select<'a>(
    rows: &'a dyn Rows,
    caller: &'a Caller,
    table: &'a Table,
    query: &'a Query,
) -> impl Iterator<Item = RowId> {
    let selected = readable_rows(rows, caller, table).filter(|row| {
        let row = row.among(&[]);
        query.filter.as_ref().is_none_or(|f| filter::holds(rows, caller, f, row))
    });
    selected.map(|row| row.id)
}

fn readable_rows<'a>(
    rows: &'a dyn Rows,
    caller: &'a Caller,
    table: &'a Table,
) -> impl Iterator<Item = Found<'a>> {
    let all = scan(rows, table).map(|(id, values)| Found { table, id, values });
    all.filter(|row| readable::row(rows, caller, table, &row.values))
}

fn line(sorter: Sorter<'_>, table: &Table, joined: &Joined<'_>) -> Line {
    let Sorter { rows, query, .. } = sorter;
    let values = match &query.columns {
        Columns::All => table
            .columns()
            .iter()
            .map(|column| (column.name.to_string(), joined.row.value(rows, &column.name)))
            .collect(),
        Columns::Listed(listed) => listed
            .iter()
            .map(|selected| (selected.key.clone(), joined.value(rows, &selected.column)))
            .collect(),
    };
    Line { position: sorter.joined(joined), id: Some(joined.row.id), values }
}

/// Of lines that look alike the first stays.
fn keep_distinct(lines: &mut Vec<Line>) {
    let mut seen = BTreeSet::new();
    lines.retain(|line| {
        let look: Vec<Key> = line.values.iter().map(|(_, value)| Key::of(value.as_ref())).collect();
        seen.insert(look)
    });
}

/// The lines that are asked for, and where they ended if more follow.
fn page(query: &Query, lines: Vec<Line>) -> Answers {
    let total = lines.len();
    let (begin, length) = match &query.page {
        Some(page) => (begin(query, page, &lines), page.size as usize),
        None => (0, query.top.map_or(total, |top| top as usize)),
    };
    let end = begin.saturating_add(length).min(total);
    let last = end.checked_sub(1).filter(|last| end < total && *last >= begin);
    let next = query.page.as_ref().zip(last).map(|(page, last)| {
        let keys = lines[last].position.iter();
        let position = keys.map(|directed| directed.key.written()).collect();
        Cookie { page: page.number, fingerprint: page.fingerprint, position }
    });
    let asked = lines.into_iter().skip(begin).take(length);
    let answer = |line: Line| {
        let values = line.values.into_iter();
        let values = values.filter_map(|(key, value)| Some((key, value?))).collect();
        Answer { id: line.id, values }
    };
    Answers { rows: asked.map(answer).collect(), total, next }
}

/// Where a page begins. After a cookie lines are counted from where that page ended, whatever came
/// or went before.
fn begin(query: &Query, page: &Page, lines: &[Line]) -> usize {
    let pages = |pages: u32| (pages as usize).saturating_mul(page.size as usize);
    match &page.after {
        Some(cookie) if page.number > cookie.page => {
            let descending = query.order.iter().map(|order| order.descending);
            let descending = descending.chain(std::iter::repeat(false));
            let ended: Position = cookie
                .position
                .iter()
                .zip(descending)
                .map(|(value, descending)| Directed { key: Key::read(value.as_ref()), descending })
                .collect();
            let before = lines.partition_point(|line| line.position <= ended);
            before.saturating_add(pages(page.number - cookie.page - 1))
        }
        _ => pages(page.number.saturating_sub(1)),
    }
}
