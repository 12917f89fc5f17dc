//! What an app does with a device while offline.

use haversack_core::Name;
use haversack_device::{Ask, Device, DeviceError};
use serde_json::{Map, Value as Json, json};

use crate::server::{Link, Place, Server, id, object, row, shown, sync, sync_as};

fn device() -> (Server, Link, Device) {
    let server = Server::new();
    let link = server.link("bob");
    let device = Place::default().device("phone", &link);
    sync(&device, &link).unwrap();
    (server, link, device)
}

fn names(device: &Device, text: &str) -> Vec<String> {
    let answered = device.query(text, None, &[]).unwrap();
    let name = |answer: &haversack_dataset::Answer| match &answer.values[0].1 {
        haversack_core::Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    answered.answers.rows.iter().map(name).collect()
}

const ALL: &str = "fetch task { columns name order name }";

fn code(result: Result<impl std::fmt::Debug, DeviceError>) -> &'static str {
    match result.unwrap_err() {
        DeviceError::Refused { code, .. } => code,
        other => panic!("{other}"),
    }
}

fn values(json: Json) -> Map<String, Json> {
    object(json)
}

#[test]
fn rows_come_with_the_first_sync_and_queries_run_over_them() {
    let (server, _, device) = device();
    assert_eq!(shown(&device), server.belongs("bob"));
    assert_eq!(names(&device, ALL), ["One", "Two"]);
    let joined = "fetch task { columns name filter { hours gt 1 } \
                  link inner product as p on productid = productid { columns name } }";
    assert_eq!(names(&device, joined), ["One"]);
    let fetchxml = "<fetch><entity name='task'><attribute name='name'/><filter>\
                    <condition attribute='ownerid' operator='eq-userid'/></filter></entity></fetch>";
    assert_eq!(names(&device, fetchxml), ["One"]);
    assert!(matches!(device.query("fetch tusk {}", None, &[]), Err(DeviceError::Query(_))));
    assert!(matches!(device.query("fetch secret {}", None, &[]), Err(DeviceError::Query(_))));
}

#[test]
fn the_first_download_can_wait() {
    let server = Server::new();
    let link = server.link("bob");
    let device = Place::default().device("phone", &link);
    assert!(!device.status().is_available);
    assert_eq!(code(device.query(ALL, None, &[])), "not_available");
    assert_eq!(code(device.create("task", None, values(json!({"name": "A"})))), "not_available");
    let tables = Some(vec![Name::known("product")]);
    sync_as(&device, &link, Ask { tables, ..Ask::default() }).unwrap();
    let is_available = |device: &Device| {
        let tables = device.status().tables.into_iter();
        tables.map(|table| (table.table.to_string(), table.is_available)).collect::<Vec<_>>()
    };
    let expected = [("product".to_owned(), true), ("task".to_owned(), false)];
    assert_eq!(is_available(&device), expected);
    assert_eq!(code(device.query(ALL, None, &[])), "not_available");
    sync(&device, &link).unwrap();
    assert_eq!(shown(&device), server.belongs("bob"));
}

#[test]
fn edits_lie_over_rows_until_the_rows_have_them() {
    let (server, link, device) = device();
    let (new, key) = device
        .create("task", None, values(json!({"name": "New", "productid": id("nut")})))
        .unwrap();
    device.update("task", id("one"), values(json!({"name": "Uno"}))).unwrap();
    device.update("task", new, values(json!({"hours": 2}))).unwrap();
    assert_eq!(names(&device, ALL), ["New", "Two", "Uno"]);
    let row = device.read("task", new).unwrap().unwrap();
    assert_eq!(row["ownerid"], json!({"table": "systemuser", "id": id("bob")}));
    assert_eq!(row["owningbusinessunit"], json!(id("west")));
    device.delete("task", id("one")).unwrap();
    assert_eq!(names(&device, ALL), ["New", "Two"]);
    assert_eq!((device.status().unsent, key), (4, 1));

    // Sent and judged, and the pull broke off: nothing flickers.
    link.faults.lock().unwrap().cuts = vec![10, 10, 10];
    assert!(matches!(sync(&device, &link), Err(DeviceError::Broken(3))));
    assert_eq!(device.status().unsent, 0);
    assert_eq!(names(&device, ALL), ["New", "Two"]);
    sync(&device, &link).unwrap();
    assert_eq!(names(&device, ALL), ["New", "Two"]);
    assert_eq!(shown(&device), server.belongs("bob"));
    assert_eq!(device.edits(), []);
    assert_eq!(
        server.environment().state().devices[&device.status().device.unwrap()].edits.len(),
        4
    );
}

#[test]
fn what_is_not_possible_is_refused_at_once() {
    let (_, _, device) = device();
    let update = |table: &str, row: &str, json: Json| device.update(table, id(row), values(json));
    assert_eq!(code(update("tusk", "one", json!({}))), "unknown_table");
    assert_eq!(code(update("secret", "one", json!({}))), "unknown_table");
    assert_eq!(code(update("systemuser", "bob", json!({}))), "read_only");
    assert_eq!(code(update("task", "one", json!({"nome": "x"}))), "unknown_column");
    assert_eq!(code(update("task", "one", json!({"hours": "many"}))), "bad_value");
    assert_eq!(code(update("task", "one", json!({"name": "longer than twelve"}))), "too_long");
    assert_eq!(code(update("task", "one", json!({"name": null}))), "required");
    assert_eq!(code(update("task", "far", json!({"name": "x"}))), "unknown_row");
    assert_eq!(code(update("product", "nut", json!({"name": "x"}))), "no_privilege");
    assert_eq!(code(device.create("task", None, values(json!({"hours": 1})))), "required");
    let create = |row: &str, json: Json| device.create("task", Some(id(row)), values(json));
    assert_eq!(code(create("one", json!({"name": "x"}))), "row_exists");
    assert_eq!(code(create("new", json!({"name": "x", "ownerid": id("ann")}))), "no_privilege");
    assert_eq!(code(device.delete("task", id("two"))), "no_privilege");
    device.delete("task", id("one")).unwrap();
    assert_eq!(code(device.delete("task", id("one"))), "unknown_row");
    assert_eq!(device.status().unsent, 1);
}

#[test]
fn lost_edits_are_told_until_they_are_acknowledged_and_can_be_tried_again() {
    let (server, link, device) = device();
    server.apply(vec![json!({"put": "settings", "conflict_detection": true})]);
    let key = device.update("task", id("one"), values(json!({"name": "Mine"}))).unwrap();
    server.apply(vec![row("update", "task", "one", json!({"name": "Theirs"}))]);
    let done = sync(&device, &link).unwrap();
    assert_eq!((done.problems, device.status().problems), (1, 1));
    assert_eq!(names(&device, ALL), ["Theirs", "Two"]);
    let problem = &device.problems()[0];
    let outcome = problem.outcome.as_ref().unwrap();
    assert_eq!((problem.key, outcome.winner.as_deref()), (key, Some("server")));
    assert_eq!(outcome.server.as_ref().unwrap()["name"], json!("Theirs"));
    // It stays, whatever is synced, with what was asked for.
    sync(&device, &link).unwrap();
    assert_eq!(device.problems()[0].values, values(json!({"name": "Mine"})));
    let again = device.retry(key).unwrap();
    assert_eq!(names(&device, ALL), ["Mine", "Two"]);
    assert!(device.problems().is_empty());
    sync(&device, &link).unwrap();
    assert_eq!((names(&device, ALL), device.edits()), (vec!["Mine".into(), "Two".into()], vec![]));
    assert!(again > key);
    assert!(device.acknowledge(key).is_err());
}

#[test]
fn an_edit_that_was_not_sent_can_be_taken_back_and_one_that_may_have_been_judged_not() {
    let (server, link, device) = device();
    let (new, first) = device.create("task", None, values(json!({"name": "A"}))).unwrap();
    let other = device.update("task", id("one"), values(json!({"name": "Uno"}))).unwrap();
    device.update("task", new, values(json!({"name": "B"}))).unwrap();
    device.discard(first).unwrap();
    assert_eq!(names(&device, ALL), ["Two", "Uno"]);
    let edits = device.edits();
    assert_eq!((edits.len(), edits[0].key, edits[0].number.get()), (1, other, 1));
    link.faults.lock().unwrap().lost_answers = 1;
    assert!(sync(&device, &link).unwrap_err().is_passing());
    assert!(matches!(device.discard(other), Err(DeviceError::Outbox(_))));
    sync(&device, &link).unwrap();
    assert_eq!(shown(&device), server.belongs("bob"));
    assert_eq!(device.edits(), []);
}

#[test]
fn offline_nothing_travels_and_signing_out_loses_nothing_unless_forced() {
    let (server, link, device) = device();
    device.work_offline(true).unwrap();
    device.update("task", id("one"), values(json!({"name": "Uno"}))).unwrap();
    let before = server.environment().state().cursor;
    assert!(matches!(sync(&device, &link), Err(DeviceError::WorksOffline)));
    assert_eq!(server.environment().state().cursor, before);
    assert!(matches!(device.clone().sign_out(false), Err(DeviceError::Unsent(1))));
    device.work_offline(false).unwrap();
    sync(&device, &link).unwrap();
    device.sign_out(false).unwrap();
}

#[test]
fn a_watch_can_let_a_sync_be_and_the_next_one_goes_on() {
    let (server, link, device) = device();
    let many = (0..2_500).map(|n| {
        row("create", "task", &format!("t{n}"), json!({"name": "T", "ownerid": id("bob")}))
    });
    server.apply(many.collect());
    let mut last = 0;
    let result = device.sync(&link, Ask::default(), &mut |progress| {
        last = progress.rows;
        std::ops::ControlFlow::Break(())
    });
    assert!(matches!(result, Err(DeviceError::Cancelled)));
    assert_eq!(last, 1_000);
    assert!(device.status().is_under_way);
    assert_eq!(names(&device, ALL), ["One", "Two"]);
    let brought = link.faults.lock().unwrap().brought;
    let done = sync(&device, &link).unwrap();
    assert_eq!((done.put, done.streams), (1_500, 1));
    assert!(link.faults.lock().unwrap().brought.0 - brought.0 < brought.0);
    assert_eq!(shown(&device), server.belongs("bob"));
    let ask = Ask { is_full: true, max_rows: Some(700), ..Ask::default() };
    assert_eq!(sync_as(&device, &link, ask).unwrap().streams, 4);
    assert_eq!(shown(&device), server.belongs("bob"));
}
