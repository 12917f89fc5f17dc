//! What `query` prints and refuses, through the command line.

use serde_json::{Value as Json, json};

use crate::place::{Place, each};

/// Things of Ann, as `tests/data/environment` has them.
const THING: &str = "00000000-0000-4000-8000-000000000001";

fn fetch(inside: &str) -> String {
    format!("<fetch><entity name=\"t\">{inside}</entity></fetch>")
}

fn filtered(condition: &str) -> String {
    fetch(&format!("<attribute name=\"a\"/><filter>{condition}</filter>"))
}

fn rows(place: &Place, text: &str) -> Vec<Json> {
    place.write("q.xml", text);
    place.done(&["query", "q.xml", "--as", "Ann"])
}

#[test]
fn bytes_that_are_no_utf8_are_told_with_their_place() {
    let place = Place::loaded();
    std::fs::write(place.path().join("q.hsq"), b"# \xc3\xa9\nfetch \xc3\xa9\xe9 { }").unwrap();
    for verb in ["check", "fmt"] {
        let (_, told) = place.exits(3, &[verb, "q.hsq"], "");
        assert!(told.contains("q.hsq:2:8: found the byte 0xe9; expected UTF-8"), "{told}");
    }
}

#[test]
fn rows_have_what_was_asked_for_and_nothing_else() {
    let place = Place::loaded();
    let link = |inside: &str| {
        format!(
            "<link-entity name=\"p\" from=\"pid\" to=\"u\" link-type=\"outer\">{inside}</link-entity>"
        )
    };
    let one = |inside: &str| rows(&place, &fetch(inside)).remove(0);
    assert_eq!(one("<attribute name=\"a\"/>"), json!({"a": "one"}));
    let lookup = json!({"u": "00000000-0000-4000-8000-0000000000c1"});
    assert_eq!(one("<attribute name=\"u\"/>"), lookup);
    let named = one(&format!("<attribute name=\"a\"/>{}", link("<attribute name=\"name\"/>")));
    assert_eq!(named, json!({"a": "one", "p.name": "North, here"}));
    let alias = one(&link("<attribute name=\"name\" alias=\"place\"/>"));
    assert_eq!((&alias["place"], &alias["tid"]), (&json!("North, here"), &json!(THING)));
    assert_eq!(one(&link("")), one(""), "a link gives no columns");
    assert_eq!(one("<all-attributes/>"), one(""), "a table gives all of its own");
    let all = one("");
    let keys: Vec<&String> = all.as_object().unwrap().keys().collect();
    let mut expected =
        ["tid", "a", "b", "d", "u", "ownerid", "owningbusinessunit", "createdon", "modifiedon"];
    let mut sorted = keys.clone();
    sorted.sort();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    // What is null is left out, a partner's columns too.
    let two = &rows(&place, &fetch(&link("<attribute name=\"name\"/>")))[1];
    assert_eq!((two.get("d"), two.get("p.name"), &two["a"]), (None, None, &json!("two")));
}

#[test]
fn who_asks_is_said_or_security_is_left_out() {
    let place = Place::loaded();
    place.write("q.xml", &filtered("<condition attribute=\"ownerid\" operator=\"eq-userid\"/>"));
    let mine = place.done(&["query", "q.xml", "--as", "Ann"]);
    assert_eq!(each(&mine, "a"), ["one", "two"]);
    assert!(place.done(&["query", "q.xml", "--ignore-security"]).is_empty(), "nobody asks");
    let both = place.done(&["query", "q.xml", "--as", "Ann", "--ignore-security"]);
    assert_eq!(both, mine, "somebody asks, and reads everything");
    let output = place.run(&["query", "q.xml"], "");
    assert_eq!((output.status.success(), output.stdout.len()), (false, 0));
    place.bad(&["query", "q.xml", "--as", "Nobody"], "");
    assert_eq!(place.done(&["query", "q.xml", "--as", "Eve"]), Vec::<Json>::new());
}

/// The zone is the environment's for who has none, and for nobody.
#[test]
fn days_are_those_of_the_zone() {
    let place = Place::loaded();
    let row = r#"{"row":{"table":"t","op":"create","id":"00000000-0000-4000-8000-000000000009","values":{"a":"dated","createdon":"2026-03-01T10:00:00Z"}}}"#;
    place.exits(0, &["apply", "-"], row);
    place.write("q.xml", &filtered("<condition attribute=\"createdon\" operator=\"today\"/>"));
    let ask = |now: &str| {
        let arguments = ["query", "q.xml", "--ignore-security", "--now", now];
        place.done(&arguments).len()
    };
    let ends = ["2026-03-01T00:00:00Z", "2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z"];
    assert_eq!(ends.map(ask), [1, 1, 0]);
    // Fourteen hours ahead of UTC the row was made at midnight of the next day.
    let settings = r#"{"put":"settings","time_zone":"Pacific/Kiritimati"}"#;
    place.exits(0, &["apply", "-"], settings);
    let ends = ["2026-03-01T09:59:59Z", "2026-03-01T10:00:00Z", "2026-03-02T09:59:59Z"];
    assert_eq!(ends.map(ask), [0, 1, 1]);
    place.write(
        "q.xml",
        &filtered("<condition attribute=\"createdon\" operator=\"eq\" value=\"2026-03-02\"/>"),
    );
    assert_eq!(ask("2026-01-01T00:00:00Z"), 1);
}

#[test]
fn what_is_no_query_is_refused_with_exit_3() {
    let place = Place::loaded();
    let link = |kind: &str, inside: &str| {
        format!(
            "<link-entity name=\"p\" from=\"pid\" to=\"u\" alias=\"x\" link-type=\"{kind}\">{inside}</link-entity>"
        )
    };
    let condition = |operator: &str, value: &str| {
        filtered(&format!(
            "<condition attribute=\"createdon\" operator=\"{operator}\" value=\"{value}\"/>"
        ))
    };
    let any = link("any", &link("inner", "")).replace(" alias=\"x\"", "");
    let joined_by_text = "<link-entity name=\"p\" from=\"name\" to=\"b\"/>";
    for (text, part) in [
        (format!("<!DOCTYPE fetch>{}", fetch("")), "document type"),
        (fetch("text"), "the text \"text\""),
        (fetch(&(link("inner", "") + &link("outer", ""))), "two links called `x`"),
        (filtered("<condition attribute=\"a\" operator=\"NULL\"/>"), "lower case: `null`"),
        (fetch(&link("any", "")), "outside a filter"),
        (fetch(&link("all", "")), "outside a filter"),
        (filtered(&any), "only tests whether rows are there"),
        (fetch(joined_by_text), "is joined with"),
        (fetch("").replace("<fetch>", "<fetch top=\"1\" page=\"1\">"), "`top` beside pages"),
        (condition("last-x-days", "0"), "from 1 to"),
        (condition("olderthan-x-years", "-1"), "from 1 to"),
        (condition("next-x-years", "9999"), "from 1 to 9998"),
        (condition("last-x-dayz", "1"), "did you mean `last-x-days`?"),
        (fetch("<atribute name=\"a\"/>"), "did you mean `attribute`?"),
        (fetch("<attribute name=\"ownrid\"/>"), "did you mean `ownerid`?"),
        (fetch("").replace("\"t\"", "\"x\""), "unknown table `x`"),
    ] {
        place.write("q.xml", &text);
        let message = place.bad(&["query", "q.xml", "--as", "Ann"], "");
        assert!(message.contains("--> q.xml:1:"), "{message}");
        assert!(message.contains(part), "{text}\n{message}");
        place.exits(1, &["check", "q.xml"], "");
    }
}

#[test]
fn classic_has_limits_that_extended_has_not() {
    let place = Place::loaded();
    let pages = |size: u32| fetch("").replace("<fetch>", &format!("<fetch count=\"{size}\">"));
    let top = |size: u32| fetch("").replace("<fetch>", &format!("<fetch top=\"{size}\">"));
    assert_eq!(rows(&place, &pages(5_001)).len(), 3);
    assert_eq!(rows(&place, &top(5_001)).len(), 3);
    let links = "<link-entity name=\"p\" link-type=\"any\"/>";
    let condition = "<condition attribute=\"b\" operator=\"null\"/>";
    let beyond = [
        (filtered(&links.repeat(16)), "more than 15 links"),
        (filtered(&condition.repeat(501)), "more than 500 conditions"),
    ];
    for (text, part) in &beyond {
        rows(&place, text);
        place.write("q.xml", text);
        let (out, _) = place.exits(0, &["check", "q.xml"], "");
        assert!(out.contains(&format!("classic would refuse {part}")), "{out}");
    }
    for (text, part) in [
        (filtered(&links.repeat(101)), "more than 100 links"),
        (
            format!("fetch t {{ filter {{ {}}} }}", "b null ".repeat(1_001)),
            "more than 1000 conditions",
        ),
    ] {
        place.write("q.xml", &text);
        let message = place.bad(&["query", "q.xml", "--as", "Ann"], "");
        assert!(message.contains(part), "{message}");
    }
    let settings = r#"{"put":"settings","compatibility":"classic"}"#;
    place.exits(0, &["apply", "-"], settings);
    assert_eq!(rows(&place, &pages(5_000)).len(), 3);
    assert_eq!(rows(&place, &filtered(&links.repeat(15))).len(), 1);
    rows(&place, &filtered(&condition.repeat(500)));
    for (text, part) in [(pages(5_001), "5000 at the most"), (top(5_001), "5000 at the most")]
        .into_iter()
        .chain(beyond)
    {
        place.write("q.xml", &text);
        let message = place.bad(&["query", "q.xml", "--as", "Ann"], "");
        assert!(message.contains(part), "{message}");
    }
}
