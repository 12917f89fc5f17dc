//! Sections that are not what was cut give an error, and never another state.

use haversack_replay::snapshot::{Resume, ResumeError, STATE_FORMAT, Section, sections};
use proptest::{collection::vec, prelude::*};

use crate::{
    bytes::{decode, encoded, resumed},
    few,
    history::{history, run},
    large::large,
};

fn all() -> Vec<Section> {
    sections(large()).collect()
}

#[test]
fn any_one_section_that_is_missing_is_noticed() {
    for missing in 0..all().len() {
        let mut sections = all();
        sections.remove(missing);
        assert!(resumed(sections).is_err(), "without section {missing}");
    }
}

#[test]
fn any_section_that_comes_twice_is_noticed() {
    let all = all();
    for twice in 0..all.len() {
        for place in twice..=all.len() {
            let mut sections = all.clone();
            sections.insert(place, all[twice].clone());
            assert!(resumed(sections).is_err(), "section {twice} once more at {place}");
        }
    }
}

#[test]
fn any_two_sections_that_are_swapped_are_noticed() {
    let all = all();
    for one in 0..all.len() {
        for other in one + 1..all.len() {
            let mut sections = all.clone();
            sections.swap(one, other);
            assert!(resumed(sections).is_err(), "sections {one} and {other}");
        }
    }
}

#[test]
fn a_section_of_another_state_is_noticed() {
    let small = run(&[]).state;
    let all = all();
    for other in sections(&small) {
        for place in 0..all.len() {
            let mut sections = all.clone();
            sections[place] = other.clone();
            assert!(resumed(sections).is_err(), "at {place}");
        }
    }
}

#[test]
fn another_format_is_not_used() {
    let mut bytes = encoded(&run(&[]).state).remove(0);
    let format = u8::try_from(STATE_FORMAT).unwrap();
    assert_eq!(bytes[..2], [0, format], "a section's kind, then the format");
    bytes[1] = 99;
    let refused = Resume::default().push(decode(&bytes).unwrap()).unwrap_err();
    assert_eq!(refused, ResumeError::Format { found: 99 });
    assert_eq!(
        refused.to_string(),
        format!("found format 99 of a stored state where {STATE_FORMAT} was expected")
    );
}

#[test]
fn messages_say_what_was_found_where() {
    let mut sections: Vec<Section> = sections(&run(&[]).state).collect();
    let last = sections.pop().unwrap();
    let message = |sections: Vec<Section>| resumed(sections).unwrap_err().to_string();
    assert_eq!(
        message(vec![]),
        "found the end after nothing: a stored state is in order, each thing once"
    );
    assert_eq!(
        message(vec![last]),
        "found a section of devices after nothing: a stored state is in order, each thing once"
    );
    assert_eq!(message(sections), "found 0 devices where 3 were expected: a stored state is whole");
}

proptest! {
    #![proptest_config(few(2_000))]

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..300), kind in 0..5u8) {
        let kinds = [vec![kind], bytes].concat();
        if let Some(section) = decode(&kinds) {
            drop(resumed([section.clone()]));
            let start = sections(&run(&[]).state).next();
            drop(resumed(start.into_iter().chain([section])));
        }
    }
}

proptest! {
    #![proptest_config(few(48))]

    #[test]
    fn changed_bytes_never_panic(
        history in history(),
        changes in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 40),
    ) {
        let all = encoded(&run(&history).state);
        for (section, place, byte) in changes {
            let mut all = all.clone();
            let bytes = section.get_mut(&mut all);
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let decoded: Option<Vec<Section>> = all.iter().map(|bytes| decode(bytes)).collect();
            drop(decoded.map(resumed));
        }
    }
}
