//! Damage to each file of a data directory: a verb answers fully or says so, nothing else is
//! printed, and `log repair` makes the directory whole again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use haversack_engine::Environment;

use crate::place::{Place, differing, files, id, json_lines, only_message, write_files};

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What is asked of every damaged directory.
const VERBS: [&[&str]; 6] = [
    &["rows", "t"],
    &["conflicts"],
    &["dataset", "Ann"],
    &["replay"],
    AUDIT,
    &["log", "export", "backup"],
];
const AUDIT: &[&str] = &["audit", "verify"];
/// With the digest of all rows and the conflicts, nothing else can have changed.
const AFTER_REPAIR: [usize; 4] = [1, 3, 4, 5];
const THREADS: usize = 2;

/// A whole directory with a load, a conflict and a snapshot, and what the verbs print of it.
struct Whole {
    files: Files,
    answers: Vec<String>,
}

impl Whole {
    fn new() -> Self {
        let place = Place::loaded();
        let edit = format!(
            r#"{{"n":1,"op":"update","table":"t","id":"{}","base":1,"values":{{"b":9}}}}"#,
            id(3)
        );
        place.exits(0, &["push", "-", "--as", "Ann", "--device", "phone"], &edit);
        Environment::open(&place.data()).unwrap().snapshot().unwrap();
        let answers = VERBS.iter().map(|verb| place.exits(0, verb, "").0).collect();
        Self { files: files(&place.data()), answers }
    }

    fn place(&self, damage: &dyn Fn(&mut Files)) -> Place {
        let mut files = self.files.clone();
        damage(&mut files);
        let place = Place::in_memory();
        write_files(&place.data(), &files);
        place
    }
}

/// How one file is damaged; none if that would not change it.
type Damage = (&'static str, fn(&[u8]) -> Option<Vec<u8>>);

const DAMAGES: [Damage; 4] = [
    ("cut to nothing", |bytes| (!bytes.is_empty()).then(Vec::new)),
    ("a bit flipped", |bytes| {
        let used = bytes.iter().rposition(|byte| *byte != 0)? + 1;
        let mut bytes = bytes.to_vec();
        bytes[used / 2] ^= 4;
        Some(bytes)
    }),
    ("its beginning zeroed", |bytes| {
        let mut zeroed = bytes.to_vec();
        let end = zeroed.len().min(512);
        zeroed[..end].fill(0);
        (zeroed != bytes).then_some(zeroed)
    }),
    ("removed", |_| None),
];

/// How a verb ended on a damaged directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Answered,
    AnsweredWithWarning,
    Refused,
}

/// Runs a verb: exit 0 or 4, and on standard error only what belongs there.
fn run(place: &Place, arguments: &[&str], what: &str) -> (Outcome, String) {
    let output = place.run(arguments, "");
    let (out, err) = (output.stdout, String::from_utf8(output.stderr).unwrap());
    // How many snapshots there are is no answer: one that is damaged is removed.
    let out = String::from_utf8(out).unwrap().replace("\"snapshots\":0", "\"snapshots\":1");
    let what = format!("{what}: {arguments:?}\n{out}{err}");
    assert!(!err.contains("panicked at"), "{what}");
    let (warnings, others): (Vec<&str>, Vec<&str>) =
        err.lines().partition(|line| line.starts_with("warning: damage in "));
    let outcome = match output.status.code() {
        Some(0) => {
            assert!(others.is_empty(), "{what}");
            if warnings.is_empty() { Outcome::Answered } else { Outcome::AnsweredWithWarning }
        }
        Some(4) => {
            assert_eq!(others.len(), 1, "{what}");
            only_message(others[0]);
            assert!(out.is_empty() || arguments == AUDIT, "{what}");
            Outcome::Refused
        }
        _ => panic!("{what}"),
    };
    (outcome, out)
}

#[derive(Default)]
struct Tally(Mutex<BTreeMap<(String, Outcome), usize>>);

impl Tally {
    fn add(&self, arguments: &[&str], outcome: Outcome) {
        *self.0.lock().unwrap().entry((arguments.join(" "), outcome)).or_default() += 1;
    }
}

/// What every verb does on a damaged directory.
fn check_verbs(whole: &Whole, damage: &dyn Fn(&mut Files), what: &str, tally: &Tally) {
    for (verb, answer) in VERBS.iter().zip(&whole.answers) {
        let (outcome, out) = run(&whole.place(damage), verb, what);
        if outcome != Outcome::Refused {
            assert_eq!(&out, answer, "{what}: {verb:?}");
        }
        tally.add(verb, outcome);
    }
}

/// What `log repair` does on it, and what the verbs say afterwards.
fn check_repair(whole: &Whole, damage: &dyn Fn(&mut Files), what: &str, tally: &Tally) {
    let place = whole.place(damage);
    let before = files(&place.data());
    let dry_run = ["log", "repair", "--dry-run"];
    let (planned, plan) = run(&place, &dry_run, what);
    let after = files(&place.data());
    let mut changed = differing(&before, &after);
    // Made so that nobody else has the directory open meanwhile.
    changed.retain(|name| *name != Path::new("lock"));
    assert!(changed.is_empty(), "{what}: {changed:?}");
    tally.add(&dry_run, planned);

    let (outcome, done) = run(&place, &["log", "repair"], what);
    tally.add(&["log", "repair"], outcome);
    assert_ne!(outcome, Outcome::Refused, "{what}");
    assert_eq!(plan.replace("\"mended\":false", "\"mended\":true"), done, "{what}");
    assert!(json_lines(&done).iter().all(|finding| finding["mended"] == true), "{what}");
    for verb in AFTER_REPAIR {
        let (outcome, out) = run(&place, VERBS[verb], what);
        assert_eq!(outcome, Outcome::Answered, "{what}");
        assert_eq!(out, whole.answers[verb], "{what}");
    }
}

#[test]
fn any_one_damaged_file_is_answered_over_or_refused_and_can_be_repaired() {
    let whole = Whole::new();
    let cases: Vec<(&Path, Damage)> = whole
        .files
        .keys()
        .flat_map(|file| DAMAGES.map(|damage| (file.as_path(), damage)))
        .filter(|(file, (name, make))| *name == "removed" || make(&whole.files[*file]).is_some())
        .collect();
    let (next, tally) = (AtomicUsize::new(0), Tally::default());
    let work = || {
        while let Some((file, (name, make))) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let what = format!("{} {name}", file.display());
            let damage = |files: &mut Files| match make(&whole.files[*file]) {
                Some(bytes) => drop(files.insert(file.to_path_buf(), bytes)),
                None => drop(files.remove(*file)),
            };
            check_verbs(&whole, &damage, &what, &tally);
            check_repair(&whole, &damage, &what, &tally);
        }
    };
    std::thread::scope(|scope| (0..THREADS).for_each(|_| drop(scope.spawn(work))));
    println!("{} cases: {:#?}", cases.len(), tally.0.into_inner().unwrap());
}

#[test]
fn repair_of_a_whole_log_finds_nothing() {
    let whole = Whole::new();
    let place = whole.place(&|_| ());
    assert!(place.done(&["log", "repair", "--dry-run"]).is_empty());
    assert_eq!(differing(&whole.files, &files(&place.data())), [""; 0].map(Path::new));
    assert!(place.done(&["log", "repair"]).is_empty());
    let place = Place::new();
    let message = place.bad(&["log", "repair"], "");
    assert!(only_message(&message).contains("there is no log"), "{message}");
    assert!(!place.data().exists());
}

/// Removes all files whose path begins with one of these.
fn without(names: &'static [&'static str]) -> impl Fn(&mut Files) {
    move |files| files.retain(|file, _| !names.iter().any(|name| file.starts_with(name)))
}

#[test]
fn what_is_gone_in_one_copy_of_each_kind_is_made_again() {
    let whole = Whole::new();
    let tally = Tally::default();
    let derived: &[&str] = &["audit", "snapshots", "format", "keys/checkpoint.key"];
    for names in [derived, &["head", "log"], &["head", "journal"], &["head", "audit", "format"]] {
        let what = names.join(", ");
        check_verbs(&whole, &without(names), &what, &tally);
        check_repair(&whole, &without(names), &what, &tally);
    }
}

#[test]
fn a_lost_key_is_replaced_by_repair_alone() {
    let whole = Whole::new();
    let place = whole.place(&without(&["keys"]));
    let before = files(&place.data());
    let (outcome, _) = run(&place, &["replay"], "no key");
    assert_eq!(outcome, Outcome::Refused);
    assert!(files(&place.data()).keys().eq(before.keys()));
    let (outcome, _) = run(&place, &["log", "repair"], "no key");
    assert_ne!(outcome, Outcome::Refused);
    for verb in &AFTER_REPAIR[..3] {
        assert_eq!(run(&place, VERBS[*verb], "a new key").1, whole.answers[*verb]);
    }
}

#[test]
fn what_is_gone_in_every_copy_is_refused_and_nothing_is_made_of_it() {
    let whole = Whole::new();
    let both: &[&str] = &["log", "journal"];
    for names in [both, &["log", "journal", "head"], &["log", "journal", "audit", "snapshots"]] {
        let what = names.join(", ");
        for verb in VERBS.iter().chain(&[&["log", "repair", "--dry-run"][..], &["log", "repair"]]) {
            let place = whole.place(&without(names));
            let (outcome, _) = run(&place, verb, &what);
            assert_eq!(outcome, Outcome::Refused, "{what}: {verb:?}");
        }
    }
}
