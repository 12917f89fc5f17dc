//! The command from end to end: that the wires are connected, exit codes, forms, messages.

use std::process::Command;

use haversack_engine::Environment;
use serde_json::Value as Json;

use crate::place::{DOCUMENT, Place, each, id, json_lines, text};

#[test]
fn the_main_job() {
    let place = Place::new();
    let loaded = place.done(&["load", DOCUMENT]);
    assert_eq!(loaded[0]["rows"], 5);
    let end = loaded[0]["offset"].as_u64().unwrap();
    assert_eq!(loaded[0]["events"].as_u64(), Some(end));

    place.write("q.dsl", "fetch t { columns a, u order a filter { b ge 1 } }");
    let rows = place.done(&["query", "q.dsl", "--as", "Ann"]);
    assert_eq!(each(&rows, "a"), ["one", "three"]);
    assert_eq!(rows[0]["u"], "00000000-0000-4000-8000-0000000000c1");
    assert!(place.done(&["query", "q.dsl", "--as", "Eve"]).is_empty());
    assert_eq!(place.done(&["query", "q.dsl", "--ignore-security"]), rows);

    let dataset = place.done(&["dataset", "Ann"]);
    assert_eq!(each(&dataset, "table"), ["p", "t"]);
    assert!(place.done(&["dataset", "Bob"]).is_empty());
    let one = &dataset[1];
    let explained = place.done(&["explain", "Ann", "t", text(&one["id"])]);
    assert_eq!(explained[0]["included"], true);

    let base = one["version"].as_u64().unwrap();
    place.write(
        "edits.ndjson",
        &format!(
            "{{\"n\":1,\"op\":\"update\",\"table\":\"t\",\"id\":\"{}\",\"base\":{base},\"values\":{{\"a\":\"mine\"}}}}\n\
             {{\"n\":2,\"op\":\"update\",\"table\":\"t\",\"id\":\"{}\",\"base\":{},\"values\":{{\"b\":9}}}}\n\
             {{\"n\":3,\"op\":\"delete\",\"table\":\"t\",\"id\":\"{}\",\"base\":{base}}}\n",
            id(1),
            id(3),
            base - 1,
            id(9),
        ),
    );
    let outcomes = place.done(&["push", "edits.ndjson", "--as", "Ann", "--device", "phone"]);
    assert_eq!(each(&outcomes, "outcome"), ["applied", "conflict", "refused"]);
    assert_eq!(outcomes[1]["winner"], "client");
    assert_eq!(outcomes[1]["server"]["b"], 3);
    assert_eq!(outcomes[2]["code"], "unknown_row");
    let again = place.done(&["push", "edits.ndjson", "--as", "Ann", "--device", "phone"]);
    assert_eq!(each(&again, "outcome"), ["duplicate"; 3]);
    assert_eq!(each(&again, "first"), ["applied", "conflict", "refused"]);
    assert_eq!(each(&again, "offset"), each(&outcomes, "offset"));

    let conflicts = place.done(&["conflicts"]);
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0]["client"], serde_json::json!({"b": 9}));
    assert_eq!(conflicts[0]["server"]["b"], 3);
    assert_eq!(place.done(&["conflicts", "--policy", "server-wins"])[0]["winner"], "server");

    assert!(place.done(&["replay", "--diff", "--check"]).is_empty());
    let arguments = ["replay", "--policy", "server-wins", "--diff"];
    let differences = place.done(&arguments);
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0]["column"], "b");
    assert_eq!((&differences[0]["actual"], &differences[0]["replayed"]), (&9.into(), &3.into()));
    assert_eq!(differences[0]["because"], conflicts[0]["offset"]);
    place.exits(1, &[&arguments[..], &["--check"]].concat(), "");

    let history = place.done(&["history", "t", &id(3)]);
    assert_eq!(each(&history, "outcome"), ["applied", "conflict"]);
    let then = place.done(&["rows", "t", "--at", &end.to_string()]);
    assert_eq!(each(&then, "b"), [&Json::from(1), &Json::from(0), &Json::from(3)]);
    assert!(place.done(&["rows", "t", "--at", "0"]).is_empty());
    let replayed = place.done(&["rows", "t", "--policy", "server-wins"]);
    assert_eq!(each(&replayed, "b"), each(&then, "b"));
}

#[test]
fn a_dataset_since_a_moment_is_what_changed_on_the_device() {
    let place = Place::new();
    let end = place.done(&["load", DOCUMENT])[0]["offset"].to_string();
    let dataset = place.done(&["dataset", "Ann"]);
    let whole = place.done(&["dataset", "Ann", "--since", "0"]);
    assert_eq!(each(&whole, "change"), ["put", "put"]);
    assert_eq!(each(&whole, "version"), each(&dataset, "version"));
    assert!(place.done(&["dataset", "Ann", "--since", &end]).is_empty());

    let edit = |line: String| {
        place.write("edit.ndjson", &line);
        place.done(&["apply", "edit.ndjson"])[0]["offset"].to_string()
    };
    let row = id(1);
    let written = edit(format!(
        r#"{{"row":{{"table":"t","op":"update","id":"{row}","values":{{"a":"new"}}}}}}"#
    ));
    let put = place.done(&["dataset", "Ann", "--since", &end]);
    assert_eq!(each(&put, "change"), ["put"]);
    assert_eq!(each(&put, "id"), [row.as_str()]);
    assert_eq!(put[0]["version"].to_string(), written);
    edit(format!(r#"{{"row":{{"table":"t","op":"delete","id":"{row}"}}}}"#));
    let del = place.done(&["dataset", "Ann", "--since", &end]);
    assert_eq!(each(&del, "change"), ["del", "del"]);
    // What came by the row goes with it.
    assert_eq!(each(&del, "why"), ["left", "deleted"]);
    // Up to a moment of the past.
    assert_eq!(place.done(&["dataset", "Ann", "--since", &end, "--at", &written]), put);
}

#[test]
fn replay_prints_the_same_digest_every_time_and_leaves_the_log_alone() {
    let place = Place::loaded();
    let digest = place.digest();
    assert_eq!(text(&digest).len(), 64);
    place.done(&["replay", "--policy", "server-wins"]);
    place.done(&["replay", "--policy", "client-wins", "--diff"]);
    assert_eq!(place.digest(), digest);
}

#[test]
fn loading_again_adds_nothing_and_another_document_is_refused() {
    let place = Place::loaded();
    let before = place.digest();
    let again = place.done(&["load", DOCUMENT]);
    assert_eq!((&again[0]["events"], &again[0]["rows"]), (&0.into(), &0.into()));
    let document = std::fs::read_to_string(format!("{DOCUMENT}/environment.json")).unwrap();
    place.write("other/environment.json", &document.replace("\"Small\"", "\"Other\""));
    let message = place.bad(&["load", "other"], "");
    assert!(message.contains("apply"), "{message}");
    assert_eq!(place.digest(), before);
}

#[test]
fn an_error_in_the_last_row_loads_nothing() {
    let place = Place::new();
    for name in ["environment.json", "rows/p.csv", "rows/t.ndjson"] {
        let content = std::fs::read_to_string(format!("{DOCUMENT}/{name}")).unwrap();
        place.write(&format!("d/{name}"), &content.replace("\"b\": 3", "\"b\": \"x\""));
    }
    let message = place.bad(&["load", "d"], "");
    assert!(message.starts_with("error: d/rows/t.ndjson:3:"), "{message}");
    assert!(message.contains("`b`") && message.contains("whole number"), "{message}");
    assert!(!place.data().exists() || place.run(&["rows", "t"], "").status.code() == Some(3));
    place.write("d/rows/t.ndjson", "");
    place.done(&["load", "d"]);
}

#[test]
fn a_step_is_applied_whole_or_not_at_all() {
    let place = Place::loaded();
    let create = |number: u32, values: &str| {
        format!(
            "{{\"row\":{{\"table\":\"t\",\"op\":\"create\",\"id\":\"{}\",\"values\":{values}}}}}\n",
            id(number)
        )
    };
    let count = || place.done(&["rows", "t"]).len();
    let step = |inner: &str| format!("{{\"begin\":true}}\n{inner}{{\"commit\":true}}\n");
    let before = place.digest();

    let refused = step(&(create(21, r#"{"a":"x"}"#) + &create(22, "{}")));
    let (out, _) = place.exits(1, &["apply", "-"], &refused);
    let answers = json_lines(&out);
    assert_eq!(
        each(&answers, "code"),
        ["step_refused", "step_refused", "required", "step_refused"]
    );
    assert!(answers.iter().all(|answer| answer["offset"].is_null()));
    assert_eq!((count(), place.digest()), (3, before));

    let applied = step(&(create(21, r#"{"a":"x"}"#) + &create(22, r#"{"a":"y"}"#)));
    let (out, _) = place.exits(0, &["apply", "-"], &applied);
    assert_eq!(each(&json_lines(&out), "line"), [1, 2, 3, 4]);
    assert_eq!(count(), 5);

    let bad = format!("{{\"begin\":true}}\n{}", create(23, r#"{"a":"z"}"#));
    let (out, _) = place.exits(1, &["apply", "-"], &bad);
    assert_eq!(each(&json_lines(&out), "code"), ["bad_step", "bad_step"]);
    // Outside a step a refused line does not stop those after it.
    let lines = create(24, "{}") + &create(25, r#"{"a":"z"}"#);
    let (out, _) = place.exits(1, &["apply", "-"], &lines);
    assert_eq!(each(&json_lines(&out), "outcome"), ["refused", "applied"]);
    assert_eq!(count(), 6);
}

#[test]
fn a_line_that_is_no_change_applies_nothing() {
    let place = Place::loaded();
    let before = place.digest();
    let good = r#"{"put":"settings","conflict_detection":true}"#;
    for (bad, column) in
        [("{\"frob\":1}", "1"), ("{\"put\":\"nosuch\"}", "1"), ("{", "1"), ("[]", "1")]
    {
        let message = place.bad(&["apply", "-"], &format!("{good}\n{bad}\n"));
        assert!(message.contains(&format!("<stdin>:2:{column}")), "{message}");
    }
    assert_eq!(place.digest(), before);
}

#[test]
fn exit_codes() {
    let place = Place::loaded();
    place.exits(2, &["frob"], "");
    place.exits(2, &["query", "-"], "fetch t");
    place.bad(&["rows", "nosuch"], "");
    place.bad(&["dataset", "Anne"], "");
    place.bad(&["profile", "show", "Feld"], "");
    place.bad(&["--data", "nowhere", "rows", "t"], "");
    place.bad(&["rows", "t", "--at", "999"], "");
    place.bad(&["rows", "t", "--at", "noon"], "");
    place.bad(&["query", "nosuch.dsl", "--as", "Ann"], "");
    let gap = format!(r#"{{"n":7,"op":"delete","table":"t","id":"{}"}}"#, id(1));
    let message = place.bad(&["push", "-", "--as", "Ann", "--device", "phone"], &gap);
    assert!(message.contains("expected"), "{message}");
    {
        let _holder = Environment::open(&place.data()).unwrap();
        let (out, err) = place.exits(5, &["rows", "t"], "");
        assert_eq!(out, "");
        assert!(err.contains("in use"), "{err}");
    }
    place.done(&["rows", "t"]);
}

#[test]
fn errors_name_file_line_and_column() {
    let place = Place::loaded();
    place.write("q.dsl", "fetch t {\n  filter { bb eq 1 }\n}");
    let message = place.bad(&["query", "q.dsl", "--as", "Ann"], "");
    let report = "\
error[unknown_column]: table `t` has no column `bb`
 --> q.dsl:2:12
  |
2 |   filter { bb eq 1 }
  |            ^^
  |
  = help: did you mean `b`?

";
    assert_eq!(message, report);
    place.write("q.xml", "<fetch>\n  <entity name='t'><filter>\n<condition attribute='b' operator='eqq' value='1'/></filter></entity></fetch>");
    let message = place.bad(&["query", "q.xml", "--as", "Ann"], "");
    assert!(message.contains("--> q.xml:3:36\n"), "{message}");
    assert!(message.contains("did you mean `eq`?"), "{message}");
    assert_eq!(place.bad(&["fmt", "q.xml"], ""), message);
    assert_eq!(place.bad(&["convert", "q.xml", "--to", "dsl"], ""), message);
    let mut command = Command::new(env!("CARGO_BIN_EXE_haversack"));
    let output = command.current_dir(place.path()).args(["check", "q.dsl", "q.xml"]).output();
    assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), format!("{report}{message}"));
    let (out, _) = place.exits(1, &["check", "q.dsl", "q.xml"], "");
    let found = json_lines(&out);
    assert_eq!(each(&found, "file"), ["q.dsl", "q.xml"]);
    assert_eq!((&found[0]["line"], &found[0]["column"]), (&2.into(), &12.into()));
    assert_eq!(found[0]["severity"], "error");
    let message = place.bad(&["push", "-", "--as", "Ann", "--device", "d"], "{\"n\":1}\n");
    assert!(message.starts_with("error: <stdin>:1:"), "{message}");
}

#[test]
fn a_document_is_refused_where_it_is_wrong() {
    let whole = std::fs::read_to_string(format!("{DOCUMENT}/environment.json")).unwrap();
    let line_of = |text: &str| {
        let at = whole.find(text).expect("is in the document");
        whole[..at].lines().count() + usize::from(whole[..at].ends_with('\n'))
    };
    for (from, to) in [
        ("haversack.environment/1", "haversack.environment/9"),
        ("\"roles\": [\"Rep\"]", "\"roles\": [\"Rap\"]"),
        ("\"settings\": {", "\"setings\": {"),
        ("\"name\": \"Small\",", "\"name\": \"Small\" 7,"),
        ("\"kind\": \"many_to_one\"", "\"kind\": \"many\""),
    ] {
        let place = Place::new();
        place.write("d/environment.json", &whole.replacen(from, to, 1));
        let message = place.bad(&["load", "d"], "");
        let line = line_of(from);
        let place_of = format!("error: d/environment.json:{line}:");
        assert!(message.starts_with(&place_of), "{to}: expected {place_of}, found {message}");
        assert!(!place.data().exists(), "{to}");
    }
}

/// A wrong filter is found in the document, and every mistake in the filter.
#[test]
fn a_filter_is_refused_where_it_is_wrong() {
    let whole = std::fs::read_to_string(format!("{DOCUMENT}/environment.json")).unwrap();
    let place = Place::new();
    let wrong = whole.replacen("eq-userid b ge 1", "eq-userid\\n bb ge 1 b eqq 2", 1);
    place.write("d/environment.json", &wrong);
    let message = place.bad(&["load", "d"], "");
    assert!(message.contains("d/environment.json:37:56: "), "{message}");
    assert!(message.contains("--> filter of t in \"Field\":2:12\n"), "{message}");
    assert!(message.contains("did you mean `eq`?"), "{message}");
    place.write("d/environment.json", &wrong.replacen("eqq", "eq", 1));
    let message = place.bad(&["load", "d"], "");
    assert!(message.contains(":2:2\n") && message.contains("did you mean `b`?"), "{message}");
    assert!(!place.data().exists());

    let place = Place::loaded();
    let draft = r#"{"put":"profile","name":"N","items":[{"table":"t","criterion":"custom",
        "filter":"fetch t { filter { b ne 1 tp eq 1 bb null } }"}]}"#
        .replace('\n', " ");
    let (out, _) = place.exits(1, &["apply", "-"], &draft);
    let answer = &json_lines(&out)[0];
    assert_eq!(answer["code"], "bad_filter");
    let message = answer["message"].as_str().unwrap();
    assert!(message.starts_with("profile \"N\": filter of item `t`: 1:27: "), "{message}");
    assert!(message.ends_with("; and 1 more error"), "{message}");
    let (out, _) = place.exits(0, &["apply", "-"], &draft.replace(" tp eq 1 bb null", ""));
    assert_eq!(json_lines(&out)[0]["warnings"][0]["code"], "null_passes");
    let (_, told) = place.exits(0, &["profile", "publish", "N"], "");
    assert!(told.contains("--> filter of t in \"N\":1:22\n"), "{told}");
}

/// What shells complete, and what `operators` tells, are the operators of the table.
#[test]
fn operators_are_told_and_completed() {
    let place = Place::new();
    let all = json_lines(&place.exits(0, &["operators"], "").0);
    assert_eq!(all.len(), 83 - 1, "one for each, `neq` is `ne`");
    let (one, _) = place.exits(0, &["operators", "neq", "last-x-days"], "");
    assert_eq!(each(&json_lines(&one), "operator"), ["ne", "last-x-days"]);
    place.exits(2, &["operators", "last-n-days"], "");
    // The scripts for other shells complete flags, and no arguments.
    for shell in ["bash", "zsh"] {
        let (script, _) = place.exits(0, &["completion", shell], "");
        for info in haversack_dsl::operator::OPERATORS {
            assert!(script.contains(info.name), "{shell} completes {}", info.name);
        }
    }
}

#[test]
fn a_profile_beyond_classic_is_refused_by_load_apply_and_publish() {
    let related = r#""related_to": [{"relationship": "t_u", "table": "p"}],"#;
    let whole = std::fs::read_to_string(format!("{DOCUMENT}/environment.json")).unwrap();
    let ring = whole.replacen(
        r#""criterion": "custom","#,
        &format!(r#""criterion": "custom", {related}"#),
        1,
    );
    let place = Place::new();
    place.write("d/environment.json", &ring.replacen("extended", "classic", 1));
    let loaded = place.bad(&["load", "d"], "");
    let expected = "error: d/environment.json:37:8: profile \"Field\": item `t` is related in a cycle: \
                    t -> p -> t (by `t_u`, `t_u`), which classic does not allow; ";
    assert!(loaded.starts_with(expected) && loaded.trim_end().ends_with(" [cycle]"), "{loaded}");
    place.write("d/environment.json", &ring);
    place.done(&["load", "d"]);

    // The draft stays when the published version is taken back, and classic looks at no draft.
    let classic = r#"{"put":"settings","compatibility":"classic"}"#;
    place.exits(1, &["apply", "-"], classic);
    place.exits(0, &["apply", "-"], &format!("{{\"unpublish\":\"Field\"}}\n{classic}"));
    let published = place.bad(&["profile", "publish", "Field"], "");
    assert!(published.contains("t -> p -> t") && published.contains("[cycle]"), "{published}");
    let (out, _) = place.exits(1, &["apply", "-"], r#"{"publish":"Field"}"#);
    assert_eq!(json_lines(&out)[0]["code"], "cycle");
    let message = json_lines(&out)[0]["message"].to_string();
    assert!(message.contains("t -> p -> t"), "{message}");

    let deep = r#"{"put":"profile","name":"N","items":[{"table":"t","criterion":"custom",
        "filter":"fetch t { filter { or { and { or { b null } } } } }"}]}"#
        .replace('\n', " ");
    let extended = r#"{"put":"settings","compatibility":"extended"}"#;
    place.exits(0, &["apply", "-"], &format!("{extended}\n{deep}\n{classic}"));
    let published = place.bad(&["profile", "publish", "N"], "");
    assert!(
        published.contains("error[limit]: a group at level 4: filter > or > and > or"),
        "{published}"
    );
    assert!(published.contains("--> filter of t in \"N\":1:31\n"), "{published}");
}

#[test]
fn stats_count_what_there_is() {
    let place = Place::loaded();
    let row = id(1);
    let delete = format!(r#"{{"row":{{"table":"t","op":"delete","id":"{row}"}}}}"#);
    let (out, _) = place.exits(0, &["apply", "-"], &delete);
    let end = json_lines(&out)[0]["offset"].clone();
    let edit = |n: u32, b: u32| {
        let row = id(3);
        format!(
            r#"{{"n":{n},"op":"update","table":"t","id":"{row}","base":1,"values":{{"b":{b}}}}}"#
        )
    };
    place.write("edits.ndjson", &format!("{}\n{}\n", edit(1, 8), edit(2, 9)));
    place.done(&["push", "edits.ndjson", "--as", "Ann", "--device", "phone"]);

    let stats = place.done(&["stats"]);
    let count = |what: &str| {
        let of = |line: &&Json| line["what"] == what && line["table"].is_null();
        stats.iter().find(of).unwrap()["count"].clone()
    };
    assert_eq!(count("events").as_u64(), Some(end.as_u64().unwrap() + 3), "a device and two edits");
    assert_eq!((count("users"), count("teams")), (3.into(), 0.into()));
    assert_eq!(
        (count("devices"), count("profiles"), count("conflicts")),
        (1.into(), 1.into(), 2.into())
    );
    assert!(stats[0]["disk_bytes"].as_u64().unwrap() > 0);

    let tables: Vec<Json> = stats.iter().filter(|line| line["what"] == "rows").cloned().collect();
    assert_eq!(each(&tables, "table"), ["businessunit", "p", "systemuser", "t", "team"]);
    assert_eq!(each(&tables, "count"), [2, 2, 3, 2, 0].map(Json::from).each_ref());
    // Three rows of `t` were loaded, one deleted, one written twice.
    assert_eq!(each(&tables, "versions"), [0, 2, 0, 6, 0].map(Json::from).each_ref());
    let memory = |at: usize| tables[at]["memory_bytes"].as_u64().unwrap();
    assert!(memory(3) > memory(4), "{tables:?}");

    let mut command = place.command(&["stats"]);
    let output = command.args(["--format", "table"]).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(
        table.starts_with("what       table         count  versions  disk_bytes  memory_bytes"),
        "{table}"
    );
}

#[test]
fn the_four_forms() {
    let place = Place::loaded();
    place.write("q.dsl", "fetch p { columns name, pid order name desc }");
    let form = |form: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_haversack"));
        command.current_dir(place.path()).args(["--format", form, "query", "q.dsl"]);
        let output = command.arg("--ignore-security").output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
        String::from_utf8(output.stdout).unwrap()
    };
    let (one, two) =
        ("00000000-0000-4000-8000-0000000000c1", "00000000-0000-4000-8000-0000000000c2");
    assert_eq!(form("csv"), format!("name,pid\n\"North, here\",{one}\n,{two}\n"));
    let lines = json_lines(&form("ndjson"));
    assert_eq!(each(&lines, "pid"), [one, two]);
    let array: Vec<Json> = serde_json::from_str(&form("json")).unwrap();
    assert_eq!(array, lines);
    let table = form("table");
    assert!(table.lines().next().unwrap().starts_with("name"), "{table}");
    assert_eq!(table.lines().count(), 3, "{table}");
}

/// Rows go to standard output, and how to go on to standard error.
#[test]
fn a_page_says_how_to_go_on() {
    let place = Place::loaded();
    let asked = |more: &str| {
        let arguments = ["query", "-", "--ignore-security"];
        let (out, told) = place.exits(0, &arguments, &format!("fetch t {{ columns tid {more} }}"));
        (json_lines(&out), told)
    };
    let (mut all, mut pages, mut more) = (Vec::new(), 0, "total".to_owned());
    loop {
        let (rows, told) = asked(&format!("size 2 {more}"));
        all.extend(rows);
        pages += 1;
        assert_eq!(told.contains("rows in all: "), pages == 1, "{told}");
        let Some((_, cookie)) = told.split_once(", cookie: ") else { break };
        assert!(told.contains(&format!("next page: {}", pages + 1)), "{told}");
        more = format!("cookie \"{}\"", cookie.trim());
    }
    assert_eq!(all, asked("").0);
    assert!(pages > 1);
}

#[test]
fn fmt_and_convert_need_no_data() {
    let place = Place::new();
    let query = "fetch  t{filter{b ge 1}}";
    let (dsl, _) = place.exits(0, &["fmt", "-"], query);
    assert_eq!(dsl, "fetch t {\n  filter {\n    b ge 1\n  }\n}\n");
    let (xml, _) = place.exits(0, &["convert", "-", "--to", "fetchxml"], query);
    assert!(xml.starts_with('<'), "{xml}");
    let (back, _) = place.exits(0, &["convert", "-", "--to", "dsl"], &xml);
    assert_eq!(back, dsl);
    assert!(!place.data().exists());
}
