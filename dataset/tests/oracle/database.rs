//! A case in SQLite: every row, and of each table the rows that who asks may read.
//!
//! Table `a` holds what may be read of `all_a`. Beside a text stands its key (`name_key`), beside a
//! pointer its table (`b_table`), beside a choice of several options what it sorts by
//! (`colors_sort`). Times are microseconds, dates days, decimals numbers of 10^-10.

use haversack_core::{
    RowId, Value,
    schema::{Column, ColumnType as T, Table},
    security::Depth,
    settings::FiscalPeriod,
};
use rusqlite::{Connection, functions::FunctionFlags};

use crate::{
    decimal, text,
    world::{Asker, World},
};

/// Fills a database for who asks.
pub fn database(world: &World, asker: Asker) -> Connection {
    let database = Connection::open_in_memory().expect("SQLite opens in memory");
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    database
        .create_scalar_function("text_key", 1, flags, |given| {
            Ok(given.get::<Option<String>>(0)?.map(|given| text::key(&given)))
        })
        .expect("a function");
    database
        .create_scalar_function("matches", 2, flags, |given| {
            let (Some(text), pattern) = (given.get::<Option<String>>(0)?, given.get::<String>(1)?)
            else {
                return Ok(None);
            };
            let chars = |text: &str| text.chars().collect::<Vec<char>>();
            Ok(Some(text::matches(&chars(&text), &chars(&pattern))))
        })
        .expect("a function");
    let script = script(world, asker);
    database.execute_batch(&script).unwrap_or_else(|error| panic!("{error}\n{script}"));
    database
}

fn script(world: &World, asker: Asker) -> String {
    let mut out = String::from("BEGIN;\n");
    let zone = put_zone_and_moment(world, asker, &mut out);
    assert!(zone, "a zone whose changes the test knows");
    put_periods(world, &mut out);
    put_people(world, asker, &mut out);
    // Pairs follow what they join: they may be read when both ends may.
    let (pairs, others): (Vec<&Table>, Vec<&Table>) =
        world.catalog.tables().map(AsRef::as_ref).partition(|table| table.name == "ab");
    let tables: Vec<&Table> = others.into_iter().chain(pairs).collect();
    tables.iter().for_each(|table| put_rows(world, table, &mut out));
    // A unit that a row does not give is that of its owner.
    out.push_str(
        "UPDATE all_a SET owningbusinessunit_table = 'businessunit', owningbusinessunit =
           coalesce((SELECT unit FROM person WHERE user = ownerid),
                    (SELECT businessunitid FROM all_team WHERE teamid = ownerid))
         WHERE owningbusinessunit IS NULL;\n",
    );
    tables.iter().for_each(|table| put_readable(asker, table, &mut out));
    out + "COMMIT;"
}

/// The offsets of the caller's zone, by the rules that the zone has today: how its laws are written,
/// and not how a calendar library reads them.
fn put_zone_and_moment(world: &World, asker: Asker, out: &mut String) -> bool {
    let own = asker.user.and_then(|user| world.catalog.users.get(&user)?.time_zone.clone());
    let zone = own.unwrap_or_else(|| world.catalog.settings.time_zone.clone());
    // Hours from UTC in winter, and in summer where there is one: from when until when, in UTC.
    let (winter, summer) = match zone.as_str() {
        "UTC" => (0.0, None),
        "Asia/Kolkata" => (5.5, None),
        "Europe/Berlin" => {
            (1.0, Some(("-03-25', 'weekday 0', '+1 hours", "-10-25', 'weekday 0', '+1 hours")))
        }
        "America/Havana" => {
            (-5.0, Some(("-03-08', 'weekday 0', '+5 hours", "-11-01', 'weekday 0', '+5 hours")))
        }
        _ => return false,
    };
    out.push_str("CREATE TABLE zone(since INTEGER, until INTEGER, offset INTEGER);\n");
    let hour = 3_600_000_000_f64;
    let change = |rule: &str, hours: f64| {
        format!(
            "SELECT unixepoch(y || '{rule}') * 1000000 AS since, {:.0} AS offset FROM years",
            hours * hour
        )
    };
    let mut changes =
        format!("SELECT -9000000000000000000 AS since, {:.0} AS offset", winter * hour);
    if let Some((begins, ends)) = summer {
        changes.push_str(&format!(" UNION ALL {}", change(begins, winter + 1.0)));
        changes.push_str(&format!(" UNION ALL {}", change(ends, winter)));
    }
    out.push_str(&format!(
        "INSERT INTO zone WITH RECURSIVE years(y) AS (SELECT 2013 UNION ALL SELECT y + 1 FROM years WHERE y < 2040),
           changes AS ({changes})
         SELECT since, lead(since, 1, 9000000000000000000) OVER (ORDER BY since), offset FROM changes;
         CREATE TABLE moment(now INTEGER, wall INTEGER, today TEXT);
         INSERT INTO moment SELECT {0}, {0} + offset, date(({0} + offset) / 1000000, 'unixepoch')
           FROM zone WHERE {0} >= since AND {0} < until;\n",
        world.now.0
    ));
    true
}

/// Every fiscal period of the years about now, by midnights of the wall clock.
fn put_periods(world: &World, out: &mut String) {
    let fiscal = &world.catalog.settings.fiscal_year;
    let (count, length) = match fiscal.period {
        FiscalPeriod::Annual => (1, "(12 * k) || ' months'"),
        FiscalPeriod::Semiannual => (2, "(6 * k) || ' months'"),
        FiscalPeriod::Quarterly => (4, "(3 * k) || ' months'"),
        FiscalPeriod::Monthly => (12, "(1 * k) || ' months'"),
        FiscalPeriod::FourWeekly => (13, "(28 * k) || ' days'"),
    };
    out.push_str(&format!(
        "CREATE TABLE period(place INTEGER, year INTEGER, number INTEGER, begins INTEGER, ends INTEGER);
         INSERT INTO period WITH RECURSIVE
           years(y) AS (SELECT 2012 UNION ALL SELECT y + 1 FROM years WHERE y < 2040),
           numbers(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM numbers WHERE k + 1 < {count}),
           starts AS (SELECT y, k, unixepoch(date(y || '-{start}', {length}, 'floor')) * 1000000 AS begins
                      FROM years, numbers)
         SELECT row_number() OVER (ORDER BY begins), y, k + 1, begins, lead(begins) OVER (ORDER BY begins)
         FROM starts;\n",
        start = fiscal.start,
    ));
}

/// Who is below whom, who is in which team, who has which role, and who asks.
fn put_people(world: &World, asker: Asker, out: &mut String) {
    let catalog = &world.catalog;
    out.push_str(
        "CREATE TABLE person(user, manager, position, unit);
         CREATE TABLE position(id, parent);
         CREATE TABLE member(team, user);
         CREATE TABLE granted(holder, role);
         CREATE TABLE depth(role, of_table, depth INTEGER);
         CREATE TABLE caller(user, language INTEGER);\n",
    );
    let mut insert = |table: &str, values: &[String]| {
        out.push_str(&format!("INSERT INTO {table} VALUES ({});\n", values.join(", ")));
    };
    for user in catalog.users.values() {
        let unit = Some(user.business_unit);
        insert("person", &[id(Some(user.id)), id(user.manager), id(user.position), id(unit)]);
        user.roles.iter().for_each(|role| insert("granted", &[id(Some(user.id)), quoted(role)]));
    }
    for position in catalog.positions.values() {
        insert("position", &[id(Some(position.id)), id(position.parent)]);
    }
    for team in catalog.teams() {
        team.members
            .iter()
            .for_each(|user| insert("member", &[id(Some(team.id)), id(Some(*user))]));
        team.roles.iter().for_each(|role| insert("granted", &[id(Some(team.id)), quoted(role)]));
    }
    for role in catalog.roles.values() {
        for (table, privileges) in &role.privileges {
            let depth = match privileges.read {
                Depth::None => 0,
                Depth::User => 1,
                Depth::BusinessUnit => 2,
                Depth::ParentChild => 3,
                Depth::Organization => 4,
            };
            insert("depth", &[quoted(&role.name), quoted(table), depth.to_string()]);
        }
    }
    let own = asker.user.and_then(|user| catalog.users.get(&user)?.language);
    insert("caller", &[id(asker.user), own.unwrap_or(catalog.settings.language).to_string()]);
}

fn put_rows(world: &World, table: &Table, out: &mut String) {
    let name = &table.name;
    let columns: Vec<String> = table.columns().iter().flat_map(columns_of).collect();
    out.push_str(&format!("CREATE TABLE all_{name}({});\n", columns.join(", ")));
    for (row, values) in world.written(table) {
        let values = table.columns().iter().map(|column| {
            let key = Value::Id(row);
            let is_key = column.name == table.primary_key;
            literals(column, if is_key { Some(&key) } else { values.get(&column.name) })
        });
        let values: Vec<String> = values.flatten().collect();
        out.push_str(&format!("INSERT INTO all_{name} VALUES ({});\n", values.join(", ")));
    }
}

/// The rows of a table that who asks may read.
fn put_readable(asker: Asker, table: &Table, out: &mut String) {
    let name = &table.name;
    let readable = if asker.by_roles { readable(table) } else { "1".to_owned() };
    out.push_str(&format!(
        "CREATE TABLE {name} AS WITH RECURSIVE
           holder(id) AS (SELECT user FROM caller UNION SELECT team FROM member JOIN caller USING (user)),
           mine(depth) AS (SELECT coalesce(max(depth), 0) FROM depth JOIN granted USING (role)
                           JOIN holder ON holder.id = granted.holder WHERE of_table = '{name}'),
           unit(id) AS (SELECT unit FROM person JOIN caller USING (user)),
           below(id) AS (SELECT id FROM unit UNION SELECT b.businessunitid FROM all_businessunit b
                         JOIN below ON b.parentbusinessunitid = below.id)
         SELECT r.* FROM all_{name} r, mine WHERE {readable};\n"
    ));
}

/// What makes a row `r` of a table one that roles let the caller read.
fn readable(table: &Table) -> String {
    let has = |column| table.column(column).is_some();
    let is_pair = table.name == "ab";
    let is_admin = matches!(table.name.as_str(), "systemuser" | "team" | "businessunit");
    if is_admin {
        return "1".to_owned();
    }
    if is_pair {
        return "r.aid IN (SELECT aid FROM a) AND r.bid IN (SELECT bid FROM b)".to_owned();
    }
    let mut ways = vec!["depth = 4".to_owned()];
    if has("ownerid") {
        ways.push("depth >= 1 AND r.ownerid IN (SELECT id FROM holder)".to_owned());
    }
    if has("owningbusinessunit") {
        ways.push("depth >= 2 AND r.owningbusinessunit IN (SELECT id FROM unit)".to_owned());
        ways.push("depth = 3 AND r.owningbusinessunit IN (SELECT id FROM below)".to_owned());
    }
    ways.join(" OR ")
}

fn columns_of(column: &Column) -> Vec<String> {
    let name = &column.name;
    match column.column_type {
        T::String | T::Memo => vec![format!("\"{name}\" TEXT"), format!("{name}_key TEXT")],
        T::Lookup | T::Owner => vec![format!("\"{name}\" TEXT"), format!("{name}_table TEXT")],
        T::Choices => vec![format!("\"{name}\" TEXT"), format!("{name}_sort TEXT")],
        T::Uniqueidentifier => vec![format!("\"{name}\" TEXT")],
        T::Double => vec![format!("\"{name}\" REAL")],
        _ => vec![format!("\"{name}\" INTEGER")],
    }
}

/// What stands in the columns of [`columns_of`].
fn literals(column: &Column, value: Option<&Value>) -> Vec<String> {
    let Some(value) = value else {
        return columns_of(column).iter().map(|_| "NULL".to_owned()).collect();
    };
    match value {
        Value::Text(text) => vec![quoted(text), quoted(&text::key(text))],
        Value::Integer(number) => vec![number.to_string()],
        Value::Decimal(number) => vec![decimal::scaled(&number.to_string()).to_string()],
        Value::Double(number) => vec![format!("{:?}", number.get())],
        Value::Boolean(flag) => vec![i32::from(*flag).to_string()],
        Value::Choice(option) => vec![option.to_string()],
        Value::Choices(options) => {
            let listed: Vec<String> = options.iter().map(ToString::to_string).collect();
            let sort: String = options.iter().map(|option| format!("{option:011}")).collect();
            vec![quoted(&listed.join(",")), quoted(&sort)]
        }
        Value::Timestamp(instant) => vec![instant.0.to_string()],
        Value::Date(date) => vec![date.0.to_string()],
        Value::Id(of_row) => vec![id(Some(*of_row))],
        Value::Reference(to) => vec![id(Some(to.id)), quoted(&to.table)],
    }
}

fn id(id: Option<RowId>) -> String {
    id.map_or("NULL".to_owned(), |id| quoted(&id.to_string()))
}

/// A text as SQL writes it.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
