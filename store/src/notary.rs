//! The Merkle tree on disk, and the note that signs its root.
//!
//! ```text
//! audit/checkpoint   the signed note, for the first events of the log
//! audit/tiles/0      the leaves' hashes, one after the other: the tiles of level 0
//! audit/tiles/1      the roots over full tiles of level 0, and so on
//! ```
//!
//! All of it follows from the log and the key, and is made again where it's damaged.

use std::io;

use haversack_proof::{Checkpoint, Hash, Levels, SigningKey, Tiles, tile};

use crate::disk::{Disk, DiskFile, read_file, replace_file};

const DIRECTORY: &str = "audit/tiles";
const CHECKPOINT_PATH: &str = "audit/checkpoint";
const CHECKPOINT_BYTES_MAX: u64 = 64 << 10;
const HASH_BYTES: u64 = 32;

/// A tree that grows, and its signer.
pub(crate) struct Notary {
    key: SigningKey,
    levels: Levels,
    files: TileFiles,
    /// How many leaves are on disk and signed.
    signed: u64,
}

/// The files of the tiles, by level.
pub(crate) struct TileFiles([Box<dyn DiskFile>; tile::LEVELS as usize]);

/// The signed note on disk, and what it says; none if there is none that the key signed.
pub(crate) fn signed_note(disk: &dyn Disk, key: &SigningKey) -> Option<(String, Checkpoint)> {
    let bytes = read_file(disk, CHECKPOINT_PATH, CHECKPOINT_BYTES_MAX).ok()?;
    let note = String::from_utf8(bytes).ok()?;
    let verifier = key.verifier();
    let checkpoint = verifier.open_of(verifier.name(), &note).ok()?;
    Some((note, checkpoint))
}

impl Notary {
    /// Takes up the tree where the signed note ends. None if its tiles don't give the note's root:
    /// then it's made anew by [`Notary::anew`].
    pub(crate) fn load(disk: &dyn Disk, key: &SigningKey) -> io::Result<Option<Self>> {
        let Some((_, checkpoint)) = signed_note(disk, key) else { return Ok(None) };
        let files = TileFiles::open(disk)?;
        let mut partial = Vec::new();
        for tile in tile::partial_tiles(checkpoint.size) {
            partial.resize(usize::from(tile.level) + 1, Vec::new());
            let first = tile.index * u64::from(tile::TILE_WIDTH);
            partial[usize::from(tile.level)] = files.read(tile.level, first, tile.width)?;
        }
        let levels = Levels::from_tiles(checkpoint.size, partial);
        let levels = levels.filter(|levels| levels.root() == checkpoint.root);
        let key = key.clone();
        Ok(levels.map(|levels| Self { key, levels, files, signed: checkpoint.size }))
    }

    /// An empty tree, to be filled from the log's first event on.
    pub(crate) fn anew(disk: &dyn Disk, key: &SigningKey) -> io::Result<Self> {
        let files = TileFiles::open(disk)?;
        Ok(Self { key: key.clone(), levels: Levels::default(), files, signed: 0 })
    }

    /// How many leaves the tree has.
    pub(crate) fn size(&self) -> u64 {
        self.levels.size()
    }

    /// Whether the note on disk is not that of the whole tree.
    pub(crate) fn is_behind(&self) -> bool {
        self.signed < self.size()
    }

    /// Appends leaves.
    pub(crate) fn push(&mut self, leaves: &[Hash]) -> io::Result<()> {
        let mut written = Ok(());
        for leaf in leaves {
            self.levels.push(*leaf, &mut |level, index, hashes| {
                if written.is_ok() {
                    written = self.files.write(level, index * hashes.len() as u64, hashes);
                }
            });
        }
        written
    }

    /// Writes what is not on disk yet, signs the tree, and gives back the note.
    pub(crate) fn sign(&mut self, disk: &dyn Disk) -> io::Result<String> {
        for (tile, hashes) in self.levels.partial() {
            let first = tile.index * u64::from(tile::TILE_WIDTH);
            self.files.write(tile.level, first, hashes)?;
        }
        let size = self.levels.size();
        let mut used = (0..).zip(&self.files.0).filter(|(level, _)| size >> (8 * level) > 0);
        used.try_for_each(|(_, file)| file.sync())?;
        let origin = self.key.verifier().name().to_owned();
        let note = self.key.sign(&Checkpoint { origin, size, root: self.levels.root() });
        replace_file(disk, CHECKPOINT_PATH, note.as_bytes(), false)?;
        self.signed = size;
        Ok(note)
    }
}

impl TileFiles {
    pub(crate) fn open(disk: &dyn Disk) -> io::Result<Self> {
        disk.make_directory(DIRECTORY)?;
        let mut files = Vec::new();
        let mut is_new = false;
        for level in 0..tile::LEVELS {
            let path = format!("{DIRECTORY}/{level}");
            files.push(match disk.open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    is_new = true;
                    disk.create(&path, false)?
                }
                file => file?,
            });
        }
        if is_new {
            // What is signed must outlive a power cut with its tiles, or it looks damaged.
            disk.sync_directory(DIRECTORY)?;
        }
        let files = files.try_into().map_err(|_| "levels").expect("one file a level");
        Ok(Self(files))
    }

    fn write(&self, level: u8, first: u64, hashes: &[Hash]) -> io::Result<()> {
        self.0[usize::from(level)].write_at(&tile::tile_bytes(hashes), first * HASH_BYTES)
    }

    /// Whether these hashes are where they must be.
    pub(crate) fn hold(&self, level: u8, first: u64, hashes: &[Hash]) -> bool {
        let width = u16::try_from(hashes.len()).expect("a tile has 256 hashes");
        self.read(level, first, width).is_ok_and(|found| found == hashes)
    }

    pub(crate) fn read(&self, level: u8, first: u64, width: u16) -> io::Result<Vec<Hash>> {
        let mut bytes = vec![0; usize::from(width) * 32];
        let read = self.0[usize::from(level)].read_at(&mut bytes, first * HASH_BYTES)?;
        Ok(tile::tile_hashes(&bytes[..read]).unwrap_or_default())
    }
}

impl Tiles for TileFiles {
    type Error = io::Error;

    fn hash(&self, level: u8, index: u64) -> io::Result<Hash> {
        let hashes = self.read(level, index, 1)?;
        hashes.first().copied().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}
