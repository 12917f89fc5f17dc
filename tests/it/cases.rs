//! Case files: an input, a line `----`, what is expected; a line `====` between cases.
//!
//! `UPDATE_EXPECT=1 cargo test -p haversack` writes what comes out into the files.

use std::path::PathBuf;

/// Runs every case of every file of a directory under `tests/data`.
pub fn check(directory: &str, run: impl Fn(&str) -> String) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "data", directory].iter().collect();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&path)
        .expect("the directory of cases is there")
        .map(|entry| entry.expect("its entries can be read").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a case file can be read");
        let actual = answered(&text, &run);
        if std::env::var("UPDATE_EXPECT").is_ok() {
            std::fs::write(&file, actual).expect("a case file can be written");
        } else if actual != text {
            wrong.push(format!("{}:\n{}", file.display(), first_difference(&text, &actual)));
        }
    }
    assert!(wrong.is_empty(), "{}\nUPDATE_EXPECT=1 takes it over", wrong.join("\n"));
}

fn answered(text: &str, run: &impl Fn(&str) -> String) -> String {
    let cases = text.split("\n====\n").map(|case| {
        let input = case.split_once("\n----\n").map_or(case, |(input, _)| input).trim_end();
        format!("{input}\n----\n{}", run(input).trim_end())
    });
    cases.collect::<Vec<_>>().join("\n====\n") + "\n"
}

fn first_difference(expected: &str, actual: &str) -> String {
    let (expected, actual): (Vec<&str>, Vec<&str>) =
        (expected.lines().collect(), actual.lines().collect());
    let same = expected.iter().zip(&actual).take_while(|(one, other)| one == other).count();
    let line = |lines: &[&str]| lines.get(same).copied().unwrap_or("(the end)").to_owned();
    format!("line {}\n  expected {}\n  actual   {}", same + 1, line(&expected), line(&actual))
}

/// The lines of a script, without empty ones and comments.
pub fn lines(script: &str) -> impl Iterator<Item = &str> {
    script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}
