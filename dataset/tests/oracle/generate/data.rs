//! Random rows, users and settings: few rows, and many nulls, equal values, pointers to nothing, rings.

use std::sync::Arc;

use haversack_core::{
    Date, Decimal, Double, Name, Offset, Reference, Row, RowId, RowVersion, Timestamp, Value,
    Values,
    catalog::Catalog,
    schema::{Column, ColumnType as T, Table},
    security::{BusinessUnit, Depth, Position, Role, TablePrivileges, Team, TeamType, User},
    settings::{FiscalPeriod, FiscalYear, Hierarchy, HierarchyModel},
};

use super::values::{INTEGERS, TEXTS};
use crate::{
    random::Random,
    schema::{OPTIONS, TABLES, put_tables},
    world::{Asker, World},
};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// Zones with whole and half hours, with midnights that are not there or come twice.
pub const ZONES: [&str; 4] = ["UTC", "Asia/Kolkata", "Europe/Berlin", "America/Havana"];

/// When it is asked, and a zone in which that is near a change of the clock, the end of a month or of
/// a year, or a midnight.
const NOWS: [(&str, &str); 10] = [
    ("2025-03-09T12:20:31Z", "America/Havana"),
    ("2025-11-02T05:30:00.25Z", "America/Havana"),
    ("2026-03-29T01:10:00Z", "Europe/Berlin"),
    ("2025-10-26T00:40:10.000001Z", "Europe/Berlin"),
    ("2024-02-29T18:29:59Z", "Asia/Kolkata"),
    ("2026-01-01T00:00:00Z", "UTC"),
    ("2025-12-31T20:15:00Z", "Asia/Kolkata"),
    ("2025-03-31T10:00:00Z", "UTC"),
    ("2025-06-15T14:45:10Z", "Europe/Berlin"),
    ("2025-11-03T02:05:00Z", "America/Havana"),
];

/// Ids of one kind of thing are spread over those of all others, so that order by id tells.
fn id(random: &mut Random, kind: u8, number: usize) -> RowId {
    let mut bytes = [0; 16];
    bytes[0] = u8::try_from(random.below(256)).expect("a byte");
    bytes[1] = kind;
    bytes[15] = u8::try_from(number).expect("few");
    RowId::from_bytes(bytes)
}

fn reference(table: &str, id: RowId) -> Value {
    Value::Reference(Reference { table: table.parse().expect("a name"), id })
}

/// Ids that lookups of a case may point at, by table; one of each table is of no row.
struct Ids(Vec<(&'static str, Vec<RowId>)>);

impl Ids {
    fn of(&self, table: &str) -> &[RowId] {
        self.0.iter().find(|(name, _)| *name == table).map(|(_, ids)| ids.as_slice()).expect(table)
    }

    /// Points at a row of a table, now and then at none.
    fn point(&self, random: &mut Random, table: &str) -> Value {
        let ids = self.of(table);
        let there = ids.len() - 1;
        match there == 0 || random.chance(8) {
            true => reference(table, ids[there]),
            false => reference(table, ids[random.below(there)]),
        }
    }
}

/// The case of a seed, with the two who ask: one by their roles, one who reads everything.
pub fn world(seed: u64) -> (World, [Asker; 2]) {
    let mut random = Random::new(seed);
    let random = &mut random;
    let (now, zone) = *random.pick(&NOWS);
    let now: Timestamp = now.parse().expect("a time");
    let mut ids = Ids(Vec::new());
    let counts = [("businessunit", 5), ("systemuser", 6), ("team", 4)];
    let rows = TABLES.map(|table| (table, rows_of(random, table)));
    for (kind, (table, count)) in (0..).zip(counts.into_iter().chain(rows)) {
        let of_table = (0..=count).map(|number| id(random, kind, number)).collect();
        ids.0.push((table, of_table));
    }
    let catalog = catalog(random, &ids, zone);
    let mut world = World { catalog, now, rows: Default::default() };
    for table in TABLES {
        let all = ids.of(table);
        let made = world.catalog.table(table).expect("put in").clone();
        let rows = all[..all.len() - 1].iter().map(|id| (*id, row(random, &ids, now, &made)));
        world.rows.insert(table.to_owned(), rows.collect());
    }
    let user = Some(*random.pick(&ids.of("systemuser")[..5]));
    let all = if random.chance(25) { None } else { user };
    (world, [Asker { user, by_roles: true }, Asker { user: all, by_roles: false }])
}

fn rows_of(random: &mut Random, table: &str) -> usize {
    let most = if table == "a" { 12 } else { 8 };
    if random.chance(4) { 0 } else { 2 + random.below(most - 1) }
}

fn catalog(random: &mut Random, ids: &Ids, zone: &str) -> Catalog {
    let mut catalog = Catalog::default();
    let settings = &mut catalog.settings;
    settings.time_zone = if random.chance(70) { zone } else { *random.pick(&ZONES) }.to_owned();
    let models = [HierarchyModel::Manager, HierarchyModel::Position, HierarchyModel::None];
    let depth = u32::try_from(random.between(1, 3)).expect("small");
    settings.hierarchy = Hierarchy { model: models[random.below(11) / 5], depth };
    let periods = [
        FiscalPeriod::Annual,
        FiscalPeriod::Semiannual,
        FiscalPeriod::Quarterly,
        FiscalPeriod::Monthly,
        FiscalPeriod::FourWeekly,
    ];
    let start = (*random.pick(&["01-01", "04-01", "10-15", "08-31"])).to_owned();
    settings.fiscal_year = FiscalYear { start, period: *random.pick(&periods) };
    settings.language = 1033;
    put_tables(&mut catalog);
    put_units(random, ids, &mut catalog);
    put_roles(random, &mut catalog);
    put_people(random, ids, &mut catalog);
    catalog
}

/// A tree: 0 over 1 and 2, 1 over 3, 3 over 4.
fn put_units(random: &mut Random, ids: &Ids, catalog: &mut Catalog) {
    let units = ids.of("businessunit");
    for (at, above) in [None, Some(0), Some(0), Some(1), Some(3)].into_iter().enumerate() {
        let (id, parent) = (units[at], above.map(|above: usize| units[above]));
        let name = (*random.pick(&TEXTS)).to_owned();
        catalog.business_units.insert(id, Arc::new(BusinessUnit { id, name, parent }));
    }
}

fn put_roles(random: &mut Random, catalog: &mut Catalog) {
    use Depth as D;
    let narrow = [D::None, D::User, D::User, D::BusinessUnit, D::ParentChild, D::ParentChild];
    for number in 0..4 {
        let name = format!("role{number}");
        let privileges = ["a", "b", "c", "e"].into_iter().map(|table| {
            let is_narrow = matches!(table, "a" | "c") && random.chance(75);
            let read = match is_narrow {
                true => *random.pick(&narrow),
                false if random.chance(80) => Depth::Organization,
                false => *random.pick(&narrow),
            };
            (table.parse().expect("a name"), TablePrivileges { read, ..Default::default() })
        });
        let privileges = privileges.collect();
        catalog.roles.insert(name.clone(), Arc::new(Role { name, privileges }));
    }
}

fn put_people(random: &mut Random, ids: &Ids, catalog: &mut Catalog) {
    let (units, users, teams) = (ids.of("businessunit"), ids.of("systemuser"), ids.of("team"));
    let positions: Vec<RowId> = (0..4).map(|number| id(random, 77, number)).collect();
    for (at, id) in positions.iter().enumerate() {
        let parent = (at > 0).then(|| positions[random.below(at)]);
        let position = Position { id: *id, name: format!("position{at}"), parent };
        catalog.positions.insert(*id, Arc::new(position));
    }
    let some_role = |random: &mut Random, percent| {
        let role = format!("role{}", random.below(4));
        random.chance(percent).then_some(role).into_iter().collect::<Vec<_>>()
    };
    for (at, id) in users[..6].iter().enumerate() {
        // Each below one before them, or anybody: rings are possible.
        let manager = match random.below(10) {
            0 | 1 => None,
            2 => Some(*random.pick(&users[..6])),
            _ => (at > 0).then(|| users[random.below(at)]),
        };
        let user = User {
            id: *id,
            name: (*random.pick(&TEXTS)).to_owned(),
            business_unit: *random.pick(&units[..5]),
            manager,
            position: random.chance(80).then(|| *random.pick(&positions)),
            language: random.chance(60).then(|| *random.pick(&[1031, 1036])),
            time_zone: random.chance(35).then(|| (*random.pick(&ZONES)).to_owned()),
            roles: some_role(random, 90),
        };
        catalog.users.insert(*id, Arc::new(user));
    }
    for id in &teams[..4] {
        let mut members: Vec<RowId> =
            users[..6].iter().copied().filter(|_| random.chance(35)).collect();
        members.dedup();
        catalog.put_team(Team {
            id: *id,
            name: (*random.pick(&TEXTS)).to_owned(),
            business_unit: *random.pick(&units[..5]),
            team_type: *random.pick(&[TeamType::Owner, TeamType::Access, TeamType::AadSecurity]),
            members,
            roles: some_role(random, 40),
        });
    }
}

fn row(random: &mut Random, ids: &Ids, now: Timestamp, table: &Table) -> Row {
    let mut values = Values::default();
    for column in table.columns() {
        if column.name == table.primary_key {
            continue;
        }
        let always = column.required || matches!(&*column.name, "createdon" | "modifiedon");
        let nulls = match column.name.as_str() {
            "owningbusinessunit" => 60,
            "up" => 10,
            _ => 20,
        };
        if always || !random.chance(nulls) {
            values.set(column.name.clone(), Some(value(random, ids, now, column)));
        }
    }
    Row { version: RowVersion(Offset::FIRST), values }
}

fn value(random: &mut Random, ids: &Ids, now: Timestamp, column: &Column) -> Value {
    let decimals =
        ["0", "1", "-1", "1.5", "1.25", "0.0000000001", "0.0000000003", "-0.0000000003", "99.99"];
    match column.column_type {
        T::String | T::Memo | T::File | T::Image => Value::Text((*random.pick(&TEXTS)).to_owned()),
        T::Integer if column.name == "lang" => Value::Integer(*random.pick(&[1031, 1033, 1036])),
        T::Integer => Value::Integer(*random.pick(&INTEGERS)),
        T::Bigint => {
            Value::Integer(*random.pick(&[0, 1, -1, 2, 1_000_000_000_001, -1_000_000_000_001]))
        }
        T::Decimal | T::Money => {
            let decimal: &&str = random.pick(&decimals);
            Value::Decimal(Decimal::parse(decimal).expect("a decimal"))
        }
        T::Double => {
            Value::Double(Double::new(*random.pick(&[0.0, 0.25, -1.5, 2.0, 1.75])).expect("finite"))
        }
        T::Boolean => Value::Boolean(random.chance(50)),
        T::Choice | T::State | T::Status if column.name == "lang" => {
            Value::Choice(*random.pick(&[1031, 1033, 1036]))
        }
        T::Choice | T::State | T::Status => Value::Choice(option(random)),
        T::Choices => {
            let mut options: Vec<i32> = (0..random.below(4)).map(|_| option(random)).collect();
            options.sort_unstable();
            options.dedup();
            Value::Choices(options)
        }
        T::Datetime => Value::Timestamp(instant(random, now)),
        T::Date => Value::Date(day(instant(random, now))),
        T::Uniqueidentifier => {
            let table = *random.pick(&["systemuser", "businessunit", "team", "a", "b"]);
            Value::Id(*random.pick(ids.of(table)))
        }
        T::Lookup | T::Owner => {
            let target: &Name = random.pick(&column.targets);
            ids.point(random, target)
        }
    }
}

fn option(random: &mut Random) -> i32 {
    match random.below(8) {
        0 => 7,
        other => OPTIONS[other % OPTIONS.len()].0,
    }
}

/// A time about now: as near as an hour, as far as some years; now and then a local midnight.
fn instant(random: &mut Random, now: Timestamp) -> Timestamp {
    let reach = match random.below(10) {
        0 | 1 => 3 * HOUR,
        2 | 3 => 3 * DAY,
        4 | 5 => 16 * DAY,
        6 | 7 => 70 * DAY,
        8 => 400 * DAY,
        _ => 1_200 * DAY,
    };
    let second = 1_000_000;
    let moved = now.0 + random.between(-reach / second, reach / second) * second;
    Timestamp(match random.below(10) {
        0 => now.0,
        1 => moved + 1,
        // Where the clocks of the zones have midnight, or leap.
        2 | 3 => moved.div_euclid(DAY) * DAY + random.pick(&[0, 1, 4, 5, 18, 22, 23]) * HOUR,
        4 => moved.div_euclid(DAY) * DAY + 18 * HOUR + HOUR / 2,
        5 => moved.div_euclid(HOUR) * HOUR,
        6 | 7 => {
            let day = if random.chance(50) { now.0 } else { moved }.div_euclid(DAY) * DAY;
            let at = [4 * HOUR, 5 * HOUR, 9 * HOUR / 2, 11 * HOUR / 2, HOUR / 2];
            day + random.pick(&at) + random.pick(&[-second, 0, second])
        }
        _ => moved,
    })
}

fn day(instant: Timestamp) -> Date {
    Date(i32::try_from(instant.0.div_euclid(DAY)).expect("few years"))
}
