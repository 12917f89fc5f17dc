//! Edits of a text: what is cut out, put in, said again or taken from another one.

use std::ops::Range;

use bolero::Driver;

use crate::dictionary;

/// Edits of one text at the most.
const EDITS_MAX: usize = 8;
/// Characters that one edit cuts out or takes, at the most.
const PIECE_LENGTH_MAX: usize = 60;
/// How often one edit says the same, at the most.
const TIMES_MAX: usize = 40;
/// Length at which a text grows no more, in bytes: short texts are judged more often.
const TEXT_BYTES_MAX: usize = 8 << 10;

/// Edits a text some times; `others` are texts to take pieces from.
pub fn edited<D: Driver>(driver: &mut D, text: &str, others: &[String]) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..EDITS_MAX {
        edit(driver, &mut text, others)?;
        if text.len() > TEXT_BYTES_MAX {
            text.truncate(boundary(&text, TEXT_BYTES_MAX));
        }
        // Of few edits a text is right now and then, and what comes after the parser is tried too.
        if driver.produce()? {
            break;
        }
    }
    Some(text)
}

fn edit<D: Driver>(driver: &mut D, text: &mut String, others: &[String]) -> Option<()> {
    let place = piece(driver, text)?;
    match driver.gen_variant(8, 0)? {
        0 => text.replace_range(place, ""),
        1 => text.insert_str(place.start, dictionary::word(driver)?),
        2 => {
            let word = dictionary::word(driver)?;
            text.insert_str(place.start, &format!(" {word} "));
        }
        3 => text.replace_range(word_at(text, place.start), dictionary::word(driver)?),
        4 => {
            let bytes = [driver.produce::<u8>()?, driver.produce::<u8>()?];
            text.replace_range(place, &String::from_utf8_lossy(&bytes));
        }
        5 => {
            let said = text[place.clone()].repeat(1 + driver.gen_variant(TIMES_MAX, 0)?);
            text.insert_str(place.end, &said);
        }
        6 => {
            let moved = text[place.clone()].to_owned();
            text.replace_range(place, "");
            let to = piece(driver, text)?.start;
            text.insert_str(to, &moved);
        }
        _ => {
            let other = others.get(driver.gen_variant(others.len().max(1), 0)?)?;
            let taken = piece(driver, other)?;
            text.replace_range(place, &other[taken]);
        }
    }
    Some(())
}

/// A place in a text, up to so many characters long.
fn piece<D: Driver>(driver: &mut D, text: &str) -> Option<Range<usize>> {
    let start = boundary(text, driver.gen_variant(text.len() + 1, 0)?);
    let length = driver.gen_variant(PIECE_LENGTH_MAX + 1, 0)?;
    let end = text[start..].char_indices().nth(length).map_or(text.len(), |(at, _)| start + at);
    Some(start..end)
}

/// The letters, digits and signs of names around a place.
fn word_at(text: &str, place: usize) -> Range<usize> {
    let is_in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let start = text[..place].trim_end_matches(is_in_word).len();
    let end = text.len() - text[place..].trim_start_matches(is_in_word).len();
    start..end
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
