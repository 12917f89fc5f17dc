//! Profiles that go from one environment to another.

use serde_json::{Value, json};

use crate::place::Place;

const NORTHWIND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/northwind");

fn exported(place: &Place, name: &str) -> Value {
    let ran = place.run(&["profile", "export", name], "");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

fn northwind() -> Place {
    let place = Place::in_memory();
    place.done(&["load", NORTHWIND]);
    place
}

#[test]
fn what_is_exported_is_imported_as_the_same_draft() {
    let place = northwind();
    let document = exported(&place, "Own orders");
    assert_eq!(document["format"], "haversack.profile/1");
    let tables = document["tables"].as_array().unwrap();
    assert!(tables.iter().any(|table| table["name"] == "salesorder"));
    // The same again changes nothing; under another name it is a draft without members.
    place.write("same.json", &document.to_string());
    assert_eq!(place.done(&["profile", "import", "same.json"])[0]["offset"], json!(null));
    let mut other = document.clone();
    other["profile"]["name"] = json!("Elsewhere");
    let ran = place.run(&["profile", "import", "-"], &other.to_string());
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let shown = place.done(&["profile", "show", "Elsewhere"])[0].clone();
    assert_eq!(shown["draft"], other["profile"]);
    assert_eq!(
        (&shown["published"], &shown["users"], &shown["teams"]),
        (&json!(null), &json!([]), &json!([]))
    );
    assert_eq!(exported(&place, "Elsewhere"), other);
}

#[test]
fn what_an_environment_lacks_is_named_and_nothing_is_imported() {
    let place = northwind();
    let mut document = exported(&place, "Own orders");
    document["profile"]["name"] = json!("New");
    let refused = |change: &dyn Fn(&mut Value), told: &str| {
        let mut changed = document.clone();
        change(&mut changed);
        place.write("bad.json", &changed.to_string());
        let message = place.bad(&["profile", "import", "bad.json"], "");
        assert!(message.contains(told), "{message}");
        assert!(place.done(&["profile", "list"]).iter().all(|line| line["profile"] != "New"));
    };
    refused(&|d| d["tables"][0]["name"] = json!("nowhere"), "lacks table `nowhere`");
    refused(&|d| d["tables"][0]["columns"][0]["name"] = json!("nothing"), ".nothing`");
    refused(&|d| d["tables"][0]["columns"][0]["type"] = json!("bigint"), "of the same type");
    refused(&|d| d["format"] = json!("other/1"), "expected \"haversack.profile/1\"");
    refused(&|d| d["profile"]["items"][0]["table"] = json!("nowhere"), "unknown_table");
    assert!(place.bad(&["profile", "export", "Own order"], "").contains("Own orders"));
}
