//! Every operator on a column of every type, against `cases/operator_types.table`.
#![allow(clippy::disallowed_methods, reason = "tests read their case files")]

mod common;

use std::collections::BTreeSet;

use haversack_core::{
    Name,
    catalog::Catalog,
    schema::{ColumnDefinition, ColumnType, TableDefinition},
};
use haversack_dsl::{compile, diagnostic::code, operator::OPERATORS};

const ID: &str = "\"00000000-0000-0000-0000-000000000001\"";

/// The columns of each class of the table, as `table.column`, and a value of them.
const CLASSES: [(&str, &[&str], &str); 16] = [
    ("text", &["account.name", "account.notes"], "\"a\""),
    ("int", &["account.employees", "account.followers"], "1"),
    ("dec", &["account.revenue", "account.rate", "account.latitude"], "1.5"),
    ("bool", &["account.creditonhold"], "true"),
    ("choice", &["account.industrycode"], "1"),
    ("state", &["account.statecode", "account.statuscode"], "1"),
    ("choices", &["account.interests"], "1"),
    ("time", &["account.lastvisit"], "\"2026-03-01T09:30:00Z\""),
    ("date", &["account.founded"], "\"2026-03-01\""),
    ("id", &["account.externalid"], ID),
    ("key", &["account.accountid"], ID),
    ("tree", &["businessunit.businessunitid"], ID),
    ("lookup", &["account.parentaccountid"], ID),
    ("user", &["account.preferreduserid"], ID),
    ("owner", &["account.ownerid"], ID),
    ("file", &["account.contract", "account.logo"], "\"a\""),
];

fn catalog() -> Catalog {
    let mut catalog = common::catalog();
    let account = catalog.definitions().find(|table| table.name == "account").expect("is there");
    let mut account: TableDefinition = account.as_ref().clone();
    account.columns.push(ColumnDefinition {
        name: Name::known("contract"),
        display_name: None,
        column_type: ColumnType::File,
        max_length: None,
        required: false,
        options: Vec::new(),
        targets: Vec::new(),
    });
    catalog.put_table(account);
    catalog
}

/// Whether a condition is accepted; it is refused for its type alone.
fn is_accepted(catalog: &Catalog, table: &str, condition: &str) -> bool {
    match compile(&format!("fetch {table} {{ filter {{ {condition} }} }}"), catalog) {
        Ok(_) => true,
        Err(errors) => {
            let codes: Vec<&str> = errors.iter().map(|error| error.code).collect();
            assert_eq!(codes, [code::WRONG_TYPE], "{condition}: {}", errors[0]);
            false
        }
    }
}

#[test]
fn every_operator_is_for_the_types_that_it_should_be_for() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/operator_types.table");
    let text = std::fs::read_to_string(path).expect("the table is there");
    let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let head: Vec<&str> = lines.next().expect("a head").split_whitespace().skip(1).collect();
    assert_eq!(head, CLASSES.map(|(class, ..)| class));
    let catalog = catalog();
    let (mut asked, mut wrong) = (BTreeSet::new(), Vec::new());
    for line in lines {
        let (condition, cells) = line.split_at(50);
        let condition = condition.trim();
        let operator = condition.split(' ').next().unwrap_or_default();
        assert!(asked.insert(operator), "{operator} has two lines");
        let cells: Vec<&str> = cells.split_whitespace().collect();
        assert_eq!(cells.len(), CLASSES.len(), "{line}");
        for (cell, (class, columns, value)) in cells.into_iter().zip(CLASSES) {
            assert!(["x", "+", "."].contains(&cell), "{line}");
            let condition = condition.replace('V', value).replace("ID", ID);
            for column in columns {
                let (table, name) = column.split_once('.').expect("a table and a column");
                if is_accepted(&catalog, table, &format!("{name} {condition}")) != (cell != ".") {
                    wrong.push(format!("{operator} of {class} ({column}) should be {cell}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(asked, OPERATORS.iter().map(|info| info.name).collect());
}

/// The classes have a column of every type that there is.
#[test]
fn every_type_has_a_class() {
    let catalog = catalog();
    let account = catalog.definitions().find(|table| table.name == "account").expect("is there");
    let named = CLASSES.iter().flat_map(|(_, columns, _)| columns.iter());
    let names: Vec<&str> = named.filter_map(|name| name.strip_prefix("account.")).collect();
    let columns = account.columns.iter().filter(|column| names.contains(&column.name.as_str()));
    let mut types: BTreeSet<String> =
        columns.map(|column| format!("{:?}", column.column_type)).collect();
    types.insert(format!("{:?}", ColumnType::Owner));
    assert_eq!(types.len(), 19, "{types:?}");
}
