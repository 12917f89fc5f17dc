//! The one key by which text is compared: `eq`, `in`, `like`, order, distinct and groups all use it.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The comparison key of a text: NFD, combining marks dropped, lower case code point by code point.
///
/// The same in every language. Trailing spaces are kept; see [`equality_key`].
#[must_use]
pub fn text_key(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let kept = |c: &char| c.general_category() != GeneralCategory::NonspacingMark;
    text.nfd().filter(kept).flat_map(char::to_lowercase).collect()
}

/// The key for `eq`, `ne`, `in`, `not-in`: [`text_key`] without trailing spaces.
#[must_use]
pub fn equality_key(text: &str) -> String {
    let mut key = text_key(text);
    key.truncate(key.trim_end_matches(' ').len());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_trailing_spaces_do_not_count() {
        assert_eq!(text_key("México D.F."), "mexico d.f.");
        assert_eq!(equality_key("São Paulo  "), equality_key("sao PAULO"));
        assert_ne!(text_key("a "), text_key("a"));
        assert_eq!(equality_key("a\t"), "a\t", "only spaces are dropped");
    }
}
