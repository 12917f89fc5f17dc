//! Holdings sealed as cursors: a device can keep one and give it back, and can't make one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use haversack_core::RowId;

use super::Holding;

/// The form of cursors that is written.
const VERSION: u8 = 1;
/// Of the keyed hash.
const SEAL_BYTES: usize = 16;
/// A cursor as text, in bytes: a stretch takes some 40, and a profile has a few hundred tables.
const CURSOR_BYTES_MAX: usize = 256 << 10;

/// The key that cursors are sealed with.
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

/// Why a text is no cursor of this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the cursor is not one that this server gave to this device; pull with the cursor of the last \
     `progress` or `complete` line, or with null to begin anew"
)]
pub struct CursorError;

impl CursorKey {
    /// The key that follows from a secret that nobody but the server knows.
    #[must_use]
    pub fn from_secret(secret: &[u8]) -> Self {
        Self(blake3::derive_key("haversack 2026-11 cursors of devices", secret))
    }

    fn seal(&self, device: RowId, payload: &[u8]) -> [u8; SEAL_BYTES] {
        let mut seal = [0; SEAL_BYTES];
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(device.as_bytes()).update(payload).finalize_xof().fill(&mut seal);
        seal
    }
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey")
    }
}

impl Holding {
    /// The holding as the cursor of a device.
    ///
    /// # Panics
    /// Never: a holding encodes into memory.
    #[must_use]
    pub fn seal(&self, device: RowId, key: &CursorKey) -> String {
        let mut payload = vec![VERSION];
        let encoded = bincode::encode_to_vec(self, bincode::config::standard());
        payload.extend(encoded.expect("memory takes all"));
        let seal = key.seal(device, &payload);
        payload.extend(seal);
        URL_SAFE_NO_PAD.encode(payload)
    }

    /// The holding that a cursor of a device tells.
    ///
    /// # Errors
    /// [`CursorError`], whatever is wrong with it.
    pub fn open(cursor: &str, device: RowId, key: &CursorKey) -> Result<Self, CursorError> {
        if cursor.len() > CURSOR_BYTES_MAX {
            return Err(CursorError);
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| CursorError)?;
        let (payload, seal) = bytes
            .len()
            .checked_sub(SEAL_BYTES)
            .and_then(|length| bytes.split_at_checked(length))
            .ok_or(CursorError)?;
        // How long a comparison takes tells nothing that helps: the hash is keyed.
        if key.seal(device, payload) != seal || payload.first() != Some(&VERSION) {
            return Err(CursorError);
        }
        let config = bincode::config::standard().with_limit::<CURSOR_BYTES_MAX>();
        let decoded = bincode::decode_from_slice(&payload[1..], config);
        decoded.map(|(holding, _)| holding).map_err(|_| CursorError)
    }
}

#[cfg(test)]
mod tests {
    use haversack_core::{Cursor, Name, Timestamp};

    use super::*;
    use crate::cursor::Moment;

    #[test]
    fn a_cursor_opens_for_its_device_and_as_it_was_sealed() {
        let key = CursorKey::from_secret(b"a secret");
        let (device, other) = (RowId::from_bytes([1; 16]), RowId::from_bytes([2; 16]));
        let moment = |offset, now| Moment {
            offset: Cursor::after(offset),
            history: [7; 8],
            now: Timestamp(now),
            is_offered: true,
        };
        let mut holding = Holding::of(moment(7, -3));
        holding.advance(&Name::known("account"), Some(other), moment(9, 5));
        let cursor = holding.seal(device, &key);
        assert_eq!(Holding::open(&cursor, device, &key), Ok(holding));
        assert_eq!(Holding::open(&cursor, other, &key), Err(CursorError));
        let another = CursorKey::from_secret(b"another");
        assert_eq!(Holding::open(&cursor, device, &another), Err(CursorError));
        for at in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last character has bits that say nothing; those must be as they were.
            assert_eq!(Holding::open(&changed, device, &key), Err(CursorError), "{at}");
        }
        for text in ["", "AAAA", "*", &"A".repeat(CURSOR_BYTES_MAX + 1)] {
            assert_eq!(Holding::open(text, device, &key), Err(CursorError));
        }
    }
}
