//! Random histories, and what is compared after each event.

use std::collections::BTreeMap;

use haversack_core::{
    Date, Decimal, Double, RowId, RowVersion, Timestamp, Value, Values, event::RowKey,
    profile::Member,
};
use haversack_dataset::{
    Caller, Check, Columnar, Dataset, Departure, DeviceRows, Difference, Evaluator, Obvious, Rows,
};
use serde_json::{Value as Json, json};

use crate::{
    admin,
    dice::Dice,
    filters::FILTERS,
    wholes::{QUERIES, Told, Turning},
    world::{TABLES, TEAMS, UNITS, USERS, World, id, name, reference},
};

/// Rows of each table.
const ROWS: u8 = 9;
const DEPTHS: [&str; 5] = ["none", "user", "business_unit", "parent_child", "organization"];
/// Filters of contacts.
const CONTACT_FILTERS: [&str; 9] = [
    "fetch contact { filter { any account on accountid = customer { kind eq 1 } } }",
    "fetch contact { filter { not any contact on contactid = customer { kind eq 1 } } }",
    "fetch contact { filter { any account on accountid = customer { accountid under \"ROOT\" } } }",
    "fetch contact { filter { any account on accountid = customer { any account_tag on accountid = accountid { any tag on tagid = tagid { kind eq 1 } } } } }",
    "fetch contact { filter { or { kind eq 1  any task on who = contactid { ownerid eq-userid } } } }",
    "fetch contact { filter { any contact on customer = contactid { due this-week } } }",
    "fetch contact { filter { any contact_tag on contactid = contactid } }",
    "fetch contact { filter { customer eq \"ROOT\" } }",
    "fetch contact { filter { kind eq 1  not any account on accountid = customer } }",
];

/// How often what was to be tested came up.
#[derive(Debug, Default)]
pub struct Seen {
    filters: BTreeMap<&'static str, usize>,
    by_relationship: usize,
    departures: BTreeMap<Departure, usize>,
    rewritten: usize,
    /// Steps of ways by which rows came.
    steps: usize,
    wholes: Told,
}

impl Seen {
    /// A run in which some filter never told rows apart, or some reason never came up, says little.
    pub fn assert_enough(&self) {
        for filter in FILTERS.iter().filter(|filter| filter.contains("filter")) {
            assert!(
                self.filters.get(filter).is_some_and(|times| *times >= 3),
                "{filter}: {self:?}"
            );
        }
        assert!(self.by_relationship > 100 && self.rewritten > 100, "{self:?}");
        assert!(self.steps > 100, "{self:?}");
        for why in [Departure::Left, Departure::Deleted, Departure::Revoked] {
            assert!(self.departures.get(&why).is_some_and(|times| *times > 20), "{self:?}");
        }
        self.wholes.assert_enough();
    }
}

pub struct History {
    pub world: World,
    dice: Dice,
    columnar: Columnar,
    held: BTreeMap<RowId, (DeviceRows, Dataset)>,
    pub now: Timestamp,
    /// Of the two profiles.
    items: [Vec<Json>; 2],
    turning: Option<Turning>,
}

impl History {
    pub fn begin(seed: u64) -> Self {
        let mut world = World::new();
        let mut dice = Dice(seed);
        for role in ["r0", "r1", "r2"] {
            let depths: Vec<_> =
                TABLES.iter().map(|table| (*table, dice.one_of(&DEPTHS))).collect();
            world.put_role(role, &depths);
        }
        for number in 0..USERS {
            put_user(&mut world, &mut dice, number);
        }
        for number in 0..TEAMS {
            put_team(&mut world, &mut dice, number);
        }
        let mut history = Self {
            columnar: Columnar::build(&world, &world.catalog, seed),
            now: "2026-01-02T10:00:00Z".parse().expect("a time"),
            held: BTreeMap::new(),
            items: [Vec::new(), Vec::new()],
            turning: None,
            world,
            dice,
        };
        history.items = ["p", "q"].map(|_| items(&mut history.dice));
        for (name, items) in ["p", "q"].into_iter().zip(&history.items) {
            history.world.publish(name, items);
        }
        history.assign();
        for _ in 0..30 {
            history.write_row();
        }
        history
    }

    /// Something happens.
    pub fn step(&mut self) -> String {
        match self.dice.roll(24) {
            20..=22 => {
                let what = (0..=self.dice.roll(2))
                    .map(|_| admin::change(&mut self.world, &mut self.dice))
                    .collect::<Vec<_>>();
                self.catalog_changed(&what.join("; "))
            }
            // Rows and people at once.
            23 => {
                let row = self.write_row();
                let what = admin::change(&mut self.world, &mut self.dice);
                self.catalog_changed(&format!("{row}; {what}"))
            }
            0 => {
                let number = self.dice.small(USERS);
                put_user(&mut self.world, &mut self.dice, number);
                self.catalog_changed("a user changed")
            }
            1 | 2 => {
                let number = self.dice.small(TEAMS);
                put_team(&mut self.world, &mut self.dice, number);
                self.catalog_changed("a team changed")
            }
            3 => {
                let role = self.dice.one_of(&["r0", "r1", "r2"]);
                let depths: Vec<_> =
                    TABLES.iter().map(|table| (*table, self.dice.one_of(&DEPTHS))).collect();
                self.world.put_role(role, &depths);
                self.catalog_changed("a role changed")
            }
            4 => {
                self.publish();
                "published".to_owned()
            }
            5 => {
                self.pass_time();
                "time passed".to_owned()
            }
            7 => self.assign(),
            8 if self.dice.chance(3) => {
                self.columnar.renumber(&self.world, &self.world.catalog);
                "rows were numbered anew".to_owned()
            }
            // Several events before anybody asks.
            6 => (0..5).map(|_| self.write_row()).collect::<Vec<_>>().join("; "),
            _ => self.write_row(),
        }
    }

    fn catalog_changed(&mut self, what: &str) -> String {
        self.columnar.set_catalog(&self.world, &self.world.catalog);
        what.to_owned()
    }

    /// Now and then by hours, mostly by as much as lies between neighbouring steps of a clock.
    fn pass_time(&mut self) {
        let unit = self.dice.one_of(&[1, 1_000_000, 60_000_000, 60_000_000, 3_600_000_000]);
        self.now = Timestamp(self.now.0 + i64::from(self.dice.small(30)) * unit);
        if self.dice.chance(2) {
            // Right on, before or after a value.
            let due = 1_767_150_000_000_000 + i64::from(self.dice.small(90)) * 3_600_000_000;
            self.now = Timestamp(due - 1 + i64::from(self.dice.small(3)));
        }
    }

    /// Publishes one of the profiles: all anew, or with one item changed, or as it was.
    fn publish(&mut self) {
        let at = self.dice.roll(2);
        let fresh = items(&mut self.dice);
        match self.dice.roll(5) {
            0 | 1 => self.items[at] = fresh,
            2 | 3 => {
                let one = self.dice.one_of(&fresh);
                self.items[at].retain(|item| item["table"] != one["table"]);
                self.items[at].push(one);
            }
            _ => {}
        }
        self.world.publish(["p", "q"][at], &self.items[at]);
        self.columnar.set_catalog(&self.world, &self.world.catalog);
    }

    /// Puts users and a team in profiles anew.
    fn assign(&mut self) -> String {
        let mut members = Vec::new();
        for number in 0..USERS {
            let profile = if self.dice.chance(5) { "p" } else { "q" };
            members.push((profile, Member::User(id("user", number))));
        }
        let team = Member::Team(id("team", self.dice.small(TEAMS)));
        members.insert(self.dice.roll(members.len() + 1), ("q", team));
        self.world.assign(&members);
        self.catalog_changed("members moved")
    }

    fn write_row(&mut self) -> String {
        if self.dice.chance(2) {
            return self.write_pair();
        }
        let table = self.dice.one_of(&TABLES);
        let row = id(table, self.dice.small(ROWS));
        let before = self.world.row(table, row).map(|row| row.values.clone());
        let values = match before {
            Some(_) if self.dice.chance(2) => None,
            // Mostly one column changes.
            Some(mut values) => {
                let fresh = values_of(&mut self.dice, table);
                let all: Vec<_> = fresh.iter().map(|(column, _)| column.clone()).collect();
                let column = match self.dice.chance(6) {
                    true => name(self.dice.one_of(&[
                        "ownerid",
                        "parent",
                        "customer",
                        "regarding",
                        "who",
                        "kind",
                    ])),
                    false => self.dice.one_of(&all),
                };
                values.remove(&column);
                if let Some(value) = fresh.get(&column) {
                    values.set(column, Some(value.clone()));
                }
                Some(values)
            }
            None => Some(values_of(&mut self.dice, table).without_nulls()),
        };
        self.put(table, row, values)
    }

    fn write_pair(&mut self) -> String {
        let (account, tag) = (self.dice.small(ROWS), self.dice.small(3));
        let pair = id("pair", account * 3 + tag);
        let (table, one, other) = self.dice.one_of(&[
            ("account_tag", ("accountid", "account"), ("tagid", "tag")),
            ("contact_tag", ("contactid", "contact"), ("tagid", "tag")),
            ("account_account", ("one", "account"), ("other", "account")),
        ]);
        let is_there = self.world.row(table, pair).is_some();
        let values = (!is_there).then(|| {
            [
                (name(one.0), Some(reference(one.1, id(one.1, account)))),
                (name(other.0), Some(reference(other.1, id(other.1, tag)))),
            ]
            .into_iter()
            .collect()
        });
        self.put(table, pair, values)
    }

    fn put(&mut self, table: &str, row: RowId, values: Option<Values>) -> String {
        let what = format!("{table} {row} = {values:?}");
        let key = self.world.write(table, row, values);
        self.columnar.put(&key, self.world.row(table, row).as_deref());
        what
    }

    /// Compares everything for every user.
    pub fn check(&mut self, seen: &mut Seen, what: &str) {
        let anew = Columnar::build(&self.world, &self.world.catalog, 1);
        for number in 0..USERS {
            let user = id("user", number);
            let caller = Caller::user(&self.world.catalog, user, self.now);
            let expected = Obvious::new(&self.world).dataset(&caller);
            assert_eq!(anew.dataset(&caller), expected, "anew, {what}, user {number}");
            // Some don't ask for a while.
            if self.dice.chance(7) {
                let found = self.columnar.dataset(&caller);
                assert_eq!(found, expected, "caught up, {what}, user {number}");
                self.check_difference(seen, &caller, &expected, what);
            }
        }
        self.check_selection(seen, what);
        self.check_explanation(seen, what);
        self.check_whole(seen, what);
    }

    /// One row and one user: what is said of them, and that the way goes from row to row of the
    /// device to one that a criterion selects.
    fn check_explanation(&mut self, seen: &mut Seen, what: &str) {
        let table = name(self.dice.one_of(&TABLES));
        let row = id(&table, self.dice.small(ROWS));
        let user = id("user", self.dice.small(USERS));
        let caller = Caller::user(&self.world.catalog, user, self.now);
        let expected = Obvious::new(&self.world).explain(&caller, &table, row);
        let found = self.columnar.explain(&self.world, &caller, &table, row);
        assert_eq!(found.included, expected.included, "{what}");
        assert_eq!(found.checks.len(), expected.checks.len(), "{what}");
        for (found, expected) in found.checks.iter().zip(&expected.checks) {
            let (Check::Relationship { path, .. }, Check::Relationship { path: other, .. }) =
                (found, expected)
            else {
                assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{what}");
                continue;
            };
            assert_eq!(
                path.is_empty(),
                other.is_empty(),
                "{what}: {table} {row} {path:?} {other:?}"
            );
            assert!(path.len() <= other.len(), "{what}: no way is shorter");
            seen.steps += path.len();
            for (at, key) in path.iter().enumerate() {
                let explained = Obvious::new(&self.world).explain(&caller, &key.table, key.id);
                assert!(explained.included, "{what}: {key:?} is on the device");
                let is_last = at + 1 == path.len();
                let is_direct = explained
                    .checks
                    .iter()
                    .any(|check| matches!(check, Check::Criterion { holds: true, .. }));
                assert_eq!(
                    is_direct, is_last,
                    "{what}: the first that a criterion selects ends it"
                );
            }
        }
    }

    fn check_difference(
        &mut self,
        seen: &mut Seen,
        caller: &Caller,
        expected: &Dataset,
        what: &str,
    ) {
        let user = caller.user.expect("a user");
        let now = self.columnar.device_rows(caller);
        if let Some((held, mut rows)) = self.held.remove(&user)
            && let Some(difference) = self.columnar.difference(caller, &held, &now)
        {
            let mut by_numbers = difference.clone();
            by_numbers.put.sort_unstable();
            by_numbers.del.sort_unstable();
            let by_rows = Difference::between(&self.world, caller, &rows, expected);
            assert_eq!(by_numbers, by_rows, "{what}");
            for (key, version) in difference.put {
                let before: Option<RowVersion> = rows.insert(key, version);
                seen.rewritten += usize::from(before.is_some());
                assert_ne!(before, Some(version), "{what}: it has that already");
            }
            for (key, why) in difference.del {
                assert!(rows.remove(&key).is_some(), "{what}: it never had {key:?}");
                assert_eq!(self.departure(caller, &key), why, "{what}");
                *seen.departures.entry(why).or_default() += 1;
            }
            assert_eq!(rows, *expected, "{what}: the difference leads there");
        }
        seen.by_relationship += usize::from(expected.keys().any(|key| key.table.as_str() == "tag"));
        self.held.insert(user, (now, expected.clone()));
    }

    fn departure(&self, caller: &Caller, key: &RowKey) -> Departure {
        match self.world.row(&key.table, key.id) {
            None => Departure::Deleted,
            Some(_) if Obvious::new(&self.world).readable(caller, &key.table, key.id) => {
                Departure::Left
            }
            Some(_) => Departure::Revoked,
        }
    }

    /// One whole query, asked by one user, and the next page of one before.
    fn check_whole(&mut self, seen: &mut Seen, what: &str) {
        let caller = self.caller();
        let query = self.dice.one_of(&QUERIES);
        let both = (&self.columnar, &self.world);
        self.turning = seen.wholes.check(both, caller, query, self.turning.take(), what);
    }

    fn caller(&mut self) -> Caller {
        let user = id("user", self.dice.small(USERS));
        let mut caller = Caller::user(&self.world.catalog, user, self.now);
        caller.reads_everything = self.dice.chance(3);
        caller
    }

    /// One filter, asked by one user: also what profiles don't have is selected alike.
    fn check_selection(&mut self, seen: &mut Seen, what: &str) {
        let filter = self.dice.one_of(&FILTERS);
        let text = filled(filter, &mut self.dice);
        // A table may have lost its tree, or a column.
        let Ok(compiled) = haversack_dsl::compile(&text, &self.world.catalog) else { return };
        let query = compiled.query;
        let caller = self.caller();
        let answers = Obvious::new(&self.world).query(&caller, &query);
        let mut expected: Vec<RowId> = answers.iter().filter_map(|answer| answer.id).collect();
        expected.sort_unstable();
        assert_eq!(self.columnar.select(&caller, &query), expected, "{text}: {what}");
        let all = self.world.rows("account").count();
        if !expected.is_empty() && expected.len() < all {
            *seen.filters.entry(filter).or_default() += 1;
        }
    }
}

fn filled(filter: &str, dice: &mut Dice) -> String {
    filter
        .replace("ROOT", &id("account", dice.small(ROWS)).to_string())
        .replace("USER", &id("user", dice.small(USERS)).to_string())
}

fn put_user(world: &mut World, dice: &mut Dice, number: u8) {
    let manager = Some(dice.small(USERS)).filter(|manager| *manager < number);
    let roles: Vec<&str> = ["r0", "r1", "r2"].into_iter().filter(|_| dice.chance(4)).collect();
    let unit = dice.small(UNITS);
    world.put_user(number, unit, manager, &roles);
}

fn put_team(world: &mut World, dice: &mut Dice, number: u8) {
    let members: Vec<u8> = (0..USERS).filter(|_| dice.chance(4)).collect();
    let roles: Vec<&str> = ["r0", "r1", "r2"].into_iter().filter(|_| dice.chance(2)).collect();
    let unit = dice.small(UNITS);
    world.put_team(number, unit, &members, &roles);
}

/// The values of a row of a table, some of them null.
fn values_of(dice: &mut Dice, table: &str) -> Values {
    let mut values: Vec<(&str, Value)> = vec![
        ("name", Value::Text(dice.one_of(&["a", "Á ", "ba", "b", "A"]).to_owned())),
        ("size", Value::Integer(i64::from(dice.small(9)) - 2)),
        (
            "price",
            Value::Decimal(
                Decimal::parse(dice.one_of(&["0.12345", "1.5", "20", "-3.0001", "1e20"]))
                    .expect("a number"),
            ),
        ),
        (
            "due",
            Value::Timestamp(Timestamp(
                1_767_150_000_000_000 + i64::from(dice.small(90)) * 3_600_000_000,
            )),
        ),
        ("day", Value::Date(Date(20_450 + i32::from(dice.small(8))))),
        ("open", Value::Boolean(dice.chance(5))),
        ("language", Value::Integer(i64::from(dice.small(2)) + 1)),
        ("ratio", Value::Double(Double::new(f64::from(dice.small(7)) - 3.5).expect("finite"))),
        ("kind", Value::Choice(i32::from(dice.small(2)) + 1)),
        ("kinds", Value::Choices(dice.one_of(&[vec![1], vec![2], vec![1, 2], vec![]]))),
        (
            "code",
            Value::Id(
                dice.one_of(&[
                    "00000000-0000-0000-0000-000000000001",
                    "00000000-0000-0000-0000-000000000002",
                ])
                .parse()
                .expect("an id"),
            ),
        ),
    ];
    if table != "tag" {
        let owner = match dice.chance(6) {
            true => reference("systemuser", id("user", dice.small(USERS))),
            false => reference("team", id("team", dice.small(TEAMS))),
        };
        values.push(("ownerid", owner));
        if dice.chance(2) {
            let unit = reference("businessunit", id("unit", dice.small(UNITS)));
            values.push(("owningbusinessunit", unit));
        }
    }
    let mut to = |table: &str| reference(table, id(table, dice.small(ROWS)));
    match table {
        "account" => values.push(("parent", to("account"))),
        "contact" => {
            let target =
                to(if values[5].1 == Value::Boolean(true) { "contact" } else { "account" });
            values.push(("customer", target));
        }
        "task" => {
            values.push(("regarding", to("account")));
            values.push(("who", to("contact")));
        }
        _ => {}
    }
    // The owner is never null: nobody writes such rows.
    values
        .into_iter()
        .map(|(column, value)| {
            (name(column), (column == "ownerid" || dice.chance(8)).then_some(value))
        })
        .collect()
}

/// Items of a random profile.
fn items(dice: &mut Dice) -> Vec<Json> {
    let related =
        |relationship: &str, table: &str| json!({"relationship": relationship, "table": table});
    let ways: BTreeMap<&str, Vec<Json>> = BTreeMap::from([
        (
            "account",
            vec![
                related("account_parent_account", "account"),
                related("contact_customer_account", "contact"),
                related("task_regarding_account", "task"),
                related("account_tags", "tag"),
                related("account_accounts", "account"),
            ],
        ),
        (
            "contact",
            vec![
                related("contact_customer_account", "account"),
                related("contact_customer_contact", "contact"),
                related("task_who_contact", "task"),
                related("contact_tags", "tag"),
            ],
        ),
        (
            "task",
            vec![
                related("task_regarding_account", "account"),
                related("task_who_contact", "contact"),
            ],
        ),
        ("tag", vec![related("account_tags", "account"), related("contact_tags", "contact")]),
    ]);
    let mut items = Vec::new();
    for table in TABLES {
        if dice.chance(2) && table != "account" {
            continue;
        }
        let related: Vec<&Json> = ways[table].iter().filter(|_| dice.chance(5)).collect();
        let mut item = match dice.roll(6) {
            0 => json!({"criterion": "all"}),
            1 | 2 => {
                json!({"criterion": "other", "other": dice.one_of(&[vec!["user"], vec!["team", "user"], vec!["business_unit"]])})
            }
            3 | 4 if table == "account" => {
                let filter = dice.one_of(&FILTERS);
                json!({"criterion": "custom", "filter": filled(filter, dice)})
            }
            3 | 4 if table == "contact" => {
                let filter = dice.one_of(&CONTACT_FILTERS);
                json!({"criterion": "custom", "filter": filled(filter, dice)})
            }
            _ => json!({"criterion": "related_only"}),
        };
        item["table"] = json!(table);
        item["related_to"] = json!(related);
        items.push(item);
    }
    items
}
