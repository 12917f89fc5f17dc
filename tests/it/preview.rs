//! `profile preview` as an admin uses it: what it says is what comes of it, and it changes nothing.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::place::{Place, json_lines, text};

const NORTHWIND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/northwind");
const DRAFT: &str = r#"{"put":"profile","name":"Own orders","items":[{"table":"salesorder","criterion":"custom","filter":"fetch salesorder { filter { ownerid eq-userid  shippeddate null } }"},{"table":"customer","criterion":"related_only","related_to":[{"relationship":"salesorder_customer","table":"salesorder"}]},{"table":"supplier","criterion":"all"}]}"#;

/// How many rows of each table a user has.
fn rows(place: &Place, user: &str) -> BTreeMap<String, u64> {
    let mut rows = BTreeMap::new();
    for line in place.done(&["dataset", user]) {
        *rows.entry(text(&line["table"]).to_owned()).or_default() += 1;
    }
    rows
}

#[test]
fn a_preview_says_what_publishing_does() {
    let place = Place::new();
    place.done(&["load", NORTHWIND]);
    place.write("draft.ndjson", DRAFT);
    let (user, digest) = ("Nancy Davolio", place.digest());
    let before = rows(&place, user);
    let arguments = ["profile", "preview", "Own orders", "--change", "draft.ndjson"];
    let shifts = place.done(&arguments);
    assert_eq!(place.digest(), digest, "nothing was changed");

    place.done(&["apply", "draft.ndjson"]);
    assert_eq!(place.done(&["profile", "preview", "Own orders"]), shifts, "the draft alone");
    place.done(&["profile", "publish", "Own orders"]);
    let after = rows(&place, user);
    for shift in shifts.iter().filter(|shift| shift["user"] == user) {
        let table = text(&shift["table"]);
        let count = |key: &str| shift[key].as_u64().expect("a number");
        assert_eq!(count("kept") + count("removed"), before.get(table).copied().unwrap_or(0));
        assert_eq!(count("kept") + count("added"), after.get(table).copied().unwrap_or(0));
        assert_eq!(count("added") > 0, count("bytes") > 0, "{shift}");
        assert_eq!(count("removed") > 0, count("removed_bytes") > 0, "{shift}");
    }
    let added = shifts.iter().filter(|shift| shift["added"] != 0);
    assert!(added.clone().count() > 0 && added.clone().all(|shift| shift["table"] == "supplier"));
    // Nobody outside of the profile is named.
    let users: Vec<&Json> = shifts.iter().map(|shift| &shift["user"]).collect();
    assert!(users.iter().all(|user| *user == "Nancy Davolio" || *user == "Margaret Peacock"));
}

#[test]
fn members_and_roles_are_previewed_too() {
    let place = Place::new();
    place.done(&["load", NORTHWIND]);
    let gone = place.done(&["profile", "preview", "Own orders", "--remove", "Nancy Davolio"]);
    let nancy: Vec<&Json> = gone.iter().filter(|shift| shift["user"] == "Nancy Davolio").collect();
    assert!(!nancy.is_empty() && nancy.iter().all(|shift| shift["kept"] == 0));
    let message = place.bad(&["profile", "preview", "Own orders", "--add", "Janet Leverling"], "");
    assert!(message.contains("already_in_profile"), "{message}");
    let arguments = ["profile", "preview", "Own orders", "--add", "Janet Leverling", "--move"];
    let (moved, warned) = place.exits(0, &arguments, "");
    assert!(warned.contains("already_in_profile"), "{warned}");
    let janet = json_lines(&moved);
    let janet = janet.iter().filter(|shift| shift["user"] == "Janet Leverling");
    let counts = janet.fold([0, 0], |[added, removed], shift| {
        let count = |key: &str| shift[key].as_u64().expect("a number");
        [added + count("added"), removed + count("removed")]
    });
    assert!(counts.iter().all(|count| *count > 0), "another profile, other rows: {moved}");
    let message = place.bad(&["profile", "preview", "Own orders", "--add", "Nobody"], "");
    assert!(message.contains("there is no user or team \"Nobody\""), "{message}");

    place.write("role.ndjson", r#"{"put":"role","name":"Salesperson","privileges":{}}"#);
    let lost = place.done(&["profile", "preview", "--change", "role.ndjson"]);
    assert!(!lost.is_empty() && lost.iter().all(|shift| shift["removed"] != 0));
    place.write("bad.ndjson", "{\"put\":\"role\",\"name\":\"r\"}\n{\"put\":\"profile\",\"name\":\"p\",\"items\":[{\"table\":\"nothing\",\"criterion\":\"all\"}]}\n");
    let message = place.bad(&["profile", "preview", "--change", "bad.ndjson"], "");
    assert!(message.contains("bad.ndjson:2"), "{message}");
    // What is wrong with the profile itself is not in the file.
    let arguments = ["profile", "preview", "Own orders", "--change", "role.ndjson"];
    let added = [&arguments[..], &["--add", "Janet Leverling"]].concat();
    let message = place.bad(&added, "");
    assert!(
        !message.contains("role.ndjson") && message.contains("already_in_profile"),
        "{message}"
    );
}

#[test]
fn a_refusal_is_told_of_the_line_that_it_is_of() {
    let place = Place::new();
    place.done(&["load", NORTHWIND]);
    let step = [
        r#"{"begin":true}"#,
        r#"{"unpublish":"Own orders"}"#,
        r#"{"publish":"Nothing"}"#,
        r#"{"commit":true}"#,
    ];
    place.write("step.ndjson", &step.join("\n"));
    let message = place.bad(&["profile", "preview", "--change", "step.ndjson"], "");
    assert!(message.contains("step.ndjson:3:") && message.contains("unknown_profile"), "{message}");

    // What is asked besides the file is on no line of it.
    place.write("blank.ndjson", "\n\n{\"unpublish\":\"Own orders\"}\n");
    let asked = [
        "profile",
        "preview",
        "Own orders",
        "--change",
        "blank.ndjson",
        "--add",
        "Janet Leverling",
    ];
    let message = place.bad(&asked, "");
    assert!(message.contains("already_in_profile") && message.contains("--change"), "{message}");
    assert!(!message.contains("blank.ndjson"), "{message}");
}
