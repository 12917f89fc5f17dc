//! `like`: `%` any run, `_` one character, `[…]` one of a set, `[^…]` one not of it.
//!
//! Both sides are compared by their text key. Time is linear in text times pattern: on a mismatch
//! only the last `%` is tried again, one character further on.

use haversack_core::text::text_key;

#[derive(Debug, PartialEq)]
enum Token {
    AnyRun,
    AnyOne,
    One(char),
    Set {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// An opening bracket that nothing closes.
    Never,
}

/// Whether the text matches the pattern.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text_key(text).chars().collect();
    let pattern = tokens(&text_key(pattern));
    matches(&text, &pattern)
}

fn matches(text: &[char], pattern: &[Token]) -> bool {
    let (mut at, mut token) = (0, 0);
    let mut last_run: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(token) {
            Some(Token::AnyRun) => {
                last_run = Some((token + 1, at));
                token += 1;
            }
            Some(one) if accepts(one, text[at]) => (at, token) = (at + 1, token + 1),
            _ => {
                let Some((after_run, began)) = last_run else { return false };
                last_run = Some((after_run, began + 1));
                (at, token) = (began + 1, after_run);
            }
        }
    }
    pattern[token..].iter().all(|rest| *rest == Token::AnyRun)
}

fn accepts(token: &Token, c: char) -> bool {
    match token {
        Token::AnyOne => true,
        Token::One(expected) => *expected == c,
        Token::Set { negated, ranges } => {
            ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
        }
        Token::AnyRun | Token::Never => false,
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut tokens = Vec::with_capacity(chars.len());
    let mut at = 0;
    while at < chars.len() {
        let (token, next) = match chars[at] {
            '%' => (Token::AnyRun, at + 1),
            '_' => (Token::AnyOne, at + 1),
            '[' => set(&chars, at + 1),
            c => (Token::One(c), at + 1),
        };
        tokens.push(token);
        at = next;
    }
    tokens
}

/// The set that begins at `start`, after its bracket; the first `]` closes it.
fn set(chars: &[char], start: usize) -> (Token, usize) {
    let Some(length) = chars[start..].iter().position(|c| *c == ']') else {
        return (Token::Never, chars.len());
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
    (Token::Set { negated, ranges }, end + 1)
}

#[cfg(test)]
mod tests {
    use super::like;

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

    #[test]
    fn many_runs_stay_linear() {
        // Backtracking over every run would take about 10^30 steps.
        assert!(!like(&"a".repeat(4_000), &format!("{}b", "%a".repeat(60))));
    }
}
