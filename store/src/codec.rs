//! Events as bytes: bincode, always with a limit, and nothing may be left over.
//!
//! The limit matters: without one, a length read from nine hostile bytes makes the decoder ask for
//! more memory than there is, which ends the process.

use bincode::{
    config::{Configuration, Limit, LittleEndian, Varint},
    enc::write::Writer,
    error::EncodeError,
};
use haversack_core::limits::{EVENT_BYTES_MAX, SECTION_BYTES_MAX};

use crate::LogRecord;

const CONFIG: Configuration<LittleEndian, Varint, Limit<EVENT_BYTES_MAX>> =
    bincode::config::standard().with_limit::<EVENT_BYTES_MAX>();

const SECTION_CONFIG: Configuration<LittleEndian, Varint, Limit<SECTION_BYTES_MAX>> =
    bincode::config::standard().with_limit::<SECTION_BYTES_MAX>();

struct Tail<'a>(&'a mut Vec<u8>);

impl Writer for Tail<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Writes a value at the end of `bytes`.
pub(crate) fn encode<T: bincode::Encode>(value: &T, bytes: &mut Vec<u8>) {
    bincode::encode_into_writer(value, Tail(bytes), CONFIG)
        .expect("a vector takes all bytes, and our types encode whatever they hold");
}

/// Reads a value from the start of `bytes`, and says what follows it.
///
/// # Errors
/// What is wrong with the bytes.
pub(crate) fn decode<'a, T: bincode::BorrowDecode<'a, ()>>(
    bytes: &'a [u8],
) -> Result<(T, &'a [u8]), String> {
    let (value, size) =
        bincode::borrow_decode_from_slice(bytes, CONFIG).map_err(|error| error.to_string())?;
    Ok((value, &bytes[size..]))
}

/// Reads a section of a snapshot, which takes all of `bytes`.
///
/// # Errors
/// What is wrong with the bytes.
pub(crate) fn decode_section<T: bincode::Decode<()>>(bytes: &[u8]) -> Result<T, String> {
    let (value, size) =
        bincode::decode_from_slice(bytes, SECTION_CONFIG).map_err(|error| error.to_string())?;
    if size == bytes.len() { Ok(value) } else { Err("bytes are left over".into()) }
}

/// Whether the bytes of one event can be read back.
///
/// While it reads a list, the decoder counts the list's elements by their size in memory, so that an
/// event may be within the limit when it's written and beyond it when it's read.
pub(crate) fn can_be_read(event: &[u8]) -> bool {
    event.len() <= EVENT_BYTES_MAX
        && decode::<LogRecord>(event).is_ok_and(|(_, rest)| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_length_is_refused_before_it_is_allocated() {
        let hostile = [0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
        assert!(decode::<Vec<u64>>(&hostile).is_err());
    }
}
