//! The engine's promises, on histories that nobody thought of.
//!
//! A history is online edits, device edits with any base, admin changes and switches of the policy,
//! in any order. It runs on the environment of the fixtures.

use std::collections::BTreeSet;

use haversack_core::{
    BaseVersion, Cursor, Offset, RowId,
    event::{DeviceEdit, Event, Operation, RowKey, Verdict},
    settings::Policy,
};
use haversack_engine::{
    EngineError, Environment,
    push::{Mutation, Outcome},
};
use haversack_replay::{Digest, Judging, State, diff, fold, row_at};
use haversack_store::LogRecord;
use proptest::{collection::vec, prelude::*, strategy::ValueTree};
use serde_json::{Map, Value as Json, json};

use crate::fixtures::{
    DEVICES, apply, base, device, environment, head, id, id_text, key, mutation, next_number,
    on_records, records, send,
};

const JUDGINGS: [Judging; 3] =
    [Judging::InForce, Judging::Under(Policy::ClientWins), Judging::Under(Policy::ServerWins)];

/// What a device says that it had seen.
#[derive(Clone, Copy, Debug)]
enum Base {
    None,
    /// The row as it is.
    Current,
    /// An offset from the first to beyond the last, in percent.
    Somewhere(u64),
}

#[derive(Clone, Debug)]
struct Edit {
    operation: Operation,
    table: &'static str,
    row: usize,
    base: Base,
    values: Map<String, Json>,
}

#[derive(Clone, Debug)]
enum Step {
    Admin(Json),
    Online {
        user: Option<&'static str>,
        edit: Edit,
    },
    Push {
        device: usize,
        edits: Vec<Edit>,
    },
    /// A device sends its last edits again.
    Again {
        device: usize,
        count: usize,
    },
}

/// An edit that was answered.
#[derive(Debug)]
struct Answered {
    device: RowId,
    sent: Mutation,
    outcome: Outcome,
}

const ROWS: [&str; 4] = ["r1", "r2", "r3", "r4"];

fn value() -> impl Strategy<Value = (String, Json)> {
    let owners = ["ann", "bob", "eve", "crew", "kim"].map(id_text).to_vec();
    let fits = prop_oneof![
        4 => (0..4).prop_map(|n| ("a", json!(format!("text {n}")))),
        3 => (0..4).prop_map(|n| ("b", json!(n))),
        1 => (1..3).prop_map(|n| ("c", json!(n))),
        1 => Just(("d", json!("12.50"))),
        1 => Just(("u", json!(id_text("p1")))),
        1 => Just(("a", Json::Null)),
        1 => Just(("modifiedon", json!("2020-01-01T00:00:00Z"))),
        1 => prop::sample::select(owners).prop_map(|owner| ("ownerid", json!(owner))),
    ];
    let misfits = prop::sample::select(vec![
        ("a", json!("longer than twelve characters")),
        ("b", json!("seven")),
        ("nosuch", json!(1)),
        ("ownerid", Json::Null),
        ("tid", json!(id_text("other"))),
    ]);
    prop_oneof![12 => fits, 1 => misfits].prop_map(|(column, json)| (column.to_owned(), json))
}

fn edit() -> impl Strategy<Value = Edit> {
    let operation = prop_oneof![
        2 => Just(Operation::Create),
        5 => Just(Operation::Update),
        2 => Just(Operation::Delete),
    ];
    let base = prop_oneof![
        2 => Just(Base::None),
        3 => Just(Base::Current),
        3 => (0..106u64).prop_map(Base::Somewhere),
    ];
    let table =
        prop_oneof![20 => Just("t"), 1 => Just("tp"), 1 => Just("team"), 1 => Just("nosuch")];
    (operation, table, 0..ROWS.len(), base, vec(value(), 0..3)).prop_map(
        |(operation, table, row, base, values)| {
            let values = if operation == Operation::Delete { Vec::new() } else { values };
            Edit { operation, table, row, base, values: values.into_iter().collect() }
        },
    )
}

fn admin() -> impl Strategy<Value = Json> {
    let depths = prop::sample::select(vec!["none", "user", "business_unit", "organization"]);
    prop_oneof![
        4 => any::<bool>().prop_map(|on| json!({"put": "settings", "conflict_detection": on})),
        2 => prop::sample::select(vec!["row", "column"])
            .prop_map(|by| json!({"put": "settings", "conflict_granularity": by})),
        2 => (depths.clone(), depths).prop_map(|(read, write)| json!({"put": "role", "name": "unit",
            "privileges": {"t": {"read": read, "write": write, "create": "user", "delete": write}}})),
        1 => prop::sample::subsequence(vec!["ann", "bob", "eve", "kim"], 0..4).prop_map(|members| {
            let members: Vec<String> = members.into_iter().map(id_text).collect();
            json!({"put": "team", "id": id_text("crew"), "name": "crew", "type": "owner",
                   "business_unit": id_text("west"), "members": members, "roles": ["own"]})
        }),
        1 => prop::sample::select(vec![
            json!({"unpublish": "field"}),
            json!({"publish": "field"}),
            json!({"member": {"profile": "field", "team": id_text("crew"), "op": "add", "move": true}}),
            json!({"member": {"profile": "field", "user": id_text("bob"), "op": "remove"}}),
        ]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let users = vec![None, Some("ann"), Some("bob"), Some("eve"), Some("nil")];
    prop_oneof![
        2 => admin().prop_map(Step::Admin),
        4 => (prop::sample::select(users), edit())
            .prop_map(|(user, edit)| Step::Online { user, edit }),
        8 => (0..DEVICES.len(), vec(edit(), 1..4))
            .prop_map(|(device, edits)| Step::Push { device, edits }),
        1 => (0..DEVICES.len(), 1..4usize)
            .prop_map(|(device, count)| Step::Again { device, count }),
    ]
}

fn history() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..32)
}

/// So many cases, or as many as `PROPTEST_CASES` says. A failure prints the history that shrank;
/// it goes into a case file.
fn few(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    let cases = asked.unwrap_or(cases);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Runs a history and returns every answer to an edit, those to edits sent again left out.
fn run(environment: &Environment, history: &[Step]) -> Vec<Answered> {
    apply(environment, vec![crate::fixtures::row("create", "p", "p1", json!({"name": "P1"}))]);
    let mut answered: Vec<Answered> = Vec::new();
    for step in history {
        match step {
            Step::Admin(change) => drop(send(environment, vec![change.clone()])),
            Step::Online { user, edit } => {
                let mut change = crate::fixtures::row(
                    edit.operation.name(),
                    edit.table,
                    ROWS[edit.row],
                    Json::Object(edit.values.clone()),
                );
                change["row"]["as"] = json!(user);
                send(environment, vec![change]);
            }
            Step::Push { device, edits } => push(environment, *device, edits, &mut answered),
            Step::Again { device: at, count } => {
                let (user, name) = DEVICES[*at];
                let device = device(environment, user, name);
                again(environment, device, *count, &answered);
            }
        }
    }
    answered
}

fn push(environment: &Environment, at: usize, edits: &[Edit], answered: &mut Vec<Answered>) {
    let (user, name) = DEVICES[at];
    let device = device(environment, user, name);
    let state = environment.state();
    let first = next_number(environment, device);
    let sent: Vec<Mutation> = (first..)
        .zip(edits)
        .map(|(number, edit)| {
            let key = key(edit.table, ROWS[edit.row]);
            let base = base_of(&state, &key, edit.base);
            mutation(number, edit.operation, &key, base, edit.values.clone())
        })
        .collect();
    let outcomes = environment.push(device, sent.clone()).expect("the push is taken").outcomes;
    assert_eq!(outcomes.len(), sent.len());
    answered.extend(sent.into_iter().zip(outcomes).map(|(sent, outcome)| Answered {
        device,
        sent,
        outcome,
    }));
}

fn base_of(state: &State, key: &RowKey, wanted: Base) -> BaseVersion {
    match wanted {
        Base::None => BaseVersion::NONE,
        Base::Current => {
            state.version(key).map_or(BaseVersion::NONE, |version| BaseVersion::seen(version.0))
        }
        Base::Somewhere(percent) => base(state.cursor.count() * percent / 100),
    }
}

/// Sent again, edits are answered with the first verdict and place, and nothing is logged.
fn again(environment: &Environment, device: RowId, count: usize, answered: &[Answered]) {
    let of_device: Vec<&Answered> = answered.iter().filter(|a| a.device == device).collect();
    let last = &of_device[of_device.len().saturating_sub(count)..];
    let before = head(environment);
    let sent = last.iter().map(|a| a.sent.clone()).collect();
    let outcomes = environment.push(device, sent).expect("duplicates are answered").outcomes;
    assert_eq!(head(environment), before);
    for (first, now) in last.iter().zip(outcomes) {
        assert!(now.duplicate);
        let (first, now) = (
            (first.outcome.number, first.outcome.verdict, first.outcome.offset),
            (now.number, now.verdict, now.offset),
        );
        assert_eq!(first, now);
    }
}

fn folded(records: &[LogRecord], judging: Judging, until: usize) -> State {
    let mut state = State::default();
    for record in &records[..until] {
        fold(&mut state, record, judging, records).expect("the log folds");
    }
    state
}

fn bytes(records: &[LogRecord]) -> Vec<u8> {
    bincode::encode_to_vec(records, bincode::config::standard()).expect("records can be encoded")
}

fn device_edits(records: &[LogRecord]) -> impl Iterator<Item = (Offset, &DeviceEdit)> {
    records.iter().filter_map(|record| match &record.inner.event {
        Event::DeviceEdited(edit) => Some((record.offset, edit)),
        _ => None,
    })
}

proptest! {
    #![proptest_config(few(128))]

    #[test]
    fn equal_logs_give_equal_digests_whatever_the_groups(
        history in history(),
        sizes in vec(1..9usize, 1..6),
    ) {
        let environment = environment();
        run(&environment, &history);
        let records = records(&environment);
        let grouped = haversack_store::MemoryLog::default();
        let mut rest = records.as_slice();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (group, after) = rest.split_at((*size).min(rest.len()));
            haversack_store::Log::append(&grouped, group).unwrap();
            rest = after;
        }
        let clock = std::sync::Arc::new(haversack_engine::FixedClock(crate::fixtures::NOW));
        let other = Environment::on(std::sync::Arc::new(grouped), clock).unwrap();
        prop_assert_eq!(Digest::of(&environment.state()), Digest::of(&other.state()));
    }

    #[test]
    fn replay_changes_no_byte_of_the_log(history in history()) {
        let environment = environment();
        run(&environment, &history);
        let before = bytes(&records(&environment));
        let shown = Digest::of(&environment.state());
        for judging in JUDGINGS {
            environment.fold_anew(judging, head(&environment)).expect("the log folds");
        }
        prop_assert!(before == bytes(&records(&environment)));
        prop_assert_eq!(shown, Digest::of(&environment.state()));
    }

    #[test]
    fn apply_is_total(history in history()) {
        let environment = environment();
        run(&environment, &history);
        let records = records(&environment);
        for judging in JUDGINGS {
            let state = folded(&records, judging, records.len());
            prop_assert_eq!(state.cursor, head(&environment));
        }
    }

    #[test]
    fn every_acknowledged_edit_is_in_the_log_once(history in history()) {
        let environment = environment();
        let answered = run(&environment, &history);
        let records = records(&environment);
        prop_assert_eq!(device_edits(&records).count(), answered.len());
        for Answered { device, sent, outcome } in &answered {
            let found: Vec<_> = device_edits(&records)
                .filter(|(_, edit)| edit.device == *device && edit.number == sent.number)
                .collect();
            prop_assert_eq!(found.len(), 1);
            let (offset, edit) = found[0];
            prop_assert_eq!((offset, edit.verdict), (outcome.offset, outcome.verdict));
            prop_assert_eq!((&edit.key.table, edit.key.id, edit.base), (&sent.table, sent.id, sent.base));
            prop_assert!(!outcome.duplicate);
        }
        for (user, name) in DEVICES {
            again(&environment, device(&environment, user, name), usize::MAX, &answered);
        }
    }

    #[test]
    fn replay_in_force_equals_the_state_and_its_verdicts(history in history()) {
        let environment = environment();
        let answered = run(&environment, &history);
        let replayed = environment.fold_anew(Judging::InForce, head(&environment)).unwrap();
        prop_assert_eq!(Digest::of(&replayed), Digest::of(&environment.state()));
        for Answered { sent, outcome, .. } in &answered {
            let key = RowKey { table: sent.table.clone(), id: sent.id };
            let touches = replayed.touches(&key);
            let touch = touches.newest_first().find(|touch| touch.offset == outcome.offset);
            prop_assert_eq!(touch.and_then(|touch| touch.verdict), Some(outcome.verdict));
        }
    }

    #[test]
    fn policies_differ_only_in_rows_that_conflict(history in history()) {
        let environment = environment();
        run(&environment, &history);
        let records = records(&environment);
        let client = folded(&records, JUDGINGS[1], records.len());
        let server = folded(&records, JUDGINGS[2], records.len());
        let conflicts: BTreeSet<RowKey> = client
            .conflicts
            .values()
            .chain(server.conflicts.values())
            .map(|conflict| conflict.key.clone())
            .collect();
        for difference in diff(&client, &server) {
            prop_assert!(conflicts.contains(&difference.key), "{:?}", difference);
            prop_assert!(difference.because.is_some(), "{:?}", difference);
        }
    }

    #[test]
    fn row_at_equals_the_fold(history in history()) {
        let environment = environment();
        run(&environment, &history);
        let records = records(&environment);
        for judging in JUDGINGS {
            let last = folded(&records, judging, records.len());
            let mut state = State::default();
            for record in &records {
                fold(&mut state, record, judging, &records[..]).expect("the log folds");
                for row in ROWS {
                    let key = key("t", row);
                    let then = row_at(&last, &key, record.offset, &records[..]).unwrap();
                    prop_assert_eq!(then, state.current(&key));
                }
            }
        }
    }

    #[test]
    fn a_replay_up_to_an_offset_is_the_state_of_that_time(history in history(), percent in 0..=100u64) {
        let environment = environment();
        run(&environment, &history);
        let records = records(&environment);
        let until = records.len() as u64 * percent / 100;
        let past = environment.fold(Judging::InForce, Cursor::after(until)).unwrap();
        let then = on_records(&records[..usize::try_from(until).unwrap()]);
        prop_assert_eq!(Digest::of(&past), Digest::of(&then.state()));
    }
}

/// Any JSON at all, with keys that mean something now and then.
fn any_json() -> impl Strategy<Value = Json> {
    let word = prop::sample::select(vec![
        "put",
        "row",
        "member",
        "publish",
        "unpublish",
        "table",
        "op",
        "id",
        "values",
        "as",
        "name",
        "settings",
        "role",
        "user",
        "team",
        "profile",
        "items",
        "create",
        "update",
        "delete",
        "t",
        "p",
        "bob",
        "field",
        "columns",
        "type",
        "string",
        "privileges",
        "begin",
        "commit",
        "filter",
        "criterion",
        "custom",
        "fetch t",
        "<fetch><entity name='t'/></fetch>",
        "add",
        "move",
        "users",
        "business_unit",
        "time_zone",
        "fiscal_year",
        "start",
        "02-30",
        "conflict_detection",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        word.clone().prop_map(Json::from),
        ".{0,8}".prop_map(Json::from),
        prop::sample::select(vec!["r1", "bob", "crew", "west"]).prop_map(|name| json!(id(name))),
    ];
    leaf.prop_recursive(4, 24, 6, move |inner| {
        let object = vec((word.clone(), inner.clone()), 0..6);
        prop_oneof![
            1 => vec(inner, 0..5).prop_map(Json::from),
            3 => object.prop_map(|entries| {
                Json::Object(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

/// A change that is right but for one thing anywhere in it, put in its place or taken out.
fn nearly_a_change() -> impl Strategy<Value = Json> {
    let changes = crate::fixtures::changes();
    (prop::sample::select(changes), any_json(), any::<prop::sample::Index>(), any::<bool>())
        .prop_map(|(mut change, other, at, replace)| {
            if let Some(object) = change.as_object_mut() {
                let keys: Vec<String> = object.keys().cloned().collect();
                let key = &keys[at.index(keys.len())];
                if replace {
                    object.insert(key.clone(), other);
                } else {
                    object.remove(key);
                }
            }
            change
        })
}

proptest! {
    #![proptest_config(few(128))]

    #[test]
    fn no_json_stops_the_committer(
        lines in vec(prop_oneof![any_json(), nearly_a_change()], 1..12),
        values in vec(any_json(), 1..4),
    ) {
        let environment = environment();
        let sent = lines.len();
        prop_assert_eq!(send(&environment, lines).len(), sent);
        let device = device(&environment, "bob", "phone");
        let edits = (1..).zip(values).map(|(number, values)| {
            let values = match values {
                Json::Object(values) => values,
                other => [("a".to_owned(), other)].into_iter().collect(),
            };
            mutation(number, Operation::Create, &key("t", "r1"), BaseVersion::NONE, values)
        });
        let outcomes = environment.push(device, edits.collect());
        let refused = matches!(outcomes, Err(EngineError::Closed));
        prop_assert!(!refused, "the committer is gone");
        let again = environment.fold_anew(Judging::InForce, head(&environment)).unwrap();
        prop_assert_eq!(Digest::of(&again), Digest::of(&environment.state()));
    }
}

#[test]
fn a_history_conflicts_and_refuses() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..32 {
        let history = history().new_tree(&mut runner).unwrap().current();
        for answered in run(&environment(), &history) {
            seen.insert(match answered.outcome.verdict {
                Verdict::Refused(refusal) => refusal.code(),
                Verdict::Conflict { .. } => {
                    if answered.outcome.verdict.winner()
                        == Some(haversack_core::event::Side::Client)
                    {
                        "client"
                    } else {
                        "server"
                    }
                }
                Verdict::Applied => "applied",
            });
        }
    }
    // The generator reaches what the properties are about.
    for expected in [
        "applied",
        "client",
        "server",
        "read_only",
        "unknown_table",
        "unknown_column",
        "bad_value",
        "too_long",
        "required",
        "unknown_base",
        "unknown_row",
        "no_privilege",
    ] {
        assert!(seen.contains(expected), "no {expected} in {seen:?}");
    }
}
