//! Queries, explanations, conflicts.

use serde_json::{Value, json};

use crate::{
    client::{Answer, request},
    world::{World, apply, id},
};

const NAMES: &str = "fetch t { columns name  order name }";

fn query(world: &World, token: &str, asked: &str, text: &str) -> Answer {
    world.send(&request("POST", &format!("/v1/query{asked}"), token).body(text))
}

fn names(answer: Answer) -> Vec<String> {
    let of = |line: Value| line["name"].as_str().unwrap_or_default().to_owned();
    answer.ok().lines().into_iter().map(of).collect()
}

#[test]
fn queries_are_answered_for_whoever_asks() {
    let world = World::new();
    let first = world.row(&world.ann, "anns", json!({"amount": 1}));
    world.row(&world.bob, "bobs", json!({"amount": 2}));
    assert_eq!(names(query(&world, &world.ann, "", NAMES)), ["anns", "bobs"]);
    assert_eq!(names(query(&world, &world.bob, "", NAMES)), ["bobs"]);
    assert_eq!(names(query(&world, &world.bob, "?as=bob", NAMES)), ["bobs"]);
    assert_eq!(names(query(&world, &world.admin, "", NAMES)), ["anns", "bobs"]);
    assert_eq!(names(query(&world, &world.admin, "?as=bob", NAMES)), ["bobs"]);
    let xml = "<fetch><entity name='t'><attribute name='name'/><filter><condition attribute='ownerid' \
               operator='eq-userid'/></filter></entity></fetch>";
    assert_eq!(names(query(&world, &world.admin, "?as=bob", xml)), ["bobs"]);
    let then = format!("?at={first}");
    assert_eq!(names(query(&world, &world.admin, &then, NAMES)), ["anns"]);
    assert_eq!(names(query(&world, &world.admin, &format!("{then}&as=bob"), NAMES)).len(), 0);
    assert_eq!(names(query(&world, &world.admin, "?at=0", NAMES)).len(), 0);
    let with = "query of(least: integer) = fetch t { columns name  filter { amount ge $least } }";
    assert_eq!(names(query(&world, &world.ann, "?name=of&param.least=2", with)), ["bobs"]);
    for (token, asked, code) in [
        (&world.bob, "?as=ann", "forbidden"),
        (&world.bob, "?as=nobody", "forbidden"),
        (&world.ann, "?at=1", "forbidden"),
        (&world.admin, "?as=nobody", "unknown_user"),
        (&world.admin, "?at=1000000", "bad_moment"),
        (&world.admin, "?at=soon", "bad_moment"),
        (&world.admin, "?now=soon", "bad_request"),
        (&world.admin, "?colour=red", "bad_request"),
    ] {
        assert_eq!(query(&world, token, asked, NAMES).code(), code, "{asked}");
    }
}

#[test]
fn a_query_that_is_wrong_is_told_where_and_how_to_mend_it() {
    let world = World::new();
    let answer = query(&world, &world.ann, "", "fetch t {\n  columns nam, amont\n}");
    assert_eq!((answer.status, answer.code().as_str()), (400, "bad_query"));
    let errors = answer.json()["errors"].clone();
    assert_eq!(errors.as_array().unwrap().len(), 2, "{errors}");
    assert_eq!(errors[0]["code"], "unknown_column");
    assert_eq!((&errors[0]["line"], &errors[0]["column"]), (&json!(2), &json!(11)));
    assert!(errors[0]["help"].as_str().unwrap().contains("name"), "{errors}");
    assert_eq!(query(&world, &world.ann, "", "").code(), "bad_query");
    let bad = request("POST", "/v1/query", &world.ann).body(vec![0xff, 0xfe]);
    assert_eq!(world.send(&bad).code(), "bad_request");
}

#[test]
fn pages_say_how_to_go_on() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.row(&world.ann, name, json!({}));
    }
    let xml = "<fetch count='2' page='1' returntotalrecordcount='true'><entity name='t'>\
               <attribute name='name'/><order attribute='name'/></entity></fetch>";
    let answer = query(&world, &world.ann, "", xml).ok();
    assert_eq!(answer.headers["haversack-total"], "3");
    assert!(answer.headers.contains_key("haversack-next"), "{:?}", answer.headers);
    assert_eq!(names(answer), ["a", "b"]);
}

#[test]
fn explanations_are_of_ones_own_device() {
    let world = World::new();
    let version = world.row(&world.ann, "r", json!({}));
    let explain = |token: &str, more: &str| {
        world.get(&format!("/v1/explain?table=t&id={}{more}", id("r")), token)
    };
    assert_eq!(explain(&world.ann, "").ok().json()["included"], true);
    assert_eq!(explain(&world.admin, "&user=ann").ok().json()["included"], true);
    let then = format!("&user=ann&at={}", version - 1);
    assert_eq!(explain(&world.admin, &then).ok().json()["included"], false);
    // The administrator is told why bob may not read it; bob is told that it is not there.
    let check =
        |answer: Answer| answer.ok().json()["reasons"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(check(explain(&world.bob, ""))["message"], "there is no such row");
    assert_ne!(check(explain(&world.admin, "&user=bob"))["message"], "there is no such row");
    assert_eq!(explain(&world.bob, "&user=ann").code(), "forbidden");
    assert_eq!(explain(&world.admin, "").code(), "bad_request");
    assert_eq!(explain(&world.admin, "&user=no").code(), "unknown_user");
    assert_eq!(world.get("/v1/explain?table=t", &world.ann).code(), "bad_request");
    // What ann may not read any more she is not told of then either.
    let nothing = json!({"put": "user", "id": id("ann"), "name": "ann", "business_unit": id("root"),
        "roles": []});
    apply(&world.environment, vec![nothing]);
    let (own, anns) = (format!("&at={version}"), format!("&user=ann&at={version}"));
    assert_eq!(explain(&world.admin, &anns).ok().json()["included"], true);
    assert_eq!(check(explain(&world.ann, &own))["message"], "there is no such row");
    let path = format!("/v1/explain?table=no&id={}", id("r"));
    assert_eq!(world.get(&path, &world.ann).code(), "unknown_table");
}

fn row(world: &World, name: &str) -> Value {
    world.get(&format!("/v1/rows/t/{}", id(name)), &world.admin).json()
}

#[test]
fn conflicts_are_listed_to_those_whose_edits_they_are() {
    let world = World::new();
    let phone = world.register(&world.ann, "phone");
    let offsets = [world.conflict(&phone, 1, "a"), world.conflict(&phone, 2, "b")];
    let listed =
        |token: &str, asked: &str| world.get(&format!("/v1/conflicts{asked}"), token).ok().lines();
    let all = listed(&world.ann, "");
    assert_eq!(all, listed(&world.admin, ""));
    assert_eq!((all.len(), &all[0]["offset"]), (2, &json!(offsets[0])));
    assert_eq!((&all[0]["winner"], &all[0]["client"]), (&json!("client"), &json!({"amount": 3})));
    assert_eq!(all[0]["server"]["amount"], 2);
    assert_eq!(listed(&world.ann, "?limit=1"), all[..1]);
    assert_eq!(listed(&world.ann, &format!("?after={}", offsets[0])), all[1..]);
    assert!(listed(&world.bob, "").is_empty());
    let tablet = world.device_token("ann", "tablet");
    assert!(listed(&tablet, "").is_empty());
    assert_eq!(listed(&world.device_token("ann", "phone"), "").len(), 2);
    // Who may read the row no longer is not shown what it was.
    let nobody = json!({"put": "user", "id": id("ann"), "name": "ann", "business_unit": id("root"), "roles": []});
    crate::world::apply(&world.environment, vec![nobody]);
    assert_eq!(listed(&world.ann, "")[0]["server"], json!(null));
    assert_eq!(listed(&world.admin, "")[0]["server"]["amount"], 2);
    for asked in ["?limit=0", "?limit=1001", "?after=x"] {
        assert_eq!(world.get(&format!("/v1/conflicts{asked}"), &world.admin).code(), "bad_request");
    }
}

#[test]
fn what_lost_is_restored() {
    let world = World::new();
    let phone = world.register(&world.ann, "phone");
    let restore = |token: &str, offset: u64| {
        world.send(&request("POST", &format!("/v1/conflicts/{offset}/restore"), token))
    };
    // The client won: what it overwrote comes back, and nothing besides.
    let won = world.conflict(&phone, 1, "won");
    let path = format!("/v1/rows/t/{}", id("won"));
    world.send(&request("PATCH", &path, &world.ann).json(&json!({"note": "newer"}))).ok();
    let restored = restore(&world.ann, won).ok().json();
    let found = row(&world, "won");
    assert_eq!((&found["amount"], &found["note"]), (&json!(2), &json!("newer")));
    assert_eq!(found["version"], restored["version"]);
    // A row that is gone meanwhile is made again.
    world.send(&request("DELETE", &path, &world.ann)).ok();
    restore(&world.admin, won).ok();
    assert_eq!(row(&world, "won")["amount"], 2);
    // The server won: what the device asked for.
    crate::world::apply(
        &world.environment,
        vec![json!({"put": "settings", "conflict_detection": true})],
    );
    let lost = world.conflict(&phone, 2, "lost");
    assert_eq!(row(&world, "lost")["amount"], 2);
    restore(&world.ann, lost).ok();
    assert_eq!(
        (&row(&world, "lost")["amount"], &row(&world, "lost")["note"]),
        (&json!(3), &json!("old"))
    );
    let path = format!("/v1/rows/t/{}", id("lost"));
    world.send(&request("DELETE", &path, &world.ann)).ok();
    restore(&world.ann, lost).ok();
    assert_eq!(
        (&row(&world, "lost")["amount"], &row(&world, "lost")["note"]),
        (&json!(3), &json!("old"))
    );
    // A delete that lost deletes.
    let base = row(&world, "lost")["version"].clone();
    world.send(&request("PATCH", &path, &world.admin).json(&json!({"note": "later"}))).ok();
    let delete = json!([{"n": 3, "op": "delete", "table": "t", "id": id("lost"), "base": base}]);
    let judged = world.push(&world.ann, &phone, delete).ok().json()["outcomes"][0].clone();
    assert_eq!((&judged["outcome"], &judged["winner"]), (&json!("conflict"), &json!("server")));
    restore(&world.ann, judged["offset"].as_u64().unwrap()).ok();
    assert_eq!(world.get(&path, &world.admin).code(), "unknown_row");
    assert_eq!(restore(&world.ann, judged["offset"].as_u64().unwrap()).code(), "unknown_row");
    for (token, offset) in
        [(&world.bob, won), (&world.admin, 1), (&world.admin, 0), (&world.ann, 9_999)]
    {
        assert_eq!(restore(token, offset).code(), "unknown_conflict");
    }
}
