//! Keys that sign notes and keys that check them, in the text forms of Go's notes.
//!
//! ```text
//! name+key id+base64(0x01 || public key)
//! PRIVATE+KEY+name+key id+base64(0x01 || seed)
//! ```
//!
//! The key id is the first 4 bytes of SHA-256(name || 0x0A || 0x01 || public key), as 8 hex digits;
//! 0x01 stands for Ed25519 (<https://c2sp.org/signed-note>).

use std::{fmt, str::FromStr};

use ed25519_dalek::{Signature, Signer, VerifyingKey};

use crate::{
    hash::sha256,
    text::{from_base64, to_base64},
};

const ED25519: u8 = 1;
const PRIVATE: &str = "PRIVATE+KEY+";

/// Checks the signatures of one key.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl VerifierKey {
    fn new(name: &str, key: VerifyingKey) -> Self {
        let hash = sha256(&[name.as_bytes(), b"\n", &[ED25519], key.as_bytes()]);
        let [a, b, c, d, ..] = hash.0;
        Self { name: name.to_owned(), id: [a, b, c, d], key }
    }

    /// Name of the key. By custom that of the log which it signs for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key id, a short fingerprint of name and key.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Whether `signature` is this key's on `text`. Strict: nobody can make another signature of
    /// one that is good, and no weak key counts.
    pub(super) fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        self.key.verify_strict(text.as_bytes(), &signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = tagged(self.key.as_bytes());
        write!(f, "{}+{key}", label(&self.name, self.id))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.starts_with(PRIVATE) {
            return Err(KeyError::Private);
        }
        let (name, id, bytes) = parts(text, "name+id+base64")?;
        let key = VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak());
        let found = Self::new(name, key.ok_or(KeyError::Point)?);
        check_id(id, found.id)?;
        Ok(found)
    }
}

/// Signs notes. Whoever has it can speak for the log.
#[derive(Clone)]
pub struct SigningKey {
    verifier: VerifierKey,
    /// Overwritten when it is dropped.
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key that comes from a seed of 32 random bytes.
    ///
    /// # Errors
    /// If the name is empty, or has a space or a plus.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name(name.to_owned()));
        }
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        Ok(Self { verifier: VerifierKey::new(name, key.verifying_key()), key })
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        self.verifier.clone()
    }

    /// As text for a file that only the log's owner may read. It holds the seed, and is not
    /// overwritten when it is dropped.
    #[must_use]
    pub fn to_text(&self) -> String {
        let VerifierKey { name, id, .. } = &self.verifier;
        format!("{PRIVATE}{}+{}", label(name, *id), tagged(self.key.as_bytes()))
    }

    /// Reads what [`SigningKey::to_text`] wrote. No message of an error has the text in it.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        const FORM: &str = "PRIVATE+KEY+name+id+base64";
        let text = text.strip_prefix(PRIVATE).ok_or(KeyError::Form { expected: FORM })?;
        let (name, id, seed) = parts(text, FORM)?;
        let key = Self::from_seed(name, &seed)?;
        check_id(id, key.verifier.id)?;
        Ok(key)
    }

    /// Key name, space, base64 of key id and signature.
    pub(super) fn signature_line(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        let bytes = [self.verifier.id.as_slice(), &signature].concat();
        format!("{} {}", self.verifier.name, to_base64(&bytes))
    }
}

/// Without the seed.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", label(&self.verifier.name, self.verifier.id))
    }
}

/// Whether a key can have this name: not empty, no Unicode space, no plus. Control characters could
/// not stand in a note.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |c: char| !c.is_whitespace() && c >= ' ' && c != '+';
    !name.is_empty() && name.chars().all(allowed)
}

/// Name and id, as messages show a key.
pub(super) fn label(name: &str, id: [u8; 4]) -> String {
    format!("{name}+{:08x}", u32::from_be_bytes(id))
}

fn tagged(key: &[u8; 32]) -> String {
    to_base64(&[&[ED25519], key.as_slice()].concat())
}

/// Name, id and 32 bytes of a key.
fn parts<'a>(text: &'a str, form: &'static str) -> Result<(&'a str, &'a str, [u8; 32]), KeyError> {
    let form = KeyError::Form { expected: form };
    // Base64 may have a plus, so the text is cut from the left.
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(form);
    };
    if !is_name(name) {
        return Err(KeyError::Name(name.to_owned()));
    }
    let bytes = from_base64(key).ok_or_else(|| form.clone())?;
    let (algorithm, key) = bytes.split_first().ok_or_else(|| form.clone())?;
    if *algorithm != ED25519 {
        return Err(KeyError::Algorithm { found: *algorithm });
    }
    Ok((name, id, key.try_into().map_err(|_| form)?))
}

fn check_id(found: &str, id: [u8; 4]) -> Result<(), KeyError> {
    let expected = format!("{:08x}", u32::from_be_bytes(id));
    if found != expected {
        return Err(KeyError::Id { found: found.to_owned(), expected });
    }
    Ok(())
}

/// Why a text is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not of the form.
    #[error("no key: expected {expected}, all on one line")]
    Form {
        /// The form.
        expected: &'static str,
    },
    /// A private key where a public one belongs.
    #[error("this is a private key, expected the public one: name+id+base64")]
    Private,
    /// Not a name.
    #[error("key name {0:?}: expected at least one character, no spaces and no plus")]
    Name(String),
    /// Another kind of key.
    #[error("key of kind {found}, expected 1 (Ed25519)")]
    Algorithm {
        /// The kind.
        found: u8,
    },
    /// Bytes that are no public key.
    #[error("the bytes are no Ed25519 public key, or a weak one; the text may be damaged")]
    Point,
    /// The id is not that of name and key.
    #[error("key id {found}, expected {expected} for this name and key; the text may be damaged")]
    Id {
        /// The id in the text.
        found: String,
        /// The id that follows from name and key.
        expected: String,
    },
}
