//! Three small logs, and ways to damage one file of the first.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use haversack_store::{DiskLog, LogRecord};

use crate::fixtures::{Dice, append_all, record};

/// Directories below a root: the log that is damaged, the same log earlier, and another one.
pub const SOUND: &str = "sound";
const OLDER: &str = "older";
const OTHER: &str = "other";

const EVENTS: u64 = 420;
const EVENTS_EARLIER: usize = 300;
const SECTOR: usize = 512;

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    Flip,
    Zero,
    Cut,
    Empty,
    Gone,
    Older,
    Other,
}

/// What is done to which file.
#[derive(Clone, Debug)]
pub struct Damage {
    pub path: String,
    pub how: How,
    /// A byte of the file, or the length that is left.
    pub place: usize,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {}", self.how, self.path, self.place)
    }
}

/// The events of the log that is damaged.
pub fn written() -> Vec<LogRecord> {
    let length = |offset: u64| match offset % 60 {
        // Larger than a part: it's cut into several.
        7 => 20_000,
        11 | 31 => 3_000,
        rest => usize::try_from(rest * 11).expect("small"),
    };
    (1..=EVENTS).map(|offset| record(offset, length(offset))).collect()
}

/// Makes the three logs.
pub fn make(root: &Path) {
    let (sound, events) = (root.join(SOUND), written());
    let close = |log| drop::<DiskLog>(log);
    let log = DiskLog::open(&sound).expect("made");
    append_all(&log, &events[..EVENTS_EARLIER], &[1, 17, 60, 3]);
    close(log);
    copy(&sound, &root.join(OLDER));
    let log = DiskLog::open(&sound).expect("open");
    append_all(&log, &events[EVENTS_EARLIER..], &[1, 5, 40]);
    close(log);
    // The head notes what sled has when it's opened the next time.
    close(DiskLog::open(&sound).expect("open"));
    let other = DiskLog::open(&root.join(OTHER)).expect("made");
    append_all(&other, &(1..=350).map(|offset| record(offset, 333)).collect::<Vec<_>>(), &[25]);
    close(other);
}

/// Copies a directory over another one, of which nothing stays.
pub fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to.join("log/blobs")).expect("made");
    for path in files(from) {
        fs::create_dir_all(to.join(&path).parent().expect("below the root")).expect("made");
        fs::copy(from.join(&path), to.join(&path)).expect("copied");
    }
}

/// The files of a log, in order.
pub fn files(root: &Path) -> Vec<String> {
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = folder.join(entry.file_name());
            match entry.file_type().expect("a type").is_dir() {
                true => folders.push(path),
                false => files.push(path.to_string_lossy().into_owned()),
            }
        }
    }
    // It holds nothing.
    files.retain(|path| path != "lock");
    files.sort();
    files
}

impl Damage {
    /// The damage of one trial. Of ten, eight are flips, one is a zeroed sector.
    pub fn of_trial(root: &Path, seed: u64, trial: usize) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ trial as u64);
        let how = match trial % 10 {
            0..8 => How::Flip,
            8 => How::Zero,
            _ => [How::Cut, How::Empty, How::Gone, How::Older, How::Other][trial / 10 % 5],
        };
        let all = files(&root.join(SOUND));
        let path = choose(&all, how, &root.join(SOUND), &mut dice);
        let bytes = fs::read(root.join(SOUND).join(&path)).expect("read");
        let place = match how {
            How::Flip | How::Zero => used_place(&bytes, &mut dice),
            _ => dice.roll(bytes.len()),
        };
        Self { path, how, place }
    }

    /// Does it, to the copy in `directory`.
    pub fn inflict(&self, root: &Path, directory: &Path) {
        let path = directory.join(&self.path);
        let change = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = fs::read(&path).expect("read");
            change(&mut bytes);
            fs::write(&path, bytes).expect("written");
        };
        match self.how {
            How::Flip => change(&|bytes| bytes[self.place] ^= 1 << (self.place % 8)),
            How::Zero => change(&|bytes| {
                let start = self.place / SECTOR * SECTOR;
                let end = bytes.len().min(start + SECTOR);
                bytes[start..end].fill(0);
            }),
            How::Cut => change(&|bytes| bytes.truncate(self.place)),
            How::Empty => change(&|bytes| bytes.clear()),
            How::Gone => fs::remove_file(&path).expect("removed"),
            How::Older => replace(&path, &root.join(OLDER), &self.path),
            How::Other => replace(&path, &root.join(OTHER), &self.path),
        }
    }
}

/// Half of the flips go to what holds the events, the rest to all files alike.
fn choose(all: &[String], how: How, sound: &Path, dice: &mut Dice) -> String {
    let is_empty = |path: &String| fs::metadata(sound.join(path)).expect("there").len() == 0;
    let needs_bytes = matches!(how, How::Flip | How::Zero | How::Cut);
    let usable: Vec<&String> = all.iter().filter(|path| !(needs_bytes && is_empty(path))).collect();
    let of = |start: &str| -> Vec<&String> {
        usable.iter().copied().filter(|path| path.starts_with(start)).collect()
    };
    match dice.roll(10) {
        0..3 => pick(&of("log/db"), dice),
        3..5 => pick(&of("journal/"), dice),
        _ => pick(&usable, dice),
    }
}

fn pick(paths: &[&String], dice: &mut Dice) -> String {
    paths[dice.roll(paths.len())].clone()
}

/// A byte of a file. Large stretches of zeros are mostly passed by.
fn used_place(bytes: &[u8], dice: &mut Dice) -> usize {
    let mut place = dice.roll(bytes.len());
    for _ in 0..30 {
        let end = bytes.len().min(place + 16);
        if bytes[place..end].iter().any(|byte| *byte != 0) || dice.roll(40) == 0 {
            break;
        }
        place = dice.roll(bytes.len());
    }
    place
}

/// Puts the same file of another directory in its place. sled names its snapshots by what they hold.
fn replace(path: &Path, from: &Path, name: &str) {
    let is_snapshot = |path: &str| path.starts_with("log/snap.");
    let same = |found: &String| found == name || is_snapshot(found) && is_snapshot(name);
    match files(from).into_iter().find(same) {
        Some(found) => drop(fs::copy(from.join(found), path).expect("copied")),
        None => fs::remove_file(path).expect("removed"),
    }
}
