//! `like`: `%` any run, `_` one character, `[…]` one of a set, `[^…]` one not of it.
//!
//! Both sides are compared by their text key. The text is read once, with all places of the pattern
//! at which one may be by then: a bit for each, so that no text and pattern take long.

use haversack_core::text::text_key;

/// What one character of the text is held against.
#[derive(Debug, PartialEq)]
enum Token {
    AnyOne,
    One(char),
    Set {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// An opening bracket that nothing closes.
    Never,
}

/// A pattern of `like`: `%` any run of characters, `_` one, `[…]` one of a set, `[^…]` one not of it.
/// Texts are compared without case and accents.
#[derive(Debug)]
pub struct Like {
    tokens: Vec<Token>,
    /// Before which tokens, or at the end, any run may stand.
    runs: Places,
    /// Where a stretch of characters begins within which all are alike to the pattern, apart from the
    /// first.
    begins: Vec<u32>,
    /// The places whose tokens accept each ASCII character, if there are no more than fit a word.
    ascii: Option<Box<[u64; 128]>>,
}

/// A set of places of the pattern, 64 to a word. Place n: so many tokens have been met.
type Places = Vec<u64>;

fn put(places: &mut [u64], place: usize) {
    places[place / 64] |= 1 << (place % 64);
}

impl Like {
    /// Reads a pattern. Every text is one.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        let (tokens, listed) = read(&text_key(pattern));
        let mut runs = vec![0; tokens.len() / 64 + 1];
        listed.into_iter().for_each(|run| put(&mut runs, run));
        let mut begins: Vec<u32> = tokens.iter().flat_map(Token::begins).collect();
        begins.sort_unstable();
        begins.dedup();
        let ascii = (runs.len() == 1).then(|| ascii(&tokens));
        Self { tokens, runs, begins, ascii }
    }

    /// Whether a text matches it.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match &self.ascii {
            Some(accepting) if text.is_ascii() => self.matches_ascii(accepting, text.as_bytes()),
            _ => self.matches_any(text),
        }
    }

    /// Most texts are ASCII and most patterns short: then a set of places is one word.
    fn matches_ascii(&self, accepting: &[u64; 128], text: &[u8]) -> bool {
        let (end, runs) = (1_u64 << self.tokens.len(), self.runs[0]);
        let mut at = 1_u64;
        for byte in text {
            if at & end & runs != 0 {
                return true;
            }
            let past = at & accepting[usize::from(byte.to_ascii_lowercase() & 0x7f)];
            at = at & runs | past << 1;
            if at == 0 {
                return false;
            }
        }
        at & end != 0
    }

    fn matches_any(&self, text: &str) -> bool {
        let end = self.tokens.len();
        let has_end = |places: &[u64]| places[end / 64] >> (end % 64) & 1 == 1;
        let mut at = vec![0; self.runs.len()];
        put(&mut at, 0);
        let mut alphabet = Alphabet::of(self);
        for c in text_key(text).chars() {
            if has_end(&at) && has_end(&self.runs) {
                return true;
            }
            if !step(&mut at, alphabet.accepting(c), &self.runs) {
                return false;
            }
        }
        has_end(&at)
    }
}

fn ascii(tokens: &[Token]) -> Box<[u64; 128]> {
    let mut accepting = Box::new([0; 128]);
    for (c, places) in ('\0'..).zip(accepting.iter_mut()) {
        for (place, _) in tokens.iter().enumerate().filter(|(_, token)| token.accepts(c)) {
            *places |= 1 << place;
        }
    }
    accepting
}

/// Goes on by one character: past the tokens that accept it, and in runs nowhere. Whether there is
/// any place left to be at.
fn step(at: &mut [u64], accepting: &[u64], stays: &[u64]) -> bool {
    let (mut carried, mut any) = (0, 0);
    for ((at, accepting), stays) in at.iter_mut().zip(accepting).zip(stays) {
        let past = *at & accepting;
        *at = *at & stays | past << 1 | carried;
        carried = past >> 63;
        any |= *at;
    }
    any != 0
}

/// The stretches of characters, and what of the pattern accepts those of each.
struct Alphabet<'p> {
    pattern: &'p Like,
    /// Whether that was asked.
    is_known: Vec<bool>,
    /// The places whose tokens accept the characters of each stretch, one stretch after the other.
    accepting: Vec<u64>,
}

impl<'p> Alphabet<'p> {
    fn of(pattern: &'p Like) -> Self {
        let stretches = pattern.begins.len() + 1;
        let accepting = vec![0; stretches * pattern.runs.len()];
        Self { pattern, is_known: vec![false; stretches], accepting }
    }

    fn accepting(&mut self, c: char) -> &[u64] {
        let stretch = self.pattern.begins.partition_point(|begin| *begin <= u32::from(c));
        let words = self.pattern.runs.len();
        let places = &mut self.accepting[stretch * words..][..words];
        if !self.is_known[stretch] {
            self.is_known[stretch] = true;
            let tokens = self.pattern.tokens.iter().enumerate();
            tokens.filter(|(_, token)| token.accepts(c)).for_each(|(place, _)| put(places, place));
        }
        places
    }
}

impl Token {
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::AnyOne => true,
            Self::One(expected) => *expected == c,
            Self::Set { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
            Self::Never => false,
        }
    }

    /// The characters that may be accepted other than those before them.
    fn begins(&self) -> Vec<u32> {
        let ends = |low: char, high: char| [u32::from(low), u32::from(high) + 1];
        match self {
            Self::One(c) => ends(*c, *c).to_vec(),
            Self::Set { ranges, .. } => ranges.iter().flat_map(|(l, h)| ends(*l, *h)).collect(),
            Self::AnyOne | Self::Never => Vec::new(),
        }
    }
}

/// The tokens of a pattern, and before which of them, or at the end, any run may stand.
fn read(pattern: &str) -> (Vec<Token>, Vec<usize>) {
    let chars: Vec<char> = pattern.chars().collect();
    let (mut tokens, mut runs) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < chars.len() {
        let (token, next) = match chars[at] {
            '%' => (None, at + 1),
            '_' => (Some(Token::AnyOne), at + 1),
            '[' => set(&chars, at + 1),
            c => (Some(Token::One(c)), at + 1),
        };
        match token {
            Some(token) => tokens.push(token),
            None => runs.push(tokens.len()),
        }
        at = next;
    }
    (tokens, runs)
}

/// The set that begins at `start`, after its bracket; the first `]` closes it.
fn set(chars: &[char], start: usize) -> (Option<Token>, usize) {
    let Some(length) = chars[start..].iter().position(|c| *c == ']') else {
        return (Some(Token::Never), chars.len());
    };
    let end = start + length;
    let negated = chars[start..end].first() == Some(&'^');
    let members = &chars[start + usize::from(negated)..end];
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < members.len() {
        // A hyphen makes a range only between two members; first or last it stands for itself.
        if at + 2 < members.len() && members[at + 1] == '-' {
            ranges.push((members[at], members[at + 2]));
            at += 3;
        } else {
            ranges.push((members[at], members[at]));
            at += 1;
        }
    }
    (Some(Token::Set { negated, ranges }), end + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Like;

    fn like(text: &str, pattern: &str) -> bool {
        Like::new(pattern).matches(text)
    }

    #[test]
    fn wildcards_sets_and_their_corners() {
        for (text, pattern, expected) in [
            ("", "%", true),
            ("", "_", false),
            ("Chai", "ch%", true),
            ("Chai", "%A_", true),
            ("Côte de Blaye", "cote%", true),
            ("a%b", "a[%]b", true),
            ("axb", "a[%]b", false),
            ("b", "[a-c]", true),
            ("b", "[^a-c]", false),
            ("d", "[^a-c]", true),
            ("b", "[c-a]", false),
            ("-", "[-a]", true),
            ("-", "[a-]", true),
            ("]", "]", true),
            ("a]", "[]a]", false),
            ("a]", "[a]]", true),
            ("a", "a[", false),
            ("a[", "a[[]", true),
            ("a ", "a", false),
            ("aXbXc", "a%b%c", true),
            ("x", "[]", false),
            ("x", "[^]", true),
        ] {
            assert_eq!(like(text, pattern), expected, "{text:?} like {pattern:?}");
        }
    }

    /// The same, said as plainly as can be: every way to share the text out is tried.
    fn plainly(text: &[char], pattern: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|skipped| plainly(&text[skipped..], rest)),
            ['[', set @ ..] => {
                let Some(end) = set.iter().position(|c| *c == ']') else { return false };
                text.first().is_some_and(|c| is_in(*c, &set[..end]))
                    && plainly(&text[1..], &set[end + 1..])
            }
            [one, rest @ ..] => {
                text.first().is_some_and(|c| *one == '_' || c == one) && plainly(&text[1..], rest)
            }
        }
    }

    fn is_in(c: char, set: &[char]) -> bool {
        match set {
            ['^', set @ ..] => !is_one_of(c, set),
            set => is_one_of(c, set),
        }
    }

    fn is_one_of(c: char, set: &[char]) -> bool {
        match set {
            [] => false,
            [low, '-', high, rest @ ..] => *low <= c && c <= *high || is_one_of(c, rest),
            [one, rest @ ..] => *one == c || is_one_of(c, rest),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn patterns_are_what_they_plainly_say(
            text in "[abc^%_\\[\\]-]{0,10}", pattern in "([abc%_]|\\[[\\^abc-]{0,4}\\]|[\\[\\]^-]){0,8}",
        ) {
            let chars = |text: &str| text.chars().collect::<Vec<char>>();
            prop_assert_eq!(like(&text, &pattern), plainly(&chars(&text), &chars(&pattern)));
        }
    }

    #[test]
    fn no_text_and_pattern_take_long() {
        // Backtracking over every run would take about 10^30 steps.
        assert!(!like(&"a".repeat(4_000), &format!("{}b", "%a".repeat(60))));
        // A new try at every character would take about 10^9.
        let text = "a".repeat(1 << 18);
        assert!(!like(&text, &format!("%{}b", "a".repeat(3_998))));
        assert!(like(&text, &format!("%{}%", "a".repeat(3_998))));
        // More tokens than a word has bits, on either side of the edge.
        for length in [62, 63, 64, 65, 127, 128, 129] {
            let pattern = format!("{}[b]%", "_".repeat(length));
            let text = |a: usize| format!("{}b", "a".repeat(a));
            assert!(like(&text(length), &pattern), "{length}");
            assert!(!like(&text(length - 1), &pattern) && !like(&text(length + 1), &pattern));
        }
    }
}
