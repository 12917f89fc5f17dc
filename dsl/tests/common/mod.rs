//! The schema that tests resolve queries against.

use haversack_core::{
    Name,
    catalog::Catalog,
    schema::{ChoiceOption, ColumnDefinition, ColumnType, Ownership, TableDefinition},
};

/// Tables `account`, `contact` and `task`, besides those of the system.
pub fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let mut account = table("account", "accountid", Ownership::UserOrTeam);
    account.columns = vec![
        column("name", ColumnType::String),
        column("notes", ColumnType::Memo),
        column("employees", ColumnType::Integer),
        column("followers", ColumnType::Bigint),
        column("revenue", ColumnType::Money),
        column("rate", ColumnType::Decimal),
        column("latitude", ColumnType::Double),
        column("creditonhold", ColumnType::Boolean),
        choice("vip", ColumnType::Boolean, &[(0, "Ordinary"), (1, "Very important")]),
        choice("industrycode", ColumnType::Choice, &[(1, "Accounting"), (2, "Agriculture")]),
        choice("interests", ColumnType::Choices, &[(1, "Golf"), (2, "Tennis")]),
        choice("statecode", ColumnType::State, &[(0, "Active"), (1, "Inactive")]),
        choice("statuscode", ColumnType::Status, &[(1, "Open"), (2, "Closed")]),
        choice("colour", ColumnType::Choice, &[(1, "Red"), (2, " réd"), (3, "Blue")]),
        choice("year", ColumnType::Choice, &[(1, "2025"), (2, "2026")]),
        column("languagecode", ColumnType::Integer),
        column("lastvisit", ColumnType::Datetime),
        column("founded", ColumnType::Date),
        column("externalid", ColumnType::Uniqueidentifier),
        lookup("parentaccountid", &["account"]),
        lookup("preferreduserid", &["systemuser"]),
        column("logo", ColumnType::Image),
        column("order", ColumnType::Integer),
    ];
    let mut contact = table("contact", "contactid", Ownership::UserOrTeam);
    contact.columns = vec![
        column("fullname", ColumnType::String),
        column("emailaddress1", ColumnType::String),
        lookup("parentcustomerid", &["account", "contact"]),
        column("birthdate", ColumnType::Date),
        choice("interests", ColumnType::Choices, &[]),
    ];
    let mut task = table("task", "taskid", Ownership::UserOrTeam);
    task.columns =
        vec![column("subject", ColumnType::String), lookup("regardingobjectid", &["account"])];
    [account, contact, task].into_iter().for_each(|table| catalog.put_table(table));
    catalog
}

fn table(name: &'static str, key: &'static str, ownership: Ownership) -> TableDefinition {
    TableDefinition {
        name: Name::known(name),
        display_name: None,
        ownership,
        primary_key: Name::known(key),
        primary_name: None,
        can_be_taken_offline: true,
        hierarchy_column: None,
        columns: Vec::new(),
    }
}

fn column(name: &'static str, column_type: ColumnType) -> ColumnDefinition {
    ColumnDefinition {
        name: Name::known(name),
        display_name: None,
        column_type,
        max_length: None,
        required: false,
        options: Vec::new(),
        targets: Vec::new(),
    }
}

fn lookup(name: &'static str, targets: &[&'static str]) -> ColumnDefinition {
    let targets = targets.iter().copied().map(Name::known).collect();
    ColumnDefinition { targets, ..column(name, ColumnType::Lookup) }
}

fn choice(
    name: &'static str,
    column_type: ColumnType,
    options: &[(i32, &str)],
) -> ColumnDefinition {
    let option =
        |(value, label): &(i32, &str)| ChoiceOption { value: *value, label: (*label).into() };
    ColumnDefinition { options: options.iter().map(option).collect(), ..column(name, column_type) }
}
