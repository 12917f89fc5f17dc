//! Whether everything that an environment says follows from its log.

use haversack_core::Cursor;
use haversack_replay::{Digest, Judging, State};
use haversack_store::{Copy, DiskLog, Finding, Verification};

use crate::{EngineError, Environment, refold::fold_on, snapshots};

/// What verifying an environment found.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The log: both copies, the chain, the tree and what was signed of it.
    pub log: Verification,
    /// Digest of the state that the whole log folds to.
    pub digest: Digest,
    /// How many snapshots there are, each of which holds what the log folds to.
    pub snapshots: usize,
}

impl Environment {
    /// Reads, hashes and folds every event from nothing, and compares what follows from them: the
    /// tree, the signed checkpoint, each snapshot, and the state that is shown. With `mends`, what
    /// is damaged in one place is made again from the others.
    ///
    /// Damage that was found, and either mended or can be, is in the log's findings.
    ///
    /// # Errors
    /// If the log is damaged beyond that, does not fold, or folds to another state than is shown;
    /// [`EngineError::InMemory`].
    pub fn verify(&self, mends: bool) -> Result<Verified, EngineError> {
        let log = self.disk_log().ok_or(EngineError::InMemory)?;
        let mut verification = if mends { log.repair()? } else { log.verify()? };
        let shown = self.state();
        let list = log.snapshots().list().unwrap_or_default();
        let mut state = State::default();
        let mut whole = 0;
        for at in list.into_iter().filter(|at| *at <= shown.cursor) {
            state = fold_on(log.as_ref(), state, Judging::InForce, at)?;
            match problem(log, at, &state) {
                None => whole += 1,
                Some(what) => {
                    let mended = mends && log.snapshots().remove(at).is_ok();
                    let finding = Finding { copy: Copy::Snapshot, events: None, what, mended };
                    verification.findings.push(finding);
                }
            }
        }
        state = fold_on(log.as_ref(), state, Judging::InForce, shown.cursor)?;
        let digest = Digest::of(&state);
        if digest != Digest::of(&shown) {
            let what = "the log folds to another state than the one that is shown".to_owned();
            return Err(EngineError::Damaged { offset: shown.cursor.next(), what });
        }
        Ok(Verified { log: verification, digest, snapshots: whole })
    }
}

/// What is wrong with a snapshot, if anything; `state` is what the log folds to there.
fn problem(log: &DiskLog, at: Cursor, state: &State) -> Option<String> {
    let digest = Digest::of(state);
    match snapshots::resume(log, at) {
        Err(error) => Some(format!("the one after event {at} can't be used: {error}")),
        Ok((resumed, named)) if named != digest || Digest::of(&resumed) != digest => {
            Some(format!("the one after event {at} is not what the log folds to"))
        }
        Ok(_) => None,
    }
}
