//! Rows, one by one.

use serde_json::json;

use crate::{
    client::{Answer, request},
    world::{World, id},
};

fn path(row: &str) -> String {
    format!("/v1/rows/t/{}", id(row))
}

#[test]
fn rows_are_made_read_changed_and_deleted() {
    let world = World::new();
    let made = world.post("/v1/rows/t", &world.ann, &json!({"name": "one", "amount": 1}));
    assert_eq!(made.status, 201);
    let (row, version) = (made.json()["id"].clone(), made.json()["version"].clone());
    assert_eq!(row.as_str().unwrap().as_bytes()[14], b'4', "a random id: {row}");
    let path = format!("/v1/rows/t/{}", row.as_str().unwrap());
    let read = world.get(&path, &world.ann).ok();
    assert_eq!(read.headers["etag"], format!("\"{version}\""));
    let found = read.json();
    assert_eq!((&found["name"], &found["amount"]), (&json!("one"), &json!(1)));
    assert_eq!((&found["id"], &found["tid"], &found["version"]), (&row, &row, &version));
    assert_eq!(found["ownerid"], json!({"table": "systemuser", "id": id("ann")}));
    let patch = request("PATCH", &path, &world.ann).json(&json!({"amount": null, "note": "n"}));
    let next = world.send(&patch).ok().json()["version"].clone();
    assert!(next.as_u64() > version.as_u64());
    let found = world.get(&path, &world.ann).json();
    assert_eq!((found.get("amount"), &found["note"]), (None, &json!("n")));
    // A patch that changes nothing makes no version.
    let again = world.send(&request("PATCH", &path, &world.ann).json(&json!({"note": "n"})));
    assert_eq!(again.ok().json()["version"], next);
    let deleted = world.send(&request("DELETE", &path, &world.ann)).ok().json();
    assert!(deleted["version"].as_u64() > next.as_u64());
    assert_eq!(world.get(&path, &world.ann).code(), "unknown_row");
}

#[test]
fn whoever_names_a_version_writes_no_later_one() {
    let world = World::new();
    let first = world.row(&world.ann, "r", json!({"amount": 1}));
    let path = path("r");
    let edit = |method, version: String, amount: i64| {
        let request = request(method, &path, &world.ann).header("if-match", version);
        match method {
            "PATCH" => world.send(&request.json(&json!({"amount": amount}))),
            _ => world.send(&request),
        }
    };
    let second = edit("PATCH", format!("\"{first}\""), 2).ok().json()["version"].clone();
    for method in ["PATCH", "DELETE"] {
        let stale = edit(method, format!("\"{first}\""), 3);
        assert_eq!((stale.status, stale.code().as_str()), (412, "stale_version"));
    }
    assert_eq!(world.get(&path, &world.ann).json()["amount"], 2);
    assert_eq!(edit("PATCH", "W/\"1\"".into(), 3).code(), "bad_request");
    edit("PATCH", "*".into(), 4).ok();
    assert_eq!(edit("DELETE", format!("\"{second}\""), 0).code(), "stale_version");
}

/// Two writers who have read the same version: one of them is told.
#[test]
fn of_many_who_name_one_version_one_writes() {
    let world = World::new();
    let version = world.row(&world.ann, "r", json!({"amount": 0}));
    let path = path("r");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let writer = |amount: i64| {
            let (path, world) = (&path, &world);
            scope.spawn(move || {
                let patch = request("PATCH", path, &world.ann)
                    .header("if-match", format!("\"{version}\""))
                    .json(&json!({"amount": amount}));
                world.send(&patch).status
            })
        };
        let writers: Vec<_> = (1..=8).map(writer).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 7, "{statuses:?}");
}

/// Everything of an answer but the row's id and when it was given.
fn blurred(answer: Answer, row: &str) -> (u16, Vec<(String, String)>, String) {
    let hidden = |text: String| text.replace(&id(row).to_string(), "ID");
    let headers = answer.headers.into_iter().filter(|(name, _)| name != "date");
    let body = String::from_utf8(answer.body).unwrap();
    (answer.status, headers.map(|(name, value)| (name, hidden(value))).collect(), hidden(body))
}

#[test]
fn a_row_that_may_not_be_read_answers_as_one_that_is_not_there() {
    let world = World::new();
    world.row(&world.ann, "anns", json!({"amount": 1}));
    let bodies = [
        ("GET", json!(null)),
        ("PATCH", json!({"amount": 2})),
        ("PATCH", json!({"nothing": 2})),
        ("PATCH", json!({"amount": "many"})),
        ("DELETE", json!(null)),
    ];
    for (method, body) in bodies {
        for version in [None, Some("\"3\"")] {
            let answer = |row: &str| {
                let path = path(row);
                let mut request = request(method, &path, &world.bob).header("x-request-id", "same");
                if let Some(version) = version {
                    request = request.header("if-match", version);
                }
                let body = if body.is_null() { String::new() } else { body.to_string() };
                blurred(world.send(&request.body(body)), row)
            };
            assert_eq!(answer("anns"), answer("nones"), "{method} {body} {version:?}");
        }
        let explained = |row: &str| {
            let path = format!("/v1/explain?table=t&id={}", id(row));
            let request = request("GET", &path, &world.bob).header("x-request-id", "same");
            blurred(world.send(&request), row)
        };
        assert_eq!(explained("anns"), explained("nones"));
        assert_eq!(explained("anns").0, 200);
    }
}

#[test]
fn refusals_have_their_statuses_and_codes() {
    let world = World::new();
    world.row(&world.ann, "r", json!({}));
    let kim = world.post("/v1/admin/tokens", &world.admin, &json!({"user": "kim"})).ok().json();
    let kim = kim["token"].as_str().unwrap();
    let r = path("r");
    for (method, path, token, body, status, code) in [
        ("POST", "/v1/rows/t", &*world.ann, json!({"id": id("r"), "name": "x"}), 409, "row_exists"),
        (
            "POST",
            "/v1/rows/t",
            &world.bob,
            json!({"id": id("r"), "name": "x"}),
            403,
            "no_privilege",
        ),
        ("POST", "/v1/rows/t", &world.ann, json!({"amount": 1}), 400, "required"),
        ("POST", "/v1/rows/t", &world.ann, json!({"name": "x".repeat(101)}), 400, "too_long"),
        ("POST", "/v1/rows/t", &world.ann, json!({"name": "x", "no": 1}), 400, "unknown_column"),
        ("POST", "/v1/rows/t", &world.ann, json!({"name": 1}), 400, "bad_value"),
        ("POST", "/v1/rows/t", &world.ann, json!({"name": "x", "id": 1}), 400, "bad_value"),
        ("POST", "/v1/rows/t", &world.ann, json!([1]), 400, "bad_request"),
        ("POST", "/v1/rows/u", &world.ann, json!({"name": "x"}), 404, "unknown_table"),
        ("POST", "/v1/rows/systemuser", &world.admin, json!({}), 400, "read_only"),
        ("GET", "/v1/rows/t/none", &world.ann, json!({}), 400, "bad_request"),
        ("PATCH", &r, kim, json!({"amount": 1}), 403, "no_privilege"),
        ("DELETE", &r, kim, json!({}), 403, "no_privilege"),
        ("PATCH", &path("no"), &world.ann, json!({"amount": 1}), 404, "unknown_row"),
        ("DELETE", &path("no"), &world.admin, json!({}), 404, "unknown_row"),
    ] {
        let events = world.environment.state().cursor;
        let answer = world.send(&request(method, path, token).json(&body));
        let cell = format!("{method} {path} {body}: {answer:?}");
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{cell}");
        assert_eq!(world.environment.state().cursor, events, "{cell}");
    }
}
