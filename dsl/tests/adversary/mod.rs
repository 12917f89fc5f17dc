//! Texts made to be as slow to judge as a text can be, of any size; and a catalog that is as large
//! as one text can feel. The benchmarks take them too.

use haversack_core::{
    Name,
    catalog::Catalog,
    schema::{ChoiceOption, ColumnDefinition, ColumnType, Ownership, TableDefinition},
};

mod dsl;
mod fetchxml;

/// What a text is about, and the text of at most so many bytes.
pub type Input = (&'static str, fn(usize) -> String);

/// All of them, in both syntaxes.
pub fn inputs() -> impl Iterator<Item = Input> {
    dsl::INPUTS.iter().chain(fetchxml::INPUTS).copied()
}

/// As many pieces between a head and a tail as fit.
fn filled(head: &str, piece: impl Fn(usize) -> String, tail: &str, bytes: usize) -> String {
    let mut text = head.to_owned();
    for number in 0.. {
        let piece = piece(number);
        if text.len() + piece.len() + tail.len() > bytes {
            break;
        }
        text.push_str(&piece);
    }
    text + tail
}

/// The same piece again and again.
fn repeated(head: &str, piece: &str, tail: &str, bytes: usize) -> String {
    filled(head, |_| piece.to_owned(), tail, bytes)
}

/// A name of 100 letters. Two of them with numbers that differ in a digit or two are near misses.
fn long_name(number: usize) -> String {
    format!("{}{number:06}", "n".repeat(94))
}

const LONG_NAMES: usize = 240;

/// Table `account` with a column of every type and as many long names as a table may have, options
/// with long labels, and a thousand more tables.
pub fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let types = [
        ("name", ColumnType::String),
        ("employees", ColumnType::Integer),
        ("rate", ColumnType::Decimal),
        ("latitude", ColumnType::Double),
        ("creditonhold", ColumnType::Boolean),
        ("industrycode", ColumnType::Choice),
        ("interests", ColumnType::Choices),
        ("lastvisit", ColumnType::Datetime),
        ("founded", ColumnType::Date),
        ("externalid", ColumnType::Uniqueidentifier),
    ];
    let mut columns: Vec<_> =
        types.into_iter().map(|(name, of)| column(Name::known(name), of)).collect();
    columns.push(ColumnDefinition {
        targets: vec![Name::known("account")],
        ..column(Name::known("parentaccountid"), ColumnType::Lookup)
    });
    let long = (0..LONG_NAMES).map(|number| long_name(number * 1_000));
    columns.extend(long.map(|name| column(parsed(&name), ColumnType::String)));
    catalog.put_table(table(Name::known("account"), columns));
    for number in 0..1_000 {
        catalog.put_table(table(parsed(&long_name(number * 1_000)), Vec::new()));
    }
    catalog
}

fn parsed(name: &str) -> Name {
    name.parse().expect("letters and digits are a name")
}

fn table(name: Name, columns: Vec<ColumnDefinition>) -> TableDefinition {
    let short: String = name.chars().take(90).collect();
    TableDefinition {
        primary_key: parsed(&format!("{short}id")),
        name,
        display_name: None,
        ownership: Ownership::UserOrTeam,
        primary_name: None,
        can_be_taken_offline: true,
        hierarchy_column: None,
        columns,
    }
}

fn column(name: Name, column_type: ColumnType) -> ColumnDefinition {
    let has_options = matches!(column_type, ColumnType::Choice | ColumnType::Choices);
    let option = |value| ChoiceOption { value, label: format!("{} {value}", "label".repeat(40)) };
    ColumnDefinition {
        name,
        display_name: None,
        column_type,
        max_length: None,
        required: false,
        options: if has_options { (0..200).map(option).collect() } else { Vec::new() },
        targets: Vec::new(),
    }
}
