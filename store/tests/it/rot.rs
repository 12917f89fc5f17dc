//! Damage to the real files of a log, sled's among them: one bit, one sector, or a whole file. It is
//! mended and reported, or refused; never other events, and never fewer without a word.
//!
//! Trials run in child processes, since sled may hang or end the process that opens damaged files.
//! `HAVERSACK_ROT_TRIALS` asks for more of them than the default, with other seeds.

mod damage;
mod trial;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
    time::{Duration, Instant},
};

use crate::children::{Child, Heard, say, task};
use damage::{Damage, How, SOUND};
use trial::Outcome;

/// Of which at least a thousand are flips.
const TRIALS: usize = 1_300;
/// Trials that one child runs: what a sled that panicked keeps of threads and memory ends with it.
const BATCH: usize = 100;
const THREADS: usize = 2;
/// A trial takes well under a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often what became of damage, by file and kind.
#[derive(Default)]
struct Tally {
    outcomes: BTreeMap<(String, How), BTreeMap<String, usize>>,
    wrong: Vec<String>,
    refused: Vec<String>,
}

impl Tally {
    fn add(&mut self, damage: &Damage, outcome: &str) {
        let kind = file_kind(&damage.path);
        *self.outcomes.entry((kind, damage.how)).or_default().entry(outcome.into()).or_default() +=
            1;
    }

    fn count(&self, hows: &[How], outcome: Option<&str>) -> usize {
        let of_how = self.outcomes.iter().filter(|((_, how), _)| hows.contains(how));
        let counts = of_how.flat_map(|(_, counts)| counts);
        counts
            .filter(|(name, _)| outcome.is_none_or(|wanted| wanted == *name))
            .map(|(_, n)| n)
            .sum()
    }

    /// A line for each file and kind of damage, and one for each refusal.
    fn table(&self) -> String {
        let row = |cells: [&str; 6]| {
            let [file, how, unused, mended, refused, wrong] = cells;
            format!("{file:24} {how:6} {unused:>7} {mended:>7} {refused:>7} {wrong:>7}\n")
        };
        let mut table = row(["file", "how", "unused", "mended", "refused", "wrong"]);
        for ((kind, how), counts) in &self.outcomes {
            let count = |name| counts.get(name).copied().unwrap_or(0).to_string();
            let [unused, mended, refused, wrong] =
                ["unused", "mended", "refused", "wrong"].map(count);
            table += &row([kind, &format!("{how:?}"), &unused, &mended, &refused, &wrong]);
        }
        self.refused.iter().for_each(|line| table += &format!("refused: {line}\n"));
        table
    }
}

fn file_kind(path: &str) -> String {
    match path {
        _ if path.starts_with("journal/") => "journal/*".into(),
        _ if path.starts_with("log/snap.") => "log/snap.*".into(),
        _ => path.into(),
    }
}

/// Runs a batch of trials in children, and takes up again behind one that never ended.
fn run_batch(root: &Path, seed: u64, batch: usize, end: usize, tally: &Mutex<Tally>) {
    let mut next = batch * BATCH;
    let last = end.min(next + BATCH);
    while next < last {
        let task = format!("{}\n{batch}\n{seed}\n{next}\n{last}", root.display());
        let child = Child::run("rot::child", &task);
        loop {
            let heard = child.hear(PATIENCE);
            let said = match &heard {
                Heard::Line(line) => line.split_once(' ').unwrap_or((line, "")),
                Heard::End => ("wrong", "the process ended"),
                Heard::Nothing => ("wrong", "it hangs"),
            };
            let damage = Damage::of_trial(root, seed, next);
            let mut tally = tally.lock().expect("nobody panicked");
            tally.add(&damage, said.0);
            let line = format!("seed {seed}, trial {next}, {damage}: {}", said.1);
            match said.0 {
                "wrong" => tally.wrong.push(line),
                "refused" => tally.refused.push(line),
                _ => {}
            }
            next += 1;
            if next == last || !matches!(heard, Heard::Line(_)) {
                break;
            }
        }
    }
}

#[test]
fn damaged_files_are_mended_or_refused() {
    let asked = std::env::var("HAVERSACK_ROT_TRIALS").ok().and_then(|text| text.parse().ok());
    let trials: usize = asked.unwrap_or(TRIALS);
    let seed = if trials > TRIALS { trials as u64 } else { 1 };
    let began = Instant::now();
    let root = tempfile::tempdir().expect("directory");
    damage::make(root.path());
    let (tally, batches) = (Mutex::new(Tally::default()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let work = || loop {
            let batch = batches.fetch_add(1, Ordering::Relaxed);
            if batch * BATCH >= trials {
                return;
            }
            run_batch(root.path(), seed, batch, trials, &tally);
        };
        (0..THREADS).for_each(|_| drop(scope.spawn(work)));
    });
    let tally = tally.into_inner().expect("nobody panicked");
    println!("{}{trials} trials, seed {seed}: {:.1?}", tally.table(), began.elapsed());
    assert!(tally.wrong.is_empty(), "{} wrong:\n{}", tally.wrong.len(), tally.wrong.join("\n"));
    let single = [How::Flip, How::Zero];
    let (flips, all) = (tally.count(&[How::Flip], None), tally.count(&single, None));
    let refused = tally.count(&single, Some("refused"));
    println!("{flips} flips; of {all} flips and zeroed sectors {refused} were refused");
    assert!(flips >= trials.min(TRIALS) * 3 / 4);
    assert!(refused * 100 <= all, "{refused} of {all} were refused");
}

#[test]
fn child() {
    let Some(task) = task() else { return };
    let parts: Vec<&str> = task.split('\n').collect();
    let root = Path::new(parts[0]);
    let number = |place: usize| parts[place].parse::<u64>().expect("a number");
    let directory = root.join(format!("trial-{}", number(1)));
    let written = damage::written();
    for trial in number(3)..number(4) {
        let damage =
            Damage::of_trial(root, number(2), usize::try_from(trial).expect("a small number"));
        damage::copy(&root.join(SOUND), &directory);
        damage.inflict(root, &directory);
        match trial::run(&directory, &written) {
            Ok(Outcome::Unused) => say("unused"),
            Ok(Outcome::Mended) => say("mended"),
            Ok(Outcome::Refused(what)) => say(&format!("refused {}", what.replace('\n', " "))),
            Err(what) => say(&format!("wrong {}", what.replace('\n', " "))),
        }
    }
}
