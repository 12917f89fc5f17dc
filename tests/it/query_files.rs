//! Query files with several queries and parameters: run, checked, printed, and taken by profiles.

use serde_json::{Value as Json, json};

use crate::place::{DOCUMENT, Place, copy_files, only_message, text};

const QUERIES: &str = "\
# All of t from some b on.
query from(b: integer, limit: integer = 10) = fetch t {
  columns b
  filter { b ge $b }
  order b
  top $limit
}

query every = fetch p
";

#[test]
fn a_query_of_a_file_is_run_with_values() {
    let place = Place::loaded();
    let file = place.write("queries.hsq", QUERIES);
    let file = file.to_str().unwrap();
    let run = |more: &[&str]| {
        let fixed = ["query", file, "--ignore-security"];
        place.done(&[&fixed, more].concat())
    };
    let all = run(&["--name", "from", "--param", "b=-1000"]);
    let some = run(&["--name", "from", "--param", "b=-1000", "--param", "limit=1"]);
    assert!(all.len() > 1, "{all:?}");
    assert_eq!(some, all[..1]);
    assert!(!run(&["--name", "every"]).is_empty());

    let wrong =
        |more: &[&str]| place.bad(&[&["query", file, "--ignore-security"], more].concat(), "");
    for (more, told) in [
        (&[][..], "found 2 queries; expected the name of one: from, every"),
        (&["--name", "form"], "did you mean `from`?"),
        (&["--name", "from"], "found no value for parameter `b`; expected a whole number"),
        (&["--name", "from", "--param", "b=x"], "found \"x\" for parameter `b`"),
        (&["--name", "from", "--param", "b=1", "--param", "b=2"], "found two values for"),
        (&["--name", "from", "--param", "b=1", "--param", "limt=2"], "did you mean `limit`?"),
        (&["--name", "from", "--param", "b=1", "--param", "limit=0"], "found top `0`"),
        (&["--name", "every", "--param", "b=1"], "the query has no parameters"),
    ] {
        let message = wrong(more);
        // What was expected stands below the place.
        let is_told = told.split("; ").all(|part| message.contains(part));
        assert!(is_told && message.contains("queries.hsq:"), "{told}: {message}");
    }
    place.exits(2, &["query", file, "--ignore-security", "--param", "b"], "");
}

#[test]
fn a_file_is_checked_and_printed_whole_and_converted_by_query() {
    let place = Place::loaded();
    let file = place.write("queries.hsq", QUERIES);
    let file = file.to_str().unwrap();
    place.exits(0, &["check", file], "");
    let (printed, _) = place.exits(0, &["fmt", file], "");
    assert_eq!(place.exits(0, &["fmt", "-"], &printed).0, printed);
    assert!(
        printed.contains("query from(b: integer, limit: integer = 10) = fetch t {"),
        "{printed}"
    );
    assert!(printed.contains("\n\nquery every = fetch p { }\n"), "{printed}");
    let convert = ["convert", file, "--to", "fetchxml"];
    assert!(place.bad(&convert, "").contains("from, every"));
    assert!(place.bad(&[&convert[..], &["--name", "from"]].concat(), "").contains("no value"));
    let more = ["--name", "from", "--param", "b=3"];
    let (xml, _) = place.exits(0, &[&convert[..], &more].concat(), "");
    assert!(xml.starts_with("<!-- All of t from some b on. -->\n<fetch top=\"10\">"), "{xml}");
    assert!(xml.contains("operator=\"ge\" value=\"3\""), "{xml}");

    let wrong = "query a(b: guid, c: date) = fetch t { filter { b ge $b b eq $d } }";
    let (told, _) = place.exits(1, &["check", "-"], wrong);
    assert!(told.contains("unknown_parameter") && told.contains("`$d`"), "{told}");
    let wrong = "query a(b: guid, c: date) = fetch t { filter { b ge $b } }";
    let (told, _) = place.exits(1, &["check", "-"], wrong);
    assert!(told.contains("wrong_type") && told.contains("`$b`"), "{told}");
    let unused = "query a(c: date) = fetch t";
    let (told, _) = place.exits(0, &["check", "-"], unused);
    assert!(told.contains("unused_parameter"), "{told}");
}

/// A copy of the document whose profile takes its filter from a query file.
fn document(place: &Place, reference: &Json) -> String {
    let directory = place.path().join("document");
    copy_files(DOCUMENT.as_ref(), &directory);
    let file = directory.join("environment.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let old = "\"fetch t { filter { ownerid eq-userid b ge 1 } }\"";
    assert!(text.contains(old), "{text}");
    std::fs::write(&file, text.replace(old, &serde_json::to_string_pretty(reference).unwrap()))
        .unwrap();
    let queries =
        "query mine(least: integer) = fetch t { filter { ownerid eq-userid b ge $least } }";
    std::fs::write(directory.join("queries.hsq"), queries).unwrap();
    directory.to_str().unwrap().to_owned()
}

#[test]
fn a_document_takes_filters_from_query_files() {
    let place = Place::new();
    let reference = json!({"file": "queries.hsq", "query": "mine", "parameters": {"least": 1}});
    let directory = document(&place, &reference);
    place.exits(0, &["load", &directory], "");
    let (list, _) = place.exits(0, &["profile", "list"], "");
    let profiles: Vec<Json> =
        list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let shown: Vec<String> = profiles
        .iter()
        .map(|profile| {
            let name = text(&profile["profile"]);
            place.exits(0, &["profile", "show", name], "").0
        })
        .collect();
    let held = "fetch t {\\n  filter {\\n    ownerid eq-userid\\n    b ge 1\\n  }\\n}\\n";
    assert!(shown.iter().any(|profile| profile.contains(held)), "{shown:?}");

    // What becomes of the file changes nothing, and `apply` takes such references, too.
    std::fs::remove_dir_all(&directory).unwrap();
    place.exits(0, &["audit", "verify"], "");
    place.write("more.hsq", "query mine(least: integer) = fetch t { filter { b ge $least } }");
    let item = json!({"table": "t", "criterion": "custom", "filter":
        {"file": "more.hsq", "query": "mine", "parameters": {"least": "7"}}});
    let change = json!({"put": "profile", "name": "new", "items": [item]});
    let file = place.write("changes.ndjson", &change.to_string());
    place.exits(0, &["apply", file.to_str().unwrap()], "");
    let (new, _) = place.exits(0, &["profile", "show", "new"], "");
    assert!(new.contains("b ge 7"), "{new}");
}

#[test]
fn a_reference_that_is_wrong_loads_nothing_and_is_told_with_its_place() {
    for (reference, told) in [
        (json!({"file": "none.hsq"}), "none.hsq"),
        (json!({"file": "../queries.hsq"}), "expected one in the same directory or below"),
        (json!({"file": "queries.hsq"}), "found no value for parameter `least`"),
        (json!({"file": "queries.hsq", "query": "min"}), "did you mean `mine`?"),
        (json!({"file": "queries.hsq", "parameters": {"least": []}}), "for parameter \"least\""),
        (json!({"file": "queries.hsq", "values": {}}), "unknown field `values`"),
    ] {
        let place = Place::new();
        let directory = document(&place, &reference);
        let (_, err) = place.exits(3, &["load", &directory], "");
        let message = only_message(&err);
        assert!(message.contains(told) && message.contains("environment.json:37:"), "{message}");
        assert!(!place.data().exists(), "nothing is written");
    }
}
