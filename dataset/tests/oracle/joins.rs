//! By which columns two tables can be joined, as generator and translation both need it.

use haversack_core::{
    catalog::Catalog,
    schema::{Column, ColumnType as T, Table},
};
use haversack_dsl::ast::Join;

use crate::{generate::conditions::join, random::Random};

/// A way from a table to another one.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    pub table: &'a Table,
    /// The column of the other table.
    pub from: &'a Column,
    /// The column of the table at hand.
    pub to: &'a Column,
    /// Whether a lookup of one of them points at the other's key.
    pub is_lookup: bool,
}

/// All ways from a table.
pub fn ways<'a>(catalog: &'a Catalog, table: &'a Table) -> Vec<Way<'a>> {
    let mut all = Vec::new();
    for other in catalog.tables() {
        for from in other.columns() {
            for to in table.columns() {
                let is_lookup = points(from, table, to) || points(to, other, from);
                if is_lookup || is_alike(from, to) {
                    all.push(Way { table: other, from, to, is_lookup });
                }
            }
        }
    }
    all
}

/// Whether a column is a lookup, and another one the key of the table that it points at.
fn points(lookup: &Column, table: &Table, key: &Column) -> bool {
    lookup.targets.contains(&table.name) && key.name == table.primary_key
}

fn is_alike(one: &Column, other: &Column) -> bool {
    let is_id =
        |column: &Column| matches!(column.column_type, T::Uniqueidentifier | T::Lookup | T::Owner);
    let joins = !matches!(one.column_type, T::Choices | T::File | T::Image);
    joins && (one.column_type == other.column_type || is_id(one) && is_id(other))
}

/// Mostly by a lookup.
pub fn random_way<'a>(random: &mut Random, ways: &[Way<'a>]) -> Way<'a> {
    let by_lookup = random.chance(80);
    let of_kind: Vec<Way<'a>> =
        ways.iter().copied().filter(|way| way.is_lookup == by_lookup).collect();
    *random.pick(if of_kind.is_empty() { ways } else { &of_kind })
}

/// The way as a query writes it. The only one between two tables may be left out.
pub fn written(
    random: &mut Random,
    catalog: &Catalog,
    table: &Table,
    way: Way<'_>,
) -> Option<Join> {
    let is_only = only(catalog, table, way.table)
        .is_some_and(|(from, to)| (&from.name, &to.name) == (&way.from.name, &way.to.name));
    (!is_only || random.chance(50)).then(|| join(way.from, way.to))
}

/// The columns of the only lookup between a table and another one: that of the other comes first.
pub fn only<'a>(
    catalog: &'a Catalog,
    table: &'a Table,
    other: &Table,
) -> Option<(&'a Column, &'a Column)> {
    let all = ways(catalog, table);
    let mut lookups = Vec::new();
    for way in all.iter().filter(|way| way.is_lookup && way.table.name == other.name) {
        let (forth, back) = (points(way.from, table, way.to), points(way.to, way.table, way.from));
        lookups.extend(std::iter::repeat_n(
            (way.from, way.to),
            usize::from(forth) + usize::from(back),
        ));
    }
    match lookups.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}
