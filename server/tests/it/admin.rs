//! What the administrator does and sees.

use serde_json::{Value, json};

use crate::{
    client::request,
    world::{World, id},
};

fn changes(world: &World, lines: &str) -> crate::client::Answer {
    world.send(&request("POST", "/v1/admin/changes", &world.admin).body(lines))
}

#[test]
fn changes_are_answered_line_by_line() {
    let world = World::new();
    let create = |name: &str| json!({"row": {"table": "t", "op": "create", "id": id(name), "values": {"name": name}}});
    let lines = [
        create("a"),
        json!({"row": {"table": "t", "op": "update", "id": id("a"), "values": {"amount": "x"}}}),
        json!({"begin": true}),
        create("b"),
        json!({"publish": "none"}),
        json!({"commit": true}),
        json!({"publish": "P"}),
        json!({"row": {"table": "t", "op": "update", "id": id("a"), "values": {"amount": 1}, "if_version": 1}}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n\n")).collect();
    let answers = changes(&world, &text).ok().lines();
    let of = |key: &str| -> Vec<Value> { answers.iter().map(|line| line[key].clone()).collect() };
    assert_eq!(
        of("outcome"),
        ["applied", "refused", "refused", "refused", "refused", "refused", "unchanged", "refused"]
    );
    assert_eq!(of("line"), [1, 3, 5, 7, 9, 11, 13, 15]);
    assert_eq!(of("code")[1], "bad_value");
    assert_eq!(
        of("code")[2..6],
        ["step_refused", "step_refused", "unknown_profile", "step_refused"]
    );
    assert_eq!(of("code")[7], "stale_version");
    assert_eq!(world.get(&format!("/v1/rows/t/{}", id("b")), &world.admin).status, 404);
}

#[test]
fn a_line_that_is_no_change_keeps_all_from_being_applied() {
    let world = World::new();
    let row =
        json!({"row": {"table": "t", "op": "create", "id": id("a"), "values": {"name": "a"}}});
    for bad in ["{", "[]", "{\"paint\": \"red\"}", "{\"put\": \"colour\"}"] {
        let events = world.environment.state().cursor;
        let answer = changes(&world, &format!("{row}\n{bad}\n"));
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad_line"), "{bad}");
        assert_eq!(answer.json()["line"], 2);
        assert_eq!(world.environment.state().cursor, events);
    }
    // Files of the server's are nobody's to name.
    let item = json!({"table": "t", "criterion": "custom", "filter": "/etc/passwd"});
    let profile = json!({"put": "profile", "name": "Q", "items": [item]});
    let refused = changes(&world, &profile.to_string()).ok().lines();
    assert_eq!(
        (&refused[0]["outcome"], &refused[0]["code"]),
        (&json!("refused"), &json!("bad_filter"))
    );
}

#[test]
fn the_log_is_read_in_pages_and_holds_no_token() {
    let world = World::new();
    world.row(&world.ann, "r", json!({"amount": 1}));
    let phone = world.register(&world.ann, "phone");
    world.conflict(&phone, 1, "torn");
    let end = world.environment.state().cursor.count();
    let page = |after: u64, limit: u64| {
        world.get(&format!("/v1/events?after={after}&limit={limit}"), &world.admin).ok().lines()
    };
    let all = page(0, 1_000);
    assert_eq!(all.len() as u64, end);
    let mut paged = Vec::new();
    while let Some(last) = Some(page(paged.len() as u64, 3)).filter(|lines| !lines.is_empty()) {
        paged.extend(last);
    }
    assert_eq!(paged, all);
    assert!(page(end, 10).is_empty() && page(u64::MAX, 10).is_empty());
    let kinds: Vec<&str> = all.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds[0], "environment_created");
    let write = all.iter().find(|line| line["id"] == json!(id("r"))).unwrap();
    assert_eq!(
        (&write["op"], &write["table"], &write["actor"]),
        (&json!("create"), &json!("t"), &json!("ann"))
    );
    assert_eq!(write["values"]["amount"], 1);
    let edit = all.iter().find(|line| line["kind"] == "device_edited").unwrap();
    assert_eq!((&edit["actor"], &edit["winner"]), (&json!("ann (phone)"), &json!("client")));
    let issued = all.iter().find(|line| line["kind"] == "token_issued").unwrap();
    assert_eq!(issued["token"].get("hash"), None, "{issued}");
    assert!(issued["token"].get("id").is_some());
}

#[test]
fn devices_and_tokens_are_listed_and_no_secret_is() {
    let world = World::new();
    world.register(&world.ann, "phone");
    let devices = world.get("/v1/admin/devices", &world.admin).ok().lines();
    assert_eq!((&devices[0]["user"], &devices[0]["device"]), (&json!("ann"), &json!("phone")));
    let tokens = world.get("/v1/admin/tokens", &world.admin).ok();
    let text = String::from_utf8(tokens.body.clone()).unwrap();
    assert!(!text.contains(&world.ann) && !text.contains("hash"), "{text}");
    assert_eq!(tokens.lines().len(), 3);
    for (body, code) in [
        (json!({}), "bad_request"),
        (json!({"user": "ann", "admin": true}), "bad_request"),
        (json!({"device": "phone", "admin": true}), "bad_request"),
        (json!({"user": "no"}), "unknown_user"),
    ] {
        assert_eq!(world.post("/v1/admin/tokens", &world.admin, &body).code(), code, "{body}");
    }
    let body = json!({"user": "ann", "device": "phone"});
    let made = world.post("/v1/admin/tokens", &world.admin, &body).ok();
    assert_eq!(made.status, 201);
    let token = made.json()["token"].as_str().unwrap().to_owned();
    world.register(&token, "phone");
    assert_eq!(world.post("/v1/devices", &token, &json!({"name": "other"})).code(), "forbidden");
}
