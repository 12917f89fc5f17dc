//! Text as the contract of the language has it, for the letters that cases are made of, and patterns
//! with sets. Written apart from `core/src/text.rs` and the evaluator, which it checks.

/// The key by which text compares: letters without case and accents.
pub fn key(text: &str) -> String {
    let mut key = String::new();
    for c in text.chars() {
        match c {
            'a' | 'A' | 'á' | 'Á' | 'ä' | 'Ä' | 'å' | 'Å' => key.push('a'),
            'b' | 'B' => key.push('b'),
            'e' | 'E' | 'é' | 'É' => key.push('e'),
            'n' | 'N' | 'ñ' | 'Ñ' => key.push('n'),
            // Not the final form, wherever it stands.
            'Σ' => key.push('σ'),
            // Combining accents.
            '\u{301}' | '\u{30a}' => {}
            other => key.extend(other.to_lowercase()),
        }
    }
    key
}

/// Whether a text matches a pattern, both of them keys: every way to share the text out is tried.
pub fn matches(text: &[char], pattern: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    if *first == '%' {
        return (0..=text.len()).any(|from| matches(&text[from..], rest));
    }
    let Some((c, left)) = text.split_first() else { return false };
    match first {
        '_' => matches(left, rest),
        '[' => match rest.iter().position(|end| *end == ']') {
            Some(end) => is_of_set(*c, &rest[..end]) && matches(left, &rest[end + 1..]),
            None => false,
        },
        first => c == first && matches(left, rest),
    }
}

fn is_of_set(c: char, set: &[char]) -> bool {
    if let ['^', members @ ..] = set {
        return !is_member(c, members);
    }
    is_member(c, set)
}

fn is_member(c: char, members: &[char]) -> bool {
    match members {
        [low, '-', high, rest @ ..] => (low..=high).contains(&&c) || is_member(c, rest),
        [member, rest @ ..] => *member == c || is_member(c, rest),
        [] => false,
    }
}
