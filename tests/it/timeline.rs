//! When a row came to a device and went from it, against a look at every row of every device before and
//! after every event of random histories.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use haversack_core::{
    Cursor, Offset, RowId, Timestamp, Value,
    event::{Operation, RowKey},
};
use haversack_dataset::{Caller, Dataset, Evaluator, Obvious, Rows};
use haversack_engine::{Clock, Environment};
use haversack_replay::{Judging, State, Turn, fold};
use haversack_store::{Log, LogRecord, MemoryLog};
use serde_json::{Map, Value as Json, json};

use crate::fixtures::{
    NOW, changes, id, id_text, key, mutation, next_number, records, row, send, table,
};

const USERS: [&str; 4] = ["bob", "eve", "ann", "nil"];
const HISTORIES: u64 = 80;
const STEPS: usize = 60;

/// What items take of table `t`, and of table `p`; the last one most often.
const ITEMS_T: [&str; 10] = [
    r#"{"criterion": "other", "other": ["user", "team"]}"#,
    r#"{"criterion": "other", "other": ["business_unit"]}"#,
    r#"{"criterion": "all"}"#,
    r#"{"criterion": "custom", "filter": "fetch t { filter { any p on pid = u { name ne \"x\" } } }"}"#,
    r#"{"criterion": "custom", "filter": "fetch t { filter { not any p on pid = u } }"}"#,
    r#"{"criterion": "custom", "filter": "fetch t { filter { w last-x-hours 2 } }"}"#,
    r#"{"criterion": "custom", "filter": "fetch t { filter { w next-x-hours 1 } }"}"#,
    r#"{"criterion": "custom", "filter": "fetch t { filter { owningbusinessunit eq-businessid } }"}"#,
    r#"{"criterion": "related_only", "related_to": [{"relationship": "t_p", "table": "p"}]}"#,
    r#"{"criterion": "custom", "filter": "fetch t { filter { ownerid eq-useroruserhierarchyandteams } }"}"#,
];
const ITEMS_P: [&str; 4] = [
    r#"{"criterion": "related_only", "related_to": [{"relationship": "t_u", "table": "t"}]}"#,
    r#"{"criterion": "custom", "filter": "fetch p { filter { or { name eq \"x\"  any t on u = pid { b ge 1 } } } }"}"#,
    r#"{"criterion": "all"}"#,
    r#"{"criterion": "related_only", "related_to": [{"relationship": "t_u", "table": "t"}, {"relationship": "p_parent", "table": "p"}]}"#,
];

/// A clock that goes as the test says.
struct Ticking(Arc<AtomicI64>);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())].clone()
    }
}

pub struct History {
    pub environment: Environment,
    clock: Arc<AtomicI64>,
    dice: Dice,
}

impl History {
    pub fn begin(seed: u64) -> Self {
        let clock = Arc::new(AtomicI64::new(NOW.0));
        let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
        let environment = Environment::on(log, Arc::new(Ticking(Arc::clone(&clock)))).unwrap();
        send(&environment, changes());
        let member =
            |user| json!({"member": {"profile": "field", "user": id_text(user), "op": "add"}});
        let hierarchy = json!({"put": "settings", "hierarchy": {"model": "manager", "depth": 3}});
        send(&environment, vec![table_p(false), member("ann"), hierarchy]);
        environment.register(id("bob"), "phone", "test", None).unwrap();
        Self { environment, clock, dice: Dice(seed) }
    }

    pub fn step(&mut self) {
        let change = match self.dice.roll(16) {
            0 => self.profile(),
            1 => json!({"publish": "field"}),
            2 => self.member(),
            3 | 12 => self.people(),
            4 => self.schema(),
            5 => {
                let minutes = self.dice.one_of(&[1, 30, 90, 200, 400]);
                self.clock.fetch_add(minutes * 60_000_000, Ordering::Relaxed);
                return;
            }
            6 | 7 => return self.push(),
            8 => self.pair(),
            9..12 => self.write("p"),
            _ => self.write("t"),
        };
        // Some are refused: a row that is there, or is not.
        send(&self.environment, vec![change]);
    }

    fn profile(&mut self) -> Json {
        let item = |table: &str, text: &str| {
            let mut item: Json = serde_json::from_str(text).unwrap();
            item["table"] = json!(table);
            item
        };
        let items = json!([
            item("t", ITEMS_T[self.dice.roll(12).min(9)]),
            item("p", ITEMS_P[self.dice.roll(6).min(3)])
        ]);
        send(&self.environment, vec![json!({"put": "profile", "name": "field", "items": items})]);
        json!({"publish": "field"})
    }

    fn member(&mut self) -> Json {
        let user = id_text(self.dice.one_of(&USERS));
        match self.dice.roll(6) {
            0 => json!({"unpublish": "field"}),
            1 => json!({"member": {"profile": "field", "user": user, "op": "remove"}}),
            2 => json!({"member": {"profile": "field", "team": id_text("crew"), "op": "remove"}}),
            3 => {
                json!({"member": {"profile": "field", "team": id_text("crew"), "op": "add", "move": true}})
            }
            _ => json!({"member": {"profile": "field", "user": user, "op": "add", "move": true}}),
        }
    }

    fn people(&mut self) -> Json {
        let depth = self.dice.one_of(&["none", "user", "business_unit", "organization"]);
        let unit = self.dice.one_of(&["west", "east"]);
        let members: Vec<String> =
            (0..self.dice.roll(3)).map(|_| id_text(self.dice.one_of(&USERS))).collect();
        match self.dice.roll(4) {
            0 => {
                let role = self.dice.one_of(&["unit", "own", "all"]);
                json!({"put": "role", "name": role, "privileges":
                    {"t": {"read": depth, "write": "organization"}, "p": {"read": "organization"}}})
            }
            1 => {
                let user = self.dice.one_of(&USERS);
                let manager = self.dice.one_of(&["kim", "ann"]);
                let role = self.dice.one_of(&["unit", "own", "all", "below"]);
                json!({"put": "user", "id": id_text(user), "name": user, "business_unit": id_text(unit),
                       "manager": (user != manager).then(|| id_text(manager)), "roles": [role]})
            }
            2 => {
                json!({"put": "team", "id": id_text("crew"), "name": "crew", "type": "owner",
                       "business_unit": id_text(unit), "members": members, "roles": ["reader"]})
            }
            _ => {
                json!({"put": "settings", "hierarchy": {"model": self.dice.one_of(&["none", "manager"]), "depth": 3}})
            }
        }
    }

    /// A table with a column more or less, or a relationship by another column.
    fn schema(&mut self) -> Json {
        if self.dice.roll(3) == 0 {
            return table_p(self.dice.roll(2) == 0);
        }
        let column = self.dice.one_of(&["parent", "other"]);
        json!({"put": "relationship", "name": "p_parent", "kind": "many_to_one", "table": "p",
               "column": column, "target": "p"})
    }

    fn values(&mut self, table: &str) -> Json {
        let target = id_text(self.dice.one_of(&["p1", "p2", "p3", "p4", "p5"]));
        if table == "p" {
            let other = id_text(self.dice.one_of(&["p1", "p2", "p3", "p4", "p5"]));
            return json!({"name": self.dice.one_of(&["x", "y"]), "parent": target, "other": other});
        }
        let hours = i64::try_from(self.dice.roll(6)).unwrap() - 3;
        let due = Timestamp(self.clock.load(Ordering::Relaxed) + hours * 3_600_000_000);
        let all = json!({
            "b": self.dice.roll(3), "u": target, "w": due.to_string(),
            "ownerid": id_text(self.dice.one_of(&["bob", "eve", "ann", "crew"])),
        });
        let Json::Object(mut all) = all else { unreachable!("written above") };
        // Mostly a column or two.
        let left = self.dice.one_of(&["b", "u", "w", "ownerid", "b"]);
        if self.dice.roll(3) > 0 {
            all.retain(|name, _| name == left);
        }
        Json::Object(all)
    }

    fn write(&mut self, table: &str) -> Json {
        let name = match table {
            "p" => format!("p{}", 1 + self.dice.roll(5)),
            _ => format!("r{}", 1 + self.dice.roll(3)),
        };
        let is_there = self.environment.state().current(&key(table, &name)).is_some();
        let operation = match (is_there, self.dice.roll(4)) {
            (false, _) => "create",
            (true, 0) => "delete",
            (true, _) => "update",
        };
        let values = if operation == "delete" { json!({}) } else { self.values(table) };
        row(operation, table, &name, values)
    }

    fn pair(&mut self) -> Json {
        let (one, other) = (1 + self.dice.roll(3), 1 + self.dice.roll(3));
        let name = format!("pair{one}{other}");
        let is_there = self.environment.state().current(&key("tp", &name)).is_some();
        let ends =
            json!({"tid": id_text(&format!("r{one}")), "pid": id_text(&format!("p{other}"))});
        row(
            if is_there { "delete" } else { "create" },
            "tp",
            &name,
            if is_there { json!({}) } else { ends },
        )
    }

    /// An edit of a row as it was some events ago: applied, in conflict or refused.
    fn push(&mut self) {
        let state = self.environment.state();
        let device = state.device_named(id("bob"), "phone").unwrap().device.id;
        let row = key("t", &format!("r{}", 1 + self.dice.roll(3)));
        let seen = state.cursor.count() - self.dice.roll(20) as u64;
        let (operation, values) = match self.dice.roll(4) {
            0 => (Operation::Delete, Map::new()),
            _ => (Operation::Update, self.values("t").as_object().unwrap().clone()),
        };
        let number = next_number(&self.environment, device);
        let base = crate::fixtures::base(seen);
        let edit = mutation(number, operation, &row, base, values);
        self.environment.push(device, vec![edit]).unwrap();
    }
}

fn table_p(has_more: bool) -> Json {
    let mut columns = vec![
        json!({"name": "name", "type": "string"}),
        json!({"name": "parent", "type": "lookup", "targets": ["p"]}),
        json!({"name": "other", "type": "lookup", "targets": ["p"]}),
    ];
    if has_more {
        columns.push(json!({"name": "more", "type": "integer"}));
    }
    table("p", "organization", "name", Json::Array(columns))
}

/// What is on each device before and after each event.
pub struct Looks {
    pub all: Vec<(Option<Offset>, Timestamp, BTreeMap<RowId, Dataset>)>,
}

impl Looks {
    pub fn at(records: &[LogRecord], until: Cursor, now: Timestamp) -> Self {
        let mut state = State::default();
        let mut all = Vec::new();
        let look = |state: &State, at| {
            let of = |user| Obvious::new(state).dataset(&Caller::user(&state.catalog, user, at));
            USERS.iter().map(|user| (id(user), of(id(user)))).collect()
        };
        for record in records.iter().take(usize::try_from(until.count()).unwrap()) {
            let times = between(&state, state.at, record.at);
            all.extend(times.into_iter().map(|at| (None, at, look(&state, at))));
            fold(&mut state, record, Judging::InForce, records).unwrap();
            all.push((Some(record.offset), record.at, look(&state, record.at)));
        }
        let times = between(&state, state.at, now);
        all.extend(times.into_iter().map(|at| (None, at, look(&state, at))));
        Self { all }
    }

    fn turns(&self, user: RowId, key: &RowKey) -> Vec<Turn> {
        let mut turns: Vec<Turn> = Vec::new();
        for (offset, at, datasets) in &self.all {
            let included = datasets[&user].contains_key(key);
            if included != turns.last().is_some_and(|turn| turn.included) {
                turns.push(Turn { offset: *offset, at: *at, included });
            }
        }
        turns
    }
}

/// When the clock may change an answer: the hours between two times, the moments right after a value of
/// `w`, and the second time.
fn between(state: &State, from: Timestamp, to: Timestamp) -> BTreeSet<Timestamp> {
    const HOUR: i64 = 3_600_000_000;
    let hours = (from.0 / HOUR + 1..=to.0 / HOUR).map(|hour| hour * HOUR);
    let passed = state.rows("t").filter_map(|(_, row)| match row.values.get("w") {
        Some(Value::Timestamp(due)) => Some(due.0 + 1),
        _ => None,
    });
    let times = hours.chain(passed).filter(|at| (from.0 + 1..to.0).contains(at)).chain([to.0]);
    // Nobody was there before the first event.
    if from.0 == 0 { [to].into() } else { times.map(Timestamp).collect() }
}

#[test]
fn turns_are_those_of_a_look_after_every_event() {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..HISTORIES {
        let mut history = History::begin(seed);
        (0..STEPS).for_each(|_| history.step());
        let records = records(&history.environment);
        let head = history.environment.state().cursor;
        let some = Cursor::after(head.count() - history.dice.roll(20) as u64);
        for until in [head, some] {
            let now = Timestamp(records[until.count() as usize - 1].at.0 + 3_600_000_000);
            let looks = Looks::at(&records, until, now);
            for (user, key) in USERS.iter().flat_map(|user| keys().map(move |key| (user, key))) {
                let turns = history.environment.timeline(id(user), &key, (until, now)).unwrap().0;
                assert_eq!(turns, looks.turns(id(user), &key), "seed {seed}, {user}, {key:?}");
                let kind = |turn: &Turn| match turn.offset {
                    Some(offset) => records[offset.get() as usize - 1].inner.event.kind(),
                    None => "time_passed",
                };
                turns.iter().for_each(|turn| *kinds.entry(kind(turn)).or_default() += 1);
            }
        }
    }
    let causes: BTreeSet<&str> =
        kinds.iter().filter(|(_, times)| **times >= 2).map(|(kind, _)| *kind).collect();
    for kind in CAUSES {
        assert!(causes.contains(kind), "{kind}: {kinds:?}");
    }
}

const CAUSES: [&str; 12] = [
    "device_edited",
    "member_added",
    "member_removed",
    "profile_published",
    "profile_unpublished",
    "relationship_put",
    "role_put",
    "row_written",
    "settings_changed",
    "team_put",
    "time_passed",
    "user_put",
];

fn keys() -> impl Iterator<Item = RowKey> {
    ["t r1", "t r2", "t r3", "p p1", "p p2", "p p3", "p p4", "p p5", "t r9"].into_iter().map(
        |named| {
            let (table, row) = named.split_once(' ').unwrap();
            key(table, row)
        },
    )
}
