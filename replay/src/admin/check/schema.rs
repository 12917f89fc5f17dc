//! Tables and relationships.

use std::collections::BTreeSet;

use haversack_core::{
    catalog::Catalog,
    limits::COLUMNS_PER_TABLE_MAX,
    schema::{
        BUSINESSUNIT, CREATEDON, ColumnDefinition, ColumnType, MODIFIEDON, OWNERID,
        OWNINGBUSINESSUNIT, Relationship, RelationshipKind, SYSTEMUSER, TEAM, Table,
        TableDefinition,
    },
};

use super::{super::Fault, unknown};

fn table_names(catalog: &Catalog) -> impl Iterator<Item = &str> {
    catalog.tables().map(|table| table.name.as_str())
}

fn known_table<'c>(catalog: &'c Catalog, name: &str) -> Result<&'c Table, Fault> {
    let found = catalog.table(name).map(AsRef::as_ref);
    found.ok_or_else(|| unknown("unknown_table", "table", name, table_names(catalog)))
}

pub(in super::super) fn table(catalog: &Catalog, table: &TableDefinition) -> Result<(), Fault> {
    let is_pairs = catalog.relationship_of_intersect(&table.name).is_some();
    if [SYSTEMUSER, TEAM, BUSINESSUNIT].contains(&table.name.as_str()) || is_pairs {
        let message = format!("table `{}` is there already, made by the system", table.name);
        return Err(Fault::new("bad_value", message));
    }
    if table.columns.len() > COLUMNS_PER_TABLE_MAX {
        let message = format!(
            "table `{}` has {} columns, expected at most {COLUMNS_PER_TABLE_MAX}",
            table.name,
            table.columns.len()
        );
        return Err(Fault::new("limit", message));
    }
    let mut names = BTreeSet::new();
    for column in &table.columns {
        if !names.insert(&column.name) {
            let message = format!("table `{}` has two columns `{}`", table.name, column.name);
            return Err(Fault::new("duplicate", message));
        }
        self::column(catalog, table, column)?;
    }
    special_columns(table)
}

fn column(
    catalog: &Catalog,
    table: &TableDefinition,
    column: &ColumnDefinition,
) -> Result<(), Fault> {
    let is_lookup = column.column_type == ColumnType::Lookup;
    if is_lookup == column.targets.is_empty() && column.column_type != ColumnType::Owner {
        let expected = if is_lookup { "a lookup needs" } else { "only a lookup has" };
        let message = format!("column `{}.{}`: {expected} \"targets\"", table.name, column.name);
        return Err(Fault::new("bad_value", message));
    }
    column.targets.iter().try_for_each(|target| known_table(catalog, target).map(|_| ()))?;
    let values: BTreeSet<i32> = column.options.iter().map(|option| option.value).collect();
    if values.len() < column.options.len() {
        let message =
            format!("column `{}.{}` has two options of one value", table.name, column.name);
        return Err(Fault::new("duplicate", message));
    }
    Ok(())
}

fn special_columns(table: &TableDefinition) -> Result<(), Fault> {
    let compiled = Table::defined(table);
    let known = || compiled.columns().iter().map(|column| column.name.as_str());
    let what = format!("column in table `{}`", table.name);
    if compiled.column(&table.primary_key).map(|key| key.column_type)
        != Some(ColumnType::Uniqueidentifier)
    {
        let message =
            format!("column `{}.{}` is the key, expected a UUID", table.name, table.primary_key);
        return Err(Fault::new("bad_value", message));
    }
    for (name, expected) in [
        (OWNERID, ColumnType::Owner),
        (OWNINGBUSINESSUNIT, ColumnType::Lookup),
        (CREATEDON, ColumnType::Datetime),
        (MODIFIEDON, ColumnType::Datetime),
    ] {
        let given = table.columns.iter().find(|column| column.name == name);
        if given.is_some_and(|column| column.column_type != expected) || table.primary_key == name {
            let message = format!(
                "column `{}.{name}` is the system's, of type {:?}; leave it out",
                table.name,
                expected.name()
            );
            return Err(Fault::new("bad_value", message));
        }
    }
    if let Some(name) = table.primary_name.as_deref().filter(|n| compiled.column(n).is_none()) {
        return Err(unknown("unknown_column", &what, name, known()));
    }
    if let Some(name) = table.hierarchy_column.as_deref() {
        let column =
            compiled.column(name).ok_or_else(|| unknown("unknown_column", &what, name, known()))?;
        if column.targets != [table.name.clone()] {
            let message = format!(
                "hierarchy column `{}.{name}` must be a lookup to its own table",
                table.name
            );
            return Err(Fault::new("bad_value", message));
        }
    }
    Ok(())
}

pub(in super::super) fn relationship(
    catalog: &Catalog,
    relationship: &Relationship,
) -> Result<(), Fault> {
    let table = known_table(catalog, &relationship.table)?;
    known_table(catalog, &relationship.target)?;
    match relationship.kind {
        RelationshipKind::ManyToOne => many_to_one(table, relationship),
        RelationshipKind::ManyToMany => many_to_many(catalog, relationship),
    }
}

fn many_to_one(table: &Table, relationship: &Relationship) -> Result<(), Fault> {
    let name = &relationship.column;
    let known = table.columns().iter().map(|column| column.name.as_str());
    let what = format!("column in table `{}`", table.name);
    let column = table.column(name).ok_or_else(|| unknown("unknown_column", &what, name, known))?;
    if !column.targets.contains(&relationship.target) {
        let message = format!(
            "relationship `{}`: column `{}.{name}` is no lookup to `{}`",
            relationship.name, table.name, relationship.target
        );
        return Err(Fault::new("wrong_type", message));
    }
    if relationship.intersect.is_some() || relationship.target_column.is_some() {
        let message = format!(
            "relationship `{}` is many_to_one and so has no \"intersect\" or \"target_column\"",
            relationship.name
        );
        return Err(Fault::new("bad_value", message));
    }
    Ok(())
}

fn many_to_many(catalog: &Catalog, relationship: &Relationship) -> Result<(), Fault> {
    let (Some(intersect), Some(target_column)) =
        (&relationship.intersect, &relationship.target_column)
    else {
        let message = format!(
            "relationship `{}` is many_to_many and so needs \"intersect\" and \"target_column\"",
            relationship.name
        );
        return Err(Fault::new("required", message));
    };
    let key = format!("{intersect}id");
    let reserved = [CREATEDON, MODIFIEDON, key.as_str()];
    let taken = catalog.definition(intersect).is_some()
        || [SYSTEMUSER, TEAM, BUSINESSUNIT].contains(&intersect.as_str())
        || Table::intersect(relationship).is_none()
        || [&relationship.column, target_column].iter().any(|c| reserved.contains(&c.as_str()))
        || catalog.relationships().any(|other| {
            other.name != relationship.name && other.intersect.as_ref() == Some(intersect)
        });
    if taken || *target_column == relationship.column {
        let message = format!(
            "relationship `{}` needs a table of pairs of its own, with two columns",
            relationship.name
        );
        return Err(Fault::new("duplicate", message));
    }
    Ok(())
}
