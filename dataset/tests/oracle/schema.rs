//! The tables of every case: each type of column, ownership and relationship.
//!
//! ```text
//! a  user_or_team, a tree by `up`      b  organization, a tree by `parent`
//! c  business, called by a choice      e  none, called by a number       ab  pairs of a and b
//! ```

use haversack_core::{
    Name,
    catalog::Catalog,
    schema::{
        ChoiceOption, ColumnDefinition, ColumnType as T, Ownership, Relationship, RelationshipKind,
        TableDefinition,
    },
};

/// Tables whose rows are generated, the pairs last: they point at the others.
pub const TABLES: [&str; 5] = ["a", "b", "c", "e", "ab"];

/// Numbers and labels of choices. Labels are in another order than numbers, two have one text key,
/// and rows also hold 7, which has no label.
pub const OPTIONS: [(i32, &str); 5] =
    [(1, "Red"), (2, "azure"), (3, "réd"), (4, "Blue"), (10, "Zinc")];

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn column(text: &str, column_type: T) -> ColumnDefinition {
    let options = match column_type {
        T::Choice | T::Choices | T::State => OPTIONS
            .iter()
            .map(|(value, label)| ChoiceOption { value: *value, label: (*label).to_owned() })
            .collect(),
        _ => Vec::new(),
    };
    ColumnDefinition {
        name: name(text),
        display_name: None,
        column_type,
        max_length: None,
        required: false,
        options,
        targets: Vec::new(),
    }
}

fn lookup(text: &str, targets: &[&str]) -> ColumnDefinition {
    let targets = targets.iter().map(|target| name(target)).collect();
    ColumnDefinition { targets, ..column(text, T::Lookup) }
}

fn table(
    text: &str,
    ownership: Ownership,
    primary_name: &str,
    hierarchy: Option<&str>,
    columns: Vec<ColumnDefinition>,
) -> TableDefinition {
    TableDefinition {
        name: name(text),
        display_name: None,
        ownership,
        primary_key: name(&format!("{text}id")),
        primary_name: Some(name(primary_name)),
        can_be_taken_offline: true,
        hierarchy_column: hierarchy.map(name),
        columns,
    }
}

/// Puts the tables into a catalog.
pub fn put_tables(catalog: &mut Catalog) {
    let definitions = [
        table("a", Ownership::UserOrTeam, "name", Some("up"), columns_of_a()),
        table("b", Ownership::Organization, "title", Some("parent"), columns_of_b()),
        table("c", Ownership::Business, "color", None, columns_of_c()),
        table("e", Ownership::None, "n", None, columns_of_e()),
    ];
    definitions.into_iter().for_each(|definition| catalog.put_table(definition));
    catalog.put_relationship(Relationship {
        name: name("a_b"),
        kind: RelationshipKind::ManyToMany,
        table: name("a"),
        column: name("aid"),
        target: name("b"),
        intersect: Some(name("ab")),
        target_column: Some(name("bid")),
    });
}

fn columns_of_a() -> Vec<ColumnDefinition> {
    vec![
        column("name", T::String),
        column("memo", T::Memo),
        column("n", T::Integer),
        column("big", T::Bigint),
        column("d", T::Decimal),
        column("money", T::Money),
        column("f", T::Double),
        column("flag", T::Boolean),
        column("color", T::Choice),
        column("colors", T::Choices),
        column("state", T::State),
        column("at", T::Datetime),
        column("date", T::Date),
        column("guid", T::Uniqueidentifier),
        column("lang", T::Integer),
        lookup("b", &["b"]),
        lookup("up", &["a"]),
        lookup("e", &["e"]),
        lookup("that", &["a", "b", "c", "e"]),
        lookup("who", &["systemuser"]),
        lookup("unit", &["businessunit"]),
    ]
}

fn columns_of_b() -> Vec<ColumnDefinition> {
    vec![
        column("title", T::String),
        column("n", T::Integer),
        column("d", T::Decimal),
        column("colors", T::Choices),
        column("color", T::Choice),
        column("at", T::Datetime),
        column("date", T::Date),
        column("lang", T::Choice),
        lookup("parent", &["b"]),
        lookup("c", &["c"]),
        lookup("who", &["systemuser", "team"]),
    ]
}

fn columns_of_c() -> Vec<ColumnDefinition> {
    vec![
        column("color", T::Choice),
        column("label", T::String),
        column("n", T::Integer),
        column("at", T::Datetime),
        lookup("b", &["b"]),
    ]
}

fn columns_of_e() -> Vec<ColumnDefinition> {
    vec![
        column("n", T::Integer),
        column("label", T::Memo),
        column("flag", T::Boolean),
        column("f", T::Double),
        column("date", T::Date),
        lookup("a", &["a"]),
    ]
}
