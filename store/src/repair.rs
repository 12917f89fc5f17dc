//! A look at all of a log that is open: both copies, the tree, and what was signed.

use std::{io, sync::PoisonError};

use haversack_proof::{Checkpoint, Hash, Levels, SigningKey, tile};

use crate::{
    DiskLog, StoreError,
    disk::Disk,
    fault::Failed,
    finding::{Copy, Finding, Findings},
    flaw::Flaw,
    index::{Index, caught},
    notary::{TileFiles, signed_note},
    part::Group,
    recover::is_of_the_machine,
    shared::locked,
    survey::{Believes, End, Reach, Survey},
};

/// What a look at all of a log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How many events there are, each of which was read and hashed.
    pub events: u64,
    /// How many groups they came in.
    pub groups: u64,
    /// Root of the Merkle tree over all of them.
    pub root: Hash,
    /// The chain with the last group.
    pub chain: Hash,
    /// Damage in one copy that the other one can mend.
    pub findings: Vec<Finding>,
}

impl DiskLog {
    /// Reads and hashes every event in both copies, and compares the tree with what was signed.
    /// Mends nothing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the first event that can't be had from either copy, or if what
    /// was signed is not what is there.
    pub fn verify(&self) -> Result<Verification, StoreError> {
        self.look(false).map_err(|failed| self.failed(failed))
    }

    /// As [`DiskLog::verify`], and writes anew what is damaged. What that was, [`DiskLog::findings`]
    /// says.
    ///
    /// # Errors
    /// As [`DiskLog::verify`].
    pub fn repair(&self) -> Result<Verification, StoreError> {
        let looked = self.look(true).map_err(|failed| self.failed(failed))?;
        looked.findings.iter().for_each(|finding| self.shared().report(finding.clone()));
        Ok(looked)
    }

    fn failed(&self, failed: Failed) -> StoreError {
        failed.told("looking at the log", &self.shared().directory)
    }

    fn look(&self, mends: bool) -> Result<Verification, Failed> {
        // Nothing is appended meanwhile, and sled has everything.
        let writer = locked(self.writer());
        let shared = self.shared();
        shared.wait_for_index(1);
        let reach = Reach { events: shared.head().count(), chain: writer.chain };
        let mut look = Look::new(self, reach, mends)?;
        let end = look.run()?;
        if mends {
            shared.with_index(|index| Ok(index.sync()?))?;
        }
        let Look { mut findings, tree, .. } = look;
        if let Some(what) = tree.differs()? {
            if mends {
                self.rebuild_tree()?;
            }
            findings.add(Finding { copy: Copy::Checkpoint, events: None, what, mended: mends });
        }
        Ok(Verification {
            events: end.cursor.count(),
            groups: end.groups,
            root: tree.levels.root(),
            chain: Hash(end.chain),
            findings: findings.into_inner(),
        })
    }
}

/// A look at both copies, as far as it has come.
struct Look<'a> {
    log: &'a DiskLog,
    reach: Reach,
    mends: bool,
    findings: Findings,
    tree: TreeLook,
}

impl<'a> Look<'a> {
    fn new(log: &'a DiskLog, reach: Reach, mends: bool) -> Result<Self, Failed> {
        let tree = TreeLook::new(log.shared().disk.as_ref(), log.key())?;
        Ok(Self { log, reach, mends, findings: Findings::default(), tree })
    }

    fn run(&mut self) -> Result<End, Failed> {
        let shared = self.log.shared();
        let looked = {
            let index = shared.index.read().unwrap_or_else(PoisonError::into_inner);
            match index.as_deref() {
                // The disk was full when it was opened again.
                None => Err(io::Error::other("sled is closed").into()),
                Some(index) => match self.survey(Some(index), false) {
                    Err(Failed::Flaw(_)) => self.survey(Some(index), true),
                    looked => looked,
                },
            }
        };
        match looked {
            Err(failed @ Failed::Fault(_)) if !is_of_the_machine(&failed) => {
                self.without_index(&failed)
            }
            looked => looked,
        }
    }

    fn survey(&mut self, index: Option<&dyn Index>, believing: bool) -> Result<End, Failed> {
        let shared = self.log.shared();
        self.findings = Findings::default();
        self.tree = TreeLook::new(shared.disk.as_ref(), self.log.key())?;
        let (reach, findings, tree) = (self.reach, &mut self.findings, &mut self.tree);
        let (journal, mends, believes) = (&shared.journal, self.mends, Believes::Neither);
        let survey = Survey { journal, index, mends, believes };
        let mut add = |_: &Group, leaves: &[Hash]| tree.add(leaves);
        caught(|| match believing {
            true => survey.run_believing(reach, findings, &mut add),
            false => survey.run(reach, findings, &mut add),
        })
    }

    /// Where sled can't be read, the journal alone must be whole. Then sled is made anew from it.
    fn without_index(&mut self, failed: &Failed) -> Result<End, Failed> {
        let mut end = self.survey(None, false)?;
        if self.mends {
            let shared = self.log.shared();
            shared.make_index_anew()?;
            let index = shared.index.read().unwrap_or_else(PoisonError::into_inner);
            let found = std::mem::take(&mut self.findings);
            end = self.survey(index.as_deref(), false)?;
            self.findings = found;
            drop(index);
            shared.set_stuck(None);
        }
        let what = format!("it can't be read: {failed}");
        self.findings.add(Finding { copy: Copy::Sled, events: None, what, mended: self.mends });
        Ok(end)
    }
}

/// The tree made again from the events, beside the one on disk.
struct TreeLook {
    levels: Levels,
    files: TileFiles,
    signed: Option<Checkpoint>,
    signed_root: Option<Hash>,
    what: Option<&'static str>,
}

impl TreeLook {
    fn new(disk: &dyn Disk, key: &SigningKey) -> Result<Self, Failed> {
        let signed = signed_note(disk, key).map(|(_, checkpoint)| checkpoint);
        let what = signed.is_none().then_some("there is no signed checkpoint");
        let (levels, files) = (Levels::default(), TileFiles::open(disk)?);
        let signed_root = Some(levels.root());
        let mut look = Self { levels, files, signed, signed_root, what };
        look.at_signed_size();
        Ok(look)
    }

    fn add(&mut self, leaves: &[Hash]) {
        for leaf in leaves {
            let Self { levels, files, signed, what, .. } = self;
            let size = levels.size() + 1;
            let is_signed = signed.as_ref().is_some_and(|signed| size <= signed.size);
            levels.push(*leaf, &mut |level, index, hashes| {
                let first = index * u64::from(tile::TILE_WIDTH);
                if is_signed && !files.hold(level, first, hashes) {
                    *what = Some("a tile is not what the events give");
                }
            });
            self.at_signed_size();
        }
    }

    fn at_signed_size(&mut self) {
        if self.signed.as_ref().is_some_and(|signed| signed.size == self.levels.size()) {
            self.signed_root = Some(self.levels.root());
            for (tile, hashes) in self.levels.partial() {
                let first = tile.index * u64::from(tile::TILE_WIDTH);
                if !self.files.hold(tile.level, first, hashes) {
                    self.what = Some("a tile is not what the events give");
                }
            }
        }
    }

    /// What is wrong with the tree on disk.
    ///
    /// # Errors
    /// If another root was signed: no copy can mend that.
    fn differs(&self) -> Result<Option<String>, Failed> {
        if let Some(signed) = &self.signed
            && self.signed_root != Some(signed.root)
        {
            let what = format!("the signed checkpoint of {} events has another root", signed.size);
            return Err(Flaw::new(None, what).into());
        }
        Ok(self.what.map(str::to_owned))
    }
}
