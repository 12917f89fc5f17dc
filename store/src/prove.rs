//! Proofs about an open log, and the log as files that any reader of transparency logs can check.

use std::io;

use haversack_core::{Cursor, Offset};
use haversack_proof::{
    Checkpoint, ConsistencyProof, Hash, InclusionProof, NoteError, Payload, ProofFile, Tile, tile,
};

use crate::{DiskLog, Log, StoreError, fault::Failed, flaw::Flaw, notary::TileFiles, pack::entry};

/// Entries are read from the log in runs of so many events: those of one tile.
const ENTRIES_AT_A_TIME: u64 = tile::TILE_WIDTH as u64;

/// Why something can't be proved.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The log.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The checkpoint that was handed in is none of this log.
    #[error("the checkpoint is none of this log: {0}")]
    Note(#[from] NoteError),
    /// The checkpoint does not cover the event.
    #[error("event {offset} is not covered by the checkpoint, which has {size} events")]
    NotCovered {
        /// The event.
        offset: Offset,
        /// How many events the checkpoint has.
        size: u64,
    },
    /// The checkpoint is ahead of the log.
    #[error(
        "the checkpoint has {size} events and the log {head}: the log was put back to an earlier time"
    )]
    Ahead {
        /// How many events the checkpoint has.
        size: u64,
        /// The last event of the log.
        head: Cursor,
    },
}

impl DiskLog {
    /// Proves that an event is in the log: for the checkpoint `note`, or for one made now.
    ///
    /// # Errors
    /// [`ProveError`].
    pub fn prove_event(&self, offset: Offset, note: Option<&str>) -> Result<ProofFile, ProveError> {
        let (note, checkpoint) = self.covering(note)?;
        let size = checkpoint.size;
        if offset.get() > size {
            return Err(ProveError::NotCovered { offset, size });
        }
        let mut proof = None;
        let path = self.checked_path(&checkpoint, |files| {
            tile::inclusion_path(offset.get() - 1, size, files)
        })?;
        self.shared()
            .each_event(offset, 1, &mut |record, evidence| {
                let payload = Payload { salt: *evidence.salt, bytes: evidence.payload.to_vec() };
                proof = Some((entry(&record, &evidence), payload));
            })
            .map_err(|failed| self.proving(failed))?;
        let (entry, payload) = proof.expect("an event up to the head is handed on");
        let (payload, checkpoint) = (Some(payload), Some(note));
        Ok(ProofFile::Inclusion(InclusionProof { entry, payload, size, path, checkpoint }))
    }

    /// Proves that the log was only appended to since the checkpoint `old`.
    ///
    /// # Errors
    /// [`ProveError`].
    pub fn prove_since(&self, old: &str) -> Result<ProofFile, ProveError> {
        let (old, before) = self.covering(Some(old))?;
        let (new, checkpoint) = self.covering(None)?;
        let path = self.checked_path(&checkpoint, |files| {
            tile::consistency_path(before.size, checkpoint.size, files)
        })?;
        Ok(ProofFile::Consistency(ConsistencyProof { old, new, path }))
    }

    /// A checkpoint of this log, with all its leaves on disk.
    fn covering(&self, note: Option<&str>) -> Result<(String, Checkpoint), ProveError> {
        let newest = self.checkpoint()?;
        let note = note.unwrap_or(&newest).to_owned();
        let verifier = self.verifier();
        let checkpoint = verifier.open_of(verifier.name(), &note)?;
        let (size, head) = (checkpoint.size, self.head());
        if size > head.count() {
            return Err(ProveError::Ahead { size, head });
        }
        Ok((note, checkpoint))
    }

    /// A path from the tiles on disk; these are made again first if they give another root.
    fn checked_path(
        &self,
        checkpoint: &Checkpoint,
        path: impl Fn(&TileFiles) -> io::Result<Vec<Hash>>,
    ) -> Result<Vec<Hash>, ProveError> {
        let disk = self.shared().disk.as_ref();
        let work = || -> Result<Vec<Hash>, Failed> {
            let files = TileFiles::open(disk)?;
            let root = |files: &TileFiles| tile::root(checkpoint.size, files);
            if !root(&files).is_ok_and(|root| root == checkpoint.root) {
                self.rebuild_tree()?;
            }
            if root(&files)? != checkpoint.root {
                let what = format!("the checkpoint of {} events has another root", checkpoint.size);
                return Err(Flaw::new(None, what).into());
            }
            Ok(path(&files)?)
        };
        work().map_err(|failed| self.proving(failed))
    }

    fn proving(&self, failed: Failed) -> ProveError {
        failed.told("making a proof", &self.shared().directory).into()
    }

    /// Hands on the log as the files of a C2SP tiled log, by their paths: checkpoint, tiles, and the
    /// entries that the leaves cover. Payloads are not among them.
    ///
    /// # Errors
    /// If the log can't be read, or `write` fails.
    pub fn tiled(
        &self,
        write: &mut dyn FnMut(&str, &[u8]) -> io::Result<()>,
    ) -> Result<Checkpoint, StoreError> {
        let note = self.checkpoint()?;
        let mut work = || -> Result<Checkpoint, Failed> {
            let verifier = self.verifier();
            let checkpoint = verifier
                .open_of(verifier.name(), &note)
                .map_err(|error| Flaw::new(None, error.to_string()))?;
            let tiles = tile::full_tiles(0, checkpoint.size);
            let files = TileFiles::open(self.shared().disk.as_ref())?;
            for tile in tiles.chain(tile::partial_tiles(checkpoint.size)) {
                let first = tile.index * u64::from(tile::TILE_WIDTH);
                let hashes = files.read(tile.level, first, tile.width)?;
                write(&tile.path(), &tile::tile_bytes(&hashes))?;
                if tile.level == 0 {
                    write(&tile.entries_path(), &self.bundle(&tile)?)?;
                }
            }
            write("checkpoint", note.as_bytes())?;
            write("key", format!("{verifier}\n").as_bytes())?;
            Ok(checkpoint)
        };
        work().map_err(|failed| failed.told("exporting the log", &self.shared().directory))
    }

    /// The entries under a tile of level 0, each with its length before it (u16, big-endian).
    fn bundle(&self, tile: &Tile) -> Result<Vec<u8>, Failed> {
        let from = Cursor::after(tile.index * ENTRIES_AT_A_TIME).next();
        let mut bytes = Vec::new();
        self.shared().each_event(from, u64::from(tile.width), &mut |record, evidence| {
            let entry = entry(&record, &evidence).to_bytes();
            bytes.extend_from_slice(&u16::try_from(entry.len()).expect("small").to_be_bytes());
            bytes.extend_from_slice(&entry);
        })?;
        Ok(bytes)
    }
}
