//! Sections to bytes and back, as a store would do it.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use haversack_core::limits::SECTION_BYTES_MAX;
use haversack_replay::{
    State,
    snapshot::{Resume, ResumeError, Section, sections},
};

const CONFIG: Configuration<LittleEndian, Varint, Limit<SECTION_BYTES_MAX>> =
    bincode::config::standard().with_limit::<SECTION_BYTES_MAX>();

pub fn decode(bytes: &[u8]) -> Option<Section> {
    let (section, size) = bincode::borrow_decode_from_slice(bytes, CONFIG).ok()?;
    let (owned, owned_size): (Section, usize) = bincode::decode_from_slice(bytes, CONFIG).unwrap();
    assert_eq!(size, owned_size);
    assert_eq!(encode(&section), encode(&owned));
    (size == bytes.len()).then_some(section)
}

fn encode(section: &Section) -> Vec<u8> {
    bincode::encode_to_vec(section, CONFIG).unwrap()
}

/// The sections of a state as bytes.
pub fn encoded(state: &State) -> Vec<Vec<u8>> {
    sections(state).map(|section| encode(&section)).collect()
}

pub fn resumed(sections: impl IntoIterator<Item = Section>) -> Result<State, ResumeError> {
    let mut resume = Resume::default();
    sections.into_iter().try_for_each(|section| resume.push(section))?;
    resume.finish()
}

/// The state that comes back from its own bytes.
pub fn again(state: &State) -> State {
    resumed(encoded(state).iter().map(|bytes| decode(bytes).unwrap())).unwrap()
}
