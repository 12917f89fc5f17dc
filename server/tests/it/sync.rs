//! Devices over real HTTP: pulls, pushes, pokes.

use std::{collections::BTreeSet, io::Read};

use serde_json::{Value, json};

use crate::{
    client::{request, unchunked},
    world::{World, apply, id},
};

fn cursor(lines: &[Value]) -> Value {
    assert_eq!(lines.last().unwrap()["t"], "complete", "{lines:?}");
    lines.last().unwrap()["cursor"].clone()
}

fn of_kind<'l>(lines: &'l [Value], kind: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["t"] == kind).collect()
}

#[test]
fn a_device_pulls_pushes_and_pulls_what_came_of_it() {
    let world = World::new();
    let version = world.row(&world.ann, "r", json!({"amount": 1}));
    let device = world.register(&world.ann, "phone");
    assert_eq!(world.register(&world.ann, "phone"), device);
    let first = world.pull(&world.ann, &device, &json!(null));
    assert_eq!(
        (first[0]["t"].as_str(), first[0]["mode"].as_str()),
        (Some("checkpoint"), Some("full"))
    );
    let puts = of_kind(&first, "put");
    assert_eq!((puts.len(), &puts[0]["row"]["name"]), (1, &json!("r")));
    let edits = json!([
        {"n": 1, "op": "update", "table": "t", "id": id("r"), "base": version, "values": {"amount": 2}},
        {"n": 2, "op": "create", "table": "t", "id": id("s"), "base": null, "values": {"name": "s"}},
        {"n": 3, "op": "update", "table": "t", "id": id("no"), "base": 1, "values": {"amount": 2}},
    ]);
    let pushed = world.push(&world.ann, &device, edits.clone()).ok().json();
    let of = |key: &str| -> Vec<Value> {
        pushed["outcomes"].as_array().unwrap().iter().map(|o| o[key].clone()).collect()
    };
    assert_eq!(of("outcome"), ["applied", "applied", "refused"]);
    assert_eq!(of("code")[2], "unknown_row");
    let again = world.push(&world.ann, &device, edits).ok().json();
    assert!(again["outcomes"].as_array().unwrap().iter().all(|o| o["outcome"] == "duplicate"));
    let next = world.pull(&world.ann, &device, &cursor(&first));
    assert_eq!(next[0]["last_mutation"], 3);
    assert_eq!(of_kind(&next, "put").len(), 2);
    let nothing = world.pull(&world.ann, &device, &cursor(&next));
    assert!(of_kind(&nothing, "put").is_empty() && of_kind(&nothing, "del").is_empty());
}

/// Rows of a table that had other columns: one that comes before all others came last, one went. Their
/// owners' units differ, and their ids end alike.
#[test]
fn rows_that_come_look_as_they_do_one_by_one() {
    let world = World::new();
    for (at, name) in ["r1", "r2", "r3", "r4"].into_iter().enumerate() {
        world.row(&world.ann, name, json!({"amount": at, "note": format!("\"{at}\"")}));
    }
    let unit =
        json!({"put": "business_unit", "id": id("unit"), "name": "unit", "parent": id("root")});
    let bob = json!({"put": "user", "id": id("bob"), "name": "bob", "business_unit": id("unit"),
        "roles": ["own"]});
    let table = json!({"put": "table", "name": "t", "display_name": "T", "ownership": "user_or_team",
        "primary_key": "tid", "primary_name": "name", "can_be_taken_offline": true,
        "columns": [{"name": "name", "type": "string", "required": true, "max_length": 100},
            {"name": "aaa", "type": "decimal"}, {"name": "note", "type": "memo"}]});
    apply(&world.environment, vec![unit, bob, table]);
    world.row(&world.bob, "r5", json!({"aaa": 1.5, "note": "of bob"}));
    let path = format!("/v1/rows/t/{}", id("r2"));
    world.send(&request("PATCH", &path, &world.ann).json(&json!({"aaa": -2, "note": null}))).ok();
    let device = world.register(&world.ann, "phone");
    let all = world.pull(&world.ann, &device, &json!(null));
    let puts = of_kind(&all, "put");
    assert_eq!(puts.len(), 5);
    for put in puts {
        let path = format!("/v1/rows/t/{}", put["id"].as_str().unwrap());
        let mut row = put["row"].clone();
        (row["id"], row["version"]) = (put["id"].clone(), put["v"].clone());
        assert_eq!(row, world.get(&path, &world.ann).ok().json());
        let of = if put["row"]["name"] == "r5" { "unit" } else { "root" };
        assert_eq!(put["row"]["owningbusinessunit"], json!(id(of)));
        assert!(put["row"].get("amount").is_none());
    }
}

#[test]
fn gaps_and_numbers_used_twice_are_conflicts_and_nothing_is_taken() {
    let world = World::new();
    let device = world.register(&world.ann, "phone");
    let create = |n: u64, row: &str| json!({"n": n, "op": "create", "table": "t", "id": id(row), "values": {"name": row}});
    world.push(&world.ann, &device, json!([create(1, "a")])).ok();
    for (mutations, code) in [
        (json!([create(2, "b"), create(4, "d")]), "mutation_gap"),
        (json!([create(3, "c")]), "mutation_gap"),
        (json!([create(1, "other")]), "mutation_reused"),
    ] {
        let events = world.environment.state().cursor;
        let answer = world.push(&world.ann, &device, mutations);
        assert_eq!((answer.status, answer.code().as_str()), (409, code));
        let expected = if code == "mutation_gap" && answer.json()["expected"] == 3 { 3 } else { 2 };
        assert_eq!(answer.json()["expected"], expected);
        assert_eq!(world.environment.state().cursor, events);
    }
    let many = (2..=10_002).map(|n| create(n, "x")).collect::<Value>();
    let answer = world.push(&world.ann, &device, many);
    assert_eq!((answer.status, answer.code().as_str()), (400, "too_many_mutations"));
}

/// So many rows that a stream has many pieces.
fn fill(world: &World, rows: u32) {
    let row = |at: u32| {
        let values = json!({"name": format!("row {at}"), "note": "x".repeat(400)});
        json!({"row": {"table": "t", "op": "create", "id": id(&format!("r{at}")), "values": values}})
    };
    apply(&world.environment, (0..rows).map(row).collect());
}

#[test]
fn a_pull_that_is_cut_off_goes_on_behind_its_last_progress() {
    const ROWS: u32 = 6_000;
    let world = World::new();
    fill(&world, ROWS);
    let device = world.register(&world.ann, "phone");
    let ask = json!({"device_id": device});
    let (head, mut stream) =
        request("POST", "/v1/sync/pull", &world.ann).json(&ask).open(world.address);
    assert_eq!(head.status, 200);
    let mut part = vec![0; 1 << 20];
    stream.read_exact(&mut part).unwrap();
    drop(stream);
    let text = unchunked(&part);
    let whole = text.iter().rposition(|byte| *byte == b'\n').unwrap();
    let lines: Vec<Value> = text[..whole]
        .split(|byte| *byte == b'\n')
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let kept =
        lines.iter().rposition(|line| line["t"] == "progress").expect("pieces have progress");
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut take = |lines: &[Value]| {
        for put in of_kind(lines, "put") {
            assert!(seen.insert(put["id"].to_string()), "sent twice: {put}");
        }
    };
    take(&lines[..kept]);
    let rest = world.pull(&world.ann, &device, &lines[kept]["cursor"]);
    take(&rest);
    assert_eq!(seen.len(), ROWS as usize);
    assert_eq!(rest.last().unwrap()["tables"]["t"]["rows"], ROWS);
}

/// A stream of more than sockets hold, of which the beginning was read when something happens; its rest.
fn rest_after(happens: impl FnOnce(&World)) -> (World, String, Vec<Value>) {
    const ROWS: u32 = 24_000;
    let world = World::new();
    fill(&world, ROWS);
    let device = world.register(&world.ann, "phone");
    let ask = json!({"device_id": device});
    let (_, mut stream) =
        request("POST", "/v1/sync/pull", &world.ann).json(&ask).open(world.address);
    let mut all = vec![0; 1 << 20];
    stream.read_exact(&mut all).unwrap();
    happens(&world);
    stream.read_to_end(&mut all).unwrap();
    let text = unchunked(&all);
    let lines: Vec<Value> = std::str::from_utf8(&text)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let puts = of_kind(&lines, "put").len();
    assert!(puts < ROWS as usize, "all {puts} rows were in the sockets; make more of them");
    (world, device, lines)
}

#[test]
fn a_stream_ends_where_what_it_brings_may_not_be_read_any_more() {
    let nothing = json!({"put": "user", "id": id("ann"), "name": "ann", "business_unit": id("root"),
        "roles": []});
    let (world, device, lines) = rest_after(|world| apply(&world.environment, vec![nothing]));
    let end = lines.last().unwrap();
    assert_eq!((&end["t"], &end["code"]), (&json!("error"), &json!("revoked")));
    // What came before its last progress is told to go.
    let kept = lines.iter().rposition(|line| line["t"] == "progress").unwrap();
    let held = of_kind(&lines[..kept], "put").len();
    let next = world.pull(&world.ann, &device, &lines[kept]["cursor"]);
    let dels = of_kind(&next, "del");
    assert_eq!((dels.len(), of_kind(&next, "put").len()), (held, 0));
    assert!(dels.iter().all(|del| del["why"] == "revoked"));
}

#[test]
fn a_stream_ends_when_its_token_is_revoked() {
    let (_, _, lines) = rest_after(|world| {
        let tokens = &world.environment.state().catalog.tokens;
        let anns = tokens.values().find(|token| token.holder.user() == Some(id("ann"))).unwrap();
        assert!(world.environment.revoke_token(anns.id).unwrap());
    });
    let end = lines.last().unwrap();
    assert_eq!((&end["t"], &end["code"]), (&json!("error"), &json!("revoked")));
}

#[test]
fn cursors_that_are_none_or_of_a_longer_log_are_told() {
    let world = World::new();
    let device = world.register(&world.ann, "phone");
    let other = world.register(&world.bob, "phone");
    let at = cursor(&world.pull(&world.bob, &other, &json!(null)));
    for bad in [json!("none"), at] {
        let ask = json!({"device_id": device, "cursor": bad});
        let answer = world.post("/v1/sync/pull", &world.ann, &ask);
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad_cursor"));
    }
    for (ask, code) in [
        (json!({"device_id": device, "max_rows": 0}), "bad_request"),
        (json!({"device_id": device, "tables": ["no"]}), "unknown_table"),
        (json!({"device_id": id("no")}), "unknown_device"),
    ] {
        assert_eq!(world.post("/v1/sync/pull", &world.ann, &ask).code(), code);
    }
}
