//! Where a log is, how an empty one is made there, and what is checked before one is believed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use haversack_core::Cursor;
use haversack_proof::SigningKey;

use crate::{
    JournalSizes,
    directory::Directory,
    disk::{Disk, RealDisk},
    entropy::{Entropy, SystemEntropy},
    fault::Failed,
    finding::{Copy, Finding, Findings},
    flaw::Flaw,
    head::{Head, HeadFile},
    index::{IndexHome, sled::SledHome},
    journal::Journal,
    keys,
    notary::{Notary, signed_note},
    planted::{Bug, planted},
};

/// Where a log is, and how it is opened.
pub(crate) struct Site {
    pub(crate) path: PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) home: Box<dyn IndexHome>,
    pub(crate) sizes: JournalSizes,
    pub(crate) entropy: Box<dyn Entropy>,
    /// Whether what only a person may decide is done: a lost head or key is made anew.
    pub(crate) rebuilds: bool,
}

impl Site {
    /// A data directory of the machine.
    pub(super) fn real(path: &Path, directory: &Directory, rebuilds: bool) -> Self {
        Self {
            path: path.to_path_buf(),
            disk: Arc::new(RealDisk::new(path)),
            home: Box::new(SledHome(directory.log_path())),
            sizes: JournalSizes::default(),
            entropy: Box::new(SystemEntropy),
            rebuilds,
        }
    }
}

/// Makes a log that holds nothing.
pub(crate) fn make(site: &Site) -> Result<(), Failed> {
    let disk = &site.disk;
    Journal::make(Arc::clone(disk), site.sizes)?;
    let key = keys::make(disk.as_ref(), site.entropy.as_ref())?;
    // Of no events: from now on, that there is no checkpoint is damage, and not a kill in the first
    // second.
    Notary::anew(disk.as_ref(), &key)?.sign(disk.as_ref())?;
    site.home.clear()?;
    site.home.open()?.sync()?;
    // The head is last: where it is, all else was.
    HeadFile::make(disk.as_ref(), Head::EMPTY)?;
    Ok(())
}

/// The signing key; where both copies are lost and a person says so, a new one.
pub(super) fn key(
    disk: &dyn Disk,
    entropy: &dyn Entropy,
    rebuilds: bool,
    findings: &mut Findings,
) -> Result<SigningKey, Failed> {
    match keys::load(disk, findings) {
        Err(Failed::Flaw(flaw)) if rebuilds => {
            let what = format!("{}; a new one was made", flaw.what);
            findings.add(Finding { copy: Copy::Key, events: None, what, mended: true });
            Ok(keys::make(disk, entropy)?)
        }
        key => key,
    }
}

/// A log that is shorter than what was signed of it has lost something.
pub(super) fn check_signed(disk: &dyn Disk, key: &SigningKey, head: Cursor) -> Result<(), Failed> {
    match signed_note(disk, key) {
        Some((_, checkpoint))
            if checkpoint.size > head.count() && !planted(Bug::SkipSignedSize) =>
        {
            let what = format!(
                "the signed checkpoint is of {} events, and the log has {head}",
                checkpoint.size
            );
            Err(Flaw::new(Some(head.next()), what).into())
        }
        _ => Ok(()),
    }
}
