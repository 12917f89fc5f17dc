//! The order of joined rows. What they are ordered by is compared as the columns keep it.

use std::{borrow::Borrow, cmp::Ordering, ops::Range};

use haversack_core::{Value, schema::Column as Definition, text::text_key};
use haversack_dsl::query::{By, Order};
use roaring::RoaringBitmap;

use super::{
    classes::Classes,
    column::{Column, Data},
    dictionary::Dictionary,
    ids::{Ids, RowNumber},
    joined::{Joined, Place},
    numbers::Numbers,
    references::Target,
    run::{Run, slot_of},
};
use crate::obvious::key::Key;

/// Of rows that may be among those asked for, so many more than needed are kept before the others
/// are thrown out.
const KEPT_MORE: usize = 4_096;

/// Says where joined rows stand.
pub(super) struct Sorter<'r> {
    run: &'r Run<'r>,
    joined: &'r Joined,
    columns: Vec<Ordered<'r>>,
}

/// One thing that joined rows are ordered by.
struct Ordered<'r> {
    slot: usize,
    descending: bool,
    keys: Keys<'r>,
}

/// What the rows of one slot are ordered by. Null comes first.
enum Keys<'r> {
    /// Nothing: all are null.
    None,
    Numbers(&'r Numbers, &'r RoaringBitmap),
    Texts {
        codes: &'r Dictionary<String>,
        keys: TextKeys,
        present: &'r RoaringBitmap,
    },
    /// The ids of the rows themselves.
    Ids(&'r Ids),
    /// By class: where its key stands among all.
    Ranks(Classes, Vec<u32>),
}

/// Keys of texts by their codes, in one piece.
struct TextKeys {
    keys: String,
    ends: Vec<usize>,
}

impl<'r> Sorter<'r> {
    /// The order of the query. Ids break ties: of its table's rows, then of those of its links.
    pub(super) fn of_query(run: &'r Run<'r>, joined: &'r Joined) -> Self {
        Self::new(run, joined, &run.query.order, None)
    }

    /// The order in which a link's partners come, for joined rows that are the same but for the link
    /// and those in it.
    pub(super) fn of_link(run: &'r Run<'r>, joined: &'r Joined, number: usize) -> Self {
        let links = run.query.all_links();
        let orders = links.get(number).map_or(&[][..], |link| &link.order);
        Self::new(run, joined, orders, Some(number + 1))
    }

    /// The order in which joining one row after the other would give them.
    pub(super) fn of_places(run: &'r Run<'r>, joined: &'r Joined) -> Self {
        Self::new(run, joined, &[], None)
    }

    fn new(run: &'r Run<'r>, joined: &'r Joined, orders: &'r [Order], own: Option<usize>) -> Self {
        let ordered = |order: &'r Order| {
            let By::Column(column) = &order.by else { return None };
            let slot = own.unwrap_or_else(|| slot_of(0, column));
            let keys = run.order_keys(joined, slot, &column.column);
            Some(Ordered { slot, descending: order.descending, keys })
        };
        let ids = (0..joined.slots()).filter_map(|slot| {
            let ids = &run.ask.tables.table(joined.table(slot)?).ids;
            Some(Ordered { slot, descending: false, keys: Keys::Ids(ids) })
        });
        let columns = orders.iter().filter_map(ordered).chain(ids).collect();
        Self { run, joined, columns }
    }

    /// How two joined rows stand to each other.
    pub(super) fn compare(&self, one: Place, other: Place) -> Ordering {
        let compared = self.columns.iter().map(|ordered| {
            let row = |at| self.joined.row(ordered.slot, at);
            ordered.directed(ordered.keys.compare(row(one), row(other)))
        });
        compared.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// A number that is less only for rows that come first, as far as one number can tell.
    fn prefix(&self, at: Place) -> u64 {
        let Some(first) = self.columns.first() else { return 0 };
        let prefix = self.joined.row(first.slot, at).map_or(0, |row| first.keys.prefix(row));
        if first.descending { !prefix } else { prefix }
    }

    /// Those that stand in a range among all, in order.
    pub(super) fn sorted(&self, places: &[Place], range: Range<usize>) -> Vec<Place> {
        if range.is_empty() {
            return Vec::new();
        }
        let by = |one: &(u64, Place), other: &(u64, Place)| {
            one.0.cmp(&other.0).then_with(|| self.compare(one.1, other.1))
        };
        let (mut kept, mut last): (Vec<(u64, Place)>, _) = (Vec::new(), u64::MAX);
        let most = range.end.saturating_mul(2).saturating_add(KEPT_MORE);
        for at in places {
            let prefix = self.prefix(*at);
            if prefix > last {
                continue;
            }
            kept.push((prefix, *at));
            if kept.len() >= most {
                kept.select_nth_unstable_by(range.end - 1, by);
                kept.truncate(range.end);
                last = kept[range.end - 1].0;
            }
        }
        kept.sort_unstable_by(by);
        kept.truncate(range.end);
        kept.drain(range.start..).map(|(_, at)| at).collect()
    }

    /// What a joined row is ordered by, ties included.
    pub(super) fn position(&self, at: Place) -> Vec<Key> {
        self.keys(at).collect()
    }

    fn keys(&self, at: Place) -> impl Iterator<Item = Key> {
        let ordered = self.run.query.order.iter().map(move |order| match &order.by {
            By::Column(column) => {
                let slot = slot_of(0, column);
                let value = self.run.value(self.joined, slot, at, &column.column);
                self.run.sort_key(self.joined, slot, &column.column, value.as_ref())
            }
            By::Group(_) | By::Function(_) => Key::Null,
        });
        ordered.chain((0..self.joined.slots()).map(move |slot| self.id(slot, at)))
    }

    fn id(&self, slot: usize, at: Place) -> Key {
        let found = self.joined.table(slot).zip(self.joined.row(slot, at));
        found.map_or(Key::Null, |(table, row)| Key::Id(self.run.ask.tables.table(table).id(row)))
    }

    /// Whether a joined row stands at this position or before it.
    pub(super) fn is_up_to(&self, at: Place, ended: &[Key]) -> bool {
        let directions = self.run.query.order.iter().map(|order| order.descending);
        compare_keys(self.keys(at), ended, directions).is_le()
    }
}

/// How a position stands to another. Behind what is ordered by come ties, which ascend.
pub(super) fn compare_keys(
    one: impl IntoIterator<Item: Borrow<Key>>,
    other: &[Key],
    descending: impl Iterator<Item = bool>,
) -> Ordering {
    let (mut one, mut other) = (one.into_iter(), other.iter());
    for descending in descending.chain(std::iter::repeat(false)) {
        let order = match (one.next(), other.next()) {
            (Some(one), Some(other)) if descending => other.cmp(one.borrow()),
            (Some(one), Some(other)) => one.borrow().cmp(other),
            (one, other) => return one.is_some().cmp(&other.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

impl Ordered<'_> {
    fn directed(&self, order: Ordering) -> Ordering {
        if self.descending { order.reverse() } else { order }
    }
}

impl Keys<'_> {
    fn compare(&self, one: Option<RowNumber>, other: Option<RowNumber>) -> Ordering {
        match self {
            Self::None => Ordering::Equal,
            Self::Numbers(numbers, present) => {
                let number = |row: Option<RowNumber>| {
                    row.filter(|row| present.contains(*row)).map(|row| numbers.cell(row))
                };
                number(one).cmp(&number(other))
            }
            Self::Texts { codes, keys, present } => {
                let key = |row: Option<RowNumber>| {
                    row.filter(|row| present.contains(*row)).map(|row| keys.get(codes.code_at(row)))
                };
                key(one).cmp(&key(other))
            }
            Self::Ids(ids) => {
                let id = |row: Option<RowNumber>| row.map(|row| ids.id(row));
                id(one).cmp(&id(other))
            }
            Self::Ranks(classes, ranks) => {
                let rank = |row| ranks[classes.of(row) as usize];
                rank(one).cmp(&rank(other))
            }
        }
    }

    /// A number in the order of the keys; rows of different keys may have the same. 0: also null.
    fn prefix(&self, row: RowNumber) -> u64 {
        match self {
            Self::None => 0,
            Self::Numbers(numbers, present) => match present.contains(row) {
                true => numbers.cell(row).cast_unsigned() ^ 1 << 63,
                false => 0,
            },
            Self::Texts { codes, keys, present } => match present.contains(row) {
                true => first_bytes(keys.get(codes.code_at(row)).as_bytes()),
                false => 0,
            },
            Self::Ids(ids) => first_bytes(ids.id(row).as_bytes()),
            Self::Ranks(classes, ranks) => ranks[classes.of(Some(row)) as usize].into(),
        }
    }
}

fn first_bytes(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = bytes.len().min(8);
    first[..length].copy_from_slice(&bytes[..length]);
    u64::from_be_bytes(first)
}

impl TextKeys {
    /// Keys of those codes that some row has.
    fn of(codes: &Dictionary<String>, rows: impl Iterator<Item = RowNumber>) -> Self {
        let mut is_used = vec![false; codes.codes()];
        rows.for_each(|row| is_used[codes.code_at(row) as usize] = true);
        let mut all = Self { keys: String::new(), ends: Vec::with_capacity(codes.codes()) };
        for (text, is_used) in codes.values().zip(is_used) {
            if is_used {
                all.keys.push_str(&text_key(text));
            }
            all.ends.push(all.keys.len());
        }
        all
    }

    fn get(&self, code: u32) -> &str {
        let at = code as usize;
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.keys[begin..self.ends[at]]
    }
}

impl<'a> Run<'a> {
    fn order_keys(&'a self, joined: &Joined, slot: usize, column: &str) -> Keys<'a> {
        let tables = self.ask.tables;
        let Some(table) = joined.table(slot).map(|table| tables.table(table)) else {
            return Keys::None;
        };
        if table.is_key(column) {
            return Keys::Ids(&table.ids);
        }
        match table.column(column) {
            Some(Column { data: Data::Numbers(numbers), present })
                if numbers.is_exact() && (!numbers.is_choice() || self.query.raw_order) =>
            {
                Keys::Numbers(numbers, present)
            }
            Some(Column { data: Data::Texts(codes), present }) => {
                let rows = joined.found(slot).filter(|row| present.contains(*row));
                Keys::Texts { codes, keys: TextKeys::of(codes, rows), present }
            }
            _ => {
                let key = |value: Option<&Value>| self.sort_key(joined, slot, column, value);
                let classes = self.classes_by(joined, slot, column, false, key);
                let ranks = classes.ranks();
                Keys::Ranks(classes, ranks)
            }
        }
    }

    /// What a value of a slot's column is ordered by: a choice by its label, a pointer by what people
    /// call the row, which the caller must be able to read.
    pub(super) fn sort_key(
        &self,
        joined: &Joined,
        slot: usize,
        column: &str,
        value: Option<&Value>,
    ) -> Key {
        let tables = self.ask.tables;
        if let Some(Value::Reference(to)) = value {
            let target = tables.find(&to.table);
            let target =
                target.and_then(|table| Some((table, tables.table(table).ids.find(to.id)?)));
            return target.and_then(|target| self.primary_name(target)).unwrap_or(Key::Null);
        }
        let definition = joined.table(slot).and_then(|table| tables.definition(table));
        self.plain_key(definition.and_then(|table| table.column(column)), value)
    }

    fn plain_key(&self, column: Option<&Definition>, value: Option<&Value>) -> Key {
        match (value, column) {
            (Some(Value::Choice(option)), Some(column)) if !self.query.raw_order => {
                let number = option.to_string();
                Key::Text(text_key(column.label(*option).unwrap_or(&number)))
            }
            _ => Key::of(value),
        }
    }

    fn primary_name(&self, (table, row): Target) -> Option<Key> {
        let (tables, rows) = (self.ask.tables, self.ask.tables.table(table));
        let is_readable = rows.live.contains(row) && self.ask.reach(table).has(tables, rows, row);
        let definition = rows.table.as_ref().filter(|_| is_readable)?;
        let column = definition.column(definition.primary_name.as_ref()?)?;
        let value = tables.value(rows, row, &column.name)?;
        Some(self.plain_key(Some(column), Some(&value)))
    }
}
