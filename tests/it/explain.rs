//! `explain` as an admin uses it.

use serde_json::{Value as Json, json};

use crate::place::{Place, each, id, text};

/// What `explain` prints for people.
fn told(place: &Place, arguments: &[&str]) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_haversack"));
    command.current_dir(place.path()).arg("explain").args(arguments);
    String::from_utf8(command.output().expect("it runs").stdout).expect("UTF-8")
}

#[test]
fn changes_are_told_with_what_did_them() {
    let place = Place::loaded();
    let rows = place.done(&["dataset", "Ann"]);
    let one = rows.iter().find(|row| row["table"] == "t").expect("Ann has a row");
    let row = text(&one["id"]);
    let explained = |arguments: &[&str]| {
        let all = [&["explain", "Ann", "t", row], arguments].concat();
        place.done(&all).remove(0)
    };
    assert_eq!(explained(&[])["changes"], Json::Null, "only if they are asked for");
    let edit = json!({"row": {"table": "t", "op": "update", "id": row, "values": {"b": 0}}});
    place.write("edit.ndjson", &edit.to_string());
    let offset = place.done(&["apply", "edit.ndjson"])[0]["offset"].clone();
    place.done(&["apply", "edit.ndjson"]);

    let now = explained(&["--changes"]);
    let changes = now["changes"].as_array().expect("a list");
    assert_eq!((changes.len(), &now["included"]), (2, &json!(false)), "{now}");
    assert_eq!((&changes[0]["offset"], &changes[0]["included"]), (&one["version"], &json!(true)));
    assert_eq!(changes[1]["offset"], offset);
    assert_eq!(changes[1]["kind"], "row_written");
    assert_eq!(changes[1]["included"], false);
    let then = explained(&["--changes", "--at", &one["version"].to_string()]);
    assert_eq!(
        (then["changes"].as_array().map(Vec::len), &then["included"]),
        (Some(1), &json!(true))
    );

    let told = |user| told(&place, &[user, "t", row, "--changes"]);
    assert!(told("Ann").contains(&format!("went by event {offset}")), "{}", told("Ann"));
    assert!(told("Eve").contains("It was never there."), "{}", told("Eve"));
}

#[test]
fn linked_rows_are_named_up_to_a_few() {
    let place = Place::loaded();
    let target = text(&place.done(&["rows", "t"])[0]["u"]).to_owned();
    let item = json!({"table": "p", "criterion": "custom",
        "filter": "fetch p { filter { any t on u = pid { ownerid eq-userid } } }"});
    let draft = json!({"put": "profile", "name": "Field", "items": [item]});
    let row = |number| {
        let owner = "00000000-0000-4000-8000-0000000000a1";
        json!({"row": {"table": "t", "op": "create", "id": id(number),
               "values": {"a": "more", "u": target, "ownerid": owner}}})
    };
    let linked = || {
        let explained = place.done(&["explain", "Ann", "p", &target]).remove(0);
        let reasons = explained["reasons"].as_array().expect("a list").clone();
        let of = reasons.iter().find(|reason| reason["check"] == "criterion").expect("an item");
        of["filter"]["and"][0].clone()
    };
    place.write("draft.ndjson", &format!("{draft}\n{}", json!({"publish": "Field"})));
    place.done(&["apply", "draft.ndjson"]);
    assert_eq!(linked()["found"], json!([id(1)]), "{}", linked());
    assert_eq!(linked()["found_more"], false);
    assert!(told(&place, &["Ann", "p", &target]).contains(&format!("any t (found {})", id(1))));
    assert!(told(&place, &["Ann", "p", &id(99)]).contains("there is no such row"));

    let rows: Vec<String> = (11..15).map(|number| row(number).to_string()).collect();
    place.write("rows.ndjson", &rows.join("\n"));
    let answers = place.done(&["apply", "rows.ndjson"]);
    assert!(each(&answers, "outcome").iter().all(|outcome| **outcome == "applied"), "{answers:?}");
    assert_eq!(linked()["found"], json!([id(1), id(11), id(12)]));
    assert_eq!(linked()["found_more"], true);
    assert!(told(&place, &["Ann", "p", &target]).contains(&format!("{}, and more)", id(12))));
}
