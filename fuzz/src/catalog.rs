//! What names mean: the tables that the language's own tests have, and one of a tree.

use haversack_core::{
    Name,
    catalog::Catalog,
    schema::{ColumnDefinition, ColumnType, Ownership, TableDefinition},
    settings::Compatibility,
};

#[path = "../../dsl/tests/common/mod.rs"]
mod common;

/// The catalog, with the documented limits or without them.
#[must_use]
pub fn catalog(compatibility: Compatibility) -> Catalog {
    let mut catalog = common::catalog();
    catalog.settings.compatibility = compatibility;
    let column = |name, column_type, targets: &[&'static str]| ColumnDefinition {
        name: Name::known(name),
        display_name: None,
        column_type,
        max_length: None,
        required: false,
        options: Vec::new(),
        targets: targets.iter().copied().map(Name::known).collect(),
    };
    catalog.put_table(TableDefinition {
        name: Name::known("territory"),
        display_name: None,
        ownership: Ownership::Organization,
        primary_key: Name::known("territoryid"),
        primary_name: Some(Name::known("name")),
        can_be_taken_offline: true,
        hierarchy_column: Some(Name::known("parentid")),
        columns: vec![
            column("name", ColumnType::String, &[]),
            column("parentid", ColumnType::Lookup, &["territory"]),
            column("contract", ColumnType::File, &[]),
        ],
    });
    catalog
}
