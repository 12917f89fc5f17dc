//! Values as a query writes them, chosen so that they meet what rows hold.

use haversack_core::{
    Value,
    schema::{Column, ColumnType as T, Table},
};

use crate::{random::Random, schema::OPTIONS, world::World};

/// Texts that are alike but for case, accents, blanks at their end, or that are wildcards.
pub const TEXTS: [&str; 28] = [
    "a",
    "A",
    "á",
    "a\u{301}",
    "A ",
    "a  ",
    "b",
    "ab",
    "aB",
    "ÄB",
    "äb ",
    "b a",
    " a",
    "",
    "a%",
    "%",
    "_",
    "[a]",
    "é",
    "E",
    "ñ",
    "n",
    "ß",
    "Σ",
    "ς",
    "-",
    "ba",
    "A\u{30a}b",
];

/// Parts of patterns: sets, wildcards that stand for themselves, and sets that are none.
const SETS: [&str; 15] = [
    "[a-c]", "[^a]", "[ab]", "[%]", "[_]", "[[]", "[c-a]", "[a-]", "[-a]", "[^a-b]", "[]", "[^]",
    "[", "]", "[é-ñ]",
];

pub const INTEGERS: [i64; 8] = [0, 1, 1, 2, 3, -1, -2, 1000];

/// A value of a column: what a row holds, or something near.
pub fn value(random: &mut Random, world: &World, table: &Table, column: &Column) -> String {
    let held = held(random, world, table, column);
    match column.column_type {
        T::String | T::Memo | T::File | T::Image => text(random, held),
        T::Integer | T::Bigint => integer(random, held),
        T::Decimal | T::Money => match held {
            Some(Value::Decimal(number)) if random.chance(85) => number.to_string(),
            _ => (*random.pick(&["1", "1.50", "0.0000000002", "-0", "50"])).to_owned(),
        },
        T::Double => match held {
            Some(Value::Double(number)) if random.chance(85) => number.get().to_string(),
            _ => (*random.pick(&["1.5", "0.25", "-0", "2"])).to_owned(),
        },
        T::Boolean => (*random.pick(&["0", "1", "true", "false"])).to_owned(),
        T::Choice | T::State | T::Status | T::Choices => option(random, held),
        T::Datetime => time(random, world, held),
        T::Date => match held {
            Some(Value::Date(date)) if random.chance(75) => date.to_string(),
            _ => time(random, world, None),
        },
        T::Uniqueidentifier | T::Lookup | T::Owner => id(random, world, held),
    }
}

/// What a row of the table holds in the column, if the table has one that holds anything.
fn held(random: &mut Random, world: &World, table: &Table, column: &Column) -> Option<Value> {
    let rows = world.written(table);
    let values =
        rows.into_iter().filter_map(|(id, values)| match column.name == table.primary_key {
            true => Some(Value::Id(id)),
            false => values.get(&column.name).cloned(),
        });
    let values: Vec<Value> = values.collect();
    (!values.is_empty()).then(|| random.pick(&values).clone())
}

fn text(random: &mut Random, held: Option<Value>) -> String {
    match held {
        Some(Value::Text(text)) if random.chance(60) => match random.below(4) {
            0 => format!("{text} "),
            1 => text.to_uppercase(),
            _ => text,
        },
        _ => (*random.pick(&TEXTS)).to_owned(),
    }
}

fn integer(random: &mut Random, held: Option<Value>) -> String {
    let number = match held {
        Some(Value::Integer(number)) if random.chance(85) => number,
        _ => *random.pick(&INTEGERS),
    };
    match random.below(12) {
        0 => format!("{number}.5"),
        1 => format!("{number}.0"),
        2 => (number + 1).to_string(),
        _ => number.to_string(),
    }
}

fn option(random: &mut Random, held: Option<Value>) -> String {
    let option = match held {
        Some(Value::Choice(option)) if random.chance(60) => option,
        Some(Value::Choices(options)) if !options.is_empty() => *random.pick(&options),
        _ => random.pick(&OPTIONS).0,
    };
    option.to_string()
}

/// Times with and without offset, and days.
fn time(random: &mut Random, world: &World, held: Option<Value>) -> String {
    let instant = match held {
        Some(Value::Timestamp(instant)) if random.chance(80) => instant.0,
        _ => world.now.0 + random.between(-60 * 24, 60 * 24) * 3_600_000_000,
    };
    let whole = haversack_core::Timestamp(instant.div_euclid(1_000_000) * 1_000_000).to_string();
    let local = whole.trim_end_matches('Z').to_owned();
    match random.below(6) {
        0 => local[..10].to_owned(),
        1 => local,
        2 => format!("{local}+05:30"),
        3 => format!("{} {}", &local[..10], &local[11..16]),
        _ => whole,
    }
}

fn id(random: &mut Random, world: &World, held: Option<Value>) -> String {
    let id = match held {
        Some(Value::Id(id)) => id,
        Some(Value::Reference(to)) => to.id,
        _ => world.catalog.users.keys().next().copied().unwrap_or_default(),
    };
    match random.below(8) {
        0 => format!("{{{id}}}"),
        1 => id.to_string().to_uppercase(),
        _ => id.to_string(),
    }
}

/// A pattern: a value of which parts are wildcards, or wildcards alone.
pub fn pattern(random: &mut Random, world: &World, table: &Table, column: &Column) -> String {
    let held = held(random, world, table, column);
    let text = text(random, held);
    let mut pattern = String::new();
    for c in text.trim_end().chars() {
        match random.below(9) {
            0 => pattern.push('_'),
            1 => pattern.push('%'),
            2 => {
                let set: &&str = random.pick(&SETS);
                pattern.push_str(set);
            }
            _ => pattern.push(c),
        }
    }
    if random.chance(40) {
        pattern.push('%');
    }
    if random.chance(25) {
        pattern.insert(0, '%');
    }
    pattern
}
