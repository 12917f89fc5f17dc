//! Texts to begin with: queries of the example, inputs of the language's tests, and what is tricky or
//! has once been judged wrongly, in `corpus/`.
#![expect(clippy::disallowed_methods, reason = "the corpus is files")]

use std::path::{Path, PathBuf};

/// All queries, each once, in the order of their files.
///
/// # Panics
/// If a file can't be read, or a folder has none.
#[must_use]
pub fn queries() -> Vec<String> {
    let mut texts = files("corpus/queries");
    texts.extend(files("../examples/northwind/queries"));
    for cases in files("../dsl/tests/cases") {
        let inputs = cases.split("\n====\n").filter_map(|case| case.split("\n----\n").next());
        texts.extend(inputs.map(str::to_owned));
    }
    for cases in files("../tests/data/queries") {
        texts.extend(cases.lines().filter_map(|line| line.strip_prefix("? ")).map(str::to_owned));
    }
    texts
}

/// Patterns of `like` with texts: a line each, the pattern, a tab and a text.
///
/// # Panics
/// As [`queries`].
#[must_use]
pub fn patterns() -> Vec<(String, String)> {
    let split = |line: &str| {
        let (pattern, text) = line.split_once('\t').expect("a pattern, a tab and a text");
        (pattern.to_owned(), text.to_owned())
    };
    files("corpus/like").iter().flat_map(|file| file.lines()).map(split).collect()
}

fn files(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = folder.read_dir().unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder lists its files").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no files", folder.display());
    paths
        .iter()
        .map(|path| {
            let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            String::from_utf8_lossy(&bytes).into_owned()
        })
        .collect()
}
