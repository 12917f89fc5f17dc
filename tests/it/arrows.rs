//! What may depend on what, and what every source file looks like.

use std::path::{Path, PathBuf};

const LINES_MAX: usize = 600;

/// Crates that know no clock, no randomness, no file and no thread, with the internal crates that
/// they may use.
const PURE: [(&str, &[&str]); 7] = [
    ("core", &[]),
    ("dsl", &["haversack-core"]),
    ("dataset", &["haversack-core", "haversack-dsl"]),
    ("replay", &["haversack-core", "haversack-dsl", "haversack-dataset"]),
    ("proof", &[]),
    ("sync", &["haversack-core"]),
    ("workload", &["haversack-core"]),
];

/// Crates at the edge, with the internal crates that they may use.
const EDGES: [(&str, &[&str]); 6] = [
    ("store", &["haversack-core", "haversack-proof"]),
    ("fuzz", &["haversack-core", "haversack-dsl", "haversack-dataset"]),
    (
        "sim",
        &[
            "haversack-core",
            "haversack-dataset",
            "haversack-device",
            "haversack-engine",
            "haversack-replay",
            "haversack-store",
            "haversack-sync",
        ],
    ),
    ("device", &["haversack-core", "haversack-dsl", "haversack-dataset", "haversack-sync"]),
    (
        "server",
        &[
            "haversack-core",
            "haversack-engine",
            "haversack-replay",
            "haversack-store",
            "haversack-sync",
        ],
    ),
    (
        "engine",
        &[
            "haversack-core",
            "haversack-dsl",
            "haversack-dataset",
            "haversack-proof",
            "haversack-replay",
            "haversack-store",
            "haversack-sync",
        ],
    ),
];

/// What no pure crate uses: runtimes, threads, files, randomness, clocks, sockets, terminals.
const IMPURE: &[&str] = &[
    "tokio",
    "crossbeam",
    "rayon",
    "async-std",
    "smol",
    "sled",
    "redb",
    "rusqlite",
    "tempfile",
    "memmap2",
    "rand",
    "fastrand",
    "getrandom",
    "chrono",
    "time",
    "hyper",
    "axum",
    "reqwest",
    "clap",
    "indicatif",
    "tracing-subscriber",
    "lz4_flex",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names of the dependencies in a manifest's `[dependencies]`.
fn dependencies(name: &str) -> Vec<String> {
    let path = root().join(name).join("Cargo.toml");
    let text = std::fs::read_to_string(path).expect("the crate has a manifest");
    let lines = text.lines().skip_while(|line| line.trim() != "[dependencies]").skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn crates_use_only_those_below() {
    for (name, allowed) in PURE.iter().chain(&EDGES) {
        let all = dependencies(name);
        assert!(!all.is_empty(), "{name}");
        for dependency in all.iter().filter(|dependency| dependency.starts_with("haversack")) {
            assert!(allowed.contains(&dependency.as_str()), "{name} uses {dependency}");
        }
    }
}

#[test]
fn every_crate_has_its_arrows() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest.lines().find(|line| line.starts_with("members")).unwrap();
    for member in members.split('"').skip(1).step_by(2) {
        let known = PURE.iter().chain(&EDGES).any(|(name, _)| *name == member);
        assert!(known, "say in this file what {member} may use");
    }
}

#[test]
fn pure_crates_use_nothing_impure() {
    for (name, _) in PURE {
        for dependency in dependencies(name) {
            assert!(!IMPURE.contains(&dependency.as_str()), "{name} uses {dependency}");
        }
    }
}

/// Source files of the workspace; what is built or hidden left out.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![root().to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("can be read") {
            let path = entry.expect("can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    directories.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 100);
    found
}

#[test]
fn every_source_file_says_what_it_is_and_is_not_too_long() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).expect("is UTF-8");
        assert!(text.starts_with("//!"), "{} does not begin with //!", path.display());
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
    }
}
