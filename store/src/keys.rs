//! The key that signs checkpoints: made with the log, kept twice, readable by its owner alone.

use std::{fmt::Write, io};

use haversack_proof::SigningKey;

use crate::{
    disk::{Disk, read_file, replace_file},
    entropy::Entropy,
    fault::Failed,
    finding::{Copy, Finding, Findings},
    flaw::Flaw,
    notary::signed_note,
};

const DIRECTORY: &str = "keys";
const PATHS: [&str; 2] = ["keys/checkpoint.key", "keys/checkpoint.key.copy"];
const KEY_BYTES_MAX: u64 = 4_096;

/// Makes a key and keeps it.
pub(crate) fn make(disk: &dyn Disk, entropy: &dyn Entropy) -> io::Result<SigningKey> {
    let (mut seed, mut name) = ([0; 32], [0; 8]);
    entropy.fill(&mut seed)?;
    entropy.fill(&mut name)?;
    let name = name.iter().fold("haversack/".to_owned(), |mut name, byte| {
        write!(name, "{byte:02x}").expect("text takes all");
        name
    });
    let key = SigningKey::from_seed(&name, &seed).expect("the name is plain");
    keep(disk, &key)?;
    Ok(key)
}

/// Keeps a key in both places.
pub(crate) fn keep(disk: &dyn Disk, key: &SigningKey) -> io::Result<()> {
    disk.make_directory(DIRECTORY)?;
    PATHS.iter().try_for_each(|path| write(disk, path, key))
}

fn write(disk: &dyn Disk, path: &str, key: &SigningKey) -> io::Result<()> {
    replace_file(disk, path, format!("{}\n", key.to_text()).as_bytes(), true)
}

/// Reads the key; a copy that is damaged, or another log's, is written anew from the other.
pub(crate) fn load(disk: &dyn Disk, findings: &mut Findings) -> Result<SigningKey, Failed> {
    let copies = PATHS.map(|path| read(disk, path));
    let key = choose(disk, &copies)?;
    let is_key = |copy: &Option<SigningKey>| {
        copy.as_ref().is_some_and(|copy| copy.to_text() == key.to_text())
    };
    for (path, _) in PATHS.iter().zip(&copies).filter(|(_, copy)| !is_key(copy)) {
        disk.make_directory(DIRECTORY)?;
        write(disk, path, key)?;
        let what = format!("the file `{path}` was not whole, or another log's");
        findings.add(Finding { copy: Copy::Key, events: None, what, mended: true });
    }
    Ok(key.clone())
}

/// The copy that is this log's key. Of two that differ, it's the one that signed the checkpoint.
fn choose<'a>(
    disk: &dyn Disk,
    copies: &'a [Option<SigningKey>; 2],
) -> Result<&'a SigningKey, Flaw> {
    let flaw = |what: &str| Err(Flaw::new(None, format!("{what} (`{}`)", PATHS[0])));
    match copies {
        [None, None] => flaw("both copies of the signing key are lost"),
        [Some(key), None] | [None, Some(key)] => Ok(key),
        [Some(key), Some(copy)] if key.to_text() == copy.to_text() => Ok(key),
        [Some(key), Some(_)] if signed_note(disk, key).is_some() => Ok(key),
        [Some(_), Some(copy)] if signed_note(disk, copy).is_some() => Ok(copy),
        [Some(_), Some(_)] => flaw("the two copies of the signing key differ"),
    }
}

/// One copy of the key, if it's whole: its text carries the hash of its public half.
pub(crate) fn read(disk: &dyn Disk, path: &str) -> Option<SigningKey> {
    let bytes = read_file(disk, path, KEY_BYTES_MAX).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?.strip_suffix('\n')?;
    SigningKey::from_text(text).ok()
}

/// The key, for those who only read.
pub(crate) fn peek(disk: &dyn Disk) -> Result<SigningKey, Flaw> {
    choose(disk, &PATHS.map(|path| read(disk, path))).cloned()
}
