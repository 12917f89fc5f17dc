//! The README's section on the HTTP API does as it is printed, with bash and curl.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The commands of the section, in their order.
fn commands() -> String {
    let text = std::fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
    let section = text.split("\n## The HTTP API\n").nth(1).expect("the section is there");
    let section = section.split("\n## ").next().unwrap();
    let blocks: Vec<&str> = section
        .split("```console\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect();
    assert!(blocks.len() >= 4, "{section}");
    blocks.concat()
}

fn run(directory: &Path, script: &str) -> Output {
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_haversack"), directory.join("haversack"))
        .unwrap();
    std::os::unix::fs::symlink(format!("{ROOT}/examples"), directory.join("examples")).unwrap();
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    let script = format!(
        "set -eu\ntrap 'kill %1 2>/dev/null' EXIT\nhaversack load examples/northwind\n{script}"
    );
    let ran = Command::new("bash")
        .arg("-c")
        .arg(script)
        .env("PATH", path)
        .current_dir(directory)
        .output();
    ran.expect("bash is needed to run what the README says")
}

#[test]
fn the_lines_of_the_readme_work_as_printed() {
    let curl = Command::new("curl").arg("--version").output();
    assert!(curl.is_ok_and(|ran| ran.status.success()), "install curl: the README's lines need it");
    let directory = tempfile::tempdir().unwrap();
    // The port of the README may be in use here.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let printed = commands();
    assert!(printed.contains("haversack serve &") && printed.contains("127.0.0.1:8080"));
    let script = printed
        .replace("haversack serve &", &format!("haversack serve --listen {free} &"))
        .replace("127.0.0.1:8080", &free.to_string());
    let ran = run(directory.path(), &script);
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    for expected in [
        "\"status\":\"ok\"",
        "\"t\":\"checkpoint\"",
        "\"t\":\"put\"",
        "\"outcome\":\"applied\"",
        "event: poke",
        "\"shipcity\":\"Taos\"",
        "\"version\":",
        "\"kind\":\"device_registered\"",
        "\"included\":true",
    ] {
        assert!(out.contains(expected), "no {expected} in\n{out}\n{err}");
    }
    // What the server tells is told on standard error, a line a request, and no token.
    assert!(err.contains("route=\"/v1/sync/pull\""), "{err}");
    assert!(!err.contains("hsk_") && !err.contains("Taos"), "{err}");
}
