//! Checkpoints: what a log has committed to, as text that is signed.
//!
//! The text is a C2SP tlog-checkpoint (<https://c2sp.org/tlog-checkpoint>) in a C2SP signed note
//! (<https://c2sp.org/signed-note>) with an Ed25519 signature, which other tools for transparency
//! logs read too:
//!
//! ```text
//! name of the log
//! number of events
//! root in base64
//!
//! — name of the key base64(4 bytes of key id || 64 bytes of signature)
//! ```
//!
//! The signature covers the lines above the empty one. Other signatures may stand beside ours, and
//! further lines may stand below the root; they are passed over.

mod key;

pub use key::{KeyError, SigningKey, VerifierKey};

use std::fmt;

use crate::{hash::Hash, text::from_base64};

/// The longest note that is read; as in Go's implementation.
pub const NOTE_BYTES_MAX: usize = 1_000_000;

/// The most signatures that are read on one note; C2SP asks for 16 at least.
pub const SIGNATURES_MAX: usize = 100;

/// What a line with a signature begins with.
const SIGNATURE_MARK: &str = "\u{2014} ";

/// The size and root of a log's tree, under the log's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log: one line that is not empty and has no control characters.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree of these leaves.
    pub root: Hash,
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, size, root } = self;
        write!(f, "{origin}\n{size}\n{root}\n")
    }
}

impl Checkpoint {
    /// Reads the text that is signed.
    fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split_terminator('\n');
        let mut line =
            |what| lines.next().filter(|line| !line.is_empty()).ok_or(NoteError::Malformed(what));
        let origin = line("line 1 is empty, expected the name of the log")?.to_owned();
        let size = line("line 2 is empty, expected the number of events")?;
        let size = decimal(size).ok_or(NoteError::Malformed(
            "line 2 is no number of events, expected digits without leading zeros",
        ))?;
        let root = line("line 3 is empty, expected the root")?;
        let root = root.parse().map_err(|_| {
            NoteError::Malformed("line 3 is no root, expected 44 characters of base64")
        })?;
        if lines.any(str::is_empty) {
            return Err(NoteError::Malformed("an empty line below the root, expected none"));
        }
        Ok(Self { origin, size, root })
    }
}

/// A number in its one decimal form.
fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// A line with a signature.
struct Signature<'a> {
    name: &'a str,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl<'a> Signature<'a> {
    fn parse(line: &'a str) -> Result<Self, NoteError> {
        let malformed = NoteError::Malformed(
            "below the empty line stands what is no signature, expected \
             \"\u{2014} name base64\" and a line end",
        );
        let parts = line.strip_prefix(SIGNATURE_MARK).and_then(|line| line.split_once(' '));
        let Some((name, text)) = parts.filter(|(name, _)| key::is_name(name)) else {
            return Err(malformed);
        };
        let bytes = from_base64(text).ok_or_else(|| malformed.clone())?;
        let (id, signature) = bytes.split_first_chunk().ok_or(malformed)?;
        Ok(Self { name, id: *id, signature: signature.to_vec() })
    }
}

/// Cuts a note into the text that is signed, with its last line end, and the signatures.
fn split(note: &str) -> Result<(&str, Vec<Signature<'_>>), NoteError> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLong { found: note.len() });
    }
    if note.chars().any(|c| c < ' ' && c != '\n') {
        return Err(NoteError::Malformed("a control character, expected only line ends"));
    }
    // The text may have empty lines; the last one is the border.
    let border = note.rfind("\n\n").ok_or(NoteError::Malformed(
        "no empty line, expected one between the checkpoint and its signatures",
    ))?;
    let lines = note[border + 2..].strip_suffix('\n').ok_or(NoteError::Malformed(
        "the last line has no end, expected a signature and a line end; the note may be cut off",
    ))?;
    if lines.split('\n').count() > SIGNATURES_MAX {
        return Err(NoteError::Malformed("more than 100 signatures"));
    }
    let signatures = lines.split('\n').map(Signature::parse).collect::<Result<_, _>>()?;
    Ok((&note[..=border], signatures))
}

impl VerifierKey {
    /// The checkpoint of a note that this key has signed.
    ///
    /// Nothing of the text is looked at before the signature is found to be good.
    ///
    /// # Errors
    /// If it is no note, not signed by this key, or the signature is bad.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let (text, signatures) = split(note)?;
        let ours = |s: &&Signature<'_>| s.name == self.name() && s.id == self.id();
        let mut signed = false;
        for signature in signatures.iter().filter(ours) {
            if !self.has_signed(text, &signature.signature) {
                return Err(NoteError::BadSignature { key: self.to_string() });
            }
            signed = true;
        }
        if !signed {
            let found = signatures.iter().map(|s| key::label(s.name, s.id)).collect::<Vec<_>>();
            let expected = key::label(self.name(), self.id());
            return Err(NoteError::NotSigned { found: found.join(", "), expected });
        }
        Checkpoint::parse(text)
    }

    /// As [`VerifierKey::open`], for a note of the log with this name only.
    ///
    /// # Errors
    /// Also [`NoteError::OriginDiffers`].
    pub fn open_of(&self, origin: &str, note: &str) -> Result<Checkpoint, NoteError> {
        let checkpoint = self.open(note)?;
        if checkpoint.origin != origin {
            let expected = origin.to_owned();
            return Err(NoteError::OriginDiffers { found: checkpoint.origin, expected });
        }
        Ok(checkpoint)
    }
}

impl SigningKey {
    /// The whole note: the checkpoint with this key's signature.
    ///
    /// # Panics
    /// If the checkpoint's origin is empty or has control characters: it comes from who runs the
    /// log, and a note with another one could not be read back.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let origin = &checkpoint.origin;
        let is_line = !origin.is_empty() && origin.chars().all(|c| c >= ' ');
        assert!(is_line, "origin {origin:?} is not one line of text");
        let text = checkpoint.to_string();
        let line = self.signature_line(&text);
        format!("{text}\n{SIGNATURE_MARK}{line}\n")
    }
}

/// Why a note says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Too long to be read.
    #[error("note of {found} bytes, expected at most {NOTE_BYTES_MAX}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not a signed checkpoint.
    #[error("no signed checkpoint: {0}")]
    Malformed(&'static str),
    /// Signed by others only.
    #[error("signed by {found}, expected {expected}; is this the key of this log?")]
    NotSigned {
        /// Names and ids of the keys that signed it.
        found: String,
        /// Name and id of the key that it was opened with.
        expected: String,
    },
    /// The signature does not fit the text.
    #[error("the signature does not fit: the text is not as {key} signed it")]
    BadSignature {
        /// The key.
        key: String,
    },
    /// Another log's.
    #[error("checkpoint of log {found:?}, expected {expected:?}")]
    OriginDiffers {
        /// Name of the log that it is of.
        found: String,
        /// Name of the log that was asked for.
        expected: String,
    },
}
