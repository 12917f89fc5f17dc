//! What the server says of itself: OpenAPI, metrics, and the codes of its problems.

use haversack_server::{Access, CODES, ROUTES};

use crate::{client::request, world::World};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn openapi_has_every_route_and_nothing_else() {
    let world = World::new();
    let document = world.get("/openapi.json", "").ok().json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = 0;
    for route in ROUTES {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert_eq!(operation["summary"], route.summary, "{} {}", route.method, route.path);
        let is_open = operation["security"].as_array().unwrap().is_empty();
        assert_eq!(is_open, route.access == Access::Anyone, "{}", route.path);
        let parameters = operation["parameters"].as_array().unwrap();
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
        assert_eq!(in_path, route.path.matches('{').count(), "{}", route.path);
        operations += 1;
    }
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(
        paths.values().map(|path| path.as_object().unwrap().len()).sum::<usize>(),
        operations
    );
    // What is referred to is there.
    let text = document.to_string();
    let names = text.split("#/components/schemas/").skip(1);
    for name in names.map(|rest| rest.split('"').next().unwrap()) {
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

#[test]
fn metrics_count_what_was_asked() {
    let world = World::new();
    world.row(&world.ann, "r", serde_json::json!({}));
    world.get("/nowhere", "");
    for method in ["BREW", "WHEN"] {
        assert_eq!(world.send(&request(method, "/v1/healthz", "")).status, 405);
    }
    let text = String::from_utf8(world.get("/metrics", "").ok().body).unwrap();
    for line in [
        "haversack_request_seconds_count{method=\"POST\",route=\"/v1/rows/{table}\",status=\"201\"} 1",
        "haversack_request_seconds_count{method=\"any\",route=\"none\",status=\"404\"} 1",
        "haversack_request_seconds_count{method=\"any\",route=\"/v1/healthz\",status=\"405\"} 2",
        "haversack_streams_open 0",
        "haversack_committer_queue 0",
    ] {
        assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
    }
    let events = format!("haversack_events {}", world.environment.state().cursor);
    assert!(text.lines().any(|line| line == events), "{text}");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("haversack_") && value.parse::<f64>().is_ok(), "{line}");
    }
}

/// The table of codes in `docs/errors.md` is of the codes that there are.
#[test]
fn every_code_of_a_problem_is_explained() {
    let text = std::fs::read_to_string(format!("{ROOT}/docs/errors.md")).unwrap();
    let section =
        text.split("\n## Answers of the server\n").nth(1).expect("a section for the server");
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut told: Vec<&str> = rows.collect();
    told.sort_unstable();
    assert_eq!(told, CODES);
}

/// Every code that stands in the server's source is in its list.
#[test]
fn the_list_of_codes_has_every_code() {
    let mut directories =
        vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut found = 0;
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for maker in ["bad_request(", "not_found(", "conflict(", "unavailable(", "::new("] {
                for rest in text.split(maker).skip(1) {
                    // A status may come first.
                    let rest = rest.trim_start();
                    let rest = match rest.strip_prefix("StatusCode::") {
                        Some(status) => status.split_once(',').unwrap().1.trim_start(),
                        None => rest,
                    };
                    let Some(code) = rest.strip_prefix('"').and_then(|code| code.split('"').next())
                    else {
                        continue;
                    };
                    let file = path.display();
                    assert!(CODES.contains(&code), "{code} of {file} is not in the list");
                    found += 1;
                }
            }
        }
    }
    assert!(found > 40, "{found}");
}
