//! Things put together into sections that are neither tiny nor large.

use bincode::{
    Encode,
    enc::{EncoderImpl, write::Writer},
    error::EncodeError,
};
use haversack_core::limits::SECTION_BYTES;

use super::Section;

/// What a section has besides its things: names and counts.
const FRAME_BYTES: usize = 512;
/// Of a thing that can be cut into parts, what one part has of it at the most.
pub(super) const PART_BYTES: usize = SECTION_BYTES / 4;

/// Puts things, each with its size, into sections.
pub(super) fn packed<T>(
    things: impl Iterator<Item = (usize, T)>,
    section: impl Fn(Vec<T>) -> Section,
) -> impl Iterator<Item = Section> {
    let mut things = things.peekable();
    std::iter::from_fn(move || {
        let (mut sum, first) = things.next()?;
        let mut packed = vec![first];
        while let Some((size, thing)) =
            things.next_if(|(size, _)| FRAME_BYTES + sum + size <= SECTION_BYTES)
        {
            sum += size;
            packed.push(thing);
        }
        Some(section(packed))
    })
}

/// Counts bytes and keeps none.
struct Counter(usize);

impl Writer for Counter {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0 += bytes.len();
        Ok(())
    }
}

/// How many bytes a thing takes in the store's form. Only sizes hang on that form being the
/// standard one, and nothing is wrong if they are not exact.
pub(super) fn size(thing: &impl Encode) -> usize {
    let mut encoder = EncoderImpl::new(Counter(0), bincode::config::standard());
    thing.encode(&mut encoder).expect("counting takes whatever comes");
    encoder.into_writer().0
}
