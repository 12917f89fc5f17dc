//! Filters that read the clock, asked again as time goes by: in small steps, in large ones, right
//! before, on and after values, and now and then back.

use std::collections::BTreeMap;

use haversack_core::{Date, Timestamp, Value, profile::Member};
use haversack_dataset::{Caller, Columnar, Evaluator, Obvious, Rows};
use haversack_dsl::operator::{Arity, OPERATORS, OperatorInfo};
use serde_json::json;

use crate::{
    dice::Dice,
    world::{USERS, World, id, name, reference},
};

const HOUR: i64 = 3_600_000_000;
const ROWS: u8 = 40;
const STEPS: usize = 30;

#[test]
fn answers_hold_until_the_clock_says_otherwise() {
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut evaluated, mut anew) = (0, 0);
    let of_clock = OPERATORS.iter().filter(|info| info.reads_clock);
    for (seed, info) in (0..).zip(of_clock.flat_map(|info| [info; 3])) {
        for column in ["due", "day"].into_iter().filter(|column| fits(info, column)) {
            let mut time = Time::begin(seed, &format!("{column} {}{}", info.name, operand(info)));
            for step in 0..STEPS {
                time.pass();
                if time.dice.chance(2) {
                    let row = time.dice.small(ROWS);
                    time.write(row);
                }
                *told.entry(info.name).or_default() += time.check(step);
            }
            evaluated += time.columnar.rows_evaluated();
            anew += STEPS as u64 * u64::from(USERS) * u64::from(ROWS);
        }
    }
    for (operator, times) in &told {
        assert!(*times > 0, "{operator} never told rows apart");
    }
    assert!(evaluated * 2 < anew, "{evaluated} rows evaluated, {anew} without remembering");
}

fn fits(info: &OperatorInfo, column: &str) -> bool {
    let column_type = match column {
        "due" => haversack_core::schema::ColumnType::Datetime,
        _ => haversack_core::schema::ColumnType::Date,
    };
    info.types.contains(column_type)
}

fn operand(info: &OperatorInfo) -> &'static str {
    match info.arity {
        Arity::None => "",
        _ => " 2",
    }
}

struct Time {
    world: World,
    columnar: Columnar,
    dice: Dice,
    now: Timestamp,
    filter: String,
}

impl Time {
    fn begin(seed: u64, condition: &str) -> Self {
        let (mut world, filter) =
            (World::new(), format!("fetch account {{ filter {{ {condition} }} }}"));
        world.put_role("r0", &[("account", "organization")]);
        for number in 0..USERS {
            world.put_user(number, 0, None, &["r0"]);
        }
        world.publish("p", &[json!({"table": "account", "criterion": "custom", "filter": filter})]);
        let members: Vec<_> =
            (0..USERS).map(|number| ("p", Member::User(id("user", number)))).collect();
        world.assign(&members);
        let columnar = Columnar::build(&world, &world.catalog, seed);
        // Clocks are put forward, back by half an hour, and forward in the midst of an hour.
        let begins = ["2026-03-07T22:00:00Z", "2026-04-04T10:00:00Z", "1883-11-18T15:50:00Z"];
        let now = begins[seed as usize % begins.len()].parse().expect("a time");
        let mut time = Self { world, columnar, dice: Dice(seed), now, filter };
        (0..ROWS).for_each(|row| time.write(row));
        time
    }

    /// A row whose times lie around now, near and far.
    fn write(&mut self, number: u8) {
        let reach = self.dice.one_of(&[2, 50, 24 * 40, 24 * 70, 24 * 150, 24 * 900]);
        let hours = i64::from(self.dice.small(200)) * reach / 100 - reach;
        let minute = self.now.0.div_euclid(HOUR / 60) * (HOUR / 60);
        let due = match self.dice.chance(4) {
            true => minute - i64::from(self.dice.small(3)) * HOUR / 60,
            false => minute + hours * HOUR,
        };
        let day = i32::try_from(due.div_euclid(24 * HOUR)).expect("a day");
        let values = [
            (name("due"), Some(Value::Timestamp(Timestamp(due)))),
            (name("day"), Some(Value::Date(Date(day)))),
            (name("ownerid"), Some(reference("systemuser", id("user", 0)))),
        ];
        let row = id("account", number);
        let key = self.world.write("account", row, Some(values.into_iter().collect()));
        self.columnar.put(&key, self.world.row("account", row).as_deref());
    }

    fn pass(&mut self) {
        let step = self.dice.one_of(&[1, 1, 1_000_000, HOUR / 60, HOUR / 60, HOUR / 4, 7 * HOUR]);
        let count = i64::from(self.dice.small(5));
        self.now = Timestamp(self.now.0 + step * count);
        match self.dice.roll(20) {
            // To a value that lies ahead, or one before or after.
            0..=4 => {
                let dues =
                    self.world.rows("account").filter_map(|(_, row)| match row.values.get("due") {
                        Some(Value::Timestamp(due)) if *due >= self.now => Some(due.0),
                        _ => None,
                    });
                if let Some(next) = dues.min() {
                    self.now = Timestamp(next - 1 + i64::from(self.dice.small(3)));
                }
            }
            // To a full hour, where days and hours begin somewhere.
            5 | 6 => {
                let next = (self.now.0.div_euclid(HOUR / 2) + 1) * (HOUR / 2);
                self.now = Timestamp(next - i64::from(self.dice.small(2)));
            }
            7..=9 => {
                let back = self.dice.one_of(&[1, HOUR / 60, HOUR]);
                self.now = Timestamp(self.now.0 - i64::from(self.dice.small(3)) * back);
            }
            _ => {}
        }
    }

    /// Compares all users; says for how many the filter told rows apart.
    fn check(&self, step: usize) -> usize {
        let mut told = 0;
        for number in 0..USERS {
            let caller = Caller::user(&self.world.catalog, id("user", number), self.now);
            let expected = Obvious::new(&self.world).dataset(&caller);
            let found = self.columnar.dataset(&caller);
            assert_eq!(
                found, expected,
                "{}, step {step}, {}, user {number}",
                self.filter, self.now
            );
            told += usize::from(!expected.is_empty() && expected.len() < usize::from(ROWS));
        }
        told
    }
}
