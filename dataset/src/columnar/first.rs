//! The first of many rows in a query's order, without a look at more of each than what it's ordered by.

use std::collections::BTreeMap;

use haversack_core::text::text_key;
use haversack_dsl::query::{By, Query};

use super::{
    column::{Column, Data},
    dictionary::Dictionary,
    ids::RowNumber,
    table::TableRows,
};

/// Where a row stands by one column: null is less than all else.
type Rank = Option<i64>;

/// The rows among which are the first that a query asks for: as many as it asks for, if its order can
/// be told by the columns alone. Which comes first among them is still to be decided.
pub(super) fn first(table: &TableRows, query: &Query, rows: Vec<RowNumber>) -> Vec<RowNumber> {
    let takes_all = !query.links.is_empty()
        || query.aggregate.is_some()
        || query.distinct
        || query.page.is_some()
        || query.order.is_empty();
    let top = query.top.map_or(usize::MAX, |top| top as usize);
    if takes_all || top >= rows.len() {
        return rows;
    }
    let ranks: Option<Vec<Vec<Rank>>> =
        query.order.iter().map(|order| ranks(table, &order.by, &rows)).collect();
    let Some(ranks) = ranks else { return rows };
    let mut places: Vec<usize> = (0..rows.len()).collect();
    let compare = |one: &usize, other: &usize| {
        let by_columns = query.order.iter().zip(&ranks).map(|(order, ranks)| {
            let ascending = ranks[*one].cmp(&ranks[*other]);
            if order.descending { ascending.reverse() } else { ascending }
        });
        let by_columns = by_columns.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then);
        by_columns.then_with(|| table.id(rows[*one]).cmp(&table.id(rows[*other])))
    };
    if top > 0 {
        places.select_nth_unstable_by(top - 1, compare);
    }
    places.truncate(top);
    places.into_iter().map(|place| rows[place]).collect()
}

/// Where each row stands by a column; none if its order is not that of its values.
fn ranks(table: &TableRows, by: &By, rows: &[RowNumber]) -> Option<Vec<Rank>> {
    let By::Column(column) = by else { return None };
    let kept = table.column(&column.column).filter(|_| column.link.is_none())?;
    match &kept.data {
        Data::Numbers(numbers) => {
            let cell =
                |row: &RowNumber| kept.present.contains(*row).then(|| numbers.cell(*row as usize));
            numbers.is_ordered_by_cells().then(|| rows.iter().map(cell).collect())
        }
        Data::Texts(texts) => Some(text_ranks(kept, texts, rows)),
        Data::Lists(_) | Data::Ids(_) | Data::References(_) => None,
    }
}

/// Texts by their keys, each different one looked at once.
fn text_ranks(column: &Column, texts: &Dictionary<Box<str>>, rows: &[RowNumber]) -> Vec<Rank> {
    let codes: Vec<Option<u32>> =
        rows.iter().map(|row| column.present.contains(*row).then(|| texts.code_of(*row))).collect();
    let mut keys: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut known = vec![false; texts.len()];
    for code in codes.iter().flatten() {
        let code_at = *code as usize;
        if !std::mem::replace(&mut known[code_at], true) {
            keys.entry(text_key(texts.value(*code))).or_default().push(*code);
        }
    }
    let mut ranks = vec![0; texts.len()];
    for (rank, codes) in (0..).zip(keys.values()) {
        codes.iter().for_each(|code| ranks[*code as usize] = rank);
    }
    codes.into_iter().map(|code| code.map(|code| ranks[code as usize])).collect()
}
