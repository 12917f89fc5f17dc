//! Values that need no quotes, because their form can't be taken for anything else.

/// Whether a word is a value without quotes: a number, `true` or `false`, a date, a time, a UUID.
pub(super) fn is_bare_value(word: &str) -> bool {
    match word.as_bytes().first() {
        Some(b'0'..=b'9' | b'-') => is_number(word) || is_time(word) || is_uuid(word),
        _ => matches!(word, "true" | "false") || is_uuid(word),
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_number(word: &str) -> bool {
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    digits(whole) && digits(fraction) && digits(exponent)
}

/// Whether a text has a form, in which `0` stands for any digit.
fn has_form(text: &str, form: &str) -> bool {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq(form.bytes())
}

/// `2026-03-01`, `2026-03-01T09:30`, with seconds and parts of them, with `Z` or an offset. Whether
/// there is such a day is for the column to say.
fn is_time(word: &str) -> bool {
    let Some((date, time)) = word.split_once('T') else { return has_form(word, "0000-00-00") };
    let time = match time.strip_suffix('Z') {
        Some(time) => time,
        None => match time.find(['+', '-']) {
            Some(at) if has_form(&time[at + 1..], "00:00") => &time[..at],
            Some(_) => return false,
            None => time,
        },
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let is_clock = has_form(clock, "00:00:00") || has_form(time, "00:00");
    has_form(date, "0000-00-00") && is_clock && digits(fraction)
}

fn is_uuid(word: &str) -> bool {
    let lengths = || word.split('-').map(str::len);
    word.len() == 36
        && lengths().eq([8, 4, 4, 4, 12])
        && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_unmistakable() {
        for bare in [
            "1",
            "-1.5e+3",
            "true",
            "2026-03-01",
            "2026-13-99",
            "2026-03-01T09:30",
            "2026-03-01T09:30:00Z",
            "2026-03-01T09:30:00.25+01:00",
            "6F9619FF-8b86-d011-b42d-00c04fc964ff",
        ] {
            assert!(is_bare_value(bare), "{bare}");
        }
        for other in [
            "True",
            "1.",
            "2026-03",
            "2026-3-1",
            "2026-03-01T",
            "2026-03-01T9:30",
            "2026-03-01t09:30",
            "2026-03-01T09:30+1",
            "2026-03-01T09:30.5",
            "6f9619ff8b86d011b42d00c04fc964ff-",
            "eq-userid",
            "g0000000-0000-0000-0000-000000000000",
        ] {
            assert!(!is_bare_value(other), "{other}");
        }
    }
}
